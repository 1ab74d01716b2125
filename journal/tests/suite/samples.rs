//! One full sample of each event, and strategies for any of them.

use attache_context::{
    Bundle, Channel, Consent, Customer, CustomerId, Fact, FactKind, Purpose, Sensitivity, Source, Stage, Trigger,
};
use attache_journal::{
    Asked, Assessed, CallId, CallRequest, Citation, Decision, Digest, DraftCreated, DraftId, Emotion, Erased,
    Escalated, Event, Evidence, FactPermission, Fault, Json, Message, MessageSent, ModelCalled, Outcome, Past,
    Permission, PolicyDecided, Reply, Retry, ReviewDecided, ReviewRequested, RunEnded, RunId, RunStarted, Sentiment,
    SentimentLabel, SubjectId, Takeover, ToolCalled, ToolReturned, Usage, Verdict,
};
use jiff::Timestamp;
use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};
use std::sync::Arc;

/// The kinds of events, in the order of [`samples`].
pub(crate) const KINDS: [&str; 13] = [
    "run_started",
    "assessed",
    "model_called",
    "policy_decided",
    "tool_called",
    "tool_returned",
    "draft_created",
    "review_requested",
    "review_decided",
    "message_sent",
    "escalated",
    "run_ended",
    "erased",
];

pub(crate) fn call() -> CallId {
    CallId::new("call_1")
}

fn draft() -> DraftId {
    DraftId::of(&RunId::new("run_golden"), &call())
}

fn at(time: &str) -> Timestamp {
    time.parse().unwrap()
}

fn digest(of: &str) -> Digest {
    Digest::of(&[of.as_bytes()])
}

fn past() -> Vec<Past> {
    vec![Past { at: at("2026-11-01T08:00:00Z"), action: "send_email".into(), outreach: true }]
}

fn citation() -> Citation {
    Citation { doc: "refunds".into(), start: 11, end: 50 }
}

fn usage() -> Usage {
    Usage { input_tokens: 1_200, output_tokens: 88, micro_usd: 420, millis: 731, attempts: 2 }
}

fn fault() -> Fault {
    Fault { code: "timeout".into(), retry: Retry::AfterCheck, feedback: "no answer in time".into() }
}

fn fact(key: &str, value: Value) -> Fact {
    Fact {
        key: key.into(),
        value,
        source: Source::ZeroParty,
        system: "form".into(),
        observed_at: at("2026-10-01T00:00:00Z"),
        purposes: vec![Purpose::Support, Purpose::Success],
        sensitivity: Sensitivity::Personal,
    }
}

fn bundle(text: &str, value: Value) -> Bundle {
    Bundle {
        version: 1,
        customer: Customer {
            id: CustomerId::new("cus_1042").unwrap(),
            name: Some("Dana Whitfield".into()),
            emails: vec!["dana@northwind.example".into()],
            phones: vec!["+1 202 555 0147".into()],
            locale: Some("en-US".into()),
            timezone: Some("America/Los_Angeles".into()),
        },
        trigger: Trigger::Message { at: at("2026-11-20T09:00:00Z"), channel: Channel::Email, text: text.into() },
        consent: Consent { ai_interaction: true, marketing_email: false, profiling: true },
        identity: vec![fact("company.name", json!("Northwind"))],
        zero_party: vec![fact("pref", value)],
        intent: vec![fact("page.last", json!(null))],
        contextual: vec![fact("nps.last", json!(9))],
        sentiment: vec![fact("ticket.sentiment", json!(-0.35))],
    }
}

fn messages() -> Vec<Arc<Message>> {
    let wish = CallRequest { id: "c1".into(), name: "kb_search".into(), arguments: "{\"query\": \"refund\"".into() };
    [
        Message::System { text: "Be kind.".into() },
        Message::User { text: "How do I …\nThanks \u{1F642}".into() },
        Message::Assistant(Reply { text: Some("One moment.".into()), calls: vec![wish] }),
        Message::Tool { call: "c1".into(), name: "kb_search".into(), content: "{\"error\":\"no\"}".into() },
    ]
    .map(Arc::new)
    .to_vec()
}

