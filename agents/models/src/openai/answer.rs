//! What comes back: a completion, or the pieces of one.

use super::Failure;
use serde::de::value::MapAccessDeserializer;
use serde::de::{IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use std::fmt;
use std::time::Duration;

/// A completion, put together.
///
/// It is read from one JSON text: an object is a whole completion, an array the
/// chunks of a stream, at whose end `null` tells that the stream was cut.
#[derive(Debug, Default)]
pub(super) struct Answer {
    pub(super) chosen: bool,
    pub(super) text: Option<String>,
    pub(super) calls: Vec<Call>,
    /// There were more calls than are kept.
    pub(super) overflow: bool,
    pub(super) finish: Option<String>,
    pub(super) input_tokens: u64,
    pub(super) output_tokens: u64,
    pub(super) cut: bool,
    pub(super) error: Option<ProviderError>,
}

/// A tool call, put together.
#[derive(Debug, Default)]
pub(super) struct Call {
    index: Option<u64>,
    pub(super) id: String,
    pub(super) name: String,
    pub(super) arguments: String,
}

/// The most calls of one reply.
pub(super) const MAX_CALLS: usize = 64;

impl<'de> Deserialize<'de> for Answer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Whole;
        impl<'de> Visitor<'de> for Whole {
            type Value = Answer;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a completion")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Answer, A::Error> {
                let mut answer = Answer::default();
                answer.add(Completion::deserialize(MapAccessDeserializer::new(map))?, false);
                Ok(answer)
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut chunks: A) -> Result<Answer, A::Error> {
                let mut answer = Answer::default();
                while let Some(chunk) = chunks.next_element::<Option<Completion>>()? {
                    match chunk {
                        Some(chunk) => answer.add(chunk, true),
                        None => answer.cut = true,
                    }
                }
                Ok(answer)
            }
        }
        deserializer.deserialize_any(Whole)
    }
}

impl Answer {
    fn add(&mut self, part: Completion, streamed: bool) {
        if let Some(usage) = part.usage {
            self.input_tokens = usage.prompt_tokens.0;
            self.output_tokens = usage.completion_tokens.0;
        }
        self.error = part.error.or(self.error.take());
        // Only the first choice is asked for.
        for choice in part.choices.unwrap_or_default() {
            if choice.index.unwrap_or_default() != 0 {
                continue;
            }
            self.chosen = true;
            self.finish = choice.finish_reason.or(self.finish.take());
            let said = if streamed { choice.delta.or(choice.message) } else { choice.message };
            if let Some(said) = said {
                self.say(said, streamed);
            }
        }
    }

    fn say(&mut self, said: Said, streamed: bool) {
        // A refusal is what the model says in place of a text.
        for text in [said.content.0, said.refusal].into_iter().flatten() {
            match &mut self.text {
                Some(so_far) => so_far.push_str(&text),
                None => self.text = Some(text),
            }
        }
        for piece in said.tool_calls.unwrap_or_default() {
            self.call(piece, streamed);
        }
    }

    fn call(&mut self, piece: CallPiece, streamed: bool) {
        let id = piece.id.unwrap_or_default();
        let function = piece.function.unwrap_or_default();
        // Pieces of one call share its index. Servers that give no index, or
        // the same to all, tell calls apart by their ids.
        let same = |call: &Call| match piece.index {
            Some(_) => call.index == piece.index && (id.is_empty() || call.id.is_empty() || call.id == id),
            None => !id.is_empty() && call.id == id,
        };
        let known = match piece.index {
            _ if !streamed => None,
            None if id.is_empty() && function.name.is_none() => self.calls.len().checked_sub(1),
            _ => self.calls.iter().rposition(same),
        };
        let place = match known {
            Some(place) => place,
            None if self.calls.len() > MAX_CALLS => {
                self.overflow = true;
                return;
            }
            None => {
                self.calls.push(Call { index: piece.index, ..Call::default() });
                self.calls.len() - 1
            }
        };
        let Some(call) = self.calls.get_mut(place) else {
            return;
        };
        if call.id.is_empty() {
            call.id = id;
        }
        // Some servers repeat the whole name in every piece.
        if let Some(name) = function.name.filter(|name| *name != call.name) {
            call.name.push_str(&name);
        }
        call.arguments.push_str(&function.arguments.0.unwrap_or_default());
    }
}

#[derive(Deserialize)]
struct Completion {
    #[serde(default)]
    choices: Option<Vec<Choice>>,
    #[serde(default)]
    usage: Option<Tokens>,
    #[serde(default)]
    error: Option<ProviderError>,
}

