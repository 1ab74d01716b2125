//! What goes wrong with a tool, typed.

use crate::Suppressed;
use attache_journal::{Fault, Retry};
use std::borrow::Cow;

/// The error of a tool: whether to try again, a stable code, and what the model
/// may read. Its `Display` is for operators and never reaches a model, since an
/// error's text can hold anything.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say how to treat it as a tool's fault",
    note = "implement `ToolFault`: `retry`, `code` and `feedback`"
)]
pub trait ToolFault: std::error::Error + Send + Sync + 'static {
    /// Whether trying again can help.
    fn retry(&self) -> Retry;

    /// A stable word for it, such as `not_found`.
    fn code(&self) -> &'static str;

    /// The only text of it that the model sees.
    fn feedback(&self) -> Cow<'static, str>;
}

/// The error of a tool that cannot fail.
#[derive(Clone, Copy, Debug, thiserror::Error)]
pub enum NoFault {}

impl ToolFault for NoFault {
    fn retry(&self) -> Retry {
        match *self {}
    }

    fn code(&self) -> &'static str {
        match *self {}
    }

    fn feedback(&self) -> Cow<'static, str> {
        match *self {}
    }
}

/// What a tool needs is not there at the moment.
#[derive(Debug, thiserror::Error)]
#[error("{what} is not available: {source}")]
pub struct Unavailable {
    /// What is not there.
    pub what: &'static str,
    /// Whether trying again can help.
    pub retry: Retry,
    /// Why, for operators.
    pub source: Box<dyn std::error::Error + Send + Sync>,
}

impl ToolFault for Unavailable {
    fn retry(&self) -> Retry {
        self.retry
    }

    fn code(&self) -> &'static str {
        if self.source.is::<Suppressed>() { "suppressed" } else { "unavailable" }
    }

    fn feedback(&self) -> Cow<'static, str> {
        if self.source.is::<Suppressed>() {
            return "the address takes no messages any more".into();
        }
        format!("{} is not available at the moment", self.what).into()
    }
}

/// The arguments of a call are not what the tool takes.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{}: {message}", if pointer.is_empty() { "/" } else { pointer })]
pub struct InputFault {
    /// The place in the arguments, a JSON pointer.
    pub pointer: String,
    /// What is wrong and what was expected.
    pub message: String,
}

impl From<InputFault> for Fault {
    fn from(fault: InputFault) -> Self {
        Self { code: "invalid_arguments".into(), retry: Retry::Never, feedback: fault.to_string() }
    }
}
