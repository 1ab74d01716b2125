//! How likely it is that a passage answers a question.
//!
//! A search finds what is nearest, whether that answers or not. Here each
//! candidate is looked at once more, for what tells an answer from a neighbour:
//! how much of what is asked it says, in one place; whether its headings are
//! about that; whether words that stand together in the question do so in it; and
//! where passages have vectors, how near it is and how far it stands out. What
//! each of these signs weighs was fitted: see `fit/CARD.md`.

use crate::analysis::{is_filler, placed, sequence};
use attache_tools::Passage;
use std::borrow::Borrow;
use std::collections::BTreeSet;
use std::ops::{Bound, Range};

/// How many candidates are looked at, at least.
pub(crate) const CANDIDATES: usize = 24;

/// How many signs there are.
pub const SIGNS: usize = 35;

/// The name of each sign, with what it weighs for words alone, where passages were skimmed, with
/// vectors and where passages were read too, and all four once more where articles say what customers
/// ask: what a question has in common with such a line tells more than any other sign, and
/// those who have no such lines should not be measured by it.
///
/// - `always`: what a candidate starts from
/// - `said`: the share of the question's words that it says, each counted once
/// - `in_one_place`: the share by weight that one sentence, list or row of it says
/// - `titled`, `headed`: the share of the words of the article's title, and of the
///   heading above, that the question has
/// - `together`: the share of neighbours in the question that are neighbours in it
/// - `best_score`: its score by words beside the best one
/// - `scored`: that score in words that one passage alone has, five at most
/// - `figure`: it has a figure, where one is asked for
/// - `whether`: the question asks whether: most that are asked so have words of
///   articles and are about something else
/// - `opening`: it opens an article
/// - `article`: the share by weight that its article says, as far as it was found
/// - `defined`: it begins with the word whose meaning is asked for
/// - `unsaid`: the weight of the rarest word that its article does not say
/// - `unknown`: the share of words that no article has, nor what stands for them
/// - `near`: its likeness to the question, by the measure that was learned from the
///   articles (`metric.rs`), as all that follow
/// - `stands_out`: by how much it is nearer than any other article
/// - `nearest`: no passage is nearer
/// - `near_article`: the likeness of the nearest passage of its article
/// - `near_and_said`: `near` where all is said by weight, and less where less is
/// - `mine`: the question speaks of what is the asker's own, which articles know
///   nothing of
/// - `siblings`: the share of all candidates that are of its article
/// - `whether_said`, `whether_near`: `in_one_place` and `near_article`, where the
///   question asks whether
/// - `asked`: how like the words are, of the questions that its article is known to
///   answer, those of the one that is most like
/// - `asked_apart`: by how much that is more than for any other article
/// - `asked_near`, `asked_stands_out`: the same by likeness
/// - `sentence`, `sentence_article`: the likeness of its nearest sentence, and of that
///   of its article, as far as it was found
/// - `sentence_stands_out`: by how much that is more than for any other article
/// - `matter`: the likeness of all its wordings together, by which `stands_out`,
///   `nearest` and `near_article` are too
/// - `foreign`: how much the question, by the cosine, is like what customers of other
///   companies ask (`cohort.rs`)
/// - `odds`: the log odds that a passage of its article answers, the best of them, read
///   together with the question ([`Embedder::read`](crate::Embedder::read)); a passage that
///   was not read has less than the worst
/// - `skimmed`: the same by the small reader that is part of the program (`skim.rs`), for more of
///   them; what weighs vectors was fitted with it. These two are the last
pub const WEIGHTS: [(&str, [f32; 8]); SIGNS] = include!("fit/weights.in");

/// More words of a score count nothing.
const MOST_SCORED: f32 = 5.0;

/// By how much a passage that was not read is worse than the worst that was.
const UNREAD: f32 = 0.5;

