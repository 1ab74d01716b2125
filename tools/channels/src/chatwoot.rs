//! Chatwoot's agent bot, both ways.

mod hook;

pub use hook::{ChatMessage, ChatwootHeaders, ChatwootHook, Contact, FromChatwoot};

use crate::carry::{Begin, Carrier, Rest, Tries, blocking, resend, send};
use crate::config::{ChannelFault, Env};
use crate::files;
use crate::folder::{delivered, remove};
use crate::http::{self, Answer, NoAnswer};
use crate::spool::{Failed, Letter, Spool, stem};
use async_trait::async_trait;
use attache_context::CustomerId;
use attache_journal::Digest;
use attache_tools::{Delivered, Outbox, Outgoing, PortError};
use jiff::Timestamp;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Method, Url};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// What in `content_attributes` says which of our messages it is.
const MARK: &str = "attache";

/// So many pages of a conversation are looked through for a message.
const PAGES: usize = 5;

/// An agent bot of Chatwoot.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ChatwootConfig {
    /// Where Chatwoot is.
    pub url: String,
    /// The variable of the environment that holds the bot's access token.
    #[serde(default = "token_env")]
    pub token_env: String,
    /// The variable of the environment that holds the secret of the bot's
    /// webhook. What comes in is refused if it is not set.
    #[serde(default = "secret_env")]
    pub secret_env: String,
    /// Whether whoever writes here was told that a machine may answer: the consent
    /// `ai_interaction` of each of them. Without it the agent answers nobody.
    #[serde(default)]
    pub ai_interaction: bool,
    /// The labels that a conversation gets when a person takes over.
    #[serde(default)]
    pub labels: Vec<String>,
    /// The team that it is assigned to then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team: Option<u64>,
    /// The person that it is assigned to then, if no team is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assignee: Option<u64>,
    /// How long one request may take.
    #[serde(default = "timeout_seconds")]
    #[schemars(range(min = 1, max = 120))]
    pub timeout_seconds: u16,
}

fn token_env() -> String {
    "ATTACHE_CHATWOOT_TOKEN".to_owned()
}

fn secret_env() -> String {
    "ATTACHE_CHATWOOT_SECRET".to_owned()
}

fn timeout_seconds() -> u16 {
    10
}

/// A conversation: the account, and its number there.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Conversation {
    /// The account.
    pub account: u64,
    /// Its number, as people see it.
    pub id: u64,
}

/// Messages to conversations. Each is there once: whoever comes with its key
/// again looks for it before it is posted again.
#[derive(Clone, Debug)]
pub struct Chatwoot {
    spool: Spool,
    api: Arc<Api>,
    labels: Vec<String>,
    assign: Option<Value>,
    /// Which conversation a customer writes in.
    book: PathBuf,
}

struct Api {
    client: Client,
    url: Url,
    token: HeaderValue,
}

impl std::fmt::Debug for Api {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Api").field("url", &self.url.as_str()).finish_non_exhaustive()
    }
}

impl Chatwoot {
    /// A bot that keeps what is to leave in `folder`.
    ///
    /// # Errors
    /// [`ChannelFault`] names the key that is wrong.
    pub fn new(config: &ChatwootConfig, folder: impl Into<PathBuf>, env: &Env<'_>) -> Result<Self, ChannelFault> {
        let token = env.need("chatwoot.token_env", &config.token_env)?;
        let mut token: HeaderValue =
            token.parse().map_err(|_| ChannelFault::new("chatwoot.token_env", "it cannot stand in a header"))?;
        token.set_sensitive(true);
        let url = http::checked("chatwoot.url", &config.url)?;
        let client = http::client("chatwoot", Duration::from_secs(config.timeout_seconds.into()))?;
        let folder = folder.into();
        let assign = match (config.team, config.assignee) {
            (Some(team), _) => Some(json!({ "team_id": team })),
            (None, Some(assignee)) => Some(json!({ "assignee_id": assignee })),
            (None, None) => None,
        };
        Ok(Self {
            book: folder.join("conversations"),
            spool: Spool::new(folder),
            api: Arc::new(Api { client, url, token }),
            labels: config.labels.clone(),
            assign,
        })
    }

    /// Messages that have not left, or perhaps have.
    #[must_use]
    pub fn spool(&self) -> &Spool {
        &self.spool
    }

