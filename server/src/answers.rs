//! What a request with an `Idempotency-Key` was answered, so that it is done once.
//!
//! A request is noted durably before it begins and its answer before it is told.
//! One that a crash cut is therefore known: nobody says what became of it, and
//! nobody does it again.

use crate::files::{fault, write};
use attache_journal::{Digest, StoreError};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The version of the files.
const VERSION: u32 = 1;
/// For how long an answer is kept.
const KEPT: SignedDuration = SignedDuration::from_hours(24);
/// How many are kept; beyond that the oldest goes.
const MOST: usize = 100_000;

/// The answers that are kept, a file for each.
pub(crate) struct Answers {
    folder: PathBuf,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    since: BTreeMap<String, Timestamp>,
    by_age: BTreeSet<(Timestamp, String)>,
    /// Those that are being answered now.
    begun: BTreeSet<String>,
}

/// A request and what became of it.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    version: u32,
    at: Timestamp,
    /// The digest of the whole request.
    asked: Digest,
    became: Became,
}

/// What became of a request.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Became {
    /// It was begun; nothing more is known.
    Begun,
    /// It was answered, and the answer is not kept: it held a secret, or somebody
    /// was forgotten since.
    Forgotten,
    /// It was answered so.
    Told(Answer),
}

/// An answer.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// The headers that say something of the body or where it is.
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

/// What is known of a request that is about to begin.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Before {
    /// Nothing: it begins now.
    New,
    /// It is being answered at this moment.
    Now,
    /// The key was used for another request.
    Other,
    /// It was asked before.
    Was(Became),
}

impl Answers {
    /// Reads which there are; what is too old is gone.
    pub(crate) fn open(folder: &Path, now: Timestamp) -> Result<Self, StoreError> {
        let answers = Self { folder: folder.join("answers"), known: Mutex::default() };
        for path in listed(&answers.folder)? {
            // A file that cannot be read, say one of a later version, keeps its key taken.
            let at = read(&path)?.map_or(now, |kept| kept.at);
            if let Some(name) = path.file_stem().and_then(|name| name.to_str()) {
                answers.lock().note(name, at);
            }
        }
        answers.sweep(now)?;
        Ok(answers)
    }

    /// Takes in that this request begins, unless it did before. `name` is made
    /// of who asks and of their key.
    pub(crate) fn begin(&self, name: &str, asked: &Digest, now: Timestamp) -> Result<Before, StoreError> {
        self.sweep(now)?;
        let mut known = self.lock();
        if known.begun.contains(name) {
            return Ok(Before::Now);
        }
        if known.since.contains_key(name) {
            let kept = read(&self.path(name))?;
            return Ok(match kept {
                Some(kept) if kept.asked == *asked => Before::Was(kept.became),
                Some(_) => Before::Other,
                None => Before::Was(Became::Begun),
            });
        }
        self.keep(name, &Kept { version: VERSION, at: now, asked: asked.clone(), became: Became::Begun })?;
        known.note(name, now);
        known.begun.insert(name.to_owned());
        Ok(Before::New)
    }

    /// Takes in what it was answered; with nothing, it may be asked again.
    pub(crate) fn end(
        &self,
        name: &str,
        asked: Digest,
        became: Option<Became>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let result = match became {
            Some(became) => self.keep(name, &Kept { version: VERSION, at: now, asked, became }),
            None => self.remove(&mut self.lock(), name),
        };
        self.lock().begun.remove(name);
        result
    }

    /// Drops the text of every answer: somebody is forgotten, and what we told of
    /// them must be too. That these requests were done stays known.
    pub(crate) fn forget(folder: &Path) -> Result<(), StoreError> {
        for path in listed(&folder.join("answers"))? {
            if let Some(kept) = read(&path)? {
                let became = match kept.became {
                    Became::Begun => Became::Begun,
                    Became::Forgotten | Became::Told(_) => Became::Forgotten,
                };
                write(&path, &serde_json::to_vec(&Kept { became, ..kept }).unwrap_or_default())?;
            }
        }
        Ok(())
    }

    fn sweep(&self, now: Timestamp) -> Result<(), StoreError> {
        let mut known = self.lock();
        while let Some((at, name)) = known.by_age.first().cloned() {
            let old = now.duration_since(at) > KEPT || known.by_age.len() > MOST;
            if !old || known.begun.contains(&name) {
                break;
            }
            self.remove(&mut known, &name)?;
        }
        Ok(())
    }

    fn remove(&self, known: &mut Known, name: &str) -> Result<(), StoreError> {
        let path = self.path(name);
        match fs::remove_file(&path) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(fault(&path, &e)),
            Ok(()) | Err(_) => {}
        }
        if let Some(at) = known.since.remove(name) {
            known.by_age.remove(&(at, name.to_owned()));
        }
        Ok(())
    }

    fn keep(&self, name: &str, kept: &Kept) -> Result<(), StoreError> {
        write(&self.path(name), &serde_json::to_vec(kept).unwrap_or_default())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.json"))
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn note(&mut self, name: &str, at: Timestamp) {
        self.since.insert(name.to_owned(), at);
        self.by_age.insert((at, name.to_owned()));
    }
}

fn listed(folder: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let listing = match fs::read_dir(folder) {
        Ok(listing) => listing,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(fault(folder, &e)),
    };
    let paths: Result<Vec<_>, _> = listing.map(|entry| entry.map(|entry| entry.path())).collect();
    let mut paths = paths.map_err(|e| fault(folder, &e))?;
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    Ok(paths)
}

fn read(path: &Path) -> Result<Option<Kept>, StoreError> {
    let bytes = fs::read(path).map_err(|e| fault(path, &e))?;
    Ok(serde_json::from_slice::<Kept>(&bytes).ok().filter(|kept| kept.version == VERSION))
}

#[cfg(test)]
mod tests;
