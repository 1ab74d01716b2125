//! What a run tells whoever traces it: spans and events after the conventions
//! of OpenTelemetry for generative AI, with what is ours alone under `attache.`.
//!
//! They hold ids, names of rules and tools, codes and counts. What a model read
//! and wrote goes along only where the engine was built to tell it, and then as
//! the model had it: with placeholders for whoever it is about.

use crate::{Report, RunError};
use attache_journal::{
    CallId, CallRequest, Fault, Message, ModelCalled, Outcome, PolicyDecided, Reply, RunId, ToolReturned,
};
use attache_planner::{ModelRequest, PendingCall, Run};
use attache_tools::traces::TARGET;
use serde_json::{Value, json};
use tracing::field::Empty;
use tracing::{Level, Span};

/// The provider of a model that runs in this process.
const OURS: &str = "attache";

/// A run that is being driven, from here to where it rests.
pub(crate) fn invoke_agent(run: &Run, conversation: &RunId, resumed: bool) -> Span {
    let agent = run.playbook();
    tracing::info_span!(
        target: TARGET,
        "invoke_agent",
        otel.name = %format_args!("invoke_agent {agent}"),
        otel.kind = "internal",
        otel.status_description = Empty,
        error.type = Empty,
        gen_ai.operation.name = "invoke_agent",
        gen_ai.provider.name = OURS,
        gen_ai.agent.name = agent,
        gen_ai.conversation.id = conversation.as_str(),
        attache.run.id = run.id().as_str(),
        attache.run.resumed = resumed,
        attache.run.outcome = Empty,
        attache.run.reason_code = Empty,
        gen_ai.usage.input_tokens = Empty,
        gen_ai.usage.output_tokens = Empty,
    )
}

/// Where it came to rest, or why it stopped before.
pub(crate) fn invoked(span: &Span, result: &Result<Report, RunError>) {
    match result {
        Ok(Report { ended, .. }) => {
            span.record("attache.run.outcome", ended.outcome.as_str());
            span.record("gen_ai.usage.input_tokens", number(ended.usage.input_tokens));
            span.record("gen_ai.usage.output_tokens", number(ended.usage.output_tokens));
            let reason = code(ended.reason_code.as_deref());
            span.record("attache.run.reason_code", reason);
            if ended.outcome == Outcome::Failed {
                failed(span, reason.unwrap_or("failed"));
            }
        }
        Err(error) => failed(
            span,
            match error {
                RunError::Broken { .. } => "broken",
                RunError::Internal { .. } => "internal",
                RunError::NoPlaybook(_) => "no_playbook",
                RunError::Store(_) => "store",
                RunError::Unavailable { .. } => "unavailable",
                RunError::Unknown(_) => "unknown",
            },
        ),
    }
}

/// A verdict, as an event of the run.
pub(crate) fn decided(decided: &PolicyDecided) {
    tracing::event!(
        name: "attache.policy_decided",
        target: TARGET,
        Level::INFO,
        attache.policy.action = decided.action,
        attache.policy.verdict = %decided.verdict,
        attache.policy.rules = decided.policies.join(","),
        attache.policy.reason_code = code(decided.reason_code.as_deref()),
        attache.policy.digest = decided.policy_digest.as_str(),
        gen_ai.tool.call.id = decided.call.as_ref().map(CallId::as_str),
    );
}

/// A model that is being asked. `model` is its name as the journal has it.
pub(crate) fn chat(run: &Run, conversation: &RunId, model: &str, request: &ModelRequest<'_>) -> Span {
    let (provider, name) = named(model);
    tracing::info_span!(
        target: TARGET,
        "chat",
        otel.name = %format_args!("chat {name}"),
        otel.kind = if provider == OURS { "internal" } else { "client" },
        otel.status_description = Empty,
        error.type = Empty,
        gen_ai.operation.name = "chat",
        gen_ai.provider.name = provider,
        gen_ai.agent.name = run.playbook(),
        gen_ai.conversation.id = conversation.as_str(),
        gen_ai.request.model = name,
        gen_ai.request.max_tokens = i64::from(request.max_output_tokens),
        gen_ai.response.model = Empty,
        gen_ai.usage.input_tokens = Empty,
        gen_ai.usage.output_tokens = Empty,
        gen_ai.input.messages = Empty,
        gen_ai.output.messages = Empty,
        attache.model.attempts = Empty,
    )
}

