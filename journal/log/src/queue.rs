//! The way from `append` to the writer.

use crate::fs::Fs;
use crate::index::Index;
use crate::live::{Head, Live, Row};
use crate::options::LogOptions;
use crate::ring::Ring;
use crate::segment::{Prepared, follows, has_hash, prepare};
use crate::sign::{SignedHead, Signer, keep};
use attache_journal::{Batch, Commit, Outline, Receipt, RunId, StoreError, SubjectId, VERSION};
use futures::channel::oneshot;
use jiff::Timestamp;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long a batch that nobody waits for may wait for company.
const COMPANY: Duration = Duration::from_millis(20);

/// So many batches in one write make the log busy.
const BUSY: usize = 4;
/// How long somebody who waits for a busy log is kept for company at most: they
/// go on to a model, which takes hundreds of times as long.
const GATHER: Duration = Duration::from_millis(2);
/// Company that does not come for so long will not come.
const LULL: Duration = Duration::from_micros(250);

/// What the store, its writer and its indexer share.
///
/// Whoever needs both locks takes `queue` before `live`.
pub(crate) struct Shared {
    pub(crate) dir: PathBuf,
    pub(crate) fs: Box<dyn Fs>,
    pub(crate) options: LogOptions,
    pub(crate) index: Index,
    pub(crate) ring: Ring,
    queue: Mutex<Queue>,
    /// Tells the writer that the queue is no longer empty.
    wake: Condvar,
    live: Mutex<Live>,
    /// Held while a snapshot goes into the index, so that none overtakes.
    indexing: Mutex<()>,
}

struct Queue {
    items: Vec<Item>,
    /// Where each run goes on once all of `items` is written, for the runs
    /// that are being written to.
    heads: HashMap<RunId, Head>,
    /// How often memory forgot what the index has.
    forgotten: u64,
    /// Whether the writer sleeps.
    parked: bool,
    /// Whether somebody waits for what is queued.
    awaited: bool,
    /// How many batches the last write had.
    last: usize,
    closing: bool,
    /// Why nothing can be appended any more.
    failed: Option<StoreError>,
}

impl Queue {
    /// Whether the writer sleeps on, which it does until something has come.
    fn sleeps_until(&mut self, come: bool) -> bool {
        self.parked = !(come || self.closing);
        self.parked
    }
}

/// A batch on its way to the log.
pub(crate) struct Item {
    pub(crate) batch: Batch,
    pub(crate) prepared: Prepared,
    /// The place of the entry after the batch.
    pub(crate) next: u64,
    pub(crate) done: oneshot::Sender<Result<Receipt, StoreError>>,
}

impl Shared {
    pub(crate) fn new(dir: PathBuf, fs: Box<dyn Fs>, options: LogOptions, found: (Index, Ring, Live)) -> Self {
        let (index, ring, live) = found;
        let queue = Queue {
            items: Vec::new(),
            heads: HashMap::new(),
            forgotten: 0,
            parked: false,
            awaited: false,
            last: 0,
            closing: false,
            failed: None,
        };
        Self {
            dir,
            fs,
            options,
            index,
            ring,
            queue: Mutex::new(queue),
            wake: Condvar::new(),
            live: Mutex::new(live),
            indexing: Mutex::new(()),
        }
    }

    /// The file of a segment.
    pub(crate) fn segment(&self, number: u64) -> PathBuf {
        self.dir.join("log").join(crate::segment::name(number))
    }

