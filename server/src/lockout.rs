//! Guessing passwords gets slower than anybody can wait.

use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// How many wrong passwords in a row lock a name.
const MOST: u32 = 5;
/// For how long.
const LOCKED: SignedDuration = SignedDuration::from_mins(15);
/// How many names are remembered; beyond that the oldest goes.
const NAMES: usize = 10_000;

/// The wrong guesses of each name.
#[derive(Default)]
pub(crate) struct Lockout(Mutex<BTreeMap<String, Guesses>>);

struct Guesses {
    count: u32,
    last: Timestamp,
}

impl Lockout {
    /// Whether nobody may try this name at `now`.
    pub(crate) fn is_locked(&self, name: &str, now: Timestamp) -> bool {
        let guesses = self.lock();
        guesses.get(name).is_some_and(|guesses| guesses.count >= MOST && now.duration_since(guesses.last) < LOCKED)
    }

    /// Takes in a wrong guess, before it is known to be one: guesses at the same
    /// time all count. True if it was the one that locks.
    pub(crate) fn guess(&self, name: &str, now: Timestamp) -> bool {
        let mut all = self.lock();
        all.retain(|_, guesses| now.duration_since(guesses.last) < LOCKED);
        while all.len() >= NAMES && !all.contains_key(name) {
            let oldest = all.iter().min_by_key(|(_, guesses)| guesses.last).map(|(name, _)| name.clone());
            let Some(oldest) = oldest else { break };
            all.remove(&oldest);
        }
        let guesses = all.entry(name.to_owned()).or_insert(Guesses { count: 0, last: now });
        guesses.count += 1;
        guesses.last = now;
        guesses.count == MOST
    }

    /// Forgets the guesses of somebody who knew.
    pub(crate) fn forgive(&self, name: &str) {
        self.lock().remove(name);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Guesses>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
