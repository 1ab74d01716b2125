//! What Chatwoot tells its agent bot.

use crate::signature::{Rejected, fresh, mac};
use attache_context::{Channel, Trigger};
use hmac::Mac as _;
use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use std::fmt;

use super::Conversation;

/// The longest text that is taken, in characters.
const MOST: usize = 20_000;

/// The way in. Without a secret nothing is taken.
#[derive(Clone)]
pub struct ChatwootHook(Option<SecretString>);

impl fmt::Debug for ChatwootHook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ChatwootHook(…)")
    }
}

/// What a delivery says of itself.
#[derive(Clone, Copy, Debug, Default)]
pub struct ChatwootHeaders<'a> {
    /// `X-Chatwoot-Signature`: `sha256=HEX`.
    pub signature: Option<&'a str>,
    /// `X-Chatwoot-Timestamp`, in seconds.
    pub timestamp: Option<&'a str>,
    /// `X-Chatwoot-Delivery`.
    pub delivery: Option<&'a str>,
}

/// What came in, and is genuine.
#[derive(Clone, Debug, PartialEq)]
pub enum FromChatwoot {
    /// Nothing for the bot, and why.
    Ignored(&'static str),
    /// A customer wrote, and the conversation is the bot's.
    Message(Box<ChatMessage>),
}

/// A customer wrote.
#[derive(Clone, Debug, PartialEq)]
pub struct ChatMessage {
    /// What [`Seen`](crate::Seen) should know it by.
    pub delivery: String,
    /// Where.
    pub conversation: Conversation,
    /// Who, as Chatwoot knows them.
    pub contact: Contact,
    /// When.
    pub at: Timestamp,
    /// In their words.
    pub text: String,
}

/// A customer as Chatwoot knows them. Unless `verified`, anybody can have typed
/// name and address.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq)]
pub struct Contact {
    /// Their number in the account.
    pub id: u64,
    /// Their name.
    #[serde(default)]
    pub name: Option<String>,
    /// Their address.
    #[serde(default)]
    pub email: Option<String>,
    /// Their phone number.
    #[serde(default)]
    pub phone_number: Option<String>,
    /// Their id in the company's own systems.
    #[serde(default)]
    pub identifier: Option<String>,
    /// Whether the company's own site vouched for who they are.
    #[serde(skip)]
    pub verified: bool,
}

impl ChatMessage {
    /// What a run begins with.
    #[must_use]
    pub fn trigger(&self) -> Trigger {
        Trigger::Message { at: self.at, channel: Channel::Chat, text: self.text.clone() }
    }
}

impl ChatwootHook {
    /// Takes what is signed with `secret`; nothing if there is none.
    #[must_use]
    pub fn new(secret: Option<String>) -> Self {
        Self(secret.filter(|secret| !secret.is_empty()).map(Into::into))
    }

    /// Checks a delivery, exactly as it came, and reads it.
    ///
    /// # Errors
    /// [`Rejected`].
    pub fn receive(&self, headers: ChatwootHeaders<'_>, body: &[u8], now: Timestamp) -> Result<FromChatwoot, Rejected> {
        let secret = self.0.as_ref().ok_or(Rejected::Malformed("no secret is configured for this webhook"))?;
        let timestamp = headers.timestamp.ok_or(Rejected::Malformed("there is no timestamp"))?;
        let signature = headers.signature.and_then(|signature| signature.strip_prefix("sha256="));
        let signature = signature.and_then(|hex| hex::decode(hex).ok());
        let signature = signature.ok_or(Rejected::Malformed("there is no signature"))?;
        fresh(timestamp, now)?;
        let made = mac(secret.expose_secret().as_bytes(), &[timestamp.as_bytes(), body]).ok_or(Rejected::Forged)?;
        made.verify_slice(&signature).map_err(|_| Rejected::Forged)?;
        let event: Wire = serde_json::from_slice(body).map_err(|_| Rejected::Malformed("the body is no event"))?;
        read(event, headers.delivery)
    }
}

fn read(event: Wire, delivery: Option<&str>) -> Result<FromChatwoot, Rejected> {
    if event.event != "message_created" {
        return Ok(FromChatwoot::Ignored("it is no new message"));
    }
    let missing = Rejected::Malformed("the message lacks a field");
    let message: Message = serde_json::from_value(serde_json::Value::Object(event.rest)).map_err(|_| missing)?;
    let incoming = message.message_type == "incoming" || message.message_type == 0;
    if !incoming || message.private {
        return Ok(FromChatwoot::Ignored("no customer wrote it"));
    }
    if message.conversation.status != "pending" {
        return Ok(FromChatwoot::Ignored("the conversation is not the bot's"));
    }
    let text = message.content.unwrap_or_default();
    if text.trim().is_empty() {
        return Ok(FromChatwoot::Ignored("it has no text"));
    }
    if text.chars().count() > MOST {
        return Err(Rejected::Malformed("the text is too long"));
    }
    let conversation = Conversation { account: message.account.id, id: message.conversation.id };
    // Who does not name the delivery names the message.
    let delivery = delivery.map(str::to_owned);
    let delivery = delivery.unwrap_or_else(|| format!("chatwoot:{}:{}", conversation.account, message.id));
    let verified = message.conversation.contact_inbox.is_some_and(|inbox| inbox.hmac_verified);
    let at = message.created_at.read().ok_or(missing)?;
    let contact = Contact { verified, ..message.sender };
    Ok(FromChatwoot::Message(Box::new(ChatMessage { delivery, conversation, contact, at, text })))
}

#[derive(Deserialize)]
struct Wire {
    event: String,
    #[serde(flatten)]
    rest: serde_json::Map<String, serde_json::Value>,
}

#[derive(Deserialize)]
struct Message {
    id: u64,
    content: Option<String>,
    message_type: serde_json::Value,
    #[serde(default)]
    private: bool,
    created_at: When,
    sender: Contact,
    account: Account,
    conversation: InConversation,
}

#[derive(Deserialize)]
struct Account {
    id: u64,
}

#[derive(Deserialize)]
struct InConversation {
    id: u64,
    status: String,
    #[serde(default)]
    contact_inbox: Option<ContactInbox>,
}

#[derive(Deserialize)]
struct ContactInbox {
    #[serde(default)]
    hmac_verified: bool,
}

/// Chatwoot writes times in both ways.
#[derive(Deserialize)]
#[serde(untagged)]
enum When {
    Seconds(i64),
    Text(Timestamp),
}

impl When {
    fn read(&self) -> Option<Timestamp> {
        match self {
            Self::Seconds(seconds) => Timestamp::from_second(*seconds).ok(),
            Self::Text(at) => Some(*at),
        }
    }
}

#[cfg(test)]
mod tests;
