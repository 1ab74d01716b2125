//! What each sentence of a text rests on, and what it claims out of nowhere.

mod claims;
pub(crate) mod figures;
mod promises;

use crate::fold::plain;
use crate::pseudonyms::tokens;
use crate::{PiiKind, PiiSpan};
use attache_context::words;
use figures::{Figure, figures};
use serde::Serialize;
use std::cell::OnceCell;
use std::collections::{BTreeSet, HashSet};

words! {
    /// A kind of specific that must stand in evidence.
    SpecificKind {
        /// A number, in digits or words.
        Number = "number",
        /// An amount of money or a percentage.
        Price = "price",
        /// A day.
        Date = "date",
        /// A web address.
        Url = "url",
        /// An e-mail address.
        Email = "email",
        /// A phone, card or account number, and other numbers of a person.
        Identifier = "identifier",
        /// The name of a person.
        Name = "name",
        /// Something that we would have to do or have done: `we will refund`.
        Promise = "promise",
        /// A placeholder such as `<person_9>` that stands for nobody.
        Placeholder = "placeholder",
    }
}

/// A specific that no source holds.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Unfounded {
    /// What it is.
    pub kind: SpecificKind,
    /// Where it starts, in Unicode scalar values.
    pub start: usize,
    /// Where it ends, exclusive, in Unicode scalar values.
    pub end: usize,
}

/// A sentence and the sources that hold what it says.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Grounded {
    /// Where it starts, in Unicode scalar values.
    pub start: usize,
    /// Where it ends, exclusive, in Unicode scalar values.
    pub end: usize,
    /// The indexes of the sources, in order: those that share a specific with
    /// it, or more than half of its content words.
    pub sources: Vec<usize>,
}

/// What a text rests on.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Grounding {
    /// Its sentences, in order.
    pub sentences: Vec<Grounded>,
    /// What it says that no source does, in order.
    pub unfounded: Vec<Unfounded>,
    /// The sentences, as places in [`sentences`](Self::sentences), that claim
    /// what the sources they may rest on do not say.
    pub unsupported: Vec<usize>,
}

/// Links the sentences of `text` to `sources`, and finds the specifics that
/// stand in none of them. `pii` are the spans that a detector sees in `text`.
///
/// Figures count by value: `12,500`, `12.500 €`, `12.5k` and `twelve thousand
/// five hundred` are one; dates by day, month and year in any usual form; names
/// and addresses without regard to case, spacing and diacritics; a promise by
/// its deed, which a source must speak of as done or offered.
///
/// Not looked at: `one` and `first`, ordinals, numbers of steps in a list, and
/// `24/7`.
///
/// A sentence is unsupported if a specific of it, or more than half of its
/// content words, stand in none of the sources that are `cited`. A word that the
/// customer `asked` about and these sources lack weighs more: an answer is about
/// it. Limits: a claim in the words of its sources that says the opposite is not
/// seen.
#[must_use]
pub fn ground(text: &str, pii: &[PiiSpan], sources: &[&str], cited: impl Fn(usize) -> bool, asked: &str) -> Grounding {
    let plains: Vec<String> = sources.iter().map(|source| plain(source)).collect();
    let facts: Vec<Facts<'_>> = sources.iter().zip(&plains).map(|(source, plain)| Facts::new(source, plain)).collect();
    let specifics = specifics(text, pii);
    let starts: Vec<usize> = text.char_indices().map(|(byte, _)| byte).chain([text.len()]).collect();
    let char_at = |byte: usize| starts.partition_point(|start| *start < byte);
    let held = |specific: &Specific| -> Vec<usize> {
        facts.iter().enumerate().filter(|(_, facts)| facts.hold(specific)).map(|(index, _)| index).collect()
    };
    let founded: Vec<Vec<usize>> = specifics.iter().map(held).collect();
    let unfounded = specifics
        .iter()
        .zip(&founded)
        .filter(|(_, sources)| sources.is_empty())
        .map(|(specific, _)| Unfounded {
            kind: specific.kind,
            start: char_at(specific.start),
            end: char_at(specific.end),
        })
        .collect();
    let mut unsupported = Vec::new();
    let asked = plain(asked);
    let asked = claims::content(&asked);
    let sentences = sentences(text)
        .into_iter()
        .enumerate()
        .map(|(place, (start, end))| {
            // In order, as the sentences are: each is looked at for its own sentence alone.
            let from = specifics.partition_point(|specific| specific.start < start);
            let own = || {
                let from = specifics.iter().zip(&founded).skip(from);
                from.take_while(|(specific, _)| specific.start < end).filter(|(specific, _)| specific.end <= end)
            };
            let rests = own().all(|(_, sources)| sources.iter().any(|source| cited(*source)));
            let on = || facts.iter().enumerate().filter(|(source, _)| cited(*source)).map(|(_, facts)| &facts.words);
            let sentence = plain(text.get(start..end).unwrap_or_default());
            if claims::claims(&sentence) && !(rests && claims::stand(&sentence, &asked, on)) {
                unsupported.push(place);
            }
            let words = content(&sentence);
            let mut of: BTreeSet<usize> = own().flat_map(|(_, sources)| sources.iter().copied()).collect();
            of.extend(facts.iter().enumerate().filter(|(_, facts)| facts.shares(&words)).map(|(index, _)| index));
            Grounded { start: char_at(start), end: char_at(end), sources: of.into_iter().collect() }
        })
        .collect();
    Grounding { sentences, unfounded, unsupported }
}

