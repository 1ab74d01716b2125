//! What was said in conversations that go on: without it, each message would read all of its conversation again.

use crate::conversation::Turn;
use attache_context::Bundle;
use attache_journal::RunId;
use jiff::Timestamp;
use lru::LruCache;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// So many conversations are known by what they began with; some ten kilobytes each.
const OPENINGS: NonZeroUsize = NonZeroUsize::MIN.saturating_add(2_047);
/// So many turns are known; about a kilobyte each.
const TURNS: NonZeroUsize = NonZeroUsize::MIN.saturating_add(16_383);

/// What a conversation began with.
#[derive(Clone)]
pub(crate) struct Opening {
    pub(crate) bundle: Arc<Bundle>,
    pub(crate) playbook: String,
    pub(crate) at: Timestamp,
}

/// The conversation that a run belongs to, and its turn there if it took a message.
pub(crate) type Followed = (RunId, Option<Turn>);

/// A bounded memory of the journal. Nothing rests on it: whoever asks has seen in the store that the run is
/// not erased and has as many entries as were read.
pub(crate) struct Said {
    openings: Mutex<LruCache<RunId, Opening>>,
    turns: Mutex<LruCache<RunId, (u64, Followed)>>,
}

impl Said {
    pub(crate) fn new() -> Self {
        Self { openings: Mutex::new(LruCache::new(OPENINGS)), turns: Mutex::new(LruCache::new(TURNS)) }
    }

    pub(crate) fn opening(&self, conversation: &RunId) -> Option<Opening> {
        lock(&self.openings).get(conversation).cloned()
    }

    pub(crate) fn keep_opening(&self, conversation: &RunId, opening: &Opening) {
        lock(&self.openings).put(conversation.clone(), opening.clone());
    }

    pub(crate) fn turn(&self, run: &RunId, entries: u64) -> Option<Followed> {
        let (read, followed) = lock(&self.turns).get(run).cloned()?;
        (read == entries).then_some(followed)
    }

    pub(crate) fn keep_turn(&self, run: &RunId, entries: u64, followed: &Followed) {
        lock(&self.turns).put(run.clone(), (entries, followed.clone()));
    }

    /// Forgets what was said in a run.
    pub(crate) fn forget(&self, run: &RunId) {
        lock(&self.openings).pop(run);
        lock(&self.turns).pop(run);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing under these locks panics half-way through a change.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
