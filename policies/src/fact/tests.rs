use super::*;
use attache_context::{Consent, Purpose, Sensitivity, Source};

fn now() -> Timestamp {
    "2026-11-23T09:00:00Z".parse().unwrap()
}

fn fact() -> Fact {
    Fact {
        key: "company.industry".into(),
        value: serde_json::json!("logistics"),
        source: Source::FirstParty,
        system: "crm".into(),
        observed_at: now(),
        purposes: vec![Purpose::Support],
        sensitivity: Sensitivity::Internal,
    }
}

#[test]
fn the_three_levels_name_their_rules() {
    let set = PolicySet::embedded(&[]).unwrap();
    let consenting = Case { consent: Consent { profiling: true, ..Consent::default() }, ..Case::default() };
    let ask = |case: &Case, kind, fact: &Fact| {
        let answer = set.permit_fact(case, kind, fact, now());
        assert_eq!((answer.key.as_str(), answer.kind), ("company.industry", kind));
        assert_eq!(answer, set.permit_fact(case, kind, fact, now()), "the second time it is remembered");
        (answer.permission, answer.policies.join(" "))
    };
    let case = Case::default();
    assert_eq!(
        ask(&case, FactKind::Identity, &fact()),
        (Permission::Mentionable, "see_for_purpose mention_known".into())
    );
    assert_eq!(
        ask(&consenting, FactKind::Intent, &fact()),
        (Permission::Usable, "see_for_purpose behaviour_unsaid".into())
    );
    assert_eq!(ask(&case, FactKind::Intent, &fact()), (Permission::Hidden, "profiling_facts".into()));
    let inferred = Fact { source: Source::Inferred, ..fact() };
    assert_eq!(
        ask(&case, FactKind::Contextual, &inferred),
        (Permission::Usable, "see_for_purpose inferred_unsaid".into())
    );
    let elsewhere = Fact { purposes: vec![Purpose::Sales], ..fact() };
    assert_eq!(ask(&case, FactKind::Identity, &elsewhere), (Permission::Hidden, String::new()));
    let broken = Case { trigger: "rumour".into(), ..Case::default() };
    assert_eq!(ask(&broken, FactKind::Identity, &fact()), (Permission::Hidden, "policy_error".into()));
}

#[test]
fn the_memory_tells_everything_apart_that_rules_can() {
    let case = Case::default();
    let base = key(&case, FactKind::Identity, &fact(), now());
    let cases = [
        Case { playbook: "other".into(), ..case.clone() },
        Case { stage: attache_context::Stage::Retention, ..case.clone() },
        Case { purpose: Purpose::Sales, ..case.clone() },
        Case { channel: attache_context::Channel::Chat, ..case.clone() },
        Case { trigger: "signal".into(), ..case.clone() },
        Case { signal: "s".into(), ..case.clone() },
        Case { sentiment: attache_journal::SentimentLabel::Negative, ..case.clone() },
        Case { mood: 1, ..case.clone() },
        Case { emotion: attache_journal::Emotion::Angry, ..case.clone() },
        Case { wants_human: true, ..case.clone() },
        Case { consent: Consent::default(), ..case.clone() },
        Case { hour: 3, ..case.clone() },
        Case { first_contact: true, ..case.clone() },
        Case { with_person: true, ..case.clone() },
        Case { wrote_since: true, ..case.clone() },
        Case { outreach: true, ..case.clone() },
        Case { approved: true, ..case.clone() },
        Case { by_run: true, ..case.clone() },
        Case { account_value: 1, ..case.clone() },
    ];
    for other in &cases {
        assert_ne!(key(other, FactKind::Identity, &fact(), now()), base, "{other:?}");
    }
    let facts = [
        Fact { key: "k".into(), ..fact() },
        Fact { source: Source::Inferred, ..fact() },
        Fact { system: "s".into(), ..fact() },
        Fact { purposes: vec![], ..fact() },
        Fact { sensitivity: Sensitivity::Special, ..fact() },
        Fact { observed_at: "2026-11-20T09:00:00Z".parse().unwrap(), ..fact() },
    ];
    for other in &facts {
        assert_ne!(key(&case, FactKind::Identity, other, now()), base, "{other:?}");
    }
    assert_ne!(key(&case, FactKind::Intent, &fact(), now()), base);
    let same = Case { customer: "somebody else".into(), ..case.clone() };
    assert_eq!(key(&same, FactKind::Identity, &Fact { value: 1.into(), ..fact() }, now()), base);
}

#[test]
fn the_memory_is_bounded() {
    let answers = Answers::default();
    for index in 0..20_000_u32 {
        answers.kept().put(Box::new(index.to_le_bytes()), (Permission::Usable, Vec::new()));
    }
    assert_eq!(answers.kept().len(), ANSWERS.get());
}
