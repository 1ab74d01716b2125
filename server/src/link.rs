//! Links that set a password, each once.

use crate::secrets::{fingerprint, random};
use attache_journal::StoreError;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// For how long a link is good.
const LASTS: SignedDuration = SignedDuration::from_hours(24);

/// The links that nobody used yet, in memory: a restart takes them back.
#[derive(Default)]
pub(crate) struct Links(Mutex<BTreeMap<String, (String, Timestamp)>>);

impl Links {
    /// A link for this account; one that it had before is worth nothing.
    pub(crate) fn make(&self, name: &str, now: Timestamp) -> Result<String, StoreError> {
        let secret = random()?;
        let mut links = self.lock();
        links.retain(|_, (of, _)| of != name);
        links.insert(fingerprint(&secret), (name.to_owned(), now));
        Ok(secret)
    }

    /// Whose link it is, if it is still good.
    pub(crate) fn whose(&self, secret: &str, now: Timestamp) -> Option<String> {
        let links = self.lock();
        let (name, made) = links.get(&fingerprint(secret))?;
        (now.duration_since(*made) < LASTS).then(|| name.clone())
    }

    /// Takes the link: of two at once one has it.
    pub(crate) fn take(&self, secret: &str, now: Timestamp) -> Option<String> {
        let (name, made) = self.lock().remove(&fingerprint(secret))?;
        (now.duration_since(made) < LASTS).then_some(name)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, (String, Timestamp)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
