//! Who is being forgotten: effects about them wait, and then do not happen.

use attache_journal::SubjectId;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use tokio::sync::RwLock;

/// Held for reading while something is done about a person, for writing while
/// they are forgotten; true once they are.
pub(crate) type Gate = Arc<RwLock<bool>>;

/// The gates of those whom something is done about.
///
/// An order to forget somebody takes back what left about them, by the intents
/// in the journal. Without a gate, a call whose intent comes after that look,
/// or that is on its way, would leave something that nobody finds any more.
#[derive(Default)]
pub(crate) struct Gates(Mutex<BTreeMap<SubjectId, Weak<RwLock<bool>>>>);

impl Gates {
    /// The gate of this person: the same for all who ask while one holds it.
    pub(crate) fn of(&self, subject: &SubjectId) -> Gate {
        // Nothing that holds the lock can panic half-way.
        let mut gates = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(gate) = gates.get(subject).and_then(Weak::upgrade) {
            return gate;
        }
        // Now and then, so that each costs little.
        if gates.len().is_power_of_two() {
            gates.retain(|_, gate| gate.strong_count() > 0);
        }
        let gate = Gate::default();
        gates.insert(subject.clone(), Arc::downgrade(&gate));
        gate
    }
}
