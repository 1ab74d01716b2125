//! What was found in texts that come again.

use super::{PiiDetector, PiiSpan};
use lru::LruCache;
use sha2::{Digest as _, Sha256};
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How many texts are remembered.
const TEXTS: NonZeroUsize = NonZeroUsize::MIN.saturating_add(4095);

/// A text with more finds is looked at again: the memory has a bound.
const MOST_SPANS: usize = 128;

/// A detector that looks at a text once.
///
/// Many texts come again: a passage of the knowledge base in each run that reads
/// it, what the CRM says of a customer with each of their messages. What was
/// found in the last 4,096 texts is kept, by the SHA-256 of the text: the text
/// itself is not, and what is kept tells nobody's data. At most 13 MB, most of
/// the time a tenth of that.
///
/// A message is asked about twice as well: what is in it, and what of it to hide.
/// [`find`](PiiDetector::find) follows from the candidates, whatever `D` makes of it.
#[derive(Debug)]
pub struct Seen<D> {
    detector: D,
    texts: Mutex<LruCache<[u8; 32], Arc<[PiiSpan]>>>,
}

impl<D> Seen<D> {
    /// Asks `detector` for what was not seen yet.
    #[must_use]
    pub fn new(detector: D) -> Self {
        Self { detector, texts: Mutex::new(LruCache::new(TEXTS)) }
    }

    fn texts(&self) -> MutexGuard<'_, LruCache<[u8; 32], Arc<[PiiSpan]>>> {
        // Nothing under this lock panics half-way through a change.
        self.texts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<D: PiiDetector> PiiDetector for Seen<D> {
    fn candidates(&self, text: &str) -> Vec<PiiSpan> {
        let digest: [u8; 32] = Sha256::digest(text).into();
        let seen = self.texts().get(&digest).map(Arc::clone);
        if let Some(seen) = seen {
            return seen.to_vec();
        }
        let spans = self.detector.candidates(text);
        if spans.len() <= MOST_SPANS {
            self.texts().put(digest, spans.as_slice().into());
        }
        spans
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::PatternPii;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// Counts how often it is asked.
    struct Counting(AtomicUsize);

    impl PiiDetector for Counting {
        fn candidates(&self, text: &str) -> Vec<PiiSpan> {
            self.0.fetch_add(1, Ordering::Relaxed);
            PatternPii.candidates(text)
        }
    }

    #[test]
    fn a_text_is_looked_at_once_and_another_text_is_not_it() {
        let seen = Seen::new(Counting(AtomicUsize::new(0)));
        let texts = ["write to ada@example.com", "write to ada@example.org", "nothing", ""];
        for _ in 0..3 {
            for text in texts {
                assert_eq!(seen.candidates(text), PatternPii.candidates(text), "{text}");
                assert_eq!(seen.find(text), PatternPii.find(text), "{text}");
            }
        }
        assert_eq!(seen.detector.0.load(Ordering::Relaxed), texts.len());
    }

    #[test]
    fn a_text_full_of_finds_is_not_kept() {
        let seen = Seen::new(Counting(AtomicUsize::new(0)));
        let text = "ada@example.com ".repeat(MOST_SPANS + 1);
        assert_eq!(seen.candidates(&text), seen.candidates(&text));
        assert_eq!(seen.detector.0.load(Ordering::Relaxed), 2);
    }

    #[test]
    fn it_forgets_what_was_not_asked_for_long() {
        let seen = Seen::new(Counting(AtomicUsize::new(0)));
        for number in 0..=TEXTS.get() {
            seen.candidates(&format!("text {number}"));
        }
        let before = seen.detector.0.load(Ordering::Relaxed);
        seen.candidates("text 1");
        assert_eq!(seen.detector.0.load(Ordering::Relaxed), before);
        seen.candidates("text 0");
        assert_eq!(seen.detector.0.load(Ordering::Relaxed), before + 1);
    }
}
