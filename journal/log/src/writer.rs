//! The thread that writes the log.

use crate::fs::{LogFile, fault};
use crate::live::{Glance, Place};
use crate::queue::{Item, Shared};
use crate::segment::{HEAD, HEADER, Position, push_footer, push_header, push_record};
use attache_journal::{Outline, Receipt, Sealed, StoreError};
use jiff::Timestamp;
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;

/// A buffer that has grown beyond this is given back.
const KEEP_BYTES: usize = 4 << 20;

/// How many times as long as it works the index rests when it is brought up to
/// date beside what the process does.
const IDLE: u32 = 3;
/// How many checkpoints late the index does not wait for runs to end any more.
const LATE: u64 = 4;
/// How many checkpoints late it does not rest either.
const FAR_BEHIND: u64 = 8;

/// Where the log goes on.
pub(crate) struct Tail {
    /// The end of the log, what is in the writer's buffer included.
    pub(crate) position: Position,
    /// The file of that segment, once there is one.
    pub(crate) file: Option<Arc<dyn LogFile>>,
}

/// Writes what is queued: everything that waits with one write and one sync.
pub(crate) struct Writer {
    shared: Arc<Shared>,
    tail: Tail,
    buffer: Vec<u8>,
    /// Whether the names of new files are not durable yet.
    unnamed: bool,
    indexer: Option<JoinHandle<()>>,
    /// When a head was signed last, or writing began.
    signed: Timestamp,
    /// Whether something was written since.
    unsigned: bool,
}

impl Writer {
    pub(crate) fn new(shared: Arc<Shared>, tail: Tail) -> Self {
        Self {
            shared,
            tail,
            buffer: Vec::new(),
            unnamed: false,
            indexer: None,
            signed: Timestamp::now(),
            unsigned: false,
        }
    }

    /// Runs until the store is closed or a write fails.
    pub(crate) fn run(mut self) {
        // However this thread ends, nobody must wait for it afterwards.
        let _last = Last(Arc::clone(&self.shared));
        let (mut items, mut places) = (Vec::new(), Vec::new());
        while self.shared.take(&mut items) {
            places.clear();
            match self.write(&items, &mut places).and_then(|()| self.erase(&items)) {
                Ok(()) => self.publish(&mut items, &places),
                Err(error) => {
                    // Never again: after a failed sync nobody knows what is on
                    // the disk, and a second one that succeeds proves nothing.
                    tracing::error!(%error, "the journal cannot be written any more");
                    self.shared.fail(error.clone());
                    for item in items.drain(..) {
                        let _ = item.done.send(Err(error.clone()));
                    }
                    break;
                }
            }
            self.unsigned = true;
            if Timestamp::now().duration_since(self.signed) >= self.shared.options.head_every {
                self.sign();
            }
            self.index_if_due();
        }
        if self.unsigned {
            self.sign();
        }
        if let Some(indexer) = self.indexer.take() {
            // A panic of its own was reported by the panic hook.
            let _ = indexer.join();
        }
        let unindexed = self.shared.live().unindexed;
        if unindexed > 0 && unindexed >= self.shared.options.checkpoint_bytes / 64 && self.shared.index.usable() {
            // Its failure is logged; the next opening rebuilds.
            let _ = self.shared.checkpoint(0);
        }
    }

    fn sign(&mut self) {
        self.signed = Timestamp::now();
        match self.shared.sign() {
            Ok(_) => self.unsigned = false,
            // A head that is not there proves nothing and harms nothing.
            Err(error) => tracing::error!(%error, "no head could be signed"),
        }
    }

    /// Does what durable entries order to be erased, before anybody hears of them.
    fn erase(&self, items: &[Item]) -> Result<(), StoreError> {
        for entry in items.iter().flat_map(|item| &item.batch.entries) {
            if let Outline::Erased { subject } = &entry.outline {
                self.shared.erase(subject)?;
            }
        }
        Ok(())
    }

    /// Makes the batches durable and says where each one went.
    fn write(&mut self, items: &[Item], places: &mut Vec<Place>) -> Result<(), StoreError> {
        // Nothing is kept under a key that could be lost.
        self.shared.ring.sync(&*self.shared.fs)?;
        for item in items {
            if item.batch.entries.is_empty() {
                // Nothing to write: it waits for what was queued before it.
                places.push(Place(0, 0, 0));
                continue;
            }
            let at = &self.tail.position;
            let end = at.offset + HEAD + u64::from(item.prepared.len);
            if at.records > 0 && end > self.shared.options.segment_bytes {
                self.seal()?;
            }
            if self.tail.position.offset == 0 {
                self.begin()?;
            }
            let at = &mut self.tail.position;
            let back = back(&self.buffer);
            push_record(&mut self.buffer, &mut at.chain, &item.batch.entries, item.prepared, back);
            places.push(Place(at.number, at.offset, item.prepared.len));
            at.last = at.offset;
            at.offset += HEAD + u64::from(item.prepared.len);
            at.records += 1;
        }
        self.flush()
    }

