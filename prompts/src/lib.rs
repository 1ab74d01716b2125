//! HOW it is said.
//!
//! Every text that is ours stands in a template under `templates/`: what a
//! model is told, what the offline model writes, and what a customer reads when
//! a person takes over. The shipped ones are embedded; a project's own replace
//! them file by file. A variable that is not there is an error, never an empty
//! place. Data is never a template: it comes in as values.

mod brief;
mod family;
mod prompts;

pub use brief::{Brief, BriefAsked, BriefCustomer, BriefFact, BriefTrigger};
pub use prompts::{PromptFault, Prompts};
