//! What a monitoring system reads: counts and times, no names.

use crate::desk::Desk;
use crate::problem::Problem;
use crate::who::Who;
use aide::generate::GenContext;
use aide::openapi::{MediaType, Operation, Response as Documented, StatusCode as Status};
use aide::operation::OperationOutput;
use attache_journal::{DraftFilter, DraftState, Outcome, Right, RunFilter};
use axum::extract::{MatchedPath, Request, State};
use axum::http::header;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use std::sync::Arc;
use std::time::Instant;

/// Seconds that requests are sorted by.
const BUCKETS: [f64; 10] = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0, 5.0, 30.0];

const KIND: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Names of labels and what they are.
type Labels<const N: usize> = [(&'static str, String); N];

/// The gauges of a server.
pub(crate) struct Gauges {
    registry: Registry,
    requests: Family<Labels<3>, Counter>,
    seconds: Family<Labels<1>, Histogram>,
    drafts: Family<Labels<1>, Gauge>,
    runs: Family<Labels<1>, Gauge>,
}

impl Gauges {
    pub(crate) fn new() -> Self {
        let mut registry = Registry::with_prefix("attache");
        let requests = Family::default();
        let seconds = Family::<Labels<1>, Histogram>::new_with_constructor(|| Histogram::new(BUCKETS));
        let (drafts, runs) = (Family::default(), Family::default());
        registry.register("http_requests", "Requests that were answered", requests.clone());
        registry.register("http_request_seconds", "How long an answer took", seconds.clone());
        registry.register("drafts", "Drafts, by where they stand", drafts.clone());
        registry.register("runs", "Runs, by where they came to rest", runs.clone());
        Self { registry, requests, seconds, drafts, runs }
    }

    /// The text that a monitoring system reads.
    async fn read(&self, desk: &Desk) -> Result<String, Problem> {
        let store = &desk.parts.store;
        for state in DraftState::ALL {
            let filter = DraftFilter { state: Some(state), ..DraftFilter::default() };
            set(&self.drafts, ("state", state.as_str()), store.count_drafts(&filter).await?);
        }
        for outcome in Outcome::ALL {
            let filter = RunFilter { outcome: Some(outcome), ..RunFilter::default() };
            set(&self.runs, ("outcome", outcome.as_str()), store.count_runs(&filter).await?);
        }
        let unfinished = RunFilter { unfinished: true, ..RunFilter::default() };
        set(&self.runs, ("outcome", "unfinished"), store.count_runs(&unfinished).await?);
        let mut text = String::new();
        encode(&mut text, &self.registry).map_err(Problem::ours)?;
        Ok(text)
    }
}

/// The gauges, for whoever may read: they tell how much is going on.
pub(crate) async fn show(State(desk): State<Arc<Desk>>, who: Who) -> Result<Exposed, Problem> {
    who.may(Right::Read)?;
    Ok(Exposed(desk.gauges.read(&desk).await?))
}

/// The text that a monitoring system reads.
pub(crate) struct Exposed(String);

impl IntoResponse for Exposed {
    fn into_response(self) -> Response {
        ([(header::CONTENT_TYPE, KIND)], self.0).into_response()
    }
}

impl OperationOutput for Exposed {
    type Inner = String;

    fn inferred_responses(_: &mut GenContext, _: &mut Operation) -> Vec<(Option<Status>, Documented)> {
        let mut response = Documented { description: "Counts and times.".to_owned(), ..Documented::default() };
        response.content.insert(KIND.to_owned(), MediaType::default());
        vec![(Some(Status::Code(200)), response)]
    }
}

/// Counts a request and its time. What is counted by is the route, never what
/// was put into it.
pub(crate) async fn counted(State(desk): State<Arc<Desk>>, request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str).to_owned();
    let method = request.method().to_string();
    let began = Instant::now();
    let response = next.run(request).await;
    let status = response.status().as_u16().to_string();
    let labels = [("method", method), ("route", route.clone()), ("status", status)];
    desk.gauges.requests.get_or_create(&labels).inc();
    desk.gauges.seconds.get_or_create(&[("route", route)]).observe(began.elapsed().as_secs_f64());
    response
}

fn set(gauges: &Family<Labels<1>, Gauge>, (label, value): (&'static str, &str), count: usize) {
    gauges.get_or_create(&[(label, value.to_owned())]).set(i64::try_from(count).unwrap_or(i64::MAX));
}
