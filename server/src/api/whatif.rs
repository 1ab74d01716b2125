//! What runs would have come to under other rules.

use super::exchange::Given;
use crate::desk::Desk;
use crate::problem::Problem;
use crate::who::Who;
use attache_engine::{Looked, RunError};
use attache_journal::{Right, RunFilter, RunId, Verdict};
use attache_planner::{Load, WhatIf, actions};
use attache_policies::{PolicyFile, PolicySet, run_tests};
use axum::Json;
use axum::extract::State;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::runtime::Handle;

/// At most so many runs are decided again.
const MOST: usize = 1_000;
/// At most so many decisions that differ are told; all are counted.
const TOLD: usize = 100;

/// A file of rules in the place of the one of its name, or beside the others.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Proposed {
    /// Its name, such as `outreach.dw`.
    #[schemars(length(min = 1, max = 64))]
    pub(crate) file: String,
    /// What would be in it; nothing takes the file away.
    pub(crate) text: String,
    /// How many of the newest runs are decided again: 1 to 1000, 100 if not said.
    #[schemars(range(min = 1, max = 1000))]
    pub(crate) last: Option<usize>,
    /// The one run that is decided again, instead of the newest.
    pub(crate) run: Option<RunId>,
}

/// What the newest runs would have come to.
#[derive(Debug, Default, JsonSchema, Serialize)]
pub(crate) struct Projection {
    /// Runs that were decided again.
    pub(crate) runs: usize,
    /// The decisions in them.
    pub(crate) decisions: usize,
    /// How many come out otherwise.
    pub(crate) differ: usize,
    /// Which, the newest first, up to a hundred.
    pub(crate) flips: Vec<Flip>,
    /// What they asked of people: drafts to review, by queue, and so on.
    pub(crate) before: Asks,
    /// What they would ask.
    pub(crate) after: Asks,
    /// Examples of the rules that would not hold any more.
    pub(crate) broken: Vec<Example>,
}

/// An example of a rule, and what came of it.
#[derive(Clone, Debug, JsonSchema, Serialize)]
pub(crate) struct Example {
    /// The rule that it is about.
    pub(crate) rule: String,
    /// What it says.
    pub(crate) name: String,
    /// The file that it stands in.
    pub(crate) file: String,
    /// Where it begins there.
    pub(crate) line: usize,
    /// What is wrong; absent if it holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) fault: Option<String>,
}

/// What runs ask of people.
#[derive(Debug, Default, JsonSchema, Serialize)]
pub(crate) struct Asks {
    /// Drafts to review, by queue.
    pub(crate) reviews: BTreeMap<String, u64>,
    /// Customers handed over, by queue.
    pub(crate) escalations: BTreeMap<String, u64>,
    /// Runs by where they stand; `open` where only a model could tell.
    pub(crate) outcomes: BTreeMap<String, u64>,
}

impl From<Load> for Asks {
    fn from(Load { reviews, escalations, outcomes }: Load) -> Self {
        Self { reviews, escalations, outcomes }
    }
}

/// A decision that comes out otherwise.
#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct Flip {
    /// The run.
    pub(crate) run: RunId,
    /// Its place there.
    pub(crate) seq: u64,
    /// What was decided on.
    pub(crate) action: String,
    /// The verdict, if it was one on an action.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) was: Option<Verdict>,
    /// What it would be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) now: Option<Verdict>,
    /// The rules that take part and did not.
    pub(crate) came: Vec<String>,
    /// The rules that did and do not.
    pub(crate) went: Vec<String>,
}

pub(crate) async fn ask(
    State(desk): State<Arc<Desk>>,
    who: Who,
    Given(proposed): Given<Proposed>,
) -> Result<Json<Projection>, Problem> {
    project(&desk, &who, proposed).await.map(Json)
}

