//! The letters and digits of a text and nothing else: every spelling of a value
//! has the same ones.

use crate::fold::{self, is_invisible, is_mark};
use crate::pii::is_escape_end;

/// The letters and digits of a text in lower case, without diacritics and
/// disguises, nothing between them.
pub(crate) struct Squeezed {
    /// The letters.
    pub(crate) letters: String,
    /// For each byte of `letters`, where it came from.
    pub(crate) places: Vec<Place>,
}

/// The letters of plain text alone.
pub(crate) fn letters(text: &str) -> String {
    let mut letters = String::with_capacity(text.len());
    let is_letter = |(byte, c): &(usize, char)| Class::of(*c, text, *byte, false) == Class::Letter;
    text.char_indices().filter(is_letter).for_each(|(_, c)| fold::letter(c, &mut letters));
    letters
}

/// Whether `value` stands in `text` in any spelling: case, spacing, diacritics,
/// look-alike letters and invisible marks count for nothing. `text` may be JSON.
#[must_use]
pub fn stands_in(value: &str, text: &str) -> bool {
    let value = letters(value);
    let text = Squeezed::json(text);
    !value.is_empty() && text.letters.match_indices(&value).any(|(at, _)| text.whole(at, at + value.len()).is_some())
}

/// Where a letter came from.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    /// The scalar value in the text.
    pub(crate) at: usize,
    /// The byte where it starts.
    pub(crate) byte: usize,
    /// The byte after it.
    pub(crate) end: usize,
    /// How many chars that are seen stand between it and the letter before, as
    /// far as that fits: there is one of these for each letter.
    pub(crate) apart: u8,
    /// A word begins here.
    pub(crate) begins: bool,
    /// A word ends here.
    pub(crate) ends: bool,
    /// The one char between this word and the next, if it is only one.
    pub(crate) gap: Option<char>,
}

/// What a char is to a reader of letters.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Class {
    Letter,
    /// It is not seen, or written onto the letter before.
    Unseen,
    Gap,
}

impl Class {
    /// What `c` at `byte` of `text` is.
    #[inline]
    fn of(c: char, text: &str, byte: usize, escapes: bool) -> Self {
        if c.is_ascii() {
            let escape = || escapes && c.is_ascii_alphabetic() && is_escape_end(text.as_bytes(), byte);
            if c.is_ascii_alphanumeric() && !escape() { Self::Letter } else { Self::Gap }
        } else {
            Self::beyond_ascii(c)
        }
    }

    /// Apart, so that what is asked of nearly every char is little enough to stand where it is asked.
    fn beyond_ascii(c: char) -> Self {
        if is_invisible(c) || is_mark(c) {
            Self::Unseen
        } else if c.is_alphanumeric() {
            Self::Letter
        } else {
            Self::Gap
        }
    }
}

/// The bytes of `text` at which words begin. What may be JSON has `escapes`.
pub(crate) fn words(text: &str, escapes: bool) -> impl Iterator<Item = usize> {
    let mut begins = true;
    let begun = text.char_indices().filter(move |(byte, c)| match Class::of(*c, text, *byte, escapes) {
        Class::Letter => std::mem::take(&mut begins),
        Class::Unseen => false,
        Class::Gap => {
            begins = true;
            false
        }
    });
    begun.map(|(byte, _)| byte)
}

/// How many letters [`Start`] looks at.
const LOOK: usize = 4;

/// How a word starts: its first letters in lower case, as far as they are ASCII.
#[derive(Debug, Default)]
pub(crate) struct Start([u8; LOOK], usize);

impl Start {
    /// The start of the word at byte `from` of `text`.
    pub(crate) fn read(text: &str, from: usize, escapes: bool) -> Self {
        let mut start = Self::default();
        let bytes = text.as_bytes().iter().enumerate().skip(from);
        for (slot, (at, byte)) in start.0.iter_mut().zip(bytes) {
            if !byte.is_ascii() || Class::of(char::from(*byte), text, at, escapes) != Class::Letter {
                break;
            }
            *slot = byte.to_ascii_lowercase();
            start.1 += 1;
        }
        start
    }

    /// The letters.
    pub(crate) fn letters(&self) -> &[u8] {
        self.0.get(..self.1).unwrap_or_default()
    }
}

impl Squeezed {
    /// Squeezes plain text.
    pub(crate) fn new(text: &str) -> Self {
        Self::read(text, false)
    }

