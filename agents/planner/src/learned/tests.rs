use super::*;
use attache_tools::{Nothing, Registry};
use serde_json::json;
use std::sync::Arc;

fn crm() -> ToolSpec {
    let outbox: Arc<dyn attache_tools::Outbox> = Arc::new(Nothing);
    let registry = Registry::builtin(Arc::new(Nothing), Arc::new(Nothing), &outbox).unwrap();
    ToolSpec::clone(registry.get("crm_lookup").unwrap().spec())
}

fn record() -> Value {
    json!({
        "customer": { "id": "cus_1", "name": "Dana", "emails": ["a@x.example", "b@x.example"], "score": 81 },
        "company": { "id": "com_1", "name": "Northwind", "plan": "plant", "mrr": { "minor": 1, "currency": "EUR" } },
        "tickets": [{ "id": "t1", "customer": "cus_1", "subject": "Import", "status": "open", "sentiment": "negative",
                      "created_at": "2026-11-20T09:00:00Z", "note": null }],
    })
}

#[test]
fn values_are_facts_and_what_nobody_declared_is_for_no_purpose() {
    let facts = learned(&crm(), &record(), Purpose::Support, Timestamp::UNIX_EPOCH);
    let told: Vec<(&str, bool)> =
        facts.iter().map(|(_, fact)| (fact.key.as_str(), !fact.purposes.is_empty())).collect();
    for known in [
        ("crm_lookup.customer.name", true),
        ("crm_lookup.customer.emails", true),
        ("crm_lookup.customer.score", false),
        ("crm_lookup.company.plan", true),
        ("crm_lookup.company.mrr.minor", false),
        ("crm_lookup.tickets.subject", true),
    ] {
        assert!(told.contains(&known), "{known:?} {told:?}");
    }
    assert_eq!(told.iter().filter(|(key, _)| *key == "crm_lookup.customer.emails").count(), 2);
    let moods = facts.iter().filter(|(kind, _)| *kind == FactKind::Sentiment).map(|(_, fact)| fact.key.as_str());
    assert_eq!(moods.collect::<Vec<_>>(), ["crm_lookup.tickets.sentiment"]);
}

#[test]
fn a_tool_that_does_not_say_what_it_emits_gives_no_facts() {
    let mut spec = crm();
    spec.labels.emits = &[];
    assert!(learned(&spec, &record(), Purpose::Support, Timestamp::UNIX_EPOCH).is_empty());
}

#[test]
fn what_is_hidden_is_taken_out_and_the_rest_stays() {
    let facts = learned(&crm(), &record(), Purpose::Support, Timestamp::UNIX_EPOCH);
    let permission = |fact: &Fact| {
        if fact.purposes.is_empty() { Permission::Hidden } else { Permission::Mentionable }
    };
    let mut output = record();
    withhold(&mut output, &mut facts.iter().map(|(_, fact)| permission(fact)));
    assert_eq!(output["customer"], json!({ "id": "cus_1", "name": "Dana", "emails": ["a@x.example", "b@x.example"] }));
    assert_eq!(output["company"], json!({ "id": "com_1", "name": "Northwind", "plan": "plant", "mrr": {} }));
    assert_eq!(output["tickets"], record()["tickets"]);
    // Permissions that are missing hide.
    withhold(&mut output, &mut std::iter::empty());
    assert_eq!(output["customer"], json!({ "emails": [] }));
}