/// One full sample of each event.
pub(crate) fn samples() -> Vec<Event> {
    let json = |text: &str| Json::parse(text).unwrap();
    vec![
        RunStarted {
            bundle: Arc::new(bundle(
                "Where is my refund?\n— D. \"W\"",
                json!({ "channel": "phone", "days": [1, 2.5] }),
            )),
            playbook: "support_answer".into(),
            stage: Stage::Support,
            playbook_digest: digest("playbook"),
            history: past(),
            asked: None,
            conversation: Some(RunId::new("run_0")),
            takeover: Some(Takeover { run: RunId::new("run_1"), ended_at: Some(at("2026-11-19T09:00:00Z")) }),
        }
        .into(),
        Assessed {
            sentiment: Sentiment { label: SentimentLabel::Negative, score: -0.6124, emotion: Emotion::Frustrated },
            trend: None,
            wants_human: true,
            facts: vec![FactPermission {
                key: "pref".into(),
                kind: FactKind::ZeroParty,
                permission: Permission::Usable,
                policies: vec!["usable_by_purpose".into()],
            }],
            pii_kinds: vec!["email".into()],
            policy_digest: digest("rules"),
        }
        .into(),
        ModelCalled {
            model: "openai:small".into(),
            request: messages(),
            reply: Some(Arc::new(Reply { text: Some("Yes.".into()), calls: Vec::new() })),
            fault: Some(fault()),
            usage: usage(),
            prompt_digest: digest("prompt"),
        }
        .into(),
        PolicyDecided {
            findings: Vec::new(),
            action: "draft_email".into(),
            call: Some(call()),
            verdict: Verdict::Review,
            policies: vec!["first_contact".into()],
            reasons: vec!["the first message to somebody is looked at".into()],
            redact: vec!["email".into()],
            queue: Some("success".into()),
            reason_code: Some("first_contact".into()),
            alerts: Vec::new(),
            approvers: 1,
            policy_digest: digest("rules"),
        }
        .into(),
        ToolCalled {
            tool: "draft_email".into(),
            call: call(),
            input: json("{ \"subject\": \"Refund\", \"n\": 1.0 }"),
            key: digest("key"),
        }
        .into(),
        ToolReturned {
            tool: "draft_email".into(),
            call: call(),
            output: Some(json("\"filed\"")),
            fault: Some(fault()),
            attempts: 2,
            facts: Vec::new(),
        }
        .into(),
        DraftCreated {
            support: Vec::new(),
            draft: draft(),
            call: call(),
            tool: "send_email".into(),
            input: json("{\"subject\":\"Refund\",\"body\":\"Soon.\"}"),
            channel: Channel::Email,
            to: "dana@northwind.example".into(),
            subject: "Refund".into(),
            body: "Soon.\n\nYou are talking to an AI system.".into(),
            subject_field: Some("subject".into()),
            body_field: Some("body".into()),
            evidence: vec![
                Evidence::Fact { key: "pref".into(), permission: Permission::Mentionable },
                Evidence::Passage(citation()),
            ],
            replaces: Some(draft()),
            digest: digest("draft"),
        }
        .into(),
        ReviewRequested { draft: draft(), queue: "success".into(), due: at("2026-11-21T09:00:00Z"), approvers: 2 }
            .into(),
        ReviewDecided {
            draft: draft(),
            by: "kim".into(),
            decision: Decision::Edit,
            digest: digest("draft"),
            reason: Some("too short".into()),
            subject: Some("Your refund".into()),
            body: Some("By Friday.".into()),
            history: past(),
            consent: Some(Consent { ai_interaction: true, marketing_email: false, profiling: true }),
            wrote_since: true,
        }
        .into(),
        MessageSent {
            channel: Channel::Email,
            to: "dana@northwind.example".into(),
            digest: digest("text"),
            call: call(),
            tool: "send_email".into(),
            outreach: true,
        }
        .into(),
        Escalated {
            queue: "success".into(),
            reason_code: "no_answer".into(),
            alerts: vec!["manager".into()],
            package: json("{\"wants\":\"refund\"}"),
        }
        .into(),
        RunEnded {
            outcome: Outcome::Escalated,
            reason_code: Some("no_answer".into()),
            reply: Some("A colleague takes over.".into()),
            citations: vec![citation()],
            usage: usage(),
        }
        .into(),
        Erased {
            subject: SubjectId::new("9f86d081884c7d659a2feaa0c55ad015"),
            runs: 3,
            reason: Some("asked by letter".into()),
        }
        .into(),
    ]
}

// The parts are boxed: as one type, an event's strategy is larger than the stack of a test's thread.
fn text() -> BoxedStrategy<String> {
    prop_oneof!["[a-z_]{0,12}", ".{0,24}", any::<String>()].boxed()
}

fn texts() -> impl Strategy<Value = Vec<String>> {
    vec(text(), 0..3)
}

fn a_call() -> impl Strategy<Value = CallId> {
    text().prop_map(CallId::new)
}

fn a_draft() -> impl Strategy<Value = DraftId> {
    text().prop_map(DraftId::new)
}

fn a_digest() -> impl Strategy<Value = Digest> {
    text().prop_map(|text| digest(&text))
}

