//! What can be wrong with a file, and with the store.

use attache_journal::Retry;
use attache_tools::PortError;
use std::path::PathBuf;
use std::{fmt, io};

/// What is wrong with a file of rows. Nothing of the file is imported.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CrmFault {
    /// The file, as it was named.
    pub file: String,
    /// The line, from 1; none if it is about the whole file.
    pub line: Option<usize>,
    /// The column, where one is to blame.
    pub column: Option<String>,
    /// What is wrong, and what was expected.
    pub what: String,
}

impl fmt::Display for CrmFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.file)?;
        if let Some(line) = self.line {
            write!(f, "{line}:")?;
        }
        if let Some(column) = &self.column {
            write!(f, " `{column}`:")?;
        }
        write!(f, " {}", self.what)
    }
}

impl std::error::Error for CrmFault {}

/// The store of a CRM could not do it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CrmError {
    /// Another process has the store open.
    #[error("{}: another process has the CRM open; try again when it is done", .dir.display())]
    Busy {
        /// The folder of the store.
        dir: PathBuf,
    },
    /// What is stored cannot be read.
    #[error("the stored CRM rows are damaged ({what}); import your files again")]
    Damaged {
        /// What was found.
        what: String,
    },
    /// The store cannot be read or written now: a full disk, for example.
    #[error("the store of the CRM is unavailable: {what}")]
    Unavailable {
        /// Why.
        what: String,
    },
}

impl CrmError {
    /// Whether trying again can help.
    #[must_use]
    pub fn retry(&self) -> Retry {
        match self {
            Self::Busy { .. } | Self::Unavailable { .. } => Retry::Safe,
            Self::Damaged { .. } => Retry::Never,
        }
    }
}

/// What the system said, in plain words where it has no room.
pub(crate) fn told(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "the disk is full".to_owned(),
        _ => error.to_string(),
    }
}

impl From<sled::Error> for CrmError {
    fn from(error: sled::Error) -> Self {
        match error {
            sled::Error::Io(error) => Self::Unavailable { what: told(&error) },
            error @ (sled::Error::CollectionNotFound(_)
            | sled::Error::Corruption { .. }
            | sled::Error::ReportableBug(_)
            | sled::Error::Unsupported(_)) => Self::Damaged { what: error.to_string() },
        }
    }
}

impl From<CrmError> for PortError {
    fn from(error: CrmError) -> Self {
        Self { message: error.to_string(), retry: error.retry() }
    }
}

/// A damaged store was found when it was opened, and moved aside. The CRM is
/// empty until the user imports again.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Damage {
    /// Where the damaged store is now.
    pub moved_to: PathBuf,
    /// What was found.
    pub what: String,
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let aside = self.moved_to.display();
        write!(f, "the CRM's store was damaged ({}) and moved to {aside}; import your files again", self.what)
    }
}
