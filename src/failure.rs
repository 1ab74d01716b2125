//! What goes wrong in a command, and its exit status.

use attache::BuildError;
use attache::engine::{ReviewError, RunError};
use attache::journal::StoreError;
use std::process::ExitCode;

/// A command did not do what it was asked: one line for the person, and a
/// status for programs.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) message: String,
    pub(crate) status: u8,
    broken_pipe: bool,
}

impl Failure {
    /// The input is refused; nothing was written.
    pub(crate) fn refused(message: impl Into<String>) -> Self {
        Self { message: message.into(), status: 2, broken_pipe: false }
    }

    /// Something needed is not there; the same command goes on.
    pub(crate) fn unavailable(message: impl Into<String>) -> Self {
        Self { message: message.into(), status: 3, broken_pipe: false }
    }

    /// A check found a fault.
    pub(crate) fn check(message: impl Into<String>) -> Self {
        Self { message: message.into(), status: 4, broken_pipe: false }
    }

    /// A fault of ours.
    pub(crate) fn ours(message: impl Into<String>) -> Self {
        Self { message: message.into(), status: 1, broken_pipe: false }
    }

    /// Several as one: every message, and the status of the first.
    pub(crate) fn all(failures: Vec<Self>) -> Result<(), Self> {
        let Some(first) = failures.first() else { return Ok(()) };
        let messages: Vec<_> = failures.iter().map(|failure| failure.message.as_str()).collect();
        Err(Self { message: messages.join("; "), status: first.status, broken_pipe: false })
    }

    /// Whether whoever read our output had enough, as `head` does.
    pub(crate) fn is_broken_pipe(&self) -> bool {
        self.broken_pipe
    }

    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.status)
    }
}

impl From<BuildError> for Failure {
    fn from(error: BuildError) -> Self {
        Self::refused(error.to_string())
    }
}

impl From<RunError> for Failure {
    fn from(error: RunError) -> Self {
        match error {
            RunError::Store(error) => error.into(),
            RunError::Unavailable { .. } => Self::unavailable(error.to_string()),
            RunError::NoPlaybook(_) | RunError::Unknown(_) => Self::refused(error.to_string()),
            RunError::Broken { .. } => Self::check(error.to_string()),
            _ => Self::ours(error.to_string()),
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Corrupt { .. } => Self::check(error.to_string()),
            StoreError::Conflict { .. } => Self::ours(error.to_string()),
            _ => Self::unavailable(error.to_string()),
        }
    }
}

impl From<ReviewError> for Failure {
    fn from(error: ReviewError) -> Self {
        match error {
            ReviewError::Run(error) => error.into(),
            other => Self::refused(other.to_string()),
        }
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        let broken_pipe = error.kind() == std::io::ErrorKind::BrokenPipe;
        Self { broken_pipe, ..Self::unavailable(error.to_string()) }
    }
}
