//! Drafts: what awaits a person, and what they decide.

use super::paging::{Listed, Page, page};
use super::{Asked, Given};
use crate::desk::Desk;
use crate::problem::Problem;
use crate::who::Who;
use attache_engine::{Report, Review};
use attache_journal::{Decision, Digest, DraftCreated, DraftId, DraftState, DraftSummary, Right, RunId, StaffAct};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::{MethodRouter, post};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Which drafts.
#[derive(Debug, Deserialize)]
pub(crate) struct Which {
    state: Option<DraftState>,
    cursor: Option<String>,
    limit: Option<usize>,
}

/// A draft as it would leave.
#[derive(Serialize)]
pub(crate) struct Shown {
    run: RunId,
    state: DraftState,
    #[serde(flatten)]
    draft: DraftCreated,
}

/// A decision on a draft.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Decided {
    /// The digest of what was seen; `If-Match` says the same.
    digest: Option<Digest>,
    reason: Option<String>,
    subject: Option<String>,
    body: Option<String>,
}

/// What became of it.
#[derive(Serialize)]
pub(crate) struct Came {
    run: RunId,
    outcome: attache_journal::Outcome,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason_code: Option<String>,
}

impl From<Report> for Came {
    fn from(report: Report) -> Self {
        Self { run: report.run, outcome: report.ended.outcome, reason_code: report.ended.reason_code }
    }
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
    Path(draft): Path<String>,
) -> Result<impl IntoResponse, Problem> {
    who.may(Right::Read)?;
    let id = DraftId::new(draft);
    let (run, draft) = desk.parts.engine.draft(&id).await?;
    let summary = desk.parts.store.drafts().await?.into_iter().find(|summary| summary.draft == id);
    let state = summary.map_or(DraftState::Pending, |summary| summary.state);
    let tag = format!("\"{}\"", draft.digest);
    Ok(([(header::ETAG, tag)], Json(Shown { run, state, draft })))
}

/// Notes that somebody opened a draft: the journal then tells what they saw.
pub(crate) async fn viewed(
    State(desk): State<Arc<Desk>>,
    who: Who,
    Path(draft): Path<String>,
) -> Result<StatusCode, Problem> {
    who.may(Right::Review)?;
    let (_, created) = desk.parts.engine.draft(&DraftId::new(draft)).await?;
    opened(&desk, &who, &created).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn opened(desk: &Desk, who: &Who, created: &DraftCreated) -> Result<(), Problem> {
    let run = RunId::new(format!("review_{}", created.draft));
    let act = StaffAct::DraftOpened { draft: created.draft.clone(), digest: created.digest.clone() };
    Ok(desk.parts.staff.note(run, &who.name, act).await?)
}

/// The way to take a decision of this kind.
pub(crate) fn decide(decision: Decision) -> MethodRouter<Arc<Desk>> {
    post(move |State(desk): State<Arc<Desk>>, who: Who, Path(draft): Path<String>, headers: HeaderMap, Given(given)| {
        decided(desk, who, DraftId::new(draft), decision, headers, given)
    })
}

async fn decided(
    desk: Arc<Desk>,
    who: Who,
    draft: DraftId,
    decision: Decision,
    headers: HeaderMap,
    given: Decided,
) -> Result<Json<Came>, Problem> {
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
    let tag = headers.get(header::IF_MATCH).and_then(|value| value.to_str().ok());
    let tag = tag.map(|tag| Digest::new(tag.trim_matches('"')));
    if let (Some(tag), Some(digest)) = (&tag, &given.digest)
        && tag != digest
    {
        return Err(Problem::refused("`If-Match` and `digest` say different things"));
    }
    let digest = tag.or(given.digest).ok_or_else(|| {
        let detail = "say what you saw: `If-Match` with the draft's ETag, or `digest`";
        Problem::new(StatusCode::PRECONDITION_REQUIRED, "digest", detail)
    })?;
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
