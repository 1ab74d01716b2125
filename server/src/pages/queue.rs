//! The queue: what awaits a person, and what became of the rest.

use super::{Signed, page, shown};
use crate::api::handoffs;
use crate::desk::Desk;
use crate::problem::Problem;
use crate::who::Who;
use attache_context::CustomerId;
use attache_journal::{DraftState, Outcome, Right, RunFilter};
use axum::extract::{Query, State};
use axum::response::Response;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use tera::Context;

/// A page has at most so many rows; the newest or first due.
const ROWS: usize = 100;

#[derive(Deserialize)]
pub(crate) struct Which {
    tab: Option<String>,
}

/// A row of the queue.
#[derive(Serialize)]
struct Row {
    to: String,
    who: String,
    what: String,
    aside: String,
    due: String,
    late: bool,
    /// Sorts and groups: what is due first stands first.
    #[serde(skip)]
    at: Timestamp,
}

/// A tab with how many rows it has.
#[derive(Serialize)]
struct Tab {
    id: &'static str,
    label: &'static str,
    count: usize,
}

pub(crate) async fn show(State(desk): State<Arc<Desk>>, Signed(who): Signed, Query(which): Query<Which>) -> Response {
    shown(&desk, queue(&desk, &who, which.tab.as_deref().unwrap_or("review")).await)
}

async fn queue(desk: &Desk, who: &Who, tab: &str) -> Result<Response, Problem> {
    who.may(Right::Read)?;
    let now = desk.parts.clock.now();
    let drafts = desk.parts.store.drafts().await?;
    let row = |draft: &attache_journal::DraftSummary| Row {
        to: format!("/drafts/{}", draft.draft),
        who: customer(draft.customer.as_ref()),
        what: format!("Draft for {}", if draft.queue.is_empty() { "review" } else { &draft.queue }),
        aside: draft.draft.to_string(),
        due: if draft.state == DraftState::Pending { due(now, draft.due) } else { String::new() },
        late: draft.state == DraftState::Pending && draft.due < now,
        at: draft.due,
    };
    let of = |state: DraftState| drafts.iter().filter(move |draft| draft.state == state);
    let (review, mut sent): (Vec<_>, Vec<_>) =
        (of(DraftState::Pending).map(row).collect(), of(DraftState::Sent).map(row).collect());
    sent.reverse();
    let runs = desk.parts.store.runs(&RunFilter::default()).await?;
    let escalated: Vec<_> = handoffs(desk, &runs)
        .await?
        .into_iter()
        .filter(|handoff| handoff.status != "closed")
        .map(|handoff| Row {
            to: format!("/handoffs/{}", handoff.run.run),
            who: customer(handoff.run.customer.as_ref()),
            what: handoff.run.reason_code.clone().unwrap_or_default().replace('_', " "),
            aside: handoff.by.map_or_else(|| handoff.status.to_owned(), |by| format!("{by} has it")),
            due: ago(now, handoff.run.updated_at),
            late: false,
            at: handoff.run.updated_at,
        })
        .collect();
    let failed: Vec<_> = runs
        .into_iter()
        .filter(|run| run.outcome == Some(Outcome::Failed))
        .map(|run| Row {
            to: format!("/runs/{}", run.run),
            who: customer(run.customer.as_ref()),
            what: run.reason_code.unwrap_or_default().replace('_', " "),
            aside: run.playbook,
            due: ago(now, run.updated_at),
            late: false,
            at: run.updated_at,
        })
        .collect();
    let tabs = [
        Tab { id: "review", label: "Needs review", count: review.len() },
        Tab { id: "escalated", label: "Escalated", count: escalated.len() },
        Tab { id: "sent", label: "Sent", count: sent.len() },
        Tab { id: "failed", label: "Failed", count: failed.len() },
    ];
    let mut rows = match tab {
        "review" => review,
        "escalated" => escalated,
        "sent" => sent,
        "failed" => failed,
        other => return Err(Problem::unknown(format!("there is no queue `{other}`"))),
    };
    if tab == "review" {
        rows.sort_by_key(|row| row.at);
    }
    let mut context = Context::new();
    context.insert("more", &rows.len().saturating_sub(ROWS));
    rows.truncate(ROWS);
    context.insert("tabs", &tabs);
    context.insert("tab", tab);
    context.insert("rows", &rows);
    page(desk, who, "queue.html", context)
}

pub(super) fn customer(id: Option<&CustomerId>) -> String {
    id.map_or_else(|| "erased".to_owned(), ToString::to_string)
}

/// How long until then, in words: `38 min`, `late 12 min`.
pub(super) fn due(now: Timestamp, due: Timestamp) -> String {
    let left = due.duration_since(now);
    if left.is_negative() { format!("late {}", span(left.abs())) } else { span(left) }
}

pub(super) fn ago(now: Timestamp, then: Timestamp) -> String {
    format!("{} ago", span(now.duration_since(then).max(SignedDuration::ZERO)))
}

fn span(time: SignedDuration) -> String {
    match (time.as_mins(), time.as_hours()) {
        (mins, _) if mins < 60 => format!("{mins} min"),
        (_, hours) if hours < 48 => format!("{hours} h"),
        (_, hours) => format!("{} days", hours / 24),
    }
}

#[cfg(test)]
mod tests;
