//! Who is signed in. A restart signs everybody out.

use crate::secrets::{fingerprint, random};
use attache_journal::StoreError;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// The sessions, by the fingerprint of what the browser holds.
pub(crate) struct Sessions {
    lasts: SignedDuration,
    open: Mutex<BTreeMap<String, Session>>,
}

/// One browser of one person.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    pub(crate) name: String,
    /// What each form of theirs carries.
    pub(crate) csrf: String,
    since: Timestamp,
}

impl Sessions {
    pub(crate) fn new(lasts: SignedDuration) -> Self {
        Self { lasts, open: Mutex::default() }
    }

    /// Opens a session and gives what its browser is to hold.
    pub(crate) fn open(&self, name: &str, now: Timestamp) -> Result<String, StoreError> {
        let secret = random()?;
        let session = Session { name: name.to_owned(), csrf: random()?, since: now };
        let mut open = self.lock();
        open.retain(|_, session| now.duration_since(session.since) < self.lasts);
        open.insert(fingerprint(&secret), session);
        Ok(secret)
    }

    pub(crate) fn find(&self, secret: &str, now: Timestamp) -> Option<Session> {
        let session = self.lock().get(&fingerprint(secret)).cloned()?;
        (now.duration_since(session.since) < self.lasts).then_some(session)
    }

    pub(crate) fn close(&self, secret: &str) {
        self.lock().remove(&fingerprint(secret));
    }

    /// Closes every session of an account.
    pub(crate) fn close_all(&self, name: &str) {
        self.lock().retain(|_, session| session.name != name);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Session>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