/// What is taken for the odds of all where nothing could be skimmed: what weighs vectors was
/// fitted with them. Of the best candidates half have less than -3.4 where nothing answers, and
/// more than 4.5 where something does.
const UNSKIMMED: f32 = -2.0;

/// What a word of the same meaning counts, and one of the same beginning.
const ALIKE: f32 = 0.7;
const AKIN: f32 = 0.6;

/// A question, as passages are held against it.
#[derive(Debug)]
pub(crate) struct Asked {
    words: Vec<Word>,
    whether: bool,
    how_many: bool,
    meaning: bool,
    mine: bool,
}

/// A word that is asked for.
#[derive(Debug)]
pub(crate) struct Word {
    pub(crate) term: String,
    /// What stands for it.
    pub(crate) alike: BTreeSet<String>,
    /// The rarer, the more.
    pub(crate) weight: f32,
    /// Whether no passage has it, nor what stands for it.
    pub(crate) unknown: bool,
}

/// A candidate with what its search made of it.
pub(crate) struct Candidate<'a> {
    pub(crate) passage: &'a Passage,
    pub(crate) read: &'a Read,
    /// Its score by words.
    pub(crate) score: f32,
    /// How near it is, if that can be told.
    pub(crate) near: Option<Nearness>,
    /// The log odds that it answers, if it was skimmed.
    pub(crate) skimmed: Option<f32>,
    /// The log odds that it answers, if it was read.
    pub(crate) odds: Option<f32>,
}

/// How near a passage is to a question; 0 for what is not there.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Nearness {
    /// Its own likeness.
    pub(crate) own: f32,
    /// That of its nearest sentence.
    pub(crate) sentence: f32,
    /// That of all its wordings together: its text, its sentences and what customers ask.
    pub(crate) matter: f32,
    /// That of the nearest passage of its article, by all wordings.
    pub(crate) article: f32,
    /// That of the nearest passage of any other article, by all wordings.
    pub(crate) other: f32,
    /// That of the nearest question that its article is known to answer.
    pub(crate) asked: f32,
    /// That of the nearest question that any other article is known to answer.
    pub(crate) asked_other: f32,
    /// How much the question is like what customers of other companies ask: the same for
    /// all passages.
    pub(crate) foreign: f32,
}

/// What is seen of a candidate: the value of each of [`WEIGHTS`].
#[derive(Clone, Copy, Debug)]
pub struct Signs {
    /// The values, in that order.
    pub values: [f32; SIGNS],
    /// Whether it could be told how near it is.
    pub near: bool,
    /// Whether the likeliest candidates were skimmed.
    pub skimmed: bool,
    /// Whether the best candidates were read together with the question.
    pub read: bool,
    /// Whether any candidate's section says what customers ask.
    pub asked: bool,
}

impl Signs {
    /// How likely it is that the candidate answers, from 0 to 1.
    #[must_use]
    pub fn fit(&self) -> f32 {
        let half = |[words, skimmed, near, read]: [f32; 4]| match (self.skimmed, self.near, self.read) {
            (false, false, _) => words,
            (true, false, _) => skimmed,
            (_, true, false) => near,
            (_, true, true) => read,
        };
        let of = |[words, skimmed, near, read, asked @ ..]: [f32; 8]| {
            half(if self.asked { asked } else { [words, skimmed, near, read] })
        };
        let worth: f32 = self.values.iter().zip(WEIGHTS).map(|(value, (_, weights))| value * of(weights)).sum();
        1.0 / (1.0 + (-worth).exp())
    }
}

