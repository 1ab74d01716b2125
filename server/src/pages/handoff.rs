//! A handoff: everything that whoever takes over needs, on one screen.

use super::{Signed, page, shown};
use crate::api::{move_handoff, status};
use crate::desk::Desk;
use crate::problem::Problem;
use crate::who::Who;
use attache_journal::{Event, Outcome, Right, RunId};
use attache_tools::HandoffPackage;
use axum::Form;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use std::sync::Arc;
use tera::Context;

#[derive(Deserialize)]
pub(crate) struct Step {
    csrf: String,
    step: String,
}

pub(crate) async fn show(State(desk): State<Arc<Desk>>, Signed(who): Signed, Path(run): Path<String>) -> Response {
    shown(&desk, handoff(&desk, &who, &run, None).await)
}

pub(crate) async fn step(
    State(desk): State<Arc<Desk>>,
    Signed(who): Signed,
    Path(run): Path<String>,
    Form(form): Form<Step>,
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
    let (status, by) = if outcome == Some(Outcome::Escalated) { status(desk, &id).await? } else { ("closed", None) };
    let package: Option<HandoffPackage> = serde_json::from_str(escalated.package.as_str()).ok();
    let mut context = Context::new();
    context.insert("run", run);
    context.insert("queue", &escalated.queue);
    context.insert("reason", &escalated.reason_code.replace('_', " "));
    context.insert("package", &package);
    context.insert("status", status);
    context.insert("by", &by);
    context.insert("wrong", &wrong.as_ref().map(|problem| &problem.detail));
    let mut response = page(desk, who, "handoff.html", context)?;
    if let Some(problem) = wrong {
        *response.status_mut() = problem.status;
    }
    Ok(response)
}
