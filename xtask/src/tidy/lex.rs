//! Just enough of Rust's grammar to tell code from comments, strings and tests.

/// A word, a `::` or a sign, and the line that it is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token<'a> {
    pub(super) text: &'a str,
    pub(super) line: usize,
}

/// A comment, and the line that it begins on.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Comment<'a> {
    pub(super) text: &'a str,
    pub(super) line: usize,
}

/// The code and the comments of a source text; the content of strings is in neither.
pub(super) fn split(text: &str) -> (Vec<Token<'_>>, Vec<Comment<'_>>) {
    let mut tokens = Vec::new();
    let mut comments = Vec::new();
    let mut rest = text;
    let mut line = 1;
    while let Some(first) = rest.chars().next() {
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            block_comment(rest)
        } else if first == '"' {
            string(rest)
        } else if first == '\'' {
            character(rest)
        } else if is_word(first) {
            word(rest)
        } else if rest.starts_with("::") {
            2
        } else {
            first.len_utf8()
        };
        let (token, after) = rest.split_at_checked(length).unwrap_or((rest, ""));
        if token.starts_with("//") || token.starts_with("/*") {
            comments.push(Comment { text: token, line });
        } else if token == "#" || !(first.is_whitespace() || token.ends_with(['"', '#'])) {
            tokens.push(Token { text: token, line });
        }
        line += token.matches('\n').count();
        rest = after;
    }
    (tokens, comments)
}

/// The tokens without the items that are compiled for tests only.
pub(super) fn without_tests(tokens: Vec<Token<'_>>) -> Vec<Token<'_>> {
    let mut kept = Vec::with_capacity(tokens.len());
    let mut rest = tokens.as_slice();
    while let Some((token, after)) = rest.split_first() {
        let inner = token.text == "#" && after.first().is_some_and(|next| next.text == "!");
        if token.text == "#" && !inner {
            let end = group(after);
            let attribute = after.get(..end).unwrap_or(after);
            if is_for_tests(attribute) {
                rest = after_item(after.get(end..).unwrap_or_default());
                continue;
            }
        }
        kept.push(*token);
        rest = after;
    }
    kept
}

/// Every path that the code names, `use` groups taken apart: `use std::{fs, net}` gives `std::fs` and `std::net`.
pub(super) fn paths<'a>(tokens: &[Token<'a>]) -> Vec<(Vec<&'a str>, usize)> {
    let mut found = Vec::new();
    let mut rest = tokens;
    while !rest.is_empty() {
        rest = path(rest, &[], &mut found);
    }
    found
}

/// Reads one path, or steps over one token that is none.
fn path<'t, 'a>(
    tokens: &'t [Token<'a>],
    before: &[&'a str],
    found: &mut Vec<(Vec<&'a str>, usize)>,
) -> &'t [Token<'a>] {
    let mut segments = before.to_vec();
    let mut rest = tokens;
    let line = tokens.first().map_or(0, |token| token.line);
    while let Some((token, after)) = rest.split_first() {
        if !token.text.starts_with(is_word) {
            break;
        }
        segments.push(token.text);
        rest = after;
        match rest {
            [colons, open, inside @ ..] if colons.text == "::" && open.text == "{" => {
                rest = inside;
                while let Some((token, after)) = rest.split_first() {
                    match token.text {
                        "}" => return after,
                        text if text.starts_with(is_word) => rest = path(rest, &segments, found),
                        _ => rest = after,
                    }
                }
                return rest;
            }
            [colons, after @ ..] if colons.text == "::" => rest = after,
            _ => break,
        }
    }
    if segments.len() > before.len() {
        found.push((segments, line));
        return rest;
    }
    tokens.get(1..).unwrap_or_default()
}

/// `cfg(test)` in any form but `not(test)`, and `test`.
fn is_for_tests(attribute: &[Token<'_>]) -> bool {
    let mut words = attribute.iter().map(|token| token.text);
    let is = |name: &str| attribute.iter().any(|token| token.text == name);
    match words.nth(1) {
        Some("cfg") => is("test") && !is("not"),
        Some("test") => true,
        _ => false,
    }
}

/// What follows an item: after its `;`, or its last `}`, or the `,` or `}` that ends it.
fn after_item<'t, 'a>(mut rest: &'t [Token<'a>]) -> &'t [Token<'a>] {
    while let Some((token, after)) = rest.split_first() {
        match token.text {
            ";" | "," => return after,
            "}" => return rest,
            "{" => return rest.get(group(rest)..).unwrap_or_default(),
            "(" | "[" => rest = rest.get(group(rest)..).unwrap_or_default(),
            _ => rest = after,
        }
    }
    rest
}

