//! The tools whose effect is a text: `reply`, `ask_customer`, `notify_customer`, and
//! three pairs of drafting and sending.

use crate::builtin::parse_citation;
use crate::tool::{Audience, CallCx, Preview, Tool};
use crate::{Answered, Delivered, Draft, NoFault, Outbox, Outgoing, PortError, Unavailable, Write};
use attache_context::{Bundle, Channel};
use attache_journal::{Citation, Retry, STAFF};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::marker::PhantomData;
use std::sync::Arc;

/// The subject of an answer, where the channel has one.
const REPLY_SUBJECT: &str = "Re: your message";
/// The subject of a notice, where the channel has one.
const NOTICE_SUBJECT: &str = "We have your message";

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

impl ReplyInput {
    /// What the customer would read.
    fn preview(&self) -> Preview {
        Preview {
            subject: REPLY_SUBJECT.to_owned(),
            body: self.text.clone(),
            subject_field: None,
            body_field: "text",
            discloses: true,
            citations: cited(&self.cite),
            audience: Audience::Customer,
            channel: None,
            on_approval: None,
        }
    }
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
        Some(input.preview())
    }

    async fn call(&self, input: ReplyInput, cx: CallCx<'_, Write>) -> Result<Delivered, Unavailable> {
        answer(&*self.outbox, REPLY_SUBJECT, input.text, &cx).await
    }
}

/// Asks the customer which of a few things they mean, on the channel they wrote
/// on. That ends the run; what they answer starts the next.
pub struct AskCustomer {
    outbox: Arc<dyn Outbox>,
}

impl AskCustomer {
    /// Through this outbox.
    pub fn new(outbox: Arc<dyn Outbox>) -> Self {
        Self { outbox }
    }
}

impl Tool for AskCustomer {
    const NAME: &'static str = "ask_customer";
    type Effect = Write;
    type Input = ReplyInput;
    type Output = Delivered;
    type Error = Unavailable;

    fn description(&self) -> Cow<'static, str> {
        "Asks the customer which of two or three things they mean, where their question fits articles that differ in \
         that. `cite` names a passage of each. Can be done once; the next message is answered or goes to a person."
            .into()
    }

    fn repeat_safe(&self) -> bool {
        true
    }

    fn subject(&self, _: &ReplyInput) -> Option<String> {
        Some("trigger".into())
    }

    fn preview(&self, input: &ReplyInput) -> Option<Preview> {
        Some(input.preview())
    }

    async fn call(&self, input: ReplyInput, cx: CallCx<'_, Write>) -> Result<Delivered, Unavailable> {
        answer(&*self.outbox, REPLY_SUBJECT, input.text, &cx).await
    }
}

/// Tells a customer who wrote to us that a person takes over. The text is a
/// template of ours; no playbook offers this to a model.
pub struct NotifyCustomer {
    outbox: Arc<dyn Outbox>,
}

impl NotifyCustomer {
    /// Through this outbox.
    pub fn new(outbox: Arc<dyn Outbox>) -> Self {
        Self { outbox }
    }
}

/// A notice.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct NoticeInput {
    /// The text, plain.
    #[schemars(length(min = 1, max = 2_000))]
    pub text: String,
}

impl Tool for NotifyCustomer {
    const NAME: &'static str = "notify_customer";
    type Effect = Write;
    type Input = NoticeInput;
    type Output = Delivered;
    type Error = Unavailable;

    fn description(&self) -> Cow<'static, str> {
        "Tells the customer that a person takes over.".into()
    }

    fn repeat_safe(&self) -> bool {
        true
    }

    fn subject(&self, _: &NoticeInput) -> Option<String> {
        Some("handover".into())
    }

    fn preview(&self, input: &NoticeInput) -> Option<Preview> {
        Some(Preview {
            subject: NOTICE_SUBJECT.to_owned(),
            body: input.text.clone(),
            subject_field: None,
            body_field: "text",
            discloses: true,
            citations: Vec::new(),
            audience: Audience::Customer,
            channel: None,
            on_approval: None,
        })
    }

    async fn call(&self, input: NoticeInput, cx: CallCx<'_, Write>) -> Result<Delivered, Unavailable> {
        answer(&*self.outbox, NOTICE_SUBJECT, input.text, &cx).await
    }
}

