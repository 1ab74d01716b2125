use super::*;
use crate::testing::{World, assistant};
use serde_json::{Value, json};

mod bounds;
mod server;

use server::{Play, Server};

fn config(url: &str) -> OpenAiConfig {
    OpenAiConfig {
        base_url: url.into(),
        models: vec![ModelSpec { name: "m1".into(), input_price: 2.0, output_price: 8.0 }],
        ..OpenAiConfig::default()
    }
}

fn say(status: u16, body: Value) -> Play {
    Play::Say(status, vec![("content-type", "application/json")], body.to_string())
}

fn ok(message: Value) -> Play {
    let usage = json!({"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110, "odd": null});
    let choice = json!({"index": 0, "message": message, "finish_reason": "no_such_reason", "logprobs": null});
    say(200, json!({"id": "x", "object": "chat.completion", "choices": [choice], "usage": usage, "new_field": [1]}))
}

fn search() -> Value {
    let function = json!({"name": "kb_search", "arguments": "{\"query\":\"reset\"}"});
    json!({"role": "assistant", "content": null, "tool_calls": [{"id": "c1", "type": "new_type", "function": function}]})
}

fn stream(events: &[Value], end: &str) -> String {
    let mut text = ": comment\n\n".to_owned();
    for event in events {
        text.push_str(&format!("event: x\ndata: {event}\n\n"));
    }
    text + end
}

fn delta(delta: Value) -> Value {
    json!({"choices": [{"index": 0, "delta": delta, "finish_reason": null}]})
}

/// The same answer as [`search`], in pieces.
fn search_chunks() -> Vec<Value> {
    let piece = |function: Value| delta(json!({"tool_calls": [{"index": 0, "function": function}]}));
    let first = json!({"index": 0, "id": "c1", "type": "function", "function": {"name": "kb_search", "arguments": ""}});
    vec![
        delta(json!({"role": "assistant", "content": null})),
        delta(json!({"tool_calls": [first]})),
        piece(json!({"arguments": "{\"query\":"})),
        piece(json!({"arguments": "\"reset\"}"})),
        json!({"choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]}),
        json!({"choices": [], "usage": {"prompt_tokens": 100, "completion_tokens": 10}}),
    ]
}

const SSE: &str = "text/event-stream; charset=utf-8";

fn sse(body: String) -> Play {
    Play::Say(200, vec![("content-type", SSE)], body)
}

fn conversation() -> World {
    let mut world = World::new("support");
    world.did("c0", "crm_lookup", "{\"deals\":true,\"tickets\":false}", &json!({"deals": []}));
    world.transcript.push(assistant("c00", "kb_search", "{not json"));
    world.transcript.push(Arc::new(Message::Tool {
        call: "c00".into(),
        name: "kb_search".into(),
        content: "no JSON \"here\"".into(),
    }));
    world
}

#[tokio::test]
async fn native_calls_on_the_wire() {
    let (server, url) = Server::play([ok(search())]).await;
    let key = Some(Secret::new("sk-secret"));
    let model = server.model(OpenAiConfig { api_key: key, temperature: Some(0.2), ..config(&url) });
    let reply = model.complete(&conversation().request()).await.unwrap();
    assert_eq!(reply.model, "openai:m1");
    assert_eq!(reply.reply, crate::testing::reply("c1", "kb_search", "{\"query\":\"reset\"}"));
    let usage = Usage { millis: 0, ..reply.usage };
    assert_eq!(usage, Usage { input_tokens: 100, output_tokens: 10, micro_usd: 280, millis: 0, attempts: 1 });
    insta::assert_json_snapshot!(server.bodies());
    let seen = server.seen.lock().unwrap();
    let (headers, _) = &seen[0];
    assert_eq!(headers["authorization"], "Bearer sk-secret");
    assert_eq!(headers["content-type"], "application/json");
}

#[tokio::test]
async fn an_action_on_the_wire_is_one_object_and_no_tools() {
    let action = "```json\n{\"action\":{\"tool\":\"kb_search\",\"arguments\":{\"query\":\"reset\"}}}\n```";
    let (server, url) = Server::play([ok(json!({"content": action}))]).await;
    let model = server.model(OpenAiConfig { profile: Profile::LlamaCpp, seed: Some(7), ..config(&url) });
    let reply = model.complete(&conversation().request()).await.unwrap();
    assert_eq!(reply.reply, crate::testing::reply("action_3", "kb_search", "{\"query\":\"reset\"}"));
    insta::assert_json_snapshot!(server.bodies());
    assert!(!server.seen.lock().unwrap()[0].0.contains_key("authorization"));
}

#[tokio::test]
async fn streamed_or_not_the_reply_is_the_same() {
    let world = World::new("support");
    let streamed = sse(stream(&search_chunks(), "data: [DONE]\n\n"));
    let (server, url) = Server::play([streamed, ok(search())]).await;
    let model = server.model(OpenAiConfig { stream: true, profile: Profile::Compatible, ..config(&url) });
    let pieces = model.complete(&world.request()).await.unwrap();
    // A server that does not stream although it was asked to.
    let whole = model.complete(&world.request()).await.unwrap();
    assert_eq!(pieces.reply, whole.reply);
    assert_eq!(Usage { millis: 0, ..pieces.usage }, Usage { millis: 0, ..whole.usage });
    let bodies = server.bodies();
    assert_eq!(bodies[0], bodies[1]);
    insta::assert_json_snapshot!(bodies[0]);
}

#[tokio::test]
async fn a_streamed_action_is_put_together() {
    let parts = ["{\"action\":", "{\"tool\":\"kb_search\",", "\"arguments\":{\"query\":\"x\"}}}"];
    let mut chunks: Vec<Value> = parts.iter().map(|part| delta(json!({ "content": part }))).collect();
    chunks.push(json!({"choices": [{"delta": {"content": ""}, "finish_reason": "stop"}]}));
    // CRLF, as some servers write it.
    let body = stream(&chunks, "data: [DONE]\n\n").replace('\n', "\r\n");
    let (server, url) = Server::play([sse(body)]).await;
    let model = server.model(OpenAiConfig { stream: true, planning: Some(Planning::Action), ..config(&url) });
    let reply = model.complete(&World::new("support").request()).await.unwrap();
    assert_eq!(reply.reply, crate::testing::reply("action_1", "kb_search", "{\"query\":\"x\"}"));
    insta::assert_json_snapshot!(
        server.bodies()[0]["response_format"]["json_schema"]["schema"]["properties"]["action"]["anyOf"][1]
    );
}

#[tokio::test]
async fn the_wait_is_the_providers_or_doubles() {
    let date = vec![("retry-after", "Fri, 20 Nov 2026 08:00:07 GMT"), ("date", "Fri, 20 Nov 2026 08:00:00 GMT")];
    let limited = json!({"error": {"message": "slow down", "type": "rate_limit"}});
    let (server, url) = Server::play([
        Play::Say(429, vec![("retry-after", "3")], limited.to_string()),
        Play::Say(429, date, limited.to_string()),
        say(503, json!({})),
        Play::Say(408, vec![], "<html>".into()),
        ok(search()),
    ])
    .await;
    let model = server.model(OpenAiConfig { attempts: 5, ..config(&url) });
    let reply = model.complete(&World::new("support").request()).await.unwrap();
    assert_eq!(server.waits(), [3_000, 7_000, 2_000, 4_000]);
    assert_eq!(reply.usage.attempts, 5);
}

#[tokio::test]
async fn the_next_model_takes_over() {
    let (server, url) = Server::play([say(500, json!({})), say(500, json!({})), ok(search())]).await;
    let models = vec![ModelSpec::named("m1"), ModelSpec { name: "m2".into(), input_price: 0.0, output_price: 0.15 }];
    let model = server.model(OpenAiConfig { attempts: 2, models, ..config(&url) });
    let reply = model.complete(&World::new("support").request()).await.unwrap();
    assert_eq!(reply.model, "openai:m2");
    assert_eq!(
        Usage { millis: 0, ..reply.usage },
        Usage { input_tokens: 100, output_tokens: 10, micro_usd: 2, millis: 0, attempts: 3 }
    );
    let asked: Vec<_> = server.bodies().iter().map(|body| body["model"].clone()).collect();
    assert_eq!(asked, ["m1", "m1", "m2"]);
    assert_eq!(server.waits(), [500]);
}

#[tokio::test]
async fn a_wait_beyond_the_deadline_is_not_begun() {
    let (server, url) = Server::play([Play::Say(429, vec![("retry-after", "3600")], String::new())]).await;
    let error = server.model(config(&url)).complete(&World::new("support").request()).await.unwrap_err();
    assert_eq!((error.fault.code.as_str(), error.fault.retry), ("unavailable", Retry::Safe));
    assert_eq!(error.message, "status 429 Too Many Requests");
    assert_eq!(server.waits(), Vec::<u64>::new());
}

#[tokio::test]
async fn a_server_that_hangs_is_left_within_the_deadline() {
    let (server, url) = Server::play([Play::Hang, Play::Hang, Play::Hang]).await;
    let mut world = World::new("support");
    world.deadline_ms = 120;
    let model = server.model(OpenAiConfig { request_timeout_ms: 50, backoff_ms: 1, ..config(&url) });
    let error = model.complete(&world.request()).await.unwrap_err();
    assert_eq!((error.fault.code.as_str(), error.fault.retry), ("unavailable", Retry::Safe));
    assert_eq!(error.message, "no answer in time");
    assert!(error.usage.attempts >= 1);
}

#[tokio::test]
async fn nobody_listens() {
    let model = Server::default().model(OpenAiConfig { attempts: 2, ..config("http://127.0.0.1:1/v1") });
    let error = model.complete(&World::new("support").request()).await.unwrap_err();
    assert_eq!((error.fault.retry, error.usage.attempts), (Retry::Safe, 2));
    assert!(error.message.starts_with("no connection: "), "{}", error.message);
}

#[tokio::test]
async fn what_is_refused_is_not_tried_again() {
    let secret = "my very private question about the invoice of May";
    let cases = [
        (
            400,
            json!({"error": {"message": "Unknown parameter: 'strict'.", "code": null}}),
            "status 400 Bad Request: Unknown parameter: 'strict'.",
        ),
        (401, json!({"error": "wrong key sk-secret"}), "status 401 Unauthorized: wrong key [key]"),
        (403, json!({"detail": "not for you"}), "status 403 Forbidden: not for you"),
        (404, json!(null), "status 404 Not Found"),
        (307, json!(null), "status 307 Temporary Redirect"),
        (
            400,
            json!({"error": {"message": format!("bad input: {secret}")}}),
            "status 400 Bad Request: [a message that quotes the conversation]",
        ),
        (429, json!({"error": {"message": "pay", "code": "insufficient_quota"}}), "status 429 Too Many Requests: pay"),
    ];
    for (status, body, message) in cases {
        let (server, url) = Server::play([say(status, body)]).await;
        let model = server.model(OpenAiConfig { api_key: Some(Secret::new("sk-secret")), ..config(&url) });
        let mut world = World::new("support");
        world.transcript.push(crate::testing::user(secret));
        let error = model.complete(&world.request()).await.unwrap_err();
        assert_eq!((error.fault.code.as_str(), error.fault.retry), ("refused", Retry::Never));
        assert_eq!(error.message, message);
        assert_eq!(error.fault.feedback, "");
    }
    let (server, url) = Server::play([say(400, json!({"error": "x".repeat(5_000)}))]).await;
    let error = server.model(config(&url)).complete(&World::new("support").request()).await.unwrap_err();
    assert_eq!(error.message.chars().count(), MAX_MESSAGE);
}

#[tokio::test]
async fn a_broken_connection_is_tried_again() {
    let half = json!({"choices": [{"message": search()}]}).to_string().chars().take(40).collect();
    let cut = stream(&search_chunks()[..3], "");
    let (server, url) = Server::play([
        Play::Break("application/json", half),
        Play::Break(SSE, cut.clone()),
        // The end of the body without the end of the stream.
        sse(cut),
        sse(stream(&search_chunks(), "data: [DO")),
    ])
    .await;
    let model = server.model(OpenAiConfig { attempts: 4, stream: true, ..config(&url) });
    let reply = model.complete(&World::new("support").request()).await.unwrap();
    // The last was cut too, after the answer was complete.
    assert_eq!((reply.usage.attempts, reply.reply.calls.len()), (4, 1));
}

#[tokio::test]
async fn text_without_a_call_is_a_reply() {
    let (server, url) = Server::play([
        ok(json!({"content": "All done."})),
        ok(json!({"content": [{"type": "text", "text": "Parts."}]})),
    ])
    .await;
    let model = server.model(config(&url));
    for text in ["All done.", "Parts."] {
        let reply = model.complete(&World::new("support").request()).await.unwrap();
        assert_eq!(reply.reply, attache_journal::Reply { text: Some(text.into()), calls: Vec::new() });
    }
}

#[tokio::test]
async fn an_error_in_place_of_an_answer_is_an_error() {
    let busy = json!({"error": {"message": "overloaded", "code": 503}});
    let refused = json!({"error": {"message": "no credits", "code": 402}});
    let (server, url) = Server::play([say(200, busy.clone()), sse(stream(&[busy], "")), say(200, refused)]).await;
    let error = server.model(config(&url)).complete(&World::new("support").request()).await.unwrap_err();
    assert_eq!((error.fault.code.as_str(), error.usage.attempts), ("refused", 3));
    assert_eq!(error.message, "the provider answers with an error: no credits");
}

#[test]
fn what_cannot_work_is_refused_at_once() {
    let fault = |config: OpenAiConfig| OpenAi::new(config).unwrap_err();
    assert_eq!(fault(OpenAiConfig::default()), ConfigFault::NoModel);
    assert!(matches!(fault(config("ftp://x/v1")), ConfigFault::BaseUrl(_)));
    assert!(matches!(fault(config("nonsense")), ConfigFault::BaseUrl(_)));
    assert_eq!(fault(OpenAiConfig { api_key: Some(Secret::new("a\nb")), ..config("http://x") }), ConfigFault::Key);
    let priced = vec![ModelSpec { name: "m".into(), input_price: f64::NAN, output_price: 0.0 }];
    assert_eq!(fault(OpenAiConfig { models: priced, ..config("http://x") }), ConfigFault::Price("m".into()));
}
