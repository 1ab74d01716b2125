//! Who wrote an e-mail, as far as it can be known.

use super::{MailFault, is_key};
use lettre::Address;
use mail_parser::{Message, MimeHeaders as _};

/// A message that passed so many servers goes round in circles.
const MOST_HOPS: usize = 50;

/// Whether a sender's domain stands for an e-mail.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Vouched {
    Yes,
    No,
    Unknown,
}

/// The name and the address of whoever wrote it. With two authors, what our server
/// checked might be the other.
pub(super) fn author(mail: &Message<'_>) -> Result<(Option<String>, String), MailFault> {
    let headers = mail.headers_raw().filter(|(name, _)| name.eq_ignore_ascii_case("From")).take(2).count();
    let mut authors = mail.from().into_iter().flat_map(|from| from.iter());
    let author = authors.next().ok_or(MailFault("the e-mail says not who wrote it"))?;
    if headers != 1 || authors.next().is_some() {
        return Err(MailFault("the e-mail says that several wrote it"));
    }
    let address = author.address().ok_or(MailFault("the e-mail says not who wrote it"))?;
    address.parse::<Address>().map_err(|_| MailFault("the address of whoever wrote the e-mail is none"))?;
    Ok((author.name().map(str::to_owned), address.to_owned()))
}

/// Why no person wrote this to us, if none did: an answer to it could be
/// answered by a machine, and so on.
pub(super) fn machine(mail: &Message<'_>, from: &str, own: &Address) -> Option<&'static str> {
    let said = |name: &'static str| mail.header_raw(name).map(|value| value.trim().to_ascii_lowercase());
    let domain = format!("@{}", own.domain());
    let ours = mail.message_id().and_then(|id| id.strip_suffix(domain.as_str())).is_some_and(is_key);
    if from.eq_ignore_ascii_case(own.as_ref()) || ours {
        return Some("we wrote it");
    }
    if said("Auto-Submitted").is_some_and(|value| !value.starts_with("no")) {
        return Some("a machine wrote it");
    }
    if said("Precedence").is_some_and(|value| matches!(value.as_str(), "auto_reply" | "bulk" | "junk" | "list")) {
        return Some("it was written to many");
    }
    let listed = |name: &str| name.get(..5).is_some_and(|begin| begin.eq_ignore_ascii_case("list-"));
    if mail.headers_raw().any(|(name, _)| listed(name)) {
        return Some("it was written to many");
    }
    let automatic = ["X-Autoreply", "X-Autorespond", "X-Auto-Response-Suppress", "X-Loop"];
    if automatic.into_iter().any(|name| said(name).is_some()) || said("Return-Path").as_deref() == Some("<>") {
        return Some("a machine wrote it");
    }
    // Receipts and reports of any kind.
    let report =
        mail.content_type().is_some_and(|kind| kind.ctype() == "multipart" && kind.subtype() == Some("report"));
    if report || from.get(..14).is_some_and(|begin| begin.eq_ignore_ascii_case("mailer-daemon@")) {
        return Some("a machine wrote it");
    }
    if mail.headers_raw().filter(|(name, _)| name.eq_ignore_ascii_case("Received")).count() > MOST_HOPS {
        return Some("it goes round in circles");
    }
    None
}

/// Whether our own mail server says that the sender's domain stands for it.
/// Only the topmost such header is its own: those below came with the message.
pub(super) fn vouched(mail: &Message<'_>, from: &str, server: &str) -> Vouched {
    let mut headers = mail.headers_raw().filter(|(name, _)| name.eq_ignore_ascii_case("Authentication-Results"));
    let Some((_, value)) = headers.next() else { return Vouched::Unknown };
    let mut parts = parts(value).into_iter();
    let by = parts.next().and_then(|by| by.split_whitespace().next().map(str::to_owned));
    if !by.is_some_and(|by| by.eq_ignore_ascii_case(server)) {
        return Vouched::Unknown;
    }
    let domain = from.rsplit('@').next().unwrap_or_default();
    let mut vouched = Vouched::Unknown;
    for part in parts {
        let mut words = part.split_whitespace();
        match words.next().map(str::to_ascii_lowercase).as_deref() {
            Some("dmarc=fail") => return Vouched::No,
            Some("dmarc=pass") => {
                let about = words.find_map(|word| word.strip_prefix("header.from="));
                // It speaks of another author than we read.
                if about.is_some_and(|about| !about.eq_ignore_ascii_case(domain)) {
                    return Vouched::No;
                }
                vouched = Vouched::Yes;
            }
            _ => {}
        }
    }
    vouched
}

/// The parts of such a header, without comments. What is quoted is no word: a sender
/// chooses what stands there.
fn parts(value: &str) -> Vec<String> {
    let (mut parts, mut part) = (Vec::new(), String::new());
    let (mut quoted, mut depth) = (false, 0_usize);
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' if quoted || depth > 0 => drop(chars.next()),
            '"' if depth == 0 => quoted = !quoted,
            _ if quoted => {}
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ if depth > 0 => {}
            ';' => parts.push(std::mem::take(&mut part)),
            _ => part.push(c),
        }
    }
    // What is not closed is not whole.
    if !quoted && depth == 0 {
        parts.push(part);
    }
    parts
}
