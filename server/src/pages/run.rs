//! A run as a timeline that a person can read.

use super::{Signed, page, shown};
use crate::api::{At, read};
use crate::desk::Desk;
use crate::problem::Problem;
use crate::who::Who;
use attache_journal::{Entry, Event, Message, StaffAct};
use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use serde_json::Value;
use std::sync::Arc;
use tera::Context;

/// One entry, told.
#[derive(Serialize)]
struct Step {
    seq: u64,
    at: String,
    actor: String,
    what: &'static str,
    text: String,
    /// What was sent or came back, word for word.
    literal: Vec<String>,
    hash: String,
}

pub(crate) async fn show(State(desk): State<Arc<Desk>>, Signed(who): Signed, At(run): At<String>) -> Response {
    shown(&desk, timeline(&desk, &who, &run).await)
}

async fn timeline(desk: &Desk, who: &Who, run: &str) -> Result<Response, Problem> {
    // Reading checks every hash and the chain: what is shown is what was written.
    let entries = read(desk, who, run).await?;
    let steps: Vec<Step> = entries.iter().map(step).collect();
    let mut context = Context::new();
    context.insert("run", run);
    context.insert("steps", &steps);
    page(desk, who, "run.html", context)
}

fn step(entry: &Entry) -> Step {
    let mut literal = Vec::new();
    let (what, text) = match &entry.event {
        None => ("erased", "the customer's data was made unreadable; this entry still verifies".to_owned()),
        Some(Event::RunStarted(e)) => {
            literal.extend(e.bundle.trigger.message().map(str::to_owned));
            ("started", format!("{} for {}, playbook {}", e.bundle.trigger.kind(), e.bundle.customer.id, e.playbook))
        }
        Some(Event::Assessed(e)) => {
            let facts = e.facts.iter().map(|fact| format!("{}: {}", fact.key, fact.permission));
            literal.push(facts.collect::<Vec<_>>().join("\n"));
            ("assessed", format!("sounds {}, {:+.2}", e.sentiment.label, e.sentiment.score))
        }
        Some(Event::ModelCalled(e)) => {
            literal.extend(e.request.iter().map(|message| said(message)));
            literal.extend(e.reply.as_ref().map(|reply| format!("reply: {}", reply.text.clone().unwrap_or_default())));
            let wants = e.reply.iter().flat_map(|reply| &reply.calls).map(|call| call.name.as_str());
            let wants = wants.collect::<Vec<_>>().join(", ");
            ("model", format!("{} · {} tokens · wants {wants}", e.model, e.usage.input_tokens + e.usage.output_tokens))
        }
        Some(Event::PolicyDecided(e)) => {
            literal.extend(e.reasons.iter().cloned());
            ("policy", format!("{} → {} by {}", e.action, e.verdict, e.policies.join(", ")))
        }
        Some(Event::ToolCalled(e)) => {
            literal.push(e.input.as_str().to_owned());
            ("call", e.tool.clone())
        }
        Some(Event::ToolReturned(e)) => {
            literal.extend(e.output.as_ref().map(|output| output.as_str().to_owned()));
            literal.extend(e.fault.as_ref().map(|fault| format!("{}: {}", fault.code, fault.feedback)));
            ("result", e.tool.clone())
        }
        Some(Event::DraftCreated(e)) => {
            literal.push(format!("{}\n\n{}", e.subject, e.body));
            ("draft", format!("{} to {} by {}", e.draft, e.to, e.channel))
        }
        Some(Event::ReviewRequested(e)) => ("review", format!("asked of {} until {}", e.queue, e.due)),
        Some(Event::ReviewDecided(e)) => {
            literal.extend(e.reason.clone());
            literal.extend(e.body.clone());
            ("review", format!("{} by {}", e.decision, e.by))
        }
        Some(Event::MessageSent(e)) => ("sent", format!("to {} by {}", e.to, e.channel)),
        Some(Event::Escalated(e)) => {
            literal.push(e.package.as_str().to_owned());
            ("handoff", format!("to {}: {}", e.queue, e.reason_code))
        }
        Some(Event::RunEnded(e)) => {
            literal.extend(e.reply.clone());
            ("ended", e.outcome.to_string())
        }
        Some(Event::Erased(e)) => ("erased", format!("{} runs of subject {}", e.runs, e.subject)),
        Some(Event::StaffActed(e)) => {
            literal.extend(serde_json::to_string(&e.act).ok());
            ("staff", acted(&e.act))
        }
    };
    let (at, actor) = (entry.at.to_string(), entry.actor.to_string());
    literal.retain(|text| !text.is_empty());
    Step { seq: entry.seq, at, actor, what, text, literal, hash: entry.hash.chars().take(12).collect() }
}

/// What a colleague did, as `account added · name: kim · roles: reviewer`.
fn acted(act: &StaffAct) -> String {
    let Ok(Value::Object(fields)) = serde_json::to_value(act) else { return String::new() };
    let plain = |value: &Value| match value {
        Value::String(text) => text.clone(),
        Value::Array(all) => all.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    };
    let told = fields.iter().map(|(name, value)| match name.as_str() {
        "kind" => plain(value).replace('_', " "),
        _ => format!("{name}: {}", plain(value)),
    });
    told.collect::<Vec<_>>().join(" · ")
}

/// A message as it was sent: with placeholders, without hidden facts.
fn said(message: &Message) -> String {
    match message {
        Message::Assistant(reply) => format!("assistant: {}", reply.text.clone().unwrap_or_default()),
        Message::System { text } => format!("system: {text}"),
        Message::Tool { name, content, .. } => format!("tool {name}: {content}"),
        Message::User { text } => format!("user: {text}"),
    }
}

#[cfg(test)]
mod tests;