/// Decides the newest runs again under other rules. Nothing is recorded and the
/// rules in force stay in force.
pub(crate) async fn project(desk: &Arc<Desk>, who: &Who, proposed: Proposed) -> Result<Projection, Problem> {
    who.may(Right::Read)?;
    let last = proposed.last.unwrap_or(100);
    if !(1..=MOST).contains(&last) {
        return Err(Problem::refused(format!("last: expected 1 to {MOST}")));
    }
    let runs = match &proposed.run {
        Some(run) => {
            let found = desk.parts.store.run(run).await?;
            vec![found.ok_or_else(|| Problem::unknown(format!("there is no run `{run}`")))?]
        }
        None => desk.parts.store.runs(&RunFilter { limit: Some(last), ..RunFilter::default() }).await?,
    };
    let runs: Vec<RunId> = runs.into_iter().filter(|run| !run.erased).map(|run| run.run).collect();
    let (desk, handle) = (Arc::clone(desk), Handle::current());
    let work = move || {
        let policy = set(&desk, proposed)?;
        let (mut found, mut before, mut after) = (Projection::default(), Load::default(), Load::default());
        desk.parts.engine.what_if(&runs, &policy, &handle, |run, looked| {
            // What was erased meanwhile, or has no playbook any more, tells nothing.
            if let Looked::Again(there) = looked {
                found.take(run, &there);
                there.before.count(&mut before);
                there.after.count(&mut after);
            }
            Ok::<_, RunError>(())
        })?;
        // One about a rule that the file does not have any more does not hold either.
        let broken = match examples_of(&desk, &policy) {
            Ok(examples) => examples.into_iter().filter(|example| example.fault.is_some()).collect(),
            Err(fault) => vec![Example { fault: Some(fault), ..Example::unread() }],
        };
        Ok::<_, Problem>(Projection { before: before.into(), after: after.into(), broken, ..found })
    };
    // It takes the processors for a while: beside what answers requests.
    tokio::task::spawn_blocking(work).await.map_err(Problem::ours)?
}

/// The examples of the rules in force, and whether they hold.
pub(crate) async fn examples(State(desk): State<Arc<Desk>>, who: Who) -> Result<Json<Vec<Example>>, Problem> {
    who.may(Right::Read)?;
    examples_of(&desk, desk.parts.engine.policy()).map(Json).map_err(Problem::ours)
}

/// Runs the examples of the installation on rules.
pub(crate) fn examples_of(desk: &Desk, policy: &PolicySet) -> Result<Vec<Example>, String> {
    let results = run_tests(policy, &desk.parts.examples).map_err(|fault| fault.to_string())?;
    let told = results.into_iter().map(|result| Example {
        rule: result.rule,
        name: result.name,
        file: result.file,
        line: result.line,
        fault: result.fault,
    });
    Ok(told.collect())
}

impl Example {
    /// Stands for all of them where they cannot be read.
    fn unread() -> Self {
        let name = "the examples cannot be run on these rules".to_owned();
        Self { rule: String::new(), name, file: String::new(), line: 0, fault: None }
    }
}

/// The rules in force with the proposed file among them.
fn set(desk: &Desk, proposed: Proposed) -> Result<PolicySet, Problem> {
    let own = PolicyFile::new(proposed.file, proposed.text);
    let mut files: Vec<PolicyFile> = desk.parts.engine.policy().files().to_vec();
    files.retain(|file| file.name != own.name);
    files.push(own);
    PolicySet::load(&files, &actions(&desk.parts.registry)).map_err(|fault| Problem::refused(fault.to_string()))
}

impl Projection {
    fn take(&mut self, run: &RunId, there: &WhatIf) {
        self.runs += 1;
        self.decisions += there.decisions;
        self.differ += there.flips.len();
        for flip in there.flips.iter().take(TOLD.saturating_sub(self.flips.len())) {
            let (was, now) = flip.verdicts().unzip();
            let (came, went) = flip.rules();
            let (run, action) = (run.clone(), flip.action().to_owned());
            self.flips.push(Flip { run, seq: flip.seq, action, was, now, came, went });
        }
    }
}
