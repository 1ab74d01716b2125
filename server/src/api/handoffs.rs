//! Handoffs: what the agent gave to a person, and who has it.

use super::Asked;
use super::paging::{Listed, Page, page};
use crate::desk::Desk;
use crate::problem::Problem;
use crate::who::Who;
use attache_journal::{Actor, Event, Outcome, Right, RunFilter, RunId, RunSummary, StaffAct};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Serialize;
use std::sync::Arc;

/// A handoff and who has it.
#[derive(Serialize)]
pub(crate) struct Handoff {
    #[serde(flatten)]
    pub(crate) run: RunSummary,
    pub(crate) status: &'static str,
    /// Who took it over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) by: Option<String>,
}

pub(crate) async fn list(
    State(desk): State<Arc<Desk>>,
    who: Who,
    Asked(asked): Asked<Page>,
) -> Result<Json<Listed<Handoff>>, Problem> {
    who.may(Right::Read)?;
    let runs = desk.parts.store.runs(&RunFilter::default()).await?;
    page(&asked, handoffs(&desk, &runs).await?, |handoff| handoff.run.run.as_str()).map(Json)
}

/// Those among `runs`, in their order.
pub(crate) async fn handoffs(desk: &Desk, runs: &[RunSummary]) -> Result<Vec<Handoff>, Problem> {
    let mut found = Vec::new();
    for run in runs {
        if run.outcome == Some(Outcome::Escalated) && !run.erased {
            let (status, by) = status(desk, &run.run).await?;
            found.push(Handoff { run: run.clone(), status, by });
        }
    }
    Ok(found)
}

pub(crate) async fn step(
    State(desk): State<Arc<Desk>>,
    who: Who,
    Path((run, step)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    move_handoff(&desk, &who, &run, &step).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Accepts, gives back or closes a handoff. Of two who accept at once one has
/// it: the other's entry comes too late for its place.
pub(crate) async fn move_handoff(desk: &Desk, who: &Who, run: &str, step: &str) -> Result<(), Problem> {
    who.may(Right::Review)?;
    let run = RunId::new(run);
    let escalated = desk.parts.store.entries(&run).await?;
    if !escalated.iter().any(|entry| matches!(entry.event, Some(Event::Escalated(_)))) {
        return Err(Problem::unknown(format!("run {run} handed nothing over")));
    }
    let (status, by) = status(desk, &run).await?;
    let mine = by.as_ref() == Some(&who.name);
    let held = || Problem::conflict("held", format!("{} has it", by.as_deref().unwrap_or("nobody")));
    let act = match (step, status) {
        ("accept", "open" | "returned") => StaffAct::HandoffAccepted { run: run.clone() },
        ("return", "accepted") if mine => StaffAct::HandoffReturned { run: run.clone() },
        ("close", "accepted") if mine => StaffAct::HandoffClosed { run: run.clone() },
        ("accept" | "return" | "close", "accepted") => return Err(held()),
        ("accept" | "return" | "close", other) => {
            return Err(Problem::conflict("state", format!("this handoff is {other}")));
        }
        (other, _) => return Err(Problem::unknown(format!("`{other}`: expected accept, return or close"))),
    };
    desk.parts.staff.note(beside(&run), &who.name, act).await?;
    // Nobody looks at a page, then nobody is told.
    let _ = desk.changed.send(());
    Ok(())
}

/// How far a handoff is, and who has it.
pub(crate) async fn status(desk: &Desk, run: &RunId) -> Result<(&'static str, Option<String>), Problem> {
    let entries = desk.parts.store.entries(&beside(run)).await?;
    let Some(last) = entries.last() else { return Ok(("open", None)) };
    let by = match &last.actor {
        Actor::Human(name) => Some(name.clone()),
        Actor::Agent(_) | Actor::System => None,
    };
    Ok(match &last.event {
        Some(Event::StaffActed(acted)) => match acted.act {
            StaffAct::HandoffAccepted { .. } => ("accepted", by),
            StaffAct::HandoffReturned { .. } => ("returned", None),
            _ => ("closed", by),
        },
        _ => ("closed", by),
    })
}

/// The run that what people did about a handoff is entries of.
fn beside(run: &RunId) -> RunId {
    RunId::new(format!("handoff_{run}"))
}