/// What came of asking it.
pub(crate) fn answered(span: &Span, called: &ModelCalled) {
    span.record("gen_ai.response.model", named(&called.model).1);
    span.record("gen_ai.usage.input_tokens", number(called.usage.input_tokens));
    span.record("gen_ai.usage.output_tokens", number(called.usage.output_tokens));
    span.record("attache.model.attempts", i64::from(called.usage.attempts));
    if let Some(Fault { code, .. }) = &called.fault {
        failed(span, code);
    }
}

/// The conversation as the model had it.
pub(crate) fn content(span: &Span, request: &ModelRequest<'_>, reply: Option<&Reply>) {
    if span.is_disabled() {
        return;
    }
    let read: Vec<Value> = request.transcript.iter().map(|message| said(message)).collect();
    span.record("gen_ai.input.messages", Value::from(read).to_string());
    if let Some(reply) = reply {
        span.record("gen_ai.output.messages", json!([assistant(reply)]).to_string());
    }
}

/// A tool that is being called.
pub(crate) fn execute_tool(run: &Run, conversation: &RunId, call: &PendingCall<'_>) -> Span {
    let (called, decided) = (call.called(), call.decided());
    tracing::info_span!(
        target: TARGET,
        "execute_tool",
        otel.name = %format_args!("execute_tool {}", called.tool),
        otel.kind = "internal",
        otel.status_description = Empty,
        error.type = Empty,
        gen_ai.operation.name = "execute_tool",
        gen_ai.agent.name = run.playbook(),
        gen_ai.conversation.id = conversation.as_str(),
        gen_ai.tool.name = called.tool,
        gen_ai.tool.type = "function",
        gen_ai.tool.call.id = called.call.as_str(),
        attache.policy.verdict = %decided.verdict,
        attache.policy.rules = decided.policies.join(","),
        attache.tool.attempts = Empty,
    )
}

/// What came of calling it.
pub(crate) fn executed(span: &Span, returned: &ToolReturned) {
    span.record("attache.tool.attempts", i64::from(returned.attempts));
    if let Some(Fault { code, .. }) = &returned.fault {
        failed(span, code);
    }
}

/// Marks a span as an error of that kind.
fn failed(span: &Span, code: &str) {
    span.record("error.type", code);
    span.record("otel.status_description", code);
}

/// A reason if it is a code: a model that hands over may have written anything.
fn code(reason: Option<&str>) -> Option<&str> {
    reason.filter(|code| code.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_'))
}

/// The provider and the name of a model: `openai:NAME`, or one of ours.
fn named(model: &str) -> (&str, &str) {
    model.split_once(':').unwrap_or((OURS, model))
}

fn number(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn said(message: &Message) -> Value {
    match message {
        Message::Assistant(reply) => assistant(reply),
        Message::System { text } => json!({ "role": "system", "parts": [written(text)] }),
        Message::Tool { call, content, .. } => {
            json!({ "role": "tool", "parts": [{ "type": "tool_call_response", "id": call, "response": content }] })
        }
        Message::User { text } => json!({ "role": "user", "parts": [written(text)] }),
    }
}

fn assistant(reply: &Reply) -> Value {
    let wish = |CallRequest { id, name, arguments }: &CallRequest| json!({ "type": "tool_call", "id": id, "name": name, "arguments": arguments });
    let parts: Vec<Value> = reply.text.iter().map(|text| written(text)).chain(reply.calls.iter().map(wish)).collect();
    json!({ "role": "assistant", "parts": parts })
}

fn written(text: &str) -> Value {
    json!({ "type": "text", "content": text })
}
