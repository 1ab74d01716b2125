//! What the built-in tools need from outside, as traits.

use async_trait::async_trait;
use attache_context::{Bundle, Channel, CustomerId};
use attache_journal::{Citation, Digest, Retry, RunId};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// Where customers, companies, deals and tickets are kept.
#[async_trait]
pub trait Crm: Send + Sync + 'static {
    /// Everything about one customer; `None` if they are not known.
    async fn record(&self, customer: &CustomerId) -> Result<Option<CrmRecord>, PortError>;

    /// Whose e-mail address this is, in upper or lower case; none if nobody's is
    /// known, or it is that of several. Who cannot tell knows nobody.
    async fn by_address(&self, _address: &str) -> Result<Option<Person>, PortError> {
        Ok(None)
    }
}

/// Everything a CRM has about one customer.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct CrmRecord {
    /// The customer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer: Option<Person>,
    /// Their company.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub company: Option<Company>,
    /// Their company's deals, newest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deals: Vec<Deal>,
    /// Their tickets, newest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tickets: Vec<Ticket>,
}

/// A customer in a CRM.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct Person {
    /// Their id.
    pub id: CustomerId,
    /// Their name.
    pub name: String,
    /// Their addresses, the main one first.
    #[serde(default)]
    pub emails: Vec<String>,
    /// Their phone numbers.
    #[serde(default)]
    pub phones: Vec<String>,
    /// The id of their company.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub company: Option<String>,
    /// Language and region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
    /// Where they are on their journey, in the CRM's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<String>,
    /// Who looks after them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// Every other column.
    #[serde(flatten)]
    pub attributes: BTreeMap<String, Value>,
}

/// A company in a CRM.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct Company {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its web domain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
    /// What it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub industry: Option<String>,
    /// How many people it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub employees: Option<u64>,
    /// What it pays for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<String>,
    /// Every other column.
    #[serde(flatten)]
    pub attributes: BTreeMap<String, Value>,
}

/// A deal in a CRM.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct Deal {
    /// Its id.
    pub id: String,
    /// The company's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub company: Option<String>,
    /// The customer's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<CustomerId>,
    /// Where it stands, such as `closed_won`.
    pub stage: String,
    /// What it is worth.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<Money>,
    /// When it was closed.
    #[schemars(with = "Option<String>")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed_at: Option<Timestamp>,
    /// Every other column.
    #[serde(flatten)]
    pub attributes: BTreeMap<String, Value>,
}

/// An amount of money.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Money {
    /// In minor units: cents of a euro.
    pub minor: i64,
    /// ISO 4217 code.
    pub currency: String,
}

/// A ticket in a CRM.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct Ticket {
    /// Its id.
    pub id: String,
    /// The customer's id.
    pub customer: CustomerId,
    /// Its subject.
    pub subject: String,
    /// What the customer wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// Where it stands, such as `open`.
    pub status: String,
    /// How it sounded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sentiment: Option<String>,
    /// When it was opened.
    #[schemars(with = "String")]
    pub created_at: Timestamp,
    /// Every other column.
    #[serde(flatten)]
    pub attributes: BTreeMap<String, Value>,
}

/// What the company knows and tells its customers.
#[async_trait]
pub trait KnowledgeBase: Send + Sync + 'static {
    /// The passages that fit what is asked best, best first, at most
    /// `ask.top`, of articles within `ask.scope` only.
    async fn search(&self, ask: &Ask<'_>) -> Result<Vec<Passage>, PortError>;

    /// Embeddings of texts: a unit vector for each, in order and all of the same dimension, whose
    /// dot product is the higher the more alike two texts are and about 0 where they have nothing
    /// to do with each other; zeros for a text that says nothing. Nothing from a knowledge base that
    /// only finds words, which is the default. Questions that nothing answered are put together by them.
    async fn embeddings(&self, _texts: &[&str]) -> Result<Option<Vec<Vec<f32>>>, PortError> {
        Ok(None)
    }
}

/// What a knowledge base is asked.
#[derive(Clone, Debug)]
pub struct Ask<'a> {
    /// A question or key words. It is text: nothing in it is syntax.
    pub query: &'a str,
    /// At most so many passages.
    pub top: usize,
    /// Which articles count.
    pub scope: Scope,
}

impl<'a> Ask<'a> {
    /// Asks for `top` passages of public articles of any age.
    #[must_use]
    pub fn new(query: &'a str, top: usize) -> Self {
        Self { query, top, scope: Scope::default() }
    }
}

/// Which articles a search may show; the default is all that is public.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Scope {
    /// Who will read what is found: for [`Readers::Internal`] articles for
    /// customers and those for colleagues.
    pub readers: Readers,
    /// Only articles that say that they were updated at this time or later.
    pub since: Option<Timestamp>,
}

impl Scope {
    /// Whether an article lies within.
    #[must_use]
    pub fn holds(&self, about: &About) -> bool {
        (about.audience == Readers::Public || self.readers == Readers::Internal)
            && self.since.is_none_or(|since| about.updated_at.is_some_and(|at| at >= since))
    }
}

/// Whom an article is written for.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Readers {
    /// Customers, and with them everybody.
    #[default]
    Public,
    /// Colleagues alone.
    Internal,
}

/// What is known of an article besides its text.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(default)]
pub struct About {
    /// Whom it is written for.
    #[serde(skip_serializing_if = "is_public")]
    pub audience: Readers,
    /// The product that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub product: Option<String>,
    /// Its language, as a tag such as `en` or `pt-BR`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// When it was last changed, as it says itself.
    #[schemars(with = "Option<String>")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<Timestamp>,
    /// The version of the article or of what it describes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Where its page has the passage: the fragment of a link, without `#`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub anchor: Option<String>,
}

