//! How a run went, or would go: what a person asks of it.

use attache_journal::{Entry, Event, Outcome, Verdict};
use serde::Serialize;
use std::collections::BTreeMap;

/// How a run went, or would go.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
pub struct Course {
    /// Where it came to rest; absent if it did not, or if nobody can tell.
    pub outcome: Option<Outcome>,
    /// Why, as a code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason_code: Option<String>,
    /// What it would ask that the record has no answer of: `model`, or a tool.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub needs: Option<String>,
    /// The queues of the people whom it was handed to.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub escalated: Vec<String>,
    /// The drafts that people were asked about, by id.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub drafts: BTreeMap<String, Filed>,
    /// The tools that sent something.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sent: Vec<String>,
    #[serde(skip)]
    last: Option<Verdict>,
    #[serde(skip)]
    released: Option<String>,
}

/// A draft that people were asked about.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
pub struct Filed {
    /// Who should decide.
    pub queue: String,
    /// What policy said when it was made.
    pub verdict: Option<Verdict>,
    /// What policy said when a person had approved it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub release: Option<Verdict>,
}

impl Course {
    /// How these entries of one run went.
    #[must_use]
    pub fn of(entries: &[Entry]) -> Self {
        Self::of_events(entries.iter().filter_map(|entry| entry.event.as_ref()))
    }

    /// How these events of one run went.
    #[must_use]
    pub fn of_events<'a>(events: impl IntoIterator<Item = &'a Event>) -> Self {
        let mut course = Self::default();
        events.into_iter().for_each(|event| course.see(event));
        course.settled()
    }

    /// Takes in the next event.
    pub(crate) fn see(&mut self, event: &Event) {
        match event {
            Event::PolicyDecided(decided) => {
                if let Some(draft) = self.released.take().and_then(|id| self.drafts.get_mut(&id)) {
                    draft.release = Some(decided.verdict);
                }
                self.last = Some(decided.verdict);
            }
            Event::DraftCreated(created) => {
                // The verdict on a draft is the last one before it is filed.
                let filed = Filed { verdict: self.last, ..Filed::default() };
                self.drafts.insert(created.draft.to_string(), filed);
            }
            Event::ReviewRequested(asked) => {
                if let Some(draft) = self.drafts.get_mut(asked.draft.as_str()) {
                    draft.queue.clone_from(&asked.queue);
                }
            }
            Event::ReviewDecided(decided) => {
                (self.outcome, self.reason_code) = (None, None);
                self.released = decided.decision.sends().then(|| decided.draft.to_string());
            }
            Event::MessageSent(sent) => self.sent.push(sent.tool.clone()),
            Event::Escalated(escalated) => self.escalated.push(escalated.queue.clone()),
            Event::RunEnded(ended) => {
                (self.outcome, self.reason_code) = (Some(ended.outcome), ended.reason_code.clone());
            }
            Event::RunStarted(_) | Event::Assessed(_) | Event::ModelCalled(_) => {}
            Event::ToolCalled(_) | Event::ToolReturned(_) | Event::Erased(_) | Event::StaffActed(_) => {}
        }
    }

    /// Without what it kept on the way.
    pub(crate) fn settled(self) -> Self {
        Self { last: None, released: None, ..self }
    }

    /// Where it stands, in one word.
    #[must_use]
    pub fn stands(&self) -> &str {
        match (&self.outcome, &self.needs) {
            (_, Some(_)) => "open",
            (Some(outcome), None) => outcome.as_str(),
            (None, None) => "unfinished",
        }
    }

    /// How many people were asked to decide, by queue: reviews and escalations.
    pub fn count(&self, load: &mut Load) {
        for draft in self.drafts.values() {
            *load.reviews.entry(draft.queue.clone()).or_default() += 1;
        }
        for queue in &self.escalated {
            *load.escalations.entry(queue.clone()).or_default() += 1;
        }
        *load.outcomes.entry(self.stands().to_owned()).or_default() += 1;
    }
}

/// What runs ask of people.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
pub struct Load {
    /// Drafts to review, by queue.
    pub reviews: BTreeMap<String, u64>,
    /// Customers handed over, by queue.
    pub escalations: BTreeMap<String, u64>,
    /// Runs by where they stand; `open` where only a model could tell.
    pub outcomes: BTreeMap<String, u64>,
}
