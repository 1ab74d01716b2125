//! What kinds of word a word can be: names, towns, countries, common words.

use std::borrow::Cow;

/// The list; its sources and licences are in `data/README.md`.
static LIST: &str = include_str!("../../data/words.txt");

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

/// What the folded `word` can be. A binary search in the text of the list: no
/// table is built, so the first look costs no more than the next.
pub(super) fn kinds(word: &str) -> Kinds {
    let list = LIST.as_bytes();
    let (mut low, mut high) = (0, list.len());
    while low < high {
        let middle = low.midpoint(high);
        let head = list.get(low..middle).unwrap_or_default();
        let start = head.iter().rposition(|byte| *byte == b'\n').map_or(low, |at| low + at + 1);
        let rest = list.get(start..high).unwrap_or_default();
        let end = rest.iter().position(|byte| *byte == b'\n').map_or(high, |at| start + at);
        let line = list.get(start..end).unwrap_or_default();
        let space = line.iter().position(|byte| *byte == b' ').unwrap_or(line.len());
        let (entry, letters) = line.split_at_checked(space).unwrap_or_default();
        match entry.cmp(word.as_bytes()) {
            std::cmp::Ordering::Equal => {
                return letters.iter().fold(Kinds::default(), |kinds, letter| {
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
            std::cmp::Ordering::Less => low = end + 1,
            std::cmp::Ordering::Greater => high = start,
        }
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