    /// Posts a text, for the customer or, if `private`, for colleagues.
    ///
    /// # Errors
    /// [`Failed`].
    pub async fn post(
        &self,
        conversation: Conversation,
        text: &str,
        private: bool,
        at: Timestamp,
        key: &Digest,
    ) -> Result<String, Failed> {
        let id = stem(key);
        let payload = json!({
            "content": text,
            "message_type": "outgoing",
            "private": private,
            "content_type": "text",
            "content_attributes": { MARK: id },
        });
        let Conversation { account, id: number } = conversation;
        let what = if private { "note" } else { "message" };
        let letter = Letter::new(at, &format!("{account}/{number}"), what, payload.to_string());
        send(&self.spool, &self.api, id, letter, Tries::ONE, Rest::Waits).await
    }

    /// Hands a conversation to people: a private note with everything they need,
    /// labels, the assignment, and last of all it is opened. Done again with the
    /// same key, it does what was not done.
    ///
    /// # Errors
    /// [`Failed`].
    pub async fn hand_over(
        &self,
        conversation: Conversation,
        note: &str,
        at: Timestamp,
        key: &Digest,
    ) -> Result<(), Failed> {
        self.post(conversation, note, true, at, key).await?;
        self.label(conversation, &self.labels).await?;
        if let Some(assign) = &self.assign {
            self.api.ask(Method::POST, conversation, "assignments", Some(assign)).await?;
        }
        self.open(conversation).await
    }

    /// Adds labels to those that a conversation has: Chatwoot takes only the whole list.
    ///
    /// # Errors
    /// [`Failed`].
    pub async fn label(&self, conversation: Conversation, labels: &[String]) -> Result<(), Failed> {
        if labels.is_empty() {
            return Ok(());
        }
        let there = self.api.ask(Method::GET, conversation, "labels", None).await?;
        let there = there.get("payload").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
        let mut all: BTreeSet<&str> = there.collect();
        let before = all.len();
        all.extend(labels.iter().map(String::as_str));
        if all.len() > before {
            self.api.ask(Method::POST, conversation, "labels", Some(&json!({ "labels": all }))).await?;
        }
        Ok(())
    }

    /// Opens a conversation for people. From here on the bot is silent in it.
    ///
    /// # Errors
    /// [`Failed`].
    pub async fn open(&self, conversation: Conversation) -> Result<(), Failed> {
        let status = json!({ "status": "open" });
        self.api.ask(Method::POST, conversation, "toggle_status", Some(&status)).await.map(|_| ())
    }

    /// Sends a message again, because a person says so.
    ///
    /// # Errors
    /// [`Failed`].
    pub async fn resend(&self, id: &str) -> Result<String, Failed> {
        resend(&self.spool, &self.api, id, Tries::ONE).await
    }

    /// Answers to this customer go to this conversation. Of the customer, only a
    /// digest of their id is kept.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn remember(&self, customer: &CustomerId, conversation: Conversation) -> io::Result<()> {
        files::write(&self.book, &page(customer.as_str()), &serde_json::to_vec(&conversation)?)
    }

    /// Where this customer writes.
    pub(crate) async fn conversation_of(&self, customer: &CustomerId) -> Result<Option<Conversation>, Failed> {
        let (chatwoot, customer) = (self.clone(), customer.to_string());
        blocking(move || chatwoot.conversation(&customer)).await
    }

    fn conversation(&self, customer: &str) -> io::Result<Option<Conversation>> {
        match fs::read(self.book.join(page(customer))) {
            Ok(bytes) => Ok(Some(serde_json::from_slice(&bytes)?)),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(e),
        }
    }
}

fn page(customer: &str) -> String {
    format!("{}.json", Digest::of(&[b"conversation", customer.as_bytes()]))
}

#[async_trait]
impl Outbox for Chatwoot {
    async fn deliver(&self, message: &Outgoing, key: &Digest) -> Result<Delivered, PortError> {
        let (chatwoot, customer) = (self.clone(), message.to.clone());
        let conversation = blocking(move || chatwoot.conversation(&customer)).await?;
        let conversation = conversation.ok_or_else(|| Failed::never("the customer has no conversation in Chatwoot"))?;
        let receipt = self.post(conversation, &message.body, false, message.at, key).await?;
        Ok(delivered(message, receipt))
    }

