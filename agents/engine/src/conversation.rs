//! Several messages of one customer that belong together, and who has the customer.

use crate::engine::{Engine, Report, RunError, before, ended, started};
use crate::said::{Followed, Opening};
use attache_context::{Bundle, Channel, Fact, Sensitivity, Source, Trigger};
use attache_journal::{
    Handoff, HandoffState, Outcome, RunEnded, RunFilter, RunId, RunStarted, RunSummary, StoreError, Takeover,
};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use std::sync::Arc;

/// The planner is told so many turns of what was said before.
const REMEMBERED: usize = 10;

/// A conversation: a message and what followed it, oldest first.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
pub struct Conversation {
    /// Its name: the run that answered the first message.
    pub conversation: RunId,
    /// What was said and what came of it.
    pub turns: Vec<Turn>,
}

/// A message of the customer and what came of it.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
pub struct Turn {
    /// The run that took it.
    pub run: RunId,
    /// When they wrote.
    #[schemars(with = "String")]
    pub at: Timestamp,
    /// By which way.
    pub channel: Channel,
    /// What they wrote.
    pub text: String,
    /// Where the run came to rest; absent while it goes on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// Why, as a code, where the outcome alone does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason_code: Option<String>,
    /// What they were told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply: Option<String>,
}

/// The next message of a conversation.
#[derive(Clone, Debug)]
pub struct Next {
    /// What they wrote.
    pub text: String,
    /// When.
    pub at: Timestamp,
    /// By which way; the conversation's if not said.
    pub channel: Option<Channel>,
    /// What is known of this message alone, such as its place in a thread: in place
    /// of what the conversation knew under the same keys.
    pub facts: Vec<Fact>,
}

impl Engine {
    /// The name of a run that is about to begin.
    #[must_use]
    pub fn run_id(&self) -> RunId {
        self.clock.run_id()
    }

    /// Answers the first message of a conversation, as the run `id`, which is its
    /// name from then on.
    ///
    /// # Errors
    /// [`RunError`]; whatever was done until then is journaled.
    pub async fn open(&self, id: RunId, bundle: Arc<Bundle>) -> Result<Report, RunError> {
        let started = self.beginning(bundle, None, None).await?;
        self.begin(id, started).await
    }

    /// Goes on with a conversation, as the run `id`: the customer wrote again, and
    /// what was said before is part of the context.
    ///
    /// # Errors
    /// [`RunError`]; [`RunError::Unknown`] if there is no such conversation.
    pub async fn go_on(
        &self,
        id: RunId,
        conversation: &RunId,
        text: String,
        at: Timestamp,
    ) -> Result<Report, RunError> {
        let next = Next { text, at, channel: None, facts: Vec::new() };
        let started = self.following(conversation, next).await?;
        self.begin(id, started).await
    }

    /// Takes the next message of a conversation in, as [`take_in`](Self::take_in)
    /// does the first.
    ///
    /// # Errors
    /// [`RunError`]; [`RunError::Unknown`] if there is no such conversation.
    pub async fn take_in_next(&self, id: RunId, conversation: &RunId, next: Next) -> Result<bool, RunError> {
        if self.store.run(&id).await?.is_some() {
            return Ok(false);
        }
        let started = self.following(conversation, next).await?;
        self.keep(id, started).await
    }

    /// What a run on the next message of a conversation begins with.
    async fn following(&self, conversation: &RunId, next: Next) -> Result<RunStarted, RunError> {
        let (first, turns) = self.turns(conversation, REMEMBERED).await?;
        let Trigger::Message { channel, .. } = first.bundle.trigger else {
            return Err(RunError::Unknown(conversation.clone()));
        };
        let Next { text, at, channel: way, facts } = next;
        let mut bundle = (*first.bundle).clone();
        bundle.trigger = Trigger::Message { at, channel: way.unwrap_or(channel), text };
        bundle.contextual.retain(|known| facts.iter().all(|fact| fact.key != known.key));
        bundle.contextual.extend(facts);
        remember(&mut bundle, &turns);
        self.beginning(Arc::new(bundle), Some(&first.playbook), Some(conversation.clone())).await
    }

    /// What was said in a conversation.
    ///
    /// # Errors
    /// [`RunError`]; [`RunError::Unknown`] if there is none of that name.
    pub async fn conversation(&self, conversation: &RunId) -> Result<Conversation, RunError> {
        let (_, turns) = self.turns(conversation, usize::MAX).await?;
        Ok(Conversation { conversation: conversation.clone(), turns })
    }

    /// Whether a conversation has this name.
    ///
    /// # Errors
    /// [`RunError`]; [`RunError::Unknown`] if none has.
    pub async fn expect_conversation(&self, conversation: &RunId) -> Result<(), RunError> {
        self.opening(conversation).await.map(|_| ())
    }

