//! Where a message is kept from the moment it may leave until it has.

use crate::files;
use attache_journal::{Digest, Retry, RunId};
use attache_tools::PortError;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// The version of what is in the files.
const VERSION: u32 = 1;

/// Messages on their way, one file each: `KEY.STATE`, of which the key is that
/// under which it leaves once.
#[derive(Clone, Debug)]
pub struct Spool {
    folder: Arc<Path>,
    busy: Busy,
}

type Busy = Arc<Mutex<HashMap<String, Weak<tokio::sync::Mutex<()>>>>>;

/// How far a message has come, in the order in which one state outweighs
/// another: a crash can leave two of a message.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It is to leave, and has not.
    Reserved,
    /// It was refused or given up, and has not left.
    Dead,
    /// It is being handed over, or was when a process stopped.
    Sending,
    /// It may have left: the answer was lost.
    Unknown,
    /// It left.
    Sent,
    /// It was forgotten and does not leave again.
    Gone,
}

impl State {
    /// From the one that outweighs all others down.
    const ALL: [Self; 6] = [Self::Gone, Self::Sent, Self::Unknown, Self::Sending, Self::Dead, Self::Reserved];

    /// The word for it, which is the extension of the file.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Reserved => "reserved",
            Self::Dead => "dead",
            Self::Sending => "sending",
            Self::Unknown => "unknown",
            Self::Sent => "sent",
            Self::Gone => "gone",
        }
    }
}

/// A message as it is kept.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Letter {
    /// The version of this document: 1.
    pub version: u32,
    /// When it was decided.
    pub at: Timestamp,
    /// Where it goes, as its channel names it.
    pub to: String,
    /// What it is, in a word or a subject line.
    pub what: String,
    /// How often it was tried.
    pub tries: u32,
    /// What the last try came to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<String>,
    /// The literal bytes that leave.
    pub payload: String,
    /// The run that sends it, where an answer to it belongs to one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<RunId>,
}

impl Letter {
    /// A message that was not tried yet.
    #[must_use]
    pub fn new(at: Timestamp, to: &str, what: &str, payload: String) -> Self {
        Self {
            version: VERSION,
            at,
            to: to.to_owned(),
            what: what.to_owned(),
            tries: 0,
            last: None,
            payload,
            run: None,
        }
    }

    /// That of a run, to which an answer to it belongs.
    #[must_use]
    pub fn of(self, run: RunId) -> Self {
        Self { run: Some(run), ..self }
    }
}

/// What is left of a message that left: nothing of its text or its reader.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
struct Stub {
    version: u32,
    at: Timestamp,
    receipt: String,
    /// The digest of id and reader: whether a report is about this message.
    reader: Digest,
    /// The run that sent it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    run: Option<RunId>,
}

/// A message that somebody should look at.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Listed {
    /// What it is called: what `resend` takes.
    pub id: String,
    /// How far it has come.
    pub state: State,
    /// What it is.
    pub letter: Letter,
}

/// A message did not leave, or perhaps it did.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{message}")]
pub struct Failed {
    /// What that means for the next try.
    pub how: How,
    /// What happened, for operators.
    pub message: String,
}

/// What a failed try means for the next.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum How {
    /// It did not leave; it may be tried again.
    Later,
    /// It did not leave, and will not.
    Never,
    /// It may have left.
    Unknown,
}

impl Failed {
    pub(crate) fn later(message: impl std::fmt::Display) -> Self {
        Self { how: How::Later, message: message.to_string() }
    }

    pub(crate) fn never(message: impl std::fmt::Display) -> Self {
        Self { how: How::Never, message: message.to_string() }
    }

    pub(crate) fn unknown(message: impl std::fmt::Display) -> Self {
        Self { how: How::Unknown, message: message.to_string() }
    }
}

impl From<Failed> for PortError {
    fn from(failed: Failed) -> Self {
        let retry = match failed.how {
            How::Later => Retry::Safe,
            How::Never => Retry::Never,
            How::Unknown => Retry::AfterCheck,
        };
        Self { message: failed.message, retry }
    }
}

