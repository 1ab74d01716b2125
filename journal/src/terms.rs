//! The words that events are written in.

use attache_context::words;

words! {
    /// What policy says of an action, mildest first: the strictest of several
    /// wins, so a later rule can only take away.
    Verdict {
        /// It may be done.
        Allow = "allow",
        /// It may be done with the marked values taken out.
        Redact = "redact",
        /// A person must approve it first.
        Review = "review",
        /// The agent stops and a person takes over.
        Escalate = "escalate",
        /// It is not done.
        Deny = "deny",
    }
}

words! {
    /// What may be done with a fact, least first.
    Permission {
        /// It never reaches a model.
        Hidden = "hidden",
        /// It may steer and may not be stated.
        Usable = "usable",
        /// It may be stated to the customer.
        Mentionable = "mentionable",
    }
}

words! {
    /// Whether trying again can help.
    Retry {
        /// Not before somebody found out what happened: it may have been done.
        AfterCheck = "after_check",
        /// No.
        Never = "never",
        /// Yes: nothing was done.
        Safe = "safe",
    }
}

words! {
    /// Where a run came to rest.
    Outcome {
        /// A draft awaits a person.
        Drafted = "drafted",
        /// A person took over.
        Escalated = "escalated",
        /// Nothing reached anybody for a fault of ours; a person is told.
        Failed = "failed",
        /// The customer has an answer.
        Resolved = "resolved",
        /// Deliberately nothing was sent.
        Suppressed = "suppressed",
    }
}

words! {
    /// What a reviewer decided.
    Decision {
        /// Send it as it is.
        Approve = "approve",
        /// Send it as they changed it.
        Edit = "edit",
        /// Do not send it: a person goes on with the customer.
        Escalate = "escalate",
        /// Do not send it.
        Reject = "reject",
        /// Do not send it: the agent writes another version.
        Revise = "revise",
        /// Do not send it, although nothing is wrong with it.
        Withdraw = "withdraw",
    }
}

impl Decision {
    /// Whether the text leaves, if policy still allows it.
    #[must_use]
    pub fn sends(self) -> bool {
        match self {
            Self::Approve | Self::Edit => true,
            Self::Escalate | Self::Reject | Self::Revise | Self::Withdraw => false,
        }
    }
}

words! {
    /// The class of a sentiment.
    SentimentLabel {
        /// Unhappy.
        Negative = "negative",
        /// Neither.
        Neutral = "neutral",
        /// Happy.
        Positive = "positive",
        /// Cannot be told.
        Unknown = "unknown",
    }
}

words! {
    /// A feeling.
    Emotion {
        /// Ready to shout.
        Angry = "angry",
        /// Lost.
        Confused = "confused",
        /// Let down.
        Disappointed = "disappointed",
        /// Tired of trying.
        Frustrated = "frustrated",
        /// None stands out.
        None = "none",
        /// Grateful.
        Thankful = "thankful",
    }
}
