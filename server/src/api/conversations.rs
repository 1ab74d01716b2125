//! Conversations: a customer writes, and is answered at once, as it comes, or by webhook.

use super::exchange::{At, Given, Raw, documented};
use super::runs::Came;
use crate::desk::Desk;
use crate::problem::Problem;
use crate::who::Who;
use aide::generate::GenContext;
use aide::openapi::{MediaType, Operation, Response as Documented, StatusCode as Status};
use aide::operation::OperationOutput;
use attache_context::{Bundle, Trigger};
use attache_engine::{Conversation, Report, RunError};
use attache_journal::{Right, RunId};
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::sse::{Event, KeepAlive};
use axum::response::{IntoResponse, Response, Sse};
use futures::stream;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::convert::Infallible;
use std::sync::Arc;
use tokio::sync::oneshot;

/// Names a conversation.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct Named {
    /// The run that answered its first message.
    conversation: RunId,
}

/// The customer wrote again.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Message {
    /// In their words: 1 to 100,000 characters.
    #[schemars(length(min = 1, max = 100_000))]
    text: String,
    /// When; now if not said.
    #[schemars(with = "Option<String>")]
    at: Option<Timestamp>,
}

/// What a message is answered.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Answer {
    /// The conversation, to which the next message belongs.
    conversation: RunId,
    #[serde(flatten)]
    came: Came,
}

/// A message that is answered by webhook.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Later {
    /// The conversation, to which the next message belongs.
    conversation: RunId,
    /// The run that answers: the webhook names it.
    run: RunId,
}

/// How whoever asks wants to hear.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Way {
    /// In the answer to the request.
    Now,
    /// As server-sent events: that it began, and the answer.
    Live,
    /// By webhook, when it is there.
    Later,
}

impl Way {
    /// `Prefer: respond-async` (RFC 7240) or `Accept: text/event-stream`.
    fn of(headers: &HeaderMap) -> Self {
        let says = |name, word: &str| {
            let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
            values.flat_map(|value| value.split(',')).any(|part| part.split(';').next().unwrap_or("").trim() == word)
        };
        if says(header::HeaderName::from_static("prefer"), "respond-async") {
            Self::Later
        } else if says(header::ACCEPT, "text/event-stream") {
            Self::Live
        } else {
            Self::Now
        }
    }
}

/// An answer, told the way that was asked for.
pub(crate) struct Told(Response);

/// The first message of a conversation, with its context.
pub(crate) async fn open(
    State(desk): State<Arc<Desk>>,
    who: Who,
    headers: HeaderMap,
    Raw(body): Raw,
) -> Result<Told, Problem> {
    who.may(Right::Operate)?;
    let bundle = Arc::new(Bundle::parse(&body).map_err(|e| Problem::refused(e.to_string()))?);
    if !matches!(bundle.trigger, Trigger::Message { .. }) {
        return Err(Problem::refused("/trigger: a conversation begins with a message; use /v1/runs for anything else"));
    }
    let (engine, run) = (Arc::clone(&desk.parts.engine), desk.parts.engine.run_id());
    let id = run.clone();
    let begun = desk.begin(async move { engine.open(id, bundle).await }).await;
    tell(Way::of(&headers), run.clone(), run, begun).await
}

/// The next message of a conversation.
pub(crate) async fn go_on(
    State(desk): State<Arc<Desk>>,
    who: Who,
    At(Named { conversation }): At<Named>,
    headers: HeaderMap,
    Given(message): Given<Message>,
) -> Result<Told, Problem> {
    who.may(Right::Operate)?;
    if message.text.trim().is_empty() || message.text.chars().count() > 100_000 {
        return Err(Problem::refused("text: expected 1 to 100,000 characters"));
    }
    let way = Way::of(&headers);
    if way != Way::Now {
        // Whoever does not wait for the answer hears now that there is none.
        desk.parts.engine.expect_conversation(&conversation).await?;
    }
    let at = message.at.unwrap_or_else(|| desk.parts.clock.now());
    let (engine, run) = (Arc::clone(&desk.parts.engine), desk.parts.engine.run_id());
    let (id, of) = (run.clone(), conversation.clone());
    let begun = desk.begin(async move { engine.go_on(id, &of, message.text, at).await }).await;
    tell(way, conversation, run, begun).await
}

pub(crate) async fn show(
    State(desk): State<Arc<Desk>>,
    who: Who,
    At(Named { conversation }): At<Named>,
) -> Result<Json<Conversation>, Problem> {
    who.may(Right::Read)?;
    Ok(Json(desk.parts.engine.conversation(&conversation).await?))
}

type Begun = oneshot::Receiver<Result<Report, RunError>>;

async fn tell(way: Way, conversation: RunId, run: RunId, begun: Begun) -> Result<Told, Problem> {
    let place = [(header::LOCATION, format!("/v1/conversations/{conversation}"))];
    Ok(Told(match way {
        Way::Now => (StatusCode::CREATED, place, Json(answer(conversation, begun).await?)).into_response(),
        Way::Later => (StatusCode::ACCEPTED, place, Json(Later { conversation, run })).into_response(),
        Way::Live => (place, live(conversation, run, begun)).into_response(),
    }))
}

async fn answer(conversation: RunId, begun: Begun) -> Result<Answer, Problem> {
    let report = begun.await.map_err(|_| Problem::ours("a run ended without a result"))??;
    Ok(Answer { conversation, came: report.into() })
}

/// That it began, then the answer. An answer is judged as a whole before anybody
/// reads a word of it, so there is nothing to tell in between.
fn live(conversation: RunId, run: RunId, begun: Begun) -> impl IntoResponse {
    let first = event("begun", &Later { conversation: conversation.clone(), run });
    let last = async move {
        match answer(conversation, begun).await {
            Ok(answer) => event("answer", &answer),
            Err(problem) => event("problem", &problem.body()),
        }
    };
    let events = stream::once(async { first });
    let events = futures::StreamExt::chain(events, stream::once(last));
    Sse::new(events).keep_alive(KeepAlive::default())
}

fn event(name: &str, data: &impl Serialize) -> Result<Event, Infallible> {
    // What we made ourselves can be written as JSON; if not, the name still tells.
    Ok(Event::default().event(name).json_data(data).unwrap_or_else(|_| Event::default().event(name)))
}

impl IntoResponse for Told {
    fn into_response(self) -> Response {
        self.0
    }
}

impl OperationOutput for Told {
    type Inner = Answer;

    fn inferred_responses(ctx: &mut GenContext, _: &mut Operation) -> Vec<(Option<Status>, Documented)> {
        let live = "With `Accept: text/event-stream`: the events `begun`, then `answer` or `problem`.";
        let mut stream = Documented { description: live.to_owned(), ..Documented::default() };
        stream.content.insert("text/event-stream".to_owned(), MediaType::default());
        let mut responses = documented::<Answer>(ctx, 201, "The answer.");
        responses.extend(documented::<Later>(
            ctx,
            202,
            "With `Prefer: respond-async`: a webhook tells when it is there.",
        ));
        responses.push((Some(Status::Code(200)), stream));
        responses
    }
}

#[cfg(test)]
mod tests;
