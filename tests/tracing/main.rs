//! What a collector of traces is sent by the built command, over the wire.
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test stops where something is wrong"
)]

mod collector;
#[path = "../command/mod.rs"]
mod command;

use collector::{Collector, Span};
use command::{bundle, err, project};
use serde_json::Value;
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

const QUESTION: &str = "tier1-question.json";

/// The command in a project whose settings say that of tracing.
fn attache(dir: &Path, tracing: &str, args: &[&str], environment: &[(&str, &str)]) -> Command {
    let settings = dir.join("company/attache.toml");
    let text = fs::read_to_string(&settings).unwrap();
    let before = text.split("[tracing]").next().unwrap();
    fs::write(&settings, format!("{before}[tracing]\n{tracing}\n")).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_attache"));
    command.args(args).current_dir(dir).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.env("ATTACHE_DATA", dir).env("ATTACHE_CONFIG", &settings);
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("OTEL_") || name.starts_with("OPENAI_")) {
        command.env_remove(name);
    }
    command.env_remove("ATTACHE_MODEL").env_remove("ATTACHE_LOG").envs(environment.iter().copied());
    command
}

fn run(dir: &Path, tracing: &str, environment: &[(&str, &str)]) -> Output {
    attache(dir, tracing, &["run", &bundle(QUESTION)], environment).output().unwrap()
}

fn sample() -> Value {
    serde_json::from_str(&fs::read_to_string(bundle(QUESTION)).unwrap()).unwrap()
}

/// What tells of whom the sample is: their id, their name, their address.
fn who() -> Vec<String> {
    let sample = sample();
    let customer = &sample["customer"];
    let name = customer["name"].as_str().unwrap().split(' ');
    let emails = customer["emails"].as_array().unwrap().iter().map(|email| email.as_str().unwrap());
    [customer["id"].as_str().unwrap()].into_iter().chain(name).chain(emails).map(str::to_owned).collect()
}

/// What they wrote, in pieces.
fn written() -> Vec<String> {
    let sample = sample();
    let pieces = sample["trigger"]["text"].as_str().unwrap().split(['.', ',', '?', '\n']);
    pieces.map(|piece| piece.trim().to_owned()).filter(|piece| piece.len() > 8).collect()
}

fn of<'a>(spans: &'a [Span], operation: &str) -> Vec<&'a Span> {
    spans.iter().filter(|span| span.text("gen_ai.operation.name") == operation).collect()
}

fn only<'a>(spans: &'a [Span], operation: &str) -> &'a Span {
    let found = of(spans, operation);
    assert_eq!(found.len(), 1, "{operation}: {spans:#?}");
    found[0]
}

