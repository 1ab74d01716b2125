//! The hash chain that holds the entries of a run together.

use crate::entry::{VERSION, decode, push_hex, splice};
use crate::subject::commit;
use crate::{Actor, Entry, EntryFault, Event, Outline, RunId, Subject, SubjectId};
use jiff::Timestamp;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

/// What `prev` is for the first entry of a run.
const GENESIS: [u8; 32] = [0; 32];

/// An entry as a store keeps it.
#[derive(Clone, Debug)]
pub struct Sealed {
    /// Its place in the run.
    pub seq: u64,
    /// When it was written.
    pub at: Timestamp,
    /// Whose data it is.
    pub subject: Option<SubjectId>,
    /// What of it is never erased.
    pub outline: Outline,
    /// The part in clear: JSON without a line break.
    pub head: Vec<u8>,
    /// The event's JSON: under the subject's key, or in clear if there is none.
    pub body: Vec<u8>,
    /// The hash at the head's end.
    pub hash: [u8; 32],
}

/// The growing end of a run's chain.
///
/// `hash` is SHA-256 over the head's bytes up to and without `,"hash":`; since
/// `prev` is among them, a changed, dropped or moved entry breaks every hash
/// after it.
#[derive(Clone, Debug)]
pub struct Chain {
    run: RunId,
    subject: Option<Subject>,
    seq: u64,
    prev: [u8; 32],
}

#[derive(Serialize)]
struct Head<'a> {
    v: u32,
    run: &'a RunId,
    seq: u64,
    at: Timestamp,
    actor: &'a Actor,
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<&'a SubjectId>,
    outline: &'a Outline,
}

impl Chain {
    /// The chain of a run that has no entry yet; its entries are data of
    /// `subject`, or of nobody's.
    #[must_use]
    pub fn new(run: RunId, subject: Option<Subject>) -> Self {
        Self { run, subject, seq: 0, prev: GENESIS }
    }

    /// The chain that goes on after `entries`, which must be a whole run.
    ///
    /// # Errors
    /// [`EntryFault`] if they are not one unbroken chain from 0.
    pub fn after(run: RunId, subject: Option<Subject>, entries: &[Entry]) -> Result<Self, EntryFault> {
        let mut chain = Self::new(run, subject);
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
    pub fn seal(&mut self, at: Timestamp, actor: &Actor, event: &Event) -> Result<Sealed, serde_json::Error> {
        let (seq, outline) = (self.seq, event.outline());
        let text = serde_json::to_vec(event)?;
        let salt = self.subject.as_ref().map(|subject| subject.salt(&self.run, seq));
        let commitment = commit(salt.as_ref(), &text);
        let body = match &self.subject {
            Some(subject) => subject.encrypt(&commitment, text).ok_or_else(too_long)?,
            None => text,
        };
        let subject = self.subject.as_ref().map(Subject::id);
        let mut head = Vec::with_capacity(512);
        serde_json::to_writer(
            &mut head,
            &Head { v: VERSION, run: &self.run, seq, at, actor, subject, outline: &outline },
        )?;
        head.pop();
        head.extend_from_slice(b",\"commitment\":\"");
        push_hex(&mut head, &commitment);
        head.extend_from_slice(b"\",\"prev\":\"");
        push_hex(&mut head, &self.prev);
        head.push(b'"');
        let hash: [u8; 32] = Sha256::digest(&head).into();
        head.extend_from_slice(b",\"hash\":\"");
        push_hex(&mut head, &hash);
        head.extend_from_slice(b"\"}");
        let subject = subject.cloned();
        self.seq += 1;
        self.prev = hash;
        Ok(Sealed { seq, at, subject, outline, head, body, hash })
    }

    /// The whole line of an entry that this chain sealed from `event`.
    ///
    /// # Errors
    /// As [`seal`](Self::seal).
    pub fn line(&self, sealed: &Sealed, event: &Event) -> Result<Vec<u8>, serde_json::Error> {
        let salt = self.subject.as_ref().map(|subject| subject.salt(&self.run, sealed.seq));
        let text = serde_json::to_vec(event)?;
        splice(&sealed.head, salt.as_ref(), &text).ok_or_else(too_long)
    }
}

// The cipher takes 256 GiB.
fn too_long() -> serde_json::Error {
    serde::ser::Error::custom("the event is too long to be sealed")
}

#[cfg(test)]
mod tests;
