//! The command as people and programs meet it: outputs and exit statuses.
#![expect(clippy::unwrap_used, reason = "a test stops where something is wrong")]

mod command;

use command::{attache, bundle, err, feed, out, project};
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

#[test]
fn a_project_runs_reviews_verifies_and_exports() {
    let dir = project();
    let config = dir.path().join("company/attache.toml");
    let config = ["--config", config.to_str().unwrap()];
    let run = attache(dir.path(), &[&["run", &bundle("usage-gap.json"), "--json"], &config[..]].concat());
    assert_eq!(run.status.code(), Some(0), "{}", err(&run));
    let lines: Vec<Value> = out(&run).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines[0]["event"]["type"], "run_started");
    assert_eq!(lines.last().unwrap()["event"]["outcome"], "drafted");
    assert_eq!(
        lines.iter().map(|line| line["seq"].as_u64().unwrap()).collect::<Vec<_>>(),
        (0..lines.len() as u64).collect::<Vec<_>>()
    );
    let draft = lines.iter().find(|l| l["event"]["type"] == "draft_created").unwrap();
    let id = draft["event"]["draft"].as_str().unwrap();

    let listed = attache(dir.path(), &["review", "list", "--json"]);
    assert!(out(&listed).contains(id), "{}", out(&listed));
    let approved = attache(dir.path(), &[&["review", "approve", id, "--by", "dana"], &config[..]].concat());
    assert_eq!(approved.status.code(), Some(0), "{}", err(&approved));
    let outbox: Vec<_> = fs::read_dir(dir.path().join("outbox")).unwrap().collect();
    assert_eq!(outbox.len(), 1);
    let again = attache(dir.path(), &["review", "approve", id, "--by", "dana"]);
    assert_eq!(again.status.code(), Some(2), "{}", err(&again));

    let verified = attache(dir.path(), &["log", "verify"]);
    assert_eq!(verified.status.code(), Some(0), "{}", err(&verified));
    let exported = attache(dir.path(), &["log", "export"]);
    let file = dir.path().join("export.jsonl");
    fs::write(&file, &exported.stdout).unwrap();
    let checked = attache(dir.path(), &["log", "verify", file.to_str().unwrap()]);
    assert_eq!(checked.status.code(), Some(0), "{}", err(&checked));
    fs::write(&file, out(&exported).replace("drafted", "granted")).unwrap();
    let checked = attache(dir.path(), &["log", "verify", file.to_str().unwrap()]);
    assert_eq!(checked.status.code(), Some(4), "{}", out(&checked));
    let cut: String = out(&exported).lines().take(3).map(|line| format!("{line}\n")).collect();
    fs::write(&file, cut).unwrap();
    assert_eq!(attache(dir.path(), &["log", "verify", file.to_str().unwrap()]).status.code(), Some(4));

    let replayed = attache(dir.path(), &[&["replay", "--expect-same"], &config[..]].concat());
    assert_eq!(replayed.status.code(), Some(0), "{}{}", out(&replayed), err(&replayed));
    let list = attache(dir.path(), &["log", "list", "--json"]);
    let summary: Value = serde_json::from_str(out(&list).lines().next().unwrap()).unwrap();
    assert_eq!(summary["outcome"], "resolved");
    let shown = attache(dir.path(), &["log", "show", summary["run"].as_str().unwrap()]);
    assert!(out(&shown).contains("approve by dana"), "{}", out(&shown));
}

#[test]
fn a_changed_byte_of_a_segment_is_named() {
    let dir = project();
    let run = attache(dir.path(), &["run", &bundle("wants-human.json"), "--quiet"]);
    assert!(run.status.success(), "{}", err(&run));
    let segment = fs::read_dir(dir.path().join("log")).unwrap().next().unwrap().unwrap().path();
    let good = fs::read(&segment).unwrap();
    for at in (0..good.len()).step_by(good.len() / 23) {
        let mut bad = good.clone();
        bad[at] ^= 0x20;
        fs::write(&segment, &bad).unwrap();
        let verified = attache(dir.path(), &["log", "verify"]);
        assert_ne!(verified.status.code(), Some(0), "byte {at}");
        assert!(err(&verified).contains(".seg:"), "byte {at}: {}", err(&verified));
    }
}