impl Asked {
    /// Reads a question; `word` tells what is known of a term.
    pub(crate) fn read<E>(query: &str, mut word: impl FnMut(String) -> Result<Word, E>) -> Result<Self, E> {
        let all = sentences(query);
        let mut marked: Vec<&str> = all.iter().copied().filter(|sentence| sentence.ends_with('?')).collect();
        if marked.is_empty() {
            marked.clone_from(&all);
        }
        let mut terms: Vec<String> = Vec::new();
        let mut add = |sentences: &[&str]| {
            for term in sentences.iter().flat_map(|sentence| sequence(sentence)) {
                if !is_filler(&term) && !terms.contains(&term) {
                    terms.push(term);
                }
            }
            terms.len()
        };
        if add(&marked) < THIN {
            add(&all);
        }
        terms.truncate(crate::MAX_TERMS);
        let plain = marked.join(" ").to_lowercase();
        let plain: Vec<&str> = plain.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
        Ok(Self {
            words: terms.into_iter().map(&mut word).collect::<Result<_, E>>()?,
            whether: plain.first().is_some_and(|first| WHETHERS.contains(first)),
            how_many: plain.iter().any(|word| FIGURES_ASKED.contains(word))
                || plain.windows(2).any(|pair| matches!(pair, ["how", much] if AMOUNTS.contains(much))),
            meaning: plain.starts_with(&["what", "is"])
                || plain.starts_with(&["what", "are"])
                || plain.starts_with(&["what", "counts", "as"])
                || (matches!(plain.as_slice(), ["what", "do" | "does", ..]) && plain.contains(&"mean")),
            mine: plain.iter().any(|word| MINE.contains(word)),
        })
    }

