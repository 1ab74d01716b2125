//! One run being driven.

use crate::conversation::turn;
use crate::engine::{Engine, Report, RunError, ended};
use crate::gates::Gate;
use crate::said::Opening;
use crate::{spans, tools};
use attache_journal::{
    Actor, Batch, Chain, Commit, Event, Fault, ModelCalled, Receipt, Retry, RunEnded, RunId, Sealed, ToolReturned,
};
use attache_planner::{ModelError, ModelReply, ModelRequest, PendingCall, Run, Step};
use attache_tools::EffectKind;
use jiff::Timestamp;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use tracing::Instrument as _;

/// A run with what of its journal is not durable yet.
pub(crate) struct Driver<'e> {
    engine: &'e Engine,
    run: Run,
    /// The run that began the conversation; this one, if it begins one.
    conversation: RunId,
    chain: Chain,
    gate: Gate,
    /// Sealed and not handed to the store.
    fresh: Vec<Sealed>,
    /// Handed to the store and perhaps not durable.
    commits: Vec<Commit>,
    receipt: Option<Receipt>,
    /// When it began, if it began here.
    began: Option<Timestamp>,
    ended: Option<RunEnded>,
    /// Lines for the observer that are not durable yet.
    unseen: Vec<Vec<u8>>,
    at: Timestamp,
    /// Whether something fresh cannot be had again by asking or reading again:
    /// that a run began, or what anything but a read came to.
    keep: bool,
    /// Why the model could not be had, for operators.
    why: Option<String>,
}

impl<'e> Driver<'e> {
    pub(crate) fn new(engine: &'e Engine, run: Run, chain: Chain, gate: Gate, conversation: Option<RunId>) -> Self {
        let receipt = (chain.next_seq() > 0).then(|| Receipt::for_store(run.id().clone(), chain.next_seq()));
        Self {
            engine,
            conversation: conversation.unwrap_or_else(|| run.id().clone()),
            run,
            chain,
            gate,
            fresh: Vec::new(),
            commits: Vec::new(),
            receipt,
            began: None,
            ended: None,
            unseen: Vec::new(),
            at: Timestamp::MIN,
            keep: true,
            why: None,
        }
    }

    pub(crate) fn run(&self) -> &Run {
        &self.run
    }

    /// Takes steps until the run is over or awaits a person. `resumed` says
    /// that a call whose intent is recorded may have been made already.
    pub(crate) async fn drive(self, resumed: bool) -> Result<Report, RunError> {
        let span = spans::invoke_agent(&self.run, &self.conversation, resumed);
        let result = self.step(resumed).instrument(span.clone()).await;
        spans::invoked(&span, &result);
        result
    }

    async fn step(mut self, resumed: bool) -> Result<Report, RunError> {
        let mut resumed = resumed;
        loop {
            // Only a call that was recorded before we came may have been made.
            let made_before = std::mem::take(&mut resumed);
            let now = self.now();
            let (actor, event) = match self.run.next() {
                Step::Assess => (Actor::System, self.run.assess(&self.engine.policy, now)),
                Step::Decide => (Actor::System, self.run.decide(&self.engine.policy, now)),
                Step::Record(actor, event) => (actor, Some(*event)),
                Step::AskModel(_) => {
                    // On its way while the model thinks, if it must not be lost.
                    if self.keep {
                        self.hand_over().await;
                    }
                    let (event, why) = self.ask().await.unzip();
                    self.why = why.flatten();
                    (self.run.agent(), event.map(Event::from))
                }
                Step::CallTool(_) => {
                    let keep = self.keep;
                    self.settle().await?;
                    self.keep = keep;
                    (Actor::System, self.call(made_before).await.map(Event::from))
                }
                Step::AwaitReview(_) | Step::Done(_) => break,
            };
            let event = event.ok_or_else(|| self.internal("a step made no event"))?;
            let missing = missing(&event);
            self.record(self.now(), &actor, event)?;
            if self.run.is_stalled() {
                self.settle().await?;
                let (what, message) = missing.unwrap_or_default();
                let message = self.why.take().unwrap_or(message);
                return Err(RunError::Unavailable { run: self.run.id().clone(), what, message });
            }
        }
        self.settle().await?;
        let Some(ended) = self.ended.take() else {
            return self.already_ended().await;
        };
        self.remember(&ended);
        Ok(Report { run: self.run.id().clone(), ended, closing_note: self.run.closing_note().map(str::to_owned) })
    }

