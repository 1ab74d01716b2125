//! HOW it is tried: scripted parts and conformance suites, for this project and
//! for tool authors.
//!
//! - [`store_conformance`]: what every keeper of a journal must pass.
//! - [`sample_run`], [`drafted_run`], [`handed_run`], [`RunWriter`]: runs to put into it.
#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "this is a kit for tests: a failed check stops the test with what was wrong"
)]

mod sample;
mod store;

pub use sample::{RunWriter, drafted_run, ended, handed_run, review, sample_bundle, sample_run, sent};
pub use store::{Durability, store_conformance};

/// Waits for `future` on this thread, in a runtime of its own.
///
/// # Panics
/// If there can be no runtime.
pub fn block_on<F: Future>(future: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime on this thread").block_on(future)
}
