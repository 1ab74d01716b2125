//! Checking a whole log.

use crate::fs::{Fs, RealFs, fault};
use crate::live::Head;
use crate::recover::segments;
use crate::segment::{self, Next, Position, SegmentReader, follows, line_hash, lines};
use crate::store::LogStore;
use attache_journal::{Digest, EntryFault, RunId, StoreError, verify};
use std::collections::HashMap;
use std::path::Path;

/// What a check of a whole log found: nothing wrong, in so much.
#[derive(Clone, Debug, Eq, PartialEq)]
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
    /// The log's chain after its last record. Kept elsewhere, it proves later
    /// that no record was cut off the end: check that a longer log still has
    /// this chain on its way.
    pub chain: Digest,
}

impl LogStore {
    /// Checks everything that is durable now: each checksum, the chain of the
    /// log, the hash of each entry and the chain of each run. It reads the
    /// whole log; `progress` is told how many bytes of how many are done after
    /// each record.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] for the first thing that is wrong; its place is
    /// the segment's file, the byte at which the record starts and, where it
    /// is known, the run and the entry.
    pub fn verify(&self, progress: impl FnMut(u64, u64)) -> Result<VerifyReport, StoreError> {
        let end = self.shared.live().end;
        check(&*self.shared.fs, &self.shared.dir.join("log"), Some(end), progress)
    }
}

/// Checks the log of the store in `dir` like [`LogStore::verify`], without its
/// lock, so that another process may have it open.
///
/// # Errors
/// As [`LogStore::verify`]; [`StoreError::Io`] if there is no store.
pub fn verify_folder(dir: &Path, progress: impl FnMut(u64, u64)) -> Result<VerifyReport, StoreError> {
    check(&RealFs, &dir.join("log"), None, progress)
}

fn check(
    fs: &dyn Fs,
    log: &Path,
    end: Option<Position>,
    mut progress: impl FnMut(u64, u64),
) -> Result<VerifyReport, StoreError> {
    let mut count = segments(fs, log)?;
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
    let mut report = VerifyReport {
        segments: count,
        records: 0,
        entries: 0,
        runs: 0,
        bytes: total,
        torn_bytes: 0,
        chain: Digest::new(hex::encode(Position::START.chain)),
    };
    let mut runs = HashMap::new();
    let (mut position, mut before) = (Position::START, 0);
    for (path, file, len) in files {
        let last = position.number == count;
        let mut reader = SegmentReader::new(path, file, position, len);
        let ending = loop {
            match reader.next()? {
                Next::Record(record) => {
                    report.records += 1;
                    report.entries += check_record(&record.payload, &mut runs)
                        .map_err(|(run, what)| misplace(reader.corrupt(record.offset, what), run))?;
                    progress(before + reader.position().offset, total);
                }
                ending => break ending,
            }
        };
        position = reader.position();
        match ending {
            Next::Sealed => {}
            Next::Torn if last => report.torn_bytes = len - position.offset,
            Next::End if last => {}
            // The store sealed it after we noted where the log ended.
            Next::End if end.is_some_and(|end| end.number == position.number) => {}
            Next::End | Next::Record(_) | Next::Torn => {
                return Err(reader.corrupt(position.offset, "the segment was cut: its footer is missing"));
            }
        }
        report.chain = Digest::new(hex::encode(position.chain));
        position = position.next_segment();
        before += len;
    }
    progress(total, total);
    report.runs = runs.len() as u64;
    Ok(report)
}

/// Checks the entries of a record and says how many there are, or which one is
/// wrong, where that is known, and what is wrong with it.
fn check_record(payload: &[u8], runs: &mut HashMap<RunId, Head>) -> Result<u64, (Option<(RunId, u64)>, String)> {
    let (mut count, mut owner) = (0, None);
    for line in lines(payload) {
        let entry = verify(line).map_err(|fault| (who(line), fault.to_string()))?;
        let bad = |what: String| (Some((entry.run.clone(), entry.seq)), what);
        let head = runs.entry(entry.run.clone()).or_default();
        if entry.seq != head.next {
            return Err(bad(EntryFault::Order { seq: entry.seq, expected: head.next }.to_string()));
        }
        if !follows(line, &head.hash) {
            return Err(bad(EntryFault::Chain { seq: entry.seq }.to_string()));
        }
        if owner.get_or_insert_with(|| entry.run.clone()) != &entry.run {
            return Err(bad("the record holds entries of two runs".to_owned()));
        }
        let hash = line_hash(line).ok_or_else(|| bad("the entry has no hash".to_owned()))?;
        *head = Head { next: head.next + 1, hash };
        count += 1;
    }
    Ok(count)
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
