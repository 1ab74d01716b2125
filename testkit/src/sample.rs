//! Runs that could have happened, small and always the same.

use attache_context::{Bundle, Channel, Consent, Customer, CustomerId, Stage, Trigger};
use attache_journal::{
    Actor, Assessed, Batch, CallId, CallRequest, Chain, Decision, Digest, DraftCreated, DraftId, Emotion, Event, Json,
    Message, MessageSent, ModelCalled, Outcome, PolicyDecided, Reply, ReviewDecided, ReviewRequested, RunEnded, RunId,
    RunStarted, Sentiment, SentimentLabel, Store, Subject, ToolCalled, ToolReturned, Usage, Verdict,
};
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;

/// Seals events of one run into batches, one second apart.
#[derive(Clone, Debug)]
pub struct RunWriter {
    chain: Chain,
    now: Timestamp,
}

impl RunWriter {
    /// A run about `subject` that has no entry yet; the first is written at
    /// `start`.
    ///
    /// # Panics
    /// If `start` is no time.
    #[must_use]
    pub fn new(run: &str, subject: Option<Subject>, start: &str) -> Self {
        let now = start.parse().expect("a time such as 2026-11-20T09:00:00Z");
        Self { chain: Chain::new(RunId::new(run), subject), now }
    }

    /// A run about a customer of `store` that has no entry yet.
    ///
    /// # Panics
    /// If `customer` is no id, `start` no time, or the store has no key for them.
    pub async fn of(store: &impl Store, customer: &str, run: &str, start: &str) -> Self {
        let customer = CustomerId::new(customer).expect("a customer's id");
        Self::new(run, Some(store.subject(&customer).await.expect("a subject")), start)
    }

    /// Lets time pass before the next entry.
    pub fn wait(&mut self, time: SignedDuration) {
        self.now += time;
    }

    /// The next entries of the run, not yet given to a store.
    ///
    /// # Panics
    /// If an event cannot be sealed, which each can.
    pub fn batch(&mut self, events: impl IntoIterator<Item = (Actor, Event)>) -> Batch {
        let mut entries = Vec::new();
        for (actor, event) in events {
            entries.push(self.chain.seal(self.now, &actor, &event).expect("an event can be sealed"));
            self.now += SignedDuration::from_secs(1);
        }
        Batch { run: self.chain.run().clone(), entries }
    }
}

/// A bundle of a customer who asks something by e-mail.
///
/// # Panics
/// If `customer` is no id.
#[must_use]
pub fn sample_bundle(customer: &str) -> Bundle {
    Bundle {
        version: 1,
        customer: Customer {
            id: CustomerId::new(customer).expect("a customer's id"),
            name: Some("Dana Example".to_owned()),
            emails: vec!["dana@example.com".to_owned()],
            phones: Vec::new(),
            locale: None,
            timezone: None,
        },
        trigger: Trigger::Message {
            at: Timestamp::UNIX_EPOCH,
            channel: Channel::Email,
            text: "How do I invite my team?\nThanks — Dana".to_owned(),
        },
        consent: Consent { ai_interaction: true, ..Consent::default() },
        identity: Vec::new(),
        zero_party: Vec::new(),
        intent: Vec::new(),
        contextual: Vec::new(),
        sentiment: Vec::new(),
    }
}

/// A run from `run_started` to `run_ended` that looks something up, answers the
/// customer and is `resolved`: ten entries.
///
/// # Panics
/// If `customer` is no id.
#[must_use]
pub fn sample_run(customer: &str) -> Vec<(Actor, Event)> {
    let mut run = opening(customer);
    run.push(sent("call_2", false));
    run.push(ended(Outcome::Resolved));
    run
}

/// A run that ended with a person: nine entries.
///
/// # Panics
/// If `customer` is no id.
#[must_use]
pub fn handed_run(customer: &str) -> Vec<(Actor, Event)> {
    let mut run = opening(customer);
    run.push(ended(Outcome::Escalated));
    run
}

