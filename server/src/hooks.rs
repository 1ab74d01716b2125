//! Ways in: another system tells what a customer wrote, and proves that it is that system.

use crate::api::{At, Raw};
use crate::desk::Desk;
use crate::problem::Problem;
use async_trait::async_trait;
use attache_context::Bundle;
use attache_journal::{Digest, Event, RunId};
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use jiff::Timestamp;
use std::sync::Arc;

/// Another system that tells what customers wrote.
#[async_trait]
pub trait Hook: Send + Sync + 'static {
    /// The last part of its address: `/hooks/NAME`.
    fn name(&self) -> &str;

    /// Checks a delivery, exactly as it came, and reads it. Nothing of it is
    /// believed before its signature is.
    ///
    /// # Errors
    /// [`HookFault`].
    async fn receive(&self, headers: Headers<'_>, body: &[u8], now: Timestamp) -> Result<Received, HookFault>;
}

/// The headers of a delivery.
#[derive(Clone, Copy, Debug)]
pub struct Headers<'a>(&'a HeaderMap);

impl<'a> Headers<'a> {
    /// The value of a header, in ASCII; the first if there are several.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&'a str> {
        self.0.get(name)?.to_str().ok()
    }
}

/// What came in, and is genuine.
#[derive(Clone, Debug)]
pub enum Received {
    /// Nothing for the agent, and why.
    Nothing(&'static str),
    /// A customer wrote.
    Wrote(Box<Wrote>),
}

/// A customer wrote.
#[derive(Clone, Debug)]
pub struct Wrote {
    /// Names the delivery: it begins one run, however often it comes.
    pub delivery: String,
    /// Names the conversation that it belongs to, in the other system.
    pub conversation: String,
    /// Who wrote, what, and what is known of them. Its trigger is a message.
    pub bundle: Bundle,
}

/// A delivery is not taken.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum HookFault {
    /// It is not from whom it says it is, or came too late.
    #[error("{0}")]
    Forged(String),
    /// It is not what it must be.
    #[error("{0}")]
    Malformed(String),
    /// It cannot be taken now; it may come again.
    #[error("{0}")]
    Unavailable(String),
}

pub(crate) fn routes() -> Router<Arc<Desk>> {
    Router::new().route("/hooks/{name}", post(receive))
}

/// Takes a delivery in: once its run is durable it is acknowledged, long before
/// the customer is answered.
async fn receive(
    State(desk): State<Arc<Desk>>,
    At(name): At<String>,
    headers: HeaderMap,
    Raw(body): Raw,
) -> Result<StatusCode, Problem> {
    let hook = desk.parts.hooks.iter().find(|hook| hook.name() == name);
    let hook = hook.ok_or_else(|| Problem::unknown(format!("nobody listens at /hooks/{name}")))?;
    match hook.receive(Headers(&headers), &body, desk.parts.clock.now()).await? {
        Received::Nothing(why) => tracing::debug!(hook = name, why, "a delivery begins nothing"),
        Received::Wrote(wrote) => take(&desk, &name, *wrote).await?,
    }
    Ok(StatusCode::ACCEPTED)
}

async fn take(desk: &Arc<Desk>, hook: &str, wrote: Wrote) -> Result<(), Problem> {
    let (engine, bundle) = (&desk.parts.engine, Arc::new(wrote.bundle));
    // Who was forgotten and writes again is somebody else, in another conversation.
    let subject = desk.parts.store.subject(&bundle.customer.id).await?;
    let first = named(hook, &[&wrote.conversation, subject.id().as_str()]);
    if engine.take_in(first.clone(), Arc::clone(&bundle)).await? {
        desk.resume(first).await;
        return Ok(());
    }
    let entries = desk.parts.store.entries(&first).await?;
    let Some(Event::RunStarted(opening)) = entries.first().and_then(|entry| entry.event.as_ref()) else {
        // Another message opened the conversation at this moment.
        return Err(Problem::unavailable("the conversation is being opened; send this again"));
    };
    let (trigger, said) = (&bundle.trigger, &opening.bundle.trigger);
    let Some(text) = trigger.message().filter(|_| trigger != said) else { return Ok(()) };
    let next = named(hook, &[&wrote.conversation, subject.id().as_str(), &wrote.delivery]);
    if engine.take_in_next(next.clone(), &first, text.to_owned(), trigger.at()).await? {
        desk.resume(next).await;
    }
    Ok(())
}

/// The run of what these words name, whenever it comes by this way in.
pub(crate) fn named(way: &str, words: &[&str]) -> RunId {
    let parts: Vec<_> = words.iter().map(|word| word.as_bytes()).collect();
    let digest = Digest::of(&parts).to_string();
    RunId::new(format!("{way}_{}", digest.get(..32).unwrap_or(&digest)))
}

impl From<HookFault> for Problem {
    fn from(fault: HookFault) -> Self {
        let (status, code) = match &fault {
            HookFault::Forged(_) => (StatusCode::UNAUTHORIZED, "forged"),
            HookFault::Malformed(_) => (StatusCode::UNPROCESSABLE_ENTITY, "refused"),
            HookFault::Unavailable(_) => (StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
        };
        Self::new(status, code, fault.to_string())
    }
}
