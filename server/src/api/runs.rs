//! Runs: started from a bundle, listed, told.

use super::drafts::waiting;
use super::exchange::{Asked, At, Made, Raw};
use super::paging::{Listed, Page, page};
use crate::desk::Desk;
use crate::problem::Problem;
use crate::who::Who;
use attache_context::{Bundle, CustomerId};
use attache_engine::Report;
use attache_journal::{DraftId, Entry, Outcome, Right, RunEnded, RunFilter, RunId, RunSummary};
use axum::Json;
use axum::extract::State;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Which runs.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Which {
    /// Only this customer's.
    customer: Option<CustomerId>,
    /// Only those that started then or later.
    #[schemars(with = "Option<String>")]
    since: Option<Timestamp>,
    /// Only those that came to rest so.
    outcome: Option<Outcome>,
    /// Where the page before ended.
    cursor: Option<String>,
    /// At most so many: 1 to 200, 50 if not said.
    #[schemars(range(min = 1, max = 200))]
    limit: Option<usize>,
}

/// How a bundle is run.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct How {
    /// With this playbook; with the one that applies if not said.
    playbook: Option<String>,
}

/// Where a run came to rest.
#[derive(JsonSchema, Serialize)]
pub(crate) struct Came {
    run: RunId,
    outcome: Outcome,
    /// The draft that awaits a person now.
    #[serde(skip_serializing_if = "Option::is_none")]
    draft: Option<DraftId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason_code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reply: Option<String>,
    citations: Vec<attache_journal::Citation>,
}

impl From<Report> for Came {
    fn from(report: Report) -> Self {
        Self::and(report, None)
    }
}

impl Came {
    /// Where a run came to rest, and the draft of it that awaits a person now.
    pub(super) fn and(Report { run, ended, .. }: Report, draft: Option<DraftId>) -> Self {
        let RunEnded { outcome, reason_code, reply, citations, .. } = ended;
        Self { run, outcome, draft, reason_code, reply, citations }
    }
}

/// Names a run.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct Named {
    /// The run.
    run: String,
}

/// Runs a bundle to its outcome and answers with it.
pub(crate) async fn start(
    State(desk): State<Arc<Desk>>,
    who: Who,
    Asked(how): Asked<How>,
    Raw(body): Raw,
) -> Result<Made<Came>, Problem> {
    who.may(Right::Operate)?;
    let bundle = Arc::new(Bundle::parse(&body).map_err(|e| Problem::refused(e.to_string()))?);
    let engine = Arc::clone(&desk.parts.engine);
    let done = desk.finish(async move { engine.run(bundle, how.playbook.as_deref()).await }).await;
    let report = done.ok_or_else(|| Problem::ours("a run ended without a result"))??;
    let place = format!("/v1/runs/{}", report.run);
    let draft = waiting(&desk, &report.run).await?;
    Ok(Made { at: Some(place), body: Came::and(report, draft), secret: false })
}

pub(crate) async fn list(
    State(desk): State<Arc<Desk>>,
    who: Who,
    Asked(which): Asked<Which>,
) -> Result<Json<Listed<RunSummary>>, Problem> {
    who.may(Right::Read)?;
    let (store, asked) = (&*desk.parts.store, Page { cursor: which.cursor, limit: which.limit });
    let (after, limit) = (asked.after_run(store, which.customer.as_ref()).await?, asked.ask()?);
    let Which { customer, since, outcome, .. } = which;
    let filter = RunFilter { customer, since, outcome, after, limit: Some(limit), ..RunFilter::default() };
    Ok(Json(page(limit, store.runs(&filter).await?, |run| run.run.as_str())))
}

pub(crate) async fn show(
    State(desk): State<Arc<Desk>>,
    who: Who,
    At(Named { run }): At<Named>,
) -> Result<Json<RunSummary>, Problem> {
    who.may(Right::Read)?;
    let found = desk.parts.store.run(&RunId::new(run.as_str())).await?;
    found.map(Json).ok_or_else(|| Problem::unknown(format!("there is no run {run}")))
}

pub(crate) async fn entries(
    State(desk): State<Arc<Desk>>,
    who: Who,
    At(Named { run }): At<Named>,
) -> Result<Json<Listed<Entry>>, Problem> {
    Ok(Json(Listed { items: read(&desk, &who, &run).await?, next: None }))
}

/// The entries of a run, if they may read it: what colleagues did is for auditors.
pub(crate) async fn read(desk: &Desk, who: &Who, run: &str) -> Result<Vec<Entry>, Problem> {
    who.may(Right::Read)?;
    let entries = desk.parts.store.entries(&RunId::new(run)).await?;
    let first = entries.first().ok_or_else(|| Problem::unknown(format!("there is no run {run}")))?;
    if first.subject.is_none() {
        who.may(Right::Audit)?;
    }
    Ok(entries)
}
