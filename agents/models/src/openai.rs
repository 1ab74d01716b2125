//! Any server that speaks the chat completions of OpenAI.

mod action;
mod adapter;
mod answer;
mod body;
mod config;
mod read;
mod request;

pub use config::{ConfigFault, ModelSpec, OpenAiConfig, Planning, Profile, Secret, ToolChoice};

use adapter::Wire;
use async_trait::async_trait;
use attache_journal::{Fault, Message, Retry, Usage};
use attache_planner::{ChatModel, INVALID_REPLY, ModelError, ModelReply, ModelRequest};
use futures::future::BoxFuture;
use request::{Cache, Page, Rest};
use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// Models of one provider, the first that answers.
///
/// A model that cannot be reached, is overloaded or too slow is tried again
/// after growing waits, then the next one of the list; all within the deadline
/// of the request. What a provider refuses is not tried again.
pub struct OpenAi {
    config: OpenAiConfig,
    /// The models' names as the journal records them, in the order of the list.
    names: Vec<String>,
    wire: Wire,
    cache: Cache,
    sleep: Sleep,
}

/// A server does not say which models it has.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{0}")]
pub struct NotOffered(String);

/// How waits are waited; tests count them instead.
type Sleep = Arc<dyn Fn(Duration) -> BoxFuture<'static, ()> + Send + Sync>;

impl std::fmt::Debug for OpenAi {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OpenAi").field("config", &self.config).finish_non_exhaustive()
    }
}

impl OpenAi {
    /// A client for this provider. It connects with the first request and keeps
    /// its connections; a process needs one.
    ///
    /// # Errors
    /// [`ConfigFault`] for what cannot work: no model, a base URL that is none,
    /// a key that cannot be sent.
    pub fn new(config: OpenAiConfig) -> Result<Self, ConfigFault> {
        config.check()?;
        Ok(Self {
            names: config.models.iter().map(|model| format!("openai:{}", model.name)).collect(),
            wire: Wire::new(&config)?,
            cache: Cache::default(),
            sleep: Arc::new(|time| Box::pin(tokio::time::sleep(time))),
            config,
        })
    }

    /// The names of the models that are asked, in their order.
    pub fn wanted(&self) -> impl Iterator<Item = &str> {
        self.config.models.iter().map(|model| model.name.as_str())
    }

    /// The names of the models that the server lists: whether it can be reached
    /// and takes our key.
    ///
    /// # Errors
    /// Why it does not say; without the key.
    pub async fn offered(&self) -> Result<Vec<String>, NotOffered> {
        self.wire.models().await.map_err(|failure| {
            let key = self.config.api_key.as_ref().map_or("", Secret::expose);
            NotOffered(without_content(&failure.to_string(), key, &[]))
        })
    }

    /// The wait after the given number of failed tries.
    fn backoff(&self, tries: u32) -> Duration {
        let doubled = self.config.backoff_ms.saturating_mul(1 << tries.saturating_sub(1).min(20));
        Duration::from_millis(doubled.min(self.config.backoff_cap_ms))
    }
}

#[async_trait]
impl ChatModel for OpenAi {
    fn name(&self) -> &str {
        self.names.first().map_or("openai", String::as_str)
    }

    async fn complete(&self, request: &ModelRequest<'_>) -> Result<ModelReply, ModelError> {
        let mut ask = Ask { started: Instant::now(), usage: Usage::default(), name: self.name() };
        let derived = match self.cache.get(&self.config, request.tools) {
            Ok(derived) => derived,
            Err(e) => return Err(ask.failed(self, request, unwritten(&e))),
        };
        let page = request.memo.take::<Page>().unwrap_or_default();
        let mut page = match page.write(&derived, request.transcript) {
            Ok(page) => page,
            Err(e) => return Err(ask.failed(self, request, unwritten(&e))),
        };
        let mut rest = Rest::new(&self.config, request, &derived);
        let deadline = Duration::from_millis(request.deadline_ms);
        let mut last = Failure::Transient { message: "the deadline had passed".to_owned(), after: None };
        for (model, name) in self.config.models.iter().zip(&self.names) {
            ask.name = name;
            for tries in 1..=self.config.attempts.max(1) {
                let left = deadline.saturating_sub(ask.started.elapsed());
                if left.is_zero() {
                    return Err(ask.failed(self, request, last));
                }
                ask.usage.attempts += 1;
                let limit = left.min(Duration::from_millis(self.config.request_timeout_ms));
                let body = match page.body(rest.to(&model.name)) {
                    Ok(body) => body,
                    Err(e) => return Err(ask.failed(self, request, unwritten(&e))),
                };
                let answer = tokio::time::timeout(limit, self.wire.ask(body.clone())).await;
                page.turn(body);
                let answer = answer.unwrap_or_else(|_| Err(Failure::timeout())).and_then(read::whole);
                let failure = match answer {
                    Ok(answer) => {
                        ask.usage.input_tokens = answer.input_tokens;
                        ask.usage.output_tokens = answer.output_tokens;
                        ask.usage.micro_usd = model.micro_usd(answer.input_tokens, answer.output_tokens);
                        match read::reply(answer, self.config.planning(), request.transcript) {
                            Ok(reply) => {
                                request.memo.keep(page);
                                let usage = ask.usage();
                                return Ok(ModelReply { model: name.clone(), reply, usage });
                            }
                            Err(failure) => failure,
                        }
                    }
                    Err(failure) => failure,
                };
                let Failure::Transient { after, .. } = &failure else {
                    return Err(ask.failed(self, request, failure));
                };
                let wait = after.unwrap_or_else(|| self.backoff(tries));
                tracing::debug!(model = %name, tries, wait_ms = wait.as_millis(), "the model gives no answer");
                last = failure;
                // A wait beyond the deadline is not begun; another model may be free.
                if tries >= self.config.attempts || wait >= deadline.saturating_sub(ask.started.elapsed()) {
                    break;
                }
                (self.sleep)(wait).await;
            }
        }
        Err(ask.failed(self, request, last))
    }
}

