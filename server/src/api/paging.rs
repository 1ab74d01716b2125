//! Long lists, a page at a time.

use crate::problem::Problem;
use attache_context::CustomerId;
use attache_journal::{DraftId, RunId, Store};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A page that is asked for.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Page {
    /// Where the page before ended.
    pub(crate) cursor: Option<String>,
    /// At most so many: 1 to 200, 50 if not said.
    #[schemars(range(min = 1, max = 200))]
    pub(crate) limit: Option<usize>,
}

/// A page.
#[derive(Debug, JsonSchema, Serialize)]
pub(crate) struct Listed<T> {
    /// What is on it.
    pub(crate) items: Vec<T>,
    /// Where the next page begins; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next: Option<String>,
}

impl Page {
    /// How many items a page holds.
    pub(crate) fn limit(&self) -> Result<usize, Problem> {
        let limit = self.limit.unwrap_or(50);
        if (1..=200).contains(&limit) { Ok(limit) } else { Err(Problem::refused("limit: expected 1 to 200")) }
    }

    /// How many to ask a store for: one more than the page holds, which tells
    /// whether there is a next one.
    pub(crate) fn ask(&self) -> Result<usize, Problem> {
        Ok(self.limit()? + 1)
    }

    /// The draft that the page before ended with, and where it is listed now.
    pub(crate) async fn after_draft(&self, store: &dyn Store) -> Result<Option<(Timestamp, DraftId)>, Problem> {
        let Some(cursor) = &self.cursor else { return Ok(None) };
        let draft = store.draft(&DraftId::new(cursor.as_str())).await?.ok_or_else(gone)?;
        Ok(Some((draft.due, draft.draft)))
    }

    /// The run that the page before ended with, and where it is listed; of this customer, if one is asked for.
    pub(crate) async fn after_run(
        &self,
        store: &dyn Store,
        of: Option<&CustomerId>,
    ) -> Result<Option<(Timestamp, RunId)>, Problem> {
        let Some(cursor) = &self.cursor else { return Ok(None) };
        let run = store.run(&RunId::new(cursor.as_str())).await?;
        let run = run.filter(|run| of.is_none() || run.customer.as_ref() == of).ok_or_else(gone)?;
        Ok(Some((run.started_at, run.run)))
    }
}

/// The page of what was asked for.
pub(crate) fn page<T>(asked: usize, mut found: Vec<T>, id: impl Fn(&T) -> &str) -> Listed<T> {
    let more = found.len() >= asked;
    found.truncate(asked.saturating_sub(1));
    let next = found.last().filter(|_| more).map(|last| id(last).to_owned());
    Listed { items: found, next }
}

fn gone() -> Problem {
    Problem::refused("cursor: nothing is there any more; begin anew")
}

#[cfg(test)]
mod tests;
