//! Words of a text, as they are compared.

use frostem::{Algorithm, Stemmer};
use std::collections::BTreeSet;

/// Words that say nothing of what a question is about.
const EMPTY: &str = "a able about above across after again against ago all almost also always am an and another any anybody anyone \
anything are around as ask at away back be because been before being below best better between both but by came can cannot come \
could day did do does doing done down during each either else enough ever every everybody everyone everything explain few find \
first for from further get gets getting give go goes going good got great had happen happens has have having he hello help her here \
hers him his how however i if in instead into is it its itself just keep kind know last least less let like little long look lot made \
make makes many may maybe me mean means might mine more most much must my myself need needs neither never new no nobody none nor \
not nothing now of off often on once one only onto or other others our ours out over own per perhaps please possible put quite \
rather really s same say see seem shall she should show since so some somebody someone something soon still such sure t take tell \
than thank thanks that the their theirs them then there these they thing things think this those though through to today together \
too toward tried try trying two under understand until up upon us use used uses using very want wants was way we well were what \
whatever when where whether which while who whole whom whose why will wish with within without wonder work works would write yes \
yet you your yours yourself";

/// The words of a text that carry content, stemmed, without repeats.
#[derive(Clone)]
pub(super) struct Words {
    stemmer: Stemmer,
    empty: BTreeSet<&'static str>,
}

impl std::fmt::Debug for Words {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Words").finish_non_exhaustive()
    }
}

impl Words {
    pub(super) fn new() -> Self {
        Self { stemmer: Stemmer::new(Algorithm::English), empty: EMPTY.split_whitespace().collect() }
    }

    /// The stems in `text`. Numbers are left out: those in a question are the
    /// asker's own.
    pub(super) fn of(&self, text: &str) -> BTreeSet<String> {
        let words = text
            .split(|c: char| !(c.is_alphanumeric() || c == '\'' || c == '’'))
            .map(|word| word.split(['\'', '’']).next().unwrap_or_default().to_lowercase())
            .filter(|word| word.chars().any(char::is_alphabetic) && word.chars().count() > 1)
            .filter(|word| !self.empty.contains(word.as_str()));
        words.map(|word| self.stemmer.stem(&word).into_owned()).collect()
    }
}

/// `text` in sentences with the line each stands on, in order. A line break
/// ends a sentence only where an empty line or a list follows.
pub(super) fn sentences(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut start = 0;
    let mut before = ' ';
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let next = chars.peek().map(|(_, next)| *next);
        // `2.5`, `e.g.` in the middle of a line, and `app.example` go on.
        let ends = matches!(c, '.' | '!' | '?') && next.is_none_or(char::is_whitespace) && !abbreviated(text, at);
        let breaks = c == '\n' && before == '\n';
        if ends || breaks {
            let end = at + c.len_utf8();
            found.extend(text.get(start..end).map(str::trim).filter(|sentence| !sentence.is_empty()));
            start = end;
        }
        if c == '\n' || !c.is_whitespace() {
            before = c;
        }
    }
    found.extend(text.get(start..).map(str::trim).filter(|sentence| !sentence.is_empty()));
    found
}

/// Whether the full stop at `at` ends a word such as `e.g` or `1`, which leads
/// on.
fn abbreviated(text: &str, at: usize) -> bool {
    let word = text.get(..at).and_then(|head| head.rsplit(char::is_whitespace).next()).unwrap_or_default();
    let first_on_line = text.get(..at - word.len()).is_some_and(|head| {
        head.trim_end_matches([' ', '\t', '>']).is_empty() || head.trim_end_matches([' ', '\t', '>']).ends_with('\n')
    });
    let number = !word.is_empty() && word.chars().all(|c| c.is_ascii_digit()) && first_on_line;
    number || matches!(word.to_lowercase().as_str(), "e.g" | "i.e" | "etc" | "mr" | "mrs" | "dr" | "no")
}

#[cfg(test)]
mod tests;
