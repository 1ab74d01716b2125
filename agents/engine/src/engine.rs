//! The engine and what can be asked of it.

use crate::Clock;
use crate::driver::Driver;
use crate::gates::Gates;
use crate::said::Said;
use attache_context::{Bundle, CustomerId};
use attache_journal::{
    Actor, Asked, Chain, Entry, EntryFault, Event, RunEnded, RunFilter, RunId, RunStarted, Store, StoreError,
};
use attache_planner::{ChatModel, Guards, Playbooks, Program, ProgramFault, Run};
use attache_policies::PolicySet;
use attache_prompts::Prompts;
use attache_tools::{AskCustomer, Registry, Tool as _};
use futures::stream::{self, Stream, StreamExt as _};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::Semaphore;

/// How far back policy looks at a customer's history.
const HISTORY: SignedDuration = SignedDuration::from_hours(90 * 24);

/// How many runs [`Engine::resume_all`] goes on with at a time.
const RESUMED_AT_ONCE: usize = 64;

/// So many of a customer's latest runs are looked through for what we asked them.
const LATEST_RUNS: usize = 16;

/// What an engine is made of.
pub struct Parts {
    /// Where the journal is kept.
    pub store: Arc<dyn Store>,
    /// The rules.
    pub policy: Arc<PolicySet>,
    /// The tools.
    pub registry: Arc<Registry>,
    /// The templates.
    pub prompts: Arc<Prompts>,
    /// The playbooks.
    pub playbooks: Playbooks,
    /// Who plans.
    pub model: Arc<dyn ChatModel>,
    /// Time and ids.
    pub clock: Arc<dyn Clock>,
    /// Sentiment and personal data.
    pub guards: Guards,
    /// Sees each line of the journal when it is durable, in order.
    pub observer: Option<Arc<Observer>>,
    /// Whether whoever traces runs is told what models read and wrote: with
    /// placeholders for the customer, and all else that they wrote.
    pub traced_content: bool,
}

/// Sees the lines of a journal.
pub(crate) type Observer = dyn Fn(&[u8]) + Send + Sync;

/// Runs playbooks on bundles.
pub struct Engine {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) policy: Arc<PolicySet>,
    pub(crate) model: Arc<dyn ChatModel>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) observer: Option<Arc<Observer>>,
    pub(crate) limits: BTreeMap<String, Semaphore>,
    pub(crate) gates: Gates,
    pub(crate) traced_content: bool,
    pub(crate) said: Said,
    programs: BTreeMap<String, Arc<Program>>,
    playbooks: Playbooks,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("playbooks", &self.programs.keys()).finish_non_exhaustive()
    }
}

/// An engine cannot be made of these parts.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error(transparent)]
pub struct EngineFault(#[from] ProgramFault);

/// Where a run came to rest.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// The run.
    pub run: RunId,
    /// The last `run_ended`.
    pub ended: RunEnded,
    /// What a model said last where plain text closes a run.
    pub closing_note: Option<String>,
}

/// A run stopped before its end. What was done is journaled.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RunError {
    /// The journal of the run is not what was written.
    #[error("run {run}: {fault}")]
    Broken {
        /// The run.
        run: RunId,
        /// What is wrong.
        fault: EntryFault,
    },
    /// An event of ours could not be written down: a fault of ours.
    #[error("run {run}: {what}")]
    Internal {
        /// The run.
        run: RunId,
        /// What happened.
        what: String,
    },
    /// No playbook takes such a bundle, or there is none of that name.
    #[error("{0}")]
    NoPlaybook(String),
    /// The store could not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Something needed is not there; the same command resumes the run.
    #[error("{what} is not available: {message}; run {run} waits, `run --resume` goes on")]
    Unavailable {
        /// The run.
        run: RunId,
        /// The model or tool.
        what: String,
        /// Why.
        message: String,
    },
    /// There is no such run.
    #[error("there is no run {0}")]
    Unknown(RunId),
}

