//! Drafts: what awaits a person, and what they decide.

use super::exchange::{Asked, At, Done, Given, IfMatch, Tagged};
use super::paging::{Listed, Page, page};
use super::runs::Came;
use crate::desk::Desk;
use crate::docket::{Arranged, beside};
use crate::problem::Problem;
use crate::who::Who;
use attache_engine::{Report, Review};
use attache_journal::{Decision, Digest, DraftCreated, DraftId, DraftState, DraftSummary, Right, RunId, StaffAct};
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use futures::future::BoxFuture;
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
    let mut drafts = desk.parts.store.drafts().await?;
    drafts.retain(|draft| which.state.is_none_or(|state| state == draft.state));
    page(&Page { cursor: which.cursor, limit: which.limit }, drafts, |draft| draft.draft.as_str()).map(Json)
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
    Ok(Tagged { tag: draft.digest.to_string(), body: Shown { run, state, draft, arranged: desk.docket.of(&id) } })
}

/// Notes that somebody opened a draft: the journal then tells what they saw.
pub(crate) async fn viewed(
    State(desk): State<Arc<Desk>>,
    who: Who,
    At(Named { draft }): At<Named>,
) -> Result<Done, Problem> {
    who.may(Right::Review)?;
    let (_, created) = desk.parts.engine.draft(&draft).await?;
    opened(&desk, &who, &created).await?;
    Ok(Done)
}

pub(crate) async fn opened(desk: &Desk, who: &Who, created: &DraftCreated) -> Result<(), Problem> {
    let act = StaffAct::DraftOpened { draft: created.draft.clone(), digest: created.digest.clone() };
    Ok(desk.parts.staff.note(beside(&created.draft), &who.name, act).await?)
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
        Decision::Reject if !reasoned => {
            return Err(Problem::refused("reason: say why, for whoever writes the next one"));
        }
        Decision::Approve | Decision::Edit | Decision::Reject => {}
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
    Ok(Json(review_draft(&desk, &who, draft, review).await?.into()))
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
    let engine = Arc::clone(&desk.parts.engine);
    let done = desk.finish(async move { engine.review(&draft, review).await }).await;
    Ok(done.ok_or_else(|| Problem::ours("a review ended without a result"))??)
}
