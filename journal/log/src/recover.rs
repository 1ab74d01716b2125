//! Opening a log: what the index does not know is read from the segments.

use crate::fs::{Fs, fault};
use crate::index::Index;
use crate::live::{Glance, Live, Place};
use crate::options::LogOptions;
use crate::ring::Ring;
use crate::segment::{self, HEAD, HEADER, Next, Position, Record, SegmentReader, frames};
use crate::writer::Tail;
use attache_journal::{Event, Key, Outline, StoreError, open, verify_head};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The segments of a log, which must be numbered from 1 without a gap.
pub(crate) fn segments(fs: &dyn Fs, log: &Path) -> Result<u64, StoreError> {
    let names = fs.names(log).map_err(|e| fault(log, &e))?;
    let mut numbers: Vec<_> = names.iter().filter_map(|name| segment::number(name)).collect();
    numbers.sort_unstable();
    for (expected, found) in (1..).zip(&numbers) {
        if expected != *found {
            let place = log.join(segment::name(expected)).display().to_string();
            return Err(StoreError::Corrupt { place, what: "the segment is missing".to_owned() });
        }
    }
    Ok(numbers.len() as u64)
}

/// What came of reading a log.
pub(crate) struct Recovered {
    pub(crate) index: Index,
    pub(crate) ring: Ring,
    pub(crate) live: Live,
    pub(crate) tail: Tail,
}

/// Reads a log from its checkpoint on, cuts a torn tail off, and rebuilds the
/// index if it does not fit.
pub(crate) fn recover(dir: &Path, fs: &dyn Fs, options: &LogOptions) -> Result<Recovered, StoreError> {
    let log = dir.join("log");
    let count = segments(fs, &log)?;
    let (index, checkpoint) = Index::open(dir, options.cache_bytes)?;
    let (index, start) = match checkpoint {
        None => (index, Position::START),
        Some(start) if fits(fs, &log, count, start)? => (index, start),
        Some(_) => (index.reset("it does not fit the log")?, Position::START),
    };
    let ring = Ring::open(fs, &options.keys(dir))?;
    index.names(&ring)?;
    let mut live = Live::new(start);
    index.open_runs()?.into_iter().for_each(|(run, row)| live.insert(run, row));
    let mut replay = Replay { fs, log, options, index, ring, live, done: 0, told: 0, total: 0 };
    let tail = replay.all(start, count)?;
    let Replay { index, ring, live, .. } = replay;
    Ok(Recovered { index, ring, live, tail })
}

/// Whether the log is, at its checkpoint, the one that the index was made from.
fn fits(fs: &dyn Fs, log: &Path, count: u64, at: Position) -> Result<bool, StoreError> {
    if at.number == 0 || at.number > count || at.offset < HEADER || at.last == 0 {
        return Ok(false);
    }
    let path = log.join(segment::name(at.number));
    let file = fs.open_to_read(&path).map_err(|e| fault(&path, &e))?;
    let found = segment::chain_at(&*file, at.last).map_err(|e| fault(&path, &e))?;
    let len = file.len().map_err(|e| fault(&path, &e))?;
    Ok(found == Some((at.chain, at.offset)) && at.offset <= len)
}

struct Replay<'a> {
    fs: &'a dyn Fs,
    log: PathBuf,
    options: &'a LogOptions,
    index: Index,
    ring: Ring,
    live: Live,
    done: u64,
    told: u64,
    total: u64,
}

