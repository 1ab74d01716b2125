//! Drafts: what awaits a person, and what they decide.

use super::claims::free;
use super::exchange::{Asked, At, Done, Given, IfMatch, Tagged};
use super::paging::{Listed, Page, page};
use super::runs::Came;
use crate::desk::Desk;
use crate::docket::{Arranged, beside};
use crate::problem::Problem;
use crate::who::Who;
use attache_engine::{Changed, Report, Review};
use attache_journal::{
    Decision, Digest, DraftCreated, DraftFilter, DraftId, DraftState, DraftSummary, Right, RunId, StaffAct,
};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use futures::future::BoxFuture;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Which drafts.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Which {
    /// Only those that stand there.
    state: Option<DraftState>,
    /// Where the page before ended.
    cursor: Option<String>,
    /// At most so many: 1 to 200, 50 if not said.
    #[schemars(range(min = 1, max = 200))]
    limit: Option<usize>,
}

/// Names a draft.
#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct Named {
    /// The draft.
    pub(super) draft: DraftId,
}

/// A draft as it would leave.
#[derive(JsonSchema, Serialize)]
pub(crate) struct Shown {
    run: RunId,
    state: DraftState,
    #[serde(flatten)]
    draft: DraftCreated,
    #[serde(flatten)]
    arranged: Arranged,
    /// Who approved it as it is.
    approved_by: Vec<String>,
    /// How many people must.
    approvers: u8,
    /// What has changed since it was made.
    changed: Vec<Changed>,
    /// Why it would not leave if it were approved now.
    obstacles: Vec<String>,
}

/// A decision on a draft.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Decided {
    /// The digest of what was seen; `If-Match` says the same.
    digest: Option<Digest>,
    /// Why.
    reason: Option<String>,
    /// The subject it is changed to.
    subject: Option<String>,
    /// The text it is changed to.
    body: Option<String>,
}

pub(crate) async fn list(
    State(desk): State<Arc<Desk>>,
    who: Who,
    Asked(which): Asked<Which>,
) -> Result<Json<Listed<DraftSummary>>, Problem> {
    who.may(Right::Read)?;
    let (store, asked) = (&*desk.parts.store, Page { cursor: which.cursor, limit: which.limit });
    let (after, limit) = (asked.after_draft(store).await?, asked.ask()?);
    let filter = DraftFilter { state: which.state, after, limit: Some(limit), ..DraftFilter::default() };
    Ok(Json(page(limit, store.drafts(&filter).await?, |draft| draft.draft.as_str())))
}

pub(crate) async fn show(
    State(desk): State<Arc<Desk>>,
    who: Who,
    At(Named { draft: id }): At<Named>,
) -> Result<Tagged<Shown>, Problem> {
    who.may(Right::Read)?;
    let (run, draft) = desk.parts.engine.draft(&id).await?;
    let summary = desk.parts.store.draft(&id).await?;
    let state = summary.map_or(DraftState::Pending, |summary| summary.state);
    let arranged = desk.docket.of(&id, desk.parts.clock.now());
    let (approved_by, approvers) = desk.parts.engine.approvals(&id).await?;
    let (mut changed, mut obstacles) = (Vec::new(), Vec::new());
    if state == DraftState::Pending {
        changed = desk.parts.engine.changed(&id).await?;
        obstacles = desk.parts.engine.obstacles(&id).await?;
    }
    Ok(Tagged {
        tag: draft.digest.to_string(),
        body: Shown { run, state, draft, arranged, approved_by, approvers, changed, obstacles },
    })
}

/// Notes that somebody opened a draft: the journal then tells what they saw.
pub(crate) async fn viewed(
    State(desk): State<Arc<Desk>>,
    who: Who,
    At(Named { draft }): At<Named>,
) -> Result<Done, Problem> {
    who.may(Right::Review)?;
    let (_, created) = desk.parts.engine.draft(&draft).await?;
    let _turn = desk.docket.turn().await;
    let act = StaffAct::DraftOpened { draft: created.draft, digest: created.digest };
    desk.parts.staff.note(beside(&draft), &who.name, &[act]).await?;
    Ok(Done)
}

/// The handler that takes a decision of this kind.
pub(crate) fn decide(
    decision: Decision,
) -> impl Fn(State<Arc<Desk>>, Who, At<Named>, IfMatch, Given<Decided>) -> Deciding + Clone + Send + Sync + 'static {
    move |State(desk), who, At(Named { draft }), IfMatch(tag), Given(given)| {
        Box::pin(decided(desk, who, draft, decision, tag, given))
    }
}

