//! The queue: what awaits a person, and what became of the rest.

use super::{Signed, page, shown};
use crate::api::{Asked, Filled};
use crate::desk::Desk;
use crate::problem::Problem;
use crate::views::View;
use crate::who::Who;
use attache_context::CustomerId;
use attache_journal::{
    DraftFilter, DraftId, DraftState, DraftSummary, Handoff, Outcome, Right, RunFilter, RunSummary, Store,
};
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::sync::Arc;
use tera::Context;

/// A page has at most so many rows; the newest or first due.
const ROWS: usize = 100;

/// Of a list that is narrowed so many are looked at, those that come first.
const SEEN: usize = 5000;

/// A tab counts no further.
const MOST: usize = 1000;

#[derive(Deserialize)]
pub(crate) struct Which {
    #[serde(flatten)]
    view: View,
    /// A draft whose approval was given a moment ago.
    undo: Option<String>,
}

/// A view to keep under a name, or one not to keep any more.
#[derive(Deserialize)]
pub(crate) struct Keeping {
    csrf: String,
    label: String,
    #[serde(flatten)]
    view: View,
    /// Anything, if it is not to be kept.
    drop: Option<String>,
}

/// A view that is kept.
#[derive(Serialize)]
struct Kept {
    label: String,
    to: String,
    current: bool,
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
}

/// A tab with how many rows it has.
#[derive(Serialize)]
struct Tab {
    id: &'static str,
    label: &'static str,
    count: String,
}

pub(crate) async fn show(State(desk): State<Arc<Desk>>, Signed(who): Signed, Asked(which): Asked<Which>) -> Response {
    shown(&desk, queue(&desk, &who, which.view.trimmed(), which.undo).await)
}

/// Keeps a view, or forgets one, and shows it.
pub(crate) async fn keep(
    State(desk): State<Arc<Desk>>,
    Signed(who): Signed,
    Filled(keeping): Filled<Keeping>,
) -> Response {
    let kept = || -> Result<Response, Problem> {
        who.gave(&keeping.csrf)?;
        who.may(Right::Read)?;
        let view = keeping.view.trimmed();
        let to = view.address();
        if keeping.drop.is_some() {
            desk.views.drop_view(&who.name, &keeping.label)?;
        } else {
            desk.views.keep(&who.name, &keeping.label, view)?.map_err(Problem::refused)?;
        }
        Ok(Redirect::to(&to).into_response())
    };
    shown(&desk, kept())
}

