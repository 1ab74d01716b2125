//! What kinds of word a word can be: names, towns, countries, common words.

use std::borrow::Cow;

/// The list; its sources and licences are in `data/README.md`.
const LIST: &str = include_str!("../../data/words.txt");

/// Where the line of each word starts, by the hash of the word; the next free
/// place where two have the same. The compiler makes it: a process that starts
/// has no work with it, and a look costs two reads where a search in the list
/// costs seventeen.
#[expect(long_running_const_eval, reason = "seventy thousand words are read")]
static LINES: [u32; PLACES] = lines();

/// About twice as many as words, and a power of two.
const PLACES: usize = 1 << 17;

/// No line starts here.
const FREE: u32 = u32::MAX;

/// The hash of nothing, and of one byte more: FNV-1a.
const EMPTY: u32 = 0x811c_9dc5;

const fn hashed(hash: u32, byte: u8) -> u32 {
    (hash ^ byte as u32).wrapping_mul(0x0100_0193)
}

/// The first place where a word of this hash may be.
const fn place(hash: u32) -> usize {
    (hash ^ (hash >> 15)) as usize % PLACES
}

#[expect(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "at compile time, where a fault stops it"
)]
const fn lines() -> [u32; PLACES] {
    let list = LIST.as_bytes();
    let mut lines = [FREE; PLACES];
    let mut at = 0;
    while at < list.len() {
        let start = at;
        let mut hash = EMPTY;
        while list[at] != b' ' {
            hash = hashed(hash, list[at]);
            at += 1;
        }
        let mut free = place(hash);
        while lines[free] != FREE {
            free = (free + 1) % PLACES;
        }
        lines[free] = start as u32;
        while list[at] != b'\n' {
            at += 1;
        }
        at += 1;
    }
    lines
}

/// What a word can be, as a set.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Kinds(u8);

impl Kinds {
    /// A common English word.
    pub(super) const COMMON: Self = Self(1);
    /// A first name.
    pub(super) const FIRST: Self = Self(2);
    /// A last name.
    pub(super) const LAST: Self = Self(4);
    /// A town or region.
    pub(super) const PLACE: Self = Self(8);
    /// A country.
    pub(super) const COUNTRY: Self = Self(16);
    /// The first word of a country's name of several words.
    pub(super) const OF_COUNTRY: Self = Self(32);
    /// A nationality or religion.
    pub(super) const NATION: Self = Self(64);

    /// Whether the word can be one of `kinds`.
    pub(super) fn any(self, kinds: Self) -> bool {
        self.0 & kinds.0 != 0
    }

    /// Either.
    pub(super) const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// What the folded `word` can be.
pub(super) fn kinds(word: &str) -> Kinds {
    let mut at = place(word.bytes().fold(EMPTY, hashed));
    // Nearly half of the places are free: one is never far.
    while let Some(start) = LINES.get(at).filter(|start| **start != FREE) {
        let line = usize::try_from(*start).ok().and_then(|start| LIST.as_bytes().get(start..)).unwrap_or_default();
        if let Some(letters) = line.strip_prefix(word.as_bytes()).and_then(|rest| rest.strip_prefix(b" ")) {
            let letters = letters.iter().take_while(|letter| **letter != b'\n');
            return letters.fold(Kinds::default(), |kinds, letter| {
                kinds.or(match letter {
                    b'c' => Kinds::COMMON,
                    b'f' => Kinds::FIRST,
                    b'l' => Kinds::LAST,
                    b'p' => Kinds::PLACE,
                    b'k' => Kinds::COUNTRY,
                    b'm' => Kinds::OF_COUNTRY,
                    b'n' => Kinds::NATION,
                    _ => Kinds::default(),
                })
            });
        }
        at = (at + 1) % PLACES;
    }
    Kinds::default()
}

/// `word` in lower case without diacritics, as the list writes it.
pub(super) fn fold(word: &str) -> Cow<'_, str> {
    if word.is_ascii() {
        return if word.bytes().any(|byte| byte.is_ascii_uppercase()) {
            Cow::Owned(word.to_ascii_lowercase())
        } else {
            Cow::Borrowed(word)
        };
    }
    Cow::Owned(crate::fold::plain(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_of_the_list_is_found() {
        let mut before = "";
        for line in LIST.lines() {
            let (word, letters) = line.split_once(' ').unwrap();
            assert!(before.as_bytes() < word.as_bytes(), "{before} {word}");
            assert_eq!(kinds(word) == Kinds::default(), letters == "s", "{line}");
            before = word;
        }
        assert_eq!(kinds("zzzzz"), Kinds::default());
        assert_eq!(kinds(""), Kinds::default());
        assert!(kinds(&fold("Jürgen")).any(Kinds::FIRST));
        assert!(kinds("united_kingdom").any(Kinds::COUNTRY));
    }
}
