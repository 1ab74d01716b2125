//! Replaying: what a run's decisions would be, from its own record.

use crate::{Run, Step};
use attache_journal::{Entry, Event};
use attache_policies::PolicySet;

/// A decision that came out differently.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// The place of the recorded entry.
    pub seq: u64,
    /// What is recorded.
    pub recorded: Event,
    /// What it would be now; `None` if the run would not come here at all.
    pub now: Option<Event>,
}

/// Folds `entries` into `run`, which must be new, and makes every decision
/// again with `policy` at its recorded time. What models, tools and people said
/// is taken from the record. The record goes on where a decision differs, so
/// each difference is one decision under the facts as they were.
#[must_use]
pub fn replay(run: &mut Run, policy: &PolicySet, entries: &[Entry]) -> Vec<Difference> {
    let mut differences = Vec::new();
    for entry in entries {
        // What was erased decides nothing any more.
        let Some(recorded) = &entry.event else { continue };
        let again = match (recorded, run.next()) {
            (Event::RunStarted(_) | Event::ReviewDecided(_), _) => Some(recorded.clone()),
            (_, Step::Assess) => run.assess(policy, entry.at),
            (_, Step::Decide) => run.decide(policy, entry.at),
            (_, Step::Record(_, event)) => Some(*event),
            (Event::ModelCalled(_), Step::AskModel(_)) | (Event::ToolReturned(_), Step::CallTool(_)) => {
                Some(recorded.clone())
            }
            (_, Step::AskModel(_) | Step::AwaitReview(_) | Step::CallTool(_) | Step::Done(_)) => None,
        };
        if again.as_ref() != Some(recorded) {
            differences.push(Difference { seq: entry.seq, recorded: recorded.clone(), now: again });
        }
        run.apply(entry.at, recorded);
    }
    differences
}
