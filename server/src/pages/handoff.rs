//! A handoff: everything that whoever takes over needs, on one screen.

mod tried;

use super::{Signed, page, shown};
use crate::api::{At, Filled, move_handoff, status};
use crate::desk::Desk;
use crate::problem::Problem;
use crate::who::Who;
use attache_journal::{Entry, Event, Handoff, HandoffState, Outcome, Right, RunFilter, RunId};
use attache_tools::HandoffPackage;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use std::sync::Arc;
use tera::Context;

#[derive(Deserialize)]
pub(crate) struct Step {
    csrf: String,
    step: String,
}

pub(crate) async fn show(State(desk): State<Arc<Desk>>, Signed(who): Signed, At(run): At<String>) -> Response {
    shown(&desk, handoff(&desk, &who, &run, None).await)
}

pub(crate) async fn step(
    State(desk): State<Arc<Desk>>,
    Signed(who): Signed,
    At(run): At<String>,
    Filled(form): Filled<Step>,
) -> Response {
    let moved = match who.gave(&form.csrf) {
        Ok(()) => move_handoff(&desk, &who, &run, &form.step).await,
        Err(problem) => Err(problem),
    };
    match moved {
        Ok(()) => Redirect::to(&format!("/handoffs/{run}")).into_response(),
        Err(problem) => shown(&desk, handoff(&desk, &who, &run, Some(problem)).await),
    }
}

async fn handoff(desk: &Desk, who: &Who, run: &str, wrong: Option<Problem>) -> Result<Response, Problem> {
    who.may(Right::Read)?;
    let id = RunId::new(run);
    let entries = desk.parts.store.entries(&id).await?;
    let escalated = entries.iter().rev().find_map(|entry| match &entry.event {
        Some(Event::Escalated(escalated)) => Some(escalated),
        _ => None,
    });
    let escalated = escalated.ok_or_else(|| Problem::unknown(format!("run {run} handed nothing over")))?;
    let outcome = entries.iter().rev().find_map(|entry| match &entry.event {
        Some(Event::RunEnded(ended)) => Some(ended.outcome),
        _ => None,
    });
    let closed = || Handoff { state: HandoffState::Closed, by: None, at: None };
    let handoff = if outcome == Some(Outcome::Escalated) { status(desk, &id).await? } else { closed() };
    let package: Option<HandoffPackage> = serde_json::from_str(escalated.package.as_str()).ok();
    let mut context = Context::new();
    context.insert("run", run);
    context.insert("queue", &escalated.queue);
    context.insert("reason", &escalated.reason_code.replace('_', " "));
    context.insert("package", &package);
    context.insert("tried", &tried::tried(&entries));
    context.insert("since", &since(desk, &entries).await?);
    context.insert("status", handoff.state.as_str());
    context.insert("by", &handoff.by);
    context.insert("wrong", &wrong.as_ref().map(|problem| &problem.detail));
    let mut response = page(desk, who, "handoff.html", context)?;
    if let Some(problem) = wrong {
        *response.status_mut() = problem.status;
    }
    Ok(response)
}

/// What the customer wrote after it was handed over, oldest first: whoever has
/// them answers it.
async fn since(desk: &Desk, entries: &[Entry]) -> Result<Vec<(String, String)>, Problem> {
    let started = entries.first().and_then(|first| match &first.event {
        Some(Event::RunStarted(started)) => Some((first, started)),
        _ => None,
    });
    let Some((first, started)) = started else { return Ok(Vec::new()) };
    let customer = Some(started.bundle.customer.id.clone());
    let later = RunFilter { customer, since: Some(first.at), ..RunFilter::default() };
    let mut said = Vec::new();
    for run in desk.parts.store.runs(&later).await?.into_iter().rev().filter(|run| run.run != first.run) {
        if let Some(Event::RunStarted(started)) =
            desk.parts.store.entries(&run.run).await?.into_iter().next().and_then(|entry| entry.event)
            && let Some(text) = started.bundle.trigger.message()
        {
            said.push((started.bundle.trigger.at().to_string(), text.to_owned()));
        }
    }
    Ok(said)
}