async fn queue(desk: &Desk, who: &Who, view: View, undo: Option<String>) -> Result<Response, Problem> {
    who.may(Right::Read)?;
    if view.whose.as_deref().is_some_and(|whose| !matches!(whose, "mine" | "nobody")) {
        return Err(Problem::refused("whose: expected `mine` or `nobody`"));
    }
    let tab = view.tab.as_deref().unwrap_or("review");
    let look = Look { desk, store: &*desk.parts.store, name: &who.name, now: desk.parts.clock.now(), view: &view };
    let (mut scheduled, mut aside) = (Vec::new(), Vec::new());
    for (id, arranged) in desk.docket.all() {
        let Some(draft) = look.store.draft(&id).await?.filter(|draft| draft.state == DraftState::Pending) else {
            desk.docket.forget(&id);
            continue;
        };
        if arranged.scheduled.is_some() {
            scheduled.push(draft);
        } else if arranged.snoozed.is_some_and(|snoozed| snoozed.until > look.now) && draft.due >= look.now {
            aside.push(draft);
        }
    }
    scheduled.sort_by_key(|draft| draft.due);
    aside.sort_by_key(|draft| draft.due);
    let overdue = scheduled.iter().filter(|draft| draft.due < look.now).count();
    let in_time = scheduled.len().saturating_sub(overdue);
    let failures = RunFilter { outcome: Some(Outcome::Failed), ..RunFilter::default() };
    let (open, handoffs) = desk.handoffs.open(look.store, if tab == "escalated" { ROWS } else { 0 }).await?;
    let counts = [
        ("review", "Needs review", look.count(look.in_time(), in_time).await?),
        ("escalated", "Escalated", open),
        ("scheduled", "Scheduled", scheduled.len()),
        ("sent", "Sent", look.count(sent(), 0).await?),
        ("failed", "Failed", look.store.count_runs(&RunFilter { limit: Some(MOST), ..failures.clone() }).await?),
        ("expired", "Expired", look.count(look.overdue(), overdue).await?),
    ];
    let Some((.., count)) = counts.into_iter().find(|(id, ..)| *id == tab) else {
        return Err(Problem::unknown(format!("there is no queue `{tab}`")));
    };
    let mut rows: Vec<Row> = match tab {
        "review" => {
            let mut drafts = look.drafts(look.in_time(), &[&scheduled, &aside]).await?;
            aside.retain(|draft| look.admits(draft));
            // What more people must approve is the riskier of what is due in one hour.
            drafts.sort_by_key(|draft| (hour(draft.due), Reverse(draft.approvers), draft.due));
            drafts.extend(aside);
            drafts.iter().map(|draft| look.draft(draft)).collect()
        }
        "expired" => look.drafts(look.overdue(), &[&scheduled]).await?.iter().map(|draft| look.draft(draft)).collect(),
        "sent" => look.drafts(sent(), &[]).await?.iter().map(|draft| look.draft(draft)).collect(),
        "scheduled" => scheduled.iter().filter(|draft| look.admits(draft)).map(|draft| look.draft(draft)).collect(),
        "escalated" => handoffs.into_iter().map(|(run, handoff)| look.handoff(run, handoff)).collect(),
        _ => {
            let failed = look.store.runs(&RunFilter { limit: Some(ROWS), ..failures }).await?;
            failed.into_iter().map(|run| look.failure(run)).collect()
        }
    };
    rows.truncate(ROWS);
    let tabs = counts.map(|(id, label, count)| Tab { id, label, count: counted(count) });
    let mut context = Context::new();
    // How many a narrowed list has is not counted.
    context.insert("more", &if view.narrows() { 0 } else { count.saturating_sub(rows.len()) });
    context.insert("uncounted", &(count >= MOST));
    let kept = desk.views.of(&who.name).into_iter().map(|named| Kept {
        current: named.view.clone().trimmed() == view,
        to: named.view.address(),
        label: named.label,
    });
    context.insert("views", &kept.collect::<Vec<_>>());
    context.insert("view", &view);
    context.insert("narrows", &view.narrows());
    context.insert("can_narrow", &matches!(tab, "review" | "scheduled" | "sent" | "expired"));
    context.insert("seen", &SEEN);
    let waits = |draft: &String| desk.docket.of(&DraftId::new(draft.as_str()), look.now).scheduled.is_some();
    context.insert("undo", &undo.filter(waits));
    context.insert("tabs", &tabs);
    context.insert("tab", tab);
    context.insert("rows", &rows);
    page(desk, who, "queue.html", context)
}

/// What a page is made from, at its moment.
struct Look<'a> {
    desk: &'a Desk,
    store: &'a dyn Store,
    /// Who looks.
    name: &'a str,
    now: Timestamp,
    /// What they want to see.
    view: &'a View,
}