    pub(crate) fn live(&self) -> MutexGuard<'_, Live> {
        // Nothing under this lock or the next panics half-way through a change.
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a batch on the queue if it fits its run.
    pub(crate) fn push(self: &Arc<Self>, batch: Batch) -> Result<Commit, StoreError> {
        let prepared = check(&batch)?;
        let (mut guard, cold) = self.look(&batch.run)?;
        let queue = &mut *guard;
        if let Some(failed) = &queue.failed {
            return Err(failed.clone());
        }
        let known = queue.heads.get_mut(&batch.run);
        let mut head = match &known {
            Some(head) => **head,
            // Under the lock of the queue: another batch of the run must not
            // be accepted between this look and the insertion below.
            None => {
                let live = self.live().runs.get(&batch.run).map(Row::head);
                live.or(cold.as_ref().map(Row::head)).unwrap_or_default()
            }
        };
        for entry in &batch.entries {
            if entry.seq != head.next {
                return Err(StoreError::Conflict { run: batch.run, expected: head.next, found: entry.seq });
            }
            if entry.subject.as_ref().is_some_and(|subject| !self.ring.accepts(subject)) {
                return Err(StoreError::Erased { run: batch.run });
            }
            if !follows(&entry.head, &head.hash) {
                return Err(misfit(&batch.run, entry.seq, "does not follow the entry before it"));
            }
            head = Head { next: head.next + 1, hash: entry.hash };
        }
        match known {
            Some(known) => *known = head,
            None if batch.entries.is_empty() => {}
            None => {
                queue.heads.insert(batch.run.clone(), head);
            }
        }
        // A run that only the index knew comes to life: the writer goes on from it.
        if let Some(row) = cold.filter(|_| !batch.entries.is_empty()) {
            self.live().insert(batch.run.clone(), row);
        }
        for entry in &batch.entries {
            if let Outline::Erased { subject } = &entry.outline {
                self.ring.condemn(subject);
            }
        }
        let (done, commit) = Commit::pending();
        // The first of some starts the clock of their company.
        if queue.items.is_empty() && std::mem::take(&mut queue.parked) {
            self.wake.notify_one();
        }
        queue.items.push(Item { batch, prepared, next: head.next, done });
        let shared = Arc::downgrade(self);
        Ok(commit.when_waited_for(move || {
            if let Some(shared) = shared.upgrade() {
                shared.waited_for();
            }
        }))
    }

    /// Somebody waits for what is queued.
    fn waited_for(&self) {
        let mut queue = self.queue();
        queue.awaited = true;
        // One call wakes it, however many come before it is awake.
        if std::mem::take(&mut queue.parked) {
            self.wake.notify_one();
        }
    }

    /// The queue, and what the index has of a run that memory does not know. The
    /// index is asked without the lock: it keeps whoever asks waiting while a
    /// checkpoint is written.
    fn look(&self, run: &RunId) -> Result<(MutexGuard<'_, Queue>, Option<Row>), StoreError> {
        let mut looked = None;
        loop {
            let queue = self.queue();
            if queue.heads.contains_key(run) || self.live().runs.contains_key(run) {
                return Ok((queue, None));
            }
            match looked {
                Some((forgotten, row)) if forgotten == queue.forgotten => return Ok((queue, row)),
                // It may have come to memory and gone to the index since.
                Some(_) | None => {}
            }
            let forgotten = queue.forgotten;
            drop(queue);
            looked = Some((forgotten, self.index.row(run)?));
        }
    }

    /// Waits for batches and moves them into `items`; false if there will be
    /// none any more. Those that nobody waits for yet are given a little time
    /// for company, and all of them are when the log is busy: one sync does for
    /// all, and is what a batch costs most.
    pub(crate) fn take(&self, items: &mut Vec<Item>) -> bool {
        let queue = self.wake.wait_while(self.queue(), |queue| queue.sleeps_until(!queue.items.is_empty()));
        let queue = queue.unwrap_or_else(PoisonError::into_inner);
        let waited = self.wake.wait_timeout_while(queue, COMPANY, |queue| queue.sleeps_until(queue.awaited));
        let (queue, _) = waited.unwrap_or_else(PoisonError::into_inner);
        let mut queue = if queue.last < BUSY { queue } else { self.gather(queue) };
        queue.last = queue.items.len();
        (queue.parked, queue.awaited) = (false, false);
        std::mem::swap(&mut queue.items, items);
        !items.is_empty()
    }

    /// Waits while more comes.
    fn gather<'a>(&'a self, mut queue: MutexGuard<'a, Queue>) -> MutexGuard<'a, Queue> {
        let (began, mut come) = (Instant::now(), 0);
        while come < queue.items.len() && began.elapsed() < GATHER {
            come = queue.items.len();
            let waited = self.wake.wait_timeout_while(queue, LULL, |queue| !queue.closing);
            (queue, _) = waited.unwrap_or_else(PoisonError::into_inner);
        }
        queue
    }

