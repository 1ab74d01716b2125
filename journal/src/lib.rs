//! WHAT WAS done.
//!
//! A run is a sequence of [`Entry`]s, each an [`Event`] sealed into a hash
//! chain. The journal is the state: what is not in it did not happen, and a run
//! is a fold over its entries and nothing else. A [`Store`] keeps entries; the
//! durable one is `attache-log`, [`MemoryStore`] is for tests and examples.
//!
//! The chain of a run can be checked by anybody with SHA-256 at hand: see
//! [`Chain`]. This room knows `attache-context` alone, does no IO of its own and
//! has no clock.

mod chain;
mod entry;
mod event;
mod filter;
mod ids;
mod json;
mod memory;
mod message;
pub mod metrics;
mod outline;
mod staff;
mod store;
mod subject;
mod summary;
mod terms;
mod usage;

pub use chain::{Chain, Sealed};
pub use entry::{Entry, EntryFault, VERSION, open, verify, verify_head};
pub use event::{
    Actor, Asked, Assessed, Citation, DraftCreated, Erased, Escalated, Event, Evidence, FactPermission, Fault, Finding,
    MessageSent, ModelCalled, Past, PolicyDecided, ReviewDecided, ReviewRequested, RunEnded, RunStarted, STAFF,
    Sentiment, Support, Takeover, ToolCalled, ToolReturned,
};
pub use filter::{DraftFilter, RunFilter};
pub use ids::{CallId, Digest, DraftId, RunId, SubjectId};
pub use json::Json;
pub use memory::MemoryStore;
pub use message::{CallRequest, Message, Reply};
pub use outline::Outline;
pub use staff::{Handoff, HandoffState, Right, Role, SignInWay, StaffAct, StaffActed};
pub use store::{Batch, Commit, Receipt, Store, StoreError};
pub use subject::{Key, Subject};
pub use summary::{DraftState, DraftSummary, RunSummary};
pub use terms::{Decision, Emotion, Outcome, Permission, Retry, SentimentLabel, Verdict};
pub use usage::Usage;