/// The file name of a key.
pub(crate) fn stem(key: &Digest) -> &str {
    key.as_str().get(..32).unwrap_or(key.as_str())
}

impl Spool {
    /// The messages of `folder`, which is made when the first one comes.
    #[must_use]
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into().into(), busy: Busy::default() }
    }

    /// Where it is.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// How far a message has come; `None` if there is none.
    ///
    /// # Errors
    /// If the folder cannot be read.
    pub fn state(&self, id: &str) -> io::Result<Option<State>> {
        for state in State::ALL {
            // A message that left as a file of its own has left.
            let filed: &[&str] = if state == State::Sent { &["sent", "eml", "json"] } else { &[state.as_str()] };
            for extension in filed {
                if self.folder.join(format!("{id}.{extension}")).try_exists()? {
                    return Ok(Some(state));
                }
            }
        }
        Ok(None)
    }

    /// What has not left, or perhaps has: the oldest first.
    ///
    /// # Errors
    /// If the folder or one of its messages cannot be read.
    pub fn list(&self) -> io::Result<Vec<Listed>> {
        let files = match fs::read_dir(&self.folder) {
            Ok(files) => files,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(e) => return Err(e),
        };
        let mut listed = Vec::new();
        for file in files {
            let name = file?.file_name();
            let Some((id, extension)) = name.to_str().and_then(|name| name.rsplit_once('.')) else { continue };
            let Some(state) = State::ALL.into_iter().find(|state| state.as_str() == extension) else { continue };
            // Of two that a crash left, the one that counts.
            if state < State::Sent && self.state(id)? == Some(state) {
                listed.push(Listed { id: id.to_owned(), state, letter: self.load(id, state)? });
            }
        }
        listed.sort_by(|a, b| (a.letter.at, &a.id).cmp(&(b.letter.at, &b.id)));
        Ok(listed)
    }

    /// Overwrites and removes what is held of a message. That there was one
    /// stays known, so that it does not leave again.
    ///
    /// # Errors
    /// If a file cannot be changed.
    pub fn forget(&self, id: &str) -> io::Result<bool> {
        let mut held = false;
        // That it left stays known; whom it reached does not. It held no text.
        if self.folder.join(file(id, State::Sent)).try_exists()? {
            files::write(&self.folder, &file(id, State::Gone), b"")?;
            files::erase(&self.folder, &file(id, State::Sent))?;
        }
        for state in [State::Unknown, State::Sending, State::Dead, State::Reserved] {
            for name in [file(id, state), format!("{}.part", file(id, state))] {
                if self.folder.join(&name).try_exists()? {
                    // Known first: a crash between the two does not send it.
                    files::write(&self.folder, &file(id, State::Gone), b"")?;
                    held |= files::erase(&self.folder, &name)?;
                }
            }
        }
        Ok(held)
    }

    /// Takes a message in that is to leave; the one that is there stays as it is.
    pub(crate) fn reserve(&self, id: &str, letter: &Letter) -> io::Result<State> {
        match self.state(id)? {
            Some(state) => Ok(state),
            None => self.put(id, State::Reserved, letter).map(|()| State::Reserved),
        }
    }

    /// A message that is kept.
    pub(crate) fn load(&self, id: &str, state: State) -> io::Result<Letter> {
        let name = file(id, state);
        let bytes = fs::read(self.folder.join(&name))?;
        let letter: Letter = serde_json::from_slice(&bytes).map_err(|e| damaged(&name, &e.to_string()))?;
        if letter.version != VERSION {
            return Err(damaged(&name, &format!("version {} is not known, {VERSION} is", letter.version)));
        }
        Ok(letter)
    }

    /// Where a message that left is found at the other side.
    pub(crate) fn receipt(&self, id: &str) -> io::Result<Option<String>> {
        Ok(self.stub(id)?.map(|stub| stub.receipt))
    }

    fn stub(&self, id: &str) -> io::Result<Option<Stub>> {
        let name = file(id, State::Sent);
        match fs::read(self.folder.join(&name)) {
            Ok(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(|e| damaged(&name, &e.to_string())),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(e),
        }
    }

    /// Keeps other processes from a message while the file is open; an error if
    /// one of them has it. The lock goes with the process that has it.
    pub(crate) fn hold(&self, id: &str, state: State) -> io::Result<fs::File> {
        let file = fs::File::open(self.folder.join(file(id, state)))?;
        match file.try_lock() {
            Ok(()) => Ok(file),
            Err(fs::TryLockError::WouldBlock) => {
                Err(io::Error::new(io::ErrorKind::WouldBlock, "another process is sending it"))
            }
            Err(fs::TryLockError::Error(e)) => Err(e),
        }
    }

    /// A message goes from one state to another as it is. Of two that want
    /// that, one is told that the file is not there.
    pub(crate) fn turn(&self, id: &str, from: State, to: State) -> io::Result<()> {
        files::rename(&self.folder, &file(id, from), &file(id, to))
    }

    /// Whether a message with this id left, or may have, to this reader.
    ///
    /// # Errors
    /// If the folder cannot be read.
    pub fn left_to(&self, id: &str, to: &str) -> io::Result<bool> {
        match self.state(id)? {
            Some(State::Sent) => Ok(self.stub(id)?.is_some_and(|stub| stub.reader == reader(id, to))),
            Some(state @ (State::Sending | State::Unknown)) => Ok(self.load(id, state)?.to.eq_ignore_ascii_case(to)),
            Some(State::Reserved | State::Dead | State::Gone) | None => Ok(false),
        }
    }

    /// The run that sent the message with this id, if it left, or may have, to
    /// this reader.
    ///
    /// # Errors
    /// If the folder cannot be read.
    pub fn run_of(&self, id: &str, to: &str) -> io::Result<Option<RunId>> {
        if !self.left_to(id, to)? {
            return Ok(None);
        }
        match self.state(id)? {
            Some(State::Sent) => Ok(self.stub(id)?.and_then(|stub| stub.run)),
            Some(state @ (State::Sending | State::Unknown)) => Ok(self.load(id, state)?.run),
            Some(State::Reserved | State::Dead | State::Gone) | None => Ok(None),
        }
    }

    /// A message left.
    pub(crate) fn sent(&self, id: &str, letter: &Letter, at: Timestamp, receipt: &str) -> io::Result<()> {
        let reader = reader(id, &letter.to);
        let stub = Stub { version: VERSION, at, receipt: receipt.to_owned(), reader, run: letter.run.clone() };
        let bytes = serde_json::to_vec(&stub)?;
        files::write(&self.folder, &file(id, State::Sent), &bytes)?;
        self.drop_others(id, State::Sent)
    }

    /// A message that did not leave, with what came of the try.
    pub(crate) fn put(&self, id: &str, state: State, letter: &Letter) -> io::Result<()> {
        let bytes = serde_json::to_vec(letter)?;
        files::write(&self.folder, &file(id, state), &bytes)?;
        self.drop_others(id, state)
    }

    fn drop_others(&self, id: &str, kept: State) -> io::Result<()> {
        for state in State::ALL.into_iter().filter(|state| *state != kept && *state < State::Sent) {
            files::erase(&self.folder, &file(id, state))?;
        }
        Ok(())
    }

    /// Only one at a time does something with a message in this process.
    pub(crate) async fn lock(&self, id: &str) -> tokio::sync::OwnedMutexGuard<()> {
        let lock = {
            let mut busy = self.busy.lock().unwrap_or_else(PoisonError::into_inner);
            busy.retain(|_, lock| lock.strong_count() > 0);
            let known = busy.get(id).and_then(Weak::upgrade);
            let lock = known.unwrap_or_default();
            busy.insert(id.to_owned(), Arc::downgrade(&lock));
            lock
        };
        lock.lock_owned().await
    }
}

fn reader(id: &str, to: &str) -> Digest {
    Digest::of(&[id.as_bytes(), to.to_lowercase().as_bytes()])
}

fn file(id: &str, state: State) -> String {
    format!("{id}.{}", state.as_str())
}

fn damaged(name: &str, why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("{name}: {why}"))
}