    /// Starts a segment: its header goes out with its first record.
    fn begin(&mut self) -> Result<(), StoreError> {
        let number = self.tail.position.number;
        if self.tail.file.is_none() {
            let path = self.shared.segment(number);
            self.tail.file = Some(self.shared.fs.create(&path).map_err(|e| fault(&path, &e))?);
        }
        push_header(&mut self.buffer, number, &self.tail.position.chain);
        self.tail.position.offset = HEADER;
        self.unnamed = true;
        Ok(())
    }

    /// Ends a segment. Its footer is durable before the next segment exists:
    /// a segment without one that is not the last was cut.
    fn seal(&mut self) -> Result<(), StoreError> {
        let back = back(&self.buffer);
        push_footer(&mut self.buffer, &self.tail.position.chain, self.tail.position.records, back);
        self.flush()?;
        self.tail = Tail { position: self.tail.position.next_segment(), file: None };
        Ok(())
    }

    fn flush(&mut self) -> Result<(), StoreError> {
        let Some(file) = self.tail.file.as_ref().filter(|_| !self.buffer.is_empty()) else {
            return Ok(());
        };
        let done = file.append(&self.buffer).and_then(|()| file.sync());
        done.map_err(|e| fault(&self.shared.segment(self.tail.position.number), &e))?;
        if self.unnamed {
            self.name()?;
        }
        if self.buffer.capacity() > KEEP_BYTES {
            self.buffer = Vec::new();
        }
        self.buffer.clear();
        Ok(())
    }

    /// Makes the names of new files and folders durable.
    fn name(&mut self) -> Result<(), StoreError> {
        let (fs, dir) = (&self.shared.fs, &self.shared.dir);
        let log = dir.join("log");
        fs.sync_dir(&log).map_err(|e| fault(&log, &e))?;
        if self.tail.position.number == 1 {
            fs.sync_dir(dir).map_err(|e| fault(dir, &e))?;
            if let Some(parent) = dir.parent() {
                let parent = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
                // Perhaps it is not ours to read; then the folder was there before us.
                let _ = fs.sync_dir(parent);
            }
        }
        self.unnamed = false;
        Ok(())
    }

    /// Lets everybody see what is durable now.
    fn publish(&mut self, items: &mut Vec<Item>, places: &[Place]) {
        let mut ended = Vec::new();
        let mut live = self.shared.live();
        for (item, place) in items.iter().zip(places) {
            let run = &item.batch.run;
            if item.batch.entries.is_empty() {
                continue;
            }
            let over = live.change(run, HEAD + u64::from(item.prepared.len), |row| {
                row.places.push(*place);
                for entry in &item.batch.entries {
                    let Sealed { seq, at, subject, outline, hash, .. } = entry;
                    let (seq, at, subject, hash) = (*seq, *at, subject.as_ref(), *hash);
                    row.absorb(run, Glance { seq, at, subject, outline, hash });
                }
                row.ended
            });
            if over {
                ended.push((run, item.next));
            }
        }
        live.end = self.tail.position;
        drop(live);
        if !ended.is_empty() {
            self.shared.forget(ended.into_iter());
        }
        for item in items.drain(..) {
            let receipt = Receipt::for_store(item.batch.run, item.next);
            // Whoever dropped the commit does not want to know.
            let _ = item.done.send(Ok(receipt));
        }
    }

    /// Has the index brought up to date beside this thread if it lags.
    fn index_if_due(&mut self) {
        let every = self.shared.options.checkpoint_bytes;
        let (unindexed, ended) = {
            let live = self.shared.live();
            (live.unindexed, live.ended)
        };
        let due = (ended >= every || unindexed >= LATE.saturating_mul(every)) && self.shared.index.usable();
        if !due || self.indexer.as_ref().is_some_and(|indexer| !indexer.is_finished()) {
            return;
        }
        let shared = Arc::clone(&self.shared);
        let indexer = std::thread::Builder::new().name("attache-index".to_owned());
        // Without a thread the index lags, no more; its failures it logs itself.
        let idle = if unindexed < FAR_BEHIND.saturating_mul(every) { IDLE } else { 0 };
        self.indexer = indexer.spawn(move || drop(shared.checkpoint(idle))).ok();
    }
}

/// How far what comes next is from the beginning of this write. One that is
/// longer than 4 GiB cannot be told from the one before.
fn back(buffer: &[u8]) -> u32 {
    u32::try_from(buffer.len()).unwrap_or(u32::MAX)
}

struct Last(Arc<Shared>);

impl Drop for Last {
    fn drop(&mut self) {
        self.0.fail(StoreError::Closed);
    }
}
