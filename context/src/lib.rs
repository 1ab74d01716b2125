//! WHO the customer is.
//!
//! A [`Bundle`] is everything Attaché knows of one customer at one moment: who
//! they are, what they told us, what they did, what happened before and how
//! they sound. Each datum is a [`Fact`] with its provenance, so that policy can
//! decide what may be seen and what may be said.
//!
//! Parsing is strict ([`Bundle::parse`]): a bundle with an unknown field, a
//! duplicate key or a value out of range is refused with the place named. This
//! room does no IO and knows no other room.

mod bundle;
mod ids;
mod parse;
mod words;

pub use bundle::{
    Bundle, Channel, Consent, Customer, Fact, FactKind, Kind, Purpose, Sensitivity, Source, Stage, Trigger, zone,
};
pub use ids::{CustomerId, IdFault};
pub use parse::{BundleFault, MAX_BYTES, MAX_FACTS, Place, parse_strict};
