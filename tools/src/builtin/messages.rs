//! `reply`, `draft_email` and `send_email`.

use crate::builtin::parse_citation;
use crate::tool::{CallCx, Preview, Tool};
use crate::{Delivered, Draft, NoFault, Outbox, Outgoing, Unavailable, Write};
use attache_context::{Bundle, Channel};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::sync::Arc;

/// Answers the customer on the channel they wrote on.
pub struct Reply {
    outbox: Arc<dyn Outbox>,
}

impl Reply {
    /// Through this outbox.
    pub fn new(outbox: Arc<dyn Outbox>) -> Self {
        Self { outbox }
    }
}

/// An answer.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ReplyInput {
    /// The text, plain.
    #[schemars(length(min = 1, max = 10_000))]
    pub text: String,
    /// The ids of the passages it rests on, as `kb_search` gave them.
    pub cite: Vec<String>,
}

impl Tool for Reply {
    const NAME: &'static str = "reply";
    type Effect = Write;
    type Input = ReplyInput;
    type Output = Delivered;
    type Error = Unavailable;

    fn description(&self) -> Cow<'static, str> {
        "Answers the customer on the channel they wrote on. Every claim rests on a passage that `cite` names.".into()
    }

    fn repeat_safe(&self) -> bool {
        true
    }

    fn subject(&self, _: &ReplyInput) -> Option<String> {
        // One answer to one message, however it is worded.
        Some("trigger".into())
    }

    fn preview(&self, input: &ReplyInput) -> Option<Preview> {
        Some(Preview { body: input.text.clone(), citations: citations(&input.cite), ..Preview::default() })
    }

    async fn call(&self, input: ReplyInput, cx: CallCx<'_, Write>) -> Result<Delivered, Unavailable> {
        let message = Outgoing {
            channel: cx.bundle().trigger.channel(),
            name: cx.bundle().customer.name.clone(),
            to: address(cx.bundle()),
            subject: "Re: your message".into(),
            body: input.text,
            at: cx.now(),
        };
        send(&*self.outbox, &message, &cx).await
    }
}

/// Writes an e-mail to the customer for a person to approve.
#[derive(Clone, Copy, Debug, Default)]
pub struct DraftEmail;

/// An e-mail to the run's customer; the engine fills in the address.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct EmailInput {
    /// The subject line.
    #[schemars(length(min = 1, max = 200))]
    pub subject: String,
    /// The text, plain.
    #[schemars(length(min = 1, max = 10_000))]
    pub body: String,
    /// The ids of the passages it rests on, as `kb_search` gave them.
    pub cite: Vec<String>,
}

impl Tool for DraftEmail {
    const NAME: &'static str = "draft_email";
    type Effect = Draft;
    type Input = EmailInput;
    type Output = String;
    type Error = NoFault;

    fn description(&self) -> Cow<'static, str> {
        "Writes an e-mail to the customer and files it for a person's approval. It is not sent by this.".into()
    }

    fn subject(&self, _: &EmailInput) -> Option<String> {
        Some("email".into())
    }

    fn preview(&self, input: &EmailInput) -> Option<Preview> {
        Some(Preview {
            subject: input.subject.clone(),
            body: input.body.clone(),
            citations: citations(&input.cite),
            on_approval: Some(SendEmail::NAME),
        })
    }

    async fn call(&self, _: EmailInput, _: CallCx<'_, Draft>) -> Result<String, NoFault> {
        Ok("The draft is filed for review.".into())
    }
}

/// Sends an approved e-mail. No playbook offers it to a model: the engine calls
/// it when a person has said yes.
pub struct SendEmail {
    outbox: Arc<dyn Outbox>,
}

impl SendEmail {
    /// Through this outbox.
    pub fn new(outbox: Arc<dyn Outbox>) -> Self {
        Self { outbox }
    }
}

/// The literal e-mail that a person approved.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct SendInput {
    /// The subject line.
    pub subject: String,
    /// The text, plain.
    pub body: String,
}

impl Tool for SendEmail {
    const NAME: &'static str = "send_email";
    type Effect = Write;
    type Input = SendInput;
    type Output = Delivered;
    type Error = Unavailable;

    fn description(&self) -> Cow<'static, str> {
        "Sends an approved e-mail to the customer.".into()
    }

    fn repeat_safe(&self) -> bool {
        true
    }

    fn subject(&self, _: &SendInput) -> Option<String> {
        Some("email".into())
    }

    fn preview(&self, input: &SendInput) -> Option<Preview> {
        Some(Preview { subject: input.subject.clone(), body: input.body.clone(), ..Preview::default() })
    }

    async fn call(&self, input: SendInput, cx: CallCx<'_, Write>) -> Result<Delivered, Unavailable> {
        let message = Outgoing {
            channel: Channel::Email,
            name: cx.bundle().customer.name.clone(),
            to: address(cx.bundle()),
            subject: input.subject,
            body: input.body,
            at: cx.now(),
        };
        send(&*self.outbox, &message, &cx).await
    }
}

async fn send(outbox: &dyn Outbox, message: &Outgoing, cx: &CallCx<'_, Write>) -> Result<Delivered, Unavailable> {
    outbox.deliver(message, cx.idempotency_key()).await.map_err(|e| Unavailable {
        what: "the outbox",
        retry: e.retry,
        source: e.into(),
    })
}

/// Where the run's customer is reached: the first address, or their id on a
/// channel that has none.
fn address(bundle: &Bundle) -> String {
    bundle.customer.emails.first().cloned().unwrap_or_else(|| bundle.customer.id.to_string())
}

fn citations(ids: &[String]) -> Vec<attache_journal::Citation> {
    ids.iter().filter_map(|id| parse_citation(id)).collect()
}
