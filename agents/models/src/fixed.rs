//! Models for tests: a list of answers, and a function.

use crate::{free, never};
use async_trait::async_trait;
use attache_journal::{CallRequest, Message, Reply, RunId};
use attache_planner::{ChatModel, ModelError, ModelReply, ModelRequest};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

/// Gives the answers of a list in order and keeps what it was asked.
///
/// When the list is used up it fails with the code `script_over`.
#[derive(Debug)]
pub struct Scripted {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    answers: VecDeque<Result<Reply, ModelError>>,
    seen: Vec<Seen>,
}

/// A request as a model for tests keeps it.
#[derive(Clone, Debug, PartialEq)]
pub struct Seen {
    /// The run.
    pub run: RunId,
    /// The playbook's name.
    pub playbook: String,
    /// The whole conversation.
    pub transcript: Vec<Arc<Message>>,
    /// The names of the tools.
    pub tools: Vec<String>,
    /// The most tokens it might write.
    pub max_output_tokens: u32,
    /// How long the answer might take.
    pub deadline_ms: u64,
}

impl Scripted {
    /// These answers, first one first.
    #[must_use]
    pub fn new(answers: impl IntoIterator<Item = Result<Reply, ModelError>>) -> Self {
        Self { state: Mutex::new(State { answers: answers.into_iter().collect(), seen: Vec::new() }) }
    }

    /// These replies, without any error.
    #[must_use]
    pub fn replies(replies: impl IntoIterator<Item = Reply>) -> Self {
        Self::new(replies.into_iter().map(Ok))
    }

    /// One call a turn, as name and arguments (JSON).
    #[must_use]
    pub fn calls<'a>(calls: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        Self::replies(calls.into_iter().enumerate().map(|(i, (name, arguments))| Reply {
            text: None,
            calls: vec![CallRequest { id: format!("scripted_{i}"), name: name.into(), arguments: arguments.into() }],
        }))
    }

    /// What it was asked so far.
    #[must_use]
    pub fn seen(&self) -> Vec<Seen> {
        self.lock().seen.clone()
    }

    /// How many answers are left.
    #[must_use]
    pub fn left(&self) -> usize {
        self.lock().answers.len()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        // Nothing that holds the lock can panic half-way.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl ChatModel for Scripted {
    fn name(&self) -> &str {
        "scripted"
    }

    async fn complete(&self, request: &ModelRequest<'_>) -> Result<ModelReply, ModelError> {
        let mut state = self.lock();
        state.seen.push(Seen {
            run: request.run.clone(),
            playbook: request.playbook.name.clone(),
            transcript: request.transcript.to_vec(),
            tools: request.tools.specs.iter().map(|spec| spec.name.clone()).collect(),
            max_output_tokens: request.max_output_tokens,
            deadline_ms: request.deadline_ms,
        });
        match state.answers.pop_front() {
            Some(answer) => Ok(ModelReply { model: "scripted".to_owned(), reply: answer?, usage: free() }),
            None => Err(never("scripted", "script_over", format!("asked {} times", state.seen.len()))),
        }
    }
}

/// Asks a function.
pub struct FunctionModel<F> {
    name: String,
    function: F,
}

impl<F> FunctionModel<F>
where
    F: Fn(&ModelRequest<'_>) -> Result<Reply, ModelError> + Send + Sync + 'static,
{
    /// This function under this name.
    pub fn new(name: impl Into<String>, function: F) -> Self {
        Self { name: name.into(), function }
    }
}

impl<F> std::fmt::Debug for FunctionModel<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FunctionModel").field("name", &self.name).finish_non_exhaustive()
    }
}

#[async_trait]
impl<F> ChatModel for FunctionModel<F>
where
    F: Fn(&ModelRequest<'_>) -> Result<Reply, ModelError> + Send + Sync + 'static,
{
    fn name(&self) -> &str {
        &self.name
    }

    async fn complete(&self, request: &ModelRequest<'_>) -> Result<ModelReply, ModelError> {
        let reply = (self.function)(request)?;
        Ok(ModelReply { model: self.name.clone(), reply, usage: free() })
    }
}

#[cfg(test)]
mod tests;