    /// Forgets the heads of runs that have ended and were not taken up again.
    pub(crate) fn forget<'a>(&self, ended: impl Iterator<Item = (&'a RunId, u64)>) {
        let mut queue = self.queue();
        for (run, next) in ended {
            if queue.heads.get(run).is_some_and(|head| head.next == next) {
                queue.heads.remove(run);
            }
        }
    }

    /// Lets the writer finish what is queued and stop.
    pub(crate) fn close(&self) {
        self.queue().closing = true;
        self.wake.notify_one();
    }

    /// Refuses everything from now on, what is queued included.
    pub(crate) fn fail(&self, error: StoreError) {
        let mut queue = self.queue();
        let error = queue.failed.get_or_insert(error).clone();
        let items = std::mem::take(&mut queue.items);
        drop(queue);
        for item in items {
            // Whoever dropped the commit does not want to know.
            let _ = item.done.send(Err(error.clone()));
        }
    }

    /// Why the store refuses everything, if it does.
    pub(crate) fn failed(&self) -> Option<StoreError> {
        self.queue().failed.clone()
    }

    /// Makes everything of a subject unreadable, as a durable entry orders.
    pub(crate) fn erase(&self, subject: &SubjectId) -> Result<(), StoreError> {
        self.ring.destroy(&*self.fs, subject)?;
        let _alone = self.indexing.lock().unwrap_or_else(PoisonError::into_inner);
        self.live().erase(subject);
        // If it fails it is rebuilt, from a log that cannot be read any more.
        let _ = self.index.erase(subject);
        Ok(())
    }

    /// Signs where the log ends now, and notes it beside the log.
    pub(crate) fn sign(&self) -> Result<SignedHead, StoreError> {
        let end = self.live().end;
        let head = Signer::open(&self.dir, &self.options)?.head(Timestamp::now(), &end);
        keep(&self.dir.join("heads.jsonl"), &head)?;
        if let Some(elsewhere) = &self.options.heads {
            keep(elsewhere, &head)?;
        }
        Ok(head)
    }

    /// Brings the index up to date, resting `idle` times as long as it works, and
    /// forgets what it holds.
    pub(crate) fn checkpoint(&self, idle: u32) -> Result<(), StoreError> {
        let _alone = self.indexing.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(snapshot) = self.live().snapshot() else {
            return Ok(());
        };
        self.index.write(&snapshot, &self.ring, idle)?;
        let mut queue = self.queue();
        queue.forgotten += 1;
        self.live().settle(&snapshot, |run| queue.heads.contains_key(run));
        Ok(())
    }
}

/// Checks what can be checked of a batch without its run's history. Sealed
/// entries come from a [`Chain`](attache_journal::Chain) and fit; a fault of
/// the caller's must not make the run unreadable for good.
fn check(batch: &Batch) -> Result<Prepared, StoreError> {
    let mut start = format!("{{\"v\":{VERSION},\"run\":").into_bytes();
    serde_json::to_writer(&mut start, &batch.run).map_err(|e| misfit(&batch.run, 0, &e.to_string()))?;
    for entry in &batch.entries {
        if !entry.head.starts_with(&start) || entry.head.contains(&b'\n') {
            return Err(misfit(&batch.run, entry.seq, "is not a line of this run"));
        }
        if !has_hash(&entry.head, &entry.hash) {
            return Err(misfit(&batch.run, entry.seq, "does not have its hash"));
        }
    }
    prepare(&batch.entries).ok_or_else(|| {
        let first = batch.entries.first().map_or(0, |entry| entry.seq);
        misfit(&batch.run, first, "begins a batch that is too long to be kept")
    })
}

fn misfit(run: &RunId, seq: u64, what: &str) -> StoreError {
    StoreError::Corrupt { place: format!("run {run}, entry {seq}"), what: format!("the entry {what}") }
}