/// A run that makes a draft by the call `call` and awaits a person's decision
/// on it until `due`: eleven entries. The draft's id is [`DraftId::of`] run and
/// call, its digest that of its id.
///
/// # Panics
/// If `customer` is no id or `due` no time.
#[must_use]
pub fn drafted_run(customer: &str, run: &str, call: &str, due: &str) -> Vec<(Actor, Event)> {
    let draft = DraftId::of(&RunId::new(run), &CallId::new(call));
    let mut events = opening(customer);
    let created = DraftCreated {
        support: Vec::new(),
        draft: draft.clone(),
        call: CallId::new(call),
        tool: "send_email".to_owned(),
        input: json(r#"{"subject":"Your team"}"#),
        channel: Channel::Email,
        to: "dana@example.com".to_owned(),
        subject: "Your team".to_owned(),
        body: "Open Settings, then Team.".to_owned(),
        subject_field: Some("subject".to_owned()),
        body_field: Some("body".to_owned()),
        evidence: Vec::new(),
        replaces: None,
        digest: draft_digest(&draft),
    };
    let due = due.parse().expect("a time such as 2026-11-20T09:00:00Z");
    events.push((agent(), created.into()));
    events.push((Actor::System, ReviewRequested { draft, queue: "success".to_owned(), due, approvers: 1 }.into()));
    events.push(ended(Outcome::Drafted));
    events
}

/// A person's decision on a draft of [`drafted_run`].
#[must_use]
pub fn review(run: &str, call: &str, decision: Decision) -> (Actor, Event) {
    let draft = DraftId::of(&RunId::new(run), &CallId::new(call));
    let digest = draft_digest(&draft);
    let decided = ReviewDecided {
        consent: None,
        draft,
        by: "kim".to_owned(),
        decision,
        digest,
        reason: None,
        subject: None,
        body: None,
        history: Vec::new(),
        wrote_since: false,
    };
    (Actor::Human("kim".to_owned()), decided.into())
}

/// A message that left by the call `call`.
#[must_use]
pub fn sent(call: &str, outreach: bool) -> (Actor, Event) {
    let sent = MessageSent {
        channel: Channel::Email,
        to: "dana@example.com".to_owned(),
        digest: Digest::of(&[b"text"]),
        call: CallId::new(call),
        tool: if outreach { "send_email" } else { "reply" }.to_owned(),
        outreach,
    };
    (Actor::System, sent.into())
}

/// A run comes to rest.
#[must_use]
pub fn ended(outcome: Outcome) -> (Actor, Event) {
    let ended = RunEnded { outcome, reason_code: None, reply: None, citations: Vec::new(), usage: usage() };
    (Actor::System, ended.into())
}

fn opening(customer: &str) -> Vec<(Actor, Event)> {
    let call = CallId::new("call_1");
    let wish = CallRequest {
        id: "c1".to_owned(),
        name: "kb_search".to_owned(),
        arguments: r#"{"query":"invite"}"#.to_owned(),
    };
    let started = RunStarted {
        bundle: Arc::new(sample_bundle(customer)),
        playbook: "support_answer".to_owned(),
        stage: Stage::Support,
        playbook_digest: Digest::of(&[b"playbook"]),
        history: Vec::new(),
        asked: None,
        conversation: None,
        takeover: None,
    };
    let assessed = Assessed {
        sentiment: Sentiment { label: SentimentLabel::Neutral, score: 0.1, emotion: Emotion::None },
        trend: None,
        wants_human: false,
        facts: Vec::new(),
        pii_kinds: Vec::new(),
        policy_digest: Digest::of(&[b"rules"]),
    };
    let called = ToolCalled {
        tool: "kb_search".to_owned(),
        call: call.clone(),
        input: json(r#"{ "query": "invite" }"#),
        key: Digest::of(&[b"key"]),
    };
    let returned = ToolReturned {
        tool: "kb_search".to_owned(),
        call: call.clone(),
        output: Some(json(r#"{"passages":["Open Settings, then Team."]}"#)),
        fault: None,
        attempts: 1,
        facts: Vec::new(),
    };
    vec![
        (Actor::System, started.into()),
        (Actor::System, assessed.into()),
        (Actor::System, decided("engage", None).into()),
        (agent(), asked(Reply { text: None, calls: vec![wish] }).into()),
        (Actor::System, decided("kb_search", Some(call)).into()),
        (agent(), called.into()),
        (Actor::System, returned.into()),
        (agent(), asked(Reply { text: Some("Open Settings, then Team.".to_owned()), calls: Vec::new() }).into()),
    ]
}

fn agent() -> Actor {
    Actor::Agent("support_answer".to_owned())
}

fn asked(reply: Reply) -> ModelCalled {
    ModelCalled {
        model: "scripted".to_owned(),
        request: vec![Arc::new(Message::User { text: "How do I invite my team?".to_owned() })],
        reply: Some(Arc::new(reply)),
        fault: None,
        usage: usage(),
        prompt_digest: Digest::of(&[b"prompt"]),
    }
}

fn decided(action: &str, call: Option<CallId>) -> PolicyDecided {
    PolicyDecided {
        findings: Vec::new(),
        action: action.to_owned(),
        call,
        verdict: Verdict::Allow,
        policies: vec!["allow_support".to_owned()],
        reasons: Vec::new(),
        queue: None,
        reason_code: None,
        alerts: Vec::new(),
        approvers: 1,
        redact: Vec::new(),
        policy_digest: Digest::of(&[b"rules"]),
    }
}

fn usage() -> Usage {
    Usage { input_tokens: 100, output_tokens: 20, micro_usd: 50, millis: 300, attempts: 1 }
}

fn draft_digest(draft: &DraftId) -> Digest {
    Digest::of(&[draft.as_str().as_bytes()])
}

fn json(text: &str) -> Json {
    Json::parse(text).expect("JSON")
}
