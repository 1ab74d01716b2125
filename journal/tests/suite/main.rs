//! What the journal promises to those who keep and read it.
#![expect(clippy::panic, clippy::unwrap_used, reason = "helpers of tests: a failed step ends the test")]

mod events;
mod samples;
mod store;
