//! The front matter of a Markdown article.
//!
//! It is read line by line, not as YAML: in the wild it holds template marks and
//! unquoted colons that no parser of YAML takes, a handful of single values is
//! all that is wanted of it, and a line cannot be a bomb.

use super::Fields;

/// More of a front matter is not read.
const MAX_LINES: usize = 500;

/// Where the front matter of `text` ends, its closing line included; 0 if
/// there is none.
pub(super) fn end(text: &str) -> usize {
    closed(text).map_or(0, |(_, end)| end)
}

/// The inside of the front matter and where it ends.
fn closed(text: &str) -> Option<(&str, usize)> {
    let mark = ["---", "+++"]
        .into_iter()
        .find(|mark| text.strip_prefix(mark).is_some_and(|rest| rest.starts_with('\n') || rest.starts_with("\r\n")))?;
    let mut at = 0;
    let mut from = 0;
    for (number, line) in text.split_inclusive('\n').enumerate() {
        let start = at;
        at += line.len();
        if number == 0 {
            from = at;
        } else if line.trim_end() == mark || (mark == "---" && line.trim_end() == "...") {
            return Some((text.get(from..start)?, at));
        }
    }
    None
}

/// The values of the front matter that stand at its outermost level.
pub(super) fn fields(text: &str) -> Fields {
    let mut fields = Fields::default();
    let Some((inside, _)) = closed(text) else { return fields };
    let mut lines = inside.lines().take(MAX_LINES).peekable();
    while let Some(line) = lines.next() {
        if line.starts_with([' ', '\t', '#', '-', '[']) {
            continue;
        }
        let Some((name, value)) = line.split_once([':', '=']) else { continue };
        let value = value.trim();
        if matches!(value, "|" | ">" | "|-" | ">-" | "|+" | ">+") {
            let mut joined = Vec::new();
            while let Some(more) = lines.next_if(|next| next.starts_with([' ', '\t'])) {
                joined.push(more.trim());
            }
            fields.add(name, &joined.join(" "));
        } else {
            fields.add(name.trim_matches('"'), scalar(value));
        }
    }
    fields
}

/// A single value without quotes and comment; empty if it is none.
fn scalar(value: &str) -> &str {
    for quote in ['"', '\''] {
        if let Some((inside, _)) = value.strip_prefix(quote).and_then(|rest| rest.split_once(quote)) {
            return inside;
        }
    }
    if value.starts_with(['[', '{', '&', '*', '!']) {
        return "";
    }
    value.split(" #").next().unwrap_or_default().trim()
}
