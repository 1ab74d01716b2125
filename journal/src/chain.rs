//! Entries and the hash chain that holds them together.

use crate::{Actor, Event, RunId};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// The version of the shape of an entry.
///
/// 1: the shape of [`Entry`] as it stands here.
pub const VERSION: u32 = 1;

/// What `prev` is for the first entry of a run.
const GENESIS: [u8; 32] = [0; 32];

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
    /// What happened.
    pub event: Event,
    /// The hash of the entry before it in this run; zeroes for the first.
    pub prev: String,
    /// SHA-256 of the entry's line up to, not including, `,"hash":`.
    pub hash: String,
}

/// An entry with the line that stands for it in the journal.
#[derive(Clone, Debug)]
pub struct Sealed {
    /// Its place in the run.
    pub seq: u64,
    /// When it was written.
    pub at: Timestamp,
    /// What happened.
    pub event: Event,
    /// The line: JSON without a line break.
    pub line: Vec<u8>,
    /// The hash at the line's end.
    pub hash: [u8; 32],
}

/// The growing end of a run's chain.
///
/// An entry is one line of JSON, its fields in the order of [`Entry`]. `hash`
/// is SHA-256 over the line's bytes up to and without `,"hash":`; since `prev`
/// is among them, a changed, dropped or moved entry breaks every hash after it.
#[derive(Clone, Debug)]
pub struct Chain {
    run: RunId,
    seq: u64,
    prev: [u8; 32],
}

#[derive(Serialize)]
struct Line<'a> {
    v: u32,
    run: &'a RunId,
    seq: u64,
    at: Timestamp,
    actor: &'a Actor,
    event: &'a Event,
}

/// What an entry of any version has.
#[derive(Deserialize)]
struct Head {
    v: u32,
}

impl Chain {
    /// The chain of a run that has no entry yet.
    #[must_use]
    pub fn new(run: RunId) -> Self {
        Self { run, seq: 0, prev: GENESIS }
    }

    /// The chain that goes on after `entries`, which must be a whole run.
    ///
    /// # Errors
    /// [`EntryFault`] if they are not one unbroken chain from 0.
    pub fn after(run: RunId, entries: &[Entry]) -> Result<Self, EntryFault> {
        let mut chain = Self::new(run);
        for entry in entries {
            let hash = decode(&entry.hash).ok_or(EntryFault::Hash { seq: entry.seq })?;
            if entry.run != chain.run || entry.seq != chain.seq {
                return Err(EntryFault::Order { seq: entry.seq, expected: chain.seq });
            }
            if decode(&entry.prev) != Some(chain.prev) {
                return Err(EntryFault::Chain { seq: entry.seq });
            }
            chain.seq += 1;
            chain.prev = hash;
        }
        Ok(chain)
    }

    /// The run.
    #[must_use]
    pub fn run(&self) -> &RunId {
        &self.run
    }

    /// The place of the next entry.
    #[must_use]
    pub fn next_seq(&self) -> u64 {
        self.seq
    }

    /// Seals `event` as the next entry.
    ///
    /// # Errors
    /// If the event cannot be written as JSON, which no event of ours is.
    pub fn seal(&mut self, at: Timestamp, actor: &Actor, event: Event) -> Result<Sealed, serde_json::Error> {
        let seq = self.seq;
        let mut line = Vec::with_capacity(512);
        serde_json::to_writer(&mut line, &Line { v: VERSION, run: &self.run, seq, at, actor, event: &event })?;
        line.pop();
        line.extend_from_slice(b",\"prev\":\"");
        push_hex(&mut line, &self.prev);
        line.push(b'"');
        let hash: [u8; 32] = Sha256::digest(&line).into();
        line.extend_from_slice(b",\"hash\":\"");
        push_hex(&mut line, &hash);
        line.extend_from_slice(b"\"}");
        self.seq += 1;
        self.prev = hash;
        Ok(Sealed { seq, at, event, line, hash })
    }
}

fn push_hex(line: &mut Vec<u8>, hash: &[u8; 32]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for byte in hash {
        for nibble in [byte >> 4, byte & 15] {
            line.push(DIGITS.get(usize::from(nibble)).copied().unwrap_or(b'?'));
        }
    }
}

fn decode(text: &str) -> Option<[u8; 32]> {
    let mut hash = [0; 32];
    let lower = !text.bytes().any(|b| b.is_ascii_uppercase());
    (lower && hex::decode_to_slice(text, &mut hash).is_ok()).then_some(hash)
}

/// Reads one line of a journal and checks its own hash.
///
/// # Errors
/// [`EntryFault::Syntax`] if it is no entry, [`EntryFault::Version`] if it has
/// another shape than ours, [`EntryFault::Hash`] if it was changed after it was
/// sealed.
pub fn verify(line: &[u8]) -> Result<Entry, EntryFault> {
    let entry: Entry = serde_json::from_slice(line).map_err(|e| match serde_json::from_slice(line) {
        Ok(Head { v }) if v != VERSION => EntryFault::Version { v },
        Ok(_) | Err(_) => EntryFault::Syntax(e.to_string()),
    })?;
    if entry.v != VERSION {
        return Err(EntryFault::Version { v: entry.v });
    }
    let tail = format!(",\"hash\":\"{}\"}}", entry.hash);
    let sealed =
        line.strip_suffix(tail.as_bytes()).is_some_and(|head| decode(&entry.hash) == Some(Sha256::digest(head).into()));
    if sealed { Ok(entry) } else { Err(EntryFault::Hash { seq: entry.seq }) }
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
    /// The entry does not have the hash it says.
    #[error("entry {seq} was changed after it was written")]
    Hash {
        /// The entry.
        seq: u64,
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

#[cfg(test)]
mod tests;
