//! What proves who somebody is: hashes, in a file of their own.
//!
//! The journal says who may do what; this file only says how they prove that
//! they are it. Each secret names the entry that grants it, so a file that is
//! older than the journal grants nothing that was taken back.

use crate::files::{fault, write};
use attache_journal::StoreError;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// The version of the file.
const VERSION: u32 = 1;

/// The file of secrets, in memory and on disk.
pub(crate) struct Secrets {
    path: PathBuf,
    kept: Mutex<Kept>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    version: u32,
    passwords: BTreeMap<String, Proof>,
    tokens: BTreeMap<String, Proof>,
}

/// One secret, as a hash.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Proof {
    /// The entry of the desk's run that grants it.
    pub(crate) entry: u64,
    /// Argon2 of a password, SHA-256 of a token.
    pub(crate) hash: String,
}

impl Secrets {
    pub(crate) fn open(folder: &Path) -> Result<Self, StoreError> {
        let path = folder.join("secrets.json");
        let refused = |what: String| StoreError::Corrupt { place: path.display().to_string(), what };
        let kept = match fs::read(&path) {
            Ok(bytes) => serde_json::from_slice::<Kept>(&bytes).map_err(|e| refused(e.to_string()))?,
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                Kept { version: VERSION, passwords: BTreeMap::new(), tokens: BTreeMap::new() }
            }
            Err(e) => return Err(fault(&path, &e)),
        };
        if kept.version != VERSION {
            return Err(refused(format!("version {}, this program reads version {VERSION}", kept.version)));
        }
        Ok(Self { path, kept: Mutex::new(kept) })
    }

    pub(crate) fn password(&self, name: &str) -> Option<Proof> {
        self.lock().passwords.get(name).cloned()
    }

    pub(crate) fn set_password(&self, name: &str, proof: Proof) -> Result<(), StoreError> {
        self.change(|kept| kept.passwords.insert(name.to_owned(), proof))
    }

    /// The token of that hash: its id, and the entry that grants it.
    pub(crate) fn token(&self, hash: &str) -> Option<(String, u64)> {
        let kept = self.lock();
        kept.tokens.iter().find(|(_, proof)| proof.hash == hash).map(|(id, proof)| (id.clone(), proof.entry))
    }

    pub(crate) fn set_token(&self, id: &str, proof: Proof) -> Result<(), StoreError> {
        self.change(|kept| kept.tokens.insert(id.to_owned(), proof))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Kept> {
        // What is changed is a copy that replaces the whole: see `change`.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change<T>(&self, change: impl FnOnce(&mut Kept) -> T) -> Result<(), StoreError> {
        let mut kept = self.lock();
        let mut next = kept.clone();
        change(&mut next);
        let bytes = serde_json::to_vec_pretty(&next).unwrap_or_default();
        write(&self.path, &bytes)?;
        *kept = next;
        Ok(())
    }
}

/// What stands for a token or a link: nobody can make one from it.
pub(crate) fn fingerprint(secret: &str) -> String {
    // These secrets are 256 random bits: there is nothing that a slow hash would slow down.
    hex::encode(Sha256::digest(secret.as_bytes()))
}

/// 256 random bits as text.
pub(crate) fn random() -> Result<String, StoreError> {
    let mut bytes = [0; 32];
    let refused = |e: getrandom::Error| StoreError::Io { place: "randomness".to_owned(), what: e.to_string() };
    getrandom::fill(&mut bytes).map_err(refused)?;
    Ok(hex::encode(bytes))
}