/// One request on its way.
struct Ask<'a> {
    started: Instant,
    usage: Usage,
    name: &'a str,
}

impl Ask<'_> {
    fn usage(&self) -> Usage {
        let millis = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        Usage { millis, ..self.usage }
    }

    fn failed(&self, of: &OpenAi, request: &ModelRequest<'_>, failure: Failure) -> ModelError {
        let (code, retry, feedback, message) = match failure {
            Failure::Invalid { message, feedback } => (INVALID_REPLY, Retry::Never, feedback.into_owned(), message),
            Failure::Refused { message } => ("refused", Retry::Never, String::new(), message),
            Failure::Transient { message, .. } => ("unavailable", Retry::Safe, String::new(), message),
        };
        let key = of.config.api_key.as_ref().map_or("", Secret::expose);
        ModelError {
            model: self.name.to_owned(),
            fault: Fault { code: code.to_owned(), retry, feedback },
            message: without_content(&message, key, request.transcript),
            usage: self.usage(),
        }
    }
}

/// Why there is no answer. Messages may quote what the provider said.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("{message}")]
    Invalid { message: String, feedback: Cow<'static, str> },
    #[error("{message}")]
    Refused { message: String },
    #[error("{message}")]
    Transient { message: String, after: Option<Duration> },
}

impl Failure {
    fn invalid(message: impl Into<String>, feedback: impl Into<Cow<'static, str>>) -> Self {
        Self::Invalid { message: message.into(), feedback: feedback.into() }
    }

    fn not_json() -> Self {
        Self::invalid("the answer is not the JSON of a completion", "Your last answer could not be read. Answer again.")
    }

    fn too_long(limit: usize) -> Self {
        let message = format!("the answer is longer than {limit} bytes");
        Self::invalid(message, "Your last answer was far too long. Answer briefly.")
    }

    fn timeout() -> Self {
        Self::Transient { message: "no answer in time".to_owned(), after: None }
    }
}

/// What is sent is strings and JSON values; this is for the type.
fn unwritten(error: &serde_json::Error) -> Failure {
    Failure::Refused { message: error.to_string() }
}

/// How many characters of a provider's message are kept.
const MAX_MESSAGE: usize = 300;

/// How many characters in a row make a quotation.
const QUOTE: usize = 24;

/// `message` cut short, and without a key or a passage of the conversation that
/// a provider may quote in it.
fn without_content(message: &str, key: &str, transcript: &[Arc<Message>]) -> String {
    let mut message: String = message.chars().take(MAX_MESSAGE).collect();
    if !key.is_empty() {
        message = message.replace(key, "[key]");
    }
    let starts: Vec<usize> = message.char_indices().map(|(at, _)| at).chain([message.len()]).collect();
    let quoted = |text: &str| {
        let windows = starts.iter().zip(starts.iter().skip(QUOTE));
        windows.filter_map(|(start, end)| message.get(*start..*end)).any(|window| text.contains(window))
    };
    let texts = transcript.iter().flat_map(|message| match message.as_ref() {
        Message::System { text } | Message::User { text } => vec![text],
        Message::Tool { content, .. } => vec![content],
        Message::Assistant(reply) => reply.text.iter().chain(reply.calls.iter().map(|c| &c.arguments)).collect(),
    });
    for text in texts {
        if quoted(text) {
            let head = message.split(':').next().unwrap_or_default();
            return format!("{head}: [a message that quotes the conversation]");
        }
    }
    message
}

#[cfg(test)]
mod tests;
