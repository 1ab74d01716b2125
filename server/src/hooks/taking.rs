//! A message that came in becomes the run that takes it, once.

use super::{Answers, Wrote};
use crate::desk::Desk;
use crate::problem::Problem;
use attache_context::{Bundle, Fact, Purpose, Sensitivity, Source};
use attache_engine::Next;
use attache_journal::{Digest, Entry, Event, RunId, RunStarted};
use serde_json::{Value, json};
use std::sync::Arc;

/// The fact that names the delivery which a conversation began with. It has no
/// purpose: no model reads it.
const DELIVERY: &str = "hook.delivery";

/// Takes a message in: when this returns, its run is durable.
pub(super) async fn take(desk: &Arc<Desk>, hook: &str, wrote: Wrote) -> Result<(), Problem> {
    let Wrote { delivery, conversation, answers, mut bundle } = wrote;
    let mut first = None;
    if let Some(answers) = answers {
        match answered(desk, hook, &answers, &mut bundle).await? {
            Answered::Conversation(conversation) => return follow(desk, hook, &conversation, &delivery, bundle).await,
            Answered::Outreach(run) => first = Some(run),
            // Whom it was written to was forgotten: they are somebody else now.
            Answered::Nothing => {}
        }
    }
    let first = match first {
        Some(first) => first,
        // Who was forgotten and writes again is somebody else, in another conversation.
        None => {
            let subject = desk.parts.store.subject(&bundle.customer.id).await?;
            named(hook, &[&conversation, subject.id().as_str()])
        }
    };
    let known = Fact { observed_at: bundle.trigger.at(), ..fact(DELIVERY, json!(delivery)) };
    bundle.contextual.push(known);
    if desk.parts.engine.take_in(first.clone(), Arc::new(bundle.clone())).await? {
        desk.resume(first).await;
        return Ok(());
    }
    let Some(opening) = opening(&desk.parts.store.entries(&first).await?).cloned() else {
        // Another message opened the conversation at this moment.
        return Err(Problem::unavailable("the conversation is being opened; send this again"));
    };
    let same = opening.bundle.trigger == bundle.trigger || opening.bundle.text(DELIVERY) == Some(&delivery);
    if same { Ok(()) } else { follow(desk, hook, &first, &delivery, bundle).await }
}

/// Takes the next message of a conversation in.
async fn follow(
    desk: &Arc<Desk>,
    hook: &str,
    conversation: &RunId,
    delivery: &str,
    bundle: Bundle,
) -> Result<(), Problem> {
    let Some(text) = bundle.trigger.message().map(str::to_owned) else { return Ok(()) };
    let next =
        Next { text, at: bundle.trigger.at(), channel: Some(bundle.trigger.channel()), facts: bundle.contextual };
    let id = named(hook, &[conversation.as_str(), delivery]);
    if desk.parts.engine.take_in_next(id.clone(), conversation, next).await? {
        desk.resume(id).await;
    }
    Ok(())
}

/// What a customer answers.
enum Answered {
    /// What was said in this conversation.
    Conversation(RunId),
    /// What we wrote first: the answer begins the conversation of this name.
    Outreach(RunId),
    /// What nobody can read any more.
    Nothing,
}

/// Finds what is answered. Where we spoke first, the bundle becomes that of the run
/// that did, with what it wrote and with the message that came.
async fn answered(desk: &Desk, hook: &str, answers: &Answers, bundle: &mut Bundle) -> Result<Answered, Problem> {
    let store = &desk.parts.store;
    let mut run = answers.run.clone();
    let entries = store.entries(&run).await?;
    let Some(mut begun) = opening(&entries).cloned() else { return Ok(Answered::Nothing) };
    if let Some(first) = begun.conversation {
        let Some(opened) = opening(&store.entries(&first).await?).cloned() else { return Ok(Answered::Nothing) };
        (run, begun) = (first, opened);
    }
    if begun.bundle.trigger.message().is_some() {
        return Ok(Answered::Conversation(run));
    }
    let came = std::mem::replace(bundle, (*begun.bundle).clone());
    bundle.trigger = came.trigger;
    bundle.contextual.retain(|known| came.contextual.iter().all(|fact| fact.key != known.key));
    bundle.contextual.extend(came.contextual);
    if let Some((text, at)) = wrote(&entries, &answers.key) {
        let said = fact("conversation.1.we_answered", json!(text));
        let said =
            Fact { observed_at: at, purposes: Purpose::ALL.to_vec(), sensitivity: Sensitivity::Personal, ..said };
        bundle.contextual.push(said);
    }
    Ok(Answered::Outreach(named(hook, &["answers", run.as_str()])))
}

/// The text of the message that the call with this key sent, and when.
fn wrote(entries: &[Entry], key: &str) -> Option<(String, jiff::Timestamp)> {
    entries.iter().find_map(|entry| match &entry.event {
        Some(Event::ToolCalled(called)) if called.key.as_str().starts_with(key) => {
            let input: Value = serde_json::from_str(called.input.as_str()).ok()?;
            Some((input.get("body")?.as_str()?.to_owned(), entry.at))
        }
        _ => None,
    })
}

fn fact(key: &str, value: Value) -> Fact {
    Fact {
        key: key.to_owned(),
        value,
        source: Source::FirstParty,
        system: "conversation".to_owned(),
        observed_at: jiff::Timestamp::UNIX_EPOCH,
        purposes: Vec::new(),
        sensitivity: Sensitivity::Internal,
    }
}

/// What a run began with, if it can be read.
fn opening(entries: &[Entry]) -> Option<&RunStarted> {
    match entries.first()?.event.as_ref()? {
        Event::RunStarted(started) => Some(started),
        _ => None,
    }
}

/// The run of what these words name, whenever it comes by this way in.
pub(crate) fn named(way: &str, words: &[&str]) -> RunId {
    let parts: Vec<_> = words.iter().map(|word| word.as_bytes()).collect();
    let digest = Digest::of(&parts).to_string();
    RunId::new(format!("{way}_{}", digest.get(..32).unwrap_or(&digest)))
}