impl Engine {
    /// An engine of these parts; every playbook is compiled now.
    ///
    /// # Errors
    /// [`EngineFault`] if a playbook names a tool or template that is not there.
    pub fn new(parts: Parts) -> Result<Self, EngineFault> {
        let mut programs = BTreeMap::new();
        for playbook in parts.playbooks.iter() {
            let (registry, prompts) = (parts.registry.clone(), parts.prompts.clone());
            let program = Program::compile(playbook.clone(), registry, prompts, parts.guards.clone())?;
            programs.insert(playbook.name.clone(), Arc::new(program));
        }
        let limits = parts
            .registry
            .iter()
            .map(|tool| (tool.spec().name.clone(), Semaphore::new(tool.spec().concurrency.max(1))))
            .collect();
        Ok(Self {
            store: parts.store,
            policy: parts.policy,
            model: parts.model,
            clock: parts.clock,
            observer: parts.observer,
            limits,
            gates: Gates::default(),
            traced_content: parts.traced_content,
            said: Said::new(),
            programs,
            playbooks: parts.playbooks,
        })
    }

    /// Runs a bundle to its outcome: with the named playbook, or the one that
    /// applies.
    ///
    /// # Errors
    /// [`RunError`]; whatever was done until then is journaled.
    pub async fn run(&self, bundle: Arc<Bundle>, playbook: Option<&str>) -> Result<Report, RunError> {
        let started = self.beginning(bundle, playbook, None).await?;
        self.begin(self.clock.run_id(), started).await
    }

    /// What a run on this bundle begins with, as it stands now.
    pub(crate) async fn beginning(
        &self,
        bundle: Arc<Bundle>,
        playbook: Option<&str>,
        conversation: Option<RunId>,
    ) -> Result<RunStarted, RunError> {
        let program = match playbook {
            Some(name) => self.program(name)?,
            None => match self.playbooks.choose(&bundle) {
                Some(playbook) => self.program(&playbook.name)?,
                None => {
                    let kind = bundle.trigger.kind();
                    let message = format!("no playbook takes this {kind}; name one with --playbook");
                    return Err(RunError::NoPlaybook(message));
                }
            },
        };
        let now = self.clock.now();
        let history = self.store.history(&bundle.customer.id, before(now)).await?;
        let asked = match history.last() {
            Some(last) if last.action == AskCustomer::NAME => self.asked(&bundle.customer.id).await?,
            _ => None,
        };
        Ok(RunStarted {
            playbook: program.playbook().name.clone(),
            stage: program.playbook().stage,
            playbook_digest: program.digest().clone(),
            takeover: self.takeover(&bundle, now).await?,
            conversation,
            history,
            asked,
            bundle,
        })
    }

    /// Takes a bundle in as the run `id`: when this returns, its beginning is
    /// durable, and [`resume`](Self::resume) takes it to its outcome. `false` if
    /// there is a run of that name, whatever it was begun with.
    ///
    /// # Errors
    /// [`RunError`].
    pub async fn take_in(&self, id: RunId, bundle: Arc<Bundle>) -> Result<bool, RunError> {
        if self.store.run(&id).await?.is_some() {
            return Ok(false);
        }
        let started = self.beginning(bundle, None, None).await?;
        self.keep(id, started).await
    }

    /// Makes the beginning of a run durable; `false` if there is one already.
    pub(crate) async fn keep(&self, id: RunId, started: RunStarted) -> Result<bool, RunError> {
        match self.first_entry(id, started).await?.settle().await {
            Ok(()) => Ok(true),
            // Somebody else took it in at the same time.
            Err(RunError::Store(StoreError::Conflict { .. })) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Begins a run and takes it to its outcome.
    pub(crate) async fn begin(&self, id: RunId, started: RunStarted) -> Result<Report, RunError> {
        self.first_entry(id, started).await?.drive(false).await
    }

    /// A run with its first entry, which is not durable yet.
    async fn first_entry(&self, id: RunId, started: RunStarted) -> Result<Driver<'_>, RunError> {
        let program = self.program(&started.playbook)?;
        let now = self.clock.now();
        let subject = self.store.subject(&started.bundle.customer.id).await?;
        let gate = self.gates.of(subject.id());
        let (run, chain) = (Run::new(id.clone(), program), Chain::new(id, Some(subject)));
        let mut driver = Driver::new(self, run, chain, gate, started.conversation.clone());
        driver.record(now, &Actor::System, started.into())?;
        Ok(driver)
    }

    /// Goes on with a run that did not reach its end.
    ///
    /// # Errors
    /// [`RunError`].
    pub async fn resume(&self, id: &RunId) -> Result<Report, RunError> {
        let entries = self.entries(id).await?;
        self.load(id, &entries).await?.drive(true).await
    }

    /// Goes on with every run that did not reach its end, several at a time, and
    /// gives each one's result as it comes. A host calls it when it starts,
    /// before anything else goes on with these runs; one that cannot go on keeps
    /// no other from it.
    ///
    /// # Errors
    /// [`StoreError`] if the runs cannot be listed.
    pub async fn resume_all(
        &self,
    ) -> Result<impl Stream<Item = (RunId, Result<Report, RunError>)> + Unpin + '_, StoreError> {
        let unfinished = RunFilter { unfinished: true, ..RunFilter::default() };
        let mut runs = self.store.runs(&unfinished).await?;
        // Who came first has waited longest.
        runs.reverse();
        let resumed = runs.into_iter().map(move |run| {
            Box::pin(async move {
                let result = self.resume(&run.run).await;
                (run.run, result)
            })
        });
        Ok(stream::iter(resumed).buffer_unordered(RESUMED_AT_ONCE))
    }