    async fn forget(&self, key: &Digest) -> Result<bool, PortError> {
        let (spool, id) = (self.spool.clone(), stem(key).to_owned());
        let _turn = self.spool.lock(&id).await;
        Ok(blocking(move || remove(&spool, &id)).await?)
    }
}

impl Api {
    /// A request that does the same however often it comes.
    async fn ask(
        &self,
        method: Method,
        conversation: Conversation,
        what: &str,
        body: Option<&Value>,
    ) -> Result<Value, Failed> {
        let path = format!("{}/{}", conversation.account, conversation.id);
        let body = body.map(ToString::to_string).unwrap_or_default();
        let answer = self.request(method, &path, what, body).await?.map_err(NoAnswer::repeatable)?;
        match answer.status {
            status if status.is_success() => Ok(serde_json::from_slice(&answer.body).unwrap_or_default()),
            status if status.is_client_error() && status.as_u16() != 429 => {
                Err(Failed::never(format!("Chatwoot says {} to {what}", status.as_u16())))
            }
            status => Err(Failed::later(format!("Chatwoot says {} to {what}", status.as_u16()))),
        }
    }

    async fn request(
        &self,
        method: Method,
        conversation: &str,
        what: &str,
        body: String,
    ) -> Result<Result<Answer, NoAnswer>, Failed> {
        let (account, number) = conversation.split_once('/').ok_or_else(|| Failed::never("no conversation"))?;
        let (what, query) = what.split_once('?').map_or((what, None), |(what, query)| (what, Some(query)));
        let mut url = self.url.clone();
        url.path_segments_mut()
            .map_err(|()| Failed::never("the address of Chatwoot has no path"))?
            .pop_if_empty()
            .extend(["api", "v1", "accounts", account, "conversations", number, what]);
        url.set_query(query);
        let headers = HeaderMap::from_iter([
            (CONTENT_TYPE, HeaderValue::from_static("application/json")),
            (HeaderName::from_static("api_access_token"), self.token.clone()),
        ]);
        Ok(http::exchange(&self.client, method, url, headers, body.into_bytes()).await)
    }
}

#[async_trait]
impl Carrier for Api {
    async fn carry(&self, id: &str, letter: &Letter, begin: Begin<'_>) -> Result<String, Failed> {
        begin.now().await?;
        let sent = self.request(Method::POST, &letter.to, "messages", letter.payload.clone()).await?;
        let answer = sent.map_err(NoAnswer::once)?;
        match answer.status {
            status if status.is_success() => {
                let made: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
                Ok(made.get("id").and_then(Value::as_u64).map_or_else(|| id.to_owned(), |id| id.to_string()))
            }
            status if status.as_u16() == 429 => Err(Failed::later("Chatwoot says 429")),
            status if status.is_server_error() => Err(Failed::unknown(format!("Chatwoot says {}", status.as_u16()))),
            status => Err(Failed::never(format!("Chatwoot says {}", status.as_u16()))),
        }
    }

    async fn find(&self, id: &str, letter: &Letter) -> Result<Option<bool>, Failed> {
        let mut before = String::new();
        for _ in 0..PAGES {
            let asked = format!("messages{before}");
            let answer = self.request(Method::GET, &letter.to, &asked, String::new()).await?;
            let answer = answer.map_err(NoAnswer::repeatable)?;
            if !answer.status.is_success() {
                return Err(Failed::later(format!("Chatwoot says {} to a look", answer.status.as_u16())));
            }
            let page: Value = serde_json::from_slice(&answer.body).map_err(Failed::later)?;
            let messages = page.get("payload").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
            let marked = |message: &Value| message.pointer(&format!("/content_attributes/{MARK}")) == Some(&json!(id));
            if messages.iter().any(marked) {
                return Ok(Some(true));
            }
            let since = letter.at.as_second();
            let oldest = messages.iter().filter_map(|message| message.get("id")?.as_u64()).min();
            let earlier = messages.iter().filter_map(|message| message.get("created_at")?.as_i64()).min();
            match oldest {
                // Those before were written before ours was decided.
                Some(_) if earlier.is_some_and(|at| at < since) => return Ok(Some(false)),
                Some(oldest) => before = format!("?before={oldest}"),
                None => return Ok(Some(false)),
            }
        }
        Ok(None)
    }
}
