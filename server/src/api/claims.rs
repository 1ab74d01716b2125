//! Claims: while somebody has a draft open to work on it, nobody else decides on it.

use super::arranging::{note, note_all, pending};
use super::drafts::Named;
use super::exchange::{At, Done};
use crate::desk::Desk;
use crate::docket::{Arranged, Claim};
use crate::problem::Problem;
use crate::who::Who;
use attache_journal::{Digest, DraftId, Right, StaffAct};
use axum::Json;
use axum::extract::State;
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;

/// Works on a draft: nobody else decides on it until they leave it.
pub(crate) async fn claim(
    State(desk): State<Arc<Desk>>,
    who: Who,
    At(Named { draft }): At<Named>,
) -> Result<Json<Arranged>, Problem> {
    who.may(Right::Review)?;
    {
        let _turn = desk.docket.turn().await;
        pending(&desk, &draft).await?;
        free(&desk, &who, &draft)?;
        note(&desk, &who, claimed(&desk, &draft)?, &draft).await?;
    }
    Ok(Json(desk.docket.of(&draft, desk.parts.clock.now())))
}

/// Leaves a draft that they worked on.
pub(crate) async fn release(
    State(desk): State<Arc<Desk>>,
    who: Who,
    At(Named { draft }): At<Named>,
) -> Result<Done, Problem> {
    leave(&desk, &who, &draft, None).await?;
    Ok(Done)
}

/// Ends their claim; with a time, only the one that lasts until then: a page that
/// is left late does not end the claim of the page after it.
pub(crate) async fn leave(desk: &Desk, who: &Who, draft: &DraftId, until: Option<Timestamp>) -> Result<(), Problem> {
    who.may(Right::Review)?;
    let _turn = desk.docket.turn().await;
    pending(desk, draft).await?;
    free(desk, who, draft)?;
    match desk.docket.of(draft, desk.parts.clock.now()).claimed {
        Some(claim) if until.is_none_or(|until| until == claim.until) => {
            note(desk, who, StaffAct::DraftReleased { draft: draft.clone() }, draft).await
        }
        Some(_) | None => Ok(()),
    }
}

/// Notes that somebody opened a draft to work on it: it is theirs for a while,
/// unless somebody else has it.
pub(crate) async fn open(desk: &Desk, who: &Who, draft: &DraftId, digest: Digest) -> Result<(), Problem> {
    let _turn = desk.docket.turn().await;
    let mut acts = vec![StaffAct::DraftOpened { draft: draft.clone(), digest }];
    if free(desk, who, draft).is_ok() && desk.parts.settings.claim_minutes > 0 {
        acts.push(claimed(desk, draft)?);
    }
    note_all(desk, who, &acts, draft).await
}

fn claimed(desk: &Desk, draft: &DraftId) -> Result<StaffAct, Problem> {
    let minutes = SignedDuration::from_mins(desk.parts.settings.claim_minutes.into());
    let until = desk.parts.clock.now().checked_add(minutes).map_err(Problem::ours)?;
    Ok(StaffAct::DraftClaimed { draft: draft.clone(), until })
}

/// Goes on only if nobody else works on the draft.
pub(crate) fn free(desk: &Desk, who: &Who, draft: &DraftId) -> Result<(), Problem> {
    match desk.docket.of(draft, desk.parts.clock.now()).claimed {
        Some(Claim { by, until }) if by != who.name => {
            let detail = format!("{by} has draft {draft} open until {until}: wait until they leave it, or ask them");
            Err(Problem::conflict("claimed", detail))
        }
        Some(_) | None => Ok(()),
    }
}
