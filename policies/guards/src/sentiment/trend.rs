//! Which way a customer's sentiment goes.

/// After how many days an earlier message weighs half.
pub const HALF_LIFE_DAYS: f64 = 14.0;

/// How a customer sounded over time: each message weighs half as much for every
/// [`HALF_LIFE_DAYS`] that passed since.
///
/// ```
/// use attache_guards::SentimentTrend;
///
/// let mut trend = SentimentTrend::default();
/// trend.add(0.6, 28.0);
/// trend.add(-0.8, 0.0);
/// assert_eq!(trend.mean(), Some(-0.52));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct SentimentTrend {
    sum: f64,
    weights: f64,
}

impl SentimentTrend {
    /// Takes in a message with a score from -1 to 1, written `days` ago. What is
    /// no finite number, and an age below zero, counts as 0.
    pub fn add(&mut self, score: f64, days: f64) {
        let finite = |number: f64| if number.is_finite() { number } else { 0.0 };
        let weight = 0.5_f64.powf(finite(days).max(0.0) / HALF_LIFE_DAYS);
        self.sum += weight * finite(score).clamp(-1.0, 1.0);
        self.weights += weight;
    }

    /// The weighted mean from -1 to 1 with four digits, of any message at all.
    #[must_use]
    pub fn mean(&self) -> Option<f64> {
        (self.weights > 0.0).then(|| (self.sum / self.weights * 10_000.0).round() / 10_000.0 + 0.0)
    }
}

#[cfg(test)]
mod tests;
