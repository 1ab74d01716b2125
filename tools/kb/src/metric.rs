//! A measure of likeness that is learned from the articles themselves.
//!
//! What a passage says, each of its sentences and what customers ask that it
//! answers are one matter in several wordings. A direction in which they differ
//! from each other tells wordings apart, not matters, so it counts less: the
//! within-class covariance normalisation of Hatch, Kajarekar and Stolcke (2006),
//! where each passage is a class. See `docs/decisions/0038`.

use nalgebra::{Cholesky, DMatrix};

/// What is added to the variance of each direction, beside 1 for the mean of them:
/// few wordings say little about most directions. From 0.5 to 2 it makes no difference.
const SHRINKAGE: f64 = 1.0;

/// More wordings than so many tell nothing new.
pub(crate) const MOST: usize = 20_000;

/// With more numbers in a vector it would take longer than it is worth.
const MOST_DIMENSIONS: usize = 1_024;

/// So many vectors are multiplied at a time.
const BATCH: usize = 512;

/// How the directions of two vectors are compared: by their cosine, or by that after
/// the directions in which wordings differ were shortened.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Metric(Option<DMatrix<f32>>);

impl Metric {
    /// Learns from vectors of `dimensions` numbers, those of a passage together.
    /// Where there is nothing to learn from, it is the cosine.
    pub(crate) fn learned(dimensions: usize, passages: impl Iterator<Item = Vec<Vec<f32>>>) -> Self {
        if dimensions > MOST_DIMENSIONS {
            return Self(None);
        }
        let mut covariance = DMatrix::<f64>::zeros(dimensions, dimensions);
        let mut differences: Vec<f64> = Vec::new();
        let mut add = |differences: &mut Vec<f64>| {
            let batch = DMatrix::from_column_slice(dimensions, differences.len() / dimensions.max(1), differences);
            covariance.gemm(1.0, &batch, &batch.transpose(), 1.0);
            differences.clear();
        };
        for passage in passages {
            let mean = |at: usize| {
                let sum: f64 = passage.iter().filter_map(|vector| vector.get(at)).copied().map(f64::from).sum();
                sum / count(passage.len())
            };
            let mean: Vec<f64> = (0..dimensions).map(mean).collect();
            for vector in passage.iter().filter(|vector| vector.len() == dimensions) {
                differences.extend(vector.iter().zip(&mean).map(|(number, mean)| f64::from(*number) - mean));
            }
            if differences.len() >= BATCH * dimensions {
                add(&mut differences);
            }
        }
        add(&mut differences);
        let mean = covariance.trace() / count(dimensions);
        let shrunk = covariance.unscale(mean) + DMatrix::identity(dimensions, dimensions).scale(SHRINKAGE);
        // Nothing differs, or there is no number: then there is no such matrix.
        let inverse = Cholesky::new(shrunk).map(|cholesky| cholesky.inverse().scale(SHRINKAGE));
        let inverse = inverse.filter(|inverse| inverse.iter().all(|number| number.is_finite()));
        #[expect(clippy::cast_possible_truncation, reason = "from -1 to 1")]
        Self(inverse.map(|inverse| inverse.map(|number| number as f32)))
    }

    /// Reads the rows that [`numbers`](Self::numbers) gave; the cosine if they are none.
    pub(crate) fn of(dimensions: usize, numbers: Vec<f32>) -> Self {
        let sound = numbers.len() == dimensions * dimensions && numbers.iter().all(|number| number.is_finite());
        Self(sound.then(|| DMatrix::from_vec(dimensions, dimensions, numbers)))
    }

    /// Its matrix, a row after the other; nothing if it is the cosine.
    pub(crate) fn numbers(&self) -> Option<&[f32]> {
        // It is symmetric.
        self.0.as_ref().map(DMatrix::as_slice)
    }

    /// How long vectors of length 1 are by this measure: at most 1.
    pub(crate) fn lengths(&self, vectors: &[&[f32]]) -> Vec<f32> {
        let sound = |matrix: &&DMatrix<f32>| vectors.iter().all(|vector| vector.len() == matrix.nrows());
        let Some(matrix) = self.0.as_ref().filter(sound) else { return vec![1.0; vectors.len()] };
        let batches = vectors.chunks(BATCH).flat_map(|batch| {
            let numbers = batch.iter().flat_map(|vector| vector.iter().copied());
            let vectors = DMatrix::from_iterator(matrix.nrows(), batch.len(), numbers);
            let measured = (matrix * &vectors).component_mul(&vectors).row_sum();
            measured.iter().map(|square| square.max(0.0).sqrt()).collect::<Vec<_>>()
        });
        batches.collect()
    }

    /// `query` as other vectors are held against it: its product with one of them, by
    /// the length of that one, is how like they are. It is no longer than 1.
    pub(crate) fn held(&self, query: &[f32]) -> Vec<f32> {
        let Some(matrix) = self.0.as_ref().filter(|matrix| matrix.nrows() == query.len()) else {
            return query.to_owned();
        };
        let query = DMatrix::from_column_slice(matrix.nrows(), 1, query);
        let product = matrix * &query;
        let length = product.dot(&query).max(0.0).sqrt().max(f32::EPSILON);
        product.unscale(length).as_slice().to_owned()
    }
}

/// What a product with a held query comes to, for a vector of this length; 0 where a
/// damaged file has no number.
pub(crate) fn by_length(product: f32, length: f32) -> f32 {
    let likeness = product / length;
    if likeness.is_nan() { 0.0 } else { likeness.clamp(-1.0, 1.0) }
}

#[expect(clippy::cast_precision_loss, reason = "counts of vectors and numbers")]
fn count(of: usize) -> f64 {
    of as f64
}

#[cfg(test)]
mod tests;