    /// What is seen of each candidate. `rarest` is what a word weighs that no
    /// passage has.
    pub(crate) fn signs(&self, candidates: &[Candidate<'_>], rarest: f32) -> Vec<Signs> {
        let best = candidates.iter().map(|candidate| candidate.score).fold(f32::EPSILON, f32::max);
        let unknown = ratio(self.words.iter().filter(|word| word.unknown).count(), self.words.len());
        let rarest = rarest.max(f32::EPSILON);
        let asked: Vec<f32> = candidates.iter().map(|candidate| self.asked_before(candidate.read)).collect();
        let is_known = candidates.iter().any(|candidate| !candidate.read.asked.is_empty());
        let sentences = candidates.iter().map(|candidate| candidate.near.unwrap_or_default().sentence);
        let sentences: Vec<f32> = sentences.collect();
        // The best of an article, and by how much it is better than that of any other.
        let by_article = |of: &[f32], doc: &str| {
            let best = |same: bool| {
                let those = candidates.iter().zip(of).filter(|(other, _)| (other.passage.doc == doc) == same);
                those.map(|(_, value)| *value).fold(0.0, f32::max)
            };
            (best(true), best(true) - best(false))
        };
        let signs = candidates.iter().map(|candidate| {
            let (read, doc) = (candidate.read, candidate.passage.doc.as_str());
            let (asked, asked_apart) = by_article(&asked, doc);
            let (sentence, sentence_stands_out) = by_article(&sentences, doc);
            let same = candidates.iter().filter(|other| other.passage.doc == candidate.passage.doc);
            let same: Vec<&BTreeSet<String>> = same.map(|other| &other.read.said).collect();
            let said_by_article = |word: &Word| same.iter().map(|said| word.said(said)).fold(0.0, f32::max);
            let above = set(&read.title);
            let (mut in_one_place, mut fullest, mut figure, mut defined) = (0.0_f32, -1.0, false, false);
            for (place, unit_said) in &read.units {
                let unit = candidate.passage.passage.get(place.clone()).unwrap_or_default();
                in_one_place = in_one_place.max(self.share(|word| word.said(unit_said).max(word.said(&above))));
                let alone = self.share(|word| word.said(unit_said));
                if alone > fullest {
                    (fullest, figure) = (alone, has_figure(unit));
                }
                defined |= self.meaning && self.defines(unit);
            }
            let unsaid = self.words.iter().map(|word| word.weight * (1.0 - said_by_article(word)) / rarest);
            let in_article = self.share(said_by_article);
            let near = candidate.near.unwrap_or_default();
            let is = |what: bool| f32::from(u8::from(what));
            Signs {
                values: [
                    1.0,
                    self.mean(|word| word.said(&read.said)),
                    in_one_place,
                    self.of(&read.titled),
                    self.of(read.headed.as_ref().unwrap_or(&read.titled)),
                    self.together(&read.all().collect::<Vec<_>>()),
                    candidate.score / best,
                    (candidate.score / rarest).min(MOST_SCORED),
                    is(self.how_many && figure),
                    is(self.whether),
                    is(read.headed.is_none()),
                    in_article,
                    is(defined),
                    unsaid.fold(0.0, f32::max).min(1.0),
                    unknown,
                    near.own,
                    near.article - near.other,
                    is(candidate.near.is_some() && near.matter >= near.article.max(near.other)),
                    near.article,
                    near.own * in_article,
                    is(self.mine),
                    ratio(same.len(), candidates.len()),
                    is(self.whether) * in_one_place,
                    is(self.whether) * near.article,
                    asked,
                    asked_apart,
                    near.asked,
                    near.asked - near.asked_other,
                    near.sentence,
                    sentence,
                    sentence_stands_out,
                    near.matter,
                    near.foreign,
                    0.0,
                    0.0,
                ],
                near: candidate.near.is_some(),
                skimmed: false,
                read: false,
                asked: is_known,
            }
        });
        let mut signs: Vec<Signs> = signs.collect();
        read_together(candidates, &mut signs);
        signs
    }

    /// Whether anything is asked.
    pub(crate) fn asks(&self) -> bool {
        !self.words.is_empty()
    }

    /// What is said of the words, by weight, from 0 to 1.
    fn share(&self, said: impl Fn(&Word) -> f32) -> f32 {
        let all: f32 = self.words.iter().map(|word| word.weight).sum();
        self.words.iter().map(|word| word.weight * said(word)).sum::<f32>() / all.max(f32::EPSILON)
    }

    /// What is said of the words, each counting the same.
    fn mean(&self, said: impl Fn(&Word) -> f32) -> f32 {
        self.words.iter().map(said).sum::<f32>() * ratio(1, self.words.len())
    }

    /// The share of the words of a heading that the question has.
    fn of(&self, terms: &[String]) -> f32 {
        let asked = |term: &&String| self.words.iter().any(|word| word.means(term));
        ratio(terms.iter().filter(asked).count(), terms.len())
    }

    /// How like the question is to the most like of those that a passage is known to
    /// answer: what both say, of all that one of them says.
    fn asked_before(&self, read: &Read) -> f32 {
        let like = |terms: &Vec<String>| {
            let set = set(terms);
            let (ours, theirs) = (self.share(|word| word.said(&set)), self.of(terms));
            let both = ours * theirs;
            both / (ours + theirs - both).max(f32::EPSILON)
        };
        read.asked.iter().map(like).fold(0.0, f32::max)
    }

    /// The share of the words that follow each other in the question and do so in
    /// `terms`, with one between them at most.
    fn together(&self, terms: &[&str]) -> f32 {
        let stands = |pair: &&[Word]| match pair {
            [one, next] => terms.windows(3).chain(terms.rchunks(2).next()).any(|near| match near {
                [first, rest @ ..] => *first == one.term && rest.contains(&next.term.as_str()),
                [] => false,
            }),
            _ => false,
        };
        ratio(self.words.windows(2).filter(stands).count(), self.words.len().saturating_sub(1))
    }

    /// Whether a row, or a sentence, begins with the words and little else.
    fn defines(&self, unit: &str) -> bool {
        let row = unit.trim_start().strip_prefix('|').and_then(|row| row.split('|').next());
        let mut head = match row {
            Some(cell) => sequence(cell),
            None => {
                let words = unit.split_whitespace().take(self.words.len() + 1);
                sequence(&words.collect::<Vec<_>>().join(" "))
            }
        };
        head.retain(|term| !is_filler(term));
        let begun = set(&head);
        !head.is_empty() && head.len() <= self.words.len() + 1 && self.words.iter().all(|word| word.said(&begun) > 0.0)
    }
}

/// Adds what was read of candidates together with the question to what is seen of them.
pub(crate) fn read_together(candidates: &[Candidate<'_>], signs: &mut [Signs]) {
    // The best of an article; nothing where none was read.
    let best = |of: fn(&Candidate<'_>) -> Option<f32>, doc: &str| {
        let worst = candidates.iter().filter_map(of).reduce(f32::min);
        let same = candidates.iter().filter(|other| other.passage.doc == doc);
        let best = |worst: f32| same.map(|other| of(other).unwrap_or(worst - UNREAD)).reduce(f32::max);
        worst.and_then(best)
    };
    for (candidate, signs) in candidates.iter().zip(signs) {
        let odds = best(|other| other.odds, &candidate.passage.doc);
        let skimmed = best(|other| other.skimmed, &candidate.passage.doc);
        (signs.read, signs.skimmed) = (odds.is_some(), skimmed.is_some());
        let [.., last_but_one, last] = &mut signs.values;
        (*last_but_one, *last) = (odds.unwrap_or_default(), skimmed.unwrap_or(UNSKIMMED));
    }
}

impl Word {
    /// Whether `term` says it, or what stands for it.
    fn means(&self, term: &str) -> bool {
        self.term == term || self.alike.contains(term) || akin(&self.term, term)
    }

    /// What every word that is akin begins with.
    fn beginning(&self) -> Option<&str> {
        let (end, _) = self.term.char_indices().nth(SHARED)?;
        self.term.get(..end)
    }

    /// How well `terms` say it, from 0 to 1.
    fn said<T: Borrow<str> + Ord>(&self, terms: &BTreeSet<T>) -> f32 {
        if terms.contains(self.term.as_str()) {
            1.0
        } else if self.alike.iter().any(|alike| terms.contains(alike.as_str())) {
            ALIKE
        } else if self.beginning().is_some_and(|begin| {
            let near = terms.range::<str, _>((Bound::Included(begin), Bound::Unbounded));
            near.map(Borrow::borrow).take_while(|term| term.starts_with(begin)).any(|term| akin(&self.term, term))
        }) {
            AKIN
        } else {
            0.0
        }
    }
}

/// The terms of a passage, and of what it is known to answer, found once.
#[derive(Debug)]
pub(crate) struct Read {
    /// Those of its title and headings, in order.
    title: Vec<String>,
    /// Those of the article's title that are weighed.
    titled: Vec<String>,
    /// Those of the heading above it, if there is one.
    headed: Option<Vec<String>>,
    /// Those of its text, in order.
    text: Vec<String>,
    /// Those of each question that it is known to answer, if they are weighed.
    asked: Vec<Vec<String>>,
    /// What is shown of it, each once.
    said: BTreeSet<String>,
    /// What says something by itself, with its terms.
    units: Vec<(Range<usize>, BTreeSet<String>)>,
}

impl Read {
    /// `asked` is what the passage is known to answer, a line each.
    pub(crate) fn new(passage: &Passage, asked: &str) -> Self {
        let (title, headings) = passage.title.split_once(" > ").unwrap_or((&passage.title, ""));
        let heading = headings.rsplit(" > ").next().filter(|heading| !heading.is_empty());
        let weighed = |heading: &str| sequence(heading).into_iter().filter(|term| !is_filler(term)).collect();
        let (above, text) = (sequence(&passage.title), placed(&passage.passage));
        let units = units(&passage.passage).into_iter().map(|unit| {
            let start = unit.as_ptr().addr().saturating_sub(passage.passage.as_ptr().addr());
            let place = start..start + unit.len();
            let from = text.partition_point(|(at, _)| *at < place.start);
            let until = text.partition_point(|(at, _)| *at < place.end);
            (place, text.get(from..until).unwrap_or_default().iter().map(|(_, term)| term.clone()).collect())
        });
        let units = units.collect();
        let text: Vec<String> = text.into_iter().map(|(_, term)| term).collect();
        Self {
            titled: weighed(title),
            headed: heading.map(weighed),
            said: above.iter().chain(&text).cloned().collect(),
            title: above,
            text,
            asked: asked.lines().map(weighed).collect(),
            units,
        }
    }

    /// What is shown of the passage, in order.
    fn all(&self) -> impl Iterator<Item = &str> {
        self.title.iter().chain(&self.text).map(String::as_str)
    }
}

fn set(terms: &[String]) -> BTreeSet<&str> {
    terms.iter().map(String::as_str).collect()
}

/// So much of them stems of one word share at least.
const SHARED: usize = 4;

/// Whether two stems are of one word: `invit` and `invitat`.
fn akin(asked: &str, said: &str) -> bool {
    let shared = asked.chars().zip(said.chars()).take_while(|(one, other)| one == other).count();
    if shared < SHARED {
        return false;
    }
    let (long, other) = (asked.chars().count(), said.chars().count());
    long >= 5 && shared >= long.min(other) - 2
}

/// What a passage says by parts, each with the heading above it; nothing if it is a
/// single part.
pub(crate) fn parts<'a>(title: &'a str, passage: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
    let heading = title.rsplit(" > ").next().unwrap_or_default();
    let units = Some(units(passage)).filter(|units| units.len() > 1).unwrap_or_default();
    units.into_iter().map(move |unit| (heading, unit))
}

/// Pieces that say something by themselves: sentences, the rows of a table, the
/// items of a list and the list.
fn units(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for block in text.split("\n\n").map(str::trim).filter(|block| !block.is_empty()) {
        let row = block.starts_with('|');
        if row || block.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '-' | '*')) {
            let rule = |line: &&str| line.chars().all(|c| matches!(c, '|' | '-' | ':') || c.is_whitespace());
            found.extend(block.lines().filter(|line| !rule(line)));
            found.extend((!row).then_some(block));
        } else {
            found.extend(sentences(block));
        }
    }
    found
}

