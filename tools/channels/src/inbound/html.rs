//! What a reader sees of HTML.

use super::MailFault;
use dom_query::{Document, Selection};

/// A message with more is not read, in bytes and in elements.
const MOST_BYTES: usize = 1 << 20;
const MOST_TAGS: usize = 10_000;

/// What nobody sees, and what was not written now: history and signatures.
const NOT_SAID: &str = "head, script, style, noscript, template, title, iframe, object, embed, svg, form, [hidden], \
     [aria-hidden=true], blockquote, .gmail_quote, .gmail_quote_container, .gmail_signature, .moz-cite-prefix, \
     .moz-signature, .yahoo_quoted, #divRplyFwdMsg, #appendonsend, #Signature";

/// Styles that take a text from sight, without spaces.
const HIDING: [&str; 8] = [
    "display:none",
    "visibility:hidden",
    "opacity:0;",
    "font-size:0",
    "max-height:0",
    "mso-hide:all",
    "color:transparent",
    "text-indent:-",
];

/// The text that a reader sees.
pub(super) fn visible(html: &str) -> Result<String, MailFault> {
    if html.len() > MOST_BYTES || html.bytes().filter(|byte| *byte == b'<').count() > MOST_TAGS {
        return Err(MailFault("the HTML of the e-mail is too large"));
    }
    let document = Document::from(html);
    // In the mail of Outlook, all that follows this is history.
    for mark in document.select("#divRplyFwdMsg, #appendonsend").nodes() {
        let mut next = mark.next_sibling();
        while let Some(node) = next {
            next = node.next_sibling();
            node.remove_from_parent();
        }
    }
    document.select(NOT_SAID).remove();
    for node in document.select("[style]").nodes() {
        let style = node.attr("style").unwrap_or_default().to_lowercase();
        let style: String = style.chars().filter(|c| !c.is_whitespace()).chain([';']).collect();
        if HIDING.iter().any(|hiding| style.contains(hiding)) {
            Selection::from(*node).remove();
        }
    }
    Ok(document.formatted_text().to_string())
}
