//! What people decide on drafts, and what such a decision is bound to.

use crate::engine::{Engine, Report, RunError, before, started};
use attache_context::{Bundle, Consent, CustomerId};
use attache_journal::{
    Actor, Decision, Digest, DraftCreated, DraftId, DraftState, DraftSummary, Entry, Event, Evidence, PolicyDecided,
    ReviewDecided, RunFilter, RunId, StoreError, Verdict,
};
use attache_planner::{Flip, Run, what_if};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use std::sync::Arc;

/// An instruction for another version has at most so many characters.
const INSTRUCTION: usize = 2_000;

/// What a reviewer decided.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Review {
    /// Who.
    pub by: String,
    /// What.
    pub decision: Decision,
    /// The digest of what they saw.
    pub digest: Digest,
    /// Why.
    pub reason: Option<String>,
    /// The subject they changed it to.
    pub subject: Option<String>,
    /// The body they changed it to.
    pub body: Option<String>,
}

/// A review was not taken.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReviewError {
    /// Somebody decided before.
    #[error("draft {0} is decided already")]
    Decided(DraftId),
    /// Policy does not let the edited text go; nothing was recorded.
    #[error("policy does not allow the edited text: {0}")]
    Denied(String),
    /// The edit would change nothing.
    #[error("the {0} of this draft cannot be edited")]
    Fixed(&'static str),
    /// Another version is asked for without a word on what it is to be.
    #[error("say what the other version is to be, in 1 to 2000 characters")]
    Mute,
    /// A decision without anybody behind it.
    #[error("say who decides: a name of 1 to 128 characters")]
    Name,
    /// Another version stands in its place.
    #[error("draft {draft} was sent back: {by} stands in its place, look at that")]
    Replaced {
        /// The draft.
        draft: DraftId,
        /// The version in its place.
        by: DraftId,
        /// What is different there.
        changed: Vec<Changed>,
    },
    /// The run could not go on.
    #[error(transparent)]
    Run(#[from] RunError),
    /// They approved it before, and it needs another person.
    #[error("you approved draft {0} already: it needs another person")]
    Same(DraftId),
    /// What they saw is not what there is.
    #[error("draft {draft} is not what you saw: its digest is {digest}; look again")]
    Stale {
        /// The draft.
        draft: DraftId,
        /// The digest of what there is.
        digest: Digest,
        /// What has changed since the draft was made.
        changed: Vec<Changed>,
    },
    /// There is no such draft.
    #[error("there is no draft {0}")]
    Unknown(DraftId),
}

/// Something of a draft that is not what it was.
#[derive(Clone, Debug, Eq, JsonSchema, PartialEq, Serialize)]
pub struct Changed {
    /// What of it.
    pub part: Part,
    /// Which: the key of a fact, the action that was decided on, a tool, `subject` or `body`.
    pub name: String,
    /// What it was.
    pub was: String,
    /// What it is.
    pub is: String,
}

/// What of a draft an approval is bound to.
#[derive(Clone, Copy, Debug, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// What it rests on.
    Evidence,
    /// What its tool says of itself.
    Labels,
    /// The rules.
    Policy,
    /// Its words.
    Text,
}

