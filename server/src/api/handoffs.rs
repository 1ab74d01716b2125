//! Handoffs: what the agent gave to a person, and who has it.

use super::exchange::{Asked, At, Done};
use super::paging::{Listed, Page, page};
use crate::desk::Desk;
use crate::problem::Problem;
use crate::who::Who;
use attache_journal::{Event, Handoff, HandoffState, Outcome, Right, RunFilter, RunId, RunSummary, StaffAct};
use axum::Json;
use axum::extract::State;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A handoff and who has it.
#[derive(JsonSchema, Serialize)]
pub(crate) struct Given {
    #[serde(flatten)]
    pub(crate) run: RunSummary,
    /// How far it is.
    pub(crate) status: HandoffState,
    /// Who took it over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) by: Option<String>,
}

/// Names a handoff and what is done with it.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct Step {
    /// The run that handed over.
    run: String,
    /// `accept`, `return` or `close`.
    step: String,
}

pub(crate) async fn list(
    State(desk): State<Arc<Desk>>,
    who: Who,
    Asked(asked): Asked<Page>,
) -> Result<Json<Listed<Given>>, Problem> {
    who.may(Right::Read)?;
    let runs = desk.parts.store.runs(&RunFilter::default()).await?;
    page(&asked, handoffs(&desk, &runs).await?, |handoff| handoff.run.run.as_str()).map(Json)
}

/// Those among `runs`, in their order.
pub(crate) async fn handoffs(desk: &Desk, runs: &[RunSummary]) -> Result<Vec<Given>, Problem> {
    let mut found = Vec::new();
    for run in runs {
        if run.outcome == Some(Outcome::Escalated) && !run.erased {
            let Handoff { state, by, .. } = status(desk, &run.run).await?;
            found.push(Given { run: run.clone(), status: state, by });
        }
    }
    Ok(found)
}

pub(crate) async fn step(
    State(desk): State<Arc<Desk>>,
    who: Who,
    At(Step { run, step }): At<Step>,
) -> Result<Done, Problem> {
    move_handoff(&desk, &who, &run, &step).await?;
    Ok(Done)
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
    let Handoff { state, by, .. } = status(desk, &run).await?;
    let mine = by.as_ref() == Some(&who.name);
    let held = || Problem::conflict("held", format!("{} has it", by.as_deref().unwrap_or("nobody")));
    let act = match (step, state) {
        ("accept", HandoffState::Open | HandoffState::Returned) => StaffAct::HandoffAccepted { run: run.clone() },
        ("return", HandoffState::Accepted) if mine => StaffAct::HandoffReturned { run: run.clone() },
        ("close", HandoffState::Accepted) if mine => StaffAct::HandoffClosed { run: run.clone() },
        ("accept" | "return" | "close", HandoffState::Accepted) => return Err(held()),
        ("accept" | "return" | "close", other) => {
            return Err(Problem::conflict("state", format!("this handoff is {other}")));
        }
        (other, _) => return Err(Problem::unknown(format!("`{other}`: expected accept, return or close"))),
    };
    desk.parts.staff.note(Handoff::beside(&run), &who.name, &[act]).await?;
    // Nobody looks at a page, then nobody is told.
    let _ = desk.changed.send(());
    Ok(())
}

/// How far a handoff is, and who has it.
pub(crate) async fn status(desk: &Desk, run: &RunId) -> Result<Handoff, Problem> {
    Ok(Handoff::of(&desk.parts.store.entries(&Handoff::beside(run)).await?))
}
