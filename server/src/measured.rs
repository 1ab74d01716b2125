//! The figures of service.

use crate::by_run::ByRun;
use attache_journal::metrics::{DEFINITIONS, Figure, RunFacts, Week, figures, weeks};
use attache_journal::{Store, StoreError};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

/// So many weeks are drawn.
const WEEKS: usize = 12;

/// Figures of service with the version of what they mean.
#[derive(JsonSchema, Serialize)]
pub(crate) struct Measures {
    /// The version of the definitions: figures of two versions are not compared.
    definitions: u32,
    /// Each figure.
    pub(crate) figures: Vec<Figure>,
    /// What became of each of the last twelve weeks, oldest first, whatever `since` is.
    pub(crate) weeks: Vec<Week>,
}

/// What figures are counted from.
#[derive(Default)]
pub(crate) struct Measured(ByRun<RunFacts>);

impl Measured {
    /// The figures of what began at `since` or later, as they stand at `now`.
    pub(crate) async fn ask(
        &self,
        store: &dyn Store,
        since: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<Measures, StoreError> {
        let facts = self.0.ask(store, RunFacts::read).await?;
        let facts: Vec<RunFacts> = facts.into_iter().map(|(_, facts)| facts).collect();
        Ok(Measures {
            definitions: DEFINITIONS,
            figures: figures(&facts, since, now),
            weeks: weeks(&facts, WEEKS, now),
        })
    }
}
