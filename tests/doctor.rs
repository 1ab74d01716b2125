//! `attache doctor` and `attache metrics` as their users meet them.
#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test stops where something is wrong")]

mod command;

use command::{attache, bundle, err, out, project};
use serde_json::Value;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output};

/// The findings by their check.
fn findings(output: &Output) -> serde_json::Map<String, Value> {
    let lines = out(output);
    let lines = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines.map(|line| (line["check"].as_str().unwrap().to_owned(), line)).collect()
}

fn examined(dir: &Path, environment: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_attache"));
    command.args(["doctor", "--json"]).current_dir(dir);
    command.env("ATTACHE_DATA", dir).env("ATTACHE_CONFIG", dir.join("company/attache.toml"));
    for name in ["OPENAI_API_KEY", "OPENAI_BASE_URL", "ATTACHE_MODEL", "ATTACHE_OIDC_SECRET"] {
        command.env_remove(name);
    }
    command.envs(environment.iter().copied());
    command.output().unwrap()
}

/// A server that answers one request so.
fn answering(answer: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = [0; 4096];
        let read = stream.read(&mut request).unwrap();
        assert!(request[..read].starts_with(b"GET /v1/models "), "{}", String::from_utf8_lossy(&request[..read]));
        stream.write_all(answer.as_bytes()).unwrap();
    });
    format!("http://{address}/v1")
}

#[test]
fn a_sound_project_is_found_sound_and_left_as_it_is() {
    let dir = tempfile::tempdir().unwrap();
    let absent = attache(&dir.path().join(""), &["doctor", "--data", "not-there"]);
    assert_eq!(absent.status.code(), Some(0), "{}{}", out(&absent), err(&absent));
    assert!(!dir.path().join("not-there").exists());

    let dir = project();
    let ran = attache(dir.path(), &["run", &bundle("usage-gap.json"), "--config", "company/attache.toml"]);
    assert!(ran.status.success(), "{}", err(&ran));
    let found = examined(dir.path(), &[]);
    assert_eq!(found.status.code(), Some(0), "{}{}", out(&found), err(&found));
    let found = findings(&found);
    for check in ["settings", "rules", "server", "keys", "journal", "knowledge base", "crm", "model", "mail", "outbox"]
    {
        assert_eq!(found[check]["state"], "ok", "{check}: {found:?}");
    }
}

#[test]
fn each_fault_is_named_with_what_to_do() {
    let dir = project();
    let ran = attache(dir.path(), &["run", &bundle("usage-gap.json"), "--config", "company/attache.toml"]);
    assert!(ran.status.success(), "{}", err(&ran));
    let settings = dir.path().join("company/attache.toml");
    let text = fs::read_to_string(&settings).unwrap();
    let mail = "[mail.smtp]\nhost = \"127.0.0.1\"\nport = 1\nencryption = \"none\"\n[project]";
    fs::write(&settings, text.replace("[project]", mail)).unwrap();
    fs::create_dir_all(dir.path().join("company/policies/rules")).unwrap();
    fs::write(dir.path().join("company/policies/rules/own.dw"), "permit (principal").unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let key = fs::read_dir(dir.path().join("keys")).unwrap().next().unwrap().unwrap().path();
        fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    }
    let refusing = answering("HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n");
    let environment =
        [("OPENAI_BASE_URL", &*refusing), ("OPENAI_API_KEY", "sk-secret-key"), ("ATTACHE_MODEL", "openai:large")];
    let found = examined(dir.path(), &environment);
    assert_eq!(found.status.code(), Some(4), "{}", out(&found));
    assert!(!out(&found).contains("sk-secret-key"));
    assert_eq!(err(&found).trim(), "error: 4 parts have a fault");
    let found = findings(&found);
    for (check, says) in [
        ("rules", "policies/rules/own.dw:1:"),
        ("keys", "can be read by others"),
        ("model", "401"),
        ("mail", "connect"),
    ] {
        assert_eq!(found[check]["state"], "fault", "{check}: {found:?}");
        assert!(found[check]["message"].as_str().unwrap().contains(says), "{check}: {}", found[check]);
        assert!(!found[check]["advice"].as_str().unwrap().is_empty(), "{check}");
    }
    // What a project writes in the place of something shipped is told by its name.
    fs::remove_file(dir.path().join("company/policies/rules/own.dw")).unwrap();
    for (file, text, check, says) in [
        (
            "prompts/system.tera",
            "{% extends \"playbooks/support.tera\" %}",
            "prompts",
            "prompts/system.tera: it extends",
        ),
        ("playbooks/mine.toml", "name = 1", "playbooks", "playbooks/mine.toml"),
    ] {
        let own = dir.path().join("company").join(file);
        fs::create_dir_all(own.parent().unwrap()).unwrap();
        fs::write(&own, text).unwrap();
        let found = findings(&examined(dir.path(), &[]));
        assert_eq!(found[check]["state"], "fault", "{found:?}");
        assert!(found[check]["message"].as_str().unwrap().contains(says), "{}", found[check]);
        assert!(found[check]["advice"].as_str().unwrap().contains("take it away"), "{}", found[check]);
        fs::remove_file(own).unwrap();
    }
    fs::write(&settings, "[server]\nlisten = \"0.0.0.0:8420\"\nwhat = 1\n").unwrap();
    let found = examined(dir.path(), &[]);
    assert_eq!(found.status.code(), Some(4));
    assert!(findings(&found)["settings"]["message"].as_str().unwrap().contains("3:1"), "{}", out(&found));
}

