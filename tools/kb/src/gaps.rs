//! What articles are missing: questions that were not answered, alike ones
//! together.

use crate::analysis::{is_filler, terms};
use crate::synonyms::standing_for;
use std::collections::{BTreeMap, BTreeSet};

/// Two questions are alike if they share this much of their words: the shared
/// ones over all of them.
const ALIKE: f32 = 0.4;

/// No more are compared: the time grows with the square.
const MAX_QUESTIONS: usize = 5_000;

/// Questions that one article would answer.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Gap {
    /// The one that is most like the others.
    pub question: String,
    /// The places of all of them in what was given, in order.
    pub members: Vec<usize>,
}

/// Puts questions that are alike together, the largest group first. Words that
/// mean the same are one. Questions without content words are left out; of more
/// than 5,000 the last ones count.
#[must_use]
pub fn gaps(questions: &[String]) -> Vec<Gap> {
    let first = questions.len().saturating_sub(MAX_QUESTIONS);
    let bags: Vec<(usize, BTreeSet<String>)> =
        questions.iter().enumerate().skip(first).map(|(at, question)| (at, meant(question))).collect();
    let mut groups: Vec<Vec<&(usize, BTreeSet<String>)>> = Vec::new();
    for bag in bags.iter().filter(|(_, words)| !words.is_empty()) {
        // To the group whose members are most like it on average.
        let nearness =
            |group: &Vec<&(usize, BTreeSet<String>)>| mean(group.iter().map(|(_, words)| shared(words, &bag.1)));
        let near = groups.iter_mut().map(|group| (nearness(group), group)).filter(|(near, _)| *near >= ALIKE);
        match near.max_by(|one, other| one.0.total_cmp(&other.0)) {
            Some((_, group)) => group.push(bag),
            None => groups.push(vec![bag]),
        }
    }
    let mut gaps: Vec<Gap> = groups
        .iter()
        .filter_map(|group| {
            let central = |words: &BTreeSet<String>| mean(group.iter().map(|(_, other)| shared(words, other)));
            let mut best: BTreeMap<usize, f32> = BTreeMap::new();
            best.extend(group.iter().map(|(at, words)| (*at, central(words))));
            let (at, _) = best.iter().rev().max_by(|one, other| one.1.total_cmp(other.1))?;
            Some(Gap { question: questions.get(*at)?.clone(), members: best.keys().copied().collect() })
        })
        .collect();
    gaps.sort_by(|one, other| {
        other.members.len().cmp(&one.members.len()).then_with(|| one.members.cmp(&other.members))
    });
    gaps
}

/// The words of a question, each as the one that stands for it.
fn meant(question: &str) -> BTreeSet<String> {
    terms(question).into_iter().filter(|term| !is_filler(term)).map(standing_for).collect()
}

#[expect(clippy::cast_precision_loss, reason = "counts of words and questions are far below 2^24")]
fn shared(one: &BTreeSet<String>, other: &BTreeSet<String>) -> f32 {
    let both = one.intersection(other).count();
    both as f32 / (one.len() + other.len() - both).max(1) as f32
}

fn mean(values: impl Iterator<Item = f32>) -> f32 {
    let (sum, count) = values.fold((0.0, 0.0), |(sum, count), value| (sum + value, count + 1.0));
    if count > 0.0 { sum / count } else { 0.0 }
}

#[cfg(test)]
mod tests;
