//! What people arrange about a draft: when it leaves, whose it is, that it waits.

use super::claims::free;
use super::drafts::{Named, let_leave, seen};
use super::exchange::{At, Done, Given, IfMatch};
use crate::desk::Desk;
use crate::docket::{Arranged, beside};
use crate::problem::Problem;
use crate::who::Who;
use attache_engine::ReviewError;
use attache_journal::{Digest, DraftId, DraftState, DraftSummary, Right, StaffAct};
use axum::Json;
use axum::extract::State;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Deserialize;
use std::sync::Arc;

/// An approval for later.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Schedule {
    /// The digest of what was seen; `If-Match` says the same.
    digest: Option<Digest>,
    /// When it is carried out, before the draft is due.
    #[schemars(with = "String")]
    at: Timestamp,
}

/// Whose a draft is.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Assign {
    /// The account; nobody's if absent.
    to: Option<String>,
}

/// A draft is put aside.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Snooze {
    /// Until then.
    #[schemars(with = "String")]
    until: Timestamp,
    /// 1 to 200 characters that say why and name no customer: it stays in the journal.
    #[schemars(length(min = 1, max = 200))]
    reason: String,
}

/// Approves a draft for a later time: policy decides anew then.
pub(crate) async fn schedule(
    State(desk): State<Arc<Desk>>,
    who: Who,
    At(Named { draft }): At<Named>,
    IfMatch(tag): IfMatch,
    Given(given): Given<Schedule>,
) -> Result<Json<Arranged>, Problem> {
    let digest = seen(tag, given.digest)?;
    approve_at(&desk, &who, &draft, digest, given.at).await?;
    Ok(Json(desk.docket.of(&draft, desk.parts.clock.now())))
}

/// Notes an approval whose time is still to come.
pub(crate) async fn approve_at(
    desk: &Desk,
    who: &Who,
    draft: &DraftId,
    digest: Digest,
    at: Timestamp,
) -> Result<(), Problem> {
    who.may(Right::Review)?;
    let _turn = desk.docket.turn().await;
    let summary = pending(desk, draft).await?;
    free(desk, who, draft)?;
    let (_, created) = desk.parts.engine.draft(draft).await?;
    if created.digest != digest {
        let changed = desk.parts.engine.changed(draft).await?;
        return Err(ReviewError::Stale { draft: draft.clone(), digest: created.digest, changed }.into());
    }
    if at < desk.parts.clock.now() || at > summary.due {
        return Err(Problem::refused(format!("at: expected a time from now until the draft is due, {}", summary.due)));
    }
    let_leave(desk, draft, at).await?;
    if let Some(other) = desk.docket.of(draft, desk.parts.clock.now()).scheduled {
        return Err(Problem::conflict("scheduled", format!("{} approved it already, for {}", other.by, other.at)));
    }
    note(desk, who, StaffAct::ApprovalScheduled { draft: draft.clone(), digest, at }, draft).await
}

/// Takes an approval back whose time has not come.
pub(crate) async fn cancel(
    State(desk): State<Arc<Desk>>,
    who: Who,
    At(Named { draft }): At<Named>,
) -> Result<Done, Problem> {
    take_back(&desk, &who, &draft).await?;
    Ok(Done)
}

pub(crate) async fn take_back(desk: &Desk, who: &Who, draft: &DraftId) -> Result<(), Problem> {
    who.may(Right::Review)?;
    let _turn = desk.docket.turn().await;
    pending(desk, draft).await?;
    free(desk, who, draft)?;
    if desk.docket.of(draft, desk.parts.clock.now()).scheduled.is_none() {
        return Err(Problem::conflict("state", "no approval of this draft waits: it was carried out or never given"));
    }
    note(desk, who, StaffAct::ApprovalCancelled { draft: draft.clone() }, draft).await
}

/// Makes a draft somebody's to decide on.
pub(crate) async fn assign(
    State(desk): State<Arc<Desk>>,
    who: Who,
    At(Named { draft }): At<Named>,
    Given(Assign { to }): Given<Assign>,
) -> Result<Done, Problem> {
    give(&desk, &who, &draft, to).await?;
    Ok(Done)
}

pub(crate) async fn give(desk: &Desk, who: &Who, draft: &DraftId, to: Option<String>) -> Result<(), Problem> {
    who.may(Right::Review)?;
    let _turn = desk.docket.turn().await;
    pending(desk, draft).await?;
    if let Some(to) = &to
        && !desk.parts.staff.accounts().contains_key(to)
    {
        return Err(Problem::refused("to: there is no such account"));
    }
    note(desk, who, StaffAct::DraftAssigned { draft: draft.clone(), to }, draft).await
}

/// Puts a draft aside.
pub(crate) async fn snooze(
    State(desk): State<Arc<Desk>>,
    who: Who,
    At(Named { draft }): At<Named>,
    Given(given): Given<Snooze>,
) -> Result<Done, Problem> {
    put_aside(&desk, &who, &draft, given.until, given.reason).await?;
    Ok(Done)
}

pub(crate) async fn put_aside(
    desk: &Desk,
    who: &Who,
    draft: &DraftId,
    until: Timestamp,
    reason: String,
) -> Result<(), Problem> {
    who.may(Right::Review)?;
    let _turn = desk.docket.turn().await;
    let summary = pending(desk, draft).await?;
    free(desk, who, draft)?;
    if !(1..=200).contains(&reason.trim().chars().count()) || reason.chars().any(char::is_control) {
        return Err(Problem::refused("reason: expected 1 to 200 characters that name no customer"));
    }
    if until <= desk.parts.clock.now() || until > summary.due {
        return Err(Problem::refused(format!("until: expected a time before the draft is due, {}", summary.due)));
    }
    note(desk, who, StaffAct::DraftSnoozed { draft: draft.clone(), until, reason }, draft).await
}

pub(super) async fn note(desk: &Desk, who: &Who, act: StaffAct, draft: &DraftId) -> Result<(), Problem> {
    note_all(desk, who, &[act], draft).await
}

pub(super) async fn note_all(desk: &Desk, who: &Who, acts: &[StaffAct], draft: &DraftId) -> Result<(), Problem> {
    desk.parts.staff.note(beside(draft), &who.name, acts).await?;
    for act in acts {
        desk.docket.note(&who.name, act);
    }
    // Nobody looks at a page, then nobody is told.
    let _ = desk.changed.send(());
    Ok(())
}

/// A draft that still awaits a decision.
pub(super) async fn pending(desk: &Desk, draft: &DraftId) -> Result<DraftSummary, Problem> {
    let summary = desk.parts.store.draft(draft).await?;
    let summary = summary.ok_or_else(|| Problem::unknown(format!("there is no draft {draft}")))?;
    if summary.state == DraftState::Pending {
        Ok(summary)
    } else {
        Err(Problem::conflict("decided", format!("draft {draft} is decided already")))
    }
}
