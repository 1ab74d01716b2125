//! Entries: what is hashed, what is sealed, what anybody can check.
//!
//! An entry is kept in two parts. The **head** is a line of JSON in clear: the
//! fields of [`Entry`] up to and with `hash`. The **body** is the event's JSON,
//! encrypted under the key of the customer it is about. The head holds a
//! commitment, SHA-256 over a salt and the event's JSON, so that its hash covers
//! every byte of the event. The salt comes from the customer's key: with the
//! key gone, a guess of what the event said cannot be checked either.
//!
//! With the key, the two parts make a whole **line**: the head with `salt` and
//! `event` before its closing brace. Without, the head alone is the line. Both
//! can be checked by anybody with SHA-256 at hand, and both hold the same hash:
//! a chain does not break when a person is forgotten.

use crate::subject::commit;
use crate::{Actor, Event, Key, Outline, RunId, SubjectId};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::borrow::Cow;

/// The version of the shape of an entry.
///
/// 1: the shape of [`Entry`] as it stands here.
pub const VERSION: u32 = 1;

/// One event of one run in its place.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// The version of this shape: [`VERSION`].
    pub v: u32,
    /// The run.
    pub run: RunId,
    /// Its place in the run, from 0.
    pub seq: u64,
    /// When it was written.
    #[schemars(with = "String")]
    pub at: Timestamp,
    /// Who did it.
    pub actor: Actor,
    /// Whose data it is; absent if nobody's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<SubjectId>,
    /// What of the event is never erased.
    pub outline: Outline,
    /// SHA-256 of the salt's 32 bytes, if there is one, and the event's JSON.
    pub commitment: String,
    /// The hash of the entry before it in this run; zeroes for the first.
    pub prev: String,
    /// SHA-256 of the entry's line up to, not including, `,"hash":`.
    pub hash: String,
    /// The salt of the commitment; absent if it is nobody's data or erased.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub salt: Option<String>,
    /// What happened; absent if it was erased.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<Event>,
}

/// What an entry of any version has.
#[derive(Deserialize)]
struct Versioned {
    v: u32,
}

const HASH: &[u8] = b",\"hash\":\"";

/// Reads one line of a journal and checks its hash and its commitment. A head
/// alone is the line of an erased entry: `event` is absent then.
///
/// # Errors
/// [`EntryFault::Syntax`] if it is no entry, [`EntryFault::Version`] if it has
/// another shape than ours, [`EntryFault::Hash`] if it was changed after it was
/// sealed.
pub fn verify(line: &[u8]) -> Result<Entry, EntryFault> {
    let entry = parse(line)?;
    let seq = entry.seq;
    // Only what was somebody's data can have been erased.
    let whole = entry.event.is_some() || entry.subject.is_some();
    (whole && authentic(line, &entry).is_some()).then_some(entry).ok_or(EntryFault::Hash { seq })
}

/// Reads the head of an entry and checks its hash; `event` is absent. For
/// implementers of [`Store`](crate::Store).
///
/// # Errors
/// As [`verify`].
pub fn verify_head(head: &[u8]) -> Result<Entry, EntryFault> {
    let entry = parse(head)?;
    let seq = entry.seq;
    (entry.event.is_none() && authentic(head, &entry).is_some()).then_some(entry).ok_or(EntryFault::Hash { seq })
}

fn parse(line: &[u8]) -> Result<Entry, EntryFault> {
    let entry: Entry = serde_json::from_slice(line).map_err(|e| match serde_json::from_slice(line) {
        Ok(Versioned { v }) if v != VERSION => EntryFault::Version { v },
        Ok(_) | Err(_) => EntryFault::Syntax(e.to_string()),
    })?;
    if entry.v == VERSION { Ok(entry) } else { Err(EntryFault::Version { v: entry.v }) }
}

/// Whether `line` is what was sealed, byte for byte.
fn authentic(line: &[u8], entry: &Entry) -> Option<()> {
    // In JSON a string has its quotes escaped: the first place is the only one.
    let split = line.windows(HASH.len()).position(|window| window == HASH)?;
    let (head, tail) = line.split_at_checked(split)?;
    let same = |wanted: bool| wanted.then_some(());
    same(decode(&entry.hash)? == <[u8; 32]>::from(Sha256::digest(head)))?;
    let tail = tail.strip_prefix(format!(",\"hash\":\"{}\"", entry.hash).as_bytes())?;
    let Some(event) = &entry.event else {
        return same(tail == b"}" && entry.salt.is_none());
    };
    same(entry.salt.is_some() == entry.subject.is_some() && event.outline() == entry.outline)?;
    let (salt, tail) = match &entry.salt {
        Some(salt) => (Some(decode(salt)?), tail.strip_prefix(format!(",\"salt\":\"{salt}\"").as_bytes())?),
        None => (None, tail),
    };
    let text = tail.strip_prefix(b",\"event\":")?.strip_suffix(b"}")?;
    same(decode(&entry.commitment)? == commit(salt.as_ref(), text))
}