#[test]
fn a_run_is_a_tree_of_spans_that_names_nobody() {
    let (dir, collector) = (project(), Collector::start());
    let endpoint = format!("endpoint = \"{}\"", collector.address);
    let ran = run(dir.path(), &endpoint, &[("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20secret")]);
    assert_eq!((ran.status.code(), err(&ran)), (Some(0), String::new()));
    let got = collector.got();
    let spans = got.spans();
    assert!(!got.headers.is_empty() && got.headers.iter().all(|header| header == "Bearer secret"), "{:?}", got.headers);
    assert_eq!(got.resource("service.name"), "attache");
    assert_eq!(got.schema(), attache::tools::traces::SEMCONV);

    let agent = only(&spans, "invoke_agent");
    assert_eq!((agent.name.as_str(), agent.parent.as_str(), agent.kind), ("invoke_agent support", "", 1));
    assert_eq!(agent.text("gen_ai.agent.name"), "support");
    assert_eq!((agent.text("attache.run.outcome"), agent.status), ("resolved".to_owned(), 0));
    assert!(!agent.text("attache.run.id").is_empty());
    assert_eq!(agent.text("gen_ai.conversation.id"), agent.text("attache.run.id"));
    assert!(agent.number("gen_ai.usage.input_tokens").is_some());
    assert!(!agent.events.is_empty());
    for event in &agent.events {
        assert_eq!(event.name, "attache.policy_decided");
        assert_eq!(event.text("attache.policy.verdict"), "allow", "{event:?}");
        assert!(!event.text("attache.policy.rules").is_empty(), "{event:?}");
    }
    assert_eq!(agent.events[0].text("attache.policy.action"), "engage");

    let (chats, tools, retrievals) = (of(&spans, "chat"), of(&spans, "execute_tool"), of(&spans, "retrieval"));
    assert!(chats.len() >= 2 && tools.len() >= 2 && !retrievals.is_empty(), "{spans:#?}");
    assert_eq!(spans.len(), 1 + chats.len() + tools.len() + retrievals.len());
    for chat in chats {
        assert_eq!((chat.name.as_str(), &chat.parent), ("chat offline", &agent.id));
        assert_eq!(chat.text("gen_ai.request.model"), "offline");
        assert_eq!(chat.text("gen_ai.conversation.id"), agent.text("gen_ai.conversation.id"));
        assert!(chat.number("gen_ai.usage.input_tokens").is_some());
        assert!(chat.number("gen_ai.usage.output_tokens").is_some());
        assert_eq!(chat.text("gen_ai.input.messages"), "");
        assert_eq!(chat.text("gen_ai.output.messages"), "");
    }
    for tool in &tools {
        assert_eq!((&tool.name, &tool.parent), (&format!("execute_tool {}", tool.text("gen_ai.tool.name")), &agent.id));
        assert!(!tool.text("gen_ai.tool.call.id").is_empty());
        assert_eq!(tool.text("attache.policy.verdict"), "allow");
        assert_eq!(tool.number("attache.tool.attempts"), Some(1));
    }
    let search = tools.iter().find(|tool| tool.text("gen_ai.tool.name") == "kb_search").unwrap();
    assert!(retrievals.iter().all(|retrieval| retrieval.parent == search.id), "{spans:#?}");
    assert!(retrievals[0].number("attache.retrieval.passages") > Some(0));

    for secret in who().into_iter().chain(written()) {
        assert!(!got.holds(&secret), "`{secret}` is in what was sent");
    }
}

#[test]
fn content_goes_along_when_it_is_asked_for_and_still_names_nobody() {
    let (dir, collector) = (project(), Collector::start());
    let settings = format!("endpoint = \"{}\"\ncontent = true", collector.address);
    let ran = run(dir.path(), &settings, &[]);
    assert_eq!((ran.status.code(), err(&ran)), (Some(0), String::new()));
    let got = collector.got();
    let spans = got.spans();
    let chat = of(&spans, "chat")[0];
    let messages = |key: &str| serde_json::from_str::<Value>(&chat.text(key)).unwrap();
    let (read, said) = (messages("gen_ai.input.messages"), messages("gen_ai.output.messages"));
    assert_eq!((&read[0]["role"], &read[0]["parts"][0]["type"]), (&"system".into(), &"text".into()));
    assert_eq!((&said[0]["role"], &said[0]["parts"][0]["type"]), (&"assistant".into(), &"tool_call".into()));
    assert!(written().iter().any(|piece| got.holds(piece)), "{read}");
    for secret in who() {
        assert!(!got.holds(&secret), "`{secret}` is in what was sent");
    }
}

#[test]
fn what_fails_is_marked_and_says_why() {
    let (dir, collector) = (project(), Collector::start());
    let endpoint = format!("endpoint = \"{}\"", collector.address);
    let nobody = [("OPENAI_BASE_URL", "http://127.0.0.1:1/v1"), ("OPENAI_API_KEY", "x")];
    let mut command = attache(dir.path(), &endpoint, &["run", &bundle(QUESTION), "--model", "openai:large"], &nobody);
    let ran = command.output().unwrap();
    assert_eq!(ran.status.code(), Some(3), "{}", err(&ran));
    let spans = collector.got().spans();
    let (agent, chat) = (only(&spans, "invoke_agent"), only(&spans, "chat"));
    assert_eq!((agent.status, agent.text("error.type")), (2, "unavailable".to_owned()));
    assert_eq!((chat.status, chat.kind, chat.name.as_str()), (2, 3, "chat large"));
    assert_eq!(chat.text("gen_ai.provider.name"), "openai");
    assert!(!chat.text("error.type").is_empty());
}