fn time() -> BoxedStrategy<Timestamp> {
    (Timestamp::MIN.as_second()..=Timestamp::MAX.as_second(), 0..1_000_000_000_i32)
        .prop_filter_map("a time", |(second, nano)| Timestamp::new(second, nano).ok())
        .boxed()
}

fn pasts() -> BoxedStrategy<Vec<Past>> {
    let past = (time(), text(), any::<bool>());
    vec(past.prop_map(|(at, action, outreach)| Past { at, action, outreach }), 0..3).boxed()
}

fn a_usage() -> BoxedStrategy<Usage> {
    any::<(u64, u64, u64, u64, u32)>()
        .prop_map(|(input_tokens, output_tokens, micro_usd, millis, attempts)| Usage {
            input_tokens,
            output_tokens,
            micro_usd,
            millis,
            attempts,
        })
        .boxed()
}

fn finite() -> impl Strategy<Value = f64> {
    prop_oneof![-1.0..=1.0_f64, prop::num::f64::NORMAL | prop::num::f64::SUBNORMAL | prop::num::f64::ZERO]
}

fn value() -> BoxedStrategy<Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        finite().prop_map(Value::from),
        text().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(text(), inner, 0..4).prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
    .boxed()
}

/// JSON text as somebody else may write it.
fn a_json() -> BoxedStrategy<Json> {
    (value(), 0..3)
        .prop_map(|(value, how)| match how {
            0 => Json::of(&value).unwrap(),
            1 => Json::parse(serde_json::to_string_pretty(&value).unwrap()).unwrap(),
            _ => Json::parse(format!(" [ {value} , 1.0, 1e400, -0, \"\\ud800\" ]")).unwrap(),
        })
        .boxed()
}

fn citations() -> BoxedStrategy<Vec<Citation>> {
    vec((text(), any::<(usize, usize)>()).prop_map(|(doc, (start, end))| Citation { doc, start, end }), 0..3).boxed()
}

fn a_fault() -> BoxedStrategy<Fault> {
    (text(), select(&Retry::ALL), text()).prop_map(|(code, retry, feedback)| Fault { code, retry, feedback }).boxed()
}

fn a_reply() -> BoxedStrategy<Reply> {
    let call = (text(), text(), text()).prop_map(|(id, name, arguments)| CallRequest { id, name, arguments });
    (of(text()), vec(call, 0..3)).prop_map(|(text, calls)| Reply { text, calls }).boxed()
}

fn message() -> BoxedStrategy<Message> {
    prop_oneof![
        a_reply().prop_map(Message::Assistant),
        text().prop_map(|text| Message::System { text }),
        text().prop_map(|text| Message::User { text }),
        (text(), text(), text()).prop_map(|(call, name, content)| Message::Tool { call, name, content }),
    ]
    .boxed()
}

fn trigger() -> BoxedStrategy<Trigger> {
    let stage = || select(&Stage::ALL);
    prop_oneof![
        (time(), text()).prop_map(|(at, note)| Trigger::Manual { at, note }),
        (time(), select(&Channel::ALL), text()).prop_map(|(at, channel, text)| Trigger::Message { at, channel, text }),
        (time(), text(), texts()).prop_map(|(at, signal, evidence)| Trigger::Signal { at, signal, evidence }),
        (time(), stage(), stage()).prop_map(|(at, from, to)| Trigger::StageChange { at, from, to }),
    ]
    .boxed()
}

fn a_bundle() -> BoxedStrategy<Arc<Bundle>> {
    (trigger(), text(), value(), any::<[bool; 5]>())
        .prop_map(|(trigger, text, value, [full, name, a, b, c])| {
            let mut bundle = bundle(&text, value);
            bundle.trigger = trigger;
            bundle.consent = Consent { ai_interaction: a, marketing_email: b, profiling: c };
            bundle.customer.name = name.then_some(text);
            if !full {
                bundle.identity.clear();
                bundle.sentiment.clear();
                bundle.customer.emails.clear();
            }
            Arc::new(bundle)
        })
        .boxed()
}

