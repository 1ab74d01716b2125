//! What a model is told about the customer.

use attache_context::{Channel, FactKind, Stage};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What a model is told about the customer: no hidden fact, and placeholders
/// where personal data stood. It goes into requests as JSON, so nothing in it
/// can pass for an instruction of ours, and to the templates of the offline
/// model.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct Brief {
    /// The playbook.
    pub playbook: String,
    /// Where the customer is on the journey.
    pub stage: Stage,
    /// What the run is to reach.
    pub goal: String,
    /// The way the answer will go.
    pub channel: Channel,
    /// Whether this is the first time we write to them.
    pub first_contact: bool,
    /// Who they are.
    pub customer: BriefCustomer,
    /// Why the run started.
    pub trigger: BriefTrigger,
    /// How they sound: label and emotion.
    pub sentiment: String,
    /// What is known, newest value of each key.
    pub facts: Vec<BriefFact>,
    /// What reviewers asked of another version, the last at the end.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub instructions: Vec<String>,
}

/// Who the customer is.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct BriefCustomer {
    /// How to address them.
    pub first_name: Option<String>,
    /// Their whole name.
    pub name: Option<String>,
    /// Language and region.
    pub locale: Option<String>,
}

/// Why the run started.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub struct BriefTrigger {
    /// `message`, `signal`, `stage_change` or `manual`.
    pub kind: String,
    /// What they wrote, or what a colleague asks for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The signal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signal: Option<String>,
    /// The stage they left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Stage>,
    /// The stage they entered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Stage>,
    /// What we asked them when we last wrote to them: the text may answer it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<BriefAsked>,
}

/// What we asked the customer before they wrote this.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct BriefAsked {
    /// What they had written.
    pub message: String,
    /// What we asked.
    pub question: String,
}

/// One thing that is known.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub struct BriefFact {
    /// Its kind.
    pub kind: FactKind,
    /// Its key.
    pub key: String,
    /// Its value.
    pub value: Value,
    /// Whether it may be said to the customer; otherwise it may only steer.
    pub may_say: bool,
}