type Deciding = BoxFuture<'static, Result<Json<Came>, Problem>>;

async fn decided(
    desk: Arc<Desk>,
    who: Who,
    draft: DraftId,
    decision: Decision,
    tag: Option<String>,
    given: Decided,
) -> Result<Json<Came>, Problem> {
    who.may(Right::Review)?;
    let changed = given.subject.is_some() || given.body.is_some();
    let reasoned = given.reason.as_deref().is_some_and(|reason| !reason.trim().is_empty());
    match decision {
        Decision::Approve if changed => return Err(Problem::refused("an approval changes nothing; use edit")),
        Decision::Edit if !changed => return Err(Problem::refused("nothing is edited: give subject or body")),
        Decision::Escalate | Decision::Reject | Decision::Revise | Decision::Withdraw if !reasoned => {
            return Err(Problem::refused(format!("reason: {}", ask_why(decision))));
        }
        Decision::Approve | Decision::Edit => {}
        Decision::Escalate | Decision::Reject | Decision::Revise | Decision::Withdraw if changed => {
            return Err(Problem::refused("only an edit changes subject or body"));
        }
        Decision::Escalate | Decision::Reject | Decision::Revise | Decision::Withdraw => {}
    }
    let digest = seen(tag, given.digest)?;
    let review = Review {
        by: who.name.clone(),
        decision,
        digest,
        reason: given.reason,
        subject: given.subject,
        body: given.body,
    };
    let report = review_draft(&desk, &who, draft, review).await?;
    let waiting = waiting(&desk, &report.run).await?;
    Ok(Json(Came::and(report, waiting)))
}

/// Goes on only if policy would let a draft leave at that time.
pub(super) async fn let_leave(desk: &Desk, draft: &DraftId, at: Timestamp) -> Result<(), Problem> {
    let obstacles = desk.parts.engine.obstacles_at(draft, at).await?;
    if obstacles.is_empty() {
        return Ok(());
    }
    Err(Problem::conflict("held-back", format!("policy would not let it leave at {at:.0}: {}", obstacles.join("; "))))
}

/// What whoever decides so is asked for.
pub(crate) fn ask_why(decision: Decision) -> &'static str {
    match decision {
        Decision::Escalate => "say why, for whoever takes the customer over",
        Decision::Revise => "say what the other version is to be",
        Decision::Approve | Decision::Edit | Decision::Reject | Decision::Withdraw => {
            "say why, for whoever writes the next one"
        }
    }
}

/// The newest draft of a run that awaits a person.
pub(crate) async fn waiting(desk: &Desk, run: &RunId) -> Result<Option<DraftId>, Problem> {
    let drafts = desk.parts.store.run(run).await?.map(|run| run.drafts).unwrap_or_default();
    Ok(drafts.into_iter().rev().find(|draft| draft.state == DraftState::Pending).map(|draft| draft.draft))
}

/// The digest of what whoever decides saw.
pub(super) fn seen(tag: Option<String>, digest: Option<Digest>) -> Result<Digest, Problem> {
    match (tag.map(Digest::new), digest) {
        (Some(tag), Some(digest)) if tag != digest => {
            Err(Problem::refused("`If-Match` and `digest` say different things"))
        }
        (Some(seen), _) | (None, Some(seen)) => Ok(seen),
        (None, None) => {
            let detail = "say what you saw: `If-Match` with the draft's ETag, or `digest`";
            Err(Problem::new(StatusCode::PRECONDITION_REQUIRED, "digest", detail))
        }
    }
}

/// Takes a decision to its end, whether or not whoever made it still waits.
pub(crate) async fn review_draft(
    desk: &Arc<Desk>,
    who: &Who,
    draft: DraftId,
    review: Review,
) -> Result<Report, Problem> {
    who.may(Right::Review)?;
    free(desk, who, &draft)?;
    if review.decision == Decision::Approve {
        // Nothing is recorded, so the draft is there when it may leave.
        let_leave(desk, &draft, desk.parts.clock.now()).await?;
    }
    let (engine, task) = (Arc::clone(&desk.parts.engine), Arc::clone(desk));
    let work = async move {
        let report = engine.review(&draft, review).await;
        if let Ok(report) = &report {
            task.docket.decided(&draft, report.ended.outcome);
        }
        report
    };
    Ok(desk.finish(work).await.ok_or_else(|| Problem::ours("a review ended without a result"))??)
}
