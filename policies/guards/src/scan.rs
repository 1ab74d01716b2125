//! What `attache scan` says of a text.

use crate::{CustomerSentiment, PatternPii, PiiDetector, PiiSpan, SentimentDetector};
use attache_journal::Sentiment;
use serde::Serialize;

/// What the detectors say of one text, in the shape of `attache scan`.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Scan {
    /// How it sounds.
    pub sentiment: Sentiment,
    /// The personal data in it, in order, without overlaps.
    pub pii: Vec<PiiSpan>,
}

/// Runs the built-in detectors over `text`.
#[must_use]
pub fn scan(text: &str) -> Scan {
    Scan { sentiment: CustomerSentiment.assess(text), pii: PatternPii.find(text) }
}
