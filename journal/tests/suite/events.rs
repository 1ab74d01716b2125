//! What the journal holds comes back as it went in, today and from every
//! earlier version.

use crate::samples::{KINDS, event, samples};
use attache_journal::{Actor, Chain, Entry, EntryFault, Event, Json, RunId, Subject, SubjectId, ToolReturned, verify};
use proptest::prelude::*;
use serde_json::Value;

const GOLDEN_V1: &str = include_str!("../golden/v1.jsonl");

fn actors() -> [Actor; 3] {
    [Actor::System, Actor::Agent("support: first".into()), Actor::Human("Kim \"K\" Ünal".into())]
}

fn round_trip(event: &Event) -> Result<(), TestCaseError> {
    let text = serde_json::to_string(event)?;
    prop_assert!(!text.contains(['\n', '\r']), "an entry is one line: {text}");
    let again: Event = serde_json::from_str(&text)?;
    prop_assert_eq!(&again, event);
    prop_assert_eq!(serde_json::to_string(&again)?, text);
    for subject in [None, Some(Subject::new(SubjectId::new("00ff"), &[7; 32]))] {
        let mut chain = Chain::new(RunId::new("run_1"), subject);
        let sealed = chain.seal("2026-11-20T09:00:00.123456789Z".parse().unwrap(), &actors()[1], event)?;
        let line = chain.line(&sealed, event)?;
        let entry = verify(&line)?;
        prop_assert_eq!(entry.event.as_ref(), Some(event));
        prop_assert_eq!(&entry.outline, &event.outline());
        prop_assert_eq!(serde_json::to_vec(&entry)?, line);
    }
    Ok(())
}

#[test]
fn every_kind_has_a_sample() {
    let kinds: Vec<_> = samples().iter().map(Event::kind).collect();
    assert_eq!(kinds, KINDS);
}

#[test]
fn full_samples_survive_a_round_trip() {
    for event in samples() {
        round_trip(&event).unwrap();
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]
    #[test]
    fn every_event_survives_a_round_trip(event in event()) {
        round_trip(&event)?;
    }

    #[test]
    fn fuzz_any_line_is_an_entry_or_a_fault(line in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(verify(&line).is_err());
    }
}

fn golden(lines: &str) -> Vec<Entry> {
    lines.lines().map(|line| verify(line.as_bytes()).unwrap_or_else(|fault| panic!("{fault}: {line}"))).collect()
}

/// The file is what version 1 wrote. Never change it: a new version gets a new
/// file beside it.
#[test]
fn old_versions_stay_readable() {
    let entries = golden(GOLDEN_V1);
    let kinds: Vec<_> = entries.iter().map(|entry| entry.event.as_ref().unwrap().kind()).collect();
    assert_eq!(kinds, KINDS);
    assert!(entries.iter().all(|entry| entry.v == 1));
    assert_eq!(Chain::after(RunId::new("run_golden"), None, &entries).unwrap().next_seq(), KINDS.len() as u64);
    let actors: std::collections::BTreeSet<_> = entries.iter().map(|entry| entry.actor.to_string()).collect();
    assert_eq!(actors.into_iter().collect::<Vec<_>>(), ["agent:support_answer", "human:kim", "system"]);
}

/// No field of an old line is dropped on the way through today's types.
#[test]
fn nothing_of_an_old_line_is_lost() {
    for (line, entry) in GOLDEN_V1.lines().zip(golden(GOLDEN_V1)) {
        let before: Value = serde_json::from_str(line).unwrap();
        assert_eq!(serde_json::to_value(&entry).unwrap(), before);
    }
}

#[test]
fn a_changed_old_line_is_found() {
    for line in GOLDEN_V1.lines() {
        let changed = line.replacen("09:0", "09:1", 1);
        assert_ne!(changed, line);
        assert!(matches!(verify(changed.as_bytes()), Err(EntryFault::Hash { .. })));
    }
}

fn syntax(line: &str) -> String {
    match verify(line.as_bytes()) {
        Err(EntryFault::Syntax(what)) => what,
        other => panic!("{line}: {other:?}"),
    }
}

#[test]
fn an_unknown_event_is_refused_by_name() {
    let line = GOLDEN_V1.lines().next().unwrap().replacen("\"run_started\"", "\"run_paused\"", 1);
    let what = syntax(&line);
    assert!(what.contains("unknown variant `run_paused`, expected one of `run_started`"), "{what}");
}

#[test]
fn an_event_without_a_type_is_refused() {
    let what = syntax(&GOLDEN_V1.lines().next().unwrap().replacen("\"type\":\"run_started\",", "", 1));
    assert!(what.contains("missing field `type`"), "{what}");
}

#[test]
fn an_unknown_field_of_an_entry_is_refused_by_name() {
    let what = syntax(&GOLDEN_V1.lines().next().unwrap().replacen("{\"v\":1,", "{\"v\":1,\"mood\":2,", 1));
    assert!(what.contains("unknown field `mood`, expected one of `v`"), "{what}");
}

#[test]
fn a_missing_field_of_an_entry_is_refused_by_name() {
    let line = GOLDEN_V1.lines().next().unwrap();
    assert!(syntax(&line.replacen("\"v\":1,", "", 1)).contains("missing field `v`"));
    assert!(syntax(&line.replacen("\"actor\":\"system\",", "", 1)).contains("missing field `actor`"));
}

#[test]
fn an_actor_of_no_form_is_refused() {
    for actor in ["", "robot", "system:x", "agents:a", "System"] {
        let line = GOLDEN_V1.lines().next().unwrap().replacen("\"system\"", &format!("\"{actor}\""), 1);
        assert!(syntax(&line).contains("expected `agent:PLAYBOOK`, `human:NAME` or `system`"), "{actor}");
    }
    for actor in actors() {
        let text = serde_json::to_string(&actor).unwrap();
        assert_eq!(serde_json::from_str::<Actor>(&text).unwrap(), actor);
    }
}

#[test]
fn another_version_is_refused_as_such_whatever_its_fields_are() {
    let line = GOLDEN_V1.lines().next().unwrap();
    let same_fields = line.replacen("{\"v\":1,", "{\"v\":2,", 1);
    let other_fields = line.replacen("{\"v\":1,", "{\"v\":3,\"mood\":2,", 1);
    assert_eq!(verify(same_fields.as_bytes()).unwrap_err(), EntryFault::Version { v: 2 });
    let fault = verify(other_fields.as_bytes()).unwrap_err();
    assert_eq!(fault.to_string(), "the entry has version 3, this program reads version 1");
}

#[test]
fn a_value_of_several_lines_is_sealed_as_one() {
    let output = Json::parse("{\n  \"a\": [\r\n1]}").unwrap();
    let returned = ToolReturned {
        tool: "t".into(),
        call: crate::samples::call(),
        output: Some(output),
        fault: None,
        attempts: 1,
        facts: Vec::new(),
    };
    round_trip(&returned.into()).unwrap();
}

/// A tool without a result returns `null`, which is not the same as no return.
#[test]
fn a_tool_that_returned_null_did_return() {
    let returned = |output| {
        ToolReturned {
            tool: "t".into(),
            call: crate::samples::call(),
            output,
            fault: None,
            attempts: 1,
            facts: Vec::new(),
        }
        .into()
    };
    round_trip(&returned(Some(Json::null()))).unwrap();
    round_trip(&returned(None)).unwrap();
}
