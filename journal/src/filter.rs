//! What is asked of a store's lists: which runs, which drafts, from where on.

use crate::{DraftId, DraftState, DraftSummary, Outcome, RunId, RunSummary};
use attache_context::CustomerId;
use jiff::Timestamp;

/// Which runs to list.
#[derive(Clone, Debug, Default)]
pub struct RunFilter {
    /// Only this customer's.
    pub customer: Option<CustomerId>,
    /// Only those that started then or later.
    pub since: Option<Timestamp>,
    /// Only those whose last entry is of then or later.
    pub changed_since: Option<Timestamp>,
    /// Only those that came to rest so.
    pub outcome: Option<Outcome>,
    /// Only those that have not ended and can be read.
    pub unfinished: bool,
    /// Only those that are listed after the run of this start and id, whether or
    /// not there is one.
    pub after: Option<(Timestamp, RunId)>,
    /// At most so many; all if absent.
    pub limit: Option<usize>,
}

impl RunFilter {
    /// Whether this run is among those asked for, `limit` aside.
    #[must_use]
    pub fn admits(&self, run: &RunSummary) -> bool {
        self.customer.as_ref().is_none_or(|customer| run.customer.as_ref() == Some(customer))
            && self.since.is_none_or(|since| run.started_at >= since)
            && self.changed_since.is_none_or(|since| run.updated_at >= since)
            && (self.outcome.is_none() || run.outcome == self.outcome)
            && (!self.unfinished || run.outcome.is_none() && !run.erased)
            && self.after.as_ref().is_none_or(|(at, id)| (run.started_at, &run.run) < (*at, id))
    }

    /// Puts runs that are admitted into their order and leaves out what is beyond
    /// the limit.
    pub fn arrange(&self, runs: &mut Vec<RunSummary>) {
        runs.sort_by(|a, b| (b.started_at, &b.run).cmp(&(a.started_at, &a.run)));
        runs.truncate(self.limit.unwrap_or(usize::MAX));
    }
}

/// Which drafts to list.
#[derive(Clone, Debug, Default)]
pub struct DraftFilter {
    /// Only those that stand there.
    pub state: Option<DraftState>,
    /// Only those that were due before then.
    pub due_before: Option<Timestamp>,
    /// Only those that are listed after the draft of this due time and id, whether
    /// or not there is one.
    pub after: Option<(Timestamp, DraftId)>,
    /// The one due last in front, not the one due first.
    pub last_first: bool,
    /// At most so many; all if absent.
    pub limit: Option<usize>,
}

impl DraftFilter {
    /// Whether this draft is among those asked for, `limit` aside.
    #[must_use]
    pub fn admits(&self, draft: &DraftSummary) -> bool {
        let follows = |(due, id): &(Timestamp, DraftId)| {
            let (place, after) = ((draft.due, &draft.draft), (*due, id));
            if self.last_first { place < after } else { place > after }
        };
        self.state.is_none_or(|state| draft.state == state)
            && self.due_before.is_none_or(|before| draft.due < before)
            && self.after.as_ref().is_none_or(follows)
    }

    /// Puts drafts that are admitted into their order and leaves out what is beyond
    /// the limit.
    pub fn arrange(&self, drafts: &mut Vec<DraftSummary>) {
        drafts.sort_by(|a, b| (a.due, &a.draft).cmp(&(b.due, &b.draft)));
        if self.last_first {
            drafts.reverse();
        }
        drafts.truncate(self.limit.unwrap_or(usize::MAX));
    }
}