impl About {
    /// Whether it says nothing but that the article is public.
    #[must_use]
    pub fn is_plain(&self) -> bool {
        *self == Self::default()
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn is_public(readers: &Readers) -> bool {
    *readers == Readers::Public
}

/// A passage of a document.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct Passage {
    /// How a text cites it: `DOC#START-END`.
    pub id: String,
    /// The document's id.
    pub doc: String,
    /// The document's title with the headings above the passage.
    pub title: String,
    /// The text.
    pub passage: String,
    /// Where it starts in the document, in Unicode scalar values.
    pub start: usize,
    /// Where it ends, exclusive.
    pub end: usize,
    /// How well it fits: higher is better, comparable within one answer.
    pub score: f32,
    /// How likely it is that title and text answer what is asked, from 0 to 1.
    /// Absent if the knowledge base does not tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fit: Option<f32>,
    /// What is known of the article.
    #[serde(default, skip_serializing_if = "About::is_plain")]
    pub about: About,
}

impl Passage {
    /// How likely it must be that a passage answers for us to answer with it: with
    /// this, 95 of a hundred questions that no article answers are left to a person.
    pub const LIKELY: f32 = 0.5;

    /// Whether it answers, as far as the knowledge base tells.
    #[must_use]
    pub fn answers(&self) -> Option<bool> {
        self.fit.map(|fit| fit >= Self::LIKELY)
    }

    /// Its place.
    #[must_use]
    pub fn citation(&self) -> Citation {
        Citation { doc: self.doc.clone(), start: self.start, end: self.end }
    }
}

/// Where messages leave. A message with the same key leaves once.
#[async_trait]
pub trait Outbox: Send + Sync + 'static {
    /// Sends `message`, or finds that it has been sent under this key.
    async fn deliver(&self, message: &Outgoing, key: &Digest) -> Result<Delivered, PortError>;

    /// Removes what it still holds of the message under this key, whose reader
    /// is erased; what has left under it does not leave again. Says whether it
    /// held anything.
    async fn forget(&self, key: &Digest) -> Result<bool, PortError>;

    /// Why nothing may be sent where `message` goes, whatever it says; `None` if
    /// it may, or if it has left under this key already.
    async fn suppressed(&self, _message: &Outgoing, _key: &Digest) -> Result<Option<Suppressed>, PortError> {
        Ok(None)
    }
}

/// An address takes no messages any more: it does not exist, or its owner said so.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the address takes no messages: {why}")]
pub struct Suppressed {
    /// A word for what happened, such as `hard_bounce`.
    pub why: String,
}

/// A literal message.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Outgoing {
    /// The way it goes.
    pub channel: Channel,
    /// The name of the recipient, if known.
    pub name: Option<String>,
    /// Where exactly it goes.
    pub to: String,
    /// The subject; empty where the channel has none.
    pub subject: String,
    /// The text, plain.
    pub body: String,
    /// When it was decided.
    pub at: Timestamp,
    /// The message that it answers, where the channel has threads.
    pub answers: Option<Answered>,
    /// Whether we speak first.
    pub outreach: bool,
    /// Whether whoever wrote to our own interface reads it there, where their
    /// conversation shows what the journal has.
    pub shown: bool,
    /// The run that sends it: an answer to it belongs there.
    pub run: RunId,
}

/// An e-mail that is answered.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Answered {
    /// Its id: `<left@right>`.
    pub message_id: String,
    /// The ids of those before it in the thread, the first one first.
    pub references: Vec<String>,
}

impl Answered {
    /// The key of the fact that holds the id of the e-mail that began a run.
    pub const MESSAGE_ID: &'static str = "mail.message_id";
    /// The key of the fact that holds the ids of those before it, as a list.
    pub const REFERENCES: &'static str = "mail.references";

    /// What a bundle says of the e-mail that it is about.
    #[must_use]
    pub fn of(bundle: &Bundle) -> Option<Self> {
        let message_id = bundle.text(Self::MESSAGE_ID)?.to_owned();
        let listed = bundle.fact(Self::REFERENCES).and_then(|fact| fact.value.as_array());
        let references = listed.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
        Some(Self { message_id, references })
    }
}

/// A message left.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct Delivered {
    /// The way it went.
    pub channel: Channel,
    /// Where exactly it went.
    pub to: String,
    /// The digest of the literal text.
    pub digest: Digest,
    /// How the channel names it.
    pub receipt: String,
}

/// A port could not do it.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct PortError {
    /// What happened, for operators.
    pub message: String,
    /// Whether trying again can help.
    pub retry: Retry,
}

/// A CRM and a knowledge base with nothing in it, and an outbox that keeps
/// nothing.
#[derive(Clone, Copy, Debug)]
pub struct Nothing;

#[async_trait]
impl Crm for Nothing {
    async fn record(&self, _: &CustomerId) -> Result<Option<CrmRecord>, PortError> {
        Ok(None)
    }
}

#[async_trait]
impl KnowledgeBase for Nothing {
    async fn search(&self, _: &Ask<'_>) -> Result<Vec<Passage>, PortError> {
        Ok(Vec::new())
    }
}

#[async_trait]
impl Outbox for Nothing {
    async fn deliver(&self, message: &Outgoing, key: &Digest) -> Result<Delivered, PortError> {
        Ok(Delivered {
            channel: message.channel,
            to: message.to.clone(),
            digest: Digest::of(&[message.subject.as_bytes(), message.body.as_bytes()]),
            receipt: key.to_string(),
        })
    }

    async fn forget(&self, _: &Digest) -> Result<bool, PortError> {
        Ok(false)
    }
}
