//! A message as it stands on the wire.

use crate::spool::{Failed, stem};
use attache_journal::Digest;
use attache_tools::Outgoing;
use lettre::Message;
use lettre::address::Address;
use lettre::message::Mailbox;
use lettre::message::dkim::{
    DkimCanonicalization, DkimCanonicalizationType, DkimConfig, DkimSigningAlgorithm, DkimSigningKey,
};
use lettre::message::header::{ContentTransferEncoding, ContentType, HeaderName, HeaderValue, MIME_VERSION_1_0};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// The headers that a signature covers. One that is covered and absent cannot
/// be added on the way.
const SIGNED: [&str; 12] = [
    "From",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "In-Reply-To",
    "References",
    "Auto-Submitted",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
    "MIME-Version",
    "Content-Type",
];

/// The longest headers that are signed, in bytes: the signer's stack grows with them.
const MOST_HEADERS: usize = 4 << 10;

/// The longest name that is written beside an address; longer ones are left out.
const MOST_NAME: usize = 100;

/// So many messages of a thread are named, the first one and the last ones.
const MOST_REFERENCES: usize = 8;

/// What in the address for unsubscribing stands for the message.
const MESSAGE: &str = "{message}";

/// Writes e-mail of one sender.
#[derive(Clone, Debug)]
pub(crate) struct Composer {
    from: Mailbox,
    dkim: Option<Arc<DkimConfig>>,
    unsubscribe: Option<String>,
}

impl Composer {
    /// For the sender `Name <address>`.
    pub(crate) fn new(from: &str) -> Result<Self, String> {
        let from = from.parse().map_err(|e| format!("`{from}` is no sender like `Name <address>`: {e}"))?;
        Ok(Self { from, dkim: None, unsubscribe: None })
    }

    /// Signs with this key. `key` is an RSA key in PEM (PKCS #1) or the 32 bytes
    /// of an Ed25519 key in base64.
    pub(crate) fn sign(mut self, domain: &str, selector: &str, key: &str) -> Result<Self, String> {
        let pem = key.trim_start().starts_with("-----");
        let algorithm = if pem { DkimSigningAlgorithm::Rsa } else { DkimSigningAlgorithm::Ed25519 };
        let key = DkimSigningKey::new(key.trim(), algorithm).map_err(|e| e.to_string())?;
        let relaxed =
            DkimCanonicalization { header: DkimCanonicalizationType::Relaxed, body: DkimCanonicalizationType::Relaxed };
        let headers = SIGNED.map(HeaderName::new_from_ascii_str).to_vec();
        self.dkim = Some(Arc::new(DkimConfig::new(selector.into(), domain.into(), key, headers, relaxed)));
        Ok(self)
    }

    /// Where who is written to first says that they want no more: an https
    /// address in which `{message}` stands for the message.
    pub(crate) fn unsubscribe_at(mut self, url: &str) -> Result<Self, String> {
        let plain = url.starts_with("https://") && url.chars().all(|c| c.is_ascii_graphic() && c != '<' && c != '>');
        if !plain {
            return Err("expected an https address".to_owned());
        }
        self.unsubscribe = Some(url.to_owned());
        Ok(self)
    }

    /// Who sends.
    pub(crate) fn from(&self) -> &Address {
        &self.from.email
    }

    /// The id of the message under this key: the same for every try.
    pub(crate) fn message_id(&self, key: &str) -> String {
        format!("<{key}@{}>", self.from.email.domain())
    }

    /// The message as bytes, all of them ASCII.
    pub(crate) fn compose(&self, message: &Outgoing, key: &Digest) -> Result<Vec<u8>, Failed> {
        let id = stem(key);
        // What cannot stand in a header is no reason to break down.
        let plain = |name: &String| name.chars().count() <= MOST_NAME && !name.chars().any(char::is_control);
        let name = message.name.clone().filter(plain);
        let subject: String = message.subject.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let to = Mailbox::new(name, message.to.parse().map_err(Failed::never)?);
        let mut mail = Message::builder()
            .from(self.from.clone())
            .to(to)
            .subject(subject)
            .date(system_time(message.at))
            .message_id(Some(self.message_id(id)))
            .raw_header(raw("Auto-Submitted", "auto-generated".to_owned()))
            .header(MIME_VERSION_1_0)
            .header(ContentType::TEXT_PLAIN)
            .header(ContentTransferEncoding::QuotedPrintable);
        if let Some(answered) = message.answers.as_ref().filter(|answered| is_message_id(&answered.message_id)) {
            let known = answered.references.iter().filter(|id| is_message_id(id) && **id != answered.message_id);
            let mut references: Vec<&str> = known.map(String::as_str).collect();
            references.push(&answered.message_id);
            let surplus = references.len().saturating_sub(MOST_REFERENCES);
            references.drain(1..1 + surplus);
            mail = mail.in_reply_to(answered.message_id.clone()).references(references.join(" "));
        }
        if message.outreach {
            let address = self.from.email.to_string();
            let mailto = format!("<mailto:{address}?subject=unsubscribe>");
            mail = match &self.unsubscribe {
                Some(url) => mail
                    .raw_header(raw("List-Unsubscribe", format!("<{}>, {mailto}", url.replace(MESSAGE, id))))
                    .raw_header(raw("List-Unsubscribe-Post", "List-Unsubscribe=One-Click".to_owned())),
                None => mail.raw_header(raw("List-Unsubscribe", mailto)),
            };
        }
        let mut mail = mail.body(message.body.clone()).map_err(Failed::never)?;
        if let Some(dkim) = &self.dkim {
            if mail.headers().to_string().len() > MOST_HEADERS {
                return Err(Failed::never(format!("the headers have more than {MOST_HEADERS} bytes")));
            }
            mail.sign(dkim);
        }
        Ok(mail.formatted())
    }
}

/// Whether this is the id of a message and nothing besides: `<left@right>`.
pub(crate) fn is_message_id(text: &str) -> bool {
    let inner = text.strip_prefix('<').and_then(|rest| rest.strip_suffix('>'));
    let plain = |c: char| c.is_ascii_graphic() && c != '<' && c != '>';
    text.len() <= 250 && inner.is_some_and(|inner| inner.contains('@') && inner.chars().all(plain))
}

fn raw(name: &'static str, value: String) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value)
}

fn system_time(at: jiff::Timestamp) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(u64::try_from(at.as_second()).unwrap_or_default())
}

#[cfg(test)]
pub(crate) mod tests;