#[test]
fn a_collector_that_is_gone_or_silent_stops_no_run() {
    let dir = project();
    let gone = run(dir.path(), "endpoint = \"http://127.0.0.1:1\"", &[]);
    assert_eq!(gone.status.code(), Some(0), "{}", err(&gone));
    // It takes the connection and says nothing.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", silent.local_addr().unwrap());
    let begun = Instant::now();
    let late = run(dir.path(), "", &[("OTEL_EXPORTER_OTLP_ENDPOINT", &address)]);
    assert_eq!(late.status.code(), Some(0), "{}", err(&late));
    assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
    silent.set_nonblocking(true).unwrap();
    assert!(silent.accept().is_ok(), "the environment went unheard");
}

#[test]
fn a_wrong_setting_is_named_and_a_log_has_nothing_of_it() {
    let dir = project();
    for (wrong, says) in [
        ("endpoint = \"collector:4318\"", "an address such as"),
        ("sample = 2.0", "from 0 to 1"),
        ("contents = true", "contents"),
    ] {
        let ran = run(dir.path(), wrong, &[]);
        assert_eq!(ran.status.code(), Some(2), "{wrong}");
        assert!(err(&ran).contains(says) && err(&ran).contains("attache.toml:"), "{}", err(&ran));
    }
    let collector = Collector::start();
    let endpoint = format!("endpoint = \"{}\"", collector.address);
    let ran = run(dir.path(), &endpoint, &[("ATTACHE_LOG", "attache_engine=trace,gen_ai=trace")]);
    assert!(err(&ran).contains("verdict=allow") && !err(&ran).contains("gen_ai"), "{}", err(&ran));
    for (settings, environment) in [
        (format!("{endpoint}\nsample = 0.0"), vec![]),
        (endpoint, vec![("OTEL_SDK_DISABLED", "true")]),
        (String::new(), vec![]),
    ] {
        let ran = run(dir.path(), &settings, &environment);
        assert_eq!((ran.status.code(), err(&ran)), (Some(0), String::new()));
    }
    only(&collector.got().spans(), "invoke_agent");
}

/// A server, stopped when it is dropped.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
    }
}

#[cfg(unix)]
#[test]
fn a_server_sends_what_is_left_when_it_is_told_to_stop() {
    let (dir, collector) = (project(), Collector::start());
    let endpoint = format!("endpoint = \"{}\"", collector.address);
    // By itself a batch would go in an hour.
    let delay = [("OTEL_BSP_SCHEDULE_DELAY", "3600000")];
    let mut command = attache(dir.path(), &endpoint, &["serve", "--listen", "127.0.0.1:0"], &delay);
    let mut server = Server(command.spawn().unwrap());
    let mut lines = BufReader::new(server.0.stdout.take().unwrap()).lines().map(Result::unwrap);
    let welcome = lines.find(|line| line.contains("/welcome/")).unwrap().trim().to_owned();
    let base = welcome.split("/welcome/").next().unwrap().to_owned();
    tokio::runtime::Runtime::new().unwrap().block_on(run_by(&base, &welcome));
    assert!(collector.got().spans().is_empty());
    assert!(Command::new("kill").arg(server.0.id().to_string()).status().unwrap().success());
    assert!(server.0.wait().unwrap().success());
    let got = collector.got();
    assert_eq!(only(&got.spans(), "invoke_agent").text("attache.run.outcome"), "resolved");
    for secret in who().into_iter().chain(written()) {
        assert!(!got.holds(&secret), "`{secret}` is in what was sent");
    }
}

/// Sets a password and runs the sample, as a page of the desk would.
#[cfg(unix)]
async fn run_by(base: &str, welcome: &str) {
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let form = client.post(welcome).header("content-type", "application/x-www-form-urlencoded");
    let entered = form.body("password=correct+horse+battery").send().await.unwrap();
    let cookie = entered.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let page = client.get(base).header("cookie", &cookie).send().await.unwrap().text().await.unwrap();
    let csrf = page.split("name=\"csrf\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    let request = client.post(format!("{base}/v1/runs")).header("cookie", &cookie).header("x-csrf-token", csrf);
    let ran = request.json(&sample()).send().await.unwrap();
    assert_eq!(ran.status(), 201, "{}", ran.text().await.unwrap());
}
