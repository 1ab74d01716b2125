//! What of an event may be kept for ever.

use crate::event::{is_one, one};
use crate::{Decision, DraftId, Event, Outcome, STAFF, SubjectId, Usage, Verdict};
use attache_context::{Channel, Stage};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An event without anything of the customer's: what is counted and listed.
///
/// It stands in clear beside the sealed event and stays when that cannot be
/// read any more, so that erasing a person changes no figure. No text that a
/// customer or a model wrote belongs in here, and no digest of one: who can
/// guess a text can check a guess.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case", tag = "type")]
pub enum Outline {
    /// Of [`RunStarted`](crate::RunStarted).
    RunStarted {
        /// The playbook.
        playbook: String,
        /// Its stage.
        stage: Stage,
        /// The kind of the trigger.
        trigger: String,
        /// The way to the customer.
        channel: Channel,
    },
    /// Of [`Assessed`](crate::Assessed).
    Assessed {},
    /// Of [`ModelCalled`](crate::ModelCalled).
    ModelCalled {
        /// The model.
        model: String,
        /// What it cost.
        usage: Usage,
        /// The code of what went wrong.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        fault: Option<String>,
    },
    /// Of [`PolicyDecided`](crate::PolicyDecided).
    PolicyDecided {
        /// The action.
        action: String,
        /// The verdict.
        verdict: Verdict,
        /// The rules that made it.
        policies: Vec<String>,
    },
    /// Of [`ToolCalled`](crate::ToolCalled).
    ToolCalled {
        /// The tool.
        tool: String,
    },
    /// Of [`ToolReturned`](crate::ToolReturned); not the tool, whose name may be
    /// one that a model made up.
    ToolReturned {
        /// The code of what went wrong.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        fault: Option<String>,
    },
    /// Of [`DraftCreated`](crate::DraftCreated).
    DraftCreated {
        /// The draft.
        draft: DraftId,
    },
    /// Of [`ReviewRequested`](crate::ReviewRequested).
    ReviewRequested {
        /// The draft.
        draft: DraftId,
        /// Who should decide.
        queue: String,
        /// Until when.
        #[schemars(with = "String")]
        due: Timestamp,
        /// How many people must approve it.
        #[serde(default = "one", skip_serializing_if = "is_one")]
        approvers: u8,
    },
    /// Of [`ReviewDecided`](crate::ReviewDecided).
    ReviewDecided {
        /// The draft.
        draft: DraftId,
        /// What was decided.
        decision: Decision,
    },
    /// Of [`MessageSent`](crate::MessageSent).
    MessageSent {
        /// The way it went.
        channel: Channel,
        /// The tool that sent it.
        tool: String,
        /// Whether we spoke first.
        outreach: bool,
        /// Whether it went to the customer, not to a colleague.
        customer: bool,
    },
    /// Of [`Escalated`](crate::Escalated).
    Escalated {
        /// Who took over.
        queue: String,
        /// Why, as a code.
        reason_code: String,
    },
    /// Of [`RunEnded`](crate::RunEnded).
    RunEnded {
        /// The outcome.
        outcome: Outcome,
        /// Why, as a code.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason_code: Option<String>,
        /// What the run cost.
        usage: Usage,
    },
    /// Of [`Erased`](crate::Erased).
    Erased {
        /// Who cannot be read any more.
        subject: SubjectId,
    },
    /// Of [`StaffActed`](crate::StaffActed).
    StaffActed {},
}

impl Event {
    /// What of it may be kept for ever.
    #[must_use]
    pub fn outline(&self) -> Outline {
        let code = |fault: &Option<crate::Fault>| fault.as_ref().map(|fault| fault.code.clone());
        match self {
            Self::RunStarted(e) => Outline::RunStarted {
                playbook: e.playbook.clone(),
                stage: e.stage,
                trigger: e.bundle.trigger.kind().to_string(),
                channel: e.bundle.trigger.channel(),
            },
            Self::Assessed(_) => Outline::Assessed {},
            Self::ModelCalled(e) => {
                Outline::ModelCalled { model: e.model.clone(), usage: e.usage, fault: code(&e.fault) }
            }
            Self::PolicyDecided(e) => {
                let (action, verdict, policies) = (e.action.clone(), e.verdict, e.policies.clone());
                Outline::PolicyDecided { action, verdict, policies }
            }
            Self::ToolCalled(e) => Outline::ToolCalled { tool: e.tool.clone() },
            Self::ToolReturned(e) => Outline::ToolReturned { fault: code(&e.fault) },
            Self::DraftCreated(e) => Outline::DraftCreated { draft: e.draft.clone() },
            Self::ReviewRequested(e) => {
                let (draft, queue) = (e.draft.clone(), e.queue.clone());
                Outline::ReviewRequested { draft, queue, due: e.due, approvers: e.approvers }
            }
            Self::ReviewDecided(e) => Outline::ReviewDecided { draft: e.draft.clone(), decision: e.decision },
            Self::MessageSent(e) => {
                let (tool, outreach) = (e.tool.clone(), e.outreach);
                Outline::MessageSent { channel: e.channel, tool, outreach, customer: e.to != STAFF }
            }
            Self::Escalated(e) => Outline::Escalated { queue: e.queue.clone(), reason_code: e.reason_code.clone() },
            Self::RunEnded(e) => {
                Outline::RunEnded { outcome: e.outcome, reason_code: e.reason_code.clone(), usage: e.usage }
            }
            Self::Erased(e) => Outline::Erased { subject: e.subject.clone() },
            Self::StaffActed(_) => Outline::StaffActed {},
        }
    }
}