fn opening() -> BoxedStrategy<Event> {
    let permission = (text(), select(&FactKind::ALL), select(&Permission::ALL), texts())
        .prop_map(|(key, kind, permission, policies)| FactPermission { key, kind, permission, policies });
    let sentiment = (select(&SentimentLabel::ALL), finite(), select(&Emotion::ALL))
        .prop_map(|(label, score, emotion)| Sentiment { label, score, emotion });
    prop_oneof![
        (a_bundle(), text(), select(&Stage::ALL), a_digest(), pasts(), of((text(), text()))).prop_map(
            |(bundle, playbook, stage, playbook_digest, history, asked)| {
                let asked = asked.map(|(message, question)| Asked { message, question });
                let (conversation, takeover) = (None, None);
                RunStarted { bundle, playbook, stage, playbook_digest, history, asked, conversation, takeover }.into()
            }
        ),
        (sentiment, of(finite()), any::<bool>(), vec(permission, 0..3), texts(), a_digest()).prop_map(
            |(sentiment, trend, wants_human, facts, pii_kinds, policy_digest)| {
                Assessed { sentiment, trend, wants_human, facts, pii_kinds, policy_digest }.into()
            }
        ),
        (text(), vec(message().prop_map(Arc::new), 0..3), of(a_reply()), of(a_fault()), a_usage(), a_digest())
            .prop_map(|(model, request, reply, fault, usage, prompt_digest)| {
                ModelCalled { model, request, reply: reply.map(Arc::new), fault, usage, prompt_digest }.into()
            }),
    ]
    .boxed()
}

fn doing() -> BoxedStrategy<Event> {
    let verdict = select(&Verdict::ALL);
    prop_oneof![
        (text(), of(a_call()), verdict, texts(), [texts(), texts(), texts()], of(text()), of(text()), a_digest())
            .prop_map(
                |(action, call, verdict, policies, [reasons, redact, alerts], queue, reason_code, policy_digest)| {
                    let decided = PolicyDecided {
                        findings: Vec::new(),
                        action,
                        call,
                        verdict,
                        policies,
                        reasons,
                        redact,
                        queue,
                        reason_code,
                        alerts,
                        approvers: 2,
                        policy_digest,
                    };
                    decided.into()
                }
            ),
        (text(), a_call(), a_json(), a_digest()).prop_map(|(tool, call, input, key)| ToolCalled {
            tool,
            call,
            input,
            key
        }
        .into()),
        (text(), a_call(), of(a_json()), of(a_fault()), any::<u32>()).prop_map(
            |(tool, call, output, fault, attempts)| {
                ToolReturned { tool, call, output, fault, attempts, facts: Vec::new() }.into()
            }
        ),
        (select(&Channel::ALL), text(), a_digest(), a_call(), text(), any::<bool>()).prop_map(
            |(channel, to, digest, call, tool, outreach)| {
                MessageSent { channel, to, digest, call, tool, outreach }.into()
            }
        ),
    ]
    .boxed()
}

fn ending() -> BoxedStrategy<Event> {
    let evidence = prop_oneof![
        (text(), select(&Permission::ALL)).prop_map(|(key, permission)| Evidence::Fact { key, permission }),
        citations().prop_map(|citations| Evidence::Passage(citations.into_iter().next().unwrap_or_else(citation))),
    ];
    let content = (a_json(), text(), text(), text(), vec(evidence, 0..3), [of(text()), of(text())]);
    prop_oneof![
        (a_draft(), a_call(), text(), content, select(&Channel::ALL), a_digest()).prop_map(
            |(
                draft,
                call,
                tool,
                (input, to, subject, body, evidence, [subject_field, body_field]),
                channel,
                digest,
            )| {
                DraftCreated {
                    support: Vec::new(),
                    draft,
                    call,
                    tool,
                    input,
                    channel,
                    to,
                    subject,
                    body,
                    subject_field,
                    body_field,
                    evidence,
                    replaces: None,
                    digest,
                }
                .into()
            }
        ),
        (a_draft(), text(), time(), 1..3_u8).prop_map(|(draft, queue, due, approvers)| ReviewRequested {
            draft,
            queue,
            due,
            approvers
        }
        .into()),
        (a_draft(), text(), select(&Decision::ALL), a_digest(), [of(text()), of(text()), of(text())], pasts())
            .prop_map(|(draft, by, decision, digest, [reason, subject, body], history)| {
                let (consent, wrote_since) = (None, false);
                ReviewDecided { draft, by, decision, digest, reason, subject, body, history, consent, wrote_since }
                    .into()
            }),
        (text(), text(), texts(), a_json()).prop_map(|(queue, reason_code, alerts, package)| {
            Escalated { queue, reason_code, alerts, package }.into()
        }),
        (select(&Outcome::ALL), of(text()), of(text()), citations(), a_usage()).prop_map(
            |(outcome, reason_code, reply, citations, usage)| {
                RunEnded { outcome, reason_code, reply, citations, usage }.into()
            }
        ),
        (text(), any::<u64>(), of(text())).prop_map(|(id, runs, reason)| Erased {
            subject: SubjectId::new(id),
            runs,
            reason
        }
        .into()),
    ]
    .boxed()
}

/// Any event.
pub(crate) fn event() -> impl Strategy<Value = Event> {
    prop_oneof![3 => opening(), 4 => doing(), 5 => ending()]
}