    /// Keeps what the next message of the conversation asks for.
    fn remember(&self, ended: &RunEnded) {
        let (Some(bundle), said) = (self.run.bundle(), &self.engine.said) else { return };
        let followed = (self.conversation.clone(), turn(self.run.id(), bundle, Some(ended)));
        if let Some(at) = self.began.filter(|_| followed.1.is_some() && self.conversation == *self.run.id()) {
            let playbook = self.run.playbook().to_owned();
            said.keep_opening(self.run.id(), &Opening { bundle: bundle.clone(), playbook, at });
        }
        said.keep_turn(self.run.id(), self.chain.next_seq(), &followed);
    }

    /// A run that was resumed and had nothing left to do.
    async fn already_ended(&self) -> Result<Report, RunError> {
        let entries = self.engine.store.entries(self.run.id()).await?;
        let ended = ended(&entries).cloned().ok_or_else(|| self.internal("the run has no end"))?;
        Ok(Report { run: self.run.id().clone(), ended, closing_note: None })
    }

    /// Seals an event and folds it into the run.
    pub(crate) fn record(&mut self, at: Timestamp, actor: &Actor, event: Event) -> Result<(), RunError> {
        self.at = at;
        self.run.apply(at, &event);
        match &event {
            Event::ToolCalled(called) => self.keep |= self.run.changes_something(&called.tool),
            Event::PolicyDecided(decided) => {
                tracing::debug!(
                    run = %self.run.id(), action = decided.action, verdict = %decided.verdict,
                    rules = decided.policies.join(",")
                );
                spans::decided(decided);
            }
            Event::RunStarted(_) => self.began = Some(at),
            Event::RunEnded(ended) => {
                tracing::info!(run = %self.run.id(), outcome = %ended.outcome, reason = ended.reason_code);
                self.ended = Some(ended.clone());
            }
            _ => {}
        }
        let sealed = self.chain.seal(at, actor, &event).map_err(|e| self.internal(&e.to_string()))?;
        if self.engine.observer.is_some() {
            self.unseen.push(self.chain.line(&sealed, &event).map_err(|e| self.internal(&e.to_string()))?);
        }
        self.fresh.push(sealed);
        Ok(())
    }

    /// The time, which never runs backwards within a run.
    fn now(&self) -> Timestamp {
        self.engine.clock.now().max(self.at)
    }

    /// Hands what is new to the store and does not wait for it to be durable.
    async fn hand_over(&mut self) {
        self.keep = false;
        if !self.fresh.is_empty() {
            // Whoever else can go on now does so first: then all come at once,
            // and one sync is for all of them.
            tokio::task::yield_now().await;
            let batch = Batch { run: self.run.id().clone(), entries: std::mem::take(&mut self.fresh) };
            self.commits.push(self.engine.store.append(batch));
        }
    }

    /// Waits until everything handed over is durable.
    pub(crate) async fn settle(&mut self) -> Result<(), RunError> {
        self.hand_over().await;
        for commit in std::mem::take(&mut self.commits) {
            self.receipt = Some(commit.await?);
        }
        if let Some(observer) = &self.engine.observer {
            for line in self.unseen.drain(..) {
                observer(&line);
            }
        }
        Ok(())
    }

