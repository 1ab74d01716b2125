//! The embedded CRM: customers, companies, deals and tickets from JSONL or CSV.
//!
//! Rows come from a user's files ([`EmbeddedCrm::parse`]) and are kept in sled
//! or in memory. The files stay the truth: a store that is damaged is moved
//! aside, and the user imports again.
//!
//! ```
//! use attache_crm::EmbeddedCrm;
//!
//! let rows = EmbeddedCrm::parse("customers.csv", "id,name,emails\ncus_1,Dana,dana@a.example;d@b.example\n".as_bytes())?;
//! assert_eq!(rows.customers[0].emails, ["dana@a.example", "d@b.example"]);
//! let fault = EmbeddedCrm::parse("deals.jsonl", &br#"{"object":"deal","id":"dea_1"}"#[..]).unwrap_err();
//! assert_eq!(fault.to_string(), "deals.jsonl:1: `stage`: is missing, expected a text");
//! # Ok::<(), attache_crm::CrmFault>(())
//! ```

mod crm;
mod fault;
mod fields;
mod parse;
mod rows;
mod store;

pub use crm::EmbeddedCrm;
pub use fault::{CrmError, CrmFault, Damage};
pub use parse::{MAX_FILE, MAX_LINE};
pub use rows::{Imported, Rows};
