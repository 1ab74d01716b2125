//! Alerts for people, in a channel of Slack.

use crate::carry::{Begin, Carrier, Rest, Tries, resend, send};
use crate::config::{ChannelFault, Env};
use crate::http;
use crate::spool::{Failed, Letter, Spool, stem};
use async_trait::async_trait;
use attache_journal::Digest;
use jiff::Timestamp;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Client, Method, StatusCode, Url};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// How people are alerted in Slack when a conversation is theirs.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct SlackConfig {
    /// The variable of the environment that holds the address of the incoming
    /// webhook, which is a secret.
    pub webhook_env: String,
    /// Where the desk is: an alert links to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub desk: Option<String>,
    /// How often an alert that did not reach Slack is tried. One that may have
    /// reached it is not tried again: it would stand there twice.
    #[schemars(range(min = 1, max = 20))]
    pub attempts: u32,
    /// How long one try may take.
    #[schemars(range(min = 1, max = 120))]
    pub timeout_seconds: u16,
}

impl Default for SlackConfig {
    fn default() -> Self {
        Self { webhook_env: "ATTACHE_SLACK_WEBHOOK".to_owned(), desk: None, attempts: 3, timeout_seconds: 10 }
    }
}

/// A conversation that a person should take over, with no more of the customer
/// than their name.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Escalation {
    /// The key of the deed that it tells of: it is told once, and forgotten with it.
    pub key: Digest,
    /// When.
    pub at: Timestamp,
    /// Who should take it.
    pub queue: String,
    /// Why, as a code.
    pub reason_code: String,
    /// Who else is told at once.
    pub alerts: Vec<String>,
    /// The customer's name, or their id.
    pub customer: String,
    /// The run, for the link to the desk.
    pub run: String,
}

/// Alerts through an incoming webhook.
#[derive(Clone, Debug)]
pub struct SlackAlerts {
    spool: Spool,
    post: Arc<Post>,
    desk: Option<Url>,
    tries: Tries,
}

#[derive(Debug)]
struct Post {
    client: Client,
    url: Url,
}

impl SlackAlerts {
    /// Alerts that are kept in `folder` until Slack has them.
    ///
    /// # Errors
    /// [`ChannelFault`] names the key that is wrong.
    pub fn new(config: &SlackConfig, folder: impl Into<PathBuf>, env: &Env<'_>) -> Result<Self, ChannelFault> {
        let url = env.need("slack.webhook_env", &config.webhook_env)?;
        let url = http::checked("slack.webhook_env", &url)?;
        let desk = config.desk.as_deref().map(|desk| http::checked("slack.desk", desk)).transpose()?;
        let client = http::client("slack", Duration::from_secs(config.timeout_seconds.into()))?;
        let tries = Tries {
            most: config.attempts,
            first_pause: Duration::from_millis(500),
            longest_pause: Duration::from_secs(5),
        };
        Ok(Self { spool: Spool::new(folder), post: Arc::new(Post { client, url }), desk, tries })
    }

    /// Alerts that did not reach Slack, or perhaps did.
    #[must_use]
    pub fn spool(&self) -> &Spool {
        &self.spool
    }

    /// Tells of an escalation, once.
    ///
    /// # Errors
    /// [`Failed`]; after [`How::Unknown`](crate::How::Unknown) it may stand there.
    pub async fn alert(&self, escalation: &Escalation) -> Result<(), Failed> {
        let payload = self.message(escalation).to_string();
        let letter = Letter::new(escalation.at, "slack", &escalation.reason_code, payload);
        send(&self.spool, &self.post, stem(&escalation.key), letter, self.tries, Rest::Dead).await.map(|_| ())
    }

    /// Sends an alert again, because a person says so.
    ///
    /// # Errors
    /// [`Failed`].
    pub async fn resend(&self, id: &str) -> Result<String, Failed> {
        resend(&self.spool, &self.post, id, Tries::ONE).await
    }

    fn message(&self, escalation: &Escalation) -> Value {
        let Escalation { queue, reason_code, alerts, customer, run, .. } = escalation;
        let whom = if alerts.is_empty() { String::new() } else { format!("{}: ", alerts.join(", ")) };
        let line = format!("{whom}{customer} needs a person: {reason_code} (queue {queue})");
        let field = |name: &str, value: &str| json!({ "type": "plain_text", "emoji": false, "text": format!("{name}: {value}") });
        let mut blocks = vec![
            json!({ "type": "header", "text": { "type": "plain_text", "emoji": false, "text": "A conversation needs a person" } }),
            json!({ "type": "section", "fields": [
                field("Customer", customer), field("Queue", queue), field("Reason", reason_code), field("Run", run),
            ] }),
        ];
        if let Some(mut url) = self.desk.clone() {
            if let Ok(mut path) = url.path_segments_mut() {
                path.pop_if_empty().extend(["runs", run]);
            }
            blocks.push(json!({ "type": "actions", "elements": [
                { "type": "button", "text": { "type": "plain_text", "text": "Open in the desk" }, "url": url.as_str() },
            ] }));
        }
        json!({ "text": escaped(&line), "blocks": blocks })
    }
}

/// Text that mentions nobody and links nowhere.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[async_trait]
impl Carrier for Post {
    async fn carry(&self, id: &str, letter: &Letter, begin: Begin<'_>) -> Result<String, Failed> {
        begin.now().await?;
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("application/json"))]);
        let body = letter.payload.clone().into_bytes();
        let sent = http::exchange(&self.client, Method::POST, self.url.clone(), headers, body).await;
        match sent.map_err(http::NoAnswer::once)?.status {
            status if status.is_success() => Ok(id.to_owned()),
            StatusCode::TOO_MANY_REQUESTS => Err(Failed::later("Slack says 429")),
            status if status.is_client_error() || status.is_redirection() => {
                Err(Failed::never(format!("Slack says {}", status.as_u16())))
            }
            // It may have been posted before the fault.
            status => Err(Failed::unknown(format!("Slack says {}", status.as_u16()))),
        }
    }
}