/// The sentences of a text.
pub(crate) fn sentences(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let (mut from, mut chars) = (0, text.char_indices().peekable());
    while let Some((at, c)) = chars.next() {
        let ends = matches!(c, '.' | '!' | '?') && chars.peek().is_none_or(|(_, next)| next.is_whitespace());
        if ends {
            let end = at + c.len_utf8();
            found.extend(text.get(from..end));
            from = end;
        }
    }
    found.extend(text.get(from..));
    found.into_iter().map(str::trim).filter(|sentence| !sentence.is_empty()).collect()
}

/// Whether a text has a figure, in digits or in a word.
fn has_figure(text: &str) -> bool {
    text.contains(|c: char| c.is_ascii_digit())
        || text.split(|c: char| !c.is_alphabetic()).any(|word| FIGURES.contains(&word.to_lowercase().as_str()))
}

/// `part` of `all`; of nothing, nothing.
#[expect(clippy::cast_precision_loss, reason = "counts of words")]
pub(crate) fn ratio(part: usize, all: usize) -> f32 {
    part as f32 / all.max(1) as f32
}

/// A question with fewer words of content, such as `How do I do that?`, asks about what was said before it.
pub(crate) const THIN: usize = 2;

const WHETHERS: [&str; 12] = ["are", "can", "could", "did", "do", "does", "has", "have", "is", "may", "or", "will"];
const MINE: [&str; 6] = ["i", "me", "my", "our", "us", "we"];
const FIGURES_ASKED: [&str; 5] = ["cost", "limit", "maximum", "price", "when"];
const AMOUNTS: [&str; 9] = ["big", "far", "fast", "large", "long", "many", "much", "often", "soon"];
const FIGURES: [&str; 17] = [
    "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "twelve", "once", "twice", "daily",
    "weekly", "monthly", "yearly",
];

#[cfg(test)]
mod tests;
