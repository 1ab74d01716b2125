//! The adapter against a real model behind a real server (llama.cpp).
//!
//! `cargo xtask` starts `real_model/serve.py` and sets `ATTACHE_REAL_MODEL_URL`;
//! without it these tests do nothing and say so. A model this small decides
//! badly: what is asserted is the wire, never a decision.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "helpers of tests stand outside of tests here"
)]

use attache_journal::{CallRequest, Message, Reply, Retry, RunId};
use attache_models::{ModelSpec, OpenAi, OpenAiConfig, Planning, Profile};
use attache_planner::{ChatModel, Memo, ModelReply, ModelRequest, Playbook, Playbooks, ToolSet};
use attache_prompts::Brief;
use attache_tools::{EffectKind, ToolLabels, ToolSpec};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

fn url() -> Option<String> {
    let url = std::env::var("ATTACHE_REAL_MODEL_URL").ok();
    if url.is_none() {
        println!("skipped: ATTACHE_REAL_MODEL_URL is not set; `cargo xtask` can start a real model");
    }
    url
}

fn config(base_url: String, planning: Planning, stream: bool) -> OpenAiConfig {
    OpenAiConfig {
        base_url,
        models: vec![ModelSpec { name: "smollm2".into(), input_price: 1.0, output_price: 1.0 }],
        profile: Profile::LlamaCpp,
        planning: Some(planning),
        stream,
        request_timeout_ms: 120_000,
        backoff_ms: 10,
        temperature: Some(0.0),
        seed: Some(1),
        ..OpenAiConfig::default()
    }
}

struct World {
    transcript: Vec<Arc<Message>>,
    tools: ToolSet,
    brief: Brief,
    playbook: Playbook,
    run: RunId,
    memo: Memo,
}

impl World {
    fn new() -> Self {
        let tool = |name: &str, description: &str, properties: Value, required: &[&str]| {
            Arc::new(ToolSpec {
                name: name.into(),
                version: 1,
                description: description.into(),
                effect: EffectKind::Read,
                input_schema: json!({
                    "type": "object", "properties": properties, "required": required, "additionalProperties": false,
                }),
                output_schema: json!({}),
                sinks: Vec::new(),
                timeout: Duration::from_secs(1),
                concurrency: 1,
                repeat_safe: true,
                labels: ToolLabels { reads: &[], emits: &[] },
            })
        };
        let search = tool(
            "kb_search",
            "Searches the help pages.",
            json!({ "query": { "type": "string", "minLength": 1, "maxLength": 40 } }),
            &["query"],
        );
        let ticket = tool(
            "open_ticket",
            "Opens a ticket.",
            json!({
                "subject": { "type": "string", "maxLength": 60 },
                "note": { "anyOf": [{ "type": "string", "maxLength": 20 }, { "type": "null" }] },
                "priority": { "type": "string", "enum": ["low", "high"] },
            }),
            &["subject", "note", "priority"],
        );
        let said = |text: &str| Arc::new(Message::User { text: text.into() });
        let call = |id: &str, name: &str, arguments: Value| {
            let calls = vec![CallRequest { id: id.into(), name: name.into(), arguments: arguments.to_string() }];
            Arc::new(Message::Assistant(Reply { text: None, calls }))
        };
        let result = |id: &str, name: &str, content: &str| {
            Arc::new(Message::Tool { call: id.into(), name: name.into(), content: content.into() })
        };
        let ticket_arguments = json!({"subject": "Broken label printer", "note": null, "priority": "high"});
        let playbooks = Playbooks::load([].into()).unwrap();
        let brief = json!({
            "playbook": "support", "stage": "support", "goal": "help", "channel": "email", "first_contact": false,
            "customer": {}, "trigger": {"kind": "manual"}, "sentiment": "neutral", "facts": [],
        });
        Self {
            // Two worked examples, without which so small a model rambles.
            transcript: vec![
                Arc::new(Message::System { text: "You are a support assistant. Use the tools.".into() }),
                said("How do I export my data?"),
                call("c1", "kb_search", json!({"query": "export data"})),
                result("c1", "kb_search", "{\"hits\":[]}"),
                said("My label printer broke, please complain for me."),
                call("c2", "open_ticket", ticket_arguments),
                result("c2", "open_ticket", "{\"ticket\":12}"),
                said("How do I reset my password?"),
            ],
            tools: ToolSet::new(vec![search, ticket]),
            brief: serde_json::from_value(brief).unwrap(),
            playbook: playbooks.get("support").unwrap().clone(),
            run: RunId::new("run_1"),
            memo: Memo::default(),
        }
    }

    fn request(&self) -> ModelRequest<'_> {
        ModelRequest {
            run: &self.run,
            transcript: &self.transcript,
            tools: &self.tools,
            brief: &self.brief,
            playbook: &self.playbook,
            max_output_tokens: 200,
            deadline_ms: 300_000,
            memo: &self.memo,
        }
    }

    /// Whether the one call in `reply` is one of the tools with input that its
    /// schema takes.
    fn assert_call(&self, reply: &ModelReply) {
        let [call] = reply.reply.calls.as_slice() else { panic!("no single call: {reply:?}") };
        let spec = self.tools.specs.iter().find(|spec| spec.name == call.name);
        let input: Value = serde_json::from_str(&call.arguments).unwrap();
        jsonschema::validate(&spec.expect("a known tool").input_schema, &input).unwrap();
        assert!(reply.usage.input_tokens > 0 && reply.usage.output_tokens > 0 && reply.usage.micro_usd > 0);
    }
}

