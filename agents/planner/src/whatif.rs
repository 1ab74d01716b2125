//! What a recorded run would have come to under other rules, or other facts.

use crate::explain::Change;
use crate::explain::change::{self, World};
use crate::record::{Answer, Record};
use crate::{Course, PendingCall, Run, Step};
use attache_context::Stage;
use attache_journal::{Entry, Event, Permission, ToolReturned, Verdict};
use attache_policies::PolicySet;
use jiff::Timestamp;
use serde::Serialize;
use std::borrow::Cow;

/// What a recorded run would have come to.
#[derive(Clone, Debug, PartialEq)]
pub struct WhatIf {
    /// The stage of the journey; absent if the record has no beginning.
    pub stage: Option<Stage>,
    /// How many decisions are recorded: on the facts, and on actions.
    pub decisions: usize,
    /// How many of them the run would not have come to.
    pub unreached: usize,
    /// Those that come out otherwise, and whatever else is not as recorded
    /// without any of them to blame.
    pub flips: Vec<Flip>,
    /// How it went.
    pub before: Course,
    /// How it would have gone.
    pub after: Course,
}

/// An entry that would be another one.
#[derive(Clone, Debug, PartialEq)]
pub struct Flip {
    /// Its place.
    pub seq: u64,
    /// What is recorded.
    pub recorded: Event,
    /// What it would be.
    pub now: Event,
}

/// A fact of which something else may be done.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct FactFlip {
    /// Its key.
    pub key: String,
    /// What is recorded.
    pub was: Permission,
    /// What it would be.
    pub now: Permission,
}

impl Flip {
    /// The action that was decided on; `facts`, or the kind of the event.
    #[must_use]
    pub fn action(&self) -> &str {
        match &self.recorded {
            Event::PolicyDecided(decided) => &decided.action,
            Event::Assessed(_) => "facts",
            other => other.kind(),
        }
    }

    /// The verdicts, recorded and now, if it is one on an action.
    #[must_use]
    pub fn verdicts(&self) -> Option<(Verdict, Verdict)> {
        match (&self.recorded, &self.now) {
            (Event::PolicyDecided(was), Event::PolicyDecided(now)) => Some((was.verdict, now.verdict)),
            _ => None,
        }
    }

    /// The rules that take part now and did not, and those that did and do not.
    #[must_use]
    pub fn rules(&self) -> (Vec<String>, Vec<String>) {
        let (was, now) = (rules(&self.recorded), rules(&self.now));
        let only = |here: &[(Option<&str>, &str)], there: &[(Option<&str>, &str)]| {
            let mut ids: Vec<String> =
                here.iter().filter(|rule| !there.contains(rule)).map(|(_, id)| (*id).to_owned()).collect();
            ids.sort();
            ids.dedup();
            ids
        };
        (only(&now, &was), only(&was, &now))
    }

    /// The facts of which something else may be done.
    #[must_use]
    pub fn facts(&self) -> Vec<FactFlip> {
        let (Event::Assessed(was), Event::Assessed(now)) = (&self.recorded, &self.now) else { return Vec::new() };
        let changed = was.facts.iter().zip(&now.facts).filter(|(was, now)| was.permission != now.permission);
        changed.map(|(was, now)| FactFlip { key: was.key.clone(), was: was.permission, now: now.permission }).collect()
    }
}

/// The rules of a decision, each with the fact it is about.
fn rules(event: &Event) -> Vec<(Option<&str>, &str)> {
    match event {
        Event::PolicyDecided(decided) => decided.policies.iter().map(|id| (None, id.as_str())).collect(),
        Event::Assessed(assessed) => assessed
            .facts
            .iter()
            .flat_map(|fact| fact.policies.iter().map(|id| (Some(fact.key.as_str()), id.as_str())))
            .collect(),
        _ => Vec::new(),
    }
}

/// Makes every decision of a recorded run again with `policy`, each at its
/// recorded time, and follows where they lead. `run` must be new.
///
/// What models, tools and people said is taken from the record for as long as
/// the run goes the recorded way; a model is taken to say the same when facts
/// that it reads change. When the run leaves that way, calls of the record still
/// have their results, and a draft, a handoff or a message of ours is taken to
/// succeed; where a model would have to be asked anew the course ends `open`.
#[must_use]
pub fn what_if(run: &mut Run, policy: &PolicySet, entries: &[Entry]) -> WhatIf {
    project(run, &World { policy, changes: &[], frozen: false }, entries)
}

/// [`what_if`] with the facts changed as well. How the customer sounds is what
/// is recorded, unless that is what is changed.
#[must_use]
pub fn what_if_changed(run: &mut Run, policy: &PolicySet, changes: &[Change], entries: &[Entry]) -> WhatIf {
    project(run, &World { policy, changes, frozen: true }, entries)
}

