//! WHO decides, the driver.
//!
//! [`Engine`] performs the steps of runs: it asks models, calls tools, keeps
//! the journal, and holds to what only a driver can hold: nothing is called
//! before its verdict and intent are durable, an outcome is told only when it
//! is, and a call whose result is unknown is repeated only where the tool says
//! that is safe.

mod clock;
mod conversation;
mod driver;
mod engine;
mod erase;
mod gaps;
mod gates;
mod review;
mod said;
mod spans;
mod tools;
mod whatif;

pub use clock::{Clock, SystemClock};
pub use conversation::{Conversation, Next, Turn};
pub use engine::{Engine, EngineFault, Parts, Report, RunError};
pub use erase::{EraseError, Erasure};
pub use gaps::{Unanswered, asked_for, unanswered, without_personal_data};
pub use review::{Changed, Part, Review, ReviewError};
pub use whatif::{Looked, Replanned, Unmatched};
