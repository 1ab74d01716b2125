//! Planning by one JSON object: `{"action": {"tool": …, "arguments": …}}`.
//!
//! It asks of a server nothing but `response_format: json_schema`. Tools are
//! described in the system message, results come as user messages, and what the
//! model said before stands there as the JSON that it was.

use super::Profile;
use super::request::{json_or_empty, schema_for};
use attache_journal::{CallRequest, Message};
use attache_planner::ToolSet;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::json;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt::Write;
use std::sync::Arc;

/// The parameter `response_format`.
pub(super) fn action_format(profile: Profile, tools: &ToolSet) -> Result<Box<RawValue>, serde_json::Error> {
    let actions = tools.specs.iter().map(|spec| {
        json!({
            "type": "object",
            "properties": {
                "tool": { "type": "string", "const": spec.name },
                "arguments": schema_for(profile, &spec.input_schema),
            },
            "required": ["tool", "arguments"],
            "additionalProperties": false,
        })
    });
    let actions: Vec<_> = actions.collect();
    // Wrapped, since the root of a strict schema must be a plain object.
    serde_json::value::to_raw_value(&json!({
        "type": "json_schema",
        "json_schema": {
            "name": "action",
            "strict": true,
            "schema": {
                "type": "object",
                "properties": { "action": { "anyOf": actions } },
                "required": ["action"],
                "additionalProperties": false,
            },
        },
    }))
}

/// What the model is told of the tools.
pub(super) fn manual(tools: &ToolSet) -> String {
    let mut text = "Answer with one JSON object and nothing else: {\"action\": {\"tool\": NAME, \"arguments\": {…}}}. \
                    It is carried out and you are told the result. The tools, with the JSON Schema of their arguments:"
        .to_owned();
    for spec in &tools.specs {
        // Writing to a string cannot fail.
        let _ = write!(text, "\n- {}: {} {}", spec.name, spec.description, spec.input_schema);
    }
    text
}

/// A conversation for servers that know no tools. Neighbours of the same role
/// are one message, since many templates insist that roles take turns.
pub(super) struct Dialogue<'a>(Vec<(&'static str, Cow<'a, str>)>);

impl<'a> Dialogue<'a> {
    pub(super) fn new(transcript: &'a [Arc<Message>], manual: &'a str) -> Self {
        let mut dialogue = Self(Vec::with_capacity(transcript.len() + 1));
        let mut told = false;
        for message in transcript {
            match message.as_ref() {
                Message::System { text } => {
                    dialogue.push("system", text.into());
                    if !told {
                        dialogue.push("system", manual.into());
                        told = true;
                    }
                }
                Message::User { text } => dialogue.push("user", text.into()),
                Message::Tool { name, content, .. } => dialogue.push("user", result(name, content).into()),
                Message::Assistant(reply) => {
                    if let Some(text) = &reply.text {
                        dialogue.push("assistant", text.into());
                    }
                    for call in &reply.calls {
                        dialogue.push("assistant", action(call).into());
                    }
                }
            }
        }
        if !told {
            dialogue.0.insert(0, ("system", manual.into()));
        }
        dialogue
    }

    fn push(&mut self, role: &'static str, text: Cow<'a, str>) {
        match self.0.last_mut() {
            Some((last, so_far)) if *last == role => {
                let so_far = so_far.to_mut();
                so_far.push_str("\n\n");
                so_far.push_str(&text);
            }
            _ => self.0.push((role, text)),
        }
    }
}

impl Serialize for Dialogue<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Said<'a> {
            role: &'static str,
            content: &'a str,
        }
        serializer.collect_seq(self.0.iter().map(|(role, content)| Said { role, content }))
    }
}

/// A result as data; content that is no JSON stands in it as a string.
fn result(name: &str, content: &str) -> String {
    let content: Cow<'_, str> = match serde_json::from_str::<serde::de::IgnoredAny>(content) {
        Ok(_) => content.into(),
        Err(_) => json!(content).to_string().into(),
    };
    format!("{{\"result_of\":{},\"result\":{content}}}", json!(name))
}

fn action(call: &CallRequest) -> String {
    format!("{{\"action\":{{\"tool\":{},\"arguments\":{}}}}}", json!(call.name), json_or_empty(&call.arguments))
}

/// Reads the action that a model wrote, in a fence or not, wrapped or not.
pub(super) fn parse(text: &str, id: String) -> Option<CallRequest> {
    #[derive(Deserialize)]
    struct Action<'a> {
        tool: String,
        #[serde(borrow)]
        arguments: &'a RawValue,
    }
    #[derive(Deserialize)]
    struct Wrapped<'a> {
        #[serde(borrow)]
        action: Action<'a>,
    }
    let text = text.trim();
    let inner = text.strip_prefix("```").and_then(|rest| rest.strip_suffix("```"));
    let text = inner.map_or(text, |rest| rest.strip_prefix("json").unwrap_or(rest));
    let action: Result<Action<'_>, _> =
        serde_json::from_str(text).map(|Wrapped { action }| action).or_else(|_| serde_json::from_str(text));
    let Action { tool, arguments } = action.ok()?;
    Some(CallRequest { id, name: tool, arguments: arguments.get().to_owned() })
}

#[cfg(test)]
mod tests;
