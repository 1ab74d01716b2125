//! Whether a text is one that the model can read: English.

use super::features::Features;
use super::plain::{Kind, Plain};

/// Words that are common in another language of the Latin script and none in
/// English, sorted, without apostrophes.
const FOREIGN: &[&str] = include!("foreign.in");

/// What a text is written in, by counts.
///
/// The word list is that of the training, some ten thousand English words. A
/// text of another Latin language shares few of them; what it shares (`die`,
/// `in`) is outweighed by the commonest words of other languages.
#[derive(Debug, Default)]
pub(super) struct Letters {
    latin: usize,
    other: usize,
    words: usize,
    known: usize,
    foreign: usize,
    faces: usize,
}

impl Letters {
    /// Counts a piece of the text.
    pub(super) fn add(&mut self, plain: &Plain, features: &Features) {
        self.latin += plain.latin;
        self.other += plain.other;
        self.words += features.words;
        self.known += features.known;
        for token in &plain.tokens {
            match token.kind {
                Kind::Emoji => self.faces += 1,
                Kind::Shout | Kind::Word => {
                    self.foreign += usize::from(FOREIGN.binary_search(&plain.get(*token)).is_ok());
                }
                Kind::Mark | Kind::Stand => {}
            }
        }
    }

    /// Whether the model can read it: mostly Latin letters and English words, or
    /// faces alone.
    pub(super) fn readable(&self) -> bool {
        if self.words == 0 {
            return self.faces > 0 && self.known > 0;
        }
        // A product name in a Japanese sentence does not make it readable.
        if self.latin < 2 || self.latin < self.other {
            return false;
        }
        let known = self.known.saturating_sub(self.foreign);
        // Names and products are unknown words too: half of the text may be.
        if self.foreign > 0 { known > 2 * self.foreign } else { known * 5 >= self.words * 2 }
    }
}

#[cfg(test)]
mod tests;
