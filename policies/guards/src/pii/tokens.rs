//! A text as words, with what stands between them.

use super::words::{Kinds, fold, kinds};
use std::borrow::Cow;

/// How a word is written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Shape {
    /// No capital at its start.
    Lower,
    /// A capital, then at least one small letter; also `McCathie`.
    Title,
    /// Two capitals or more and nothing else.
    Upper,
    /// One capital letter.
    Initial,
    /// Digits.
    Number,
    /// Digits with letters, as `12b`.
    Mixed,
}

/// What stands between a word and the one before, as a set.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Gap(u8);

impl Gap {
    /// A line ends.
    pub(super) const LINE: Self = Self(1);
    /// A sentence may end: `.`, `!`, `?`.
    pub(super) const STOP: Self = Self(2);
    /// A comma.
    pub(super) const COMMA: Self = Self(4);
    /// A colon.
    pub(super) const COLON: Self = Self(8);
    /// Any other mark, or something that another recogniser took.
    pub(super) const OTHER: Self = Self(16);
    /// The text begins.
    pub(super) const START: Self = Self(32);
    /// An empty line.
    pub(super) const BLANK: Self = Self(64);

    /// Whether one of `gaps` is there.
    pub(super) fn any(self, gaps: Self) -> bool {
        self.0 & gaps.0 != 0
    }

    /// Whether nothing but space stands there.
    pub(super) fn is_space(self) -> bool {
        self.0 == 0
    }

    /// Either.
    pub(super) const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// A word or a number.
#[derive(Clone, Debug)]
pub(super) struct Token<'a> {
    /// Its first byte.
    pub(super) start: usize,
    /// The byte after it.
    pub(super) end: usize,
    /// How it is written.
    pub(super) shape: Shape,
    /// What it can be.
    pub(super) kinds: Kinds,
    /// In lower case without diacritics.
    pub(super) word: Cow<'a, str>,
    /// What stands before it.
    pub(super) gap: Gap,
}

impl Token<'_> {
    /// Whether it is a common English word and nothing that names somebody.
    pub(super) fn is_plain(&self) -> bool {
        self.kinds.any(Kinds::COMMON)
    }

    /// Whether it begins with a capital.
    pub(super) fn is_capital(&self) -> bool {
        matches!(self.shape, Shape::Title | Shape::Upper)
    }
}

/// The words of `text` in order. `taken` are byte ranges, sorted by their start,
/// that belong to something else: no word is read from them.
pub(super) fn tokens<'a>(text: &'a str, taken: &[(usize, usize)]) -> Vec<Token<'a>> {
    let mut tokens = Vec::with_capacity(text.len() / 5 + 1);
    let mut taken = taken.iter().copied().peekable();
    let mut gap = Gap::START;
    let mut at = 0;
    while let Some(c) = text.get(at..).and_then(|rest| rest.chars().next()) {
        while taken.next_if(|(_, end)| *end <= at).is_some() {}
        if let Some((start, end)) = taken.peek()
            && *start <= at
        {
            gap = gap.or(Gap::OTHER);
            at = *end;
            continue;
        }
        if !c.is_alphanumeric() {
            gap = gap.or(match c {
                ' ' | '\t' => Gap::default(),
                '\n' if gap.any(Gap::LINE) => Gap::BLANK,
                '\n' | '\r' => Gap::LINE,
                // `\n` of JSON text.
                '.' | '!' | '?' => Gap::STOP,
                ',' => Gap::COMMA,
                ':' => Gap::COLON,
                c if c.is_whitespace() => Gap::default(),
                _ => Gap::OTHER,
            });
            at += c.len_utf8();
            continue;
        }
        let end = at + length(text, at);
        let word = text.get(at..end).unwrap_or_default();
        let shape = shape(word);
        let word = fold(word);
        let known = if shape == Shape::Number { Kinds::default() } else { kinds_of(&word) };
        tokens.push(Token { start: at, end, shape, kinds: known, word, gap });
        gap = Gap::default();
        at = end;
    }
    tokens
}

/// What a word can be; that of its parts if it has a hyphen, and that without `'s`.
fn kinds_of(word: &str) -> Kinds {
    if word.starts_with("i'") || word.starts_with("i\u{2019}") || word.contains("n't") {
        return Kinds::COMMON;
    }
    let whole = kinds(word);
    if whole != Kinds::default() {
        return whole;
    }
    if let Some((head, tail)) = word.split_once('-') {
        let (head, tail) = (kinds(head), kinds(tail));
        // `re-send` and `day-to-day` are common; `Wolf-Carpenter` is a name.
        let names = Kinds::FIRST.or(Kinds::LAST).or(Kinds::PLACE);
        return if head.any(names) && tail.any(names) && !head.any(Kinds::COMMON) {
            head.or(tail)
        } else if head.any(Kinds::COMMON) || tail.any(Kinds::COMMON) {
            Kinds::COMMON
        } else {
            head.or(tail)
        };
    }
    if super::labels::is_one(word) { Kinds::COMMON } else { Kinds::default() }
}

/// The bytes of the word that starts at `at`.
fn length(text: &str, at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    let mut end = 0;
    for (index, c) in rest.char_indices() {
        let joins = matches!(c, '-' | '\'' | '\u{2019}') && index > 0 && {
            let next = rest.get(index + c.len_utf8()..).unwrap_or_default();
            // `Asya's` is Asya.
            let possessive =
                c != '-' && next.starts_with(['s', 'S']) && !next.chars().nth(1).is_some_and(char::is_alphanumeric);
            next.chars().next().is_some_and(char::is_alphabetic)
                && !possessive
                && rest.get(..index).and_then(|word| word.chars().next_back()).is_some_and(char::is_alphabetic)
        };
        if !c.is_alphanumeric() && !joins && !crate::fold::is_mark(c) {
            break;
        }
        end = index + c.len_utf8();
    }
    end
}

fn shape(word: &str) -> Shape {
    let (mut letters, mut capitals, mut digits) = (0, 0, 0);
    for c in word.chars() {
        letters += usize::from(c.is_alphabetic());
        capitals += usize::from(c.is_uppercase());
        digits += usize::from(c.is_numeric());
    }
    let capital = word.chars().next().is_some_and(char::is_uppercase);
    match (letters, digits) {
        (0, _) => Shape::Number,
        (_, 1..) => Shape::Mixed,
        (1, _) if capital => Shape::Initial,
        _ if !capital => Shape::Lower,
        _ if capitals == letters => Shape::Upper,
        _ => Shape::Title,
    }
}