/// How many tokens a bracketed group has, its brackets with it.
fn group(tokens: &[Token<'_>]) -> usize {
    let mut depth = 0_usize;
    for (index, token) in tokens.iter().enumerate() {
        match token.text {
            "(" | "[" | "{" => depth += 1,
            ")" | "]" | "}" => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return index + 1;
        }
    }
    tokens.len()
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn block_comment(text: &str) -> usize {
    let mut depth = 0_usize;
    let mut skip = false;
    for (index, c) in text.char_indices() {
        if std::mem::take(&mut skip) {
            continue;
        }
        let rest = text.get(index..).unwrap_or_default();
        if rest.starts_with("/*") {
            depth += 1;
            skip = true;
        } else if rest.starts_with("*/") {
            depth -= 1;
            skip = true;
            if depth == 0 {
                return index + c.len_utf8() + 1;
            }
        }
    }
    text.len()
}

fn string(text: &str) -> usize {
    let mut escaped = false;
    for (index, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return index + 1,
            _ => {}
        }
    }
    text.len()
}

/// A character such as `'"'`, or the quote of a lifetime.
fn character(text: &str) -> usize {
    let mut chars = text.char_indices().skip(1);
    match chars.next() {
        Some((_, '\\')) => {
            chars.next();
            chars.find(|(_, c)| *c == '\'').map_or(text.len(), |(index, _)| index + 1)
        }
        Some(_) => match chars.next() {
            Some((index, '\'')) => index + 1,
            _ => 1,
        },
        None => 1,
    }
}

/// A word, or the whole string when the word is the prefix of a raw string.
fn word(text: &str) -> usize {
    let end = text.find(|c: char| !is_word(c)).unwrap_or(text.len());
    let (name, rest) = text.split_at_checked(end).unwrap_or((text, ""));
    if matches!(name, "r" | "br" | "cr") {
        let hashes = rest.len() - rest.trim_start_matches('#').len();
        let quote = format!("\"{}", "#".repeat(hashes));
        if let Some(inside) = rest.get(hashes..).and_then(|rest| rest.strip_prefix('"')) {
            let length = inside.find(&quote).map_or(inside.len(), |at| at + quote.len());
            return end + hashes + 1 + length;
        }
    }
    if matches!(name, "b" | "c") && rest.starts_with('"') {
        return end + string(rest);
    }
    if name == "b" && rest.starts_with('\'') {
        return end + character(rest);
    }
    end
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<&str> {
        split(text).0.into_iter().map(|token| token.text).collect()
    }

    fn named(text: &str) -> Vec<String> {
        paths(&without_tests(split(text).0)).into_iter().map(|(path, _)| path.join("::")).collect()
    }

    #[test]
    fn strings_and_comments_are_no_code() {
        assert_eq!(words("a /* b /* c */ d */ e // f\n g"), ["a", "e", "g"]);
        assert_eq!(
            words(r####"a("std::fs \" b"); r#"c " d"# e b"x" br##"f"# g"## h"####),
            ["a", "(", ")", ";", "e", "h"]
        );
        assert_eq!(words("'\"' x '\\'' y &'a z"), ["'\"'", "x", "'\\''", "y", "&", "'", "a", "z"]);
        assert_eq!(words("#[x] r#type"), ["#", "[", "x", "]", "r", "#", "type"]);
    }

    #[test]
    fn comments_know_their_lines() {
        let (tokens, comments) = split("a\n\"x\ny\"\n// one\nb");
        assert_eq!(comments, [Comment { text: "// one", line: 4 }]);
        assert_eq!(tokens.last(), Some(&Token { text: "b", line: 5 }));
    }

    #[test]
    fn use_groups_are_taken_apart() {
        let text = "use std::{fs::{self, File}, net as wire}; let t = SystemTime::now();";
        let found = named(text);
        for path in ["std::fs::self", "std::fs::File", "std::net", "SystemTime::now"] {
            assert!(found.iter().any(|found| found == path), "{path} in {found:?}");
        }
    }

    #[test]
    fn what_is_compiled_for_tests_is_left_out() {
        let text = "fn a() {} #[cfg(test)] #[path = \"x\"] mod tests { fn b() { c(); } } #[cfg(test)] mod d; #[cfg(not(test))] fn e() {}";
        let found = named(text);
        assert!(found.contains(&"a".to_owned()) && found.contains(&"e".to_owned()));
        assert!(!found.iter().any(|path| ["b", "c", "d", "tests"].contains(&path.as_str())), "{found:?}");
    }
}