impl Look<'_> {
    /// The drafts that can still be decided on in time.
    fn in_time(&self) -> DraftFilter {
        // No id sorts before the empty one: that moment is included.
        DraftFilter { after: Some((self.now, DraftId::new(""))), ..pending() }
    }

    /// The drafts whose time is over: nothing leaves after it, and whoever
    /// approves one now is told so.
    fn overdue(&self) -> DraftFilter {
        DraftFilter { due_before: Some(self.now), ..pending() }
    }

    /// How many drafts, without so many of them that stand elsewhere.
    async fn count(&self, filter: DraftFilter, elsewhere: usize) -> Result<usize, Problem> {
        let limit = Some(MOST + elsewhere);
        Ok(self.store.count_drafts(&DraftFilter { limit, ..filter }).await?.saturating_sub(elsewhere))
    }

    /// A page of drafts without those that stand elsewhere.
    async fn drafts(&self, filter: DraftFilter, but: &[&[DraftSummary]]) -> Result<Vec<DraftSummary>, Problem> {
        let elsewhere: BTreeSet<_> = but.iter().copied().flatten().map(|draft| &draft.draft).collect();
        let most = if self.view.narrows() { SEEN } else { ROWS };
        let filter = DraftFilter { limit: Some(most + elsewhere.len()), ..filter };
        let mut drafts = self.store.drafts(&filter).await?;
        drafts.retain(|draft| !elsewhere.contains(&draft.draft) && self.admits(draft));
        drafts.truncate(ROWS);
        Ok(drafts)
    }

    /// Whether the view has this draft.
    fn admits(&self, draft: &DraftSummary) -> bool {
        let has = |whose: &str| {
            let assigned = self.desk.docket.of(&draft.draft, self.now).assigned;
            if whose == "mine" { assigned.as_deref() == Some(self.name) } else { assigned.is_none() }
        };
        self.view.queue.as_ref().is_none_or(|queue| draft.queue == *queue) && self.view.whose.as_deref().is_none_or(has)
    }

    fn draft(&self, draft: &DraftSummary) -> Row {
        let arranged = self.desk.docket.of(&draft.draft, self.now);
        let open = draft.state == DraftState::Pending;
        let when = match &arranged.scheduled {
            Some(scheduled) => format!("leaves in {}", due(self.now, scheduled.at)),
            None if open => left(self.desk, self.now, draft.due),
            None => String::new(),
        };
        let aside_until = arranged.snoozed.map(|snoozed| snoozed.until);
        let second = if draft.approvals > 0 { ", second approver" } else { "" };
        Row {
            to: format!("/drafts/{}", draft.draft),
            who: customer(draft.customer.as_ref()),
            what: format!("Draft for {}{second}", if draft.queue.is_empty() { "review" } else { &draft.queue }),
            aside: match (arranged.claimed, arranged.assigned, aside_until) {
                (Some(claim), ..) if claim.by == self.name => "you have it open".to_owned(),
                (Some(claim), ..) => format!("{} has it open", claim.by),
                (None, Some(by), _) => format!("{by} has it"),
                (None, None, Some(until)) => format!("put aside for {}", due(self.now, until)),
                (None, None, None) => draft.draft.to_string(),
            },
            due: when,
            late: open && draft.due < self.now,
            draft: open.then(|| draft.draft.to_string()),
        }
    }

    fn handoff(&self, run: RunSummary, handoff: Handoff) -> Row {
        let aside = handoff.by.map_or_else(|| handoff.state.to_string(), |by| format!("{by} has it"));
        Row { to: format!("/handoffs/{}", run.run), aside, ..self.run(&run) }
    }

    fn failure(&self, run: RunSummary) -> Row {
        Row { to: format!("/runs/{}", run.run), aside: run.playbook.clone(), ..self.run(&run) }
    }

    fn run(&self, run: &RunSummary) -> Row {
        Row {
            to: String::new(),
            who: customer(run.customer.as_ref()),
            what: run.reason_code.clone().unwrap_or_default().replace('_', " "),
            aside: String::new(),
            due: ago(self.now, run.updated_at),
            late: false,
            draft: None,
        }
    }
}

fn pending() -> DraftFilter {
    DraftFilter { state: Some(DraftState::Pending), ..DraftFilter::default() }
}

/// What left, the newest in front.
fn sent() -> DraftFilter {
    DraftFilter { state: Some(DraftState::Sent), last_first: true, ..DraftFilter::default() }
}

/// A number that is exact where somebody could count.
fn counted(count: usize) -> String {
    if count < MOST { count.to_string() } else { format!("{MOST}+") }
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
