//! What a model is asked, and the trait of whoever answers.

use crate::Playbook;
use async_trait::async_trait;
use attache_journal::{Digest, Fault, Message, Reply, RunId, Usage};
use attache_prompts::Brief;
use attache_tools::ToolSpec;
use std::any::Any;
use std::sync::{Arc, Mutex, PoisonError};

/// Something that answers: a language model, or what stands in for one.
#[async_trait]
pub trait ChatModel: Send + Sync + 'static {
    /// Its name, as the journal records it: `offline`, `openai:NAME`.
    fn name(&self) -> &str;

    /// Answers one request, within its own timeouts and retries.
    async fn complete(&self, request: &ModelRequest<'_>) -> Result<ModelReply, ModelError>;
}

/// One request: the conversation so far and what may be called.
#[derive(Clone, Copy, Debug)]
pub struct ModelRequest<'a> {
    /// The run, for correlation only.
    pub run: &'a RunId,
    /// The whole conversation, the system message first.
    pub transcript: &'a [Arc<Message>],
    /// The tools it may ask for.
    pub tools: &'a ToolSet,
    /// What the conversation starts from, as data; the offline model plans on it.
    pub brief: &'a Brief,
    /// The playbook of the run.
    pub playbook: &'a Playbook,
    /// The most tokens it may write.
    pub max_output_tokens: u32,
    /// How long the answer may take, in milliseconds.
    pub deadline_ms: u64,
    /// What the model kept of this conversation when it was asked before.
    pub memo: &'a Memo,
}

/// What a model keeps of one conversation between its turns, so that it makes
/// once what it makes of a message. Only a memory: nothing rests on it.
#[derive(Debug, Default)]
pub struct Memo(Mutex<Option<Box<dyn Any + Send>>>);

impl Memo {
    /// Takes out what was kept, if it is of this type.
    pub fn take<T: Any + Send>(&self) -> Option<T> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        kept.and_then(|kept| kept.downcast().ok()).map(|kept| *kept)
    }

    /// Keeps `memory` until the next turn.
    pub fn keep<T: Any + Send>(&self, memory: T) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(memory));
    }
}

/// The tools of one playbook.
#[derive(Clone, Debug)]
pub struct ToolSet {
    /// What they are, in the order of the playbook.
    pub specs: Vec<Arc<ToolSpec>>,
    /// The digest of names, descriptions and schemas: adapters key what they
    /// derive from the set with it.
    pub digest: Digest,
}

impl ToolSet {
    /// The set of these tools.
    #[must_use]
    pub fn new(specs: Vec<Arc<ToolSpec>>) -> Self {
        let parts: Vec<String> =
            specs.iter().map(|s| format!("{}\n{}\n{}", s.name, s.description, s.input_schema)).collect();
        let bytes: Vec<&[u8]> = parts.iter().map(String::as_bytes).collect();
        Self { digest: Digest::of(&bytes), specs }
    }
}

/// An answer.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelReply {
    /// The model that gave it, which a fallback list may have chosen.
    pub model: String,
    /// What it said.
    pub reply: Reply,
    /// What it cost.
    pub usage: Usage,
}

/// No answer.
///
/// `fault.retry` tells what to do: `safe`, the model could not be reached and
/// the run waits; `never` with the code [`INVALID_REPLY`], what came is no
/// answer and the model is told so; any other `never`, a person takes over.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{model}: {message}")]
pub struct ModelError {
    /// The model that was asked last.
    pub model: String,
    /// What the journal keeps; `feedback` is what the model may read of it.
    pub fault: Fault,
    /// What happened, for operators; it holds nothing of the conversation.
    pub message: String,
    /// What it cost all the same.
    pub usage: Usage,
}

/// The code of a reply that is none: not JSON, cut off, too long.
pub const INVALID_REPLY: &str = "invalid_reply";
