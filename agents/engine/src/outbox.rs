//! An outbox that is a folder.

use async_trait::async_trait;
use attache_context::Channel;
use attache_journal::{Digest, Retry};
use attache_tools::{Delivered, Outbox, Outgoing, PortError};
use lettre::Message;
use lettre::message::header::ContentType;
use lettre::message::{Mailbox, header};
use serde::Serialize;
use std::fs;
use std::io::{self, Read as _, Write};
use std::path::{Path, PathBuf};

/// The extension of what is left of a message that was forgotten.
const GONE: &str = "gone";

/// Messages leave as files of a folder: e-mail as `KEY.eml`, everything else as
/// `KEY.json`. The name is the idempotency key, so a message that is there is
/// not written again; of one that was forgotten, an empty `KEY.gone` is left.
#[derive(Clone, Debug)]
pub struct FolderOutbox {
    folder: PathBuf,
    from: Mailbox,
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
        let from = from.parse().map_err(|e| format!("`{from}` is no sender like `Name <address>`: {e}"))?;
        Ok(Self { folder: folder.into(), from })
    }

    fn bytes(&self, message: &Outgoing, key: &Digest) -> Result<Vec<u8>, PortError> {
        if message.channel != Channel::Email {
            let file = File {
                channel: message.channel,
                to: &message.to,
                subject: &message.subject,
                body: &message.body,
                at: message.at,
            };
            return serde_json::to_vec_pretty(&file).map_err(refused);
        }
        let to = Mailbox::new(message.name.clone(), message.to.parse().map_err(refused)?);
        let mail = Message::builder()
            .from(self.from.clone())
            .to(to)
            .subject(message.subject.as_str())
            .date(system_time(message.at))
            .message_id(Some(format!("<{}@attache>", short(key))))
            .header(ContentType::TEXT_PLAIN)
            .header(header::ContentTransferEncoding::QuotedPrintable)
            .body(message.body.clone())
            .map_err(refused)?;
        Ok(mail.formatted())
    }
}

#[async_trait]
impl Outbox for FolderOutbox {
    async fn deliver(&self, message: &Outgoing, key: &Digest) -> Result<Delivered, PortError> {
        let bytes = self.bytes(message, key)?;
        let extension = if message.channel == Channel::Email { "eml" } else { "json" };
        let name = format!("{}.{extension}", short(key));
        let delivered = Delivered {
            channel: message.channel,
            to: message.to.clone(),
            digest: Digest::of(&[message.subject.as_bytes(), message.body.as_bytes()]),
            receipt: name.clone(),
        };
        let folder = self.folder.clone();
        let written = tokio::task::spawn_blocking(move || write(&folder, &name, &bytes)).await;
        match written {
            Ok(Ok(())) => Ok(delivered),
            Ok(Err(e)) => Err(PortError { message: format!("{}: {e}", self.folder.display()), retry: Retry::Safe }),
            Err(e) => Err(PortError { message: e.to_string(), retry: Retry::Safe }),
        }
    }

    async fn forget(&self, key: &Digest) -> Result<bool, PortError> {
        let (folder, stem) = (self.folder.clone(), short(key).to_owned());
        let failed = |e: String| PortError { message: format!("{}: {e}", self.folder.display()), retry: Retry::Safe };
        let removed = tokio::task::spawn_blocking(move || remove(&folder, &stem)).await;
        removed.map_err(|e| failed(e.to_string()))?.map_err(|e| failed(e.to_string()))
    }
}

/// Removes the files of a message. Their bytes are overwritten first: a name
/// that is gone does not take what it named with it. That there was one stays
/// known, so that it does not leave again.
fn remove(folder: &Path, stem: &str) -> io::Result<bool> {
    let mut removed = false;
    for extension in ["eml", "json", "eml.part", "json.part"] {
        let path = folder.join(format!("{stem}.{extension}"));
        let mut file = match fs::OpenOptions::new().write(true).open(&path) {
            Ok(file) => file,
            Err(e) if e.kind() == io::ErrorKind::NotFound => continue,
            Err(e) => return Err(e),
        };
        io::copy(&mut io::repeat(0).take(file.metadata()?.len()), &mut file)?;
        file.sync_data()?;
        if extension.ends_with("part") {
            fs::remove_file(&path)?;
        } else {
            file.set_len(0)?;
            fs::rename(&path, folder.join(format!("{stem}.{GONE}")))?;
        }
        removed = true;
    }
    if removed {
        fs::File::open(folder)?.sync_all()?;
    }
    Ok(removed)
}

/// Writes a file whole or not at all, and durably.
fn write(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let path = folder.join(name);
    if path.exists() || path.with_extension(GONE).exists() {
        return Ok(());
    }
    let part = folder.join(format!("{name}.part"));
    let mut file = fs::File::create(&part)?;
    file.write_all(bytes)?;
    file.sync_data()?;
    fs::rename(&part, &path)?;
    fs::File::open(folder)?.sync_all()
}

fn system_time(at: jiff::Timestamp) -> std::time::SystemTime {
    let seconds = u64::try_from(at.as_second()).unwrap_or_default();
    std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(seconds)
}

fn short(key: &Digest) -> &str {
    key.as_str().get(..32).unwrap_or(key.as_str())
}

fn refused(e: impl std::fmt::Display) -> PortError {
    PortError { message: e.to_string(), retry: Retry::Never }
}

#[cfg(test)]
mod tests;
