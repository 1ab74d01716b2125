//! Forgetting a person.

use crate::Engine;
use attache_context::CustomerId;
use attache_journal::{Actor, Batch, Chain, Erased, Event, RunFilter, RunId, StoreError, SubjectId};
use attache_tools::{Outbox, PortError};
use schemars::JsonSchema;
use serde::Serialize;

/// A person was made unreadable.
#[derive(Clone, Debug, Eq, JsonSchema, PartialEq, Serialize)]
pub struct Erasure {
    /// The run whose one entry says so.
    pub run: RunId,
    /// Who they were to the journal.
    pub subject: SubjectId,
    /// How many of their runs cannot be read any more.
    pub runs: u64,
    /// How many messages to or about them were taken out of the outbox.
    pub messages: u64,
}

/// A person was not erased; the same order may be given again.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EraseError {
    /// The entry could not be written as JSON, which it can.
    #[error("{0}")]
    Internal(String),
    /// The outbox could not let go of a message.
    #[error("the outbox: {0}")]
    Outbox(#[from] PortError),
    /// The store could not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The journal holds nothing of theirs.
    #[error("the journal holds nothing of customer {0}")]
    Unknown(CustomerId),
}

impl Engine {
    /// Makes everything that the journal holds of a customer unreadable, and
    /// what `outbox` holds of it gone, on the order of `by`. `reason` is kept and
    /// must not name the person.
    ///
    /// Their messages go first: if it ends half-way, the journal still knows
    /// them, and the order can be given again.
    ///
    /// # Errors
    /// [`EraseError`].
    pub async fn erase(
        &self,
        customer: &CustomerId,
        by: &Actor,
        reason: Option<String>,
        outbox: &dyn Outbox,
    ) -> Result<Erasure, EraseError> {
        let theirs = RunFilter { customer: Some(customer.clone()), ..RunFilter::default() };
        let known = self.store.runs(&theirs).await?;
        let subject = match known.into_iter().find_map(|run| run.subject) {
            Some(subject) => subject,
            None => return Err(EraseError::Unknown(customer.clone())),
        };
        // From here on nothing is done about them, and what was being done is.
        let gate = self.gates.of(&subject);
        let mut erased = gate.write().await;
        let runs = self.store.runs(&theirs).await?;
        let mut messages = 0;
        for run in &runs {
            for entry in self.store.entries(&run.run).await? {
                if let Some(Event::ToolCalled(called)) = &entry.event {
                    messages += u64::from(outbox.forget(&called.key).await?);
                }
            }
        }
        let (id, count) = (self.clock.run_id(), runs.len() as u64);
        let order = Erased { subject: subject.clone(), runs: count, reason };
        let sealed = Chain::new(id.clone(), None).seal(self.clock.now(), by, &order.into());
        let sealed = sealed.map_err(|e| EraseError::Internal(e.to_string()))?;
        runs.iter().for_each(|run| self.said.forget(&run.run));
        // Also if it fails: then nobody knows whether the order is in the log.
        *erased = true;
        self.store.append(Batch { run: id.clone(), entries: vec![sealed] }).await?;
        tracing::info!(run = %id, %subject, runs = count, messages, "a customer was erased");
        Ok(Erasure { run: id, subject, runs: count, messages })
    }
}
