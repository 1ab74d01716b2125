//! E-mail that comes in.

mod bounce;
mod config;
mod html;
mod quoted;
mod sender;
mod structure;

pub use bounce::{Bounce, Bounced};
pub use config::InboundConfig;

use crate::compose::is_message_id;
use attache_context::{Channel, Fact, Sensitivity, Source, Trigger};
use attache_journal::Digest;
use attache_tools::Answered;
use jiff::Timestamp;
use lettre::message::Mailbox;
use mail_parser::{HeaderValue, Message, MessageParser, PartType};
use sender::Vouched;
use serde_json::json;

/// The largest e-mail that is read, in bytes.
pub const MOST_MAIL: usize = 16 << 20;

/// The longest text that a run is given, in characters; the rest is cut off.
const MOST_TEXT: usize = 20_000;

/// Of so many characters one may be unreadable.
const MOST_LOST: usize = 10;

/// So many messages of a thread are kept.
const MOST_REFERENCES: usize = 50;

/// Reads what comes to one address of ours.
#[derive(Clone, Debug)]
pub struct MailReader {
    own: Mailbox,
    server: Option<String>,
}

/// What came in.
#[derive(Clone, Debug, PartialEq)]
pub enum FromMail {
    /// A mail server says that a message of ours did not arrive.
    Bounce(Bounce),
    /// The domain that it gives as its sender's says that it did not come from there
    /// (DMARC): nobody knows who wrote it.
    Disowned,
    /// Nothing for a run, and why: a machine wrote it, or we did.
    Ignored(&'static str),
    /// Somebody wrote.
    Message(Box<IncomingMail>),
    /// Somebody wants no more mail.
    Unsubscribe {
        /// Who, if it is they who write.
        address: String,
    },
}

/// Somebody wrote.
#[derive(Clone, Debug, PartialEq)]
pub struct IncomingMail {
    /// Their address, as the message says.
    pub from: String,
    /// Their name, as the message says.
    pub name: Option<String>,
    /// Whether our mail server vouches for the address (DMARC). Anybody can
    /// write any address into a message.
    pub verified: bool,
    /// When it came.
    pub at: Timestamp,
    /// What they wrote: no history, no signature, nothing that they do not see.
    pub text: String,
    /// The id of the message and of those before it.
    pub thread: Option<Answered>,
}

/// An e-mail cannot be read.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{0}")]
pub struct MailFault(&'static str);

impl IncomingMail {
    /// Names the message: by its id, or by what it `came_as` if it has none, and by
    /// its text, since some programs give all that they send one id.
    #[must_use]
    pub fn delivery(&self, came_as: &str) -> String {
        let id = self.thread.as_ref().map_or(came_as, |thread| &thread.message_id);
        Digest::of(&[id.as_bytes(), self.text.as_bytes()]).to_string()
    }

    /// Names its thread: by the message that began it.
    #[must_use]
    pub fn conversation(&self, came_as: &str) -> String {
        let first = self.thread.as_ref().map(|thread| thread.references.first().unwrap_or(&thread.message_id));
        first.map_or_else(|| came_as.to_owned(), Clone::clone)
    }

    /// What a run begins with.
    #[must_use]
    pub fn trigger(&self) -> Trigger {
        Trigger::Message { at: self.at, channel: Channel::Email, text: self.text.clone() }
    }

    /// What the bundle keeps beside it, so that the answer stands in its thread.
    /// They have no purpose: no model reads them.
    #[must_use]
    pub fn facts(&self) -> Vec<Fact> {
        let fact = |key: &str, value| Fact {
            key: key.to_owned(),
            value,
            source: Source::FirstParty,
            system: "mail".to_owned(),
            observed_at: self.at,
            purposes: Vec::new(),
            sensitivity: Sensitivity::Internal,
        };
        let thread = self.thread.iter();
        let facts = thread.flat_map(|thread| {
            [fact(Answered::MESSAGE_ID, json!(thread.message_id)), fact(Answered::REFERENCES, json!(thread.references))]
        });
        facts.collect()
    }
}

impl MailReader {
    /// For mail to `own` (`Name <address>`). `server` is how our mail server
    /// names itself in `Authentication-Results`; without it nobody is verified.
    ///
    /// # Errors
    /// If `own` is no mailbox.
    pub fn new(own: &str, server: Option<&str>) -> Result<Self, String> {
        let own = own.parse().map_err(|e| format!("`{own}` is no address like `Name <address>`: {e}"))?;
        Ok(Self { own, server: server.map(str::to_owned) })
    }

    /// Reads an e-mail that came at `at`, as it came.
    ///
    /// # Errors
    /// [`MailFault`] if it is none.
    pub fn read(&self, raw: &[u8], at: Timestamp) -> Result<FromMail, MailFault> {
        if raw.len() > MOST_MAIL {
            return Err(MailFault("the e-mail is larger than 16 MiB"));
        }
        structure::check(raw)?;
        let mail = MessageParser::default().parse(raw).ok_or(MailFault("this is no e-mail"))?;
        if let Some(bounce) = bounce::read(&mail) {
            return Ok(FromMail::Bounce(bounce));
        }
        let (name, from) = sender::author(&mail)?;
        if let Some(why) = sender::machine(&mail, &from, &self.own.email) {
            return Ok(FromMail::Ignored(why));
        }
        let vouched = self.server.as_ref().map_or(Vouched::Unknown, |server| sender::vouched(&mail, &from, server));
        if vouched == Vouched::No {
            return Ok(FromMail::Disowned);
        }
        let subject = mail.subject().unwrap_or_default().trim();
        if subject.eq_ignore_ascii_case("unsubscribe") {
            return Ok(FromMail::Unsubscribe { address: from });
        }
        let written = quoted::newest(&body(&mail)?);
        let text = if written.is_empty() || is_answer(subject) || subject.is_empty() {
            written
        } else {
            format!("{subject}\n\n{written}")
        };
        if text.is_empty() {
            return Ok(FromMail::Ignored("it has no text"));
        }
        let (lost, all) = (text.matches(char::REPLACEMENT_CHARACTER).count(), text.chars().count());
        if lost.saturating_mul(MOST_LOST) > all {
            return Err(MailFault("the text is not in the charset that the e-mail says"));
        }
        Ok(FromMail::Message(Box::new(IncomingMail {
            verified: vouched == Vouched::Yes,
            from,
            name,
            at,
            text: text.chars().take(MOST_TEXT).collect(),
            thread: thread(&mail),
        })))
    }
}

/// Whether this is the left side of an id of ours.
pub(crate) fn is_key(text: &str) -> bool {
    text.len() == 32 && text.chars().all(|c| c.is_ascii_digit() || ('a'..='f').contains(&c))
}

/// What the sender wrote, as plain text.
fn body(mail: &Message<'_>) -> Result<String, MailFault> {
    let plain = mail.text_bodies().find_map(|part| match &part.body {
        PartType::Text(text) if !text.trim().is_empty() => Some(text.to_string()),
        _ => None,
    });
    if let Some(plain) = plain {
        return Ok(plain);
    }
    let html = mail.html_bodies().find_map(|part| match &part.body {
        PartType::Html(html) => Some(html.as_ref()),
        _ => None,
    });
    html.map_or(Ok(String::new()), html::visible)
}

fn is_answer(subject: &str) -> bool {
    let lower = subject.to_lowercase();
    ["re:", "aw:", "sv:", "antw:", "odp:"].into_iter().any(|mark| lower.starts_with(mark))
}

fn thread(mail: &Message<'_>) -> Option<Answered> {
    let message_id = mail.message_id().map(|id| format!("<{id}>")).filter(|id| is_message_id(id))?;
    let mut references = ids(mail.references());
    for answered in ids(mail.in_reply_to()) {
        if !references.contains(&answered) {
            references.push(answered);
        }
    }
    let surplus = references.len().saturating_sub(MOST_REFERENCES);
    references.drain(..surplus);
    Some(Answered { message_id, references })
}

fn ids(value: &HeaderValue<'_>) -> Vec<String> {
    let ids: Vec<&str> = match value {
        HeaderValue::Text(id) => vec![id.as_ref()],
        HeaderValue::TextList(ids) => ids.iter().map(AsRef::as_ref).collect(),
        _ => Vec::new(),
    };
    ids.into_iter().map(|id| format!("<{id}>")).filter(|id| is_message_id(id)).collect()
}

#[cfg(test)]
mod tests;
