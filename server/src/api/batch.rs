//! Several drafts at once: only those that are alike, and only after a sample was opened.

use super::drafts::review_draft;
use super::exchange::Given;
use super::runs::Came;
use crate::desk::Desk;
use crate::docket::beside;
use crate::problem::Problem;
use crate::who::Who;
use attache_engine::Review;
use attache_journal::{Actor, Decision, Digest, DraftCreated, DraftId, Entry, Event, Right, StaffAct, StaffActed};
use axum::Json;
use axum::extract::State;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::sync::Arc;

/// At most so many at once.
const MOST: usize = 50;
/// One of so many must have been opened, and at least one.
const SAMPLE: usize = 5;

/// Drafts that are approved together.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Batch {
    /// 2 to 50 drafts that are alike.
    #[schemars(length(min = 2, max = 50))]
    drafts: Vec<One>,
}

/// One draft of a batch.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct One {
    /// The draft.
    pub(crate) draft: DraftId,
    /// The digest of what was shown.
    pub(crate) digest: Digest,
}

/// What became of one draft of a batch.
#[derive(JsonSchema, Serialize)]
pub(crate) struct Each {
    /// The draft.
    draft: DraftId,
    /// Where its run came to rest; absent if the approval was not taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    came: Option<Came>,
    /// Why it was not taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
}

impl Each {
    /// Why it was not taken.
    pub(crate) fn problem(&self) -> Option<&str> {
        self.problem.as_deref()
    }
}

pub(crate) async fn approve(
    State(desk): State<Arc<Desk>>,
    who: Who,
    Given(batch): Given<Batch>,
) -> Result<Json<Vec<Each>>, Problem> {
    Ok(Json(approve_all(&desk, &who, batch.drafts).await?))
}

/// Approves each, one after the other; one that is refused keeps none of the
/// others.
pub(crate) async fn approve_all(desk: &Arc<Desk>, who: &Who, drafts: Vec<One>) -> Result<Vec<Each>, Problem> {
    who.may(Right::Review)?;
    let ids: BTreeSet<&DraftId> = drafts.iter().map(|one| &one.draft).collect();
    if !(2..=MOST).contains(&drafts.len()) || ids.len() != drafts.len() {
        return Err(Problem::refused(format!("drafts: expected 2 to {MOST} different ones")));
    }
    let mut classes = BTreeSet::new();
    for one in &drafts {
        classes.insert(class(desk, &one.draft).await?);
    }
    if classes.len() > 1 {
        let detail = "drafts: they are not alike (text, rules or what they rest on differ); approve them one by one";
        return Err(Problem::conflict("unlike", detail));
    }
    let mut unopened = Vec::new();
    for one in sample(&drafts) {
        if !opened(&desk.parts.store.entries(&beside(&one.draft)).await?, &who.name, &one.digest) {
            unopened.push(one.draft.as_str());
        }
    }
    if !unopened.is_empty() {
        let detail = format!("open this sample first, as it is now: {}", unopened.join(", "));
        return Err(Problem::conflict("sample", detail));
    }
    let mut done = Vec::new();
    for One { draft, digest } in drafts {
        let (by, decision) = (who.name.clone(), Decision::Approve);
        let review = Review { by, decision, digest, reason: None, subject: None, body: None };
        let result = review_draft(desk, who, draft.clone(), review).await;
        let (came, problem) = match result {
            Ok(report) => (Some(report.into()), None),
            Err(problem) => (None, Some(problem.detail)),
        };
        done.push(Each { draft, came, problem });
    }
    Ok(done)
}

/// What drafts have in common that may be approved together: the playbook, the
/// tool, the way, the rules that asked for a person, and the kinds of what they
/// rest on with what may be said of it.
async fn class(desk: &Desk, draft: &DraftId) -> Result<Digest, Problem> {
    let (run, created) = desk.parts.engine.draft(draft).await?;
    let entries = desk.parts.store.entries(&run).await?;
    Ok(class_of(&entries, &created))
}

pub(crate) fn class_of(entries: &[Entry], created: &DraftCreated) -> Digest {
    let mut playbook = String::new();
    let mut rules = Vec::new();
    for entry in entries {
        match &entry.event {
            Some(Event::RunStarted(started)) => playbook.clone_from(&started.playbook),
            Some(Event::PolicyDecided(decided)) if decided.call.as_ref() == Some(&created.call) => {
                rules.push(format!("{} {}", decided.verdict, decided.policies.join(" ")));
            }
            _ => {}
        }
    }
    let labels: BTreeSet<String> = created
        .evidence
        .iter()
        .map(|evidence| match evidence {
            attache_journal::Evidence::Fact { key, permission } => format!("{key} {permission}"),
            attache_journal::Evidence::Passage(cited) => cited.doc.clone(),
        })
        .collect();
    let parts = [playbook, created.tool.clone(), created.channel.to_string(), rules.join("\n")];
    let parts: Vec<&[u8]> = parts.iter().chain(&labels).map(String::as_bytes).collect();
    Digest::of(&parts)
}

/// The drafts that must have been opened: which, nobody chooses, and the same
/// batch has the same.
fn sample(drafts: &[One]) -> Vec<&One> {
    let all: Vec<&[u8]> = drafts.iter().map(|one| one.digest.as_str().as_bytes()).collect();
    let batch = Digest::of(&all);
    let mut drawn: Vec<&One> = drafts.iter().collect();
    drawn.sort_by_key(|one| Digest::of(&[batch.as_str().as_bytes(), one.draft.as_str().as_bytes()]));
    drawn.truncate(drafts.len().div_ceil(SAMPLE));
    drawn
}

/// Whether they opened exactly this.
fn opened(entries: &[Entry], name: &str, seen: &Digest) -> bool {
    entries.iter().any(|entry| {
        let by = matches!(&entry.actor, Actor::Human(by) if by == name);
        let opened = match &entry.event {
            Some(Event::StaffActed(StaffActed { act: StaffAct::DraftOpened { digest, .. } })) => digest == seen,
            _ => false,
        };
        by && opened
    })
}
