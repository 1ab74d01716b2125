//! Playbooks: what a run is for, when it applies and what it may cost.

use attache_context::{Bundle, Kind, Purpose, Stage, Trigger};
use include_dir::{Dir, include_dir};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

static SHIPPED: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../playbooks");

/// How one kind of run goes. Read from TOML; see `agents/playbooks/`.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Playbook {
    /// Its name; the file's stem.
    pub name: String,
    /// Its stage of the journey.
    pub stage: Stage,
    /// What facts are used for in it.
    pub purpose: Purpose,
    /// What a run is to reach, in one sentence, for the model.
    pub goal: String,
    /// The tools a model may ask for.
    pub tools: Vec<String>,
    /// The template of the system message.
    pub prompt: String,
    /// What a reply without a call means.
    #[serde(default)]
    pub plain_text: PlainText,
    /// When it applies.
    #[serde(default)]
    pub when: When,
    /// How its drafts are reviewed.
    #[serde(default)]
    pub review: Review,
    /// Who takes over when nothing else says so.
    #[serde(default = "support")]
    pub escalation_queue: String,
    /// Who takes over for a reason, by its code: `no_answer = "docs"`. A rule that
    /// hands over and names a queue goes before it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub queues: BTreeMap<String, String>,
    /// What a run may cost.
    #[serde(default)]
    pub budget: Budget,
    /// How the offline model plans it.
    #[serde(default)]
    pub offline: Offline,
}

impl Playbook {
    /// Who takes over for this reason.
    #[must_use]
    pub fn queue_for(&self, reason_code: &str) -> &str {
        self.queues.get(reason_code).unwrap_or(&self.escalation_queue)
    }
}

fn support() -> String {
    "support".to_owned()
}

/// What a reply without a call means.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PlainText {
    /// The run is over; the text is its closing note and goes nowhere else.
    Close,
    /// A fault: the model is asked for a call.
    #[default]
    Fault,
}

/// When a playbook applies. A playbook that names the signal or the stage of a
/// bundle goes before one that only takes its kind of trigger.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct When {
    /// Kinds of trigger.
    pub triggers: Vec<Kind>,
    /// Names of signals.
    pub signals: Vec<String>,
    /// Stages that a customer enters.
    pub stages: Vec<Stage>,
}

/// How drafts are reviewed.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Review {
    /// Who decides, unless a rule names a queue.
    pub queue: String,
    /// Within how many hours; after that a draft is not sent.
    pub hours: u32,
}

impl Default for Review {
    fn default() -> Self {
        Self { queue: "outreach".to_owned(), hours: 24 }
    }
}

/// What a run may cost. Whatever is used up first hands it to a person.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Budget {
    /// Tool calls, refused ones included.
    pub calls: u32,
    /// Times a model is asked.
    pub model_calls: u32,
    /// Faults of the model that are fed back to it.
    pub faults: u32,
    /// Tokens, read and written.
    pub tokens: u64,
    /// Tokens of one answer.
    pub output_tokens: u32,
    /// Money in millionths of a US dollar.
    pub micro_usd: u64,
    /// Time from the start, in seconds.
    pub seconds: u32,
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            calls: 16,
            model_calls: 12,
            faults: 2,
            tokens: 100_000,
            output_tokens: 1_024,
            micro_usd: 500_000,
            seconds: 300,
        }
    }
}

/// How the offline model plans: the tools in order, the last of which makes the
/// text.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Offline {
    /// The tools to call, in order.
    pub plan: Vec<String>,
    /// What to search for, as a template over the brief; the customer's own
    /// words if absent.
    pub query: Option<String>,
    /// The template of the text, over the brief, `passages` and `crm`.
    pub template: Option<String>,
}

/// A playbook is wrong.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("playbooks/{file}: {message}")]
pub struct PlaybookFault {
    /// The file.
    pub file: String,
    /// Line and column where known, what is wrong and what was expected.
    pub message: String,
}

/// All playbooks of a process.
#[derive(Clone, Debug, Default)]
pub struct Playbooks {
    by_name: BTreeMap<String, Playbook>,
}

impl Playbooks {
    /// The shipped playbooks, with those in `own` (file name to text) in their
    /// place or beside them.
    ///
    /// # Errors
    /// [`PlaybookFault`] names the first file that is not a playbook.
    pub fn load(own: BTreeMap<String, String>) -> Result<Self, PlaybookFault> {
        let mut files = Self::shipped();
        files.extend(own);
        let mut by_name = BTreeMap::new();
        for (file, text) in files {
            let fault = |message: String| PlaybookFault { file: file.clone(), message };
            let playbook: Playbook = toml::from_str(&text).map_err(|e| fault(located(&text, &e)))?;
            if file.strip_suffix(".toml") != Some(&playbook.name) {
                return Err(fault(format!("`name` is `{}`, expected the file's name", playbook.name)));
            }
            by_name.insert(playbook.name.clone(), playbook);
        }
        Ok(Self { by_name })
    }

    /// The shipped playbooks by file name.
    #[must_use]
    pub fn shipped() -> BTreeMap<String, String> {
        SHIPPED
            .files()
            .filter_map(|file| Some((file.path().to_str()?.to_owned(), file.contents_utf8()?.to_owned())))
            .collect()
    }

    /// The playbook with this name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Playbook> {
        self.by_name.get(name)
    }

    /// All of them, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Playbook> {
        self.by_name.values()
    }

    /// The playbook for a bundle: the first by name that names its signal or
    /// stage, else the first that takes its kind of trigger.
    #[must_use]
    pub fn choose(&self, bundle: &Bundle) -> Option<&Playbook> {
        let named = |playbook: &&Playbook| match &bundle.trigger {
            Trigger::Signal { signal, .. } => playbook.when.signals.contains(signal),
            Trigger::StageChange { to, .. } => playbook.when.stages.contains(to),
            Trigger::Message { .. } | Trigger::Manual { .. } => false,
        };
        let kind = match &bundle.trigger {
            Trigger::Manual { .. } => Kind::Manual,
            Trigger::Message { .. } => Kind::Message,
            Trigger::Signal { .. } => Kind::Signal,
            Trigger::StageChange { .. } => Kind::StageChange,
        };
        self.iter().find(named).or_else(|| self.iter().find(|playbook| playbook.when.triggers.contains(&kind)))
    }
}

fn located(text: &str, error: &toml::de::Error) -> String {
    let message = error.message().lines().next().unwrap_or_default().to_owned();
    let Some(before) = error.span().and_then(|span| text.get(..span.start)) else { return message };
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    format!("{line}:{column}: {message}")
}

#[cfg(test)]
mod tests;
