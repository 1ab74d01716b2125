//! A model that says again what a journal holds.

use crate::never;
use async_trait::async_trait;
use attache_journal::{Entry, Event, Message, ModelCalled};
use attache_planner::{ChatModel, ModelError, ModelReply, ModelRequest};
use std::sync::{Arc, Mutex, PoisonError};

/// Gives the recorded answers of one run again, in order.
///
/// A request whose new messages are not the recorded ones fails with the code
/// `replay_differs`, and one more request than recorded with `replay_over`; both
/// name the entry.
#[derive(Debug)]
pub struct ReplayModel {
    calls: Vec<(u64, ModelCalled)>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    next: usize,
    sent: usize,
}

impl ReplayModel {
    /// The model calls among these entries, which are of one run in order.
    #[must_use]
    pub fn new(entries: &[Entry]) -> Self {
        let calls = entries.iter().filter_map(|entry| match &entry.event {
            Some(Event::ModelCalled(call)) => Some((entry.seq, call.clone())),
            _ => None,
        });
        Self { calls: calls.collect(), state: Mutex::default() }
    }

    /// How many answers are left.
    #[must_use]
    pub fn left(&self) -> usize {
        self.calls.len().saturating_sub(self.state.lock().unwrap_or_else(PoisonError::into_inner).next)
    }
}

#[async_trait]
impl ChatModel for ReplayModel {
    fn name(&self) -> &str {
        "replay"
    }

    async fn complete(&self, request: &ModelRequest<'_>) -> Result<ModelReply, ModelError> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let Some((seq, call)) = self.calls.get(state.next) else {
            let last = self.calls.last().map_or_else(|| "none".to_owned(), |(seq, _)| format!("entry {seq}"));
            return Err(never("replay", "replay_over", format!("the last recorded model call is {last}")));
        };
        let new = request.transcript.get(state.sent..).unwrap_or_default();
        if let Some(place) = difference(without_own(new, &call.request), &call.request) {
            let message = format!("entry {seq}: message {place} of the request is not the recorded one");
            return Err(never("replay", "replay_differs", message));
        }
        state.next += 1;
        state.sent = request.transcript.len();
        match (&call.reply, &call.fault) {
            (Some(reply), _) => {
                Ok(ModelReply { model: call.model.clone(), reply: reply.as_ref().clone(), usage: call.usage })
            }
            (None, Some(fault)) => Err(ModelError {
                model: call.model.clone(),
                fault: fault.clone(),
                message: format!("recorded in entry {seq}"),
                usage: call.usage,
            }),
            (None, None) => Err(never("replay", "replay_differs", format!("entry {seq} holds no answer"))),
        }
    }
}

/// What the model said itself is new in the transcript; whether a journal
/// counts it among what was sent is the engine's business.
fn without_own<'a>(new: &'a [Arc<Message>], recorded: &[Arc<Message>]) -> &'a [Arc<Message>] {
    let own = |message: Option<&Arc<Message>>| matches!(message.map(AsRef::as_ref), Some(Message::Assistant(_)));
    match new {
        [_, rest @ ..] if own(new.first()) && !own(recorded.first()) => rest,
        _ => new,
    }
}

/// The place of the first message that differs.
fn difference(new: &[Arc<Message>], recorded: &[Arc<Message>]) -> Option<usize> {
    let same = new.iter().zip(recorded).take_while(|(new, recorded)| new == recorded).count();
    (same < new.len().max(recorded.len())).then_some(same)
}

#[cfg(test)]
mod tests;
