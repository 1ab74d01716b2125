//! How long policy takes: `cargo bench -p attache-policies`.

#![expect(clippy::expect_used, reason = "a bench may stop")]

use attache_context::{Consent, Fact, FactKind, Purpose, Sensitivity, Source};
use attache_journal::Past;
use attache_policies::{
    ActionSpec, Case, FactAction, PolicyFile, PolicyRequest, PolicySet, Sink, SinkOrigin, TextFacts,
};
use criterion::{Criterion, criterion_group, criterion_main};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use std::hint::black_box;

fn actions() -> Vec<ActionSpec> {
    let text = json!({"type": "object", "properties": {
        "subject": {"type": "string"}, "body": {"type": "string"},
        "cite": {"type": "array", "items": {"type": "string"}},
    }, "required": ["subject", "body", "cite"], "additionalProperties": false});
    [("draft_email", "draft"), ("send_email", "write"), ("reply", "write"), ("crm_lookup", "read")]
        .map(|(name, effect)| ActionSpec { name: name.into(), effect: effect.into(), input_schema: text.clone() })
        .into()
}

fn decide(c: &mut Criterion) {
    let now: Timestamp = "2026-11-23T09:00:00Z".parse().expect("a time");
    let actions = actions();
    c.bench_function("load/embedded", |b| b.iter(|| PolicySet::embedded(black_box(&actions))));

    let set = PolicySet::embedded(&actions).expect("the shipped rules load");
    let mut files = PolicySet::shipped();
    files.push(PolicyFile::new(
        "interpreted.dw",
        r#"@id("alternating") @reason("a leaf that is not compiled")
           forbid (principal, action == Attache::Action::"send_email", resource)
           when temporal {
               !Attache::Action::"reply"::response{} since within 30d
               Attache::Action::"send_email"::response{ outreach: true }
           };"#,
    ));
    let interpreted = PolicySet::load(&files, &actions).expect("the rules load");

    let history: Vec<Past> = (0..50)
        .map(|index| Past {
            at: now - SignedDuration::from_hours(24 + 40 * index),
            action: match index % 3 {
                0 => "reply",
                1 => "send_email",
                _ => "escalate_to_human",
            }
            .into(),
            outreach: index % 3 == 1,
        })
        .collect();
    let case = Case {
        purpose: Purpose::Success,
        outreach: true,
        approved: true,
        trigger: "signal".into(),
        signal: "pricing_page_repeat".into(),
        consent: Consent { ai_interaction: true, marketing_email: true, profiling: true },
        ..Case::default()
    };
    let input = json!({"subject": "Your quarter", "body": "Hello Dana, …", "cite": ["guide#0-420"]});
    let text = TextFacts { citations: 2, discloses_ai: true, length: 600, ..TextFacts::default() };
    let sinks = [Sink { pointer: "/to".into(), origin: SinkOrigin::Trusted }];
    let request = PolicyRequest {
        input: Some(&input),
        text: Some(&text),
        sinks: &sinks,
        history: &history,
        ..PolicyRequest::new("send_email", &case, now)
    };
    c.bench_function("decide/history", |b| b.iter(|| set.decide(black_box(&request))));
    c.bench_function("decide/history_interpreted", |b| b.iter(|| interpreted.decide(black_box(&request))));

    let case = Case::default();
    let request = PolicyRequest {
        input: Some(&input),
        text: Some(&text),
        sinks: &sinks,
        history: &history,
        ..PolicyRequest::new("reply", &case, now)
    };
    c.bench_function("decide/reply", |b| b.iter(|| set.decide(black_box(&request))));
    let request = PolicyRequest { action: "crm_lookup", ..request };
    c.bench_function("decide/read", |b| b.iter(|| set.decide(black_box(&request))));
    let request = PolicyRequest { history: &history, ..PolicyRequest::new("engage", &case, now) };
    c.bench_function("decide/engage", |b| b.iter(|| set.decide(black_box(&request))));

    let mut fact = Fact {
        key: "company.industry".into(),
        value: json!("logistics"),
        source: Source::FirstParty,
        system: "crm".into(),
        observed_at: now,
        purposes: vec![Purpose::Support, Purpose::Sales],
        sensitivity: Sensitivity::Internal,
    };
    c.bench_function("permit_fact/cached", |b| {
        b.iter(|| set.permit_fact(black_box(&case), FactKind::Identity, &fact, now));
    });
    c.bench_function("decide_fact", |b| {
        b.iter(|| set.decide_fact(FactAction::See, black_box(&case), FactKind::Identity, &fact, now));
    });
    let mut turn = 0_u64;
    c.bench_function("permit_fact/cold", |b| {
        b.iter(|| {
            turn += 1;
            fact.key = format!("company.{turn}");
            set.permit_fact(black_box(&case), FactKind::Identity, &fact, now)
        });
    });
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(50).measurement_time(std::time::Duration::from_secs(3));
    targets = decide
}
criterion_main!(benches);
