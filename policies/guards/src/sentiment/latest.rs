//! What of a thread the customer wrote last.

use std::borrow::Cow;

/// The newest message of a thread: without quoted lines, without what a mail
/// program puts below its `On … wrote:` or `Original Message`, and without a
/// signature. A text that is nothing but quotes is left as it is.
pub(crate) fn latest(text: &str) -> Cow<'_, str> {
    if !text.contains('\n') {
        return Cow::Borrowed(text);
    }
    let mut own = String::with_capacity(text.len());
    let mut has_words = false;
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let trimmed = line.trim_start_matches(['*', ' ']).trim_end();
        if trimmed.starts_with('>') {
            continue;
        }
        if is_attribution(trimmed) {
            // With quoted lines below it, an answer may follow them.
            if lines.peek().is_some_and(|next| next.trim().is_empty() || next.trim_start().starts_with('>')) {
                let quoted = lines.clone().find(|next| !next.trim().is_empty());
                if quoted.is_some_and(|next| next.trim_start().starts_with('>')) {
                    continue;
                }
            }
            if has_words {
                break;
            }
            continue;
        }
        if (is_divider(trimmed) || line == "-- " || line == "--") && has_words {
            break;
        }
        has_words |= line.contains(char::is_alphanumeric);
        own.push_str(line);
        own.push('\n');
    }
    if has_words { Cow::Owned(own) } else { Cow::Borrowed(text) }
}

/// `On Monday, Dana wrote:`.
fn is_attribution(line: &str) -> bool {
    line.len() < 200 && line.ends_with("wrote:") && (line.starts_with("On ") || line.contains('@'))
}

/// The line above a forwarded or answered message.
fn is_divider(line: &str) -> bool {
    let name = line.trim_matches(['-', '_', ' ']);
    let ruled = line.starts_with("---") || line.starts_with("___");
    ruled
        && (name.is_empty() && line.len() > 9
            || matches!(name, "Original Message" | "Forwarded message" | "Ursprüngliche Nachricht" | "Reply message"))
        || line.starts_with("From: ") && line.contains('@')
        || line.starts_with("Sent from my ")
}

#[cfg(test)]
mod tests;
