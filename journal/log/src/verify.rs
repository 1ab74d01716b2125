//! Checking a whole log.

use crate::fs::{Fs, RealFs, fault};
use crate::live::Head;
use crate::options::LogOptions;
use crate::queue::Shared;
use crate::recover::segments;
use crate::ring::Ring;
use crate::segment::{self, Frame, Next, Position, SegmentReader, follows, frames, head_hash};
use crate::sign::{SignedHead, read_heads};
use crate::store::LogStore;
use attache_journal::{Digest, EntryFault, Event, Key, RunId, StoreError, SubjectId, open};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::Path;

/// What a check of a whole log found: nothing wrong, in so much.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct VerifyReport {
    /// How many segments there are.
    pub segments: u64,
    /// How many records.
    pub records: u64,
    /// How many entries in them.
    pub entries: u64,
    /// How many runs these belong to.
    pub runs: u64,
    /// How many bytes were checked.
    pub bytes: u64,
    /// How many bytes at the end are a write that was never finished; the next
    /// opening cuts them off, or a process is writing them just now.
    pub torn_bytes: u64,
    /// How many entries cannot be read because somebody was erased.
    pub erased: u64,
    /// How many signed heads the log was compared with.
    pub heads: u64,
    /// The public keys that signed them.
    pub signers: BTreeSet<String>,
    /// The log's chain after its last record.
    pub chain: Digest,
}

/// What a check compares a log with besides itself.
#[derive(Clone, Debug, Default)]
pub struct Against {
    /// Heads that were kept elsewhere. The store's own are looked at anyway.
    pub heads: Vec<SignedHead>,
    /// The public key that every head must be signed with, if that is known.
    pub key: Option<String>,
}

impl LogStore {
    /// Checks everything that is durable now: each checksum, the chain of the
    /// log, the hash of each entry and the chain of each run, that each event
    /// is the one its entry commits to or was erased by an entry that says so,
    /// and that the log has come by every signed head. It reads the whole log;
    /// `progress` is told how many bytes of how many are done after each record.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] for the first thing that is wrong; its place is
    /// the segment's file, the byte at which the record starts and, where it
    /// is known, the run and the entry.
    pub fn verify(&self, against: &Against, progress: impl FnMut(u64, u64)) -> Result<VerifyReport, StoreError> {
        let end = self.shared.live().end;
        let Shared { fs, dir, ring, .. } = &*self.shared;
        Check::new(dir, ring, against)?.all(&**fs, Some(end), progress)
    }
}

/// Checks the log of the store in `dir` like [`LogStore::verify`], without its
/// lock, so that another process may have it open.
///
/// # Errors
/// As [`LogStore::verify`]; [`StoreError::Io`] if there is no store.
pub fn verify_folder(
    dir: &Path,
    options: &LogOptions,
    against: &Against,
    progress: impl FnMut(u64, u64),
) -> Result<VerifyReport, StoreError> {
    let ring = Ring::look(&RealFs, &options.keys(dir))?;
    Check::new(dir, &ring, against)?.all(&RealFs, None, progress)
}

/// A check under way.
struct Check<'a> {
    dir: &'a Path,
    ring: &'a Ring,
    runs: HashMap<RunId, Head>,
    /// The heads that the log has not come by yet.
    heads: BTreeMap<(u64, u64), Vec<SignedHead>>,
    /// Who was erased, as entries say.
    ordered: HashSet<SubjectId>,
    /// Whose key is gone, with the first place where it was needed.
    unreadable: BTreeMap<SubjectId, (RunId, u64)>,
    report: VerifyReport,
}

impl<'a> Check<'a> {
    fn new(dir: &'a Path, ring: &'a Ring, against: &Against) -> Result<Self, StoreError> {
        let own = dir.join("heads.jsonl");
        let mut all = against.heads.clone();
        if own.exists() {
            all.extend(read_heads(&own)?);
        }
        let mut report = VerifyReport {
            segments: 0,
            records: 0,
            entries: 0,
            runs: 0,
            bytes: 0,
            torn_bytes: 0,
            erased: 0,
            heads: all.len() as u64,
            signers: BTreeSet::new(),
            chain: Digest::new(hex::encode(Position::START.chain)),
        };
        let mut heads: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for head in all {
            let of = |what: &str| StoreError::Corrupt {
                place: format!("the head of {} at segment {}, byte {}", head.at, head.segment, head.offset),
                what: what.to_owned(),
            };
            if !head.is_authentic() {
                return Err(of("its signature is not that of its key"));
            }
            if against.key.as_ref().is_some_and(|key| *key != head.key) {
                return Err(of("it is signed with another key"));
            }
            report.signers.insert(head.key.clone());
            heads.entry(head.position()).or_default().push(head);
        }
        let (runs, ordered, unreadable) = (HashMap::new(), HashSet::new(), BTreeMap::new());
        Ok(Self { dir, ring, runs, heads, ordered, unreadable, report })
    }

