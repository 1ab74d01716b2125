//! The journal as its keepers meet it: heads, copies, erasure.
#![expect(clippy::unwrap_used, reason = "a test stops where something is wrong")]

mod command;

use command::{attache, bundle, err, out, project};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

/// The files below a folder.
fn files(dir: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(dir) else { return Vec::new() };
    let paths = entries.map(|entry| entry.unwrap().path());
    paths.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// The files below some folders that say one of these words.
fn saying(dirs: &[PathBuf], words: &[&str]) -> Vec<PathBuf> {
    let says = |path: &PathBuf| {
        let bytes = fs::read(path).unwrap();
        words.iter().any(|word| bytes.windows(word.len()).any(|window| window == word.as_bytes()))
    };
    dirs.iter().flat_map(|dir| files(dir)).filter(says).collect()
}

const CONFIG: [&str; 2] = ["--config", "company/attache.toml"];

fn ok(data: &Path, args: &[&str]) -> String {
    let output = attache(data, &[args, &CONFIG].concat());
    assert_eq!(output.status.code(), Some(0), "{args:?}: {}{}", out(&output), err(&output));
    out(&output)
}

/// The journal's part of a data folder.
fn kept(data: &Path) -> Vec<PathBuf> {
    ["log", "index", "keys", "outbox", "heads.jsonl"].map(|name| data.join(name)).to_vec()
}

/// What of runs is counted.
fn figures(data: &Path) -> Vec<Value> {
    let runs = ok(data, &["log", "list", "--json"]);
    let of = |line: &str| {
        let run: Value = serde_json::from_str(line).unwrap();
        ["run", "playbook", "stage", "outcome", "reason_code", "entries", "usage"]
            .map(|key| run.get(key).cloned())
            .into_iter()
            .flatten()
            .collect()
    };
    runs.lines().map(of).collect()
}

#[test]
fn an_erased_customer_is_nowhere_and_the_log_still_verifies() {
    let dir = project();
    let data = dir.path();
    let sample: Value = serde_json::from_str(&fs::read_to_string(bundle("usage-gap.json")).unwrap()).unwrap();
    let (id, name) = (sample["customer"]["id"].as_str().unwrap(), sample["customer"]["name"].as_str().unwrap());
    let mail = sample["customer"]["emails"][0].as_str().unwrap();
    let words = [id, name, mail];
    // One draft left, one still waits; somebody else has a run too.
    ok(data, &["run", &bundle("usage-gap.json"), "--quiet"]);
    let drafts = ok(data, &["review", "list", "--json"]);
    let draft: Value = serde_json::from_str(drafts.lines().next().unwrap()).unwrap();
    ok(data, &["review", "approve", draft["draft"].as_str().unwrap(), "--by", "dana"]);
    ok(data, &["run", &bundle("usage-gap.json"), "--quiet"]);
    ok(data, &["run", &bundle("wants-human.json"), "--quiet"]);
    assert!(!saying(&[data.join("outbox")], &words).is_empty(), "the mail left");
    assert!(saying(&[data.join("log"), data.join("index"), data.join("keys")], &words).is_empty());
    let record = ok(data, &["log", "export"]);
    assert!(record.contains(mail));
    ok(data, &["log", "backup", "before"]);
    let before = figures(data);

    let erased = ok(data, &["log", "erase", id, "--by", "kim", "--reason", "asked by letter", "--json"]);
    let erased: Value = serde_json::from_str(&erased).unwrap();
    assert_eq!((erased["runs"].as_u64(), erased["messages"].as_u64()), (Some(2), Some(1)));
    assert_eq!(saying(&kept(data), &words), Vec::<PathBuf>::new());
    let verified = ok(data, &["log", "verify"]);
    assert!(verified.contains("of them erased"), "{verified}");
    assert_eq!(figures(data), before, "what is counted is as it was");
    assert_eq!(ok(data, &["review", "list"]), "no draft awaits a person\n");
    assert!(!ok(data, &["log", "list"]).contains(id));
    let shown = ok(data, &["log", "show", erased["run"].as_str().unwrap()]);
    assert!(shown.contains("by human:kim") && shown.contains("asked by letter"), "{shown}");
    // What leaves the store afterwards does not say it either.
    let export = ok(data, &["log", "export"]);
    assert!(words.iter().all(|word| !export.contains(word)));
    fs::write(data.join("export.jsonl"), export).unwrap();
    ok(data, &["log", "verify", "export.jsonl"]);
    ok(data, &["log", "backup", "after"]);
    assert_eq!(saying(&kept(&data.join("after")), &words), Vec::<PathBuf>::new());
    let copy = data.join("after");
    let readable = |data: &Path| ok(data, &["--data", copy.to_str().unwrap(), "log", "export"]).contains(mail);
    assert!(!readable(data));
    // It is told apart from nothing at all, and cannot be undone by asking again.
    // Who is at the terminal asks, if nobody is named.
    let again = attache(data, &["log", "erase", id]);
    assert_eq!(again.status.code(), Some(2), "{}", err(&again));
    assert!(err(&again).contains("holds nothing of customer"), "{}", err(&again));
    // Who comes back is met anew.
    ok(data, &["run", &bundle("usage-gap.json"), "--quiet"]);
    assert!(ok(data, &["log", "list"]).contains(id));
    ok(data, &["log", "verify"]);
}

#[test]
fn a_cut_end_is_found_by_a_head_that_was_kept_elsewhere() {
    let dir = project();
    let data = dir.path();
    ok(data, &["run", &bundle("wants-human.json"), "--quiet"]);
    let segment = data.join("log/00000001.seg");
    let short = fs::read(&segment).unwrap();
    ok(data, &["run", &bundle("angry-ticket.json"), "--quiet"]);
    let head = ok(data, &["log", "head"]);
    fs::write(data.join("heads"), &head).unwrap();
    let key: Value = serde_json::from_str(&head).unwrap();
    let key = key["key"].as_str().unwrap();
    ok(data, &["log", "verify", "--heads", "heads", "--key", key]);
    let other = attache(data, &["log", "verify", "--key", &"0".repeat(64)]);
    assert_eq!(other.status.code(), Some(4), "{}", out(&other));
    // The last run is taken away, and with it the store's own heads.
    fs::write(&segment, short).unwrap();
    let cut = attache(data, &["log", "verify"]);
    assert_eq!(cut.status.code(), Some(4), "{}", out(&cut));
    fs::remove_file(data.join("heads.jsonl")).unwrap();
    ok(data, &["log", "verify"]);
    let cut = attache(data, &["log", "verify", "--heads", "heads"]);
    assert_eq!(cut.status.code(), Some(4), "{}", out(&cut));
    assert!(err(&cut).contains("its end was cut"), "{}", err(&cut));
}

#[test]
fn a_copy_goes_on_where_the_store_was_and_never_over_something() {
    let dir = project();
    let data = dir.path();
    ok(data, &["run", &bundle("usage-gap.json"), "--quiet"]);
    ok(data, &["log", "backup", "copy"]);
    let copy = data.join("copy");
    let in_copy = |args: &[&str]| ok(data, &[&["--data", copy.to_str().unwrap()], args].concat());
    assert_eq!(in_copy(&["log", "list", "--json"]), ok(data, &["log", "list", "--json"]));
    let drafts = in_copy(&["review", "list", "--json"]);
    let draft: Value = serde_json::from_str(drafts.lines().next().unwrap()).unwrap();
    in_copy(&["review", "approve", draft["draft"].as_str().unwrap(), "--by", "dana"]);
    in_copy(&["log", "verify"]);
    let over = attache(data, &["log", "backup", "copy"]);
    assert_eq!(over.status.code(), Some(3), "{}", out(&over));
    assert!(err(&over).contains("not empty"), "{}", err(&over));
}

#[test]
fn heads_are_signed_into_a_second_list_by_the_key_of_the_environment() {
    let dir = project();
    let data = dir.path();
    let config = data.join("company/attache.toml");
    let settings = fs::read_to_string(&config).unwrap();
    fs::write(&config, settings.replace("[journal]", "[journal]\nheads = \"../second.jsonl\"")).unwrap();
    ok(data, &["run", &bundle("wants-human.json"), "--quiet"]);
    ok(data, &["log", "verify", "--heads", "second.jsonl"]);
    let heads = fs::read_to_string(data.join("second.jsonl")).unwrap();
    assert_eq!(heads, fs::read_to_string(data.join("heads.jsonl")).unwrap());
    assert_eq!(heads.lines().count(), 1, "one at closing");
    for bad in ["", "12", &"x".repeat(64)] {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_attache"));
        let head = command.args(["log", "head"]).env("ATTACHE_SIGNING_KEY", bad).env("ATTACHE_DATA", data);
        let code = head.output().unwrap().status.code();
        assert_eq!(code, Some(if bad.is_empty() { 0 } else { 2 }), "{bad}");
    }
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_attache"));
    let head = command.args(["log", "head"]).env("ATTACHE_SIGNING_KEY", "07".repeat(32)).env("ATTACHE_DATA", data);
    let head: Value = serde_json::from_slice(&head.output().unwrap().stdout).unwrap();
    // The public key of these 32 bytes, by RFC 8032.
    assert_eq!(head["key"], "ea4a6c63e29c520abef5507b132ec5f9954776aebebe7b92421eea691446d22c");
}

#[test]
fn keys_are_their_owners_alone_and_one_that_is_lost_is_named() {
    let dir = project();
    let data = dir.path();
    ok(data, &["run", &bundle("wants-human.json"), "--quiet"]);
    #[cfg(unix)]
    for name in ["keys/ring", "keys/signing"] {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(fs::metadata(data.join(name)).unwrap().permissions().mode() & 0o777, 0o600, "{name}");
    }
    fs::rename(data.join("keys"), data.join("elsewhere")).unwrap();
    let lost = attache(data, &[&["log", "verify"][..], &CONFIG].concat());
    assert_eq!(lost.status.code(), Some(4), "{}", out(&lost));
    assert!(err(&lost).contains("the key of subject"), "{}", err(&lost));
    // The keys may be kept apart from the log.
    let config = data.join("company/attache.toml");
    let settings = fs::read_to_string(&config).unwrap();
    fs::write(&config, settings.replace("[journal]", "[journal]\nkeys = \"../elsewhere\"")).unwrap();
    ok(data, &["log", "verify"]);
    let run = ok(data, &["log", "list", "--json"]);
    assert_eq!(serde_json::from_str::<Value>(run.lines().next().unwrap()).unwrap()["outcome"], "escalated");
}
