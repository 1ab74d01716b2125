//! `attache replay`, `log explain` and a person's own record, as people meet them.
#![expect(clippy::unwrap_used, reason = "a test stops where something is wrong")]

mod command;

use command::{attache, bundle, err, out};
use serde_json::Value;
use std::fs;
use std::process::Output;

fn lines(output: &Output) -> Vec<Value> {
    out(output).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A store with four runs of three customers.
fn store() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for name in ["wants-human", "frustrated-prospect", "angry-ticket", "wants-human"] {
        let run = attache(dir.path(), &["run", &bundle(&format!("{name}.json")), "--quiet"]);
        assert_eq!(run.status.code(), Some(0), "{}", err(&run));
    }
    dir
}

#[test]
fn other_rules_flip_decisions_and_move_the_load() {
    let dir = store();
    let same = attache(dir.path(), &["replay", "--expect-same", "--json"]);
    assert_eq!(same.status.code(), Some(0), "{}{}", out(&same), err(&same));
    let total = lines(&same).pop().unwrap();
    assert_eq!(
        (total["kind"].as_str(), total["differ"].as_u64(), total["runs"].as_u64()),
        (Some("total"), Some(0), Some(4))
    );

    let rules = dir.path().join("mine/rules");
    fs::create_dir_all(&rules).unwrap();
    let engage = include_str!("../policies/rules/engage.dw").replace("@queue(\"support\")", "@queue(\"night\")");
    fs::write(rules.join("engage.dw"), engage).unwrap();
    let other = attache(dir.path(), &["replay", "--policies", "mine", "--json"]);
    assert_eq!(other.status.code(), Some(0), "{}", err(&other));
    let told = lines(&other);
    let flips: Vec<_> = told.iter().filter(|line| line["kind"] == "decision").collect();
    assert_eq!(flips.len(), 2, "{told:?}");
    assert_eq!(flips[0]["action"], "engage");
    let load = &told.last().unwrap()["load"];
    assert_eq!(
        (&load["before"]["escalations"]["support"], &load["after"]["escalations"]["night"]),
        (&2.into(), &2.into())
    );
    let table = out(&attache(dir.path(), &["replay", "--policies", "mine"]));
    assert!(table.contains("night") && table.contains("+2") && table.ends_with("decisions, 2 differ\n"), "{table}");
    let strict = attache(dir.path(), &["replay", "--policies", "mine", "--expect-same"]);
    assert_eq!(strict.status.code(), Some(4), "{}", err(&strict));
    let later = lines(&attache(dir.path(), &["replay", "--since", "2999-01-01", "--json"]));
    assert_eq!(later[0]["runs"], 0);
    assert_eq!(attache(dir.path(), &["replay", "--since", "yesterday"]).status.code(), Some(2));
    assert_eq!(attache(dir.path(), &["replay", "run_0"]).status.code(), Some(2));
}

#[test]
fn the_offline_model_plans_again_without_any_effect() {
    let dir = store();
    let before = out(&attache(dir.path(), &["log", "export"]));
    let again = attache(dir.path(), &["replay", "--model", "offline", "--json"]);
    assert_eq!(again.status.code(), Some(0), "{}", err(&again));
    let told = lines(&again);
    assert_eq!(told.iter().filter(|line| line["kind"] == "run").count(), 4);
    let total = told.last().unwrap();
    assert_eq!((&total["differ"], &total["unmatched"]), (&0.into(), &0.into()), "{told:?}");
    assert_eq!(out(&attache(dir.path(), &["log", "export"])), before, "nothing was written");
    assert_eq!(attache(dir.path(), &["replay", "--prompts", "nowhere"]).status.code(), Some(2));
}

#[test]
fn a_run_is_explained_with_what_would_have_changed_it() {
    let dir = store();
    let listed = lines(&attache(dir.path(), &["log", "list", "--json"]));
    let run = listed.iter().find(|run| run["reason_code"] == "frustrated_prospect").unwrap()["run"].as_str().unwrap();
    let told = &lines(&attache(dir.path(), &["log", "explain", run, "--json"]))[0];
    assert_eq!(told["counterfactuals"][0]["changes"][0]["change"], "sentiment");
    assert!(!told["facts"].as_array().unwrap().is_empty());
    let words = out(&attache(dir.path(), &["log", "explain", run]));
    assert!(
        words.contains("If the customer sounded neutral instead of negative: the agent would have gone on"),
        "{words}"
    );
    assert_eq!(attache(dir.path(), &["log", "explain", "run_0"]).status.code(), Some(2));
}

#[test]
fn a_person_gets_their_own_record_and_nobody_elses() {
    let dir = store();
    let words = attache(dir.path(), &["log", "export", "--customer", "cus_1009"]);
    assert_eq!(words.status.code(), Some(0), "{}", err(&words));
    let words = out(&words);
    for part in [
        "2 times",
        "I'd like to talk to a human",
        "Tidewater Crown Hotels",
        "from crm",
        "the customer asks for a person",
        "If the customer did not ask for a person",
    ] {
        assert!(words.contains(part), "{part}: {words}");
    }
    assert!(!words.contains("Pellworth") && !words.contains("Gideon"), "{words}");
    let json = attache(dir.path(), &["log", "export", "--customer", "cus_1009", "--json"]);
    assert!(lines(&json).last().unwrap()["head"]["signature"].is_string());
    let file = dir.path().join("person.jsonl");
    fs::write(&file, &json.stdout).unwrap();
    assert_eq!(attache(dir.path(), &["log", "verify", file.to_str().unwrap()]).status.code(), Some(0));
    let nobody = attache(dir.path(), &["log", "export", "--customer", "cus_0"]);
    assert_eq!(nobody.status.code(), Some(2));
    assert!(err(&nobody).contains("the journal holds nothing of customer cus_0"), "{}", err(&nobody));
}