#[test]
fn a_lost_or_damaged_index_is_rebuilt_with_the_same_answers() {
    let dir = project();
    for name in ["wants-human.json", "usage-gap.json"] {
        assert!(attache(dir.path(), &["run", &bundle(name), "--quiet"]).status.success());
    }
    let answers = || {
        (
            out(&attache(dir.path(), &["log", "list", "--json"])),
            out(&attache(dir.path(), &["review", "list", "--json"])),
        )
    };
    let before = answers();
    assert_eq!(before.0.lines().count(), 2);
    let index = dir.path().join("index");
    let _ = fs::remove_dir_all(&index);
    assert_eq!(answers(), before, "deleted");
    let _ = fs::remove_dir_all(&index);
    fs::create_dir_all(&index).unwrap();
    for name in ["conf", "db", "snap.0000"] {
        fs::write(index.join(name), b"garbage").unwrap();
    }
    assert_eq!(answers(), before, "damaged");
}

#[test]
fn bad_input_gets_one_line_that_names_the_place_and_status_2() {
    let dir = project();
    let write = |name: &str, text: &str| {
        let path = dir.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let good = fs::read_to_string(bundle("wants-human.json")).unwrap();
    let broken = write("broken.json", "{\"version\": 1,\n  oops");
    let unknown = write("unknown.json", &good.replacen("\"consent\"", "\"consnt\"", 1));
    let rule = write(
        "bad/rules/mine.dw",
        "@id(\"x\")\n@reason(\"r\")\nforbid (principal, action == Attache::Action::\"nope\", resource);\n",
    );
    let csv = write("customers.csv", "id,name\ncus_1,Ann\n,Bob\n");
    let config = write("bad.toml", "[model]\nuse = 7\n");
    let missing = dir.path().join("missing.json");
    let cases: [(&[&str], &str); 8] = [
        (&["run", &broken], "broken.json: 2:3: "),
        (&["run", &unknown], "unknown.json: /consnt: unknown field `consnt`"),
        (&["run", missing.to_str().unwrap()], "missing.json: "),
        (&["run", &bundle("wants-human.json"), "--playbook", "nope"], "there is no playbook `nope`"),
        (&["policy", "check", Path::new(&rule).parent().unwrap().parent().unwrap().to_str().unwrap()], "mine.dw:3:"),
        (&["crm", "import", &csv], "customers.csv:3:"),
        (&["tools", "list", "--config", &config], "bad.toml: 2:7: "),
        (&["log", "show", "run_0"], "there is no run run_0"),
    ];
    for (args, expected) in cases {
        let output = attache(dir.path(), args);
        assert_eq!(output.status.code(), Some(2), "{args:?}: {}{}", out(&output), err(&output));
        let message = err(&output);
        assert!(message.starts_with("error: ") && message.trim_end().lines().count() == 1, "{args:?}: {message}");
        assert!(message.contains(expected), "{args:?}: {message}");
    }
    assert!(out(&attache(dir.path(), &["log", "list", "--json"])).is_empty(), "nothing was written");
}

#[test]
fn a_store_in_use_is_status_3() {
    let dir = project();
    let lock = fs::File::create(dir.path().join("lock")).unwrap();
    lock.lock().unwrap();
    let output = attache(dir.path(), &["log", "list"]);
    assert_eq!(output.status.code(), Some(3), "{}", err(&output));
    assert!(err(&output).contains("in use by another process"), "{}", err(&output));
}

#[test]
fn a_model_that_is_not_there_is_status_3_and_the_run_resumes() {
    let dir = project();
    let config = dir.path().join("away.toml");
    fs::write(&config, "[model.openai]\nbase_url = \"http://127.0.0.1:9/v1\"\nattempts = 1\n").unwrap();
    let run = attache(
        dir.path(),
        &["run", &bundle("tier1-question.json"), "--model", "openai:any", "--config", config.to_str().unwrap()],
    );
    assert_eq!(run.status.code(), Some(3), "{}{}", out(&run), err(&run));
    assert!(err(&run).contains("not available"), "{}", err(&run));
    let company = dir.path().join("company/attache.toml");
    let resumed = attache(dir.path(), &["run", "--resume", "--json", "--config", company.to_str().unwrap()]);
    assert_eq!(resumed.status.code(), Some(0), "{}", err(&resumed));
    let last: Value = serde_json::from_str(out(&resumed).lines().last().unwrap()).unwrap();
    assert_eq!(last["event"]["outcome"], "resolved");
}

#[test]
fn scan_reads_lines_and_says_what_it_sees() {
    let dir = tempfile::tempdir().unwrap();
    let output = feed(dir.path(), &["scan"], "{\"id\":7,\"text\":\"mail me at a@b.example\"}\n");
    let record: Value = serde_json::from_str(out(&output).trim()).unwrap();
    assert_eq!(record["id"], "7");
    assert_eq!(record["pii"][0]["kind"], "email");
    assert_eq!((record["pii"][0]["start"].as_u64(), record["pii"][0]["end"].as_u64()), (Some(11), Some(22)));
    assert!(record["sentiment"]["label"].is_string());
    let bad = feed(dir.path(), &["scan"], "{\"id\":1,\"text\":\"x\"}\nnot json\n");
    assert_eq!(bad.status.code(), Some(2));
    assert!(err(&bad).contains("-:2:"), "{}", err(&bad));
    // What was said before the fault stands; what no text is has no finding.
    let bad = feed(dir.path(), &["scan"], b"{\"id\":1,\"text\":\"x\"}\n\n{\"id\":2,\"text\":\"caf\xe9\"}\n");
    assert_eq!((bad.status.code(), out(&bad).lines().count()), (Some(2), 1));
    assert!(err(&bad).contains("error: -:3:20: not UTF-8"), "{}", err(&bad));
}

#[test]
fn a_reader_that_has_enough_is_no_error() {
    let dir = tempfile::tempdir().unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_attache"))
        .args(["schema", "entry"])
        .env("ATTACHE_DATA", dir.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert!(err(&output).is_empty(), "{}", err(&output));
}

#[test]
fn every_command_has_help_with_an_example() {
    let dir = tempfile::tempdir().unwrap();
    for command in [
        "init",
        "demo",
        "run",
        "review",
        "log",
        "replay",
        "policy",
        "tools",
        "kb",
        "crm",
        "scan",
        "schema",
        "completions",
    ] {
        let output = attache(dir.path(), &[command, "--help"]);
        assert!(output.status.success(), "{command}");
        assert!(out(&output).contains("Example: "), "{command}: {}", out(&output));
    }
}

#[test]
fn a_file_that_was_named_and_is_no_article_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let picture = dir.path().join("picture.md");
    fs::write(&picture, b"\x89PNG\0").unwrap();
    let add = |path: &std::path::Path| attache(dir.path(), &["kb", "add", path.to_str().unwrap()]);
    let refused = add(&picture);
    assert_eq!(refused.status.code(), Some(2), "{}", out(&refused));
    assert!(err(&refused).contains("picture.md: binary content"), "{}", err(&refused));
    // A folder may hold such a file.
    let folder = add(dir.path());
    assert_eq!(folder.status.code(), Some(0), "{}", err(&folder));
    assert!(out(&folder).contains("picture.md: binary content"), "{}", out(&folder));
}

/// A bundle of the examples in a file of its own, changed.
#[test]
fn a_sentence_model_that_is_gone_is_no_dead_end() {
    let dir = project();
    let kb = |args: &[&str]| attache(dir.path(), &[&["kb"], args].concat());
    let articles = dir.path().join("company/kb");
    let runbook = dir.path().join("runbook.md");
    fs::write(&runbook, "---\naudience: internal\n---\n# Runbook\n\nText.\n").unwrap();
    assert_eq!(kb(&["add", articles.to_str().unwrap(), runbook.to_str().unwrap()]).status.code(), Some(0));
    let unreachable = kb(&["embed", "--endpoint", "http://127.0.0.1:1/v1", "--name", "m"]);
    assert_eq!(unreachable.status.code(), Some(3), "{}", out(&unreachable));
    let kept = dir.path().join("kb/embed.json");
    assert!(!kept.exists(), "a server that does not answer is no choice");
    for choice in ["{", r#"{"folder":"/nowhere"}"#] {
        fs::write(&kept, choice).unwrap();
        let searched = kb(&["search", "refund"]);
        assert!(err(&searched).contains("attache kb embed --off"), "{}", err(&searched));
        let doctor = attache(dir.path(), &["doctor"]);
        assert!(out(&doctor).contains("attache kb embed --off"), "{}", out(&doctor));
        assert!(out(&kb(&["list"])).contains("Runbook  (for colleagues)"));
        let again = kb(&["embed", "--model", "/nowhere"]);
        assert!(err(&again).starts_with("error: /nowhere"), "{}", err(&again));
        assert_eq!(kb(&["embed", "--off"]).status.code(), Some(0));
        assert_eq!(kb(&["search", "refund"]).status.code(), Some(0));
    }
}

fn changed(dir: &Path, name: &str, change: impl FnOnce(&mut Value)) -> String {
    let mut value: Value = serde_json::from_slice(&fs::read(bundle(name)).unwrap()).unwrap();
    change(&mut value);
    let path = dir.join(format!("changed-{name}"));
    fs::write(&path, value.to_string()).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn consent_taken_back_marks_the_drafts_that_used_it() {
    let dir = project();
    let config = dir.path().join("company/attache.toml");
    let config = ["--config", config.to_str().unwrap()];
    let run = |file: &str| attache(dir.path(), &[&["run", file, "--json"], &config[..]].concat());
    let draft = |output: &str| {
        let lines = output.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let mut drafts = lines.filter(|line| line["event"]["type"] == "draft_created");
        drafts.next().unwrap()["event"]["draft"].as_str().unwrap().to_owned()
    };
    let used = draft(&out(&run(&bundle("usage-gap.json"))));
    let other = draft(&out(&run(&bundle("pricing-three-times.json"))));
    let shown = attache(dir.path(), &[&["review", "show", &used], &config[..]].concat());
    assert!(!out(&shown).contains("may not leave"), "{}", out(&shown));
    assert!(out(&shown).contains("rests on"), "{}", out(&shown));

    let back = changed(dir.path(), "usage-gap.json", |bundle| bundle["consent"]["profiling"] = false.into());
    let ended = run(&back);
    assert_eq!(ended.status.code(), Some(0), "{}", err(&ended));
    let listed = attache(dir.path(), &[&["review", "list"], &config[..]].concat());
    let marked: Vec<String> =
        out(&listed).lines().filter(|line| line.contains("may not leave any more")).map(str::to_owned).collect();
    assert!(marked.iter().any(|line| line.contains(&used)), "{}", out(&listed));
    assert!(!marked.iter().any(|line| line.contains(&other)), "{}", out(&listed));
    let shown = attache(dir.path(), &[&["review", "show", &used], &config[..]].concat());
    assert!(out(&shown).contains("may not leave any more: the customer did not agree"), "{}", out(&shown));
    // The same for machines.
    let listed = attache(dir.path(), &[&["review", "list", "--json"], &config[..]].concat());
    let line = |id: &str| {
        let lines = out(&listed).lines().map(|line| serde_json::from_str::<Value>(line).unwrap()).collect::<Vec<_>>();
        lines.into_iter().find(|line| line["draft"] == id).unwrap()
    };
    assert!(line(&used)["obstacles"][0].as_str().unwrap().contains("did not agree"), "{}", line(&used));
    assert_eq!(line(&other)["obstacles"], serde_json::json!([]));
}

#[test]
fn explain_tells_mood_sinks_and_facts() {
    let dir = project();
    let config = dir.path().join("company/attache.toml");
    let config = ["--config", config.to_str().unwrap()];
    let run = attache(dir.path(), &[&["run", &bundle("angry-ticket.json"), "--json"], &config[..]].concat());
    let lines: Vec<Value> = out(&run).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let id = lines[0]["run"].as_str().unwrap();
    let seq = |kind: &str| {
        let line = lines.iter().find(|line| line["event"]["type"] == kind).unwrap();
        line["seq"].as_u64().unwrap().to_string()
    };
    let explain =
        |seq: &str, json: &[&str]| attache(dir.path(), &[&["policy", "explain", id, seq], json, &config[..]].concat());
    let told = out(&explain(&seq("policy_decided"), &[]));
    assert!(told.contains("customer sounds negative, ") && told.contains("pays 2268000 a year"), "{told}");
    assert!(told.contains("fired angry_key_account") && told.contains("  -   human_requested"), "{told}");
    let json = out(&explain(&seq("policy_decided"), &["--json"]));
    let situation: Value = serde_json::from_str(json.lines().last().unwrap()).unwrap();
    assert_eq!(situation["situation"]["case"]["sentiment"], "negative");
    let facts = out(&explain(&seq("assessed"), &[]));
    assert!(facts.contains("sounds negative, "), "{facts}");
    assert!(facts.contains("behaviour_unsaid") || facts.contains("inferred_unsaid"), "{facts}");
    let refused = explain(&seq("run_started"), &[]);
    assert_eq!(refused.status.code(), Some(2), "{}", err(&refused));
}

#[test]
fn a_tool_is_called_by_hand_under_policy_and_on_record() {
    let dir = project();
    let config = dir.path().join("company/attache.toml");
    let config = ["--config", config.to_str().unwrap()];
    let call = |args: &[&str]| attache(dir.path(), &[&["tools", "call"], args, &config[..]].concat());
    let found = call(&["kb_search", r#"{"query":"import assets CSV"}"#]);
    assert_eq!(found.status.code(), Some(0), "{}", err(&found));
    let hits: Value = serde_json::from_str(&out(&found)).unwrap();
    assert!(!hits["hits"].as_array().unwrap().is_empty(), "{hits}");
    let found = call(&["crm_lookup", r#"{"deals":false,"tickets":false}"#, "--customer", "cus_1003"]);
    let record: Value = serde_json::from_str(&out(&found)).unwrap();
    assert_eq!(record["customer"]["name"], "Owen Tarrant");
    for (args, why) in [
        (&["kb_search", r#"{"question":"x"}"#][..], "query"),
        (&["fly", "{}"][..], "there is no tool `fly`"),
        (&["send_email", r#"{"subject":"s","body":"b"}"#][..], "cannot be called by hand"),
        (&["kb_search_internal", r#"{"query":"x"}"#][..], "written for colleagues"),
    ] {
        let refused = call(args);
        assert_eq!(refused.status.code(), Some(2), "{args:?} {}", err(&refused));
        assert!(err(&refused).contains(why), "{args:?} {}", err(&refused));
    }
    let list = attache(dir.path(), &["log", "list", "--json"]);
    assert_eq!(out(&list).lines().filter(|line| line.contains("by_hand")).count(), 4, "{}", out(&list));
    for (limit, more) in [("4", false), ("3", true)] {
        let list = out(&attache(dir.path(), &["log", "list", "--limit", limit]));
        assert_eq!(list.contains("older ones: --limit"), more, "{list}");
    }
}
