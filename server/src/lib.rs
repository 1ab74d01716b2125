//! Where people meet Attaché: the HTTP interface and the review desk.
//!
//! [`serve()`] answers on a listener until it is told to stop. Who may do what is
//! kept by [`Staff`]: accounts, tokens and what they did are entries of the
//! journal, what proves them is a file of its own.
//!
//! What this room does not do: it decides nothing that policy decides, and it
//! writes nothing to the run of a customer except through the engine.

mod api;
mod asking;
mod desk;
mod link;
mod lockout;
mod pages;
mod problem;
mod secrets;
mod serve;
mod session;
mod staff;
mod who;

pub use desk::{Parts, Settings};
pub use serve::{Exposed, check_exposure, serve};
pub use staff::{Staff, StaffError};
