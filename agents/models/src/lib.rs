//! WHO answers: the models behind [`ChatModel`](attache_planner::ChatModel).
//!
//! - [`OpenAi`]: any server that speaks the chat completions of OpenAI.
//! - [`Offline`]: embedded and deterministic; no key, no network. It plans by the
//!   playbook, answers with sentences of the knowledge base and drafts from
//!   templates.
//! - [`Scripted`] and [`FunctionModel`] for tests, [`ReplayModel`] for what a
//!   journal holds.

mod fixed;
mod offline;
mod openai;
mod replay;
#[cfg(test)]
mod testing;

pub use fixed::{FunctionModel, Scripted, Seen};
pub use offline::Offline;
pub use openai::{ConfigFault, ModelSpec, OpenAi, OpenAiConfig, Planning, Profile, Secret, ToolChoice};
pub use replay::ReplayModel;

use attache_journal::{Fault, Retry, Usage};
use attache_planner::ModelError;

/// A fault that trying again does not cure.
fn never(model: &str, code: &str, message: String) -> ModelError {
    ModelError {
        model: model.to_owned(),
        fault: Fault { code: code.to_owned(), retry: Retry::Never, feedback: String::new() },
        message,
        usage: Usage { attempts: 1, ..Usage::default() },
    }
}

/// What an answer from memory costs.
fn free() -> Usage {
    Usage { attempts: 1, ..Usage::default() }
}
