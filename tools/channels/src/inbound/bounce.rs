//! Mail that says that mail did not arrive (RFC 3464).

use super::is_key;
use crate::smtp::{is_hard, is_status};
use mail_parser::{Message, MimeHeaders, PartType};

/// A mail server reports on a message.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Bounce {
    /// What it says of each reader.
    pub readers: Vec<Bounced>,
    /// The key of the message that it is about, if it looks like one of ours.
    pub message: Option<String>,
}

/// What is said of one reader.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Bounced {
    /// Their address, as we wrote it or as the server resolved it.
    pub addresses: Vec<String>,
    /// The status, such as `5.1.1`.
    pub status: String,
    /// Whether there is no such mailbox, for good.
    pub hard: bool,
}

/// Reads a report; `None` if it is none.
pub(super) fn read(mail: &Message<'_>) -> Option<Bounce> {
    let report = mail.parts.iter().find(|part| is(*part, "message", "delivery-status"))?;
    let text = String::from_utf8_lossy(report.contents()).replace("\r\n", "\n");
    // The first group is about the message, each after it about one reader.
    let readers = text.split("\n\n").filter_map(reader).collect();
    Some(Bounce { readers, message: original(mail) })
}

fn reader(group: &str) -> Option<Bounced> {
    let field = |name: &str| {
        group.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.trim().eq_ignore_ascii_case(name).then(|| value.trim())
        })
    };
    let address = |name: &str| {
        let (kind, address) = field(name)?.split_once(';')?;
        let address = address.trim().trim_matches(['<', '>']);
        (kind.trim().eq_ignore_ascii_case("rfc822") && address.contains('@')).then(|| address.to_owned())
    };
    let addresses: Vec<String> = ["Original-Recipient", "Final-Recipient"].into_iter().filter_map(address).collect();
    let status = field("Status")?.split_whitespace().next().filter(|status| is_status(status))?;
    let failed = field("Action").is_some_and(|action| action.eq_ignore_ascii_case("failed"));
    (!addresses.is_empty()).then(|| Bounced { addresses, status: status.to_owned(), hard: failed && is_hard(status) })
}

/// The key in the id of the message that came back, whole or its headers alone.
fn original(mail: &Message<'_>) -> Option<String> {
    mail.parts.iter().find_map(|part| {
        let key = match &part.body {
            PartType::Message(message) => message.message_id()?.split('@').next()?.to_owned(),
            _ if is(part, "text", "rfc822-headers") => {
                let text = String::from_utf8_lossy(part.contents()).to_string();
                let line = text.lines().find(|line| line.to_ascii_lowercase().starts_with("message-id:"))?;
                line.split_once('<')?.1.split('@').next()?.to_owned()
            }
            _ => return None,
        };
        is_key(&key).then_some(key)
    })
}

fn is<'x>(part: &impl MimeHeaders<'x>, kind: &str, subtype: &str) -> bool {
    part.content_type().is_some_and(|content| {
        content.ctype().eq_ignore_ascii_case(kind)
            && content.subtype().is_some_and(|found| found.eq_ignore_ascii_case(subtype))
    })
}
