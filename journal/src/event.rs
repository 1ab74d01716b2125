//! What can happen.

use crate::{
    CallId, Decision, Digest, DraftId, Emotion, Json, Message, Outcome, Permission, Reply, Retry, RunId,
    SentimentLabel, StaffActed, SubjectId, Usage, Verdict,
};
use attache_context::{Bundle, Channel, Consent, FactKind, Stage};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

macro_rules! events {
    ($($(#[$doc:meta])* $variant:ident = $word:literal),+ $(,)?) => {
        /// One thing that happened in a run.
        ///
        /// In JSON an object whose `type` names it; see the structs for the rest.
        #[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
        #[serde(tag = "type")]
        pub enum Event { $($(#[$doc])* #[serde(rename = $word)] $variant($variant)),+ }

        impl Event {
            /// Its name in JSON.
            #[must_use]
            pub fn kind(&self) -> &'static str {
                match self { $(Self::$variant(_) => $word),+ }
            }
        }

        $(impl From<$variant> for Event {
            fn from(event: $variant) -> Self {
                Self::$variant(event)
            }
        })+

        // Not derived: serde's tagged enums buffer their content, and `Json`
        // is text that must not be taken apart on the way.
        impl<'de> Deserialize<'de> for Event {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                #[derive(Deserialize)]
                struct Tag { r#type: String }
                let raw = Json::deserialize(deserializer)?;
                let tag: Tag = serde_json::from_str(raw.as_str()).map_err(serde::de::Error::custom)?;
                match tag.r#type.as_str() {
                    $($word => serde_json::from_str(raw.as_str()).map(Self::$variant),)+
                    other => return Err(serde::de::Error::unknown_variant(other, &[$($word),+])),
                }
                .map_err(serde::de::Error::custom)
            }
        }
    };
}

events! {
    /// A run began.
    RunStarted = "run_started",
    /// The guards looked at the context.
    Assessed = "assessed",
    /// A model was asked.
    ModelCalled = "model_called",
    /// Policy gave a verdict.
    PolicyDecided = "policy_decided",
    /// A tool is about to be called: durable before it is.
    ToolCalled = "tool_called",
    /// A tool came back, or a wish was refused before any tool was called.
    ToolReturned = "tool_returned",
    /// A text for a person's approval was made.
    DraftCreated = "draft_created",
    /// A person was asked.
    ReviewRequested = "review_requested",
    /// A person decided.
    ReviewDecided = "review_decided",
    /// A message left.
    MessageSent = "message_sent",
    /// A person took over.
    Escalated = "escalated",
    /// The run reached an outcome. A drafted run goes on when its draft is
    /// decided; the last `run_ended` tells where it stands.
    RunEnded = "run_ended",
    /// A person's data was made unreadable.
    Erased = "erased",
    /// Somebody did what only certain people may.
    StaffActed = "staff_acted",
}

/// A run began: everything it will rest on.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct RunStarted {
    /// The context as it was given.
    pub bundle: Arc<Bundle>,
    /// The playbook that was chosen.
    pub playbook: String,
    /// Its stage of the journey.
    pub stage: Stage,
    /// The digest of that playbook with its prompts.
    pub playbook_digest: Digest,
    /// What happened with this customer before, oldest first, as policy sees it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub history: Vec<Past>,
    /// What we asked the customer when we last wrote to them, if we did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<Asked>,
    /// The run that began the conversation which this one goes on with; absent
    /// where it begins one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conversation: Option<RunId>,
    /// Whether a person took this customer over before, the last time they did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub takeover: Option<Takeover>,
}

/// What we asked the customer, since we could not tell what they mean.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct Asked {
    /// What they had written.
    pub message: String,
    /// What we asked.
    pub question: String,
}

/// A person took a customer over from the agent.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct Takeover {
    /// The run that handed over.
    pub run: RunId,
    /// When the person gave the customer back or was done; absent while they
    /// have them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub ended_at: Option<Timestamp>,
}

/// Something that reached the customer before, as policy sees it.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct Past {
    /// When.
    #[schemars(with = "String")]
    pub at: Timestamp,
    /// The action: a tool's name.
    pub action: String,
    /// Whether we spoke first.
    pub outreach: bool,
}

/// The guards looked at the context.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct Assessed {
    /// How the customer sounds now, or did last.
    pub sentiment: Sentiment,
    /// How they sounded over time, this message included, from -1 to 1: earlier
    /// messages weigh less. Absent where nothing is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trend: Option<f64>,
    /// Whether they ask for a person.
    pub wants_human: bool,
    /// For each fact, in the order of the bundle, what may be done with it.
    pub facts: Vec<FactPermission>,
    /// The kinds of personal data found in what the customer wrote.
    pub pii_kinds: Vec<String>,
    /// The digest of the rules that decided on the facts.
    pub policy_digest: Digest,
}