    async fn ask(&self) -> Option<(ModelCalled, Option<String>)> {
        let Step::AskModel(request) = self.run.next() else { return None };
        let mut why = None;
        let started = Instant::now();
        let deadline = Duration::from_millis(request.deadline_ms);
        let span = spans::chat(&self.run, &self.conversation, self.engine.model.name(), &request);
        let asked = self.engine.model.complete(&request).instrument(span.clone());
        let result = tokio::time::timeout(deadline, asked).await;
        let mut called = ModelCalled {
            model: self.engine.model.name().to_owned(),
            request: self.run.unsent(),
            reply: None,
            fault: None,
            usage: attache_journal::Usage::default(),
            prompt_digest: self.run.prompt_digest().clone(),
        };
        match result {
            Ok(Ok(ModelReply { model, reply, usage })) => {
                (called.model, called.reply, called.usage) = (model, Some(Arc::new(reply)), usage);
            }
            Ok(Err(ModelError { model, fault, usage, message })) => {
                tracing::warn!(run = %self.run.id(), %model, code = fault.code, %message, "no reply");
                (called.model, called.fault, called.usage) = (model, Some(fault), usage);
                why = Some(message);
            }
            Err(_) => called.fault = Some(overdue(&request)),
        }
        called.usage.millis = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        spans::answered(&span, &called);
        if self.engine.traced_content {
            spans::content(&span, &request, called.reply.as_deref());
        }
        Some((called, why))
    }

    async fn call(&self, made_before: bool) -> Option<ToolReturned> {
        let Step::CallTool(call) = self.run.next() else { return None };
        let span = spans::execute_tool(&self.run, &self.conversation, &call);
        let (result, attempts) = self.attempt(&call, made_before).instrument(span.clone()).await;
        if let Err(fault) = &result {
            tracing::warn!(run = %self.run.id(), tool = call.called().tool, code = fault.code, "tool failed");
        }
        let returned = call.returned(&self.engine.policy, self.engine.clock.now(), result, attempts);
        spans::executed(&span, &returned);
        Some(returned)
    }

    async fn attempt(&self, call: &PendingCall<'_>, made_before: bool) -> (Result<attache_journal::Json, Fault>, u32) {
        let spec = call.tool().spec();
        if made_before && !spec.repeat_safe {
            let feedback = "the process stopped during this call; it may have been done".to_owned();
            return (Err(Fault { code: "unknown_outcome".into(), retry: Retry::AfterCheck, feedback }), 0);
        }
        let permit = match &self.receipt {
            Some(receipt) => call.permit(receipt),
            None => Err(attache_tools::PermitRefused::NotDurable),
        };
        let permit = match permit {
            Ok(permit) => permit,
            Err(e) => {
                let fault = Fault { code: "no_permit".into(), retry: Retry::Never, feedback: e.to_string() };
                return (Err(fault), 0);
            }
        };
        // What is read about somebody reaches nobody.
        let gate = if spec.effect == EffectKind::Read { None } else { Some(self.gate.read().await) };
        if gate.as_deref() == Some(&true) {
            let feedback = "the customer's data was erased".to_owned();
            return (Err(Fault { code: "erased".into(), retry: Retry::Never, feedback }), 0);
        }
        let limit = self.engine.limits.get(&spec.name);
        // A semaphore of ours is never closed.
        let _place = match limit {
            Some(limit) => limit.acquire().await.ok(),
            None => None,
        };
        tools::call(call, &permit, &*self.engine.clock).await
    }

    fn internal(&self, what: &str) -> RunError {
        RunError::Internal { run: self.run.id().clone(), what: what.to_owned() }
    }
}

/// What is not there, by an event that says so, and why.
fn missing(event: &Event) -> Option<(String, String)> {
    match event {
        Event::ModelCalled(called) => Some((called.model.clone(), called.fault.as_ref()?.feedback.clone())),
        Event::ToolReturned(returned) => Some((returned.tool.clone(), returned.fault.as_ref()?.feedback.clone())),
        _ => None,
    }
}

pub(crate) fn overdue(request: &ModelRequest<'_>) -> Fault {
    Fault {
        code: "timeout".into(),
        retry: Retry::Never,
        feedback: format!("no answer within the {} ms that the run has left", request.deadline_ms),
    }
}
