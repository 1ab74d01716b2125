//! Whether a text asks what was asked before.

use crate::fold::plain;
use crate::grounding::sentences;
use std::collections::BTreeSet;

/// Of the words of the shorter question so many must be in the other one.
const SHARED: (usize, usize) = (3, 4);

/// The length to which words are compared: `browser` and `browsers` are one.
const STEM: usize = 5;

/// Words that questions are made of.
const EMPTY: &[&str] = &[
    "and", "are", "can", "could", "did", "does", "for", "have", "how", "let", "may", "might", "please", "tell", "that",
    "the", "there", "this", "use", "used", "using", "what", "when", "where", "which", "who", "why", "will", "would",
    "you", "your",
];

/// Whether a question of `text` is one of `asked`, in these or nearly these words.
///
/// Two questions are one if three quarters of the words that carry the shorter
/// one stand in the other. Limits: it compares words, not what they mean.
#[must_use]
pub fn asks_again(text: &str, asked: &[&str]) -> bool {
    if asked.is_empty() {
        return false;
    }
    let before: Vec<_> = asked.iter().map(|question| carrying(question)).filter(|words| !words.is_empty()).collect();
    sentences(text)
        .into_iter()
        .filter_map(|(start, end)| text.get(start..end))
        .filter(|sentence| sentence.ends_with('?'))
        .map(carrying)
        .filter(|words| !words.is_empty())
        .any(|words| before.iter().any(|before| same(&words, before)))
}

fn same(one: &BTreeSet<String>, other: &BTreeSet<String>) -> bool {
    let (part, whole) = SHARED;
    one.intersection(other).count() * whole >= one.len().min(other.len()) * part
}

/// The stems of the words that carry a question.
fn carrying(question: &str) -> BTreeSet<String> {
    plain(question)
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| word.chars().count() > 2 && !EMPTY.contains(word))
        .map(|word| word.chars().take(STEM).collect())
        .collect()
}

#[cfg(test)]
mod tests;