/// How a text sounds.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct Sentiment {
    /// The class.
    pub label: SentimentLabel,
    /// From -1 (worst) to 1 (best).
    pub score: f64,
    /// The feeling, if one stands out.
    pub emotion: Emotion,
}

/// What may be done with a fact, and why.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct FactPermission {
    /// The fact's key.
    pub key: String,
    /// The fact's kind.
    pub kind: FactKind,
    /// What may be done with it.
    pub permission: Permission,
    /// The rules that decided; empty if none allowed it.
    pub policies: Vec<String>,
}

/// A model was asked.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct ModelCalled {
    /// The model that answered, or was asked last.
    pub model: String,
    /// The messages that are new since the last call of this run, as sent.
    pub request: Vec<Arc<Message>>,
    /// What it said; absent if it could not be had.
    pub reply: Option<Arc<Reply>>,
    /// Why there is no reply.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<Fault>,
    /// What it cost.
    pub usage: Usage,
    /// The digest of the system prompt.
    pub prompt_digest: Digest,
}

/// Policy gave a verdict.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct PolicyDecided {
    /// The action: `engage`, or a tool's name.
    pub action: String,
    /// The call it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<CallId>,
    /// The strictest verdict of the rules that fired.
    pub verdict: Verdict,
    /// The ids of those rules; `default_deny` if none allowed it.
    pub policies: Vec<String>,
    /// Their reasons, for the reviewer.
    pub reasons: Vec<String>,
    /// Where a person takes over or reviews.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue: Option<String>,
    /// Why, as a code, if the verdict is `escalate`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason_code: Option<String>,
    /// Who else is told at once, beside the queue.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alerts: Vec<String>,
    /// How many people must approve, if the verdict is `review`.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub approvers: u8,
    /// The kinds of personal data that must be taken out of the text before the
    /// action is decided on again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub redact: Vec<String>,
    /// What was found in the text, where the verdict is not `allow`: for the
    /// reviewer, and for the model that may write it anew.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
    /// The digest of the rule set.
    pub policy_digest: Digest,
}

/// A place in a text that a guard points at.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct Finding {
    /// What it is: `foreign`, `unfounded`, `unsayable` or `unsupported`.
    pub guard: String,
    /// What of it: the key of a fact, or a kind such as `price`.
    pub what: String,
    /// Where it starts in the subject, a line feed and the body, in Unicode scalar values.
    pub start: usize,
    /// Where it ends, exclusive.
    pub end: usize,
}

/// A tool is about to be called.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct ToolCalled {
    /// The tool's name.
    pub tool: String,
    /// Our id of the call.
    pub call: CallId,
    /// The input after validation, redaction and restoration.
    pub input: Json,
    /// The idempotency key: run, step, tool and canonical input.
    pub key: Digest,
}

/// A tool came back.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct ToolReturned {
    /// The tool's name, or what the model called it.
    pub tool: String,
    /// Our id of the call.
    pub call: CallId,
    /// What it returned; a tool that returns `null` did return.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub output: Option<Json>,
    /// Why it returned nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<Fault>,
    /// Tries, the last one included; 0 if the tool was never called.
    pub attempts: u32,
    /// For each value of the customer's that it returned, in the order of the
    /// output, what may be done with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub facts: Vec<FactPermission>,
}

/// A field that is there holds a value, be it `null`.
fn present<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Json>, D::Error> {
    Json::deserialize(deserializer).map(Some)
}

/// What went wrong with a tool or a model.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct Fault {
    /// A stable word for it, such as `timeout`.
    pub code: String,
    /// Whether trying again can help.
    pub retry: Retry,
    /// What the model may read of it.
    pub feedback: String,
}

/// A text for a person's approval.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct DraftCreated {
    /// Its id.
    pub draft: DraftId,
    /// The call that made it.
    pub call: CallId,
    /// The tool that an approval will call, with `input`.
    pub tool: String,
    /// The input of that tool.
    pub input: Json,
    /// The way it will go.
    pub channel: Channel,
    /// The exact destination, bound by the engine.
    pub to: String,
    /// The subject line; empty where the channel has none.
    pub subject: String,
    /// The body with everything that will be appended.
    pub body: String,
    /// The field of `input` that a reviewer's subject goes into; absent if the
    /// subject is fixed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject_field: Option<String>,
    /// The field of `input` that a reviewer's body goes into; absent if the
    /// body cannot be edited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body_field: Option<String>,
    /// What it rests on.
    pub evidence: Vec<Evidence>,
    /// What each of its sentences rests on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub support: Vec<Support>,
    /// The draft that a person sent back for this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<DraftId>,
    /// The digest of content, evidence, policy and labels: an approval names it.
    pub digest: Digest,
}

