//! Many recorded runs decided again, and one planned again.

use crate::engine::{Engine, RunError};
use attache_journal::{Entry, Event, ModelCalled, RunId, ToolCalled, Usage};
use attache_planner::{
    Answer, Course, ModelError, ModelReply, Program, Record, Run, Step, WhatIf, not_recorded, what_if,
};
use attache_policies::PolicySet;
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::sync_channel;
use std::time::Duration;
use tokio::runtime::Handle;

/// How many results wait for the one before them, for each thread.
const AHEAD: usize = 64;

/// What came of looking at a recorded run again.
#[derive(Debug)]
pub enum Looked<T> {
    /// This.
    Again(T),
    /// Nothing: the customer's data was erased.
    Erased,
    /// Nothing: there is no playbook of its name any more.
    NoPlaybook(String),
}

/// A run that was planned again.
#[derive(Clone, Debug, PartialEq)]
pub struct Replanned {
    /// How it went until a person decided.
    pub before: Course,
    /// How it goes now.
    pub after: Course,
    /// The calls that the record does not have, in order; none was made.
    pub unmatched: Vec<Unmatched>,
    /// What the model cost.
    pub usage: Usage,
}

/// A call that the record does not have.
#[derive(Clone, Debug, PartialEq)]
pub struct Unmatched {
    /// The call.
    pub call: ToolCalled,
    /// Whether it was taken to succeed: a draft, a handoff, or a message of
    /// ours. The model was told of any other that it is not recorded.
    pub assumed: bool,
}

impl<T> Looked<T> {
    fn map<U>(self, f: impl FnOnce(T) -> U) -> Looked<U> {
        match self {
            Self::Again(it) => Looked::Again(f(it)),
            Self::Erased => Looked::Erased,
            Self::NoPlaybook(message) => Looked::NoPlaybook(message),
        }
    }
}

impl Engine {
    /// Decides recorded runs again with `policy`, on as many threads as there are
    /// processors, and gives each to `each` in the order of `runs`.
    ///
    /// # Errors
    /// The first of `each`'s, or of the store's; a run that does not exist is
    /// [`RunError::Unknown`].
    pub fn what_if<E: From<RunError> + Send>(
        &self,
        runs: &[RunId],
        policy: &PolicySet,
        handle: &Handle,
        mut each: impl FnMut(&RunId, Looked<WhatIf>) -> Result<(), E>,
    ) -> Result<(), E> {
        let threads = std::thread::available_parallelism().map_or(1, usize::from).min(runs.len().max(1));
        let next = AtomicUsize::new(0);
        let (sender, results) = sync_channel(AHEAD * threads);
        std::thread::scope(|scope| {
            for _ in 0..threads {
                let (sender, next) = (sender.clone(), &next);
                scope.spawn(move || {
                    loop {
                        let place = next.fetch_add(1, Ordering::Relaxed);
                        let Some(run) = runs.get(place) else { break };
                        let entries = handle.block_on(self.store.entries(run)).map_err(RunError::Store);
                        let looked = entries.and_then(|entries| {
                            let again = |program| what_if(&mut Run::new(run.clone(), program), policy, &entries);
                            Ok(self.program_for(run, &entries)?.map(again))
                        });
                        // The other end goes away when it has had enough.
                        if sender.send((place, looked)).is_err() {
                            break;
                        }
                    }
                });
            }
            drop(sender);
            let mut waiting = BTreeMap::new();
            let mut due = 0;
            // Owned here: when this ends early, the threads are told.
            let results = results;
            for (place, looked) in results {
                waiting.insert(place, looked);
                while let Some(looked) = waiting.remove(&due) {
                    let Some(run) = runs.get(due) else { break };
                    each(run, looked?)?;
                    due += 1;
                }
            }
            Ok(())
        })
    }

    /// What a recorded run follows, unless it cannot be had.
    fn program_for(&self, id: &RunId, entries: &[Entry]) -> Result<Looked<Arc<Program>>, RunError> {
        if entries.is_empty() {
            return Err(RunError::Unknown(id.clone()));
        }
        if entries.iter().any(|entry| entry.event.is_none()) {
            return Ok(Looked::Erased);
        }
        match self.program_of(entries) {
            Ok(program) => Ok(Looked::Again(program)),
            Err(RunError::NoPlaybook(message)) => Ok(Looked::NoPlaybook(message)),
            Err(other) => Err(other),
        }
    }