/// A kind of text that a person approves before it leaves.
pub trait Text: Send + Sync + 'static {
    /// The tool that writes it.
    const DRAFT: &'static str;
    /// What that tool does, for the model.
    const PURPOSE: &'static str;
    /// The tool that sends it after approval.
    const SEND: &'static str;
    /// The way it goes.
    const CHANNEL: Channel;
    /// Who reads it.
    const AUDIENCE: Audience;
    /// Whether a first text says that an AI wrote it.
    const DISCLOSES: bool;
}

macro_rules! texts {
    ($($(#[$doc:meta])* $name:ident: $draft:literal -> $send:literal, $channel:ident, $audience:ident, $discloses:literal, $purpose:literal;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub enum $name {}
        impl Text for $name {
            const DRAFT: &'static str = $draft;
            const PURPOSE: &'static str = $purpose;
            const SEND: &'static str = $send;
            const CHANNEL: Channel = Channel::$channel;
            const AUDIENCE: Audience = Audience::$audience;
            const DISCLOSES: bool = $discloses;
        }
    )+};
}

texts! {
    /// An e-mail to the customer.
    Email: "draft_email" -> "send_email", Email, Customer, true,
        "Writes an e-mail to the customer and files it for a person's approval. It is not sent by this.";
    /// A headline and a line of text for the page the customer is on.
    Headline: "draft_headline" -> "publish_headline", Web, Customer, false,
        "Writes a headline (subject) and one or two sentences (body) for the page the customer is on, for a person's approval.";
    /// A summary for the colleague who looks after the customer.
    Summary: "draft_summary" -> "file_summary", Api, Staff, false,
        "Writes a summary for the colleague who takes over the customer, for their approval. The customer does not see it.";
}

/// Writes a text for a person to approve.
#[derive(Debug)]
pub struct DraftText<T>(PhantomData<T>);

impl<T> Default for DraftText<T> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

/// A text for approval; the engine fills in whom it reaches.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct DraftInput {
    /// The subject line or headline.
    #[schemars(length(min = 1, max = 200))]
    pub subject: String,
    /// The text, plain.
    #[schemars(length(min = 1, max = 10_000))]
    pub body: String,
    /// The ids of the passages it rests on, as `kb_search` gave them.
    pub cite: Vec<String>,
}

impl<T: Text> Tool for DraftText<T> {
    const NAME: &'static str = T::DRAFT;
    type Effect = Draft;
    type Input = DraftInput;
    type Output = String;
    type Error = NoFault;

    fn description(&self) -> Cow<'static, str> {
        T::PURPOSE.into()
    }

    fn subject(&self, _: &DraftInput) -> Option<String> {
        Some(T::DRAFT.into())
    }

    fn preview(&self, input: &DraftInput) -> Option<Preview> {
        Some(Preview {
            subject: input.subject.clone(),
            body: input.body.clone(),
            subject_field: Some("subject"),
            body_field: "body",
            discloses: T::DISCLOSES,
            citations: cited(&input.cite),
            audience: T::AUDIENCE,
            channel: Some(T::CHANNEL),
            on_approval: Some(T::SEND),
        })
    }

    async fn call(&self, _: DraftInput, _: CallCx<'_, Draft>) -> Result<String, NoFault> {
        Ok("The draft is filed for review.".into())
    }
}

/// Sends an approved text. No playbook offers it to a model: the engine calls
/// it when a person has said yes.
pub struct SendText<T> {
    outbox: Arc<dyn Outbox>,
    text: PhantomData<T>,
}

impl<T> SendText<T> {
    /// Through this outbox.
    pub fn new(outbox: Arc<dyn Outbox>) -> Self {
        Self { outbox, text: PhantomData }
    }
}

