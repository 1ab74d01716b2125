//! WHO decides, the pure part.
//!
//! A [`Run`] is a fold over its journal entries: [`Run::next`] says what to do
//! as a [`Step`], whoever drives it does that, records the event and applies it.
//! Nothing here does IO, reads a clock or throws dice, so the same entries give
//! the same decisions, byte for byte ([`replay()`]).
//!
//! What may be done is policy's, what can be done the tools', how it is said the
//! prompts'; this room only knows in which order. A guardrail is never an `if`
//! in here.

mod apply;
mod call;
mod context;
mod course;
mod draft;
mod explain;
mod learned;
mod model;
mod package;
mod playbook;
mod program;
mod record;
mod replay;
mod run;
mod step;
mod whatif;

pub use course::{Course, Filed, Load};
pub use explain::{
    Agreement, Change, Counterfactual, Explained, Explanation, FactChange, FactUse, Near, TextChange, ToolUse,
    change_bundle, explain,
};
pub use model::{ChatModel, INVALID_REPLY, Memo, ModelError, ModelReply, ModelRequest, ToolSet};
pub use playbook::{Budget, Offline, PlainText, Playbook, PlaybookFault, Playbooks, Review, When};
pub use program::{Guards, Program, ProgramFault, actions};
pub use record::{Answer, Record, not_recorded};
pub use replay::{Difference, replay};
pub use run::{Run, Situation};
pub use step::{PendingCall, Step};
pub use whatif::{FactFlip, Flip, WhatIf, what_if, what_if_changed};