fn project(run: &mut Run, world: &World<'_>, entries: &[Entry]) -> WhatIf {
    let decision = |entry: &&Entry| matches!(entry.event, Some(Event::Assessed(_) | Event::PolicyDecided(_)));
    let decisions = entries.iter().filter(decision).count();
    let stage = entries.first().and_then(|entry| match &entry.event {
        Some(Event::RunStarted(started)) => Some(started.stage),
        _ => None,
    });
    let mut found = WhatIf {
        stage,
        decisions,
        unreached: decisions,
        flips: Vec::new(),
        before: Course::of(entries),
        after: Course::default(),
    };
    let mut record = None;
    // Where the run goes the recorded way: the place of the next entry.
    let mut way = Some(0_usize);
    let Some(mut at) = entries.first().map(|entry| entry.at) else { return found };
    loop {
        let entry = way.and_then(|place| entries.get(place));
        let past = entry.and_then(|entry| entry.event.as_ref());
        if way.is_some() && past.is_none() {
            break;
        }
        at = entry.map_or(at, |entry| entry.at);
        let now: Option<Cow<'_, Event>> = match (run.next(), past) {
            (_, Some(past @ Event::RunStarted(_))) => Some(change::started(world.changes, past)),
            (Step::Assess, past) => world.assess(run, past, at).map(Cow::Owned),
            (Step::Decide, _) => world.decide(run, at).map(Cow::Owned),
            (Step::Record(_, event), _) => Some(Cow::Owned(*event)),
            (Step::AskModel(_), Some(past @ Event::ModelCalled(_))) => Some(Cow::Borrowed(past)),
            (Step::AskModel(_), _) => {
                found.after.needs = Some("model".to_owned());
                None
            }
            (Step::CallTool(call), Some(Event::ToolReturned(back))) if back.call == call.called().call => {
                Some(Cow::Owned(returned_again(&call, world.policy, back, at)))
            }
            (Step::CallTool(call), _) => match record.get_or_insert_with(|| Record::new(entries)).answer(&call) {
                Answer::Recorded(result) => Some(Cow::Owned(call.returned(world.policy, at, result, 0).into())),
                Answer::Assumed(output) => Some(Cow::Owned(call.returned(world.policy, at, Ok(output), 0).into())),
                Answer::Missing => {
                    found.after.needs = Some(call.called().tool.clone());
                    None
                }
            },
            (Step::AwaitReview(draft), Some(past @ Event::ReviewDecided(decided))) if decided.draft == *draft => {
                Some(change::reviewed(world.changes, past, at))
            }
            (Step::AwaitReview(_) | Step::Done(_), _) => None,
        };
        let Some(now) = now else { break };
        let fit = past.map_or(Fit::Apart, |past| fit(past, &now));
        let event = match (fit, past) {
            // The digest of other rules that say the same is no difference.
            (Fit::Same, Some(past)) => Cow::Borrowed(past),
            _ => now,
        };
        if let (Some(past), Some(entry)) = (past, entry) {
            let decided = matches!(*event, Event::Assessed(_) | Event::PolicyDecided(_));
            found.unreached -= usize::from(decided && fit != Fit::Apart);
            let told = decided && fit == Fit::Alike || found.flips.is_empty() && world.changes.is_empty();
            if fit != Fit::Same && told {
                found.flips.push(Flip { seq: entry.seq, recorded: past.clone(), now: event.clone().into_owned() });
            }
        }
        way = way.filter(|_| fit != Fit::Apart).map(|place| place + 1);
        run.apply(at, &event);
        found.after.see(&event);
    }
    found.after = found.after.settled();
    found
}

/// What a tool said, with what policy says of it now. Entries from before policy
/// was asked about that stay as they are.
fn returned_again(call: &PendingCall<'_>, policy: &PolicySet, back: &ToolReturned, at: Timestamp) -> Event {
    match &back.output {
        Some(output) if !back.facts.is_empty() => {
            let now = call.returned(policy, at, Ok(output.clone()), back.attempts);
            ToolReturned { facts: now.facts, ..back.clone() }.into()
        }
        _ => back.clone().into(),
    }
}

/// How an event fits the recorded one.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Fit {
    /// It is the same.
    Same,
    /// It says something else, and the record goes on from it.
    Alike,
    /// The record does not go on from it.
    Apart,
}

fn fit(past: &Event, now: &Event) -> Fit {
    let (same, alike) = match (past, now) {
        (Event::PolicyDecided(was), Event::PolicyDecided(is)) => {
            let said = |e: &attache_journal::PolicyDecided| {
                (
                    e.verdict,
                    e.policies.clone(),
                    e.reasons.clone(),
                    e.queue.clone(),
                    e.reason_code.clone(),
                    e.alerts.clone(),
                    e.redact.clone(),
                )
            };
            let question = was.action == is.action && was.call == is.call;
            (question && said(was) == said(is), question)
        }
        (Event::Assessed(was), Event::Assessed(is)) => {
            let seen = was.sentiment == is.sentiment && was.wants_human == is.wants_human;
            (seen && was.facts == is.facts && was.pii_kinds == is.pii_kinds, true)
        }
        (Event::ToolReturned(was), Event::ToolReturned(is)) => {
            (was == is, (&was.call, &was.output, &was.fault) == (&is.call, &is.output, &is.fault))
        }
        // The digest covers that of the rules.
        (Event::DraftCreated(was), Event::DraftCreated(is)) => {
            let text = (&was.subject, &was.body, &was.to, &was.input) == (&is.subject, &is.body, &is.to, &is.input);
            (was == is, was.draft == is.draft && was.tool == is.tool && text)
        }
        (Event::ReviewRequested(was), Event::ReviewRequested(is)) => (was == is, was.draft == is.draft),
        (Event::ReviewDecided(was), Event::ReviewDecided(is)) => (was == is, was.draft == is.draft),
        (Event::RunStarted(_), Event::RunStarted(_)) | (Event::Escalated(_), Event::Escalated(_)) => {
            (past == now, true)
        }
        (Event::RunEnded(was), Event::RunEnded(is)) => (was == is, was.outcome == is.outcome),
        _ => (past == now, false),
    };
    match (same, alike) {
        (true, _) => Fit::Same,
        (false, true) => Fit::Alike,
        (false, false) => Fit::Apart,
    }
}
