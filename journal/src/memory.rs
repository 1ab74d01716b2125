//! A store that forgets when the process ends.

use crate::{
    Batch, Commit, DraftSummary, Entry, Past, Receipt, RunFilter, RunId, RunSummary, Store, StoreError, verify,
};
use async_trait::async_trait;
use attache_context::CustomerId;
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A store in memory, for tests and examples.
#[derive(Debug, Default)]
pub struct MemoryStore {
    runs: Mutex<BTreeMap<RunId, Kept>>,
}

#[derive(Debug, Default)]
struct Kept {
    lines: Vec<Vec<u8>>,
    summary: Option<RunSummary>,
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<RunId, Kept>> {
        // A panic in another thread leaves whole entries behind: see `append`.
        self.runs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Store for MemoryStore {
    fn append(&self, batch: Batch) -> Commit {
        let mut runs = self.lock();
        let kept = runs.entry(batch.run.clone()).or_default();
        for (place, entry) in (kept.lines.len() as u64..).zip(&batch.entries) {
            if entry.seq != place {
                let conflict = StoreError::Conflict { run: batch.run, expected: place, found: entry.seq };
                return Commit::ready(Err(conflict));
            }
        }
        for entry in batch.entries {
            RunSummary::fold(&mut kept.summary, &batch.run, entry.seq, entry.at, &entry.event);
            kept.lines.push(entry.line);
        }
        Commit::ready(Ok(Receipt::for_store(batch.run, kept.lines.len() as u64)))
    }

    async fn entries(&self, run: &RunId) -> Result<Vec<Entry>, StoreError> {
        self.lock().get(run).map_or(Ok(Vec::new()), |kept| {
            kept.lines
                .iter()
                .map(|line| {
                    verify(line)
                        .map_err(|fault| StoreError::Corrupt { place: format!("run {run}"), what: fault.to_string() })
                })
                .collect()
        })
    }

    async fn runs(&self, filter: &RunFilter) -> Result<Vec<RunSummary>, StoreError> {
        let mut found: Vec<_> =
            self.lock().values().filter_map(|kept| kept.summary.clone()).filter(|run| filter.admits(run)).collect();
        found.sort_by(|a, b| (b.started_at, &b.run).cmp(&(a.started_at, &a.run)));
        found.truncate(filter.limit.unwrap_or(usize::MAX));
        Ok(found)
    }

    async fn history(&self, customer: &CustomerId, since: Timestamp) -> Result<Vec<Past>, StoreError> {
        let mut past: Vec<_> = self
            .lock()
            .values()
            .filter_map(|kept| kept.summary.as_ref())
            .filter(|run| run.customer == *customer)
            .flat_map(|run| run.past.iter().filter(|past| past.at >= since).cloned())
            .collect();
        past.sort_by_key(|past| past.at);
        Ok(past)
    }

    async fn drafts(&self) -> Result<Vec<DraftSummary>, StoreError> {
        let mut drafts: Vec<_> = self
            .lock()
            .values()
            .filter_map(|kept| kept.summary.as_ref())
            .flat_map(|run| run.drafts.iter().cloned())
            .collect();
        drafts.sort_by(|a, b| (a.due, &a.draft).cmp(&(b.due, &b.draft)));
        Ok(drafts)
    }
}

impl RunFilter {
    /// Whether this run is among those asked for, `limit` aside.
    #[must_use]
    pub fn admits(&self, run: &RunSummary) -> bool {
        self.customer.as_ref().is_none_or(|customer| *customer == run.customer)
            && self.since.is_none_or(|since| run.started_at >= since)
            && (!self.unfinished || run.outcome.is_none())
    }
}