    fn all(
        mut self,
        fs: &dyn Fs,
        end: Option<Position>,
        mut progress: impl FnMut(u64, u64),
    ) -> Result<VerifyReport, StoreError> {
        let log = self.dir.join("log");
        let mut count = segments(fs, &log)?;
        if let Some(end) = end {
            // A segment that the writer begins meanwhile is not durable yet.
            count = count.min(if end.offset == 0 { end.number - 1 } else { end.number });
        }
        let (mut files, mut total) = (Vec::new(), 0);
        for number in 1..=count {
            let path = log.join(segment::name(number));
            let file = fs.open_to_read(&path).map_err(|e| fault(&path, &e))?;
            let len = match end {
                Some(end) if end.number == number => end.offset,
                _ => file.len().map_err(|e| fault(&path, &e))?,
            };
            total += len;
            files.push((path, file, len));
        }
        (self.report.segments, self.report.bytes) = (count, total);
        let (mut position, mut before) = (Position::START, 0);
        for (path, file, len) in files {
            let last = position.number == count;
            let mut reader = SegmentReader::new(path, file, position, len);
            let ending = loop {
                match reader.next()? {
                    Next::Record(record) => {
                        self.record(&record.payload)
                            .map_err(|(run, what)| misplace(reader.corrupt(record.offset, what), run))?;
                        self.pass(&reader.position())?;
                        progress(before + reader.position().offset, total);
                    }
                    ending => break ending,
                }
            };
            position = reader.position();
            match ending {
                Next::Sealed => {}
                Next::Torn if last => self.report.torn_bytes = len - position.offset,
                Next::End if last => {}
                // The store sealed it after we noted where the log ended.
                Next::End if end.is_some_and(|end| end.number == position.number) => {}
                Next::End | Next::Record(_) | Next::Torn => {
                    return Err(reader.corrupt(position.offset, "the segment was cut: its footer is missing"));
                }
            }
            self.report.chain = Digest::new(hex::encode(position.chain));
            position = position.next_segment();
            before += len;
        }
        progress(total, total);
        self.finish()
    }

    /// Compares the log with the heads that were signed where it is now.
    fn pass(&mut self, at: &Position) -> Result<(), StoreError> {
        let chain = hex::encode(at.chain);
        for head in self.heads.remove(&(at.number, at.offset)).unwrap_or_default() {
            if head.chain.as_str() != chain {
                return Err(self.departed(&head));
            }
        }
        Ok(())
    }

    fn departed(&self, head: &SignedHead) -> StoreError {
        StoreError::Corrupt {
            place: format!("{}, segment {}, byte {}", self.dir.join("log").display(), head.segment, head.offset),
            what: format!("the log is not the one that was signed on {}: its end was cut or written anew", head.at),
        }
    }

    fn finish(mut self) -> Result<VerifyReport, StoreError> {
        if let Some(head) = self.heads.values().flatten().next() {
            return Err(self.departed(head));
        }
        let mut missing = self.unreadable.into_iter().filter(|(subject, _)| !self.ordered.contains(subject));
        if let Some((subject, (run, seq))) = missing.next() {
            return Err(StoreError::Corrupt {
                place: format!("run {run}, entry {seq}"),
                what: format!("the key of subject {subject} was destroyed, and no entry says that it was to be"),
            });
        }
        self.report.runs = self.runs.len() as u64;
        Ok(self.report)
    }

    /// Checks the entries of a record, or says which one is wrong, where that
    /// is known, and what is wrong with it.
    fn record(&mut self, payload: &[u8]) -> Result<(), (Option<(RunId, u64)>, String)> {
        self.report.records += 1;
        let mut owner = None;
        let frames = frames(payload).ok_or_else(|| (None, "the record holds something that is no entry".to_owned()))?;
        for Frame { head: line, body } in frames {
            let (entry, _) =
                open(line, body, |id| self.ring.get(id)).map_err(|fault| (who(line), fault.to_string()))?;
            let bad = |what: String| (Some((entry.run.clone(), entry.seq)), what);
            let head = self.runs.entry(entry.run.clone()).or_default();
            if entry.seq != head.next {
                return Err(bad(EntryFault::Order { seq: entry.seq, expected: head.next }.to_string()));
            }
            if !follows(line, &head.hash) {
                return Err(bad(EntryFault::Chain { seq: entry.seq }.to_string()));
            }
            if owner.get_or_insert_with(|| entry.run.clone()) != &entry.run {
                return Err(bad("the record holds entries of two runs".to_owned()));
            }
            let hash = head_hash(line).ok_or_else(|| bad("the entry has no hash".to_owned()))?;
            *head = Head { next: head.next + 1, hash };
            self.report.entries += 1;
            match (entry.event, entry.subject) {
                (Some(Event::Erased(erased)), _) => {
                    if matches!(self.ring.get(&erased.subject), Key::Of(_)) {
                        return Err((
                            Some((entry.run, entry.seq)),
                            format!("subject {} is said to be erased and has a key", erased.subject),
                        ));
                    }
                    self.ordered.insert(erased.subject);
                }
                (None, Some(subject)) => {
                    self.report.erased += 1;
                    self.unreadable.entry(subject).or_insert((entry.run, entry.seq));
                }
                (_, _) => {}
            }
        }
        Ok(())
    }
}

/// The entry that a line says it is, if it still says so.
pub(crate) fn who(line: &[u8]) -> Option<(RunId, u64)> {
    #[derive(serde::Deserialize)]
    struct Who {
        run: RunId,
        seq: u64,
    }
    serde_json::from_slice(line).ok().map(|Who { run, seq }| (run, seq))
}

fn misplace(error: StoreError, entry: Option<(RunId, u64)>) -> StoreError {
    match (error, entry) {
        (StoreError::Corrupt { place, what }, Some((run, seq))) => {
            StoreError::Corrupt { place: format!("{place}, run {run}, entry {seq}"), what }
        }
        (error, _) => error,
    }
}

#[cfg(test)]
mod tests;
