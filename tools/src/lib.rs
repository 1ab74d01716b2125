//! WHAT CAN be done.
//!
//! A tool is a type that implements [`Tool`]: its input and output types give
//! the schema the model sees, the validation of what it wrote, the action that
//! policy decides on, and the documentation. The [`Registry`] holds tools; the
//! engine calls them, and only with a [`Permit`], which comes from a verdict
//! that is already durable in the journal.
//!
//! ```
//! use attache_tools::{CallCx, NoFault, Read, Registry, Tool};
//! use schemars::JsonSchema;
//! use serde::{Deserialize, Serialize};
//!
//! /// Tells the length of a text.
//! struct Length;
//!
//! #[derive(Deserialize, JsonSchema, Serialize)]
//! struct Text { text: String }
//!
//! impl Tool for Length {
//!     const NAME: &'static str = "length";
//!     type Effect = Read;
//!     type Input = Text;
//!     type Output = usize;
//!     type Error = NoFault;
//!
//!     fn description(&self) -> std::borrow::Cow<'static, str> {
//!         "Tells how many characters a text has.".into()
//!     }
//!
//!     async fn call(&self, input: Text, _: CallCx<'_, Read>) -> Result<usize, NoFault> {
//!         Ok(input.text.chars().count())
//!     }
//! }
//!
//! let mut registry = Registry::new();
//! registry.add(Length)?;
//! assert!(registry.get("length").unwrap().admit(r#"{"text":"hi"}"#).is_ok());
//! # Ok::<(), attache_tools::RegisterError>(())
//! ```

mod builtin;
mod dynamic;
mod effect;
mod fault;
mod permit;
mod ports;
mod registry;
mod schema;
mod tool;
pub mod traces;

pub use builtin::{
    AskCustomer, CrmInput, CrmLookup, DraftInput, DraftText, Email, EscalateInput, EscalateToHuman, Headline, KbHits,
    KbInput, KbSearch, KbSearchInternal, NoticeInput, NotifyCustomer, Reply, ReplyInput, SendInput, SendText, Summary,
    Text, destination, parse_citation,
};
pub use dynamic::DynamicTool;
pub use effect::{Draft, Effect, EffectKind, Escalate, Read, Write};
pub use fault::{InputFault, NoFault, ToolFault, Unavailable};
pub use permit::{Permit, PermitRefused};
pub use ports::{
    About, Answered, Ask, Company, Crm, CrmRecord, Deal, Delivered, KnowledgeBase, Money, Nothing, Outbox, Outgoing,
    Passage, Person, PortError, Readers, Scope, Suppressed, Ticket,
};
pub use registry::{Admitted, RegisterError, Registered, Registry, ToolSpec};
pub use schema::{SchemaFault, close};
pub use tool::{Audience, CallCx, CallScope, HandoffPackage, Preview, Tool, ToolLabels, Tried};
