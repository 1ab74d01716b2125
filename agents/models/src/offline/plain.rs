//! An article's Markdown as the plain text that a customer reads.

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};
use std::ops::Range;

/// `text` without the marks of single words: emphasis and code are bare words, and
/// a link is its text with the address after it. Lists, tables and quotations
/// keep their marks: they tell what a passage is made of.
pub(super) fn plain(text: &str) -> String {
    let mut edits = Edits { text, edits: Vec::new(), open: Vec::new(), read: 0 };
    let options = Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TABLES;
    for (event, range) in Parser::new_ext(text, options).into_offset_iter() {
        edits.read(event, range);
    }
    edits.done()
}

struct Edits<'a> {
    text: &'a str,
    /// Places of the text with what stands there instead.
    edits: Vec<(Range<usize>, String)>,
    /// What is open and will lose what is around its content.
    open: Vec<Wrapped>,
    /// How far leaves were read.
    read: usize,
}

/// Something whose content stays and whose marks go.
struct Wrapped {
    whole: Range<usize>,
    content: Option<Range<usize>>,
    address: String,
}

impl Edits<'_> {
    fn read(&mut self, event: Event<'_>, range: Range<usize>) {
        match event {
            Event::End(TagEnd::Link | TagEnd::Image | TagEnd::Emphasis | TagEnd::Strong | TagEnd::Strikethrough) => {
                return self.close();
            }
            Event::End(TagEnd::CodeBlock) if self.open.last().is_some_and(|open| open.whole == range) => {
                return self.close();
            }
            Event::End(_) => return,
            _ => {}
        }
        for open in &mut self.open {
            let content = open.content.get_or_insert(range.clone());
            *content = content.start.min(range.start)..content.end.max(range.end);
        }
        let mut wrap = |address: &str| {
            self.open.push(Wrapped { whole: range.clone(), content: None, address: address.to_owned() });
        };
        match event {
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => wrap(&dest_url),
            Event::Start(Tag::Emphasis | Tag::Strong | Tag::Strikethrough)
            | Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(_))) => wrap(""),
            Event::Code(code) => self.leaf(range, &code),
            Event::Text(said) => self.leaf(range, &said),
            Event::InlineHtml(mark) => self.leaf(range, if mark.starts_with("<br") { " " } else { "" }),
            Event::HardBreak => self.leaf(range, "\n"),
            _ => {}
        }
    }

    /// A leaf that reads so.
    fn leaf(&mut self, range: Range<usize>, said: &str) {
        // The mark that says that the next one is none.
        let before = range.start.checked_sub(1).filter(|at| *at >= self.read);
        if let Some(at) = before.filter(|at| self.text.get(*at..range.start) == Some("\\")) {
            self.edits.push((at..range.start, String::new()));
        }
        self.read = range.end;
        if self.text.get(range.clone()) != Some(said) {
            self.edits.push((range, said.to_owned()));
        }
    }

    fn close(&mut self) {
        let Some(Wrapped { whole, content, address }) = self.open.pop() else { return };
        let reachable = ["http://", "https://", "mailto:"].iter().any(|scheme| address.starts_with(scheme));
        let address = address.strip_prefix("mailto:").unwrap_or(&address);
        let Some(content) = content else {
            return self.edits.push((whole, if reachable { address.to_owned() } else { String::new() }));
        };
        // An address that is its own text is said once; one within the help centre
        // leads nowhere from a message.
        let own = self.text.get(content.clone()) == Some(address);
        let after = if reachable && !own { format!(" ({address})") } else { String::new() };
        self.edits.push((whole.start..content.start, String::new()));
        self.edits.push((content.end..whole.end, after));
    }

    fn done(mut self) -> String {
        self.edits.sort_by_key(|(range, _)| (range.start, range.end));
        let mut plain = String::with_capacity(self.text.len());
        let mut at = 0;
        for (range, instead) in self.edits.into_iter().filter(|(range, _)| range.start <= range.end) {
            // An edit within another one is done with it.
            if range.start >= at {
                plain.push_str(self.text.get(at..range.start).unwrap_or_default());
                plain.push_str(&instead);
                at = range.end;
            }
        }
        plain.push_str(self.text.get(at..).unwrap_or_default());
        plain
    }
}

#[cfg(test)]
mod tests;
