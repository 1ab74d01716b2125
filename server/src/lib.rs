//! Where people meet Attaché: the HTTP interface and the review desk.
//!
//! [`serve()`] answers on a listener until it is told to stop. Who may do what is
//! kept by [`Staff`]: accounts, tokens and what they did are entries of the
//! journal, what proves them is a file of its own.
//!
//! A write with an `Idempotency-Key` is done once; see [`forget_answers`] for
//! what is kept of it.
//!
//! What this room does not do: it decides nothing that policy decides, and it
//! writes nothing to the run of a customer except through the engine.

mod answers;
mod api;
mod asking;
mod by_run;
mod desk;
mod docket;
mod files;
mod gaps;
mod gauges;
mod handoffs;
mod hooks;
mod hours;
mod link;
mod lockout;
mod measured;
mod oidc;
mod once;
mod pace;
mod pages;
mod problem;
mod secrets;
mod serve;
mod session;
mod staff;
mod tls;
mod views;
mod who;

use std::path::Path;

pub use desk::{Parts, Setting, Settings};
pub use gaps::{Gaps, Missing, Nearest};
pub use hooks::{Answers, Headers, Hook, HookFault, Intake, Received, Wrote};
pub use hours::{Hours, HoursFault};
pub use oidc::{Oidc, OidcConfig, OidcConfigFault, OidcFault};
pub use serve::{Exposed, check_exposure, serve};
pub use staff::{Staff, StaffError};
pub use tls::TlsListener;

/// Drops the text of the answers that a server keeps in `folder` for whoever asks
/// twice. Part of forgetting a person, also when no server runs.
///
/// # Errors
/// [`StoreError`](attache_journal::StoreError) if a file cannot be read or written.
pub fn forget_answers(folder: &Path) -> Result<(), attache_journal::StoreError> {
    answers::Answers::forget(folder)
}
