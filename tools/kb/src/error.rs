//! What can go wrong with the whole knowledge base.

use crate::vectors::EmbedFault;
use attache_journal::Retry;
use attache_tools::PortError;
use std::io;
use std::path::{Path, PathBuf};
use tantivy::TantivyError;
use tantivy::directory::error::OpenDirectoryError;

/// The knowledge base could not do it. Faults of single files are no errors:
/// they are lines of the [`Report`](crate::Report).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KbError {
    /// Another process is changing this knowledge base.
    #[error("{}: another process is changing the knowledge base; try again when it is done", .dir.display())]
    Busy {
        /// The folder of the index.
        dir: PathBuf,
    },
    /// The index cannot be read.
    #[error(
        "{}: the index of the knowledge base is damaged ({what}); delete the folder and add the articles again",
        .dir.display()
    )]
    Damaged {
        /// The folder of the index.
        dir: PathBuf,
        /// What was found.
        what: String,
    },
    /// No vectors could be made.
    #[error(transparent)]
    Embed(EmbedFault),
    /// A path to add is not there, or cannot be read at all.
    #[error("{}: {source}", .path.display())]
    Path {
        /// The path.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The index cannot be read or written now: a full disk, for example.
    #[error("{}: the index of the knowledge base is unavailable: {what}", .dir.display())]
    Unavailable {
        /// The folder of the index.
        dir: PathBuf,
        /// Why.
        what: String,
    },
    /// The index is of another version of this program.
    #[error(
        "{}: the index of the knowledge base is of another version of attache; `attache kb add` with the folders of \
         the articles makes it anew",
        .dir.display()
    )]
    Version {
        /// The folder of the index.
        dir: PathBuf,
    },
}

impl KbError {
    /// Whether trying again can help.
    #[must_use]
    pub fn retry(&self) -> Retry {
        match self {
            Self::Busy { .. } | Self::Embed(_) | Self::Unavailable { .. } => Retry::Safe,
            Self::Damaged { .. } | Self::Path { .. } | Self::Version { .. } => Retry::Never,
        }
    }

    /// What the index in `dir` said.
    pub(crate) fn index(dir: &Path, error: TantivyError) -> Self {
        let dir = dir.to_owned();
        match error {
            TantivyError::LockFailure(..) => Self::Busy { dir },
            TantivyError::IncompatibleIndex(_) => Self::Version { dir },
            TantivyError::IoError(error) => Self::Unavailable { dir, what: error.to_string() },
            TantivyError::OpenDirectoryError(OpenDirectoryError::NotADirectory(_)) => {
                Self::Unavailable { dir, what: "not a folder".to_owned() }
            }
            TantivyError::OpenDirectoryError(error) => Self::Unavailable { dir, what: error.to_string() },
            error => Self::Damaged { dir, what: error.to_string() },
        }
    }
}

impl From<KbError> for PortError {
    fn from(error: KbError) -> Self {
        Self { message: error.to_string(), retry: error.retry() }
    }
}
