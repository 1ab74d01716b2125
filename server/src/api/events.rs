//! Events: something happened, and the playbook that it triggers begins.

use super::exchange::{documented, schema};
use crate::desk::Desk;
use crate::hooks::named;
use crate::problem::{Problem, problems};
use crate::who::Who;
use aide::OperationInput;
use aide::generate::GenContext;
use aide::openapi::{MediaType, Operation, RequestBody, Response as Documented, StatusCode as Status};
use aide::operation::{OperationOutput, set_body};
use attache_context::{Bundle, Trigger};
use attache_engine::RunError;
use attache_journal::{Right, RunId};
use axum::Json;
use axum::body::Bytes;
use axum::extract::{FromRequest, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::sync::Arc;

const ONE: &str = "application/cloudevents+json";
const BATCH: &str = "application/cloudevents-batch+json";

/// A batch has at most so many events.
const MOST: usize = 100;

/// Something happened (CloudEvents 1.0). Attributes that are not named here may be
/// there and say nothing.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct Happened {
    /// `1.0`.
    #[schemars(extend("const" = "1.0"))]
    specversion: String,
    /// Names the event among those of its source.
    #[schemars(length(min = 1, max = 255))]
    id: String,
    /// Where it comes from.
    #[schemars(length(min = 1, max = 255))]
    source: String,
    /// What happened: the signal that playbooks name in `when.signals`.
    #[schemars(length(min = 1, max = 255))]
    r#type: String,
    /// When; now if not said.
    #[schemars(with = "Option<String>")]
    time: Option<Timestamp>,
    /// The customer and what is known of them: a context bundle without `trigger`,
    /// which the event is.
    #[schemars(with = "serde_json::Map<String, serde_json::Value>")]
    data: Box<RawValue>,
}

/// One event or a batch of them.
pub(crate) struct Events(Vec<Happened>);

/// What became of the events, in their order.
#[derive(JsonSchema, Serialize)]
pub(crate) struct Taken {
    items: Vec<One>,
}

/// What became of an event.
#[derive(JsonSchema, Serialize)]
struct One {
    source: String,
    id: String,
    status: Became,
    /// The run that it began, now or when it came before.
    #[serde(skip_serializing_if = "Option::is_none")]
    run: Option<RunId>,
}

/// What became of an event.
#[derive(Clone, Copy, JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
enum Became {
    /// A run began, and is durable.
    Begun,
    /// No playbook takes it.
    Ignored,
    /// It came before.
    Known,
}

/// Takes events in. Whoever hears 202 need not send them again: the runs that they
/// began are in the journal. Whoever does not hear it sends them again, and each
/// begins one run all the same, for a run is named by the event.
pub(crate) async fn take(State(desk): State<Arc<Desk>>, who: Who, Events(events): Events) -> Result<Taken, Problem> {
    who.may(Right::Operate)?;
    let several = events.len() > 1;
    let mut read = Vec::new();
    // All are read before any is taken in.
    for (number, event) in events.into_iter().enumerate() {
        let bundle = event
            .bundle(desk.parts.clock.now())
            .map_err(|what| Problem::refused(if several { format!("/{number}{what}") } else { what }))?;
        read.push((event, Arc::new(bundle)));
    }
    let engine = &desk.parts.engine;
    let mut items = Vec::new();
    for (event, bundle) in read {
        let run = event.run();
        let status = match engine.take_in(run.clone(), bundle).await {
            Ok(true) => Became::Begun,
            Ok(false) => Became::Known,
            Err(RunError::NoPlaybook(_)) => Became::Ignored,
            Err(error) => return Err(error.into()),
        };
        if matches!(status, Became::Begun) {
            desk.resume(run.clone()).await;
        }
        let run = (!matches!(status, Became::Ignored)).then_some(run);
        items.push(One { source: event.source, id: event.id, status, run });
    }
    Ok(Taken { items })
}

impl Happened {
    /// The run that this event begins, whenever it comes.
    fn run(&self) -> RunId {
        named("event", &[&self.source, &self.id])
    }

    /// What it says, with the place of what is wrong in it.
    fn bundle(&self, now: Timestamp) -> Result<Bundle, String> {
        if self.specversion != "1.0" {
            return Err("/specversion: expected `1.0`".to_owned());
        }
        for (name, text) in [("id", &self.id), ("source", &self.source), ("type", &self.r#type)] {
            if text.is_empty() || text.chars().count() > 255 || text.chars().any(char::is_control) {
                return Err(format!("/{name}: expected 1 to 255 characters, none of them a control character"));
            }
        }
        let data = self.data.get().trim();
        let rest = data.strip_prefix('{').ok_or("/data: expected an object")?;
        let trigger = Trigger::Signal {
            at: self.time.unwrap_or(now),
            signal: self.r#type.clone(),
            evidence: vec![format!("event {} of {}", self.id, self.source)],
        };
        let trigger = serde_json::to_string(&trigger).map_err(|e| e.to_string())?;
        // One of its own would come twice, which is refused.
        let comma = if rest.trim_start().starts_with('}') { "" } else { "," };
        let bundle = format!("{{\"trigger\":{trigger}{comma}{rest}");
        Bundle::parse(bundle.as_bytes()).map_err(|e| format!("/data: {e}"))
    }
}

impl<S: Send + Sync> FromRequest<S> for Events {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let body = async || Bytes::from_request(request, state).await.map_err(Problem::from);
        let wrong = |e: serde_json::Error| Problem::refused(format!("this is no event: {e}"));
        let events: Vec<Happened> = match kind.as_str() {
            ONE => vec![serde_json::from_slice(&body().await?).map_err(wrong)?],
            BATCH => serde_json::from_slice(&body().await?).map_err(wrong)?,
            _ => {
                let detail = format!("expected the content type `{ONE}`, or `{BATCH}` for several");
                return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "content_type", detail));
            }
        };
        if events.len() > MOST {
            return Err(Problem::refused(format!("a batch has at most {MOST} events, this one {}", events.len())));
        }
        Ok(Self(events))
    }
}

impl OperationInput for Events {
    fn operation_input(ctx: &mut GenContext, operation: &mut Operation) {
        let one = ctx.schema.subschema_for::<Happened>();
        let many = ctx.schema.subschema_for::<Vec<Happened>>();
        let mut body = RequestBody { required: true, ..RequestBody::default() };
        for (kind, of) in [(ONE, one), (BATCH, many)] {
            let content = MediaType { schema: Some(schema(of)), ..MediaType::default() };
            body.content.insert(kind.to_owned(), content);
        }
        set_body(ctx, operation, body);
    }

    fn inferred_early_responses(ctx: &mut GenContext, _: &mut Operation) -> Vec<(Option<Status>, Documented)> {
        problems(ctx, &[400, 413, 415, 422])
    }
}

impl IntoResponse for Taken {
    fn into_response(self) -> Response {
        (StatusCode::ACCEPTED, Json(self)).into_response()
    }
}

impl OperationOutput for Taken {
    type Inner = Self;

    fn inferred_responses(ctx: &mut GenContext, _: &mut Operation) -> Vec<(Option<Status>, Documented)> {
        documented::<Self>(ctx, 202, "What became of each: the runs that they began are durable.")
    }
}
