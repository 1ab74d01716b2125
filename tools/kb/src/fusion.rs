//! One ranking out of two.

use std::collections::HashMap;
use std::hash::Hash;

/// How many candidates of each retriever are ranked together.
pub(crate) const DEPTH: usize = 100;

/// Where a best likeness says nothing, and where it says all: in between its
/// weight grows from a half to the whole.
const LIKENESS: (f32, f32) = (0.35, 0.65);

/// A question of at most so many terms gives words little to go by; with twice
/// as many they weigh as much as vectors.
const FEW_TERMS: f32 = 5.0;

/// Scores candidates by both retrievers: higher is better. `terms` is how many
/// terms the question has.
///
/// Each ranking is taken as a share of its best score. Ranks alone would let a
/// retriever that is sure be outvoted by one that guesses: see
/// `docs/decisions/0010-two-retrievers.md`.
pub(crate) fn fuse<K: Eq + Hash + Clone>(lexical: &[(f32, K)], dense: &[(f32, K)], terms: usize) -> HashMap<K, f32> {
    let best = |ranking: &[(f32, K)]| ranking.iter().map(|(score, _)| *score).fold(f32::EPSILON, f32::max);
    let (most, nearest) = (best(lexical), best(dense));
    let words = words_weigh(nearest, terms);
    let mut scores: HashMap<K, f32> = HashMap::new();
    for (score, key) in lexical {
        *scores.entry(key.clone()).or_default() += words * score / most;
    }
    for (score, key) in dense {
        *scores.entry(key.clone()).or_default() += (1.0 - words) * score.max(0.0) / nearest;
    }
    scores
}

/// The weight of words, from 0 to a half.
#[expect(clippy::cast_precision_loss, reason = "the terms of a question are few")]
fn words_weigh(nearest: f32, terms: usize) -> f32 {
    let unsure = 1.0 - (nearest - LIKENESS.0) / (LIKENESS.1 - LIKENESS.0);
    let telling = terms as f32 / FEW_TERMS - 1.0;
    0.5 * unsure.max(telling).clamp(0.0, 1.0)
}

#[cfg(test)]
mod tests;
