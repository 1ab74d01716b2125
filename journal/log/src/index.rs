//! The index: a sled database that can be rebuilt from the log at any time.
//!
//! One tree, so that rows and checkpoint change in one atomic batch:
//!
//! | key | value |
//! |---|---|
//! | `m` | version and checkpoint |
//! | `r` run | its [`Row`] as JSON |
//! | `u` run | nothing: the run is open |
//! | `t` start, run | nothing: runs by time |
//! | `c` subject, 0, start, run | nothing: runs by subject and time |
//! | `p` subject, 0, run | nothing: runs that reached the subject |
//! | `h` subject, 0, run | nothing: runs that a person was given |
//! | `d` draft | the run |
//! | `s` subject | the customer's id under the subject's key |
//!
//! Nothing in here says anything of a customer once their key is gone, not even
//! in pages that the database has not overwritten yet.

use crate::live::{Listing, Row, Snapshot};
use crate::ring::Ring;
use crate::segment::Position;
use attache_journal::{DraftId, Key, RunId, RunSummary, StoreError, SubjectId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, HashSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

/// The version of the keys and rows. Another version is rebuilt, not migrated.
///
/// 2: as described above. 1 did not list the runs that a person was given.
const VERSION: u32 = 2;
const META: &[u8] = b"m";

/// The index of a store. It comes into being with the first write to it, so
/// that a short process never pays for it.
pub(crate) struct Index {
    path: PathBuf,
    marker: PathBuf,
    cache: u64,
    db: OnceLock<sled::Db>,
    /// Whether something was found wrong with it since it was opened.
    damaged: AtomicBool,
}

/// Up to where the index is complete.
#[derive(Deserialize, Serialize)]
struct Meta {
    v: u32,
    segment: u64,
    offset: u64,
    last: u64,
    records: u64,
    #[serde(with = "crate::live::hexadecimal")]
    chain: [u8; 32],
}

/// What sled said, or that it panicked.
struct Damage(String);

impl Index {
    /// Opens the index in `dir` if there is one that can be used, and says up
    /// to where it is complete. What cannot be used is removed: the log has it.
    pub(crate) fn open(dir: &Path, cache: u64) -> Result<(Self, Option<Position>), StoreError> {
        let index = Self {
            path: dir.join("index"),
            marker: dir.join("index.damaged"),
            cache,
            db: OnceLock::new(),
            damaged: AtomicBool::new(false),
        };
        if index.marker.exists() {
            return Ok((index.reset("it was found damaged while in use")?, None));
        }
        if !index.path.exists() {
            return Ok((index, None));
        }
        let meta = index.connect().and_then(|db| index.get::<Meta>(db, META));
        match meta {
            Ok(Some(meta)) if meta.v == VERSION => {
                let Meta { v: _, segment: number, offset, last, records, chain } = meta;
                Ok((index, Some(Position { number, offset, last, records, chain })))
            }
            Ok(Some(meta)) => Ok((index.reset(&format!("it has version {}", meta.v))?, None)),
            Ok(None) => Ok((index.reset("it was never finished")?, None)),
            Err(Damage(what)) => Ok((index.reset(&what)?, None)),
        }
    }

    /// The same index, empty.
    pub(crate) fn reset(self, why: &str) -> Result<Self, StoreError> {
        tracing::warn!(index = %self.path.display(), why, "the index is rebuilt from the log");
        let Self { path, marker, cache, db, damaged: _ } = self;
        // Sled may fail while it closes what it could not read.
        let _ = catch_unwind(AssertUnwindSafe(|| drop(db)));
        for (path, removed) in [
            (&path, if path.is_dir() { std::fs::remove_dir_all(&path) } else { std::fs::remove_file(&path) }),
            // The marker goes last: until then the next opening starts over.
            (&marker, std::fs::remove_file(&marker)),
        ] {
            match removed {
                Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
                    return Err(crate::fs::fault(path, &e));
                }
                Ok(()) | Err(_) => {}
            }
        }
        Ok(Self { path, marker, cache, db: OnceLock::new(), damaged: AtomicBool::new(false) })
    }

    /// What the index has of a run.
    pub(crate) fn row(&self, run: &RunId) -> Result<Option<Row>, StoreError> {
        self.query(|db| self.get(db, &key(b'r', run)))
    }

    /// The runs that were open at the checkpoint.
    pub(crate) fn open_runs(&self) -> Result<Vec<(RunId, Row)>, StoreError> {
        self.query(|db| {
            let mut rows = Vec::new();
            for item in db.scan_prefix(b"u").keys() {
                let run = run_at(&item.map_err(Damage::of)?, 1)?;
                let row: Option<Row> = self.get(db, &key(b'r', &run))?;
                let row = row.ok_or_else(|| Damage("an open run is missing".to_owned()))?;
                rows.push((run, Row { listed_open: true, ..row }));
            }
            Ok(rows)
        })
    }

    /// Gives `take` the summaries of one subject's runs, or of all, newest
    /// first, back to `since`, until it returns false.
    pub(crate) fn newest_first(
        &self,
        subject: Option<&SubjectId>,
        since: Option<Timestamp>,
        mut take: impl FnMut(RunSummary) -> bool,
    ) -> Result<(), StoreError> {
        self.query(|db| {
            let prefix = prefix(subject);
            for item in db.scan_prefix(&prefix).rev() {
                let (key, _) = item.map_err(Damage::of)?;
                let start = key.get(prefix.len()..prefix.len() + 16).unwrap_or_default();
                if since.is_some_and(|since| start < moment(since).as_slice()) {
                    break;
                }
                let run = run_at(&key, prefix.len() + 16)?;
                let row: Option<Row> = self.get(db, &[b"r", run.as_str().as_bytes()].concat())?;
                let summary = row.and_then(|row| row.summary);
                if !take(summary.ok_or_else(|| Damage("a listed run is missing".to_owned()))?) {
                    break;
                }
            }
            Ok(())
        })
    }

    /// Gives `take` the summaries of the subject's runs that are listed so and
    /// that `known` does not hold.
    pub(crate) fn listed(
        &self,
        listing: Listing,
        subject: &SubjectId,
        known: &HashSet<RunId>,
        mut take: impl FnMut(&RunSummary),
    ) -> Result<(), StoreError> {
        self.query(|db| {
            let prefix = list(listing, subject);
            for item in db.scan_prefix(&prefix).keys() {
                let run = run_at(&item.map_err(Damage::of)?, prefix.len())?;
                if !known.contains(&run) {
                    let row: Option<Row> = self.get(db, &[b"r", run.as_str().as_bytes()].concat())?;
                    let summary = row.and_then(|row| row.summary);
                    take(&summary.ok_or_else(|| Damage("a listed run is missing".to_owned()))?);
                }
            }
            Ok(())
        })
    }

    /// The runs that have drafts.
    pub(crate) fn drafting_runs(&self) -> Result<BTreeSet<RunId>, StoreError> {
        self.query(|db| {
            let runs = db.scan_prefix(b"d").values().map(|run| run_at(&run.map_err(Damage::of)?, 0));
            runs.collect()
        })
    }

    /// The run that made a draft.
    pub(crate) fn run_of(&self, draft: &DraftId) -> Result<Option<RunId>, StoreError> {
        self.query(|db| {
            let run = db.get([b"d", draft.as_str().as_bytes()].concat()).map_err(Damage::of)?;
            run.map(|run| run_at(&run, 0)).transpose()
        })
    }

    /// Tells the ring who the subjects are.
    pub(crate) fn names(&self, ring: &Ring) -> Result<(), StoreError> {
        self.query(|db| {
            for item in db.scan_prefix(b"s") {
                let (key, sealed) = item.map_err(Damage::of)?;
                let id = key.get(1..).and_then(|id| std::str::from_utf8(id).ok()).map(SubjectId::new);
                let id = id.ok_or_else(|| Damage("a key is no subject's".to_owned()))?;
                if let Key::Of(subject) = ring.get(&id) {
                    let name = subject.open_name(&sealed);
                    ring.claim(&id, &name.ok_or_else(|| Damage("a subject's name cannot be read".to_owned()))?);
                }
            }
            Ok(())
        })
    }

    /// Takes in that a subject's entries cannot be read any more.
    pub(crate) fn erase(&self, subject: &SubjectId) -> Result<(), StoreError> {
        self.query(|db| {
            let prefix = prefix(Some(subject));
            let mut batch = sled::Batch::default();
            for item in db.scan_prefix(&prefix).keys() {
                let run = run_at(&item.map_err(Damage::of)?, prefix.len() + 16)?;
                if let Some(mut row) = self.get::<Row>(db, &key(b'r', &run))? {
                    row.erase(subject);
                    batch.insert(key(b'r', &run), json(&row)?);
                    batch.remove(key(b'u', &run));
                }
            }
            batch.remove([b"s", subject.as_str().as_bytes()].concat());
            db.apply_batch(batch).map_err(Damage::of)?;
            db.flush().map_err(Damage::of)?;
            Ok(())
        })
    }

    /// Writes rows and checkpoint in one step.
    pub(crate) fn write(&self, snapshot: &Snapshot, ring: &Ring) -> Result<(), StoreError> {
        self.guarded(|| {
            let mut batch = sled::Batch::default();
            let mut named = HashSet::new();
            for (run, row) in &snapshot.rows {
                batch.insert(key(b'r', run), json(row)?);
                match (row.listed_open, row.ended) {
                    (true, true) => batch.remove(key(b'u', run)),
                    (false, false) => batch.insert(key(b'u', run), b""),
                    // Most runs end before the index hears of them.
                    (true, false) | (false, true) => {}
                }
                if let Some(summary) = &row.summary {
                    if let Some(subject) = &summary.subject {
                        for listing in Listing::of(summary) {
                            batch.insert([&list(listing, subject)[..], run.as_str().as_bytes()].concat(), b"");
                        }
                        if named.insert(subject)
                            && let Some((name, key)) = ring.owner(subject)
                        {
                            batch.insert([b"s", subject.as_str().as_bytes()].concat(), key.seal_name(&name));
                        }
                    }
                    for listed in [Some(None), summary.subject.as_ref().map(Some)].into_iter().flatten() {
                        let mut key = prefix(listed);
                        key.extend_from_slice(&moment(summary.started_at));
                        key.extend_from_slice(run.as_str().as_bytes());
                        batch.insert(key, b"");
                    }
                    for draft in &summary.drafts {
                        batch.insert([b"d", draft.draft.as_str().as_bytes()].concat(), run.as_str().as_bytes());
                    }
                }
            }
            let Position { number: segment, offset, last, chain, records } = snapshot.end;
            batch.insert(META, json(&Meta { v: VERSION, segment, offset, last, records, chain })?);
            let db = self.connect_now()?;
            db.apply_batch(batch).map_err(Damage::of)?;
            db.flush().map_err(Damage::of).map(|_| ())
        })
        .map_err(|damage| self.note(&damage))
    }

    fn query<T: Default>(&self, ask: impl FnOnce(&sled::Db) -> Result<T, Damage>) -> Result<T, StoreError> {
        let Some(db) = self.db.get() else {
            return Ok(T::default());
        };
        self.guarded(|| ask(db)).map_err(|damage| self.note(&damage))
    }

    /// Sled panics on some of what it cannot read.
    fn guarded<T>(&self, act: impl FnOnce() -> Result<T, Damage>) -> Result<T, Damage> {
        catch_unwind(AssertUnwindSafe(act)).unwrap_or_else(|_| Err(Damage("sled panicked".to_owned())))
    }

    fn connect(&self) -> Result<&sled::Db, Damage> {
        self.guarded(|| self.connect_now())
    }

    fn connect_now(&self) -> Result<&sled::Db, Damage> {
        if let Some(db) = self.db.get() {
            return Ok(db);
        }
        let config = sled::Config::new().path(&self.path).cache_capacity(self.cache).flush_every_ms(None);
        let db = config.open().map_err(Damage::of)?;
        // Openings are one at a time: by `open` and then under the indexing lock.
        Ok(self.db.get_or_init(|| db))
    }

    fn get<T: serde::de::DeserializeOwned>(&self, db: &sled::Db, key: &[u8]) -> Result<Option<T>, Damage> {
        self.guarded(|| {
            let value = db.get(key).map_err(Damage::of)?;
            value.map(|value| serde_json::from_slice(&value).map_err(Damage::of)).transpose()
        })
    }

    /// Whether nothing was found wrong with it since it was opened.
    pub(crate) fn usable(&self) -> bool {
        !self.damaged.load(Ordering::Relaxed)
    }

    /// Notes for the next opening that the index must be rebuilt.
    fn note(&self, damage: &Damage) -> StoreError {
        self.damaged.store(true, Ordering::Relaxed);
        let noted = std::fs::write(&self.marker, &damage.0);
        tracing::error!(index = %self.path.display(), what = damage.0, noted = noted.is_ok(), "the index is damaged");
        StoreError::Io {
            place: self.path.display().to_string(),
            what: format!("{}; nothing is lost: the index is rebuilt when the store is opened again", damage.0),
        }
    }
}

