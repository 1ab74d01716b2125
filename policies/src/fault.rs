//! What is wrong with a file of rules or examples, and where.

use crate::PolicyFile;
use std::fmt;

/// A fault in a file of rules or examples.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PolicyFault {
    /// The file's name; `(actions)` if a tool's description is at fault.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The column in Unicode scalar values, from 1.
    pub column: usize,
    /// What is wrong.
    pub message: String,
}

impl fmt::Display for PolicyFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: {}", self.file, self.line, self.column, self.message)
    }
}

impl std::error::Error for PolicyFault {}

impl PolicyFault {
    /// A fault at a byte of a file.
    pub(crate) fn at(file: &PolicyFile, offset: usize, message: impl Into<String>) -> Self {
        let before = file.text.get(..offset).unwrap_or(&file.text);
        let line_start = before.rfind('\n').map_or(0, |at| at.saturating_add(1));
        Self {
            file: file.name.clone(),
            line: before.matches('\n').count().saturating_add(1),
            column: before.get(line_start..).map_or(0, |line| line.chars().count()).saturating_add(1),
            message: one_line(&message.into()),
        }
    }

    /// A fault that a library found: its own place if it has one.
    pub(crate) fn of(file: &PolicyFile, fault: &dyn miette::Diagnostic) -> Self {
        let offset = fault.labels().and_then(|mut labels| labels.next()).map_or(0, |label| label.offset());
        let help = fault.help().map(|help| format!(" ({help})")).unwrap_or_default();
        Self::at(file, offset, format!("{fault}{help}"))
    }

    /// A fault in what a tool says of itself.
    pub(crate) fn action(message: impl Into<String>) -> Self {
        Self { file: "(actions)".into(), line: 1, column: 1, message: one_line(&message.into()) }
    }
}

fn one_line(message: &str) -> String {
    message.split_whitespace().collect::<Vec<_>>().join(" ")
}
