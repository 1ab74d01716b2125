//! From a completion to a reply.

use super::action;
use super::answer::{Answer, MAX_CALLS};
use super::{Failure, Planning};
use attache_journal::{CallRequest, Message, Reply};
use std::sync::Arc;

/// The most bytes of text in one reply, and of arguments in one reply.
const MAX_TEXT: usize = 64 << 10;

/// Sorts out what is no completion: an error in its place, or the beginning of
/// one that was cut.
pub(super) fn whole(mut answer: Answer) -> Result<Answer, Failure> {
    if let Some(error) = answer.error.take() {
        return Err(error.into_failure());
    }
    if answer.cut && answer.finish.is_none() {
        return Err(Failure::Transient { message: "the stream was cut".to_owned(), after: None });
    }
    Ok(answer)
}

/// The reply in a completion, within bounds.
pub(super) fn reply(answer: Answer, planning: Planning, transcript: &[Arc<Message>]) -> Result<Reply, Failure> {
    if !answer.chosen {
        return Err(Failure::invalid("the answer has no choice", "Your last answer was empty. Answer again."));
    }
    bounded(&answer)?;
    let cut = answer.finish.as_deref() == Some("length");
    if cut && (planning == Planning::Action || !answer.calls.is_empty()) {
        return Err(Failure::invalid(
            "the answer was cut off by the limit of tokens",
            "Your last answer was cut off. Be brief.",
        ));
    }
    // An id must not come twice in a conversation.
    let before = transcript.iter().map(|message| match message.as_ref() {
        Message::Assistant(reply) => reply.calls.len(),
        Message::System { .. } | Message::Tool { .. } | Message::User { .. } => 0,
    });
    let before: usize = before.sum();
    let text = answer.text.filter(|text| !text.trim().is_empty());
    if planning == Planning::Action && answer.calls.is_empty() {
        let call = action::parse(text.as_deref().unwrap_or_default(), format!("action_{}", before + 1));
        let call = call.ok_or_else(|| {
            Failure::invalid(
                "the answer is not an action",
                "Answer with {\"action\": {\"tool\": …, \"arguments\": {…}}}.",
            )
        })?;
        return Ok(Reply { text: None, calls: vec![call] });
    }
    let mut calls: Vec<CallRequest> = Vec::with_capacity(answer.calls.len());
    for (place, call) in answer.calls.into_iter().enumerate() {
        if call.name.is_empty() {
            return Err(Failure::invalid("a call names no tool", "Your last call named no tool."));
        }
        let known = call.id.is_empty() || calls.iter().any(|earlier| earlier.id == call.id);
        let id = if known { format!("call_{}", before + place + 1) } else { call.id };
        // No arguments at all is how some models write none.
        let arguments = if call.arguments.trim().is_empty() { "{}".to_owned() } else { call.arguments };
        calls.push(CallRequest { id, name: call.name, arguments });
    }
    Ok(Reply { text, calls })
}

fn bounded(answer: &Answer) -> Result<(), Failure> {
    let arguments: usize = answer.calls.iter().map(|call| call.arguments.len() + call.name.len() + call.id.len()).sum();
    let broken = if answer.overflow || answer.calls.len() > MAX_CALLS {
        format!("more than {MAX_CALLS} calls")
    } else if answer.text.as_ref().is_some_and(|text| text.len() > MAX_TEXT) {
        format!("more than {MAX_TEXT} bytes of text")
    } else if arguments > MAX_TEXT {
        format!("more than {MAX_TEXT} bytes of arguments")
    } else {
        return Ok(());
    };
    Err(Failure::invalid(format!("the answer has {broken}"), format!("Your last answer had {broken}. Answer briefly.")))
}
