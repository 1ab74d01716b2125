//! What comes back and is no answer, or too much of one.

use super::*;

async fn invalid(play: Play, config: impl FnOnce(&str) -> OpenAiConfig) -> ModelError {
    let (server, url) = Server::play([play]).await;
    let error = server.model(config(&url)).complete(&World::new("support").request()).await.unwrap_err();
    assert_eq!((error.fault.code.as_str(), error.fault.retry), (INVALID_REPLY, Retry::Never), "{error}");
    assert!(!error.fault.feedback.is_empty());
    error
}

#[tokio::test]
async fn what_is_no_answer_is_invalid() {
    for garbage in ["<html>", "", "{\"choices\": [", "[]", "{}", "{\"choices\":[]}", "{\"choices\":null}", "\u{0}\u{0}"]
    {
        invalid(Play::Say(200, vec![], garbage.into()), config).await;
    }
    invalid(sse("data: {broken\n\ndata: [DONE]\n\n".into()), config).await;
    let mut cut = search();
    cut["tool_calls"][0]["function"]["arguments"] = json!("{\"que");
    let choice = json!({"choices": [{"message": cut, "finish_reason": "length"}]});
    let error = invalid(say(200, choice), config).await;
    assert_eq!(error.fault.feedback, "Your last answer was cut off. Be brief.");
    let prose = |url: &str| OpenAiConfig { planning: Some(Planning::Action), ..config(url) };
    let error = invalid(ok(json!({"content": "Sure, I can help!"})), prose).await;
    assert_eq!(error.usage.input_tokens, 100);
}

#[tokio::test]
async fn too_much_is_invalid_and_names_the_bound() {
    let call = &search()["tool_calls"][0];
    let calls: Vec<Value> = std::iter::repeat_n(call, 10_000).cloned().collect();
    let many = invalid(ok(json!({ "tool_calls": calls })), config).await;
    assert_eq!(many.message, "the answer has more than 64 calls");
    let chunks: Vec<Value> = (0..10_000)
        .map(|n| delta(json!({"tool_calls": [{"index": n, "id": n.to_string(), "function": {"name": "x"}}]})))
        .collect();
    let many = invalid(sse(stream(&chunks, "data: [DONE]\n\n")), config).await;
    assert_eq!(many.message, "the answer has more than 64 calls");
    let text = invalid(ok(json!({"content": "x".repeat(70_000)})), config).await;
    assert_eq!(text.message, "the answer has more than 65536 bytes of text");
    let mut long = search();
    long["tool_calls"][0]["function"]["arguments"] = json!("x".repeat(70_000));
    let arguments = invalid(ok(long), config).await;
    assert_eq!(arguments.message, "the answer has more than 65536 bytes of arguments");
    for kind in ["application/json", SSE] {
        let endless = invalid(Play::Endless(kind), config).await;
        assert_eq!(endless.message, "the answer is longer than 4194304 bytes");
    }
}
