//! Whole runs: the shipped stories, what only a driver can hold, and models that
//! mean harm.
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test stops where something is wrong"
)]

mod adversary;
mod drafts;
mod engine;
mod knowledge;
mod obey;
mod redraft;
mod routing;
mod stories;
mod whatif;
mod world;