/// Reads an entry that is kept as `head` and `body`, and makes its line; the
/// head alone if its subject's key was destroyed. For implementers of
/// [`Store`](crate::Store).
///
/// # Errors
/// [`EntryFault`] if the head is none, the body is not what it commits to, or
/// the key is missing.
pub fn open(head: &[u8], body: &[u8], key: impl FnOnce(&SubjectId) -> Key) -> Result<(Entry, Vec<u8>), EntryFault> {
    let mut entry = verify_head(head)?;
    let changed = || EntryFault::Hash { seq: entry.seq };
    let commitment = decode(&entry.commitment).ok_or_else(changed)?;
    let (salt, text) = match entry.subject.as_ref().map(key) {
        None => (None, Cow::Borrowed(body)),
        Some(Key::Destroyed) => return Ok((entry, head.to_vec())),
        Some(Key::Missing) => return Err(EntryFault::Key { seq: entry.seq, subject: entry.subject }),
        Some(Key::Of(subject)) => {
            let text = subject.decrypt(&commitment, body).ok_or_else(changed)?;
            (Some(subject.salt(&entry.run, entry.seq)), Cow::Owned(text))
        }
    };
    let line = splice(head, salt.as_ref(), &text).ok_or_else(changed)?;
    if commit(salt.as_ref(), &text) != commitment {
        return Err(changed());
    }
    let event: Event = serde_json::from_slice(&text).map_err(|e| EntryFault::Syntax(e.to_string()))?;
    if event.outline() != entry.outline {
        return Err(changed());
    }
    entry.salt = salt.map(hex::encode);
    entry.event = Some(event);
    Ok((entry, line))
}

/// A head with its event.
pub(crate) fn splice(head: &[u8], salt: Option<&[u8; 32]>, text: &[u8]) -> Option<Vec<u8>> {
    let mut line = Vec::with_capacity(head.len() + text.len() + 96);
    line.extend_from_slice(head.strip_suffix(b"}")?);
    if let Some(salt) = salt {
        line.extend_from_slice(b",\"salt\":\"");
        push_hex(&mut line, salt);
        line.push(b'"');
    }
    line.extend_from_slice(b",\"event\":");
    line.extend_from_slice(text);
    line.push(b'}');
    Some(line)
}

pub(crate) fn push_hex(line: &mut Vec<u8>, hash: &[u8; 32]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for byte in hash {
        for nibble in [byte >> 4, byte & 15] {
            line.push(DIGITS.get(usize::from(nibble)).copied().unwrap_or(b'?'));
        }
    }
}

pub(crate) fn decode(text: &str) -> Option<[u8; 32]> {
    let mut hash = [0; 32];
    let lower = !text.bytes().any(|b| b.is_ascii_uppercase());
    (lower && hex::decode_to_slice(text, &mut hash).is_ok()).then_some(hash)
}

/// Why a line or a sequence of entries is not what was written.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum EntryFault {
    /// `prev` is not the hash of the entry before.
    #[error("entry {seq} does not follow the entry before it")]
    Chain {
        /// The entry.
        seq: u64,
    },
    /// The entry does not have the hash it says, or not the event.
    #[error("entry {seq} was changed after it was written")]
    Hash {
        /// The entry.
        seq: u64,
    },
    /// There is no key of its subject, and nothing says that it was destroyed.
    #[error("entry {seq} cannot be read: the key of subject {} is missing", .subject.as_ref().map_or("", |id| id.as_str()))]
    Key {
        /// The entry.
        seq: u64,
        /// Its subject.
        subject: Option<SubjectId>,
    },
    /// An entry is missing or not in its place.
    #[error("entry {seq} stands where entry {expected} belongs")]
    Order {
        /// The entry that stands there.
        seq: u64,
        /// The entry that belongs there.
        expected: u64,
    },
    /// The line is no entry at all.
    #[error("not a journal entry: {0}")]
    Syntax(String),
    /// The entry has a shape that this program does not know.
    #[error("the entry has version {v}, this program reads version {VERSION}")]
    Version {
        /// Its version.
        v: u32,
    },
}
