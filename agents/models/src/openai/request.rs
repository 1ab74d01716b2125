//! What is sent, written straight from the conversation.

use super::action::{Dialogue, action_format, manual};
use super::{OpenAiConfig, Planning, Profile, ToolChoice, adapter};
use attache_journal::{CallRequest, Digest, Message};
use attache_planner::{ModelRequest, PlainText, ToolSet};
use bytes::Bytes;
use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};
use serde_json::Value;
use serde_json::value::RawValue;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// The body of a request without its messages.
#[derive(Serialize)]
pub(super) struct Rest<'a> {
    model: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    tools: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_choice: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parallel_tool_calls: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_format: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_completion_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seed: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream_options: Option<StreamOptions>,
}

#[derive(Serialize)]
struct StreamOptions {
    include_usage: bool,
}

impl<'a> Rest<'a> {
    pub(super) fn new(config: &OpenAiConfig, request: &ModelRequest<'_>, derived: &'a Derived) -> Self {
        let native = matches!(derived, Derived::Tools(_));
        let (tools, response_format) = match derived {
            _ if request.tools.specs.is_empty() => (None, None),
            Derived::Tools(tools) => (Some(&**tools), None),
            Derived::Action { format, .. } => (None, Some(&**format)),
        };
        let must = match (config.tool_choice(), request.playbook.plain_text) {
            // Text is how such a run ends.
            (_, PlainText::Close) | (ToolChoice::Auto, PlainText::Fault) => "auto",
            (ToolChoice::Required, PlainText::Fault) => "required",
        };
        let most = Some(request.max_output_tokens);
        let openai = config.profile == Profile::OpenAi;
        Self {
            model: "",
            tools,
            tool_choice: tools.map(|_| must),
            parallel_tool_calls: (native && tools.is_some()).then_some(false),
            response_format,
            max_completion_tokens: most.filter(|_| openai),
            max_tokens: most.filter(|_| !openai),
            temperature: config.temperature,
            seed: config.seed,
            stream: config.stream.then_some(true),
            stream_options: config.stream.then_some(StreamOptions { include_usage: true }),
        }
    }

    /// The same for another model.
    pub(super) fn to(&mut self, model: &'a str) -> &Self {
        self.model = model;
        self
    }
}

/// What a set of tools looks like on the wire.
pub(super) enum Derived {
    /// The parameter `tools`.
    Tools(Box<RawValue>),
    /// The parameter `response_format`, and what the model is told of the tools.
    Action { format: Box<RawValue>, manual: String },
}

/// What is derived from sets of tools, by their digests.
#[derive(Default)]
pub(super) struct Cache(Mutex<HashMap<Digest, Arc<Derived>>>);

/// A process has about as many sets as playbooks.
const MAX_SETS: usize = 64;

impl Cache {
    pub(super) fn get(&self, config: &OpenAiConfig, tools: &ToolSet) -> Result<Arc<Derived>, serde_json::Error> {
        let mut sets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(derived) = sets.get(&tools.digest) {
            return Ok(derived.clone());
        }
        let derived = Arc::new(match config.planning() {
            Planning::Tools => Derived::Tools(adapter::tools(config.profile, tools)?),
            Planning::Action => {
                Derived::Action { format: action_format(config.profile, tools)?, manual: manual(tools) }
            }
        });
        if sets.len() >= MAX_SETS {
            sets.clear();
        }
        sets.insert(tools.digest.clone(), derived.clone());
        Ok(derived)
    }
}

/// A schema without the words that this kind of server refuses. What they say is
/// checked again when a call comes in.
pub(super) fn schema_for(profile: Profile, schema: &Value) -> Value {
    let Value::Object(schema) = schema else {
        return schema.clone();
    };
    let kept = schema.iter().filter(|(word, value)| match profile {
        Profile::OpenAi => {
            !matches!(word.as_str(), "minLength" | "maxLength" | "default" | "$schema" | "title" | "examples")
        }
        // A grammar writes every repetition out, and refuses many.
        Profile::LlamaCpp => word.as_str() != "maxLength" || value.as_u64().is_some_and(|most| most <= 500),
        Profile::Compatible => true,
    });
    let below = |value: &Value| schema_for(profile, value);
    let below_all = |value: &Value| match value {
        Value::Object(named) => named.iter().map(|(name, schema)| (name.clone(), below(schema))).collect(),
        Value::Array(list) => list.iter().map(below).collect(),
        other => other.clone(),
    };
    let rewritten = kept.map(|(word, value)| {
        let value = match word.as_str() {
            "properties" | "$defs" | "anyOf" | "allOf" | "oneOf" | "prefixItems" => below_all(value),
            "items" | "additionalProperties" | "not" => below(value),
            _ => value.clone(),
        };
        (word.clone(), value)
    });
    Value::Object(rewritten.collect())
}

