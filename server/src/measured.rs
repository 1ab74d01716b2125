//! What figures are counted from, kept so that a question does not read the whole journal again.

use attache_journal::metrics::{DEFINITIONS, Figure, RunFacts, Week, figures, weeks};
use attache_journal::{RunFilter, RunId, Store, StoreError};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::HashMap;
use tokio::sync::Mutex;

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

/// What was read of each run, by how many entries it had then: only what went
/// on since is read again.
#[derive(Default)]
pub(crate) struct Measured(Mutex<HashMap<RunId, (u64, Option<RunFacts>)>>);

impl Measured {
    /// The figures of what began at `since` or later, as they stand at `now`.
    pub(crate) async fn ask(
        &self,
        store: &dyn Store,
        since: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<Measures, StoreError> {
        let runs = store.runs(&RunFilter::default()).await?;
        let mut known = self.0.lock().await;
        for run in runs {
            if known.get(&run.run).is_none_or(|(entries, _)| *entries != run.entries) {
                let read = store.entries(&run.run).await?;
                known.insert(run.run, (run.entries, RunFacts::read(&read)));
            }
        }
        let facts: Vec<RunFacts> = known.values().filter_map(|(_, facts)| facts.clone()).collect();
        Ok(Measures {
            definitions: DEFINITIONS,
            figures: figures(&facts, since, now),
            weeks: weeks(&facts, WEEKS, now),
        })
    }
}
