//! `escalate_to_human`.

use crate::tool::{CallCx, HandoffPackage, Tool};
use crate::{Escalate, ToolFault};
use attache_journal::Retry;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// Hands the customer over to a person, with everything the person needs.
#[derive(Clone, Copy, Debug, Default)]
pub struct EscalateToHuman;

/// Why a person is needed.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct EscalateInput {
    /// A code such as `no_answer` or `human_requested`.
    #[schemars(length(min = 1, max = 64))]
    pub reason: String,
    /// What to do next, for the person who takes over.
    #[schemars(length(max = 1_000))]
    pub next_step: String,
}

/// The run has no package: the call did not come from an engine.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("there is no handoff package")]
pub struct NoPackage;

impl ToolFault for NoPackage {
    fn retry(&self) -> Retry {
        Retry::Never
    }

    fn code(&self) -> &'static str {
        "no_package"
    }

    fn feedback(&self) -> Cow<'static, str> {
        "there is nothing to hand over".into()
    }
}

impl Tool for EscalateToHuman {
    const NAME: &'static str = "escalate_to_human";
    type Effect = Escalate;
    type Input = EscalateInput;
    type Output = HandoffPackage;
    type Error = NoPackage;

    fn description(&self) -> Cow<'static, str> {
        "Hands the customer over to a person with the whole context. Use it when you have no sourced answer, when the \
         customer asks for a person, or when they are upset."
            .into()
    }

    async fn call(&self, input: EscalateInput, cx: CallCx<'_, Escalate>) -> Result<HandoffPackage, NoPackage> {
        let mut package = cx.package().cloned().ok_or(NoPackage)?;
        if !input.next_step.is_empty() {
            package.next_step = input.next_step;
        }
        Ok(package)
    }
}
