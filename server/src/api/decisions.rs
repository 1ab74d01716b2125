//! What policy and people decided, searched.

use super::exchange::Asked;
use super::paging::{Listed, Page};
use crate::desk::Desk;
use crate::problem::Problem;
use crate::who::Who;
use attache_context::CustomerId;
use attache_journal::{Decision, Entry, Outline, Right, RunFilter, RunId, RunSummary, Verdict};
use axum::Json;
use axum::extract::State;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// So many runs are read for one page; a search that finds little goes on with the next.
const LOOKED_AT: usize = 2_000;

/// So many runs are listed at once.
const LISTED: usize = 500;

/// Which decisions.
#[derive(Debug, Default, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Which {
    /// Only those that this rule took part in.
    pub(crate) rule: Option<String>,
    /// Only those about this: a tool, or another action of the rules.
    pub(crate) action: Option<String>,
    /// Only those that came out so.
    pub(crate) decision: Option<Decided>,
    /// Only those by this person.
    pub(crate) by: Option<String>,
    /// Only those about this customer.
    pub(crate) customer: Option<CustomerId>,
    /// Only those of then or later.
    #[schemars(with = "Option<String>")]
    pub(crate) since: Option<Timestamp>,
    /// Only those before then.
    #[schemars(with = "Option<String>")]
    pub(crate) until: Option<Timestamp>,
    /// Where the page before ended.
    pub(crate) cursor: Option<String>,
    /// At least so many, if there are: the decisions of one run stay together. 1 to 200, 50 if not said.
    #[schemars(range(min = 1, max = 200))]
    pub(crate) limit: Option<usize>,
}

/// How it came out.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(untagged)]
pub(crate) enum Decided {
    /// What policy said.
    Policy(Verdict),
    /// What a person said.
    Person(Decision),
}

/// A decision.
#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct Found {
    /// The run it belongs to.
    pub(crate) run: RunId,
    /// Its entry there.
    pub(crate) seq: u64,
    /// When.
    #[schemars(with = "String")]
    pub(crate) at: Timestamp,
    /// Whom the run was for; absent once they were erased.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) customer: Option<CustomerId>,
    /// Who decided: `system` for policy.
    pub(crate) by: String,
    /// About what: a tool, or another action of the rules; for a person, `review`.
    pub(crate) action: String,
    /// How it came out.
    pub(crate) decision: Decided,
    /// The rules that made it.
    pub(crate) rules: Vec<String>,
    /// The hash of its entry.
    pub(crate) hash: String,
}

/// Decisions, newest run first.
pub(crate) async fn list(
    State(desk): State<Arc<Desk>>,
    who: Who,
    Asked(which): Asked<Which>,
) -> Result<Json<Listed<Found>>, Problem> {
    search(&desk, &who, &which).await.map(Json)
}

/// The decisions that are asked for, if they may read all of them.
pub(crate) async fn search(desk: &Desk, who: &Who, which: &Which) -> Result<Listed<Found>, Problem> {
    who.may(Right::Audit)?;
    let (store, page) = (&*desk.parts.store, Page { cursor: which.cursor.clone(), limit: which.limit });
    let (limit, mut after) = (page.limit()?, page.after_run(store, which.customer.as_ref()).await?);
    let mut items = Vec::new();
    let mut looked = 0;
    loop {
        let filter = RunFilter {
            customer: which.customer.clone(),
            // What a run of another time decided is of another time.
            changed_since: which.since,
            after: after.clone(),
            limit: Some(LISTED),
            ..RunFilter::default()
        };
        let runs = store.runs(&filter).await?;
        let more = runs.len() == LISTED;
        for run in runs {
            if items.len() >= limit || looked == LOOKED_AT {
                let next = after.map(|(_, run)| run.to_string());
                return Ok(Listed { items, next });
            }
            if which.until.is_none_or(|until| run.started_at < until) {
                let entries = store.entries(&run.run).await?;
                items.extend(entries.iter().filter_map(|entry| which.find(&run, entry)));
                looked += 1;
            }
            after = Some((run.started_at, run.run));
        }
        if !more {
            return Ok(Listed { items, next: None });
        }
    }
}

impl Which {
    /// The decision of this entry, if it is one of those.
    fn find(&self, run: &RunSummary, entry: &Entry) -> Option<Found> {
        let (action, decision, rules) = match &entry.outline {
            Outline::PolicyDecided { action, verdict, policies } => {
                (action.clone(), Decided::Policy(*verdict), policies.clone())
            }
            Outline::ReviewDecided { decision, .. } => ("review".to_owned(), Decided::Person(*decision), Vec::new()),
            _ => return None,
        };
        let by = entry.actor.to_string();
        let asked = self.rule.as_ref().is_none_or(|rule| rules.contains(rule))
            && self.action.as_ref().is_none_or(|asked| *asked == action)
            && self.decision.is_none_or(|asked| asked == decision)
            && self.by.as_ref().is_none_or(|asked| by.strip_prefix("human:") == Some(asked.as_str()))
            && self.since.is_none_or(|since| entry.at >= since)
            && self.until.is_none_or(|until| entry.at < until);
        asked.then(|| Found {
            run: run.run.clone(),
            seq: entry.seq,
            at: entry.at,
            customer: run.customer.clone(),
            by,
            action,
            decision,
            rules,
            hash: entry.hash.clone(),
        })
    }
}
