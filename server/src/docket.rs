//! What people arranged about drafts that await a decision: a fold over the runs beside them.

use attache_engine::Review;
use attache_journal::{
    Actor, Decision, Digest, DraftFilter, DraftId, DraftState, Entry, Event, Outcome, RunId, StaffAct, StaffActed,
    Store, StoreError,
};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// What is arranged about each draft, in memory; a restart reads it again.
#[derive(Default)]
pub(crate) struct Docket {
    drafts: Mutex<BTreeMap<DraftId, Arranged>>,
    /// Held while something is arranged: what is checked before it still holds then.
    turn: tokio::sync::Mutex<()>,
    /// Says that an approval may be due sooner than was thought.
    sooner: Notify,
}

/// What is arranged about one draft.
#[derive(Clone, Debug, Default, Eq, JsonSchema, PartialEq, Serialize)]
pub(crate) struct Arranged {
    /// Whose it is to decide on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) assigned: Option<String>,
    /// Who works on it at this moment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) claimed: Option<Claim>,
    /// An approval that waits for its time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) scheduled: Option<Scheduled>,
    /// Until when it is put aside, and why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) snoozed: Option<Snoozed>,
}

/// Somebody works on a draft.
#[derive(Clone, Debug, Eq, JsonSchema, PartialEq, Serialize)]
pub(crate) struct Claim {
    /// Who.
    pub(crate) by: String,
    /// Until then, unless they leave it before.
    #[schemars(with = "String")]
    pub(crate) until: Timestamp,
}

/// An approval that waits for its time.
#[derive(Clone, Debug, Eq, JsonSchema, PartialEq, Serialize)]
pub(crate) struct Scheduled {
    /// When it is carried out.
    #[schemars(with = "String")]
    pub(crate) at: Timestamp,
    /// Who approved.
    pub(crate) by: String,
    /// The digest of what they saw.
    pub(crate) digest: Digest,
}

/// A draft that is put aside.
#[derive(Clone, Debug, Eq, JsonSchema, PartialEq, Serialize)]
pub(crate) struct Snoozed {
    /// Until then.
    #[schemars(with = "String")]
    pub(crate) until: Timestamp,
    /// Why.
    pub(crate) reason: String,
}

impl Docket {
    /// Reads what is arranged about every draft that awaits a decision.
    pub(crate) async fn read(&self, store: &dyn Store) -> Result<(), StoreError> {
        let pending = DraftFilter { state: Some(DraftState::Pending), ..DraftFilter::default() };
        for draft in store.drafts(&pending).await? {
            for entry in store.entries(&beside(&draft.draft)).await? {
                self.apply(&entry);
            }
        }
        self.sooner.notify_one();
        Ok(())
    }

    /// Takes in what somebody did.
    pub(crate) fn note(&self, by: &str, act: &StaffAct) {
        apply(&mut self.lock(), by, act);
        self.sooner.notify_one();
    }

    fn apply(&self, entry: &Entry) {
        if let (Actor::Human(by), Some(Event::StaffActed(StaffActed { act }))) = (&entry.actor, &entry.event) {
            apply(&mut self.lock(), by, act);
        }
    }

    /// What is arranged about a draft now.
    pub(crate) fn of(&self, draft: &DraftId, now: Timestamp) -> Arranged {
        let arranged = self.lock().get(draft).cloned().unwrap_or_default();
        Arranged {
            claimed: arranged.claimed.filter(|claim| claim.until > now),
            snoozed: arranged.snoozed.filter(|snoozed| snoozed.until > now),
            ..arranged
        }
    }

    /// Waits until nobody else arranges anything.
    pub(crate) async fn turn(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.turn.lock().await
    }

    /// Takes in that somebody decided: they leave the draft, and what is arranged
    /// about one that awaits nobody else is over.
    pub(crate) fn decided(&self, draft: &DraftId, outcome: Outcome) {
        let mut drafts = self.lock();
        if outcome != Outcome::Drafted {
            drafts.remove(draft);
        } else if let Some(arranged) = drafts.get_mut(draft) {
            arranged.claimed = None;
        }
    }

    /// The drafts that something is arranged about, with what that is.
    pub(crate) fn all(&self) -> Vec<(DraftId, Arranged)> {
        self.lock().iter().map(|(draft, arranged)| (draft.clone(), arranged.clone())).collect()
    }

    /// Forgets what was arranged about a draft that is decided on.
    pub(crate) fn forget(&self, draft: &DraftId) {
        self.lock().remove(draft);
    }

    /// Waits until the time of an approval has come, and gives it to be carried
    /// out.
    pub(crate) async fn due(&self, now: impl Fn() -> Timestamp) -> (DraftId, Review) {
        loop {
            let Some((at, draft)) = self.first() else {
                self.sooner.notified().await;
                continue;
            };
            let left = std::time::Duration::try_from(at.duration_since(now())).unwrap_or_default();
            if !left.is_zero() {
                tokio::select! {
                    () = tokio::time::sleep(left) => {}
                    () = self.sooner.notified() => {}
                }
                continue;
            }
            if let Some(Scheduled { by, digest, .. }) = self.take(&draft) {
                let decision = Decision::Approve;
                return (draft, Review { by, decision, digest, reason: None, subject: None, body: None });
            }
        }
    }

    /// The approval that is due first.
    fn first(&self) -> Option<(Timestamp, DraftId)> {
        let drafts = self.lock();
        let times =
            drafts.iter().filter_map(|(draft, arranged)| Some((arranged.scheduled.as_ref()?.at, draft.clone())));
        times.min()
    }

    fn take(&self, draft: &DraftId) -> Option<Scheduled> {
        self.lock().get_mut(draft)?.scheduled.take()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<DraftId, Arranged>> {
        self.drafts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn apply(drafts: &mut BTreeMap<DraftId, Arranged>, by: &str, act: &StaffAct) {
    match act {
        StaffAct::ApprovalScheduled { draft, digest, at } => {
            let scheduled = Scheduled { at: *at, by: by.to_owned(), digest: digest.clone() };
            drafts.entry(draft.clone()).or_default().scheduled = Some(scheduled);
        }
        StaffAct::ApprovalCancelled { draft } => drafts.entry(draft.clone()).or_default().scheduled = None,
        StaffAct::DraftAssigned { draft, to } => drafts.entry(draft.clone()).or_default().assigned.clone_from(to),
        StaffAct::DraftClaimed { draft, until } => {
            let claim = Claim { by: by.to_owned(), until: *until };
            drafts.entry(draft.clone()).or_default().claimed = Some(claim);
        }
        StaffAct::DraftReleased { draft } => drafts.entry(draft.clone()).or_default().claimed = None,
        StaffAct::DraftSnoozed { draft, until, reason } => {
            let snoozed = Snoozed { until: *until, reason: reason.clone() };
            drafts.entry(draft.clone()).or_default().snoozed = Some(snoozed);
        }
        _ => {}
    }
}

/// The run that what people did about a draft is entries of.
pub(crate) fn beside(draft: &DraftId) -> RunId {
    RunId::new(format!("review_{draft}"))
}