/// A request as it is written: the messages first, so that the next one is
/// the same bytes and some more.
#[derive(Default)]
pub(super) struct Page {
    bytes: Vec<u8>,
    /// Where the messages end.
    end: usize,
    /// The messages that stand there.
    written: Vec<Arc<Message>>,
}

impl Page {
    /// Writes what of the conversation is not there yet.
    pub(super) fn write(mut self, derived: &Derived, transcript: &[Arc<Message>]) -> Result<Self, serde_json::Error> {
        let same = |(written, message): (&Arc<Message>, &Arc<Message>)| Arc::ptr_eq(written, message);
        let goes_on = self.written.len() <= transcript.len() && self.written.iter().zip(transcript).all(same);
        if self.written.is_empty() || !goes_on {
            self = Self::default();
            self.bytes.extend_from_slice(b"{\"messages\":[");
            self.end = self.bytes.len();
        }
        self.bytes.truncate(self.end);
        match derived {
            Derived::Tools(tools) => {
                let new = transcript.get(self.written.len()..).unwrap_or_default();
                let texts: usize = new.iter().map(|message| length(message)).sum();
                self.bytes.reserve_exact(texts + texts / 16 + tools.get().len() + 256);
                for message in new {
                    if !self.written.is_empty() {
                        self.bytes.push(b',');
                    }
                    serde_json::to_writer(&mut self.bytes, &Native(message))?;
                    self.written.push(message.clone());
                }
            }
            // Neighbours become one message there, so nothing is kept of it.
            Derived::Action { manual, .. } => {
                let mut list = serde_json::to_vec(&Dialogue::new(transcript, manual))?;
                list.pop();
                self.bytes.extend_from_slice(list.get(1..).unwrap_or_default());
            }
        }
        self.end = self.bytes.len();
        Ok(self)
    }

    /// The whole request. The page is given back with [`turn`](Self::turn).
    pub(super) fn body(&mut self, rest: &Rest<'_>) -> Result<Bytes, serde_json::Error> {
        self.bytes.truncate(self.end);
        self.bytes.push(b']');
        let comma = self.bytes.len();
        serde_json::to_writer(&mut self.bytes, rest)?;
        if let Some(brace) = self.bytes.get_mut(comma) {
            *brace = b',';
        }
        Ok(std::mem::take(&mut self.bytes).into())
    }

    /// Takes the bytes back from a request that is over; copies them only if
    /// somebody still sends them.
    pub(super) fn turn(&mut self, body: Bytes) {
        self.bytes = body.into();
    }
}

/// About how many bytes a message takes.
fn length(message: &Message) -> usize {
    64 + match message {
        Message::System { text } | Message::User { text } => text.len(),
        Message::Tool { content, .. } => content.len(),
        Message::Assistant(reply) => {
            let calls: usize = reply.calls.iter().map(|call| call.arguments.len() + 96).sum();
            reply.text.as_ref().map_or(0, String::len) + calls
        }
    }
}

/// A message of the protocol.
struct Native<'a>(&'a Message);

impl Serialize for Native<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        match self.0 {
            Message::System { text } => {
                map.serialize_entry("role", "system")?;
                map.serialize_entry("content", text)?;
            }
            Message::User { text } => {
                map.serialize_entry("role", "user")?;
                map.serialize_entry("content", text)?;
            }
            Message::Tool { call, content, .. } => {
                map.serialize_entry("role", "tool")?;
                map.serialize_entry("tool_call_id", call)?;
                map.serialize_entry("content", content)?;
            }
            Message::Assistant(reply) => {
                map.serialize_entry("role", "assistant")?;
                if reply.calls.is_empty() {
                    map.serialize_entry("content", reply.text.as_deref().unwrap_or_default())?;
                } else {
                    map.serialize_entry("content", &reply.text)?;
                    map.serialize_entry("tool_calls", &NativeCalls(&reply.calls))?;
                }
            }
        }
        map.end()
    }
}

struct NativeCalls<'a>(&'a [CallRequest]);

impl Serialize for NativeCalls<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Call<'a> {
            id: &'a str,
            r#type: &'static str,
            function: Function<'a>,
        }
        #[derive(Serialize)]
        struct Function<'a> {
            name: &'a str,
            arguments: &'a str,
        }
        let mut list = serializer.serialize_seq(Some(self.0.len()))?;
        for call in self.0 {
            let function = Function { name: &call.name, arguments: json_or_empty(&call.arguments) };
            list.serialize_element(&Call { id: &call.id, r#type: "function", function })?;
        }
        list.end()
    }
}

/// Arguments as they may be sent: servers that parse them refuse the whole
/// conversation for one call that a model got wrong.
pub(super) fn json_or_empty(arguments: &str) -> &str {
    let parsed: Result<serde::de::IgnoredAny, _> = serde_json::from_str(arguments);
    if parsed.is_ok() { arguments } else { "{}" }
}

#[cfg(test)]
mod tests;
