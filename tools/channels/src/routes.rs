//! One outbox that sends each message its way.

use crate::carry::blocking;
use crate::spool::{Spool, stem};
use async_trait::async_trait;
use attache_context::Channel;
use attache_journal::Digest;
use attache_tools::{Delivered, Outbox, Outgoing, PortError, Suppressed};
use std::collections::BTreeMap;
use std::sync::Arc;

/// An outbox for some channels, and one for the rest.
pub struct Routes {
    ways: BTreeMap<Channel, Arc<dyn Outbox>>,
    rest: Arc<dyn Outbox>,
    alerts: Vec<Spool>,
}

impl std::fmt::Debug for Routes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Routes").field("ways", &self.ways.keys()).finish_non_exhaustive()
    }
}

impl Routes {
    /// Everything by one way.
    #[must_use]
    pub fn new(rest: Arc<dyn Outbox>) -> Self {
        Self { ways: BTreeMap::new(), rest, alerts: Vec::new() }
    }

    /// What goes by this channel, by another way.
    #[must_use]
    pub fn by(mut self, channel: Channel, outbox: Arc<dyn Outbox>) -> Self {
        self.ways.insert(channel, outbox);
        self
    }

    /// What waits in `alerts` about somebody is forgotten with them.
    #[must_use]
    pub fn forgets(mut self, alerts: Spool) -> Self {
        self.alerts.push(alerts);
        self
    }

    fn way(&self, channel: Channel) -> &dyn Outbox {
        &**self.ways.get(&channel).unwrap_or(&self.rest)
    }
}

#[async_trait]
impl Outbox for Routes {
    async fn deliver(&self, message: &Outgoing, key: &Digest) -> Result<Delivered, PortError> {
        self.way(message.channel).deliver(message, key).await
    }

    async fn forget(&self, key: &Digest) -> Result<bool, PortError> {
        // The key does not say which way it went.
        let mut held = self.rest.forget(key).await?;
        for way in self.ways.values() {
            held |= way.forget(key).await?;
        }
        for alerts in self.alerts.clone() {
            let id = stem(key).to_owned();
            let turn = alerts.lock(&id).await;
            held |= blocking(move || alerts.forget(&id)).await?;
            drop(turn);
        }
        Ok(held)
    }

    async fn suppressed(&self, message: &Outgoing, key: &Digest) -> Result<Option<Suppressed>, PortError> {
        self.way(message.channel).suppressed(message, key).await
    }
}