    /// What the newest run of a customer that asked them something asked.
    async fn asked(&self, customer: &CustomerId) -> Result<Option<Asked>, RunError> {
        let theirs = RunFilter { customer: Some(customer.clone()), limit: Some(LATEST_RUNS), ..RunFilter::default() };
        let runs = self.store.runs(&theirs).await?;
        let Some(run) = runs.into_iter().find(|run| run.past.iter().any(|past| past.action == AskCustomer::NAME))
        else {
            return Ok(None);
        };
        let entries = self.entries(&run.run).await?;
        let message = started(&entries).and_then(|started| started.bundle.trigger.message());
        let question = ended(&entries).and_then(|ended| ended.reply.clone());
        Ok(message.zip(question).map(|(message, question)| Asked { message: message.to_owned(), question }))
    }

    /// The run of these entries, as it stands: for replaying and explaining.
    ///
    /// # Errors
    /// [`RunError`] if its playbook is gone or the entries are not one run.
    pub fn program_of(&self, entries: &[Entry]) -> Result<Arc<Program>, RunError> {
        match started(entries) {
            Some(started) => self.program(&started.playbook),
            None => Err(RunError::NoPlaybook("the run has no beginning".to_owned())),
        }
    }

    /// The rules in force.
    #[must_use]
    pub fn policy(&self) -> &PolicySet {
        &self.policy
    }

    fn program(&self, name: &str) -> Result<Arc<Program>, RunError> {
        self.programs.get(name).cloned().ok_or_else(|| {
            let known: Vec<_> = self.programs.keys().map(String::as_str).collect();
            RunError::NoPlaybook(format!("there is no playbook `{name}`; there are {}", known.join(", ")))
        })
    }

    pub(crate) async fn entries(&self, id: &RunId) -> Result<Vec<Entry>, RunError> {
        let entries = self.store.entries(id).await?;
        if entries.iter().any(|entry| entry.event.is_none()) {
            return Err(StoreError::Erased { run: id.clone() }.into());
        }
        if entries.is_empty() { Err(RunError::Unknown(id.clone())) } else { Ok(entries) }
    }

    pub(crate) async fn load(&self, id: &RunId, entries: &[Entry]) -> Result<Driver<'_>, RunError> {
        let broken = |fault| RunError::Broken { run: id.clone(), fault };
        let started = started(entries).ok_or_else(|| RunError::Unknown(id.clone()))?;
        let subject = self.store.subject(&started.bundle.customer.id).await?;
        if entries.iter().any(|entry| entry.subject.as_ref() != Some(subject.id())) {
            // Erased since the entries were read: who comes back is somebody else.
            return Err(StoreError::Erased { run: id.clone() }.into());
        }
        let gate = self.gates.of(subject.id());
        let chain = Chain::after(id.clone(), Some(subject), entries).map_err(broken)?;
        let mut run = Run::new(id.clone(), self.program_of(entries)?);
        run.fold(entries);
        Ok(Driver::new(self, run, chain, gate, started.conversation.clone()))
    }
}

/// How a run came to rest last.
pub(crate) fn ended(entries: &[Entry]) -> Option<&RunEnded> {
    entries.iter().rev().find_map(|entry| match &entry.event {
        Some(Event::RunEnded(ended)) => Some(ended),
        _ => None,
    })
}

pub(crate) fn started(entries: &[Entry]) -> Option<&RunStarted> {
    match &entries.first()?.event {
        Some(Event::RunStarted(started)) => Some(started),
        _ => None,
    }
}

pub(crate) fn before(now: Timestamp) -> Timestamp {
    now.checked_sub(HISTORY).unwrap_or(Timestamp::MIN)
}
