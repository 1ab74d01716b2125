//! Addresses that are not written to any more.

use crate::files;
use attache_journal::Digest;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A durable list of addresses. It knows them by their digest alone, so that it
/// outlives the erasure of a person without holding who they were.
#[derive(Clone, Debug)]
pub struct Suppressions {
    folder: Arc<Path>,
}

/// Why an address is not written to.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Suppression {
    /// The version of this document: 1.
    pub version: u32,
    /// Since when.
    pub at: Timestamp,
    /// What happened, such as `hard_bounce`.
    pub why: String,
    /// What the other side said in numbers, such as `5.1.1`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
}

impl Suppression {
    /// The mailbox is not there.
    #[must_use]
    pub fn bounced(at: Timestamp, status: &str) -> Self {
        Self { version: 1, at, why: "hard_bounce".to_owned(), status: Some(status.to_owned()) }
    }

    /// Who reads it wants no more.
    #[must_use]
    pub fn asked(at: Timestamp) -> Self {
        Self { version: 1, at, why: "unsubscribed".to_owned(), status: None }
    }
}

impl Suppressions {
    /// The list in `folder`, which is made when the first address comes.
    #[must_use]
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into().into() }
    }

    /// Adds an address; the first reason stays.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn add(&self, address: &str, why: &Suppression) -> io::Result<()> {
        if self.get(address)?.is_some() {
            return Ok(());
        }
        files::write(&self.folder, &name(address), &serde_json::to_vec(why)?)
    }

    /// Why an address is not written to; `None` if it may be. What cannot be
    /// read says that it may not.
    ///
    /// # Errors
    /// If the list cannot be read.
    pub fn get(&self, address: &str) -> io::Result<Option<Suppression>> {
        match fs::read(self.folder.join(name(address))) {
            Ok(bytes) => Ok(Some(serde_json::from_slice(&bytes)?)),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(e),
        }
    }

    /// Takes an address off the list. `false` if it was not there.
    ///
    /// # Errors
    /// If it cannot be removed.
    pub fn lift(&self, address: &str) -> io::Result<bool> {
        files::erase(&self.folder, &name(address))
    }
}

/// Upper and lower case reach the same mailbox nearly everywhere.
fn name(address: &str) -> String {
    let digest = Digest::of(&[b"suppressed", address.trim().to_lowercase().as_bytes()]);
    format!("{digest}.json")
}
