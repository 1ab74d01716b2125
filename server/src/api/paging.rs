//! Long lists, a page at a time.

use crate::problem::Problem;
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

impl Page {
    /// How many items a page holds.
    pub(crate) fn limit(&self) -> Result<usize, Problem> {
        let limit = self.limit.unwrap_or(50);
        if (1..=200).contains(&limit) { Ok(limit) } else { Err(Problem::refused("limit: expected 1 to 200")) }
    }
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

/// The page of `all` after the item that the cursor names by its id. An item
/// that is gone meanwhile is a cursor to ask anew for.
pub(crate) fn page<T>(page: &Page, all: Vec<T>, id: impl Fn(&T) -> &str) -> Result<Listed<T>, Problem> {
    let limit = page.limit()?;
    let from = match &page.cursor {
        Some(cursor) => {
            let place = all.iter().position(|item| id(item) == cursor);
            place.ok_or_else(|| Problem::refused("cursor: nothing is there any more; begin anew"))? + 1
        }
        None => 0,
    };
    let more = all.len() > from.saturating_add(limit);
    let items: Vec<T> = all.into_iter().skip(from).take(limit).collect();
    let next = items.last().filter(|_| more).map(|last| id(last).to_owned());
    Ok(Listed { items, next })
}

#[cfg(test)]
mod tests;
