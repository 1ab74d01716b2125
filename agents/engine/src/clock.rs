//! Time and chance, as parts that tests can replace.

use attache_journal::RunId;
use jiff::Timestamp;
use uuid::Uuid;

/// Where an engine gets the time and fresh ids from.
pub trait Clock: Send + Sync + 'static {
    /// Now.
    fn now(&self) -> Timestamp;

    /// An id that no other run has.
    fn run_id(&self) -> RunId;
}

/// The machine's clock, and ids that sort by it (UUID version 7).
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        // Whole milliseconds: nobody reads more, and a journal has many times.
        let now = Timestamp::now();
        Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
    }

    fn run_id(&self) -> RunId {
        RunId::new(format!("run_{}", Uuid::now_v7().simple()))
    }
}