#[derive(Default, Deserialize)]
struct Tokens {
    #[serde(default)]
    prompt_tokens: Count,
    #[serde(default)]
    completion_tokens: Count,
}

#[derive(Deserialize)]
struct Choice {
    #[serde(default)]
    index: Option<u64>,
    #[serde(default)]
    message: Option<Said>,
    #[serde(default)]
    delta: Option<Said>,
    #[serde(default)]
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
struct Said {
    #[serde(default)]
    content: Text,
    #[serde(default)]
    refusal: Option<String>,
    #[serde(default)]
    tool_calls: Option<Vec<CallPiece>>,
}

#[derive(Deserialize)]
struct CallPiece {
    #[serde(default)]
    index: Option<u64>,
    #[serde(default)]
    id: Option<String>,
    #[serde(default)]
    function: Option<Function>,
}

#[derive(Default, Deserialize)]
struct Function {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    arguments: Text,
}

/// A number of tokens; some servers write `null` or a fraction.
#[derive(Default)]
struct Count(u64);

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number: Option<serde_json::Number> = Option::deserialize(deserializer)?;
        let whole = |number: serde_json::Number| number.as_u64().or_else(|| number.as_f64().map(|n| n as u64));
        Ok(Self(number.and_then(whole).unwrap_or_default()))
    }
}

/// A text: a string, the text parts of a list, or an object as its JSON, since
/// some servers do not write arguments as text.
#[derive(Debug, Default)]
pub(super) struct Text(pub(super) Option<String>);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Text;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }

            fn visit_str<E>(self, text: &str) -> Result<Text, E> {
                Ok(Text(Some(text.to_owned())))
            }

            fn visit_string<E>(self, text: String) -> Result<Text, E> {
                Ok(Text(Some(text)))
            }

            fn visit_unit<E>(self) -> Result<Text, E> {
                Ok(Text(None))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Text, A::Error> {
                let value = serde_json::Value::deserialize(MapAccessDeserializer::new(map))?;
                Ok(Text(Some(value.to_string())))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut parts: A) -> Result<Text, A::Error> {
                let mut all = String::new();
                while let Some(part) = parts.next_element::<Part>()? {
                    all.push_str(&part.text.unwrap_or_default());
                }
                Ok(Text(Some(all)))
            }
        }
        deserializer.deserialize_any(Any)
    }
}

#[derive(Deserialize)]
struct Part {
    #[serde(default)]
    text: Option<String>,
}

/// What a provider says went wrong, in the shapes that are in use.
#[derive(Debug, Default)]
pub(super) struct ProviderError {
    pub(super) message: String,
    /// Its word or number for it.
    pub(super) code: String,
    kind: String,
}

impl ProviderError {
    /// Reads the body of a refused request.
    pub(super) fn read(body: &[u8]) -> Self {
        #[derive(Deserialize)]
        struct Wrapped {
            error: ProviderError,
        }
        let wrapped = serde_json::from_slice(body).map(|Wrapped { error }| error);
        wrapped.or_else(|_| serde_json::from_slice(body)).unwrap_or_default()
    }

    /// Paid out: no wait helps.
    pub(super) fn no_quota(&self) -> bool {
        [&self.code, &self.kind].iter().any(|word| word.as_str() == "insufficient_quota")
    }

    /// What an error means that comes instead of an answer, with status 200.
    pub(super) fn into_failure(self) -> Failure {
        let status: Option<u16> = self.code.parse().ok();
        let message = format!("the provider answers with an error: {}", self.message);
        match status {
            Some(400..=407 | 410..=424) => Failure::Refused { message },
            _ if self.no_quota() => Failure::Refused { message },
            _ => Failure::Transient { message, after: None::<Duration> },
        }
    }
}

impl<'de> Deserialize<'de> for ProviderError {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = ProviderError;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an error")
            }

            fn visit_str<E>(self, message: &str) -> Result<ProviderError, E> {
                Ok(ProviderError { message: message.to_owned(), ..ProviderError::default() })
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<ProviderError, A::Error> {
                let mut error = ProviderError::default();
                while let Some(key) = map.next_key::<String>()? {
                    let place = match key.as_str() {
                        "message" | "detail" => &mut error.message,
                        "code" | "status" => &mut error.code,
                        "type" => &mut error.kind,
                        _ => {
                            map.next_value::<IgnoredAny>()?;
                            continue;
                        }
                    };
                    match map.next_value::<serde_json::Value>()? {
                        serde_json::Value::String(text) => *place = text,
                        serde_json::Value::Number(number) => *place = number.to_string(),
                        _ => {}
                    }
                }
                Ok(error)
            }
        }
        deserializer.deserialize_any(Any)
    }
}

#[cfg(test)]
mod tests;
