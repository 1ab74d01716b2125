//! Ways in: another system tells what a customer wrote, and proves that it is that system; or it is asked.

mod taking;

use crate::api::At;
use crate::asking::MOST_BYTES;
use crate::desk::Desk;
use crate::problem::Problem;
use async_trait::async_trait;
use attache_context::Bundle;
use attache_journal::RunId;
use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use futures::StreamExt as _;
use futures::future::join_all;
use jiff::Timestamp;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

pub(crate) use taking::named;

/// So many deliveries are read at a time, whoever sends them: what is not proven
/// yet must not fill the memory.
const AT_ONCE: usize = 8;

/// A delivery is read within this time.
const PATIENCE: Duration = Duration::from_secs(20);

static READING: Semaphore = Semaphore::const_new(AT_ONCE);

/// Another system that tells what customers wrote.
#[async_trait]
pub trait Hook: Send + Sync + 'static {
    /// The last part of its address: `/hooks/NAME`.
    fn name(&self) -> &str;

    /// The largest delivery that is read, in bytes.
    fn most_bytes(&self) -> usize {
        MOST_BYTES
    }

    /// Checks a delivery, exactly as it came, and reads it. Nothing of it is
    /// believed before its signature is.
    ///
    /// # Errors
    /// [`HookFault`].
    async fn receive(&self, headers: Headers<'_>, body: &[u8], now: Timestamp) -> Result<Received, HookFault>;

    /// Asks a system that tells nobody what came in, and hands it over, until it is
    /// dropped. Most are told and ask nothing.
    async fn watch(&self, _intake: Intake) {
        std::future::pending().await
    }
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
    /// Nothing for the agent, and a person should look at it: why.
    Suspect(&'static str),
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
    /// What of ours it answers, if that is known: it belongs to that conversation
    /// then, and to its customer.
    pub answers: Option<Answers>,
    /// Who wrote, what, and what is known of them. Its trigger is a message.
    pub bundle: Bundle,
}

/// What of ours a customer answers.
#[derive(Clone, Debug)]
pub struct Answers {
    /// The run that sent it.
    pub run: RunId,
    /// How the key of the call that sent it begins.
    pub key: String,
}

/// Where a hook hands over what it asked for.
#[derive(Clone)]
pub struct Intake {
    desk: Arc<Desk>,
    hook: String,
}

impl std::fmt::Debug for Intake {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Intake").field("hook", &self.hook).finish_non_exhaustive()
    }
}

impl Intake {
    /// Takes in what a customer wrote: when this returns, its run is durable.
    ///
    /// # Errors
    /// [`HookFault::Unavailable`] if it may be handed over again,
    /// [`HookFault::Malformed`] if that would change nothing.
    pub async fn take(&self, wrote: Wrote) -> Result<(), HookFault> {
        taking::take(&self.desk, &self.hook, wrote).await.map_err(|problem| match problem.status {
            status if status.is_server_error() || status == StatusCode::CONFLICT => {
                HookFault::Unavailable(problem.detail)
            }
            _ => HookFault::Malformed(problem.detail),
        })
    }

    /// The time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.desk.parts.clock.now()
    }
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

/// Lets every hook ask for what came in, until it is dropped.
pub(crate) async fn watch(desk: Arc<Desk>) {
    let intake = |hook: &str| Intake { desk: Arc::clone(&desk), hook: hook.to_owned() };
    join_all(desk.parts.hooks.iter().map(|hook| hook.watch(intake(hook.name())))).await;
}

/// Takes a delivery in: once its run is durable it is acknowledged, long before
/// the customer is answered.
async fn receive(
    State(desk): State<Arc<Desk>>,
    At(name): At<String>,
    headers: HeaderMap,
    body: Body,
) -> Result<StatusCode, Problem> {
    let hook = desk.parts.hooks.iter().find(|hook| hook.name() == name);
    let hook = hook.ok_or_else(|| Problem::unknown(format!("nobody listens at /hooks/{name}")))?;
    let busy = || Problem::unavailable("too many deliveries at once; send this again");
    let reading = tokio::time::timeout(PATIENCE, READING.acquire()).await.ok().and_then(Result::ok);
    let reading = reading.ok_or_else(busy)?;
    let body = read(body, hook.most_bytes()).await?;
    let received = hook.receive(Headers(&headers), &body, desk.parts.clock.now()).await?;
    drop((body, reading));
    match received {
        Received::Nothing(why) => tracing::debug!(hook = name, why, "a delivery begins nothing"),
        Received::Suspect(why) => tracing::warn!(hook = name, why, "a delivery begins nothing; look at it"),
        Received::Wrote(wrote) => taking::take(&desk, &name, *wrote).await?,
    }
    Ok(StatusCode::ACCEPTED)
}

/// The body of a delivery. What is too large is heard out, within limits, and not
/// kept: who is cut short sees no answer that says why.
async fn read(body: Body, most: usize) -> Result<Vec<u8>, Problem> {
    let (mut kept, mut came) = (Vec::new(), 0_usize);
    let reading = async {
        let mut chunks = body.into_data_stream();
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk.map_err(|_| Problem::new(StatusCode::BAD_REQUEST, "body", "the body was cut"))?;
            came = came.saturating_add(chunk.len());
            if came <= most {
                kept.extend_from_slice(&chunk);
            } else if came > most.saturating_mul(4) {
                break;
            } else {
                kept = Vec::new();
            }
        }
        Ok::<_, Problem>(())
    };
    match tokio::time::timeout(PATIENCE, reading).await {
        Ok(read) => read?,
        Err(_) => return Err(Problem::new(StatusCode::REQUEST_TIMEOUT, "timeout", "the body did not come in time")),
    }
    if came <= most {
        return Ok(kept);
    }
    let detail = format!("the body has more than {most} bytes");
    Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body", detail))
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
