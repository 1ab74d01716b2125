//! A run on one line: a projection of its entries that any store can rebuild.

use crate::event::one;
use crate::{Decision, DraftId, Outcome, Outline, Past, RunId, SubjectId, Usage};
use attache_context::{CustomerId, Stage, words};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A run on one line. It holds no text of the customer's.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct RunSummary {
    /// The run.
    pub run: RunId,
    /// Whom it was for, to the journal.
    pub subject: Option<SubjectId>,
    /// Whom it was for; absent once they were erased.
    pub customer: Option<CustomerId>,
    /// Whether what it held was made unreadable.
    pub erased: bool,
    /// Its playbook.
    pub playbook: String,
    /// Its stage.
    pub stage: Stage,
    /// When it started.
    #[schemars(with = "String")]
    pub started_at: Timestamp,
    /// When its last entry was written.
    #[schemars(with = "String")]
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
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct DraftSummary {
    /// The draft.
    pub draft: DraftId,
    /// The run that made it.
    pub run: RunId,
    /// The customer it is for; absent once they were erased.
    pub customer: Option<CustomerId>,
    /// Where it stands.
    pub state: DraftState,
    /// Who should decide.
    pub queue: String,
    /// Until when; its creation while nobody was asked.
    #[schemars(with = "String")]
    pub due: Timestamp,
    /// When it was made.
    #[schemars(with = "String")]
    pub created_at: Timestamp,
    /// How many people must approve it.
    #[serde(default = "one")]
    pub approvers: u8,
    /// How many have.
    #[serde(default)]
    pub approvals: u8,
}

words! {
    /// Where a draft stands.
    DraftState {
        /// A person said yes; it is on its way.
        Approved = "approved",
        /// A person goes on with the customer instead.
        Escalated = "escalated",
        /// It awaits a person.
        Pending = "pending",
        /// A person said no.
        Rejected = "rejected",
        /// Another version was asked for.
        Replaced = "replaced",
        /// It left.
        Sent = "sent",
        /// A person said yes, and policy, its due date or a fault kept it back.
        Stopped = "stopped",
        /// A person took it back.
        Withdrawn = "withdrawn",
    }
}

impl RunSummary {
    /// Folds the run's next entry into `summary`; the first must be
    /// `run_started`, or nothing is made. Whom it was for is the store's to
    /// say: see [`name`](Self::name).
    pub fn fold(
        summary: &mut Option<Self>,
        run: &RunId,
        subject: Option<&SubjectId>,
        seq: u64,
        at: Timestamp,
        outline: &Outline,
    ) {
        match (summary, outline) {
            (Some(summary), outline) => summary.apply(seq, at, outline),
            (summary, Outline::RunStarted { playbook, stage, .. }) => {
                *summary = Some(Self {
                    run: run.clone(),
                    subject: subject.cloned(),
                    customer: None,
                    erased: false,
                    playbook: playbook.clone(),
                    stage: *stage,
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
            (_, _) => {}
        }
    }

    /// Says whom it was for.
    pub fn name(&mut self, customer: &CustomerId) {
        self.customer = Some(customer.clone());
        for draft in &mut self.drafts {
            draft.customer = Some(customer.clone());
        }
    }

    /// Takes in that what it held cannot be read any more: nobody goes on with
    /// it and no draft of it leaves.
    pub fn erase(&mut self) {
        self.erased = true;
        self.customer = None;
        for draft in &mut self.drafts {
            draft.customer = None;
            if matches!(draft.state, DraftState::Pending | DraftState::Approved) {
                draft.state = DraftState::Stopped;
            }
        }
    }

    fn apply(&mut self, seq: u64, at: Timestamp, outline: &Outline) {
        self.entries = seq + 1;
        self.updated_at = at;
        match outline {
            Outline::RunStarted { .. } | Outline::Assessed {} | Outline::PolicyDecided { .. } => {}
            Outline::StaffActed {} => {}
            Outline::ToolCalled { .. } | Outline::ToolReturned { .. } | Outline::Erased { .. } => {}
            Outline::ModelCalled { usage, .. } => self.usage.add(*usage),
            Outline::DraftCreated { draft } => self.drafts.push(DraftSummary {
                draft: draft.clone(),
                run: self.run.clone(),
                customer: self.customer.clone(),
                state: DraftState::Pending,
                queue: String::new(),
                due: at,
                created_at: at,
                approvers: 1,
                approvals: 0,
            }),
            Outline::ReviewRequested { draft, queue, due, approvers } => {
                self.queue = Some(queue.clone());
                if let Some(draft) = self.draft_mut(draft) {
                    draft.queue.clone_from(queue);
                    draft.due = *due;
                    draft.approvers = *approvers;
                }
            }
            Outline::ReviewDecided { draft, decision } => {
                // The agent's part was over; with a decision the run goes on.
                self.outcome = None;
                if let Some(draft) = self.draft_mut(draft) {
                    // Nobody but its editor has seen an edited text.
                    draft.approvals = match decision {
                        Decision::Edit => 1,
                        _ => draft.approvals.saturating_add(decision.sends().into()),
                    };
                    draft.state = match decision {
                        Decision::Approve | Decision::Edit if draft.approvals < draft.approvers => DraftState::Pending,
                        Decision::Approve | Decision::Edit => DraftState::Approved,
                        Decision::Escalate => DraftState::Escalated,
                        Decision::Reject => DraftState::Rejected,
                        Decision::Revise => DraftState::Replaced,
                        Decision::Withdraw => DraftState::Withdrawn,
                    };
                }
            }
            Outline::MessageSent { tool, outreach, customer, .. } => {
                // What colleagues read did not reach the customer.
                if *customer {
                    self.past.push(Past { at, action: tool.clone(), outreach: *outreach });
                }
                for draft in &mut self.drafts {
                    if draft.state == DraftState::Approved {
                        draft.state = DraftState::Sent;
                    }
                }
            }
            Outline::Escalated { queue, reason_code } => {
                self.queue = Some(queue.clone());
                self.reason_code = Some(reason_code.clone());
            }
            Outline::RunEnded { outcome, reason_code, .. } => {
                self.outcome = Some(*outcome);
                for draft in &mut self.drafts {
                    let half = draft.state == DraftState::Pending && draft.approvals > 0;
                    if draft.state == DraftState::Approved || half && *outcome != Outcome::Drafted {
                        draft.state = DraftState::Stopped;
                    }
                }
                if reason_code.is_some() {
                    self.reason_code.clone_from(reason_code);
                }
            }
        }
    }

    fn draft_mut(&mut self, id: &DraftId) -> Option<&mut DraftSummary> {
        self.drafts.iter_mut().find(|draft| draft.draft == *id)
    }
}
