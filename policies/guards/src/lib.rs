//! Guards: what a text says before anybody acts on it.
//!
//! Sentiment ([`SentimentDetector`]), personal data ([`PiiDetector`]),
//! placeholders for what must not leave the house ([`Pseudonyms`]), what a text
//! rests on ([`ground`]), and checks
//! on what people and models write ([`wants_human`], [`discloses_ai`],
//! [`FactValues`]). Everything is a pure function of its arguments and linear
//! in the length of the text: guards run on every message and every tool output.
//!
//! Sentiment is a trained model, the rest word lists and shapes; all know
//! English. What they cannot tell they do not guess: see the limits at each item.
//! Better detectors go behind the same traits.
//!
//! Two components were tried and left out. `redact-core` has the same patterns
//! and brings `aes-gcm`, `pbkdf2` and `uuid` with it, which a detector has no
//! use for. `phonenumber` takes 73 ms at its first use and 4 to 16 µs a number
//! (measured here), more than all the other guards together, and without a
//! region it can confirm international numbers alone, where the calling code
//! says as much.

mod asked;
mod facts;
mod flat;
mod fold;
mod grounding;
mod human;
mod known;
mod offsets;
mod others;
mod pii;
mod pseudonyms;
mod scan;
mod sentiment;
mod squeeze;

pub use asked::asks_again;
pub use facts::{FactValues, Stated};
pub use grounding::{Grounded, Grounding, SpecificKind, Unfounded, ground};
pub use human::{discloses_ai, wants_human};
pub use known::{KnownValue, known_facts, known_values};
pub use others::other_ids;
pub use pii::{PatternPii, PiiDetector, PiiKind, PiiSpan, Seen};
pub use pseudonyms::{InventedPlaceholder, Pseudonyms};
pub use scan::{Scan, scan};
pub use sentiment::{
    CustomerSentiment, Features, HALF_LIFE_DAYS, ModelNumbers, NotAModel, SentimentDetector, SentimentModel,
    SentimentTrend, gram_scale, hashed, read, upset_odds, write_model,
};
pub use squeeze::stands_in;

#[cfg(test)]
mod tests;
