//! The handoffs that are not done, in memory: what changed since the last look is
//! read, not all that ever was.

use attache_journal::{Handoff, HandoffState, Outcome, RunFilter, RunId, RunSummary, Store, StoreError};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use tokio::sync::Mutex;

/// For how long an entry may be on its way to the disk: so much is looked at again.
const ON_ITS_WAY: SignedDuration = SignedDuration::from_secs(30);

/// The handoffs that are not closed; a restart reads them again.
#[derive(Default)]
pub(crate) struct Handoffs(Mutex<Known>);

#[derive(Default)]
struct Known {
    /// By the start of their runs.
    open: BTreeMap<(Timestamp, RunId), Handoff>,
    /// The last entry of a handed-over run that was looked at.
    seen: Option<Timestamp>,
}

impl Handoffs {
    /// How many are not closed, and the first so many of them, the newest in front.
    pub(crate) async fn open(
        &self,
        store: &dyn Store,
        most: usize,
    ) -> Result<(usize, Vec<(RunSummary, Handoff)>), StoreError> {
        let mut known = self.0.lock().await;
        known.look(store).await?;
        let (mut found, mut gone) = (Vec::new(), Vec::new());
        for ((started_at, run), handoff) in known.open.iter().rev() {
            if found.len() == most {
                break;
            }
            match store.run(run).await? {
                Some(summary) if is_handed_over(&summary) => found.push((summary, handoff.clone())),
                Some(_) | None => gone.push((*started_at, run.clone())),
            }
        }
        gone.iter().for_each(|run| drop(known.open.remove(run)));
        Ok((known.open.len(), found))
    }

    /// Takes in what somebody did about one.
    pub(crate) async fn note(&self, store: &dyn Store, run: &RunId) -> Result<(), StoreError> {
        let mut known = self.0.lock().await;
        match store.run(run).await? {
            Some(summary) => known.take(store, summary).await,
            None => Ok(()),
        }
    }
}

impl Known {
    async fn look(&mut self, store: &dyn Store) -> Result<(), StoreError> {
        let changed_since = self.seen.map(|seen| seen.checked_sub(ON_ITS_WAY).unwrap_or(Timestamp::MIN));
        let filter = RunFilter { outcome: Some(Outcome::Escalated), changed_since, ..RunFilter::default() };
        for summary in store.runs(&filter).await? {
            let changed = Some(summary.updated_at);
            self.take(store, summary).await?;
            self.seen = self.seen.max(changed);
        }
        Ok(())
    }

    async fn take(&mut self, store: &dyn Store, summary: RunSummary) -> Result<(), StoreError> {
        let handoff = Handoff::of(&store.entries(&Handoff::beside(&summary.run)).await?);
        let open = handoff.state != HandoffState::Closed && is_handed_over(&summary);
        let place = (summary.started_at, summary.run);
        if open {
            self.open.insert(place, handoff);
        } else {
            self.open.remove(&place);
        }
        Ok(())
    }
}

fn is_handed_over(run: &RunSummary) -> bool {
    run.outcome == Some(Outcome::Escalated) && !run.erased
}

#[cfg(test)]
mod tests;
