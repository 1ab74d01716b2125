//! What articles are missing: questions that were not answered, alike ones
//! together.

use crate::analysis::{is_filler, terms};
use crate::fit::sentences;
use crate::synonyms::standing_for;
use std::collections::BTreeSet;

/// Two questions are alike if they share this much of their words: the shared
/// ones over all of them.
const ALIKE_WORDS: f32 = 0.4;

/// Or, where it is known what they mean, if the product of their meanings is this. Chosen on
/// the sets of `docs/quality.md`.
const ALIKE_MEANINGS: f32 = 0.5;

/// No more are compared: the time grows with the square.
pub const MAX_QUESTIONS: usize = 2_000;

/// Questions that one article would answer.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Gap {
    /// The place of the one that is most like the others.
    pub central: usize,
    /// The places of all of them in what was given, in order.
    pub members: Vec<usize>,
}

/// Puts questions that are alike together, the largest group first: by what they mean where
/// that is known, a vector of length 1 for each, and else by their words, of which those that
/// mean the same are one. Questions without content words are left out; of more than 2,000 the
/// last ones count.
#[must_use]
pub fn gaps(questions: &[String], meanings: Option<&[Vec<f32>]>) -> Vec<Gap> {
    let words: Vec<_> = questions.iter().map(|question| meant(question)).collect();
    let alike = |one: usize, other: usize| match meanings {
        Some(meanings) => meanings.get(one).zip(meanings.get(other)).map_or(0.0, |(one, other)| cosine(one, other)),
        None => words.get(one).zip(words.get(other)).map_or(0.0, |(one, other)| shared(one, other)),
    };
    let least = if meanings.is_some() { ALIKE_MEANINGS } else { ALIKE_WORDS };
    let mut groups: Vec<Vec<usize>> = Vec::new();
    let first = questions.len().saturating_sub(MAX_QUESTIONS);
    for (at, _) in words.iter().enumerate().skip(first).filter(|(_, words)| !words.is_empty()) {
        // To the group whose members are most like it on average.
        let near = groups.iter_mut().map(|group| (mean(group.iter().map(|&other| alike(at, other))), group));
        match near.filter(|(near, _)| *near >= least).max_by(|one, other| one.0.total_cmp(&other.0)) {
            Some((_, group)) => group.push(at),
            None => groups.push(vec![at]),
        }
    }
    let central = |group: &[usize]| {
        let all = group.iter().map(|&one| (one, mean(group.iter().map(|&other| alike(one, other)))));
        all.rev().max_by(|one, other| one.1.total_cmp(&other.1)).map(|(at, _)| at)
    };
    let found = groups.into_iter().filter_map(|members| Some(Gap { central: central(&members)?, members }));
    let mut gaps: Vec<Gap> = found.collect();
    gaps.sort_by(|one, other| {
        other.members.len().cmp(&one.members.len()).then_with(|| one.members.cmp(&other.members))
    });
    gaps
}

/// What is asked in a text that was searched for, without the story around it, which is one
/// customer's: the sentences that end in a question mark, each with what stands before it
/// where it says too little by itself; all of it if none does.
#[must_use]
pub fn asked(query: &str) -> String {
    let all = sentences(query);
    let mut kept = BTreeSet::new();
    for (at, sentence) in all.iter().enumerate().filter(|(_, sentence)| sentence.ends_with('?')) {
        kept.insert(at);
        if meant(sentence).is_empty() {
            kept.extend(at.checked_sub(1));
        }
    }
    if kept.is_empty() {
        return query.to_owned();
    }
    kept.into_iter().filter_map(|at| all.get(at).copied()).collect::<Vec<_>>().join(" ")
}

/// The words of a question, each as the one that stands for it.
fn meant(question: &str) -> BTreeSet<String> {
    terms(question).into_iter().filter(|term| !is_filler(term)).map(standing_for).collect()
}

fn cosine(one: &[f32], other: &[f32]) -> f32 {
    one.iter().zip(other).map(|(one, other)| one * other).sum()
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
