//! The index: a sled database that can be rebuilt from the log at any time.
//!
//! One tree, so that a row and all keys that lead to it change in one atomic batch. Rows are written before the checkpoint
//! that they are part of: what the index has beyond its checkpoint is met again in the log.
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
//! | `o` outcome, start, run | nothing: runs at rest by time |
//! | `l` outcome, last entry, run | nothing: runs by their last entry |
//! | `d` draft | the run |
//! | `q` state, due, draft | the run: drafts by where they stand and when they are due |
//! | `s` subject | the customer's id under the subject's key |
//!
//! Nothing in here says anything of a customer once their key is gone, not even
//! in pages that the database has not overwritten yet.

mod keys;

use crate::live::{Listing, Row, Snapshot};
use crate::ring::Ring;
use crate::segment::Position;
use attache_journal::{
    DraftFilter, DraftId, DraftState, Key, Outcome, RunFilter, RunId, RunSummary, StoreError, SubjectId,
};
use keys::MOMENT;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashSet};
use std::ops::Bound;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

/// The version of the keys and rows. Another version is rebuilt, not migrated.
///
/// 2: as described above. 1 listed no run by its outcome, its last entry or that
/// a person was given it, and no draft by where it stands.
const VERSION: u32 = 2;
const META: &[u8] = b"m";

