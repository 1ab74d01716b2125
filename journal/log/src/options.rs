//! How a store is opened.

use jiff::SignedDuration;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How a [`LogStore`](crate::LogStore) is opened. The default suits production.
#[derive(Clone)]
pub struct LogOptions {
    pub(crate) segment_bytes: u64,
    pub(crate) checkpoint_bytes: u64,
    pub(crate) cache_bytes: u64,
    pub(crate) keys: Option<PathBuf>,
    pub(crate) signing_key: Option<[u8; 32]>,
    pub(crate) heads: Option<PathBuf>,
    pub(crate) head_every: SignedDuration,
    pub(crate) progress: Option<Arc<dyn Fn(u64, u64) + Send + Sync>>,
}

impl Default for LogOptions {
    fn default() -> Self {
        Self {
            segment_bytes: 64 << 20,
            checkpoint_bytes: 8 << 20,
            cache_bytes: 16 << 20,
            keys: None,
            signing_key: None,
            heads: None,
            head_every: SignedDuration::from_hours(1),
            progress: None,
        }
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

    /// How many bytes of runs that have ended may be newer than the index before
    /// it is brought up to date in the background; 8 MiB if not set. About four
    /// times as much of the log at most has to be read again after a hard stop, and
    /// a sixty-fourth after a close.
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

    /// The folder of the keys; `keys` in the store's own folder if not set.
    /// What reads the journal needs both; what keeps a copy of both must learn
    /// of erasures.
    #[must_use]
    pub fn keys_in(mut self, dir: impl Into<PathBuf>) -> Self {
        self.keys = Some(dir.into());
        self
    }

    /// The secret Ed25519 key that signs heads and exports; if not set, it is in
    /// the folder of the keys, in the file `signing` that only its owner may
    /// read, and made at the first use.
    #[must_use]
    pub fn signing_key(mut self, secret: [u8; 32]) -> Self {
        self.signing_key = Some(secret);
        self
    }

    /// A second list to add every signed head to, besides the store's own: best
    /// on a disk that whoever can change the store cannot change.
    #[must_use]
    pub fn heads_to(mut self, file: impl Into<PathBuf>) -> Self {
        self.heads = Some(file.into());
        self
    }

    /// After how much time of writing a head is signed again; an hour if not set. One is signed when a store that was written to is closed,
    /// too.
    #[must_use]
    pub fn head_every(mut self, time: SignedDuration) -> Self {
        self.head_every = time;
        self
    }

    /// Where the keys of the store in `dir` are.
    pub(crate) fn keys(&self, dir: &Path) -> PathBuf {
        self.keys.clone().unwrap_or_else(|| dir.join("keys"))
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
            .field("keys", &self.keys)
            .finish_non_exhaustive()
    }
}