impl Engine {
    /// Takes a person's decision on a draft and goes on with its run: an
    /// approved text leaves, if policy still allows it.
    ///
    /// # Errors
    /// [`ReviewError`]; of two reviewers at once one is told that the other was
    /// first.
    pub async fn review(&self, draft: &DraftId, review: Review) -> Result<Report, ReviewError> {
        let name = review.by.trim();
        if name.is_empty() || name.chars().count() > 128 || name.chars().any(char::is_control) {
            return Err(ReviewError::Name);
        }
        let length = review.reason.as_deref().unwrap_or_default().trim().chars().count();
        if review.decision == Decision::Revise && !(1..=INSTRUCTION).contains(&length) {
            return Err(ReviewError::Mute);
        }
        let Drafted { run, entries, created, .. } = self.drafted(draft).await?;
        let mut driver = self.load(&run, &entries).await?;
        if driver.run().pending_draft(draft).is_none() {
            return Err(decided_before(&entries, created));
        }
        let changed = self.changes(&run, &entries, &created).await?;
        let shown = shown(&created, &changed);
        if shown != review.digest {
            return Err(ReviewError::Stale { draft: draft.clone(), digest: shown, changed });
        }
        if review.decision.sends() && driver.run().approvals(draft).0.contains(&review.by) {
            return Err(ReviewError::Same(draft.clone()));
        }
        if review.subject.is_some() && created.subject_field.is_none() {
            return Err(ReviewError::Fixed("subject"));
        }
        if review.body.is_some() && created.body_field.is_none() {
            return Err(ReviewError::Fixed("body"));
        }
        let now = self.clock.now();
        let by = Actor::Human(review.by.clone());
        let decided = self.decided(draft, review, &entries, now).await?;
        if decided.decision == Decision::Edit {
            self.try_edit(&run, &entries, &decided, now)?;
        }
        driver.record(now, &by, decided.into())?;
        driver.drive(false).await.map_err(|e| match e {
            RunError::Store(StoreError::Conflict { .. }) => ReviewError::Decided(draft.clone()),
            other => other.into(),
        })
    }

    /// Decides on an edited text before anything is recorded, so that an edit
    /// that policy refuses leaves the draft as it was.
    fn try_edit(
        &self,
        run: &RunId,
        entries: &[Entry],
        decided: &ReviewDecided,
        now: Timestamp,
    ) -> Result<(), ReviewError> {
        match self.verdict_after(run, entries, decided, now)? {
            Some(verdict) if verdict.verdict != Verdict::Allow => Err(ReviewError::Denied(verdict.reasons.join("; "))),
            _ => Ok(()),
        }
    }

    /// What policy would say of a draft after this decision on it.
    fn verdict_after(
        &self,
        run: &RunId,
        entries: &[Entry],
        decided: &ReviewDecided,
        now: Timestamp,
    ) -> Result<Option<PolicyDecided>, RunError> {
        let mut trial = self.folded(run, entries)?;
        trial.try_release(now, decided);
        Ok(match trial.decide(&self.policy, now) {
            Some(Event::PolicyDecided(verdict)) => Some(verdict),
            _ => None,
        })
    }

    /// Why a draft that awaits a person would not leave if it were approved now:
    /// the reasons of policy, none if it would. What the customer's newest run
    /// says of their consent counts, so a consent that was taken back marks every
    /// draft that needs it.
    ///
    /// # Errors
    /// [`ReviewError`].
    pub async fn obstacles(&self, draft: &DraftId) -> Result<Vec<String>, ReviewError> {
        self.obstacles_at(draft, self.clock.now()).await
    }

    /// [`obstacles`](Self::obstacles), if it were approved at that time.
    ///
    /// # Errors
    /// [`ReviewError`].
    pub async fn obstacles_at(&self, draft: &DraftId, now: Timestamp) -> Result<Vec<String>, ReviewError> {
        let Drafted { run, entries, created, .. } = self.drafted(draft).await?;
        let approval = Review {
            by: "nobody yet".to_owned(),
            decision: Decision::Approve,
            digest: created.digest,
            reason: None,
            subject: None,
            body: None,
        };
        let approved = self.decided(draft, approval, &entries, now).await?;
        let verdict = self.verdict_after(&run, &entries, &approved, now)?;
        Ok(verdict.filter(|one| one.verdict != Verdict::Allow).map(|one| one.reasons).unwrap_or_default())
    }

    /// A decision on a draft with what is known of the customer by now.
    async fn decided(
        &self,
        draft: &DraftId,
        review: Review,
        entries: &[Entry],
        now: Timestamp,
    ) -> Result<ReviewDecided, ReviewError> {
        let (Some(started), Some(first)) = (started(entries), entries.first()) else {
            return Err(ReviewError::Unknown(draft.clone()));
        };
        let bundle = &started.bundle;
        Ok(ReviewDecided {
            draft: draft.clone(),
            by: review.by,
            decision: review.decision,
            digest: review.digest,
            reason: review.reason,
            subject: review.subject,
            body: review.body,
            history: self.store.history(&bundle.customer.id, before(now)).await.map_err(RunError::Store)?,
            consent: self.consent_since(bundle).await?,
            wrote_since: self.wrote_since(bundle, &first.run, first.at).await.map_err(RunError::Store)?,
        })
    }

