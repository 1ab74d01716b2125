//! What policy is asked, and what it answers.

use attache_context::{Channel, Consent, Purpose, Stage};
use attache_journal::{Emotion, Past, SentimentLabel, Verdict};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A tool as policy sees it: an action with an input.
#[derive(Clone, Debug, PartialEq)]
pub struct ActionSpec {
    /// The tool's name.
    pub name: String,
    /// `read`, `draft`, `write` or `escalate`: the group of actions it is in.
    pub effect: String,
    /// The closed JSON Schema of its input. What Cedar can express of it is
    /// `context.input` in rules.
    pub input_schema: serde_json::Value,
}

/// Everything that rules may ask of the situation.
///
/// The words are fields of `context.case` in rules, except `customer`, which is
/// the `resource` of `engage` and of tools. What a rule asks of a fact does not
/// depend on the customer.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Case {
    /// The playbook's name.
    pub playbook: String,
    /// The playbook's stage of the journey.
    pub stage: Stage,
    /// What the run is for.
    pub purpose: Purpose,
    /// The way to the customer.
    pub channel: Channel,
    /// `message`, `signal`, `stage_change` or `manual`.
    pub trigger: String,
    /// The signal's name; empty if the trigger is none.
    pub signal: String,
    /// How the customer sounds.
    pub sentiment: SentimentLabel,
    /// The score of that, times 100: from -100 to 100.
    pub mood: i64,
    /// The feeling that stands out.
    pub emotion: Emotion,
    /// Whether they ask for a person.
    pub wants_human: bool,
    /// What their account pays in a year, in minor units; 0 where nothing is known.
    pub account_value: i64,
    /// What they agreed to.
    pub consent: Consent,
    /// The hour of the day where they are, 0 to 23; -1 where that is not known.
    pub hour: i64,
    /// Whether they never heard from us before.
    pub first_contact: bool,
    /// Whether we speak first.
    pub outreach: bool,
    /// Whether a person approved exactly this text.
    pub approved: bool,
    /// Whether the run itself asks, and no model.
    pub by_run: bool,
    /// Whether a person has taken the customer over and not given them back.
    pub with_person: bool,
    /// Whether the customer wrote to us after the text was drafted.
    pub wrote_since: bool,
    /// The customer's id.
    pub customer: String,
}

impl Default for Case {
    /// A content customer asks the support playbook something by e-mail, not for
    /// the first time, and agreed to an AI that answers, but to nothing else.
    fn default() -> Self {
        Self {
            playbook: "support".into(),
            stage: Stage::Support,
            purpose: Purpose::Support,
            channel: Channel::Email,
            trigger: "message".into(),
            signal: String::new(),
            sentiment: SentimentLabel::Neutral,
            mood: 0,
            emotion: Emotion::None,
            wants_human: false,
            account_value: 0,
            consent: Consent { ai_interaction: true, ..Consent::default() },
            hour: -1,
            first_contact: false,
            outreach: false,
            approved: false,
            by_run: false,
            with_person: false,
            wrote_since: false,
            customer: "cus_1".into(),
        }
    }
}

/// What guards found in the text of a call; the default is no text at all.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct TextFacts {
    /// The kinds of personal data in it.
    pub pii: BTreeSet<String>,
    /// The keys of the facts that it states and may not.
    pub unsayable: Vec<String>,
    /// The kinds of specifics in it that stand in no evidence: `price`, `promise`.
    pub unfounded: BTreeSet<String>,
    /// Citations of passages that a search of this run found.
    pub citations: u32,
    /// Citations of anything else.
    pub unread: u32,
    /// The kinds of what belongs to somebody else: `customer`, `email`, `name`.
    pub foreign: BTreeSet<String>,
    /// Sentences that claim something and stand in no passage that is cited.
    pub unsupported: u32,
    /// Whether it asks what the customer was asked before.
    pub asked_before: bool,
    /// Whether it says that an AI wrote it.
    pub discloses_ai: bool,
    /// Whether the run has read what is written for colleagues alone.
    pub internal: bool,
    /// Unicode scalar values.
    pub length: u32,
}

/// Where the value of a sink (a recipient, an amount, an account) came from.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SinkOrigin {
    /// From nowhere that we can tell: a model made it up.
    Nowhere,
    /// From the engine, the customer's record or configuration.
    Trusted,
    /// From a text that somebody else wrote.
    Untrusted,
}

impl SinkOrigin {
    /// All of them, in order.
    pub const ALL: [Self; 3] = [Self::Nowhere, Self::Trusted, Self::Untrusted];

    /// The word for it in rules.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Nowhere => "nowhere",
            Self::Trusted => "trusted",
            Self::Untrusted => "untrusted",
        }
    }
}

/// An input that says whom or what a call reaches.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Sink {
    /// Which, as a JSON pointer.
    pub pointer: String,
    /// Where its value came from.
    pub origin: SinkOrigin,
}

/// One question to policy.
#[derive(Clone, Copy, Debug)]
pub struct PolicyRequest<'a> {
    /// `engage`, or a tool's name.
    pub action: &'a str,
    /// The situation.
    pub case: &'a Case,
    /// The tool's input; absent means an empty object.
    pub input: Option<&'a serde_json::Value>,
    /// What guards found in its text, if it has one.
    pub text: Option<&'a TextFacts>,
    /// Where the values of its sinks came from.
    pub sinks: &'a [Sink],
    /// Now.
    pub now: Timestamp,
    /// What reached this customer before, in any order.
    pub history: &'a [Past],
}

impl<'a> PolicyRequest<'a> {
    /// A question without input, text, sinks and history.
    #[must_use]
    pub fn new(action: &'a str, case: &'a Case, now: Timestamp) -> Self {
        Self { action, case, input: None, text: None, sinks: &[], now, history: &[] }
    }
}

/// The answer.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct PolicyDecision {
    /// The strictest verdict of the rules that fired.
    pub verdict: Verdict,
    /// The ids of those rules, then of the milder ones that fired as well. For
    /// `allow` the rules that permit it; `default_deny` if there is none.
    pub policies: Vec<String>,
    /// Their reasons, in the same order.
    pub reasons: Vec<String>,
    /// Where a person takes over or reviews.
    pub queue: Option<String>,
    /// Why, as a code.
    pub reason_code: Option<String>,
    /// Who else is told at once: everybody whom a rule that fired names.
    pub alerts: Vec<String>,
    /// How many people must approve: as many as the rule that asks for most.
    pub approvers: u8,
}

/// How one rule took part in a decision.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct RuleTrace {
    /// Its id.
    pub id: String,
    /// Whether it permits or forbids.
    pub effect: Effect,
    /// What it gives if it fires: `allow` for a permit.
    pub verdict: Verdict,
    /// Why, for this request.
    pub reason: String,
    /// Whether it fired.
    pub fired: bool,
    /// What went wrong with it; the decision is then a `deny`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Its text.
    pub source: String,
}

/// What a rule does when it fires.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// It takes away.
    Forbid,
    /// It allows.
    Permit,
}

/// The two questions about a fact.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum FactAction {
    /// May a text to the customer state it?
    Mention,
    /// May the model see it?
    See,
}

impl FactAction {
    /// The action's name in rules.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Mention => "mention",
            Self::See => "see",
        }
    }
}

/// A file of rules or of examples.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PolicyFile {
    /// Its name, for faults and for overriding, such as `engage.dw`.
    pub name: String,
    /// What is in it.
    pub text: String,
}

impl PolicyFile {
    /// A file by name and text.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        Self { name: name.into(), text: text.into() }
    }
}
