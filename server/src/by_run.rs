//! What is read of each run, kept so that a question does not read the whole journal again.

use attache_journal::{Entry, RunFilter, RunId, Store, StoreError};
use std::collections::HashMap;
use tokio::sync::Mutex;

/// What was read of a run, by how many entries it had then and whether it was erased: only what changed since is
/// read again.
type Read<T> = ((u64, bool), Option<T>);

/// What was read of each run.
pub(crate) struct ByRun<T>(Mutex<HashMap<RunId, Read<T>>>);

impl<T> Default for ByRun<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T: Clone> ByRun<T> {
    /// What `read` makes of the runs, the newest first; those of which it makes nothing are left out.
    pub(crate) async fn ask(
        &self,
        store: &dyn Store,
        read: impl Fn(&[Entry]) -> Option<T>,
    ) -> Result<Vec<(RunId, T)>, StoreError> {
        let runs = store.runs(&RunFilter::default()).await?;
        let mut known = self.0.lock().await;
        let mut found = Vec::new();
        for run in runs {
            let now = (run.entries, run.erased);
            if known.get(&run.run).is_none_or(|(then, _)| *then != now) {
                let made = read(&store.entries(&run.run).await?);
                known.insert(run.run.clone(), (now, made));
            }
            if let Some((_, Some(made))) = known.get(&run.run) {
                found.push((run.run, made.clone()));
            }
        }
        Ok(found)
    }
}
