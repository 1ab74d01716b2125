//! How a store is opened.

use std::fmt;
use std::sync::Arc;

/// How a [`LogStore`](crate::LogStore) is opened. The default suits production.
#[derive(Clone)]
pub struct LogOptions {
    pub(crate) segment_bytes: u64,
    pub(crate) checkpoint_bytes: u64,
    pub(crate) cache_bytes: u64,
    pub(crate) progress: Option<Arc<dyn Fn(u64, u64) + Send + Sync>>,
}

impl Default for LogOptions {
    fn default() -> Self {
        Self { segment_bytes: 64 << 20, checkpoint_bytes: 8 << 20, cache_bytes: 16 << 20, progress: None }
    }
}

impl LogOptions {
    /// The size in bytes at which a segment is sealed and the next one begun;
    /// 64 MiB if not set. A single batch may exceed it.
    #[must_use]
    pub fn segment_bytes(mut self, bytes: u64) -> Self {
        self.segment_bytes = bytes;
        self
    }

    /// How many bytes of the log may be newer than the index before the index
    /// is brought up to date in the background; 8 MiB if not set. So much has
    /// to be read again after a hard stop, and an eighth of it after a close.
    #[must_use]
    pub fn checkpoint_bytes(mut self, bytes: u64) -> Self {
        self.checkpoint_bytes = bytes;
        self
    }

    /// The size in bytes of the index's cache; 16 MiB if not set.
    #[must_use]
    pub fn cache_bytes(mut self, bytes: u64) -> Self {
        self.cache_bytes = bytes;
        self
    }

    /// Is told, while opening reads the log, how many bytes of how many are
    /// done. It is called from the opening thread, at most once per MiB and
    /// once at the end.
    #[must_use]
    pub fn progress(mut self, report: impl Fn(u64, u64) + Send + Sync + 'static) -> Self {
        self.progress = Some(Arc::new(report));
        self
    }
}

impl fmt::Debug for LogOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogOptions")
            .field("segment_bytes", &self.segment_bytes)
            .field("checkpoint_bytes", &self.checkpoint_bytes)
            .field("cache_bytes", &self.cache_bytes)
            .finish_non_exhaustive()
    }
}
