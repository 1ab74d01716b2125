//! Why a run came out as it did, and what would have changed that.
//!
//! The answer is searched, not written: every change that is told was made, and
//! the run decided again with it.

pub(crate) mod change;
mod search;

pub use change::{Agreement, Change, FactChange, TextChange, change_bundle};

use crate::{Course, Flip, Program, Run, what_if_changed};
use attache_context::{Bundle, Channel, FactKind, Source};
use attache_journal::{Citation, Entry, Event, Permission, RunId, Verdict};
use attache_policies::{Effect, PolicySet};
use attache_tools::{KbHits, KbSearch, Tool};
use jiff::Timestamp;
use serde::Serialize;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Why a run came out as it did.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Explanation {
    /// The run.
    pub run: RunId,
    /// When it started.
    pub at: Timestamp,
    /// Its playbook.
    pub playbook: String,
    /// What started it: `message`, `signal`, `stage_change` or `manual`.
    pub trigger: String,
    /// The way to the customer.
    pub channel: Channel,
    /// How it went.
    pub course: Course,
    /// Whether the rules are others than those it was decided by: what would
    /// have changed it is told by today's.
    pub other_rules: bool,
    /// The facts it was given, and what might be done with each.
    pub facts: Vec<FactUse>,
    /// The passages that it found, in the order of the documents.
    pub passages: Vec<Citation>,
    /// The tools that were called.
    pub tools: Vec<ToolUse>,
    /// What policy decided.
    pub decisions: Vec<Explained>,
    /// The smallest changes that would have changed where it stands, those
    /// that help the customer first; empty if none was found.
    pub counterfactuals: Vec<Counterfactual>,
    /// How often the run was decided again to find them.
    pub tried: usize,
    /// Whether the search gave up before it had tried everything.
    pub cut_short: bool,
}

/// A fact and what might be done with it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FactUse {
    /// Its kind.
    pub kind: FactKind,
    /// Its key.
    pub key: String,
    /// What might be done with it.
    pub permission: Permission,
    /// The rules that say so.
    pub policies: Vec<String>,
    /// How we came to know it.
    pub source: Source,
    /// The system it was read from.
    pub system: String,
    /// How old it was, in whole days.
    pub age_days: i64,
}

/// A call of a tool.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct ToolUse {
    /// The tool.
    pub tool: String,
    /// What went wrong, as a code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<String>,
}

/// A decision of policy.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Explained {
    /// Its place in the run.
    pub seq: u64,
    /// The action.
    pub action: String,
    /// The verdict.
    pub verdict: Verdict,
    /// The rules that fired.
    pub policies: Vec<String>,
    /// Why, in the words of the rules.
    pub reasons: Vec<String>,
    /// The rules that one change would have made fire.
    pub near: Vec<Near>,
}

/// A rule that nearly fired.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Near {
    /// The rule.
    pub rule: String,
    /// What would have made it fire.
    pub change: Change,
    /// The same in words.
    pub said: String,
}

/// A change that would have changed where the run stands.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Counterfactual {
    /// What would have had to be otherwise, all of it.
    pub changes: Vec<Change>,
    /// The same in words.
    pub said: String,
    /// The first decision that it changes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decision: Option<Turn>,
    /// How the run would have gone.
    pub course: Course,
}

/// A decision that turns.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Turn {
    /// Its place in the run.
    pub seq: u64,
    /// The action.
    pub action: String,
    /// What was decided.
    pub was: Verdict,
    /// What would be.
    pub now: Verdict,
}

/// Explains a run from its entries; nothing if they are not a whole beginning
/// of a run, or were erased.
#[must_use]
pub fn explain(program: &Arc<Program>, policy: &PolicySet, entries: &[Entry]) -> Option<Explanation> {
    let first = entries.first()?;
    let Some(Event::RunStarted(started)) = &first.event else { return None };
    let mut explanation = Explanation {
        run: first.run.clone(),
        at: first.at,
        playbook: started.playbook.clone(),
        trigger: started.bundle.trigger.kind().to_owned(),
        channel: started.bundle.trigger.channel(),
        course: Course::of(entries),
        other_rules: false,
        facts: Vec::new(),
        passages: Vec::new(),
        tools: Vec::new(),
        decisions: Vec::new(),
        counterfactuals: Vec::new(),
        tried: 0,
        cut_short: false,
    };
    let mut passages = BTreeSet::new();
    for entry in entries {
        let event = entry.event.as_ref()?;
        explanation.other_rules |= match event {
            Event::Assessed(assessed) => assessed.policy_digest != *policy.digest(),
            Event::PolicyDecided(decided) => decided.policy_digest != *policy.digest(),
            _ => false,
        };
        match event {
            Event::Assessed(assessed) => explanation.facts = facts(&started.bundle, assessed, entry.at),
            Event::PolicyDecided(decided) => explanation.decisions.push(Explained {
                seq: entry.seq,
                action: decided.action.clone(),
                verdict: decided.verdict,
                policies: decided.policies.clone(),
                reasons: decided.reasons.clone(),
                near: Vec::new(),
            }),
            Event::ToolReturned(back) => {
                let fault = back.fault.as_ref().map(|fault| fault.code.clone());
                explanation.tools.push(ToolUse { tool: back.tool.clone(), fault });
                let output = back.output.as_ref().filter(|_| back.tool == <KbSearch as Tool>::NAME);
                if let Some(Ok(found)) = output.map(|output| serde_json::from_str::<KbHits>(output.as_str())) {
                    passages.extend(found.hits.iter().map(attache_tools::Passage::citation));
                }
            }
            _ => {}
        }
    }
    explanation.passages = passages.into_iter().collect();
    let again = |changes: &[Change]| {
        what_if_changed(&mut Run::new(first.run.clone(), program.clone()), policy, changes, entries)
    };
    let found = search::search(started, entries, again);
    for (change, flips) in found.flips {
        for flip in flips {
            near(&mut explanation.decisions, policy, &change, &flip);
        }
    }
    explanation.counterfactuals = found.turns;
    (explanation.tried, explanation.cut_short) = (found.tried, found.cut_short);
    Some(explanation)
}

fn facts(bundle: &Bundle, assessed: &attache_journal::Assessed, at: Timestamp) -> Vec<FactUse> {
    let given = bundle.facts().zip(&assessed.facts);
    given
        .map(|((kind, fact), said)| FactUse {
            kind,
            key: fact.key.clone(),
            permission: said.permission,
            policies: said.policies.clone(),
            source: fact.source,
            system: fact.system.clone(),
            age_days: fact.age_days(at),
        })
        .collect()
}

/// Notes the rules that a change makes fire, each with the first change that does.
fn near(decisions: &mut [Explained], policy: &PolicySet, change: &Change, flip: &Flip) {
    let Some(decision) = decisions.iter_mut().find(|decision| decision.seq == flip.seq) else { return };
    let (came, _) = flip.rules();
    let forbids = |id: &str| policy.rules().any(|rule| rule.id == id && rule.effect == Effect::Forbid);
    for rule in came.into_iter().filter(|id| forbids(id)) {
        if decision.near.iter().all(|near| near.rule != rule) {
            decision.near.push(Near { rule, change: change.clone(), said: change.to_string() });
        }
    }
}
