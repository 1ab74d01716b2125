//! What is configured of a provider.

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

/// A key that shows itself to nobody.
#[derive(Clone)]
pub struct Secret(SecretString);

impl Secret {
    /// Takes `key`.
    pub fn new(key: impl Into<String>) -> Self {
        Self(key.into().into())
    }

    pub(super) fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::new)
    }
}

/// A provider and the models that it is asked for.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OpenAiConfig {
    /// Where `/chat/completions` is found under.
    pub base_url: String,
    /// The key, if the provider wants one.
    pub api_key: Option<Secret>,
    /// The models, in the order in which they are tried.
    pub models: Vec<ModelSpec>,
    /// What kind of server it is.
    pub profile: Profile,
    /// How it plans; the profile's way if absent.
    pub planning: Option<Planning>,
    /// Whether it must call a tool; the profile's way if absent.
    pub tool_choice: Option<ToolChoice>,
    /// Whether the answer is streamed. It makes no difference to the reply; some
    /// proxies cut connections on which nothing moves.
    pub stream: bool,
    /// How long one try may take, in milliseconds.
    pub request_timeout_ms: u64,
    /// How long connecting may take, in milliseconds.
    pub connect_timeout_ms: u64,
    /// How often each model is tried.
    pub attempts: u32,
    /// The wait after the first failed try, in milliseconds; it doubles with
    /// every try.
    pub backoff_ms: u64,
    /// The longest such wait, in milliseconds. A wait that the provider asks for
    /// is kept whatever its length, or not begun.
    pub backoff_cap_ms: u64,
    /// How much the model may vary; the provider's default if absent.
    pub temperature: Option<f32>,
    /// A seed for providers that take one.
    pub seed: Option<i64>,
    /// How many bytes of an answer are read.
    pub max_body_bytes: usize,
}

impl Default for OpenAiConfig {
    fn default() -> Self {
        Self {
            base_url: "https://api.openai.com/v1".to_owned(),
            api_key: None,
            models: Vec::new(),
            profile: Profile::OpenAi,
            planning: None,
            tool_choice: None,
            stream: false,
            request_timeout_ms: 60_000,
            connect_timeout_ms: 5_000,
            attempts: 3,
            backoff_ms: 500,
            backoff_cap_ms: 8_000,
            temperature: None,
            seed: None,
            max_body_bytes: 4 << 20,
        }
    }
}

impl OpenAiConfig {
    /// The configuration is wrong; see [`ConfigFault`].
    pub(super) fn check(&self) -> Result<(), ConfigFault> {
        if self.models.is_empty() {
            return Err(ConfigFault::NoModel);
        }
        for model in &self.models {
            let prices = [model.input_price, model.output_price];
            if prices.iter().any(|price| !price.is_finite() || *price < 0.0) {
                return Err(ConfigFault::Price(model.name.clone()));
            }
        }
        Ok(())
    }

    pub(super) fn planning(&self) -> Planning {
        self.planning.unwrap_or(match self.profile {
            Profile::Compatible | Profile::OpenAi => Planning::Tools,
            Profile::LlamaCpp => Planning::Action,
        })
    }

    pub(super) fn tool_choice(&self) -> ToolChoice {
        self.tool_choice.unwrap_or(match self.profile {
            Profile::Compatible | Profile::LlamaCpp => ToolChoice::Auto,
            Profile::OpenAi => ToolChoice::Required,
        })
    }
}

/// A model and what it costs.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct ModelSpec {
    /// Its name at the provider.
    pub name: String,
    /// US dollars for a million tokens read.
    #[serde(default)]
    pub input_price: f64,
    /// US dollars for a million tokens written.
    #[serde(default)]
    pub output_price: f64,
}

impl ModelSpec {
    /// A model by name, without prices.
    pub fn named(name: impl Into<String>) -> Self {
        Self { name: name.into(), input_price: 0.0, output_price: 0.0 }
    }

    /// The cost in millionths of a dollar, rounded up. A dollar a million tokens
    /// is one such millionth a token.
    pub(super) fn micro_usd(&self, input_tokens: u64, output_tokens: u64) -> u64 {
        // An estimate: the prices are checked, and `as` saturates.
        (input_tokens as f64 * self.input_price + output_tokens as f64 * self.output_price).ceil() as u64
    }
}

/// What kind of server it is.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Profile {
    /// Any server that speaks the protocol: native tools without strict mode,
    /// `max_tokens`.
    Compatible,
    /// The server of llama.cpp: one action object, which its grammar enforces.
    LlamaCpp,
    /// OpenAI: native tools in strict mode, one of which must be called.
    #[default]
    #[serde(rename = "openai")]
    OpenAi,
}

/// How a model says what it wants done.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum Planning {
    /// One JSON object that names a tool and its arguments. Needs
    /// `response_format: json_schema` and nothing else.
    Action,
    /// The protocol's own tool calls.
    Tools,
}

/// Whether a model must call a tool.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "snake_case")]
pub enum ToolChoice {
    /// It may answer with text.
    Auto,
    /// It must; text is no answer.
    Required,
}

/// A configuration that cannot work.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigFault {
    /// The base URL is none.
    #[error("`base_url` is not an http or https URL: {0}")]
    BaseUrl(String),
    /// The HTTP client cannot be made, for lack of certificates for example.
    #[error("no HTTP client: {0}")]
    Client(String),
    /// The key has characters that cannot stand in a header.
    #[error("`api_key` cannot be sent: it has characters that a header may not have")]
    Key,
    /// There is no model to ask for.
    #[error("`models` is empty: expected the name of at least one model")]
    NoModel,
    /// A price is not a price.
    #[error("the prices of `{0}` must be 0 or more")]
    Price(String),
}

#[cfg(test)]
mod tests;
