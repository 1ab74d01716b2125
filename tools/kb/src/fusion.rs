//! One ranking out of two.

use std::collections::HashMap;
use std::hash::Hash;

/// How many candidates of each retriever are ranked together.
pub(crate) const DEPTH: usize = 100;

/// The part of the vectors in a score; the words have the rest.
const DENSE: f32 = 0.7;

/// Scores candidates by both retrievers: higher is better.
pub(crate) fn fuse<K: Eq + Hash + Clone>(lexical: &[(f32, K)], dense: &[(f32, K)]) -> HashMap<K, f32> {
    let best = |ranking: &[(f32, K)]| ranking.iter().map(|(score, _)| *score).fold(f32::EPSILON, f32::max);
    let (most, nearest) = (best(lexical), best(dense));
    let mut scores: HashMap<K, f32> = HashMap::new();
    for (score, key) in lexical {
        *scores.entry(key.clone()).or_default() += (1.0 - DENSE) * score / most;
    }
    for (score, key) in dense {
        *scores.entry(key.clone()).or_default() += DENSE * score.max(0.0) / nearest;
    }
    scores
}

#[cfg(test)]
mod tests;
