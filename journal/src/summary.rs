//! A run on one line: a projection of its entries that any store can rebuild.

use crate::{Digest, DraftId, Event, Outcome, Past, RunId, Usage};
use attache_context::{CustomerId, Stage};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A run on one line. It holds no text of the customer's.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct RunSummary {
    /// The run.
    pub run: RunId,
    /// Whom it was for.
    pub customer: CustomerId,
    /// Its playbook.
    pub playbook: String,
    /// Its stage.
    pub stage: Stage,
    /// When it started.
    pub started_at: Timestamp,
    /// When its last entry was written.
    pub updated_at: Timestamp,
    /// Where it stands; absent while it runs.
    pub outcome: Option<Outcome>,
    /// Why, as a code.
    pub reason_code: Option<String>,
    /// The queue of a person, if one is concerned.
    pub queue: Option<String>,
    /// How many entries it has.
    pub entries: u64,
    /// What it cost.
    pub usage: Usage,
    /// Its drafts.
    pub drafts: Vec<DraftSummary>,
    /// What reached the customer.
    pub past: Vec<Past>,
}

/// A draft on one line.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct DraftSummary {
    /// The draft.
    pub draft: DraftId,
    /// The run that made it.
    pub run: RunId,
    /// The customer it is for.
    pub customer: CustomerId,
    /// Where it stands.
    pub state: DraftState,
    /// Who should decide.
    pub queue: String,
    /// Until when; its creation while nobody was asked.
    pub due: Timestamp,
    /// When it was made.
    pub created_at: Timestamp,
    /// The digest an approval must name.
    pub digest: Digest,
}

/// Where a draft stands.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DraftState {
    /// A person said yes; it is on its way.
    Approved,
    /// It awaits a person.
    Pending,
    /// A person said no.
    Rejected,
    /// It left.
    Sent,
    /// A person said yes, and policy, its due date or a fault kept it back.
    Stopped,
}

impl RunSummary {
    /// Folds the run's next entry into `summary`; the first must be
    /// `run_started`, or nothing is made.
    pub fn fold(summary: &mut Option<Self>, run: &RunId, seq: u64, at: Timestamp, event: &Event) {
        match summary {
            Some(summary) => summary.apply(seq, at, event),
            None => {
                if let Event::RunStarted(started) = event {
                    *summary = Some(Self {
                        run: run.clone(),
                        customer: started.bundle.customer.id.clone(),
                        playbook: started.playbook.clone(),
                        stage: started.stage,
                        started_at: at,
                        updated_at: at,
                        outcome: None,
                        reason_code: None,
                        queue: None,
                        entries: seq + 1,
                        usage: Usage::default(),
                        drafts: Vec::new(),
                        past: Vec::new(),
                    });
                }
            }
        }
    }

    fn apply(&mut self, seq: u64, at: Timestamp, event: &Event) {
        self.entries = seq + 1;
        self.updated_at = at;
        match event {
            Event::RunStarted(_) | Event::Assessed(_) | Event::PolicyDecided(_) => {}
            Event::ToolCalled(_) | Event::ToolReturned(_) => {}
            Event::ModelCalled(called) => self.usage.add(called.usage),
            Event::DraftCreated(draft) => self.drafts.push(DraftSummary {
                draft: draft.draft.clone(),
                run: self.run.clone(),
                customer: self.customer.clone(),
                state: DraftState::Pending,
                queue: String::new(),
                due: at,
                created_at: at,
                digest: draft.digest.clone(),
            }),
            Event::ReviewRequested(review) => {
                self.queue = Some(review.queue.clone());
                if let Some(draft) = self.draft_mut(&review.draft) {
                    draft.queue.clone_from(&review.queue);
                    draft.due = review.due;
                }
            }
            Event::ReviewDecided(review) => {
                // The agent's part was over; with a decision the run goes on.
                self.outcome = None;
                if let Some(draft) = self.draft_mut(&review.draft) {
                    draft.state = match review.decision {
                        crate::Decision::Approve | crate::Decision::Edit => DraftState::Approved,
                        crate::Decision::Reject => DraftState::Rejected,
                    };
                }
            }
            Event::MessageSent(sent) => {
                // What colleagues read did not reach the customer.
                if sent.to != crate::event::STAFF {
                    self.past.push(Past { at, action: sent.tool.clone(), outreach: sent.outreach });
                }
                for draft in &mut self.drafts {
                    if draft.state == DraftState::Approved {
                        draft.state = DraftState::Sent;
                    }
                }
            }
            Event::Escalated(escalated) => {
                self.queue = Some(escalated.queue.clone());
                self.reason_code = Some(escalated.reason_code.clone());
            }
            Event::RunEnded(ended) => {
                self.outcome = Some(ended.outcome);
                for draft in &mut self.drafts {
                    if draft.state == DraftState::Approved {
                        draft.state = DraftState::Stopped;
                    }
                }
                if ended.reason_code.is_some() {
                    self.reason_code.clone_from(&ended.reason_code);
                }
            }
        }
    }

    fn draft_mut(&mut self, id: &DraftId) -> Option<&mut DraftSummary> {
        self.drafts.iter_mut().find(|draft| draft.draft == *id)
    }
}
