//! A store on a disk that can fail: what was handed over is durable after a
//! while, in order; a crash loses the rest, but not from the middle.

use crate::world::World;
use async_trait::async_trait;
use attache::context::CustomerId;
use attache::journal::{
    Batch, Commit, DraftFilter, DraftSummary, Entry, MemoryStore, Outline, Past, Receipt, RunFilter, RunId, RunSummary,
    Store, StoreError, Subject, SubjectId,
};
use futures::FutureExt;
use futures::channel::oneshot;
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::Notify;

/// A store that crashes with its world.
#[derive(Clone)]
pub(crate) struct Disk {
    world: Arc<World>,
    /// What a crash leaves.
    durable: Arc<MemoryStore>,
    state: Arc<Mutex<State>>,
    /// Tells [`writer`](Self::writer) that there is something to write.
    queued: Arc<Notify>,
}

type Done = oneshot::Sender<Result<Receipt, StoreError>>;

#[derive(Default)]
struct State {
    pending: VecDeque<(Batch, Option<Done>)>,
    /// Where each run goes on once all of `pending` is durable.
    heads: BTreeMap<RunId, u64>,
    /// Subjects whose erasure was ordered.
    condemned: BTreeSet<SubjectId>,
    /// Why nothing can be appended any more.
    failed: Option<StoreError>,
}

impl Disk {
    pub(crate) fn new(world: Arc<World>) -> Self {
        let (durable, state, queued) = (Arc::default(), Arc::default(), Arc::default());
        Self { world, durable, state, queued }
    }

    /// What is durable, as if the store were opened now.
    pub(crate) fn durable(&self) -> &MemoryStore {
        &self.durable
    }

    /// Whether the store must be opened again.
    pub(crate) fn failed(&self) -> bool {
        self.state.lock().unwrap().failed.is_some()
    }

    /// Stops where it is and starts again. Of what nobody was told that it is
    /// durable, the first so many batches are.
    pub(crate) fn crash(&self) {
        let mut state = std::mem::take(&mut *self.state.lock().unwrap());
        let kept = self.world.below(state.pending.len() as u64 + 1);
        for _ in 0..kept {
            let (batch, _) = state.pending.pop_front().unwrap();
            self.keep(batch);
        }
        let mut state = State::default();
        for run in self.durable.runs(&RunFilter::default()).now_or_never().unwrap().unwrap() {
            state.heads.insert(run.run.clone(), run.entries);
            state.condemned.extend(run.subject.filter(|_| run.erased));
        }
        *self.state.lock().unwrap() = state;
    }

    /// Makes one batch durable.
    fn keep(&self, batch: Batch) -> Receipt {
        self.durable.append(batch).now_or_never().unwrap().unwrap()
    }

    /// Makes batches durable for as long as the process lives.
    pub(crate) async fn writer(&self) {
        loop {
            let queued = self.queued.notified();
            let waiting = self.state.lock().unwrap().pending.len();
            if waiting == 0 || self.failed() {
                queued.await;
                continue;
            }
            tokio::time::sleep(Duration::from_micros(self.world.below(3_000))).await;
            self.world.step().await;
            if self.world.fails_on_disk() {
                self.fail();
                continue;
            }
            let mut synced = Vec::new();
            for _ in 0..waiting {
                let (batch, done) = self.state.lock().unwrap().pending.pop_front().unwrap();
                synced.push((self.keep(batch), done));
            }
            // Durable, and nobody knows yet.
            self.world.step().await;
            for (receipt, done) in synced {
                // Whoever dropped the commit does not want to know.
                let _ = done.map(|done| done.send(Ok(receipt)));
            }
        }
    }

    /// A sync failed: nobody knows what of it is on the disk.
    fn fail(&self) {
        let full = self.world.below(2) == 0;
        let io = || StoreError::Io { place: "disk".into(), what: "the sync failed".into() };
        let error = if full { StoreError::Full } else { io() };
        let mut state = self.state.lock().unwrap();
        state.failed = Some(error.clone());
        // Which of them are on the disk all the same shows when it is opened again.
        for done in state.pending.iter_mut().filter_map(|(_, done)| done.take()) {
            let _ = done.send(Err(error.clone()));
        }
    }

    async fn read(&self) -> Result<(), StoreError> {
        self.world.step().await;
        let failed = self.world.fails_to_read();
        let io = StoreError::Io { place: "disk".into(), what: "the read failed".into() };
        if failed { Err(io) } else { Ok(()) }
    }

    fn accept(&self, batch: Batch) -> Result<Commit, StoreError> {
        let mut state = self.state.lock().unwrap();
        if let Some(failed) = &state.failed {
            return Err(failed.clone());
        }
        let mut next = state.heads.get(&batch.run).copied().unwrap_or_default();
        for entry in &batch.entries {
            if entry.seq != next {
                return Err(StoreError::Conflict { run: batch.run, expected: next, found: entry.seq });
            }
            if entry.subject.as_ref().is_some_and(|subject| state.condemned.contains(subject)) {
                return Err(StoreError::Erased { run: batch.run });
            }
            next += 1;
        }
        state.heads.insert(batch.run.clone(), next);
        let erased = batch.entries.iter().filter_map(|entry| match &entry.outline {
            Outline::Erased { subject } => Some(subject.clone()),
            _ => None,
        });
        state.condemned.extend(erased);
        let (done, commit) = Commit::pending();
        state.pending.push_back((batch, Some(done)));
        drop(state);
        self.queued.notify_one();
        Ok(commit)
    }
}

#[async_trait]
impl Store for Disk {
    fn append(&self, batch: Batch) -> Commit {
        if self.world.dies() {
            // Nobody hears of it any more.
            let (done, commit) = Commit::pending();
            self.world.bury(done);
            return commit;
        }
        self.accept(batch).unwrap_or_else(|error| Commit::ready(Err(error)))
    }

    async fn subject(&self, customer: &CustomerId) -> Result<Subject, StoreError> {
        self.read().await?;
        self.durable.subject(customer).await
    }

    async fn entries(&self, run: &RunId) -> Result<Vec<Entry>, StoreError> {
        self.read().await?;
        self.durable.entries(run).await
    }

    async fn runs(&self, filter: &RunFilter) -> Result<Vec<RunSummary>, StoreError> {
        self.read().await?;
        self.durable.runs(filter).await
    }

    async fn history(&self, customer: &CustomerId, since: Timestamp) -> Result<Vec<Past>, StoreError> {
        self.read().await?;
        self.durable.history(customer, since).await
    }

    async fn handed_over(&self, customer: &CustomerId, since: Timestamp) -> Result<Vec<RunId>, StoreError> {
        self.read().await?;
        self.durable.handed_over(customer, since).await
    }

    async fn drafts(&self, filter: &DraftFilter) -> Result<Vec<DraftSummary>, StoreError> {
        self.read().await?;
        self.durable.drafts(filter).await
    }
}