    /// What a customer agrees to by their newest run, if that is something else
    /// than `bundle` says.
    async fn consent_since(&self, bundle: &Bundle) -> Result<Option<Consent>, RunError> {
        let newest = self.newest(&bundle.customer.id).await?;
        Ok(newest.map(|newest| newest.consent).filter(|now| *now != bundle.consent))
    }

    /// What the newest run of a customer was given.
    async fn newest(&self, customer: &CustomerId) -> Result<Option<Arc<Bundle>>, RunError> {
        let theirs = RunFilter { customer: Some(customer.clone()), limit: Some(1), ..RunFilter::default() };
        let Some(newest) = self.store.runs(&theirs).await?.into_iter().next() else { return Ok(None) };
        let entries = self.entries(&newest.run).await?;
        Ok(started(&entries).map(|started| Arc::clone(&started.bundle)))
    }

    /// A draft with the run that made it. Its digest is of what there is now: of
    /// the draft as it was made, and of whatever has changed since.
    ///
    /// # Errors
    /// [`ReviewError::Unknown`] if there is none.
    pub async fn draft(&self, draft: &DraftId) -> Result<(RunId, DraftCreated), ReviewError> {
        let Drafted { run, entries, created, pending } = self.drafted(draft).await?;
        if !pending {
            return Ok((run, created));
        }
        let changed = self.changes(&run, &entries, &created).await?;
        let digest = shown(&created, &changed);
        Ok((run, DraftCreated { digest, ..created }))
    }

    /// What of a draft that awaits a person has changed since it was made: what it
    /// rests on, the rules in force, the labels of the tool that wrote it.
    ///
    /// # Errors
    /// [`ReviewError`].
    pub async fn changed(&self, draft: &DraftId) -> Result<Vec<Changed>, ReviewError> {
        let Drafted { run, entries, created, pending } = self.drafted(draft).await?;
        if pending { self.changes(&run, &entries, &created).await } else { Ok(Vec::new()) }
    }

    async fn changes(
        &self,
        run: &RunId,
        entries: &[Entry],
        created: &DraftCreated,
    ) -> Result<Vec<Changed>, ReviewError> {
        let Some(started) = started(entries) else { return Err(ReviewError::Unknown(created.draft.clone())) };
        let program = self.program_of(entries)?;
        let mut changed = Vec::new();
        if let Some(newest) = self.newest(&started.bundle.customer.id).await? {
            changed.extend(other_facts(created, &started.bundle, &newest));
        }
        let by = entries.iter().find_map(|entry| match &entry.event {
            Some(Event::PolicyDecided(decided)) if decided.call.as_ref() == Some(&created.call) => {
                Some(&decided.policy_digest)
            }
            _ => None,
        });
        if let Some(by) = by.filter(|by| *by != self.policy.digest()) {
            let there = what_if(&mut Run::new(run.clone(), program.clone()), &self.policy, entries);
            changed.extend(other_rules(created, by, self.policy.digest(), &there.flips));
        }
        let now = self.folded(run, entries)?;
        changed.extend(now.other_labels(&created.draft).map(|(was, is)| Changed {
            part: Part::Labels,
            name: created.tool.clone(),
            was,
            is,
        }));
        Ok(changed)
    }

    /// Who approved a draft as it is, and how many must.
    ///
    /// # Errors
    /// [`ReviewError::Unknown`] if there is none.
    pub async fn approvals(&self, draft: &DraftId) -> Result<(Vec<String>, u8), ReviewError> {
        let Drafted { run, entries, .. } = self.drafted(draft).await?;
        // Nobody approves any more what a playbook wrote that is gone.
        let Ok(now) = self.folded(&run, &entries) else { return Ok((Vec::new(), 1)) };
        let (by, needed) = now.approvals(draft);
        Ok((by.to_vec(), needed))
    }

    fn folded(&self, run: &RunId, entries: &[Entry]) -> Result<Run, RunError> {
        let mut folded = Run::new(run.clone(), self.program_of(entries)?);
        folded.fold(entries);
        Ok(folded)
    }