async fn ask(url: String, planning: Planning, stream: bool) -> ModelReply {
    let world = World::new();
    OpenAi::new(config(url, planning, stream)).unwrap().complete(&world.request()).await.unwrap()
}

#[tokio::test]
async fn an_action_fits_its_schema_streamed_or_not() {
    let Some(url) = url() else { return };
    let whole = ask(url.clone(), Planning::Action, false).await;
    let pieces = ask(url, Planning::Action, true).await;
    for reply in [&whole, &pieces] {
        World::new().assert_call(reply);
        assert_eq!(reply.reply.calls[0].id, "action_3");
        assert_eq!((reply.model.as_str(), reply.usage.attempts), ("openai:smollm2", 1));
    }
    assert_eq!(whole.usage.input_tokens, pieces.usage.input_tokens);
}

#[tokio::test]
async fn native_calls_come_through_streamed_or_not() {
    let Some(url) = url() else { return };
    for stream in [false, true] {
        let reply = ask(url.clone(), Planning::Tools, stream).await;
        // It may answer with text; what it calls, it calls properly.
        let calls = &reply.reply.calls;
        assert!(reply.reply.text.is_some() || !calls.is_empty());
        for call in calls {
            assert!(!call.id.is_empty() && !call.name.is_empty());
            serde_json::from_str::<Value>(&call.arguments).unwrap();
        }
        assert!(reply.usage.input_tokens > 0 && reply.usage.output_tokens > 0);
    }
}

#[tokio::test]
async fn a_cut_a_429_and_a_hang_are_tried_again() {
    let Some(url) = url() else { return };
    for (trouble, stream) in
        [(Trouble::Cut, false), (Trouble::Cut, true), (Trouble::Hang, false), (Trouble::Refuse, true)]
    {
        let (near, far) = troubled_proxy(&url, trouble).await;
        let config = OpenAiConfig { request_timeout_ms: 15_000, ..config(near, Planning::Action, stream) };
        let world = World::new();
        let reply = OpenAi::new(config).unwrap().complete(&world.request()).await.unwrap();
        world.assert_call(&reply);
        assert_eq!(reply.usage.attempts, 2, "{trouble:?}");
        far.abort();
    }
}

#[tokio::test]
async fn what_the_server_refuses_is_reported() {
    let Some(url) = url() else { return };
    let mut world = World::new();
    // Longer than the context of the model.
    world.transcript.push(Arc::new(Message::User { text: "word ".repeat(20_000) }));
    let model = OpenAi::new(config(url, Planning::Action, false)).unwrap();
    let error = model.complete(&world.request()).await.unwrap_err();
    assert_eq!((error.fault.code.as_str(), error.fault.retry), ("refused", Retry::Never), "{error}");
    assert!(error.message.starts_with("status 4"), "{error}");
}

/// What happens to the first request on its way.
#[derive(Clone, Copy, Debug)]
enum Trouble {
    /// The answer is cut after its first bytes.
    Cut,
    /// No answer ever comes.
    Hang,
    /// The answer is 429, to be tried again at once.
    Refuse,
}

/// A proxy that troubles the first request and lets all others through.
async fn troubled_proxy(url: &str, trouble: Trouble) -> (String, tokio::task::JoinHandle<()>) {
    let (host, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let near = format!("http://{}/{path}", listener.local_addr().unwrap());
    let host = host.to_owned();
    let proxy = tokio::spawn(async move {
        let mut hung = Vec::new();
        let mut first = true;
        while let Ok((mut client, _)) = listener.accept().await {
            let mut server = TcpStream::connect(&host).await.unwrap();
            if !std::mem::take(&mut first) {
                tokio::spawn(async move { tokio::io::copy_bidirectional(&mut client, &mut server).await });
                continue;
            }
            match trouble {
                Trouble::Cut => {
                    let (mut from_client, mut to_client) = client.split();
                    let (mut from_server, mut to_server) = server.split();
                    let answer = async {
                        let mut begin = [0; 100];
                        let read = from_server.read(&mut begin).await.unwrap();
                        to_client.write_all(&begin[..read]).await.unwrap();
                    };
                    tokio::select! {
                        () = answer => {}
                        _ = tokio::io::copy(&mut from_client, &mut to_server) => {}
                    }
                }
                // Kept, or the connection would be closed.
                Trouble::Hang => hung.push(client),
                Trouble::Refuse => {
                    let answer = "HTTP/1.1 429 Too Many Requests\r\nretry-after: 0\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
                    client.write_all(answer.as_bytes()).await.unwrap();
                    client.shutdown().await.unwrap();
                    // Whatever was sent is read, or closing would cut the answer.
                    let mut rest = Vec::new();
                    let _ = client.read_to_end(&mut rest).await;
                }
            }
        }
    });
    (near, proxy)
}