/// A sentence of a draft and what it rests on.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct Support {
    /// Where the sentence starts in the subject, a line feed and the body, in Unicode scalar values.
    pub start: usize,
    /// Where it ends, exclusive.
    pub end: usize,
    /// The facts and passages that hold what it says; none if nothing does.
    pub evidence: Vec<Evidence>,
}

/// One thing that a draft rests on.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Evidence {
    /// A fact of the bundle.
    Fact {
        /// Its key.
        key: String,
        /// What may be done with it.
        permission: Permission,
    },
    /// A passage of the knowledge base.
    Passage(Citation),
}

/// A place in a document; offsets are Unicode scalar values.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, Ord, PartialEq, PartialOrd, Serialize)]
pub struct Citation {
    /// The document's id.
    pub doc: String,
    /// Where it starts.
    pub start: usize,
    /// Where it ends, exclusive.
    pub end: usize,
}

/// A person was asked.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct ReviewRequested {
    /// The draft.
    pub draft: DraftId,
    /// Who should decide.
    pub queue: String,
    /// Until when; after that it is not sent.
    #[schemars(with = "String")]
    pub due: Timestamp,
    /// How many people must approve it.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub approvers: u8,
}

pub(crate) fn one() -> u8 {
    1
}

pub(crate) fn is_one(number: &u8) -> bool {
    *number == 1
}

/// A person decided.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct ReviewDecided {
    /// The draft.
    pub draft: DraftId,
    /// Who decided.
    pub by: String,
    /// What they decided.
    pub decision: Decision,
    /// The digest of what they saw.
    pub digest: Digest,
    /// Why, in their words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The subject they changed it to, for `edit`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The body they changed it to, for `edit`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// What happened with this customer before, as it is now: policy decides
    /// anew before anything leaves.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub history: Vec<Past>,
    /// What the customer agrees to now, where that is something else than when
    /// the run began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consent: Option<Consent>,
    /// Whether the customer wrote to us after the run began.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub wrote_since: bool,
}

/// The destination of texts for colleagues.
pub const STAFF: &str = "staff";

/// A message left.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct MessageSent {
    /// The way it went.
    pub channel: Channel,
    /// To whom.
    pub to: String,
    /// The digest of the literal text.
    pub digest: Digest,
    /// The call that sent it.
    pub call: CallId,
    /// The tool that sent it.
    pub tool: String,
    /// Whether we spoke first.
    pub outreach: bool,
}

/// A person took over.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct Escalated {
    /// Who.
    pub queue: String,
    /// Why, as a code.
    pub reason_code: String,
    /// Who else is told at once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alerts: Vec<String>,
    /// Everything they need: see `escalate_to_human`.
    pub package: Json,
}

/// The run reached an outcome.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct RunEnded {
    /// Which.
    pub outcome: Outcome,
    /// Why, as a code, where the outcome alone does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason_code: Option<String>,
    /// What the customer was told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply: Option<String>,
    /// What that rests on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub citations: Vec<Citation>,
    /// What the run cost.
    pub usage: Usage,
}

/// A person's data was made unreadable: the only entry of its run, and under no
/// subject's key.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct Erased {
    /// Who they were to the journal.
    pub subject: SubjectId,
    /// How many runs of theirs there are.
    pub runs: u64,
    /// Why, in the words of whoever ordered it; nothing that names the person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Who did it: `agent:PLAYBOOK`, `human:NAME` or `system`.
#[derive(Clone, Debug, Eq, JsonSchema, PartialEq)]
#[schemars(with = "String")]
pub enum Actor {
    /// The agent under a playbook.
    Agent(String),
    /// A person.
    Human(String),
    /// Attaché itself: guards, policy, engine.
    System,
}

impl std::fmt::Display for Actor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Agent(playbook) => write!(f, "agent:{playbook}"),
            Self::Human(name) => write!(f, "human:{name}"),
            Self::System => f.write_str("system"),
        }
    }
}

impl Serialize for Actor {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Actor {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        match text.split_once(':') {
            Some(("agent", playbook)) => Ok(Self::Agent(playbook.to_owned())),
            Some(("human", name)) => Ok(Self::Human(name.to_owned())),
            None if text == "system" => Ok(Self::System),
            _ => Err(serde::de::Error::custom("expected `agent:PLAYBOOK`, `human:NAME` or `system`")),
        }
    }
}