    /// Plans a recorded run again with this engine's model and prompts, and `policy`:
    /// from the same bundle and history, at the recorded time. No tool is
    /// called; the record answers in their place. Nothing is stored or sent, and
    /// it ends where a person would decide.
    ///
    /// # Errors
    /// [`RunError::Unavailable`] if the model cannot be reached.
    pub async fn replan(
        &self,
        id: &RunId,
        entries: &[Entry],
        policy: &PolicySet,
    ) -> Result<Looked<Replanned>, RunError> {
        let program = match self.program_for(id, entries)? {
            Looked::Again(program) => program,
            Looked::Erased => return Ok(Looked::Erased),
            Looked::NoPlaybook(message) => return Ok(Looked::NoPlaybook(message)),
        };
        let Some((at, Some(started @ Event::RunStarted(_)))) = entries.first().map(|entry| (entry.at, &entry.event))
        else {
            return Err(RunError::Unknown(id.clone()));
        };
        let mut again = Again {
            engine: self,
            policy,
            run: Run::new(id.clone(), program),
            at,
            why: None,
            events: Vec::new(),
            record: Record::new(entries),
            done: Replanned {
                before: Course::of(until_a_person(entries)),
                after: Course::default(),
                unmatched: Vec::new(),
                usage: Usage::default(),
            },
        };
        again.take(started.clone());
        again.drive().await?;
        again.done.after = Course::of_events(&again.events);
        Ok(Looked::Again(again.done))
    }
}

/// The entries before the first decision of a person.
fn until_a_person(entries: &[Entry]) -> &[Entry] {
    let decided = entries.iter().position(|entry| matches!(entry.event, Some(Event::ReviewDecided(_))));
    entries.get(..decided.unwrap_or(entries.len())).unwrap_or(entries)
}

/// A run being planned again.
struct Again<'a> {
    engine: &'a Engine,
    policy: &'a PolicySet,
    run: Run,
    /// When: a run that is planned again takes no time but its model's.
    at: Timestamp,
    record: Record<'a>,
    /// Why the model could not be had, for operators.
    why: Option<String>,
    events: Vec<Event>,
    done: Replanned,
}

impl Again<'_> {
    fn take(&mut self, event: Event) {
        self.run.apply(self.at, &event);
        self.events.push(event);
    }

    async fn drive(&mut self) -> Result<(), RunError> {
        loop {
            let event = match self.run.next() {
                Step::Assess => self.run.assess(self.policy, self.at),
                Step::Decide => self.run.decide(self.policy, self.at),
                Step::Record(_, event) => Some(*event),
                Step::AskModel(_) => Some(self.ask().await.into()),
                Step::CallTool(call) => {
                    let answer = self.record.answer(&call);
                    let unmatched = |assumed| Some(Unmatched { call: call.called().clone(), assumed });
                    let (result, unmatched) = match answer {
                        Answer::Recorded(result) => (result, None),
                        Answer::Assumed(output) => (Ok(output), unmatched(true)),
                        Answer::Missing => (Err(not_recorded()), unmatched(false)),
                    };
                    let event = call.returned(self.policy, self.at, result, 0).into();
                    self.done.unmatched.extend(unmatched);
                    Some(event)
                }
                Step::AwaitReview(_) | Step::Done(_) => break,
            };
            let Some(event) = event else { break };
            self.take(event);
            if self.run.is_stalled() {
                let (run, what) = (self.run.id().clone(), self.engine.model.name().to_owned());
                return Err(RunError::Unavailable { run, what, message: self.why.take().unwrap_or_default() });
            }
        }
        Ok(())
    }

    async fn ask(&mut self) -> ModelCalled {
        let mut called = ModelCalled {
            model: self.engine.model.name().to_owned(),
            request: self.run.unsent(),
            reply: None,
            fault: None,
            usage: Usage::default(),
            prompt_digest: self.run.prompt_digest().clone(),
        };
        let Step::AskModel(request) = self.run.next() else { return called };
        let deadline = Duration::from_millis(request.deadline_ms);
        match tokio::time::timeout(deadline, self.engine.model.complete(&request)).await {
            Ok(Ok(ModelReply { model, reply, usage })) => {
                (called.model, called.reply, called.usage) = (model, Some(Arc::new(reply)), usage);
            }
            Ok(Err(ModelError { model, fault, usage, message })) => {
                (called.model, called.fault, called.usage) = (model, Some(fault), usage);
                self.why = Some(message);
            }
            Err(_) => called.fault = Some(crate::driver::overdue(&request)),
        }
        self.done.usage.add(called.usage);
        called
    }
}
