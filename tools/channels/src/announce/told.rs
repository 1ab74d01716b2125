//! How far the journal has been told.

use crate::files;
use jiff::{SignedDuration, Timestamp};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// How long an entry may be on its way to whoever hears of it: so much is heard again.
const ON_ITS_WAY: SignedDuration = SignedDuration::from_mins(1);

/// How much is heard where nothing was told before.
const AT_FIRST: SignedDuration = SignedDuration::from_hours(24);

/// It is noted so seldom: what is heard again is not told again.
const EVERY: SignedDuration = SignedDuration::from_mins(1);

/// Up to when everything was told, in a file.
pub(crate) struct Told {
    folder: PathBuf,
    /// What the file says, once this process may change it: it has heard
    /// everything since then.
    noted: Mutex<Option<Timestamp>>,
}

impl Told {
    const NAME: &str = "told";

    pub(crate) fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), noted: Mutex::default() }
    }

    /// From when on the journal is to be heard again.
    pub(crate) fn since(&self, now: Timestamp) -> io::Result<Timestamp> {
        let noted = match fs::read_to_string(self.folder.join(Self::NAME)) {
            // A file that says nothing is as none.
            Ok(text) => text.trim().parse::<Timestamp>().ok(),
            Err(e) if e.kind() == io::ErrorKind::NotFound => None,
            Err(e) => return Err(e),
        };
        let since = noted.map_or(now.checked_sub(AT_FIRST), |noted| noted.checked_sub(ON_ITS_WAY));
        Ok(since.unwrap_or(Timestamp::MIN))
    }

    /// Everything since then was heard: from now on it may be noted.
    pub(crate) fn heard(&self, since: Timestamp) {
        *self.noted.lock().unwrap_or_else(PoisonError::into_inner) = Some(since);
    }

    /// Something was not told and nobody keeps it: the next process hears of it
    /// again, and of what came after.
    pub(crate) fn missed(&self) {
        *self.noted.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Everything that was heard up to then is told or kept.
    pub(crate) fn note(&self, at: Timestamp) -> io::Result<()> {
        let mut noted = self.noted.lock().unwrap_or_else(PoisonError::into_inner);
        if noted.is_some_and(|last| at.duration_since(last) >= EVERY) {
            files::write(&self.folder, Self::NAME, at.to_string().as_bytes())?;
            *noted = Some(at);
        }
        Ok(())
    }
}