/// The literal text that a person approved.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct SendInput {
    /// The subject line or headline.
    pub subject: String,
    /// The text, plain.
    pub body: String,
}

impl<T: Text> Tool for SendText<T> {
    const NAME: &'static str = T::SEND;
    type Effect = Write;
    type Input = SendInput;
    type Output = Delivered;
    type Error = Unavailable;

    fn description(&self) -> Cow<'static, str> {
        format!("Sends what `{}` wrote, once a person has approved it.", T::DRAFT).into()
    }

    fn repeat_safe(&self) -> bool {
        true
    }

    fn subject(&self, _: &SendInput) -> Option<String> {
        Some(T::SEND.into())
    }

    fn preview(&self, input: &SendInput) -> Option<Preview> {
        Some(Preview {
            subject: input.subject.clone(),
            body: input.body.clone(),
            subject_field: Some("subject"),
            body_field: "body",
            discloses: T::DISCLOSES,
            citations: Vec::new(),
            audience: T::AUDIENCE,
            channel: Some(T::CHANNEL),
            on_approval: None,
        })
    }

    async fn call(&self, input: SendInput, cx: CallCx<'_, Write>) -> Result<Delivered, Unavailable> {
        let message = outgoing(T::CHANNEL, T::AUDIENCE, input.subject, input.body, &cx);
        deliver(&*self.outbox, message, &cx).await
    }
}

/// What a text cites. An id of no form that we give stays one that nobody found.
fn cited(ids: &[String]) -> Vec<Citation> {
    let nothing = |id: &String| Citation { doc: id.clone(), start: 0, end: 0 };
    ids.iter().map(|id| parse_citation(id).unwrap_or_else(|| nothing(id))).collect()
}

/// Tells whoever wrote to us, on the channel they wrote on.
async fn answer(
    outbox: &dyn Outbox,
    subject: &str,
    body: String,
    cx: &CallCx<'_, Write>,
) -> Result<Delivered, Unavailable> {
    let channel = cx.bundle().trigger.channel();
    let message = outgoing(channel, Audience::Customer, subject.to_owned(), body, cx);
    let shown = !message.outreach && matches!(channel, Channel::Api | Channel::Chat | Channel::Web);
    deliver(outbox, Outgoing { shown, ..message }, cx).await
}

fn outgoing(channel: Channel, audience: Audience, subject: String, body: String, cx: &CallCx<'_, Write>) -> Outgoing {
    let bundle = cx.bundle();
    Outgoing {
        channel,
        name: bundle.customer.name.clone(),
        to: destination(bundle, channel, audience),
        subject,
        body,
        at: cx.now(),
        answers: Answered::of(bundle),
        outreach: bundle.trigger.message().is_none(),
        shown: false,
        run: cx.run().clone(),
    }
}

async fn deliver(outbox: &dyn Outbox, message: Outgoing, cx: &CallCx<'_, Write>) -> Result<Delivered, Unavailable> {
    let failed = |e: PortError| Unavailable { what: "the outbox", retry: e.retry, source: e.into() };
    if let Some(suppressed) = outbox.suppressed(&message, cx.idempotency_key()).await.map_err(failed)? {
        return Err(Unavailable { what: "the address", retry: Retry::Never, source: suppressed.into() });
    }
    outbox.deliver(&message, cx.idempotency_key()).await.map_err(failed)
}

/// Where exactly a text goes: the customer's first address for e-mail, their
/// first number for text messages, their id where a channel has no addresses;
/// `staff` for colleagues.
#[must_use]
pub fn destination(bundle: &Bundle, channel: Channel, audience: Audience) -> String {
    if audience == Audience::Staff {
        return STAFF.to_owned();
    }
    let customer = &bundle.customer;
    let address = match channel {
        Channel::Email => customer.emails.first(),
        Channel::Sms => customer.phones.first(),
        Channel::Api | Channel::Chat | Channel::Web => None,
    };
    address.cloned().unwrap_or_else(|| customer.id.to_string())
}