    /// Squeezes text that may be JSON: the letter of an escape such as `\n` is
    /// no letter.
    pub(crate) fn json(text: &str) -> Self {
        Self::read(text, text.contains('\\'))
    }

    fn read(text: &str, escapes: bool) -> Self {
        let mut squeezed = Self { letters: String::with_capacity(text.len()), places: Vec::with_capacity(text.len()) };
        let (mut begins, mut apart) = (true, 0_u8);
        for (at, (byte, c)) in text.char_indices().enumerate() {
            let end = byte + c.len_utf8();
            match Class::of(c, text, byte, escapes) {
                // Nearly all there is, and nothing to fold.
                Class::Letter if c.is_ascii() => {
                    squeezed.letters.push(c.to_ascii_lowercase());
                    squeezed.places.push(Place { at, byte, end, apart, begins, ends: false, gap: None });
                }
                Class::Letter => {
                    let before = squeezed.letters.len();
                    fold::letter(c, &mut squeezed.letters);
                    let place = Place { at, byte, end, apart, begins, ends: false, gap: None };
                    squeezed.places.resize(squeezed.letters.len(), Place { begins: false, apart: 0, ..place });
                    if let Some(first) = squeezed.places.get_mut(before) {
                        *first = place;
                    }
                }
                Class::Unseen => {
                    // Belongs to the letter before.
                    if let Some(last) = squeezed.places.last_mut().filter(|_| !begins) {
                        last.end = end;
                    }
                    continue;
                }
                Class::Gap => {
                    if let Some(last) = squeezed.places.last_mut() {
                        last.ends = true;
                        last.gap = (!begins).then_some(c);
                    }
                    begins = true;
                    apart = apart.saturating_add(1);
                    continue;
                }
            }
            (begins, apart) = (false, 0);
        }
        if let Some(last) = squeezed.places.last_mut() {
            last.ends = true;
        }
        squeezed
    }

    /// The first and the last place of the letters from `start` to `end`, if
    /// words begin and end there.
    pub(crate) fn whole(&self, start: usize, end: usize) -> Option<(Place, Place)> {
        let (first, last) = (self.places.get(start)?, self.places.get(end.checked_sub(1)?)?);
        (first.begins && last.ends).then_some((*first, *last))
    }

    /// Whether more than `apart` chars stand between two letters from `start` to `end`.
    pub(crate) fn is_torn(&self, start: usize, end: usize, apart: u8) -> bool {
        self.places.get(start + 1..end).unwrap_or_default().iter().any(|place| place.apart > apart)
    }

    /// Whether the digits from `start` to `end` are one number, and all of it.
    pub(crate) fn is_number(&self, start: usize, end: usize) -> bool {
        const SEPARATORS: [char; 7] = [',', '.', '\'', '\u{2019}', ' ', '\u{a0}', '\u{202f}'];
        let gap_after = |index: usize| self.places.get(index).and_then(|place| place.gap);
        let inner = self.places.get(start..end.saturating_sub(1)).unwrap_or_default();
        let joined = inner.iter().all(|place| !place.ends || place.gap.is_some_and(|gap| SEPARATORS.contains(&gap)));
        let digit = |index: usize| self.letters.as_bytes().get(index).is_some_and(u8::is_ascii_digit);
        // `500` is no number of its own in `12,500`, nor is `12`.
        let marked = |gap: Option<char>| gap.is_some_and(|gap| matches!(gap, ',' | '.' | '\'' | '\u{2019}'));
        let left = start.checked_sub(1).is_some_and(|before| digit(before) && marked(gap_after(before)));
        let group = (end..end + 3).all(digit) && self.places.get(end + 2).is_some_and(|place| place.ends);
        let right = marked(gap_after(end - 1)) && group;
        joined && !left && !right
    }
}

#[cfg(test)]
mod tests {
    use super::stands_in;

    #[test]
    fn a_value_stands_in_a_text_in_any_spelling() {
        for text in ["pay DE89-3704 0044", "de8937040044", r#"{"a":"x\nDE89 3704 0044"}"#, "DE８９3704\u{200b}0044"] {
            assert!(stands_in("DE89 3704 0044", text), "{text:?}");
        }
        assert!(!stands_in("DE89 3704 0044", "DE89 3704 00441"));
        assert!(!stands_in("…", "… …"));
    }
}