impl Damage {
    fn of(error: impl std::fmt::Display) -> Self {
        Self(error.to_string())
    }
}

fn key(kind: u8, run: &RunId) -> Vec<u8> {
    [&[kind], run.as_str().as_bytes()].concat()
}

fn prefix(subject: Option<&SubjectId>) -> Vec<u8> {
    // No id has a control character in it, so none is another's prefix.
    subject.map_or_else(|| b"t".to_vec(), |id| [b"c", id.as_str().as_bytes(), b"\0"].concat())
}

fn list(listing: Listing, subject: &SubjectId) -> Vec<u8> {
    let kind = match listing {
        Listing::Reached => b"p",
        Listing::HandedOver => b"h",
    };
    [kind, subject.as_str().as_bytes(), b"\0"].concat()
}

/// Sixteen bytes that sort as the time does.
fn moment(at: Timestamp) -> [u8; 16] {
    (at.as_nanosecond() as u128 ^ 1 << 127).to_be_bytes()
}

fn run_at(key: &[u8], start: usize) -> Result<RunId, Damage> {
    let text = key.get(start..).and_then(|run| std::str::from_utf8(run).ok());
    text.map(RunId::new).ok_or_else(|| Damage("a key is no run's".to_owned()))
}

fn json<T: Serialize>(value: &T) -> Result<Vec<u8>, Damage> {
    serde_json::to_vec(value).map_err(Damage::of)
}