    /// What a conversation began with.
    async fn opening(&self, conversation: &RunId) -> Result<Opening, RunError> {
        if let Some(run) = self.store.run(conversation).await?
            && !run.erased
            && let Some(opening) = self.said.opening(conversation)
        {
            return Ok(opening);
        }
        let entries = self.entries(conversation).await?;
        let begun = started(&entries).zip(entries.first().map(|entry| entry.at));
        let begun = begun.filter(|(started, _)| started.conversation.is_none());
        let begun = begun.filter(|(started, _)| started.bundle.trigger.message().is_some());
        let (started, at) = begun.ok_or_else(|| RunError::Unknown(conversation.clone()))?;
        let opening = Opening { bundle: started.bundle.clone(), playbook: started.playbook.clone(), at };
        self.said.keep_opening(conversation, &opening);
        Ok(opening)
    }

    /// What a conversation began with, and its last so many turns, oldest first.
    async fn turns(&self, conversation: &RunId, most: usize) -> Result<(Opening, Vec<Turn>), RunError> {
        let first = self.opening(conversation).await?;
        let (customer, since) = (Some(first.bundle.customer.id.clone()), Some(first.at));
        let mut turns = Vec::new();
        for run in self.store.runs(&RunFilter { customer, since, ..RunFilter::default() }).await? {
            if turns.len() == most {
                break;
            }
            let (of, turn) = self.followed(&run).await?;
            if of == *conversation {
                turns.extend(turn);
            }
        }
        turns.reverse();
        Ok((first, turns))
    }

    /// The conversation that a run belongs to, and its turn there.
    async fn followed(&self, run: &RunSummary) -> Result<Followed, RunError> {
        if !run.erased
            && let Some(followed) = self.said.turn(&run.run, run.entries)
        {
            return Ok(followed);
        }
        let entries = self.entries(&run.run).await?;
        let started = started(&entries);
        let of = started.and_then(|started| started.conversation.clone());
        let turn = started.and_then(|started| turn(&run.run, &started.bundle, ended(&entries)));
        let followed = (of.unwrap_or_else(|| run.run.clone()), turn);
        self.said.keep_turn(&run.run, entries.len() as u64, &followed);
        Ok(followed)
    }

    /// The last time that a person took this customer over, if one did.
    pub(crate) async fn takeover(&self, bundle: &Bundle, now: Timestamp) -> Result<Option<Takeover>, StoreError> {
        let mut last: Option<(Timestamp, Takeover)> = None;
        for run in self.store.handed_over(&bundle.customer.id, before(now)).await? {
            let handoff = Handoff::of(&self.store.entries(&Handoff::beside(&run)).await?);
            let Some(at) = handoff.at else { continue };
            if handoff.state == HandoffState::Accepted {
                return Ok(Some(Takeover { run, ended_at: None }));
            }
            if last.as_ref().is_none_or(|(latest, _)| at > *latest) {
                last = Some((at, Takeover { run, ended_at: Some(at) }));
            }
        }
        Ok(last.map(|(_, takeover)| takeover))
    }

    /// Whether this customer wrote to us after that run began.
    pub(crate) async fn wrote_since(&self, bundle: &Bundle, run: &RunId, began: Timestamp) -> Result<bool, StoreError> {
        let customer = Some(bundle.customer.id.clone());
        let later = RunFilter { customer, since: Some(began), ..RunFilter::default() };
        for later in self.store.runs(&later).await? {
            if later.run == *run || later.erased {
                continue;
            }
            let entries = self.store.entries(&later.run).await?;
            if started(&entries).is_some_and(|started| started.bundle.trigger.message().is_some()) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// The message that a run took and what came of it; nothing if it took none.
pub(crate) fn turn(run: &RunId, bundle: &Bundle, ended: Option<&RunEnded>) -> Option<Turn> {
    let Trigger::Message { at, channel, text } = &bundle.trigger else { return None };
    Some(Turn {
        run: run.clone(),
        at: *at,
        channel: *channel,
        text: text.clone(),
        outcome: ended.map(|ended| ended.outcome),
        reason_code: ended.and_then(|ended| ended.reason_code.clone()),
        reply: ended.and_then(|ended| ended.reply.clone()),
    })
}

/// Puts what was said before among the facts, where guards and rules look at it
/// as at everything else that is known of a customer.
fn remember(bundle: &mut Bundle, turns: &[Turn]) {
    let purposes = attache_context::Purpose::ALL.to_vec();
    let fact = |key: String, text: &str, at: Timestamp| Fact {
        key,
        value: text.into(),
        source: Source::FirstParty,
        system: "conversation".to_owned(),
        observed_at: at,
        purposes: purposes.clone(),
        sensitivity: Sensitivity::Personal,
    };
    for (number, turn) in turns.iter().enumerate() {
        let place = number + 1;
        bundle.contextual.push(fact(format!("conversation.{place}.customer_wrote"), &turn.text, turn.at));
        if let Some(reply) = &turn.reply {
            bundle.contextual.push(fact(format!("conversation.{place}.we_answered"), reply, turn.at));
        }
    }
}
