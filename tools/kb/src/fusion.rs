//! One ranking out of two.

use std::collections::HashMap;
use std::hash::Hash;

/// How many candidates of each retriever are ranked together.
pub(crate) const DEPTH: usize = 100;

/// What a unit of BM25 is worth in likeness, where the nearest candidate stands
/// out of the tenth by the whole of it: in that by a sentence model, and in that by
/// gist, which knows less.
pub(crate) const BESIDE_MODEL: f32 = 0.001;
pub(crate) const BESIDE_GIST: f32 = 0.003;

/// The candidate that the nearest one must stand out of.
const TENTH: usize = 9;

/// Standing out by less than this is not standing out.
const LEAST_OUTSTANDING: f32 = 0.03;

/// How many terms a question of a sentence has.
const TERMS: f32 = 5.0;

/// Scores candidates by both retrievers, each best first: higher is better.
/// `terms` is how many terms the question has, `worth` one of the two above.
///
/// BM25 is a sum of evidence, a term at a time, and is added to the likeness as
/// such. How much it is worth depends on the evidence alone: the more, the less
/// the nearest candidates stand out of the others, and the more terms there are
/// to go by. Ranks would let a retriever that is sure be outvoted by one that
/// guesses: see `docs/decisions/0022-evidence-and-questions.md`.
pub(crate) fn fuse<K: Eq + Hash + Clone>(
    lexical: &[(f32, K)],
    dense: &[(f32, K)],
    terms: usize,
    worth: f32,
) -> HashMap<K, f32> {
    let worth = worth * worth_of_words(dense, terms);
    let mut scores: HashMap<K, f32> = dense.iter().map(|(likeness, key)| (key.clone(), *likeness)).collect();
    for (score, key) in lexical {
        *scores.entry(key.clone()).or_default() += worth * score;
    }
    scores
}

#[expect(clippy::cast_precision_loss, reason = "the terms of a question are few")]
fn worth_of_words<K>(dense: &[(f32, K)], terms: usize) -> f32 {
    let likeness = |candidate: Option<&(f32, K)>| candidate.map_or(0.0, |(likeness, _)| *likeness);
    let outstanding = likeness(dense.first()) - likeness(dense.get(TENTH).or(dense.last()));
    1.0 / outstanding.max(LEAST_OUTSTANDING) * (terms as f32 / TERMS).clamp(0.5, 2.0)
}

#[cfg(test)]
mod tests;
