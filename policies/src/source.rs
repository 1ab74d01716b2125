//! Where the rules of a file are: the library knows and does not tell.

use crate::{PolicyFault, PolicyFile};
use std::ops::Range;

/// The bytes of each rule of a file, in order, from its first annotation to its
/// semicolon. Definitions (`def`) are left out.
pub(crate) fn rules(file: &PolicyFile) -> Result<Vec<Range<usize>>, PolicyFault> {
    let mut found = Vec::new();
    let mut start = None;
    let mut depth = 0_usize;
    let mut chars = file.text.char_indices().peekable();
    while let Some((at, char)) = chars.next() {
        match char {
            '/' if chars.peek().is_some_and(|(_, next)| *next == '/') => {
                for (_, skipped) in chars.by_ref() {
                    if skipped == '\n' {
                        break;
                    }
                }
                continue;
            }
            '"' => {
                start.get_or_insert(at);
                while let Some((_, quoted)) = chars.next() {
                    match quoted {
                        '\\' => {
                            chars.next();
                        }
                        '"' => break,
                        _ => {}
                    }
                }
            }
            '{' | '(' | '[' => {
                start.get_or_insert(at);
                depth = depth.saturating_add(1);
            }
            '}' | ')' | ']' => depth = depth.saturating_sub(1),
            ';' if depth == 0 => {
                let first = start.take().unwrap_or(at);
                let range = first..at.saturating_add(1);
                let definition = file
                    .text
                    .get(range.clone())
                    .and_then(|text| text.strip_prefix("def"))
                    .is_some_and(|rest| rest.starts_with(char::is_whitespace));
                if !definition {
                    found.push(range);
                }
            }
            _ if char.is_whitespace() => {}
            _ => {
                start.get_or_insert(at);
            }
        }
    }
    match start {
        Some(at) => Err(PolicyFault::at(file, at, "a rule must end with `;`")),
        None => Ok(found),
    }
}