impl Replay<'_> {
    fn all(&mut self, start: Position, count: u64) -> Result<Tail, StoreError> {
        let mut files = Vec::new();
        for number in start.number..=count {
            let path = self.log.join(segment::name(number));
            let opened = if number == count { self.fs.open(&path) } else { self.fs.open_to_read(&path) };
            let file = opened.map_err(|e| fault(&path, &e))?;
            let len = file.len().map_err(|e| fault(&path, &e))?;
            self.total += len;
            files.push((path, file, len));
        }
        self.done = start.offset;
        let mut tail = Tail { position: start, file: None };
        for (path, file, len) in files {
            let last = tail.position.number == count;
            if last {
                // What a process that was killed wrote and did not sync is in
                // the file and perhaps not on the disk. Before anybody sees it
                // here, it must be.
                file.sync().map_err(|e| fault(&path, &e))?;
            }
            let mut reader = SegmentReader::new(path.clone(), Arc::clone(&file), tail.position, len);
            let ending = loop {
                match reader.next()? {
                    Next::Record(record) => self.record(&reader, &record)?,
                    ending => break ending,
                }
            };
            let position = reader.position();
            tail = match ending {
                Next::Sealed => Tail { position: position.next_segment(), file: None },
                Next::End | Next::Torn if !last => {
                    return Err(reader.corrupt(position.offset, "the segment was cut: its footer is missing"));
                }
                Next::Torn => {
                    let cut = len - position.offset;
                    tracing::warn!(file = %path.display(), at = position.offset, cut, "a write that was never finished is cut off");
                    file.truncate(position.offset).and_then(|()| file.sync()).map_err(|e| fault(&path, &e))?;
                    Tail { position, file: Some(file) }
                }
                Next::End | Next::Record(_) => Tail { position, file: Some(file) },
            };
            self.live.end = position;
        }
        self.tell(true);
        Ok(tail)
    }

    fn record(&mut self, reader: &SegmentReader, record: &Record) -> Result<(), StoreError> {
        let bad = |what: String| reader.corrupt(record.offset, what);
        let frames =
            frames(&record.payload).ok_or_else(|| bad("the record holds something that is no entry".to_owned()))?;
        let entries = frames.into_iter().map(|frame| {
            let entry = verify_head(frame.head).map_err(|fault| bad(fault.to_string()))?;
            let hash = segment::head_hash(frame.head).ok_or_else(|| bad("an entry has no hash".to_owned()))?;
            Ok((entry, hash, frame))
        });
        let entries: Vec<_> = entries.collect::<Result<_, StoreError>>()?;
        let Some((first, ..)) = entries.first() else {
            return Err(bad("the record is empty".to_owned()));
        };
        let len = u32::try_from(record.payload.len()).unwrap_or(u32::MAX);
        let place = Place(reader.position().number, record.offset, len);
        if first.seq > 0
            && !self.live.runs.contains_key(&first.run)
            && let Some(row) = self.index.row(&first.run)?
        {
            self.live.insert(first.run.clone(), row);
        }
        let ring = &self.ring;
        let bytes = HEAD + u64::from(len);
        let erased = self.live.change(&first.run, bytes, |row| {
            // The index may have come further than its checkpoint.
            let place_of = |Place(segment, offset, _): &Place| (*segment, *offset);
            let known = row.places.binary_search_by_key(&place_of(&place), place_of).is_ok();
            if known {
                // It leaves memory with the next checkpoint.
                row.dirty = true;
            } else {
                row.places.push(place);
            }
            let mut erased = Vec::new();
            for (entry, hash, frame) in &entries {
                let fits = if known { entry.seq < row.next } else { entry.seq == row.next };
                if entry.run != first.run || !fits {
                    let what = format!(
                        "entry {} of run {} stands where entry {} of run {} belongs",
                        entry.seq, entry.run, row.next, first.run
                    );
                    return Err(reader.corrupt(record.offset, what));
                }
                let (seq, at, subject) = (entry.seq, entry.at, entry.subject.as_ref());
                if !known {
                    row.absorb(&first.run, Glance { seq, at, subject, outline: &entry.outline, hash: *hash });
                }
                match (&entry.outline, subject.map(|id| ring.get(id))) {
                    (Outline::RunStarted { .. }, Some(Key::Of(subject))) => {
                        let id = subject.id().clone();
                        let opened = open(frame.head, frame.body, |_| Key::Of(subject));
                        let (entry, _) = opened.map_err(|fault| bad(fault.to_string()))?;
                        if let Some(Event::RunStarted(started)) = entry.event {
                            ring.claim(&id, &started.bundle.customer.id);
                        }
                    }
                    (_, Some(Key::Destroyed)) => subject.into_iter().for_each(|subject| row.erase(subject)),
                    (Outline::Erased { subject }, _) => erased.push(subject.clone()),
                    (_, _) => {}
                }
            }
            Ok(erased)
        })?;
        for subject in erased {
            // The order may have been all that was done of it.
            self.ring.destroy(self.fs, &subject)?;
            self.live.erase(&subject);
            self.index.erase(&subject)?;
        }
        self.live.end = reader.position();
        self.done += bytes;
        self.tell(false);
        if self.live.unindexed >= self.options.checkpoint_bytes
            && let Some(snapshot) = self.live.snapshot()
        {
            self.index.write(&snapshot, &self.ring, 0)?;
            self.live.settle(&snapshot, |_| false);
        }
        Ok(())
    }

    fn tell(&mut self, end: bool) {
        let Some(progress) = &self.options.progress else {
            return;
        };
        if end {
            progress(self.total, self.total);
        } else if self.done - self.told >= 1 << 20 {
            self.told = self.done;
            progress(self.done.min(self.total), self.total);
        }
    }
}
