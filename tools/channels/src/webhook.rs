//! Webhooks that leave: CloudEvents under a signature of Standard Webhooks.

use crate::carry::{Begin, Carrier, Rest, Tries, resend, send};
use crate::config::{ChannelFault, Env};
use crate::http;
use crate::signature::WebhookKeys;
use crate::spool::{Failed, Letter, Spool, stem};
use async_trait::async_trait;
use attache_journal::Digest;
use futures::future::join_all;
use jiff::Timestamp;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Method, StatusCode, Url};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

const KEY: &str = "webhooks";

/// Who is told by webhook, and of what.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct WebhookConfig {
    /// Who is told.
    pub endpoints: Vec<EndpointConfig>,
    /// Where events say that they come from.
    pub source: String,
    /// How often an event is tried before it is given up: `outbox list` shows it
    /// then, `outbox resend` tries it again.
    #[schemars(range(min = 1, max = 100))]
    pub attempts: u32,
    /// The wait after the first try, in milliseconds; it doubles with every try,
    /// and a random part is added.
    pub backoff_ms: u64,
    /// The longest such wait, in milliseconds.
    pub backoff_cap_ms: u64,
    /// How long one try may take.
    #[schemars(range(min = 1, max = 600))]
    pub timeout_seconds: u16,
}

impl Default for WebhookConfig {
    fn default() -> Self {
        Self {
            endpoints: Vec::new(),
            source: "/attache".to_owned(),
            attempts: 5,
            backoff_ms: 500,
            backoff_cap_ms: 60_000,
            timeout_seconds: 15,
        }
    }
}

/// Somebody who is told.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
pub struct EndpointConfig {
    /// Where: an https address, or http on this machine. Redirects are not followed.
    pub url: String,
    /// The variable of the environment that holds the key: `whsec_` and base64;
    /// several with spaces between, the newest first.
    #[serde(default = "secret_env")]
    pub secret_env: String,
    /// The types of events, such as `draft.created`; all if empty.
    #[serde(default)]
    pub events: Vec<String>,
}

fn secret_env() -> String {
    "ATTACHE_WEBHOOK_SECRET".to_owned()
}

/// Something that happened, as CloudEvents 1.0 has it.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct CloudEvent {
    /// The version of this shape: `1.0`.
    pub specversion: String,
    /// The same for the same event, however often it comes.
    pub id: String,
    /// Where it comes from.
    pub source: String,
    /// What kind of thing happened, such as `draft.created`.
    #[serde(rename = "type")]
    pub kind: String,
    /// What it happened to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// When.
    #[schemars(with = "String")]
    pub time: Timestamp,
    /// What `data` is: `application/json`.
    pub datacontenttype: String,
    /// The rest.
    pub data: serde_json::Value,
}

impl CloudEvent {
    /// An event of ours.
    #[must_use]
    pub fn new(id: &str, source: &str, kind: &str, time: Timestamp, data: serde_json::Value) -> Self {
        Self {
            specversion: "1.0".to_owned(),
            id: id.to_owned(),
            source: source.to_owned(),
            kind: kind.to_owned(),
            subject: None,
            time,
            datacontenttype: "application/json".to_owned(),
            data,
        }
    }
}

/// Tells endpoints what happened. An event that is not taken is tried again
/// under the same id, which is how a receiver knows that it had it; then it is
/// a dead letter, which people can list and send again.
#[derive(Clone, Debug)]
pub struct WebhookSender {
    spool: Spool,
    post: Arc<Post>,
    tries: Tries,
}

#[derive(Debug)]
struct Post {
    client: Client,
    endpoints: Vec<Endpoint>,
}

#[derive(Debug)]
struct Endpoint {
    url: Url,
    keys: WebhookKeys,
    events: Vec<String>,
}

