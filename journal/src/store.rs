//! The store trait: what any keeper of a journal promises.

use crate::{DraftFilter, DraftId, DraftSummary, Entry, Past, RunFilter, RunId, RunSummary, Sealed, Subject};
use async_trait::async_trait;
use attache_context::CustomerId;
use futures::channel::oneshot;
use jiff::Timestamp;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

/// A keeper of the journal.
///
/// Whoever implements it passes `attache_testkit::store_conformance`. Promises:
///
/// 1. When a [`Commit`] resolves to a [`Receipt`], its entries survive a crash.
/// 2. A batch is kept whole or not at all, and the batches of one store in the
///    order of [`append`](Self::append).
/// 3. A batch that does not start at the run's next place is refused with
///    [`StoreError::Conflict`] and changes nothing: of two writers one wins.
/// 4. When the commit of an [`Erased`](crate::Erased) resolves, the subject's key
///    is gone: their events cannot be had from this store any more, and from the
///    moment of the call nothing is appended under that subject.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// Hands over entries of one run. They count from the moment of the call:
    /// a following `append` goes on after them. They are durable when the
    /// commit resolves, which may take a moment longer if nobody waits for it;
    /// if it fails, so does every later one of the run.
    fn append(&self, batch: Batch) -> Commit;

    /// The subject under whose key this customer's entries are sealed, made at
    /// the first call; after an erasure, another one.
    async fn subject(&self, customer: &CustomerId) -> Result<Subject, StoreError>;

    /// The entries of a run that are durable, oldest first; empty if there is
    /// no such run.
    async fn entries(&self, run: &RunId) -> Result<Vec<Entry>, StoreError>;

    /// Summaries of runs, newest first.
    async fn runs(&self, filter: &RunFilter) -> Result<Vec<RunSummary>, StoreError>;

    /// How many runs [`runs`](Self::runs) gives. A store with many reads none of
    /// them for it.
    async fn count_runs(&self, filter: &RunFilter) -> Result<usize, StoreError> {
        Ok(self.runs(filter).await?.len())
    }

    /// What reached this customer since then, oldest first.
    async fn history(&self, customer: &CustomerId, since: Timestamp) -> Result<Vec<Past>, StoreError>;

    /// This customer's runs that started since then and rest with a person, newest
    /// first. Every run asks for them: a store does not look at all runs for it.
    async fn handed_over(&self, customer: &CustomerId, since: Timestamp) -> Result<Vec<RunId>, StoreError>;

    /// Drafts, the one due first in front.
    async fn drafts(&self, filter: &DraftFilter) -> Result<Vec<DraftSummary>, StoreError>;

    /// How many drafts [`drafts`](Self::drafts) gives. A store with many reads none
    /// of them for it.
    async fn count_drafts(&self, filter: &DraftFilter) -> Result<usize, StoreError> {
        Ok(self.drafts(filter).await?.len())
    }

    /// One draft, if there is such a draft. A store with many finds it without
    /// looking at the others.
    async fn draft(&self, draft: &DraftId) -> Result<Option<DraftSummary>, StoreError> {
        Ok(self.drafts(&DraftFilter::default()).await?.into_iter().find(|one| one.draft == *draft))
    }

    /// The summary of one run, if there is such a run. A store with many finds it
    /// without looking at the others.
    async fn run(&self, run: &RunId) -> Result<Option<RunSummary>, StoreError> {
        Ok(self.runs(&RunFilter::default()).await?.into_iter().find(|one| one.run == *run))
    }
}

/// Entries of one run, in order and without a gap.
#[derive(Clone, Debug)]
pub struct Batch {
    /// The run.
    pub run: RunId,
    /// Its entries.
    pub entries: Vec<Sealed>,
}

/// A promise of durability. Dropping it does not withdraw the entries.
pub struct Commit {
    resolved: oneshot::Receiver<Result<Receipt, StoreError>>,
    /// Whom to tell that somebody waits.
    waits: Option<Box<dyn FnOnce() + Send + Sync>>,
}

impl Commit {
    /// A commit and the end that resolves it, for implementers of [`Store`].
    #[must_use]
    pub fn pending() -> (oneshot::Sender<Result<Receipt, StoreError>>, Self) {
        let (sender, resolved) = oneshot::channel();
        (sender, Self { resolved, waits: None })
    }

    /// The commit, which calls `tell` when somebody first waits for it: until
    /// then its entries may wait for company.
    #[must_use]
    pub fn when_waited_for(self, tell: impl FnOnce() + Send + Sync + 'static) -> Self {
        Self { waits: Some(Box::new(tell)), ..self }
    }

    /// A commit that is resolved already, for implementers of [`Store`].
    #[must_use]
    pub fn ready(result: Result<Receipt, StoreError>) -> Self {
        let (sender, commit) = Self::pending();
        // The receiver is alive: it is in `commit`.
        let _ = sender.send(result);
        commit
    }
}

impl Future for Commit {
    type Output = Result<Receipt, StoreError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let resolved = Pin::new(&mut self.resolved).poll(cx).map(|result| result.unwrap_or(Err(StoreError::Closed)));
        if resolved.is_pending()
            && let Some(tell) = self.waits.take()
        {
            tell();
        }
        resolved
    }
}

impl fmt::Debug for Commit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Commit").finish_non_exhaustive()
    }
}

/// Proof that entries of a run are durable. Only a store makes one.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Receipt {
    run: RunId,
    next_seq: u64,
}

impl Receipt {
    /// Says that every entry of `run` before `next_seq` is durable. For
    /// implementers of [`Store`] only: whoever makes one up breaks the promise
    /// that no effect happens before its record.
    #[must_use]
    pub fn for_store(run: RunId, next_seq: u64) -> Self {
        Self { run, next_seq }
    }

    /// Whether this entry is durable.
    #[must_use]
    pub fn covers(&self, run: &RunId, seq: u64) -> bool {
        self.run == *run && seq < self.next_seq
    }
}

/// Why a store could not do it.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The store was shut down.
    #[error("the store is closed")]
    Closed,
    /// Somebody else wrote to the run first.
    #[error("run {run} is at entry {expected}, not at {found}: somebody else wrote to it")]
    Conflict {
        /// The run.
        run: RunId,
        /// Its next place.
        expected: u64,
        /// The place the batch starts at.
        found: u64,
    },
    /// What is stored is not what was written.
    #[error("{place}: {what}")]
    Corrupt {
        /// File and byte, or run and entry.
        place: String,
        /// What is wrong there.
        what: String,
    },
    /// The person's data was made unreadable meanwhile.
    #[error("run {run}: the customer's data was erased")]
    Erased {
        /// The run.
        run: RunId,
    },
    /// The disk is full.
    #[error("the disk is full; what was done is journaled, the same command resumes")]
    Full,
    /// The system refused.
    #[error("{place}: {what}")]
    Io {
        /// The file.
        place: String,
        /// What the system said.
        what: String,
    },
    /// Another process has the store.
    #[error("{place} is in use by another process; stop it, or give another --data folder")]
    Locked {
        /// The folder.
        place: String,
    },
}
