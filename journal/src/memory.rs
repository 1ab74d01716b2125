//! A store that forgets when the process ends.

use crate::{
    Batch, Commit, DraftFilter, DraftSummary, Entry, EntryFault, Key, Outcome, Outline, Past, Receipt, RunFilter,
    RunId, RunSummary, Sealed, Store, StoreError, Subject, SubjectId, open,
};
use async_trait::async_trait;
use attache_context::CustomerId;
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A store in memory, for tests and examples. Its keys are not secret: they
/// count up.
#[derive(Debug, Default)]
pub struct MemoryStore {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    runs: BTreeMap<RunId, Kept>,
    subjects: BTreeMap<CustomerId, Subject>,
    /// How many subjects there ever were.
    count: u64,
}

#[derive(Debug, Default)]
struct Kept {
    entries: Vec<Sealed>,
    summary: Option<RunSummary>,
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // A panic in another thread leaves whole entries behind: see `append`.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn subject(&self, id: &SubjectId) -> Option<(&CustomerId, &Subject)> {
        self.subjects.iter().find(|(_, subject)| subject.id() == id)
    }

    fn summaries(&self) -> impl Iterator<Item = RunSummary> {
        self.runs.values().filter_map(|kept| {
            let mut summary = kept.summary.clone()?;
            if let Some((customer, _)) = summary.subject.as_ref().and_then(|id| self.subject(id)) {
                summary.name(customer);
            }
            Some(summary)
        })
    }

    fn erase(&mut self, id: &SubjectId) {
        self.subjects.retain(|_, subject| subject.id() != id);
        for summary in self.runs.values_mut().filter_map(|kept| kept.summary.as_mut()) {
            if summary.subject.as_ref() == Some(id) {
                summary.erase();
            }
        }
    }
}

#[async_trait]
impl Store for MemoryStore {
    fn append(&self, batch: Batch) -> Commit {
        let mut state = self.lock();
        let start = state.runs.get(&batch.run).map_or(0, |kept| kept.entries.len() as u64);
        for (place, entry) in (start..).zip(&batch.entries) {
            if entry.seq != place {
                let conflict = StoreError::Conflict { run: batch.run, expected: place, found: entry.seq };
                return Commit::ready(Err(conflict));
            }
            if entry.subject.as_ref().is_some_and(|id| state.subject(id).is_none()) {
                return Commit::ready(Err(StoreError::Erased { run: batch.run }));
            }
        }
        let next = start + batch.entries.len() as u64;
        let kept = state.runs.entry(batch.run.clone()).or_default();
        let mut erased = Vec::new();
        for entry in batch.entries {
            let subject = entry.subject.as_ref();
            RunSummary::fold(&mut kept.summary, &batch.run, subject, entry.seq, entry.at, &entry.outline);
            if let Outline::Erased { subject } = &entry.outline {
                erased.push(subject.clone());
            }
            kept.entries.push(entry);
        }
        erased.iter().for_each(|subject| state.erase(subject));
        Commit::ready(Ok(Receipt::for_store(batch.run, next)))
    }

    async fn subject(&self, customer: &CustomerId) -> Result<Subject, StoreError> {
        let mut state = self.lock();
        if let Some(subject) = state.subjects.get(customer) {
            return Ok(subject.clone());
        }
        state.count += 1;
        let secret: [u8; 32] = Sha256::digest(state.count.to_be_bytes()).into();
        let subject = Subject::new(SubjectId::new(format!("{:032x}", state.count)), &secret);
        state.subjects.insert(customer.clone(), subject.clone());
        Ok(subject)
    }

    async fn entries(&self, run: &RunId) -> Result<Vec<Entry>, StoreError> {
        let state = self.lock();
        let corrupt = |fault: EntryFault| StoreError::Corrupt { place: format!("run {run}"), what: fault.to_string() };
        let kept = state.runs.get(run).map_or(&[][..], |kept| &kept.entries);
        let read = |sealed: &Sealed| {
            let key =
                |id: &SubjectId| state.subject(id).map_or(Key::Destroyed, |(_, subject)| Key::Of(subject.clone()));
            open(&sealed.head, &sealed.body, key).map(|(entry, _)| entry).map_err(corrupt)
        };
        kept.iter().map(read).collect()
    }

    async fn runs(&self, filter: &RunFilter) -> Result<Vec<RunSummary>, StoreError> {
        let mut found: Vec<_> = self.lock().summaries().filter(|run| filter.admits(run)).collect();
        filter.arrange(&mut found);
        Ok(found)
    }

    async fn history(&self, customer: &CustomerId, since: Timestamp) -> Result<Vec<Past>, StoreError> {
        let of = RunFilter { customer: Some(customer.clone()), ..RunFilter::default() };
        let state = self.lock();
        let runs = state.summaries().filter(|run| of.admits(run));
        let mut past: Vec<_> = runs.flat_map(|run| run.past).filter(|past| past.at >= since).collect();
        past.sort_by_key(|past| past.at);
        Ok(past)
    }

    async fn handed_over(&self, customer: &CustomerId, since: Timestamp) -> Result<Vec<RunId>, StoreError> {
        let (customer, outcome) = (Some(customer.clone()), Some(Outcome::Escalated));
        let of = RunFilter { customer, outcome, since: Some(since), ..RunFilter::default() };
        Ok(self.runs(&of).await?.into_iter().map(|run| run.run).collect())
    }

    async fn drafts(&self, filter: &DraftFilter) -> Result<Vec<DraftSummary>, StoreError> {
        let mut found: Vec<_> = self.lock().summaries().flat_map(|run| run.drafts).collect();
        found.retain(|draft| filter.admits(draft));
        filter.arrange(&mut found);
        Ok(found)
    }
}