/// Something specific that a text says, in byte offsets.
struct Specific {
    kind: SpecificKind,
    start: usize,
    end: usize,
    what: What,
    /// What a small number counts: the stems of the words after it.
    counts: Vec<String>,
}

enum What {
    Figure(Figure),
    /// Words that must stand together.
    Letters(String),
    /// What must stand as it is.
    Token(String),
    /// The words of a name: each must be known.
    Words(Vec<String>),
    /// What bears a promise out, and the sentence that it stands in, plain.
    Promise(&'static [&'static str], String),
}

/// What is specific in `text`, in order.
fn specifics(text: &str, pii: &[PiiSpan]) -> Vec<Specific> {
    let mut found: Vec<Specific> = placeholders(text).collect();
    let starts: Vec<usize> = text.char_indices().map(|(byte, _)| byte).chain([text.len()]).collect();
    let byte = |at: usize| starts.get(at).copied().unwrap_or(text.len());
    for span in pii {
        let (start, end) = (byte(span.start), byte(span.end));
        let value = text.get(start..end).unwrap_or_default();
        let kind = match span.kind {
            PiiKind::Email => SpecificKind::Email,
            PiiKind::Url => SpecificKind::Url,
            PiiKind::Person if span.score >= 0.7 => SpecificKind::Name,
            // Cards, keys and the like are for the rule that takes them out.
            PiiKind::Phone | PiiKind::BankAccount | PiiKind::Passport | PiiKind::DriverLicense | PiiKind::IpAddress => {
                SpecificKind::Identifier
            }
            // A day is read as figures; places and firms are too unsure.
            _ => continue,
        };
        let what = if kind == SpecificKind::Name {
            What::Words(words(&plain(value)).filter(|word| word.len() > 1).map(str::to_owned).collect())
        } else {
            What::Letters(alphanumeric(&plain(value)))
        };
        found.push(Specific { kind, start, end, what, counts: Vec::new() });
    }
    let mut taken: Vec<(usize, usize)> = found.iter().map(|specific| (specific.start, specific.end)).collect();
    taken.sort_unstable();
    for figure in figures(text) {
        let next = taken.partition_point(|(_, end)| *end <= figure.start);
        let free = taken.get(next).is_none_or(|(start, _)| figure.end <= *start);
        if free && !figure.is_trivial(text) {
            let kind = figure.kind();
            let counts = if figure.is_small() { stems(text.get(figure.end..).unwrap_or_default()) } else { Vec::new() };
            found.push(Specific { kind, start: figure.start, end: figure.end, what: What::Figure(figure), counts });
        }
    }
    let sentences = sentences(text);
    for (start, end, deed) in promises::find(text) {
        let at = sentences.partition_point(|(_, to)| *to <= start);
        let sentence = sentences.get(at).and_then(|(from, to)| text.get(*from..*to)).map(plain).unwrap_or_default();
        let what = What::Promise(deed, sentence);
        found.push(Specific { kind: SpecificKind::Promise, start, end, what, counts: Vec::new() });
    }
    found.sort_by_key(|specific| (specific.start, specific.end));
    found
}

/// What looks like a placeholder: nothing that was given out is left of those in a text.
fn placeholders(text: &str) -> impl Iterator<Item = Specific> {
    tokens(text).map(|(start, token)| Specific {
        kind: SpecificKind::Placeholder,
        start,
        end: start + token.len(),
        what: What::Token(plain(token)),
        counts: Vec::new(),
    })
}

/// The stems of the next two words, if they follow at once.
fn stems(rest: &str) -> Vec<String> {
    let near = rest.get(..rest.floor_char_boundary(96)).unwrap_or_default();
    let clause = near.split(['.', ',', ';', ':', '!', '?', '\n', '(', ')']).next().unwrap_or_default();
    let words = clause.split_whitespace().take(2).map(plain).filter(|word| word.chars().count() >= 4);
    words.map(|word| word.chars().take(4).collect()).collect()
}

