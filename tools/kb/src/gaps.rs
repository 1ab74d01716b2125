//! What articles are missing: questions that were not answered, alike ones
//! together.

use crate::analysis::{is_filler, terms};
use crate::fit::{THIN, ratio, sentences};
use crate::synonyms::standing_for;
use std::collections::BTreeSet;

/// Two questions are alike if they share this much of their words: the shared
/// ones over all of them.
const ALIKE_WORDS: f32 = 0.4;

/// Or, where they have embeddings, if their dot product is this. Chosen on the sets of
/// `docs/quality.md`.
const ALIKE_EMBEDDINGS: f32 = 0.4;

/// No more are compared: the time grows with the square.
pub const MAX_QUESTIONS: usize = 2_000;

/// With what a question begins that has no mark.
const OPENINGS: [&str; 14] =
    ["are", "can", "could", "do", "does", "how", "is", "what", "when", "where", "which", "who", "why", "will"];

/// Questions that one article would answer.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Gap {
    /// The place of the one that is most like the others.
    pub central: usize,
    /// The places of all of them in what was given, in order.
    pub members: Vec<usize>,
}

/// Puts questions that are alike together, the largest group first: by embeddings of each with its story,
/// if it has one (see `KnowledgeBase::embeddings`), and else by their words, of which those that mean the same are
/// one. Questions without content words are left out; of more than 2,000 the last ones count.
#[must_use]
pub fn gaps(questions: &[String], embeddings: Option<&[Vec<f32>]>) -> Vec<Gap> {
    let first = questions.len().saturating_sub(MAX_QUESTIONS);
    let embeddings = embeddings.filter(|embeddings| embeddings.len() == questions.len());
    let words: Vec<_> = questions.iter().skip(first).map(|question| meant(question)).collect();
    let embeddings = embeddings.and_then(|embeddings| embeddings.get(first..));
    let alike = Alike { words: &words, embeddings };
    let mut groups: Vec<Group> = Vec::new();
    for (at, _) in words.iter().enumerate().filter(|(_, words)| !words.is_empty()) {
        let near = groups.iter_mut().map(|group| (alike.to(at, group), group));
        match near.filter(|(near, _)| *near >= alike.least(at)).max_by(|one, other| one.0.total_cmp(&other.0)) {
            Some((_, group)) => alike.join(at, group),
            None => {
                let mut group = Group::default();
                alike.join(at, &mut group);
                groups.push(group);
            }
        }
    }
    let found = groups.iter().filter_map(|group| {
        let all = group.members.iter().rev().map(|&at| (at, alike.to(at, group)));
        let (central, _) = all.max_by(|one, other| one.1.total_cmp(&other.1))?;
        Some(Gap { central: first + central, members: group.members.iter().map(|at| first + at).collect() })
    });
    let mut gaps: Vec<Gap> = found.collect();
    gaps.sort_by(|one, other| {
        other.members.len().cmp(&one.members.len()).then_with(|| one.members.cmp(&other.members))
    });
    gaps
}

/// By what questions are compared: those that have an embedding by it, others by their words.
struct Alike<'a> {
    words: &'a [BTreeSet<String>],
    embeddings: Option<&'a [Vec<f32>]>,
}

#[derive(Default)]
struct Group {
    members: Vec<usize>,
    /// The sum of their embeddings: the mean of the products with all members is the product with
    /// their mean.
    sum: Vec<f32>,
}

impl Alike<'_> {
    /// The embedding of a question; nothing of one that has none, or zeros.
    fn embedding(&self, at: usize) -> Option<&[f32]> {
        let own = self.embeddings?.get(at)?;
        own.iter().any(|number| *number != 0.0).then_some(own.as_slice())
    }

    fn least(&self, at: usize) -> f32 {
        if self.embedding(at).is_some() { ALIKE_EMBEDDINGS } else { ALIKE_WORDS }
    }

    /// How alike a question and the members of a group are on average.
    fn to(&self, at: usize, group: &Group) -> f32 {
        let sum: f32 = match self.embedding(at) {
            None => {
                let others = group.members.iter().filter(|&&other| self.embedding(other).is_none());
                let alike = |&other: &usize| Some(shared(self.words.get(at)?, self.words.get(other)?));
                others.filter_map(alike).sum()
            }
            Some(own) => dot(own, &group.sum),
        };
        sum * ratio(1, group.members.len())
    }

    fn join(&self, at: usize, group: &mut Group) {
        group.members.push(at);
        if let Some(own) = self.embedding(at) {
            group.sum.resize(group.sum.len().max(own.len()), 0.0);
            group.sum.iter_mut().zip(own).for_each(|(sum, number)| *sum += number);
        }
    }
}

/// What is asked in a text that was searched for, without the story around it, which is one
/// customer's: the sentences with a question mark, or that begin as a question does if none
/// has one, each with the last one before it that says something if it says too little itself.
/// All of the text if nothing is asked so.
#[must_use]
pub fn asked(query: &str) -> String {
    let all = sentences(query);
    let marked = |sentence: &str| sentence.trim_end_matches(['!', ')', '"', '”', '’']).ends_with('?');
    let opens = |sentence: &str| {
        let word = sentence.split(|c: char| !c.is_alphabetic()).find(|word| !word.is_empty());
        word.is_some_and(|word| OPENINGS.contains(&word.to_lowercase().as_str()))
    };
    let some_marked = all.iter().any(|sentence| marked(sentence));
    let asks = |sentence: &str| if some_marked { marked(sentence) } else { opens(sentence) };
    let (mut kept, mut said) = (BTreeSet::new(), None);
    for (at, sentence) in all.iter().enumerate() {
        let words = meant(sentence).len();
        if asks(sentence) {
            kept.insert(at);
            kept.extend(said.filter(|_| words < THIN));
        } else if words > 0 {
            said = Some(at);
        }
    }
    let question = kept.into_iter().filter_map(|at| all.get(at).copied()).collect::<Vec<_>>().join(" ");
    if meant(&question).is_empty() { query.to_owned() } else { question }
}

/// The words of a question, each as the one that stands for it.
fn meant(question: &str) -> BTreeSet<String> {
    terms(question).into_iter().filter(|term| !is_filler(term)).map(standing_for).collect()
}

/// The dot product; of vectors of unlike dimensions, nothing.
fn dot(one: &[f32], other: &[f32]) -> f32 {
    if one.len() == other.len() { one.iter().zip(other).map(|(one, other)| one * other).sum() } else { 0.0 }
}

fn shared(one: &BTreeSet<String>, other: &BTreeSet<String>) -> f32 {
    let both = one.intersection(other).count();
    ratio(both, one.len() + other.len() - both)
}

#[cfg(test)]
mod tests;
