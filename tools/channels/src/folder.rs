//! An outbox that is a folder.

use crate::compose::Composer;
use crate::files;
use crate::spool::{Failed, Spool, State, stem};
use async_trait::async_trait;
use attache_context::Channel;
use attache_journal::{Digest, Retry};
use attache_tools::{Delivered, Outbox, Outgoing, PortError};
use serde::Serialize;
use std::io;
use std::path::PathBuf;

/// Messages leave as files of a folder: e-mail as `KEY.eml`, everything else as
/// `KEY.json`. The name is the idempotency key, so a message that is there is
/// not written again; of one that was forgotten, an empty `KEY.gone` is left.
///
/// What a conversation of our own interface [shows](Outgoing::shown) needs no
/// file: it has left when the journal has it.
#[derive(Clone, Debug)]
pub struct FolderOutbox {
    spool: Spool,
    composer: Composer,
}

#[derive(Serialize)]
struct File<'a> {
    channel: Channel,
    to: &'a str,
    subject: &'a str,
    body: &'a str,
    at: jiff::Timestamp,
}

impl FolderOutbox {
    /// An outbox in `folder`, which is made when the first message leaves, with
    /// `from` as the sender: `Name <address>`.
    ///
    /// # Errors
    /// If `from` is no mailbox.
    pub fn new(folder: impl Into<PathBuf>, from: &str) -> Result<Self, String> {
        Ok(Self { spool: Spool::new(folder), composer: Composer::new(from)? })
    }

    fn bytes(&self, message: &Outgoing, key: &Digest) -> Result<Vec<u8>, Failed> {
        if message.channel == Channel::Email {
            return self.composer.compose(message, key);
        }
        let file = File {
            channel: message.channel,
            to: &message.to,
            subject: &message.subject,
            body: &message.body,
            at: message.at,
        };
        serde_json::to_vec_pretty(&file).map_err(Failed::never)
    }

    fn failed(&self, e: &dyn std::fmt::Display) -> PortError {
        PortError { message: format!("{}: {e}", self.spool.folder().display()), retry: Retry::Safe }
    }
}

#[async_trait]
impl Outbox for FolderOutbox {
    async fn deliver(&self, message: &Outgoing, key: &Digest) -> Result<Delivered, PortError> {
        if message.shown {
            return Ok(delivered(message, message.run.to_string()));
        }
        let bytes = self.bytes(message, key)?;
        let extension = if message.channel == Channel::Email { "eml" } else { "json" };
        let name = format!("{}.{extension}", stem(key));
        let delivered = delivered(message, name.clone());
        let (spool, id) = (self.spool.clone(), stem(key).to_owned());
        let written = tokio::task::spawn_blocking(move || write(&spool, &id, &name, &bytes)).await;
        match written {
            Ok(Ok(())) => Ok(delivered),
            Ok(Err(e)) => Err(self.failed(&e)),
            Err(e) => Err(self.failed(&e)),
        }
    }

    async fn forget(&self, key: &Digest) -> Result<bool, PortError> {
        let (spool, id) = (self.spool.clone(), stem(key).to_owned());
        let removed = tokio::task::spawn_blocking(move || remove(&spool, &id)).await;
        removed.map_err(|e| self.failed(&e))?.map_err(|e| self.failed(&e))
    }
}

/// What is told of a message that left.
pub(crate) fn delivered(message: &Outgoing, receipt: String) -> Delivered {
    Delivered {
        channel: message.channel,
        to: message.to.clone(),
        digest: Digest::of(&[message.subject.as_bytes(), message.body.as_bytes()]),
        receipt,
    }
}

/// Removes the files of a message, and what is in them. That there was one
/// stays known, so that it does not leave again.
pub(crate) fn remove(spool: &Spool, id: &str) -> io::Result<bool> {
    let mut removed = spool.forget(id)?;
    let folder = spool.folder();
    for extension in ["eml", "json"] {
        removed |= files::erase(folder, &format!("{id}.{extension}.part"))?;
        let name = format!("{id}.{extension}");
        if files::wipe(&folder.join(&name))? {
            files::rename(folder, &name, &format!("{id}.{}", State::Gone.as_str()))?;
            removed = true;
        }
    }
    Ok(removed)
}

fn write(spool: &Spool, id: &str, name: &str, bytes: &[u8]) -> io::Result<()> {
    match spool.state(id)? {
        None => files::write(spool.folder(), name, bytes),
        Some(State::Sent | State::Gone) => Ok(()),
        Some(state) => {
            let why = format!("{id} is {} by another way; `outbox list` names it", state.as_str());
            Err(io::Error::new(io::ErrorKind::AlreadyExists, why))
        }
    }
}

#[cfg(test)]
mod tests;
