use super::*;

#[test]
fn stages_stand_in_the_order_of_the_journey() {
    let words: Vec<_> = Stage::ALL.into_iter().map(Stage::as_str).collect();
    assert_eq!(
        words,
        ["awareness", "consideration", "decision", "purchase_handoff", "onboarding", "support", "retention"]
    );
}

#[test]
fn the_newest_of_two_facts_with_one_key_is_the_fact() {
    let bundle = crate::parse::tests::with_facts(
        r#"[{"key":"plan","value":"team","source":"first_party","system":"crm","observed_at":"2026-02-01T00:00:00Z","purposes":[],"sensitivity":"internal"},
            {"key":"plan","value":"plant","source":"first_party","system":"crm","observed_at":"2026-03-01T00:00:00Z","purposes":[],"sensitivity":"internal"}]"#,
    );
    assert_eq!(bundle.text("plan"), Some("plant"));
}

#[test]
fn age_is_in_whole_days_and_never_negative() {
    let bundle = crate::parse::tests::with_facts(
        r#"[{"key":"plan","value":"team","source":"first_party","system":"crm","observed_at":"2026-02-01T00:00:00Z","purposes":[],"sensitivity":"internal"}]"#,
    );
    let fact = bundle.fact("plan").unwrap();
    assert_eq!(fact.age_days("2026-02-03T23:59:59Z".parse().unwrap()), 2);
    assert_eq!(fact.age_days("2025-01-01T00:00:00Z".parse().unwrap()), 0);
}

#[test]
fn a_trigger_survives_a_round_trip() {
    let json = r#"{"kind":"stage_change","at":"2026-11-20T09:00:00Z","from":"decision","to":"purchase_handoff"}"#;
    let trigger: Trigger = serde_json::from_str(json).unwrap();
    assert_eq!(serde_json::to_string(&trigger).unwrap(), json);
}
