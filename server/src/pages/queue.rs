//! The queue: what awaits a person, and what became of the rest.

use super::{Signed, page, shown};
use crate::api::{Asked, handoffs};
use crate::desk::Desk;
use crate::problem::Problem;
use crate::who::Who;
use attache_context::CustomerId;
use attache_journal::{DraftId, DraftState, DraftSummary, HandoffState, Outcome, Right, RunFilter};
use axum::extract::State;
use axum::response::Response;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
use std::sync::Arc;
use tera::Context;

/// A page has at most so many rows; the newest or first due.
const ROWS: usize = 100;

#[derive(Deserialize)]
pub(crate) struct Which {
    tab: Option<String>,
    /// A draft whose approval was given a moment ago.
    undo: Option<String>,
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
    /// The draft, where several can be taken together.
    draft: Option<String>,
    /// Whether it is put aside: it stands last.
    aside_until: Option<Timestamp>,
    /// How many people must approve it: what is due at the same time is sorted by it.
    #[serde(skip)]
    approvers: u8,
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

pub(crate) async fn show(State(desk): State<Arc<Desk>>, Signed(who): Signed, Asked(which): Asked<Which>) -> Response {
    shown(&desk, queue(&desk, &who, which.tab.as_deref().unwrap_or("review"), which.undo).await)
}

async fn queue(desk: &Desk, who: &Who, tab: &str, undo: Option<String>) -> Result<Response, Problem> {
    who.may(Right::Read)?;
    let now = desk.parts.clock.now();
    let drafts = desk.parts.store.drafts().await?;
    let row = |draft: &DraftSummary| {
        let arranged = desk.docket.of(&draft.draft, now);
        let open = draft.state == DraftState::Pending;
        let when = match &arranged.scheduled {
            Some(scheduled) => format!("leaves in {}", due(now, scheduled.at)),
            None if open => left(desk, now, draft.due),
            None => String::new(),
        };
        let aside_until = arranged.snoozed.map(|snoozed| snoozed.until);
        Row {
            to: format!("/drafts/{}", draft.draft),
            who: customer(draft.customer.as_ref()),
            what: format!(
                "Draft for {}{}",
                if draft.queue.is_empty() { "review" } else { &draft.queue },
                if draft.approvals > 0 { ", second approver" } else { "" }
            ),
            aside: match (arranged.claimed, arranged.assigned, aside_until) {
                (Some(claim), ..) if claim.by == who.name => "you have it open".to_owned(),
                (Some(claim), ..) => format!("{} has it open", claim.by),
                (None, Some(by), _) => format!("{by} has it"),
                (None, None, Some(until)) => format!("put aside for {}", due(now, until)),
                (None, None, None) => draft.draft.to_string(),
            },
            due: when,
            late: open && draft.due < now,
            draft: open.then(|| draft.draft.to_string()),
            aside_until,
            approvers: draft.approvers,
            at: draft.due,
        }
    };
    let (mut review, mut scheduled, mut expired, mut sent) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for draft in &drafts {
        match draft.state {
            DraftState::Pending if desk.docket.of(&draft.draft, now).scheduled.is_some() => scheduled.push(row(draft)),
            // Nothing leaves after its time: whoever approves it now is told so.
            DraftState::Pending if draft.due < now => expired.push(row(draft)),
            DraftState::Pending => review.push(row(draft)),
            DraftState::Sent => sent.push(row(draft)),
            DraftState::Approved | DraftState::Rejected | DraftState::Stopped => {}
        }
    }
    sent.reverse();
    let runs = desk.parts.store.runs(&RunFilter::default()).await?;
    let escalated: Vec<_> = handoffs(desk, &runs)
        .await?
        .into_iter()
        .filter(|handoff| handoff.status != HandoffState::Closed)
        .map(|handoff| Row {
            to: format!("/handoffs/{}", handoff.run.run),
            who: customer(handoff.run.customer.as_ref()),
            what: handoff.run.reason_code.clone().unwrap_or_default().replace('_', " "),
            aside: handoff.by.map_or_else(|| handoff.status.to_string(), |by| format!("{by} has it")),
            due: ago(now, handoff.run.updated_at),
            late: false,
            draft: None,
            aside_until: None,
            approvers: 1,
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
            draft: None,
            aside_until: None,
            approvers: 1,
            at: run.updated_at,
        })
        .collect();
    let tabs = [
        Tab { id: "review", label: "Needs review", count: review.len() },
        Tab { id: "escalated", label: "Escalated", count: escalated.len() },
        Tab { id: "scheduled", label: "Scheduled", count: scheduled.len() },
        Tab { id: "sent", label: "Sent", count: sent.len() },
        Tab { id: "failed", label: "Failed", count: failed.len() },
        Tab { id: "expired", label: "Expired", count: expired.len() },
    ];
    let mut rows = match tab {
        "review" => review,
        "escalated" => escalated,
        "scheduled" => scheduled,
        "sent" => sent,
        "expired" => expired,
        "failed" => failed,
        other => return Err(Problem::unknown(format!("there is no queue `{other}`"))),
    };
    if tab == "review" {
        rows.sort_by_key(|row| (row.aside_until.is_some(), hour(row.at), Reverse(row.approvers), row.at));
    }
    let mut context = Context::new();
    context.insert("more", &rows.len().saturating_sub(ROWS));
    rows.truncate(ROWS);
    let waits = |draft: &String| desk.docket.of(&DraftId::new(draft.as_str()), now).scheduled.is_some();
    context.insert("undo", &undo.filter(waits));
    context.insert("tabs", &tabs);
    context.insert("tab", tab);
    context.insert("rows", &rows);
    page(desk, who, "queue.html", context)
}

pub(super) fn customer(id: Option<&CustomerId>) -> String {
    id.map_or_else(|| "erased".to_owned(), ToString::to_string)
}

/// The hour that something is due in: within it the riskier stands first.
fn hour(at: Timestamp) -> i64 {
    at.as_second().div_euclid(3600)
}

/// How long people have until then, in the hours in which they work.
pub(super) fn left(desk: &Desk, now: Timestamp, then: Timestamp) -> String {
    match &desk.parts.settings.hours {
        Some(hours) => format!("{} of work", time(hours.between(now, then))),
        None => due(now, then),
    }
}

/// How long until then, in words: `38 min`, `late 12 min`.
pub(super) fn due(now: Timestamp, due: Timestamp) -> String {
    time(due.duration_since(now))
}

fn time(left: SignedDuration) -> String {
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