#[test]
fn a_model_that_the_server_does_not_list_is_a_warning() {
    let dir = project();
    let body = r#"{"object":"list","data":[{"id":"small"},{"id":"large"}]}"#;
    let answer =
        format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    let answer: &'static str = Box::leak(answer.into_boxed_str());
    let found = examined(dir.path(), &[("OPENAI_BASE_URL", &answering(answer)), ("ATTACHE_MODEL", "openai:large")]);
    assert_eq!(findings(&found)["model"]["state"], "ok", "{}", out(&found));
    let found = examined(dir.path(), &[("OPENAI_BASE_URL", &answering(answer)), ("ATTACHE_MODEL", "openai:huge")]);
    assert_eq!(findings(&found)["model"]["state"], "warning", "{}", out(&found));
    assert_eq!(found.status.code(), Some(0));
}

#[test]
fn metrics_stay_the_same_when_a_person_is_erased() {
    let dir = project();
    for name in ["tier1-question.json", "wants-human.json", "usage-gap.json"] {
        let ran = attache(dir.path(), &["run", &bundle(name), "--config", "company/attache.toml", "--quiet"]);
        assert!(ran.status.success(), "{name}: {}", err(&ran));
    }
    let before = attache(dir.path(), &["metrics", "--json"]);
    assert!(before.status.success(), "{}", err(&before));
    let lines = out(&before);
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let value = |name: &str| lines.iter().find(|line| line["name"] == name).unwrap_or_else(|| panic!("{name}"));
    assert_eq!(value("episodes")["value"], 2.0);
    assert_eq!(value("escalation_rate")["value"], 0.5);
    assert_eq!(value("escalation_rate.human_requested")["runs"].as_array().unwrap().len(), 1);
    // Nobody has been silent for a day yet.
    assert_eq!(value("resolution_rate")["value"], Value::Null);
    assert_eq!(value("episodes")["definitions"], 1);

    let list = attache(dir.path(), &["log", "list", "--json"]);
    let list = out(&list);
    let customers = list.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["customer"].clone());
    for customer in customers {
        let erased = attache(dir.path(), &["log", "erase", customer.as_str().unwrap(), "--by", "dana"]);
        assert!(erased.status.success(), "{}", err(&erased));
    }
    assert_eq!(out(&attache(dir.path(), &["metrics", "--json"])), out(&before));
    let table = attache(dir.path(), &["metrics", "--since", "2020-01-01"]);
    assert!(out(&table).contains("escalation_rate"), "{}", out(&table));
}

#[test]
fn a_provider_that_cannot_sign_anybody_in_is_a_fault() {
    let dir = project();
    let settings = dir.path().join("company/attache.toml");
    let text = fs::read_to_string(&settings).unwrap();
    let provider = "[server.oidc]\nissuer = \"http://127.0.0.1:1\"\nclient_id = \"desk\"\n";
    let secret = [("ATTACHE_OIDC_SECRET", "s3cret-of-the-client")];
    for (more, environment, says) in [
        ("domain = \"example.com\"", &secret[..], "the provider cannot be asked"),
        ("domain = \"example.com\"", &[], "ATTACHE_OIDC_SECRET is not set"),
        ("client_secret_file = \"absent\"\ndomain = \"example.com\"", &secret, "absent"),
        ("", &secret, "nobody could sign in"),
    ] {
        fs::write(&settings, text.replace("[tracing]", &format!("{provider}{more}\n\n[tracing]"))).unwrap();
        let found = examined(dir.path(), environment);
        assert_eq!(found.status.code(), Some(4), "{}", out(&found));
        assert!(!out(&found).contains(secret[0].1));
        let found = findings(&found);
        assert_eq!(found["sign-in"]["state"], "fault", "{found:?}");
        assert!(found["sign-in"]["message"].as_str().unwrap().contains(says), "{says}: {}", found["sign-in"]);
    }
    // What doctor says, `serve` does.
    let refused = attache(dir.path(), &["serve", "--listen", "127.0.0.1:0", "--config", "company/attache.toml"]);
    assert_eq!(refused.status.code(), Some(2), "{}", err(&refused));
    assert!(err(&refused).contains("server.oidc: ATTACHE_OIDC_SECRET is not set"), "{}", err(&refused));
    let plain =
        text.replace("[tracing]", "[server.oidc]\nissuer = \"http://id.example\"\nclient_id = \"desk\"\n\n[tracing]");
    fs::write(&settings, plain.replace("client_id = \"desk\"", "client_id = \"desk\"\ndomain = \"example.com\""))
        .unwrap();
    let found = findings(&examined(dir.path(), &secret));
    assert!(
        found["sign-in"]["message"].as_str().unwrap().contains("expected an https address"),
        "{}",
        found["sign-in"]
    );
}
