//! What people do who work with the agent.

use crate::{Digest, DraftId, RunId};
use attache_context::words;
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
    /// A draft was opened for review.
    DraftOpened {
        /// The draft.
        draft: DraftId,
        /// The digest of what was shown.
        digest: Digest,
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
