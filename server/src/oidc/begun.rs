//! Sign-ins that were begun and did not come back yet, in memory.

use crate::secrets::{fingerprint, random};
use attache_journal::StoreError;
use jiff::{SignedDuration, Timestamp};
use openidconnect::{Nonce, PkceCodeVerifier};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// For how long somebody may stay at the provider.
pub(crate) const LASTS: SignedDuration = SignedDuration::from_mins(10);

/// How many are remembered; beyond that the oldest goes.
const MOST: usize = 10_000;

/// What we remember of one.
pub(super) struct Begun {
    /// The fingerprint of the state that must come back.
    pub(super) state: String,
    /// What the token must carry.
    pub(super) nonce: Nonce,
    /// What proves that it was we who asked for the code.
    pub(super) verifier: PkceCodeVerifier,
    pub(super) at: Timestamp,
}

/// All of them, by the fingerprint of what the browser holds.
#[derive(Default)]
pub(super) struct AllBegun(Mutex<BTreeMap<String, Begun>>);

impl AllBegun {
    /// Remembers one and gives what its browser is to hold.
    pub(super) fn add(&self, begun: Begun) -> Result<String, StoreError> {
        let secret = random()?;
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, other| begun.at.duration_since(other.at) < LASTS);
        while all.len() >= MOST {
            let oldest = all.iter().min_by_key(|(_, begun)| begun.at).map(|(secret, _)| secret.clone());
            let Some(oldest) = oldest else { break };
            all.remove(&oldest);
        }
        all.insert(fingerprint(&secret), begun);
        Ok(secret)
    }

    /// Takes the one of this browser, if the state is its own: each comes back once.
    pub(super) fn take(&self, secret: &str, state: &str, now: Timestamp) -> Option<Begun> {
        let begun = self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&fingerprint(secret))?;
        (begun.state == fingerprint(state) && now.duration_since(begun.at) < LASTS).then_some(begun)
    }
}

#[cfg(test)]
mod tests;
