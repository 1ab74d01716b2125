//! WHO decides, the pure part.

mod model;
mod playbook;

pub use model::{ChatModel, INVALID_REPLY, ModelError, ModelReply, ModelRequest, ToolSet};
pub use playbook::{Budget, Offline, PlainText, Playbook, PlaybookFault, Playbooks, Review, When};
