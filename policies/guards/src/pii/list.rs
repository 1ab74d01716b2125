//! Lists of words that are looked through for every word of a text.

/// A list of words and where each of them stands: most words of a text are in
/// no list, and must be told so without a look at every entry.
#[derive(Debug)]
pub(super) struct Words {
    words: &'static [&'static str],
    /// The place of a word in `words` and one more, by its hash; 0 where there is
    /// none, the next one where two have the same hash. The compiler makes it.
    places: [u8; PLACES],
}

/// At least twice as many as the longest list has words, and a power of two.
const PLACES: usize = 512;

/// A cheap hash: what the words of a text differ in first.
const fn place(word: &[u8]) -> usize {
    match word {
        [first, second, .., last] => {
            (*first as usize * 37 + *second as usize * 11 + *last as usize * 5 + word.len()) % PLACES
        }
        [first, last] => (*first as usize * 37 + *last as usize * 5) % PLACES,
        [only] => *only as usize,
        [] => 0,
    }
}

impl Words {
    /// The list of `words`, at most 255.
    #[expect(
        clippy::indexing_slicing,
        clippy::cast_possible_truncation,
        reason = "for statics: a fault stops the compiler"
    )]
    pub(super) const fn new(words: &'static [&'static str]) -> Self {
        assert!(words.len() < 256);
        let mut places = [0; PLACES];
        let mut index = 0;
        while index < words.len() {
            let mut free = place(words[index].as_bytes());
            while places[free] != 0 {
                free = (free + 1) % PLACES;
            }
            index += 1;
            places[free] = index as u8;
        }
        Self { words, places }
    }

    /// Whether `word` is in the list.
    pub(super) fn contains(&self, word: &str) -> bool {
        let mut at = place(word.as_bytes());
        while let Some(index) = self.places.get(at).and_then(|index| usize::from(*index).checked_sub(1)) {
            if self.words.get(index).is_some_and(|found| *found == word) {
                return true;
            }
            at = (at + 1) % PLACES;
        }
        false
    }
}

/// A list of ends of words.
#[derive(Debug)]
pub(super) struct Ends {
    ends: &'static [&'static str],
    /// The last bytes there are.
    last: [bool; 256],
}

impl Ends {
    /// The list of `ends`.
    #[expect(clippy::indexing_slicing, reason = "for statics: a fault stops the compiler")]
    pub(super) const fn new(ends: &'static [&'static str]) -> Self {
        let mut last = [false; 256];
        let mut index = 0;
        while index < ends.len() {
            let end = ends[index].as_bytes();
            last[end[end.len() - 1] as usize] = true;
            index += 1;
        }
        Self { ends, last }
    }

    /// Whether `word` ends in one of them and has at least `more` bytes before.
    pub(super) fn end(&self, word: &str, more: usize) -> bool {
        word.as_bytes().last().is_some_and(|byte| self.last.get(usize::from(*byte)).is_some_and(|there| *there))
            && self.ends.iter().any(|end| word.len() >= end.len() + more && word.ends_with(end))
    }
}

#[cfg(test)]
mod tests {
    use super::super::address::lists::{ENDS, PARTICLES, TYPES};

    #[test]
    fn a_list_has_its_words_and_no_others() {
        for list in [&PARTICLES, &TYPES] {
            for word in list.words {
                assert!(list.contains(word), "{word}");
                assert!(!list.contains(&format!("{word}x")), "{word}x");
                assert!(!list.contains(&format!("x{word}")), "x{word}");
            }
            assert!(!list.contains(""));
        }
    }

    #[test]
    fn an_end_needs_something_before_it() {
        for end in ENDS.ends {
            assert!(ENDS.end(&format!("zzz{end}"), 3), "{end}");
        }
        assert!(!ENDS.end("gasse", 3));
        assert!(!ENDS.end("", 0));
    }
}
