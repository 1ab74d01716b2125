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
    let store = &*desk.parts.store;
    let (after, limit) = (asked.after_run(store, None).await?, asked.ask()?);
    let filter = RunFilter { outcome: Some(Outcome::Escalated), after, limit: Some(limit), ..RunFilter::default() };
    let Listed { items, next } = page(limit, store.runs(&filter).await?, |run| run.run.as_str());
    let mut given = Vec::new();
    // Whoever was erased is not asked about: a page may have fewer than its limit.
    for run in items.into_iter().filter(|run| !run.erased) {
        let Handoff { state, by, .. } = status(&desk, &run.run).await?;
        given.push(Given { run, status: state, by });
    }
    Ok(Json(Listed { items: given, next }))
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
    desk.handoffs.note(&*desk.parts.store, &run).await?;
    // Nobody looks at a page, then nobody is told.
    let _ = desk.changed.send(());
    Ok(())
}

/// How far a handoff is, and who has it.
pub(crate) async fn status(desk: &Desk, run: &RunId) -> Result<Handoff, Problem> {
    Ok(Handoff::of(&desk.parts.store.entries(&Handoff::beside(run)).await?))
}