    async fn drafted(&self, draft: &DraftId) -> Result<Drafted, ReviewError> {
        let found = self.store.draft(draft).await.map_err(RunError::Store)?;
        let DraftSummary { run, state, .. } = found.ok_or_else(|| ReviewError::Unknown(draft.clone()))?;
        let entries = self.entries(&run).await?;
        let created = entries.iter().find_map(|entry| match &entry.event {
            Some(Event::DraftCreated(created)) if created.draft == *draft => Some(created.clone()),
            _ => None,
        });
        let mut created = created.ok_or_else(|| ReviewError::Unknown(draft.clone()))?;
        // A playbook that is gone keeps nobody from reading what it wrote.
        if let Some(now) = self.folded(&run, &entries).ok().as_ref().and_then(|run| run.draft(draft)) {
            created.clone_from(now);
        }
        Ok(Drafted { run, entries, created, pending: state == DraftState::Pending })
    }
}

/// The digest of a draft as it is now.
fn shown(created: &DraftCreated, changed: &[Changed]) -> Digest {
    if changed.is_empty() {
        return created.digest.clone();
    }
    let changed = serde_json::to_vec(changed).unwrap_or_default();
    Digest::of(&[created.digest.as_str().as_bytes(), &changed])
}

/// Facts that a draft rests on and that the customer's newest run knows otherwise.
fn other_facts(created: &DraftCreated, was: &Bundle, is: &Bundle) -> Vec<Changed> {
    let facts = created.evidence.iter().filter_map(|evidence| match evidence {
        Evidence::Fact { key, .. } => Some((key, &was.fact(key)?.value, &is.fact(key)?.value)),
        Evidence::Passage(_) => None,
    });
    let plain = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    facts
        .filter(|(_, was, is)| was != is)
        .map(|(key, was, is)| Changed { part: Part::Evidence, name: key.clone(), was: plain(was), is: plain(is) })
        .collect()
}

/// What other rules say of the run that made a draft, and of what it rests on.
fn other_rules(created: &DraftCreated, was: &Digest, is: &Digest, flips: &[Flip]) -> Vec<Changed> {
    let rests_on = |key: &str| {
        created.evidence.iter().any(|evidence| matches!(evidence, Evidence::Fact { key: on, .. } if on == key))
    };
    let mut changed = Vec::new();
    for flip in flips {
        if let (Event::PolicyDecided(was), Event::PolicyDecided(is)) = (&flip.recorded, &flip.now) {
            let told = |decided: &PolicyDecided| format!("{} by {}", decided.verdict, decided.policies.join(", "));
            let (name, was, is) = (flip.action().to_owned(), told(was), told(is));
            changed.push(Changed { part: Part::Policy, name, was, is });
        }
        changed.extend(flip.facts().into_iter().filter(|fact| rests_on(&fact.key)).map(|fact| Changed {
            part: Part::Evidence,
            name: fact.key,
            was: fact.was.to_string(),
            is: fact.now.to_string(),
        }));
    }
    if changed.is_empty() {
        let (was, is) = (was.to_string(), is.to_string());
        changed.push(Changed { part: Part::Policy, name: "rules".to_owned(), was, is });
    }
    changed
}

/// Why a draft that awaits nobody takes no decision.
fn decided_before(entries: &[Entry], was: DraftCreated) -> ReviewError {
    let next = entries.iter().find_map(|entry| match &entry.event {
        Some(Event::DraftCreated(created)) if created.replaces.as_ref() == Some(&was.draft) => Some(created),
        _ => None,
    });
    let Some(is) = next else { return ReviewError::Decided(was.draft) };
    let texts = [("subject", &was.subject, &is.subject), ("body", &was.body, &is.body)];
    let changed = texts.into_iter().filter(|(_, was, is)| was != is).map(|(name, was, is)| Changed {
        part: Part::Text,
        name: name.to_owned(),
        was: was.clone(),
        is: is.clone(),
    });
    ReviewError::Replaced { draft: was.draft, by: is.draft.clone(), changed: changed.collect() }
}

/// A draft with the run that made it.
struct Drafted {
    run: RunId,
    entries: Vec<Entry>,
    created: DraftCreated,
    pending: bool,
}
