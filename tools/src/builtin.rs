//! The tools that come with Attaché.

mod crm;
mod escalate;
mod kb;
mod messages;

pub use crm::{CrmInput, CrmLookup};
pub use escalate::{EscalateInput, EscalateToHuman};
pub use kb::{KbHits, KbInput, KbSearch, parse_citation};
pub use messages::{DraftEmail, EmailInput, Reply, ReplyInput, SendEmail, SendInput};