/// So many rows are written at a time: whoever reads waits meanwhile, less than a millisecond, and each time wakes
/// all of sled's threads.
const ROWS_AT_ONCE: usize = 16;

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
        self.query(|db| self.get(db, &keys::of_run(b'r', run)))
    }

    /// The runs that were open at the checkpoint.
    pub(crate) fn open_runs(&self) -> Result<Vec<(RunId, Row)>, StoreError> {
        self.query(|db| {
            let mut rows = Vec::new();
            for item in db.scan_prefix(b"u").keys() {
                let run = run_at(&item.map_err(Damage::of)?, 1)?;
                let row = self.row_of(db, &run)?;
                rows.push((run, row));
            }
            Ok(rows)
        })
    }

    /// Gives `take` the summaries of one subject's runs, or of all, until it
    /// returns false: those that `filter` admits among others, newest first,
    /// except that those that changed since a time come in no order.
    pub(crate) fn runs(
        &self,
        subject: Option<&SubjectId>,
        filter: &RunFilter,
        mut take: impl FnMut(RunSummary) -> bool,
    ) -> Result<(), StoreError> {
        self.query(|db| {
            for prefix in looked_by(subject, filter) {
                for item in db.range(span(&prefix, filter)).keys().rev() {
                    let run = run_at(&item.map_err(Damage::of)?, prefix.len() + MOMENT)?;
                    if !take(self.summary_of(db, &run)?) {
                        break;
                    }
                }
            }
            Ok(())
        })
    }

    /// How many runs `filter` admits that `known` does not hold, up to `most`;
    /// it names no customer and no time of change.
    pub(crate) fn count_runs(
        &self,
        filter: &RunFilter,
        known: &HashSet<RunId>,
        most: usize,
    ) -> Result<usize, StoreError> {
        self.query(|db| {
            let mut count = 0;
            for prefix in looked_by(None, filter) {
                for item in db.range(span(&prefix, filter)).keys() {
                    if count == most {
                        break;
                    }
                    let run = run_at(&item.map_err(Damage::of)?, prefix.len() + MOMENT)?;
                    count += usize::from(!known.contains(&run));
                }
            }
            Ok(count)
        })
    }

    /// Gives `take` the summaries of the subject's runs that are listed so,
    /// except those that are `known`.
    pub(crate) fn listed(
        &self,
        listing: Listing,
        subject: &SubjectId,
        known: impl Fn(&RunId) -> bool,
        mut take: impl FnMut(&RunSummary),
    ) -> Result<(), StoreError> {
        self.query(|db| {
            let prefix = keys::listed(listing, subject);
            for item in db.scan_prefix(&prefix).keys() {
                let run = run_at(&item.map_err(Damage::of)?, prefix.len())?;
                if !known(&run) {
                    take(&self.summary_of(db, &run)?);
                }
            }
            Ok(())
        })
    }

    /// Gives `take` the drafts that `filter` admits, each with its run, except
    /// those of runs that `known` holds: at most so many of each state, in their
    /// order.
    pub(crate) fn drafts(
        &self,
        filter: &DraftFilter,
        known: &HashSet<RunId>,
        most: usize,
        mut take: impl FnMut(DraftId, RunId),
    ) -> Result<(), StoreError> {
        self.query(|db| {
            for state in DraftState::ALL.into_iter().filter(|state| filter.state.is_none_or(|only| only == *state)) {
                let prefix = keys::standing(state);
                let range = db.range(due_span(&prefix, filter));
                let found: Box<dyn Iterator<Item = _>> =
                    if filter.last_first { Box::new(range.rev()) } else { Box::new(range) };
                let mut left = most;
                for item in found {
                    if left == 0 {
                        break;
                    }
                    let (key, run) = item.map_err(Damage::of)?;
                    let run = run_at(&run, 0)?;
                    if !known.contains(&run) {
                        left -= 1;
                        take(DraftId::new(text_at(&key, prefix.len() + MOMENT)?), run);
                    }
                }
            }
            Ok(())
        })
    }

    /// The run that made a draft.
    pub(crate) fn run_of(&self, draft: &DraftId) -> Result<Option<RunId>, StoreError> {
        self.query(|db| {
            let run = db.get(keys::of_draft(draft)).map_err(Damage::of)?;
            run.map(|run| run_at(&run, 0)).transpose()
        })
    }

    /// Tells the ring who the subjects are.
    pub(crate) fn names(&self, ring: &Ring) -> Result<(), StoreError> {
        self.query(|db| {
            for item in db.scan_prefix(b"s") {
                let (key, sealed) = item.map_err(Damage::of)?;
                let id = SubjectId::new(text_at(&key, 1)?);
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
            let prefix = keys::theirs(subject);
            let mut batch = sled::Batch::default();
            for item in db.scan_prefix(&prefix).keys() {
                let run = run_at(&item.map_err(Damage::of)?, prefix.len() + MOMENT)?;
                if let Some(row) = self.get::<Row>(db, &keys::of_run(b'r', &run))? {
                    let mut erased = row.clone();
                    erased.erase(subject);
                    put(&mut batch, &run, Some(&row), &erased)?;
                }
            }
            batch.remove([b"s", subject.as_str().as_bytes()].concat());
            db.apply_batch(batch).map_err(Damage::of)?;
            db.flush().map_err(Damage::of)?;
            Ok(())
        })
    }

    /// Writes rows, and then the checkpoint that they make. After some it rests
    /// `idle` times as long as they took, so that whoever answers a customer
    /// meanwhile finds a processor.
    pub(crate) fn write(&self, snapshot: &Snapshot, ring: &Ring, idle: u32) -> Result<(), StoreError> {
        self.guarded(|| {
            let db = self.connect_now()?;
            let mut named = HashSet::new();
            for rows in snapshot.rows.chunks(ROWS_AT_ONCE) {
                let began = Instant::now();
                let mut batch = sled::Batch::default();
                for (run, row) in rows {
                    let before = self.get::<Row>(db, &keys::of_run(b'r', run))?;
                    put(&mut batch, run, before.as_ref(), row)?;
                    if let Some(subject) = row.summary.as_ref().and_then(|summary| summary.subject.as_ref())
                        && named.insert(subject)
                        && let Some((name, key)) = ring.owner(subject)
                    {
                        batch.insert([b"s", subject.as_str().as_bytes()].concat(), key.seal_name(&name));
                    }
                }
                db.apply_batch(batch).map_err(Damage::of)?;
                std::thread::sleep(began.elapsed() * idle);
            }
            let Position { number: segment, offset, last, chain, records } = snapshot.end;
            let meta = json(&Meta { v: VERSION, segment, offset, last, records, chain })?;
            db.insert(META, meta).map_err(Damage::of)?;
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

    fn row_of(&self, db: &sled::Db, run: &RunId) -> Result<Row, Damage> {
        let row = self.get(db, &keys::of_run(b'r', run))?;
        row.ok_or_else(|| Damage("a listed run is missing".to_owned()))
    }

    fn summary_of(&self, db: &sled::Db, run: &RunId) -> Result<RunSummary, Damage> {
        let summary = self.row_of(db, run)?.summary;
        summary.ok_or_else(|| Damage("a listed run has no beginning".to_owned()))
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

/// Puts a run's row in the place of the one before, and lists it as it is now.
fn put(batch: &mut sled::Batch, run: &RunId, before: Option<&Row>, row: &Row) -> Result<(), Damage> {
    let old = before.map_or_else(BTreeMap::new, |before| keys::listing(run, before));
    let new = keys::listing(run, row);
    for key in old.keys().filter(|key| !new.contains_key(*key)) {
        batch.remove(&key[..]);
    }
    for (key, value) in new.into_iter().filter(|(key, _)| !old.contains_key(key)) {
        batch.insert(key, value);
    }
    batch.insert(keys::of_run(b'r', run), json(row)?);
    Ok(())
}

/// What the keys begin with by which runs are looked for.
fn looked_by(subject: Option<&SubjectId>, filter: &RunFilter) -> Vec<Vec<u8>> {
    match (subject, filter.changed_since, filter.outcome) {
        (Some(subject), ..) => vec![keys::theirs(subject)],
        (None, Some(_), Some(outcome)) => vec![keys::changed(Some(outcome))],
        (None, Some(_), None) => {
            let all = Outcome::ALL.into_iter().map(Some).chain([None]);
            all.map(keys::changed).collect()
        }
        (None, None, Some(outcome)) => vec![keys::rested(outcome)],
        (None, None, None) => vec![keys::RUNS.to_vec()],
    }
}

/// The keys of the runs that `filter` may admit, among those with this prefix.
fn span(prefix: &[u8], filter: &RunFilter) -> Span {
    let changes = prefix.starts_with(&keys::CHANGED);
    let since = if changes { filter.changed_since } else { filter.since };
    let start = since.map_or_else(|| prefix.to_vec(), |since| keys::timed(prefix, since, ""));
    let end = match &filter.after {
        Some((at, run)) if !changes => keys::timed(prefix, *at, run.as_str()),
        Some(_) | None => past(prefix),
    };
    between(Bound::Included(start), end)
}

/// The keys of the drafts that `filter` admits, of the state with this prefix.
fn due_span(prefix: &[u8], filter: &DraftFilter) -> Span {
    let after = filter.after.as_ref().map(|(due, draft)| keys::timed(prefix, *due, draft.as_str()));
    let before = filter.due_before.map(|due| keys::timed(prefix, due, ""));
    let (start, end) = if filter.last_first { (None, after) } else { (after, None) };
    let end = [end, before].into_iter().flatten().min().unwrap_or_else(|| past(prefix));
    between(start.map_or_else(|| Bound::Included(prefix.to_vec()), Bound::Excluded), end)
}

type Span = (Bound<Vec<u8>>, Bound<Vec<u8>>);

/// The keys from `start` to before `end`; none if they are the wrong way round.
fn between(start: Bound<Vec<u8>>, end: Vec<u8>) -> Span {
    let turned = match &start {
        Bound::Included(first) | Bound::Excluded(first) => *first >= end,
        Bound::Unbounded => false,
    };
    let start = if turned { Bound::Included(end.clone()) } else { start };
    (start, Bound::Excluded(end))
}

/// The first key behind all that begin so: a time follows each prefix, and none
/// of them begins with this byte.
fn past(prefix: &[u8]) -> Vec<u8> {
    [prefix, &[u8::MAX]].concat()
}

fn run_at(key: &[u8], start: usize) -> Result<RunId, Damage> {
    text_at(key, start).map(RunId::new)
}

fn text_at(key: &[u8], start: usize) -> Result<&str, Damage> {
    let text = key.get(start..).and_then(|text| std::str::from_utf8(text).ok());
    text.ok_or_else(|| Damage("a key is no text".to_owned()))
}

fn json<T: Serialize>(value: &T) -> Result<Vec<u8>, Damage> {
    serde_json::to_vec(value).map_err(Damage::of)
}
