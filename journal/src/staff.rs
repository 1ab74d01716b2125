//! What people do who work with the agent.

use crate::{Actor, Digest, DraftId, Entry, Event, RunId};
use attache_context::words;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Somebody did what only certain people may: an entry of a run that is
/// nobody's data and that no agent drives.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct StaffActed {
    /// What.
    pub act: StaffAct,
}

/// What only certain people may do. No password, token or digest of one is in
/// here: an entry says who may prove what, never how.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum StaffAct {
    /// An account was made.
    AccountAdded {
        /// Its name.
        name: String,
        /// What it is for.
        roles: Vec<Role>,
    },
    /// An account was closed; its tokens with it.
    AccountClosed {
        /// Its name.
        name: String,
    },
    /// A person's approval of a draft waits for its time; until then it can be
    /// taken back.
    ApprovalScheduled {
        /// The draft.
        draft: DraftId,
        /// The digest of what they saw.
        digest: Digest,
        /// When it is carried out.
        #[schemars(with = "String")]
        at: Timestamp,
    },
    /// An approval that waited is taken back.
    ApprovalCancelled {
        /// The draft.
        draft: DraftId,
    },
    /// A draft is somebody's to decide on.
    DraftAssigned {
        /// The draft.
        draft: DraftId,
        /// Whose; nobody's if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<String>,
    },
    /// A person works on a draft: until they leave it, decide, or the time is
    /// over nobody else decides on it.
    DraftClaimed {
        /// The draft.
        draft: DraftId,
        /// Until then.
        #[schemars(with = "String")]
        until: Timestamp,
    },
    /// A draft was opened for review.
    DraftOpened {
        /// The draft.
        draft: DraftId,
        /// The digest of what was shown.
        digest: Digest,
    },
    /// A person left a draft that they worked on.
    DraftReleased {
        /// The draft.
        draft: DraftId,
    },
    /// A draft is put aside.
    DraftSnoozed {
        /// The draft.
        draft: DraftId,
        /// Until then.
        #[schemars(with = "String")]
        until: Timestamp,
        /// Why; nothing that names the customer.
        reason: String,
    },
    /// A person took a handoff over.
    HandoffAccepted {
        /// The run that handed it over.
        run: RunId,
    },
    /// A handoff is done.
    HandoffClosed {
        /// The run that handed it over.
        run: RunId,
    },
    /// A person gave a handoff back to the agent.
    HandoffReturned {
        /// The run that handed it over.
        run: RunId,
    },
    /// An account has a new password.
    PasswordSet {
        /// Its name.
        name: String,
    },
    /// An account has other roles.
    RolesSet {
        /// Its name.
        name: String,
        /// What it is for now.
        roles: Vec<Role>,
    },
    /// Somebody guessed too often; nobody signs in as them for a while.
    SignInLocked {
        /// The account's name.
        name: String,
    },
    /// Somebody signed in.
    SignedIn {
        /// The account's name.
        name: String,
        /// How they proved that they are it.
        by: SignInWay,
        /// Who vouched for them, where somebody else did.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        issuer: Option<String>,
        /// Who they are to whoever vouched for them.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        subject: Option<String>,
    },
    /// A token was made.
    TokenAdded {
        /// Its id, which is no secret.
        token: String,
        /// The account it acts for.
        name: String,
        /// What it is for, in its owner's words.
        label: String,
        /// What it may do, of what its account may.
        scopes: Vec<Right>,
    },
    /// A token is worth nothing any more.
    TokenRevoked {
        /// Its id.
        token: String,
    },
}

words! {
    /// How somebody proves that an account is theirs.
    SignInWay {
        /// A provider of OpenID Connect vouches for them.
        Openid = "openid",
        /// They know its password.
        Password = "password",
    }
}

words! {
    /// What an account is for.
    Role {
        /// Everything, other accounts included.
        Admin = "admin",
        /// Runs agents and feeds them.
        AgentOperator = "agent-operator",
        /// Reads every decision and changes none.
        Auditor = "auditor",
        /// Decides on drafts and takes handoffs over.
        Reviewer = "reviewer",
    }
}

words! {
    /// Something that an account may do.
    Right {
        /// Accounts, tokens of others, forgetting a customer.
        Administer = "administer",
        /// Read and export everything that the journal holds.
        Audit = "audit",
        /// Start runs.
        Operate = "operate",
        /// Read queues, drafts, handoffs and runs.
        Read = "read",
        /// Decide on drafts and take handoffs over.
        Review = "review",
    }
}

impl Role {
    /// What it allows.
    #[must_use]
    pub fn rights(self) -> &'static [Right] {
        match self {
            Self::Admin => &[Right::Administer, Right::Audit, Right::Operate, Right::Read, Right::Review],
            Self::AgentOperator => &[Right::Operate, Right::Read],
            Self::Auditor => &[Right::Audit, Right::Read],
            Self::Reviewer => &[Right::Read, Right::Review],
        }
    }
}

words! {
    /// How far a person is with what the agent handed over.
    HandoffState {
        /// Somebody has it.
        Accepted = "accepted",
        /// It is done.
        Closed = "closed",
        /// Nobody has taken it yet.
        Open = "open",
        /// It was given back to the agent.
        Returned = "returned",
    }
}

/// A handoff as the entries of its run beside tell it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Handoff {
    /// How far it is.
    pub state: HandoffState,
    /// Who has it or closed it.
    pub by: Option<String>,
    /// When it came so far; absent while nobody has taken it.
    pub at: Option<Timestamp>,
}

impl Handoff {
    /// The run that what people did about the handoff of `run` is entries of.
    #[must_use]
    pub fn beside(run: &RunId) -> RunId {
        RunId::new(format!("handoff_{run}"))
    }

    /// How far it is by the entries of that run.
    #[must_use]
    pub fn of(entries: &[Entry]) -> Self {
        let Some(last) = entries.last() else { return Self { state: HandoffState::Open, by: None, at: None } };
        let state = match &last.event {
            Some(Event::StaffActed(StaffActed { act: StaffAct::HandoffAccepted { .. } })) => HandoffState::Accepted,
            Some(Event::StaffActed(StaffActed { act: StaffAct::HandoffReturned { .. } })) => HandoffState::Returned,
            _ => HandoffState::Closed,
        };
        let by = match &last.actor {
            Actor::Human(name) if state != HandoffState::Returned => Some(name.clone()),
            Actor::Agent(_) | Actor::Human(_) | Actor::System => None,
        };
        Self { state, by, at: Some(last.at) }
    }
}
