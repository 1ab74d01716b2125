//! What a run follows: playbook, prompts, tools and guards, compiled once.

use crate::{Playbook, ToolSet};
use attache_guards::{CustomerSentiment, PatternPii, PiiDetector, Seen, SentimentDetector};
use attache_journal::{Digest, Message};
use attache_policies::ActionSpec;
use attache_prompts::{PromptFault, Prompts};
use attache_tools::Registry;
use serde::Serialize;
use std::sync::Arc;

/// The guards of a process.
#[derive(Clone)]
pub struct Guards {
    /// How a text sounds.
    pub sentiment: Arc<dyn SentimentDetector>,
    /// What personal data is in it.
    pub pii: Arc<dyn PiiDetector>,
}

/// The built-in ones; what is in a text that comes again is remembered.
impl Default for Guards {
    fn default() -> Self {
        Self { sentiment: Arc::new(CustomerSentiment), pii: Arc::new(Seen::new(PatternPii)) }
    }
}

impl std::fmt::Debug for Guards {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Guards").finish_non_exhaustive()
    }
}

/// Everything the runs of one playbook share.
#[derive(Clone, Debug)]
pub struct Program {
    pub(crate) playbook: Playbook,
    pub(crate) digest: Digest,
    pub(crate) system: Arc<Message>,
    pub(crate) prompt_digest: Digest,
    pub(crate) disclosure: String,
    pub(crate) tools: ToolSet,
    pub(crate) registry: Arc<Registry>,
    pub(crate) prompts: Arc<Prompts>,
    pub(crate) guards: Guards,
}

/// A playbook does not fit its prompts or tools.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ProgramFault {
    /// A template is missing or fails.
    #[error("playbooks/{playbook}.toml: {fault}")]
    Prompt {
        /// The playbook.
        playbook: String,
        /// The template and what is wrong with it.
        fault: PromptFault,
    },
    /// There is no such tool.
    #[error("playbooks/{playbook}.toml: there is no tool `{tool}`; `attache tools list` shows those there are")]
    Tool {
        /// The playbook.
        playbook: String,
        /// The name it gives.
        tool: String,
    },
}

#[derive(Serialize)]
struct SystemView<'a> {
    playbook: &'a str,
    goal: &'a str,
}

impl Program {
    /// Compiles a playbook. The system message holds nothing of any customer:
    /// it is the same for all runs, which providers' prompt caches reward.
    ///
    /// # Errors
    /// [`ProgramFault`] if a tool or template that the playbook names is not
    /// there or does not render.
    pub fn compile(
        playbook: Playbook,
        registry: Arc<Registry>,
        prompts: Arc<Prompts>,
        guards: Guards,
    ) -> Result<Self, ProgramFault> {
        let prompt_fault = |fault| ProgramFault::Prompt { playbook: playbook.name.clone(), fault };
        let view = SystemView { playbook: &playbook.name, goal: &playbook.goal };
        let text = prompts.render(&playbook.prompt, &view).map_err(prompt_fault)?;
        let disclosure = prompts.render("customer/disclosure.tera", &view).map_err(prompt_fault)?;
        let mut specs = Vec::new();
        for name in &playbook.tools {
            let tool = registry
                .get(name)
                .ok_or_else(|| ProgramFault::Tool { playbook: playbook.name.clone(), tool: name.clone() })?;
            specs.push(tool.spec().clone());
        }
        let form = serde_json::to_string(&playbook).unwrap_or_default();
        Ok(Self {
            digest: Digest::of(&[form.as_bytes(), prompts.digest().as_bytes()]),
            prompt_digest: Digest::of(&[text.as_bytes()]),
            system: Arc::new(Message::System { text }),
            disclosure,
            tools: ToolSet::new(specs),
            playbook,
            registry,
            prompts,
            guards,
        })
    }

    /// The playbook.
    #[must_use]
    pub fn playbook(&self) -> &Playbook {
        &self.playbook
    }

    /// The digest of the playbook with all prompts.
    #[must_use]
    pub fn digest(&self) -> &Digest {
        &self.digest
    }

    /// The tools of the process.
    #[must_use]
    pub fn registry(&self) -> &Arc<Registry> {
        &self.registry
    }
}

/// The tools of a registry as actions of policy.
#[must_use]
pub fn actions(registry: &Registry) -> Vec<ActionSpec> {
    registry
        .iter()
        .map(|tool| {
            let spec = tool.spec();
            ActionSpec {
                name: spec.name.clone(),
                effect: spec.effect.to_string(),
                input_schema: spec.input_schema.clone(),
            }
        })
        .collect()
}