/// What a source holds. Its figures, letters and sentences are read when a text has
/// some to look for.
struct Facts<'a> {
    source: &'a str,
    plain: &'a str,
    words: Words<'a>,
    sentences: OnceCell<HashSet<&'a str>>,
    letters: OnceCell<String>,
    figures: OnceCell<Vec<Figure>>,
    /// It has amounts in minor units.
    minor: bool,
}

impl<'a> Facts<'a> {
    fn new(source: &'a str, plain: &'a str) -> Self {
        Self {
            source,
            plain,
            words: Words::new(plain),
            sentences: OnceCell::new(),
            letters: OnceCell::new(),
            figures: OnceCell::new(),
            minor: plain.contains("minor") || plain.contains("cents"),
        }
    }

    fn hold(&self, specific: &Specific) -> bool {
        match &specific.what {
            What::Figure(figure) => {
                // `9` stands in many texts: what it counts must stand there too.
                let counted =
                    specific.counts.is_empty() || specific.counts.iter().any(|stem| self.plain.contains(stem.as_str()));
                let figures = || self.figures.get_or_init(|| figures(self.source));
                counted && figures().iter().any(|known| figure.same(known, self.minor))
            }
            What::Letters(letters) => self.letters.get_or_init(|| alphanumeric(self.plain)).contains(letters.as_str()),
            What::Token(token) => self.plain.contains(token.as_str()),
            What::Words(words) => words.iter().all(|word| self.words.contain(word)),
            What::Promise(deed, sentence) => {
                // Whoever quotes a whole sentence promises no more than the source does.
                let theirs = || sentences(self.plain).into_iter().filter_map(|(from, to)| self.plain.get(from..to));
                deed.iter().any(|deed| self.plain.contains(deed))
                    || self.sentences.get_or_init(|| theirs().map(bare).collect()).contains(bare(sentence))
            }
        }
    }

    /// Whether more than half of the words stand here.
    fn shares(&self, Words(words): &Words<'_>) -> bool {
        let shared = words.iter().filter(|word| self.words.contain(word)).count();
        shared >= 2 && shared * 2 > words.len()
    }
}

/// The words of a plain text, in order of the alphabet and each once.
struct Words<'a>(Vec<&'a str>);

impl<'a> Words<'a> {
    fn new(plain: &'a str) -> Self {
        Self::such(plain, |_| true)
    }

    /// Those of them that are such.
    fn such(plain: &'a str, such: impl Fn(&str) -> bool) -> Self {
        let mut words: Vec<&str> = words(plain).filter(|word| such(word)).collect();
        words.sort_unstable();
        words.dedup();
        Self(words)
    }

    fn contain(&self, word: &str) -> bool {
        self.0.binary_search(&word).is_ok()
    }

    /// Whether one of them begins like this.
    fn begin(&self, beginning: &str) -> bool {
        let at = self.0.partition_point(|word| *word < beginning);
        self.0.get(at).is_some_and(|word| word.starts_with(beginning))
    }
}

/// A sentence without the marks around it.
fn bare(sentence: &str) -> &str {
    sentence.trim_matches(|c: char| !c.is_alphanumeric())
}

/// The letters and digits of a text.
fn alphanumeric(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).collect()
}

/// The words of a plain text.
fn words(plain: &str) -> impl Iterator<Item = &str> {
    plain.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty())
}

/// The words of a plain sentence that say something: of five letters and more.
fn content(plain: &str) -> Words<'_> {
    Words::such(plain, |word| word.len() >= 5)
}

/// The sentences of a text in byte offsets, without the space around them.
pub(crate) fn sentences(text: &str) -> Vec<(usize, usize)> {
    let mut sentences = Vec::new();
    let mut start = 0;
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let next = chars.peek().map(|(_, next)| *next);
        let stop = matches!(c, '.' | '!' | '?') && next.is_none_or(char::is_whitespace) || c == '\n';
        if stop {
            push(text, start, at + c.len_utf8(), &mut sentences);
            start = at + c.len_utf8();
        }
    }
    push(text, start, text.len(), &mut sentences);
    sentences
}

fn push(text: &str, start: usize, end: usize, sentences: &mut Vec<(usize, usize)>) {
    let part = text.get(start..end).unwrap_or_default();
    let trimmed = part.trim();
    if !trimmed.is_empty() {
        let start = start + (part.len() - part.trim_start().len());
        sentences.push((start, start + trimmed.len()));
    }
}

#[cfg(test)]
mod tests;