impl WebhookSender {
    /// A sender that keeps what is to leave in `folder`.
    ///
    /// # Errors
    /// [`ChannelFault`] names the key that is wrong.
    pub fn new(config: &WebhookConfig, folder: impl Into<PathBuf>, env: &Env<'_>) -> Result<Self, ChannelFault> {
        let endpoints = config.endpoints.iter().map(|endpoint| {
            let secret = env.need("webhooks.endpoints.secret_env", &endpoint.secret_env)?;
            Ok(Endpoint {
                url: http::checked("webhooks.endpoints.url", &endpoint.url)?,
                keys: WebhookKeys::parse(&secret).map_err(|e| ChannelFault::new("webhooks.endpoints.secret_env", e))?,
                events: endpoint.events.clone(),
            })
        });
        let endpoints = endpoints.collect::<Result<_, _>>()?;
        let client = http::client(KEY, Duration::from_secs(config.timeout_seconds.into()))?;
        let tries = Tries {
            most: config.attempts,
            first_pause: Duration::from_millis(config.backoff_ms),
            longest_pause: Duration::from_millis(config.backoff_cap_ms),
        };
        Ok(Self { spool: Spool::new(folder), post: Arc::new(Post { client, endpoints }), tries })
    }

    /// Events that are on their way, and dead letters.
    #[must_use]
    pub fn spool(&self) -> &Spool {
        &self.spool
    }

    /// Tells every endpoint that wants to know, at once; gives those that were
    /// not told.
    pub async fn send(&self, event: &CloudEvent) -> Vec<Failed> {
        let payload = match serde_json::to_string(event) {
            Ok(payload) => payload,
            Err(e) => return vec![Failed::never(e)],
        };
        let wanting = self.post.endpoints.iter().filter(|endpoint| endpoint.wants(&event.kind));
        let told = wanting.map(|endpoint| {
            let (url, payload) = (endpoint.url.as_str(), payload.clone());
            let key = Digest::of(&[b"webhook", url.as_bytes(), event.id.as_bytes()]);
            let letter = Letter::new(event.time, url, &event.kind, payload);
            async move { send(&self.spool, &self.post, stem(&key), letter, self.tries, Rest::Dead).await }
        });
        join_all(told).await.into_iter().filter_map(Result::err).collect()
    }

    /// Sends a dead letter, or one that waits, once more.
    ///
    /// # Errors
    /// [`Failed`].
    pub async fn resend(&self, id: &str) -> Result<String, Failed> {
        resend(&self.spool, &self.post, id, Tries::ONE).await
    }
}

impl Endpoint {
    fn wants(&self, kind: &str) -> bool {
        self.events.is_empty() || self.events.iter().any(|event| event == kind)
    }
}

#[async_trait]
impl Carrier for Post {
    async fn carry(&self, _: &str, letter: &Letter, _: Begin<'_>) -> Result<String, Failed> {
        let endpoint = self.endpoints.iter().find(|endpoint| endpoint.url.as_str() == letter.to);
        let endpoint = endpoint.ok_or_else(|| Failed::never("the settings have no such endpoint any more"))?;
        let event: CloudEvent = serde_json::from_str(&letter.payload).map_err(Failed::never)?;
        let (now, body) = (Timestamp::now(), letter.payload.as_bytes());
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/cloudevents+json"));
        for (name, value) in [
            ("webhook-id", event.id.clone()),
            ("webhook-timestamp", now.as_second().to_string()),
            ("webhook-signature", endpoint.keys.sign(&event.id, now, body)),
        ] {
            headers.insert(HeaderName::from_static(name), value.parse().map_err(Failed::never)?);
        }
        let sent = http::exchange(&self.client, Method::POST, endpoint.url.clone(), headers, body.to_vec()).await;
        match sent.map_err(http::NoAnswer::repeatable)?.status {
            status if status.is_success() => Ok(event.id),
            StatusCode::GONE => Err(Failed::never("the endpoint says 410: it wants no more")),
            status => Err(Failed::later(format!("the endpoint says {}", status.as_u16()))),
        }
    }
}
