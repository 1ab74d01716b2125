//! The run: what is, and what is next.

use crate::call::{Call, Checked, Origin};
use crate::context::Context;
use crate::package::{Handoff, package};
use crate::{Memo, ModelRequest, PendingCall, PlainText, Program, Step};
use attache_context::Bundle;
use attache_journal::{
    Actor, CallId, Digest, DraftCreated, DraftId, Event, Fault, Message, Outcome, PolicyDecided, Retry, RunEnded,
    RunId, ToolCalled, ToolReturned, Usage, Verdict,
};
use attache_policies::{Case, PolicyDecision, PolicyRequest, PolicySet, RuleTrace, Sink, TextFacts};
use attache_tools::{Admitted, EffectKind, Tried};
use jiff::Timestamp;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

/// One run: a fold over its journal entries and nothing else.
///
/// [`next`](Self::next) says what to do; whoever drives it does that, appends
/// the event, and calls [`apply`](Self::apply) with it. The same entries always
/// make the same run, so resuming after a crash, replaying, and asking what
/// other rules would have said are one mechanism. The time is that of the last
/// entry; there is no clock in here.
#[derive(Debug)]
pub struct Run {
    pub(crate) id: RunId,
    pub(crate) program: Arc<Program>,
    pub(crate) now: Timestamp,
    pub(crate) seq: u64,
    pub(crate) context: Option<Box<Context>>,
    pub(crate) phase: Phase,
    /// Events that follow from what is there, to be recorded in this order.
    pub(crate) due: VecDeque<(Actor, Event)>,
    /// Calls that the model asked for and nobody looked at yet.
    pub(crate) wanted: VecDeque<Call>,
    pub(crate) transcript: Vec<Arc<Message>>,
    /// How much of the transcript the journal has.
    pub(crate) sent: usize,
    pub(crate) spent: Spent,
    pub(crate) handoff: Option<Handoff>,
    pub(crate) tried: Vec<Tried>,
    /// Boxed: a map takes room for eleven with the first.
    pub(crate) drafts: BTreeMap<String, Box<Draft>>,
    /// The tool that wrote the draft which is recorded next, and the rules that it
    /// was decided on by.
    pub(crate) filing: Option<(String, Digest)>,
    /// The draft that the next one takes the place of.
    pub(crate) replaces: Option<DraftId>,
    pub(crate) closing_note: Option<String>,
    pub(crate) stalled: bool,
    memo: Memo,
    /// A call that may have been done, and is made again under its key.
    pub(crate) unsure: Option<CallId>,
}

/// What policy is told of a request, besides its input and the history.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Situation {
    /// The customer and the run.
    pub case: Case,
    /// What guards found in the text, if there is one.
    pub text: Option<TextFacts>,
    /// Where the values come from that say whom or what the call reaches.
    pub sinks: Vec<Sink>,
}

/// Where a run is between two entries.
#[derive(Debug)]
pub(crate) enum Phase {
    /// No entry yet.
    New,
    /// The guards have not looked yet.
    Assess,
    /// Policy has not said whether the agent may engage.
    Gate,
    /// The model is next.
    Think,
    /// A call awaits its verdict, or its refusal.
    Judge(Box<(Call, Result<Checked, Fault>)>),
    /// A call is allowed, and its intent is not recorded.
    Intend(Box<Judged>),
    /// A call's intent is recorded.
    Act(Box<(Judged, u64, ToolCalled)>),
    /// A draft awaits a person.
    Wait(DraftId),
    /// It is over.
    Over(Outcome),
}

/// A call with its verdict.
#[derive(Debug)]
pub(crate) struct Judged {
    pub(crate) call: Call,
    pub(crate) checked: Checked,
    pub(crate) decided: PolicyDecided,
    pub(crate) decided_seq: u64,
}

/// A draft and what was asked about it.
#[derive(Debug)]
pub(crate) struct Draft {
    pub(crate) created: DraftCreated,
    /// The tool that wrote it.
    pub(crate) made_by: Option<String>,
    /// The digest that it was made with, and the one that it would be made with
    /// now, where its tool says something else of itself.
    pub(crate) relabelled: Option<(Digest, Digest)>,
    pub(crate) due: Option<Timestamp>,
    pub(crate) pending: bool,
    /// How many people must approve it.
    pub(crate) approvers: u8,
    /// Who approved it as it is.
    pub(crate) approved_by: Vec<String>,
}

/// What a run has used up and done.
#[derive(Debug, Default)]
pub(crate) struct Spent {
    pub(crate) calls: u32,
    pub(crate) model_calls: u32,
    pub(crate) faults: u32,
    /// Replies of which policy denied something, and the model call of the last one.
    pub(crate) denials: u32,
    pub(crate) denied_at: Option<u32>,
    /// Times in a row that something needed was not there.
    pub(crate) unavailable: u32,
    /// Time that models and tools took, in milliseconds. Waiting for an absent
    /// model or for a person does not count.
    pub(crate) active_ms: u64,
    pub(crate) usage: Usage,
    seen: BTreeSet<(String, String)>,
    deeds: BTreeSet<(String, String)>,
}

impl Spent {
    /// Notes that a call was made.
    pub(crate) fn note(&mut self, tool: &str, admitted: &Admitted, effect: EffectKind) {
        self.seen.insert((tool.to_owned(), admitted.input.as_str().to_owned()));
        if let (EffectKind::Draft | EffectKind::Write, Some(subject)) = (effect, &admitted.subject) {
            self.deeds.insert((tool.to_owned(), subject.clone()));
        }
    }

    /// Lets what this tool did be done again, in other words.
    pub(crate) fn reopen(&mut self, tool: &str) {
        self.deeds.retain(|(done, _)| done != tool);
    }

    /// Forgets a call that did nothing, so that it may be made again.
    pub(crate) fn forget(&mut self, tool: &str, admitted: &Admitted) {
        self.seen.remove(&(tool.to_owned(), admitted.input.as_str().to_owned()));
        if let Some(subject) = &admitted.subject {
            self.deeds.remove(&(tool.to_owned(), subject.clone()));
        }
    }

    /// Refuses the same call and the same deed in other words.
    pub(crate) fn not_done_before(&self, tool: &str, admitted: &Admitted) -> Result<(), Fault> {
        let refuse = |code: &str, feedback: &str| {
            Err(Fault { code: code.into(), retry: Retry::Never, feedback: feedback.into() })
        };
        if self.seen.contains(&(tool.to_owned(), admitted.input.as_str().to_owned())) {
            return refuse("repeated_call", "you made this very call before; its result stands above");
        }
        if let Some(subject) = &admitted.subject
            && self.deeds.contains(&(tool.to_owned(), subject.clone()))
        {
            return refuse("already_done", "this is done already");
        }
        Ok(())
    }
}

impl Run {
    /// A run without entries. Its first event is `run_started`.
    #[must_use]
    pub fn new(id: RunId, program: Arc<Program>) -> Self {
        Self {
            id,
            program,
            now: Timestamp::UNIX_EPOCH,
            seq: 0,
            context: None,
            phase: Phase::New,
            due: VecDeque::new(),
            wanted: VecDeque::new(),
            transcript: Vec::new(),
            sent: 0,
            spent: Spent::default(),
            handoff: None,
            tried: Vec::new(),
            drafts: BTreeMap::new(),
            filing: None,
            replaces: None,
            closing_note: None,
            stalled: false,
            memo: Memo::default(),
            unsure: None,
        }
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> &RunId {
        &self.id
    }

    /// What it began with; nothing before its first entry.
    #[must_use]
    pub fn bundle(&self) -> Option<&Arc<Bundle>> {
        self.context.as_ref().map(|context| &context.bundle)
    }

    /// What the model said last where a reply without a call closes the run.
    #[must_use]
    pub fn closing_note(&self) -> Option<&str> {
        self.closing_note.as_deref()
    }

    /// Whether a call of this tool does more than look something up.
    #[must_use]
    pub fn changes_something(&self, tool: &str) -> bool {
        self.program.registry.get(tool).is_none_or(|tool| tool.spec().effect != EffectKind::Read)
    }

    /// Whether the last entry left the run waiting for something that is not
    /// there: a model, or the way out of a text. Resuming tries again.
    #[must_use]
    pub fn is_stalled(&self) -> bool {
        self.stalled
    }

    /// What the run still lacks of the transcript in its journal: the messages
    /// that are new since the last model call.
    #[must_use]
    pub fn unsent(&self) -> Vec<Arc<Message>> {
        self.transcript.get(self.sent..).unwrap_or_default().to_vec()
    }

    /// The digest of its system message.
    #[must_use]
    pub fn prompt_digest(&self) -> &Digest {
        &self.program.prompt_digest
    }

    /// What to do next.
    #[must_use]
    pub fn next(&self) -> Step<'_> {
        if let Some((actor, event)) = self.due.front() {
            return Step::Record(actor.clone(), Box::new(event.clone()));
        }
        match &self.phase {
            Phase::New | Phase::Assess => Step::Assess,
            Phase::Gate => Step::Decide,
            Phase::Think => self.ask(),
            Phase::Judge(judge) => match &judge.1 {
                Ok(_) => Step::Decide,
                Err(fault) => {
                    let refused = ToolReturned {
                        tool: judge.0.tool.clone(),
                        call: judge.0.id.clone(),
                        output: None,
                        fault: Some(fault.clone()),
                        attempts: 0,
                        facts: Vec::new(),
                    };
                    Step::Record(Actor::System, Box::new(refused.into()))
                }
            },
            Phase::Intend(judged) => Step::Record(self.actor_of(&judged.call), Box::new(self.intent(judged).into())),
            Phase::Act(act) => self.act(act),
            Phase::Wait(draft) => Step::AwaitReview(draft),
            Phase::Over(outcome) => Step::Done(*outcome),
        }
    }

    fn ask(&self) -> Step<'_> {
        let Some(brief) = self.context.as_ref().and_then(|context| context.brief.as_ref()) else {
            return Step::Assess;
        };
        let budget = &self.program.playbook.budget;
        let left = (u64::from(budget.seconds) * 1_000).saturating_sub(self.spent.active_ms).max(1);
        Step::AskModel(ModelRequest {
            run: &self.id,
            transcript: &self.transcript,
            tools: &self.program.tools,
            brief,
            playbook: &self.program.playbook,
            max_output_tokens: budget.output_tokens,
            deadline_ms: left,
            memo: &self.memo,
        })
    }

    fn act<'a>(&'a self, act: &'a (Judged, u64, ToolCalled)) -> Step<'a> {
        let (judged, called_seq, called) = act;
        // Both were there when the call was admitted, and neither goes away.
        let (Some(context), Some(tool)) = (&self.context, self.program.registry.get(&called.tool)) else {
            return Step::Done(Outcome::Failed);
        };
        let escalates = tool.spec().effect == EffectKind::Escalate;
        let handoff = self.handoff.as_ref().filter(|_| escalates);
        Step::CallTool(Box::new(PendingCall {
            run: &self.id,
            tool,
            decided: (judged.decided_seq, &judged.decided),
            called: (*called_seq, called),
            bundle: &context.bundle,
            case: context.case(&self.program, Some(&judged.call.origin), self.now),
            package: handoff.map(|handoff| package(&self.program, context, handoff, &self.tried)),
            outreach: context.outreach(),
        }))
    }

    /// The intent of a call. The key is the same for every try of this call and
    /// depends on nothing that the model chose but the input itself.
    fn intent(&self, judged: &Judged) -> ToolCalled {
        let input = &judged.checked.admitted.input;
        ToolCalled {
            tool: judged.call.tool.clone(),
            call: judged.call.id.clone(),
            input: input.clone(),
            key: Digest::of(&[
                self.id.as_str().as_bytes(),
                judged.call.id.as_str().as_bytes(),
                judged.call.tool.as_bytes(),
                &self.version_of(&judged.call.tool).to_be_bytes(),
                input.as_str().as_bytes(),
            ]),
        }
    }

    fn version_of(&self, tool: &str) -> u32 {
        self.program.registry.get(tool).map_or(0, |tool| tool.spec().version)
    }

    /// The event of [`Step::Assess`].
    #[must_use]
    pub fn assess(&self, policy: &PolicySet, now: Timestamp) -> Option<Event> {
        self.context.as_ref().map(|context| context.assess(&self.program, policy, now))
    }

    /// The event of [`Step::Decide`]: a pure function of the run, the rules and
    /// the time.
    #[must_use]
    pub fn decide(&self, policy: &PolicySet, now: Timestamp) -> Option<Event> {
        let found = match &self.phase {
            Phase::Judge(judge) => judge.1.as_ref().map(|checked| checked.findings.clone()).unwrap_or_default(),
            _ => Vec::new(),
        };
        self.asking(now, |action, call, request| {
            let mut decided = decided(policy, action, call, request);
            if decided.verdict != Verdict::Allow {
                decided.findings = found;
            }
            decided.into()
        })
    }

    /// How each rule takes part in the decision that is next, if one is.
    #[must_use]
    pub fn trace(&self, policy: &PolicySet, now: Timestamp) -> Option<Vec<RuleTrace>> {
        self.asking(now, |_, _, request| policy.trace(request))
    }

    /// What policy is told for the decision that is next, if one is.
    #[must_use]
    pub fn situation(&self, now: Timestamp) -> Option<Situation> {
        self.asking(now, |_, _, request| Situation {
            case: request.case.clone(),
            text: request.text.cloned(),
            sinks: request.sinks.to_vec(),
        })
    }

    /// Puts the question that is next to policy, if one is.
    pub(crate) fn asking<T>(
        &self,
        now: Timestamp,
        ask: impl FnOnce(&str, Option<CallId>, &PolicyRequest<'_>) -> T,
    ) -> Option<T> {
        let context = self.context.as_ref()?;
        match &self.phase {
            Phase::Gate => {
                let case = context.case(&self.program, None, now);
                let request = PolicyRequest { history: &context.history, ..PolicyRequest::new("engage", &case, now) };
                Some(ask("engage", None, &request))
            }
            Phase::Judge(judge) => {
                let (call, Ok(checked)) = &**judge else { return None };
                let case = context.case(&self.program, Some(&call.origin), now);
                let request = PolicyRequest {
                    action: &call.tool,
                    case: &case,
                    input: Some(&checked.input),
                    text: checked.text.as_ref(),
                    sinks: &checked.sinks,
                    now,
                    history: &context.history,
                };
                Some(ask(&call.tool, Some(call.id.clone()), &request))
            }
            Phase::New | Phase::Assess | Phase::Think | Phase::Intend(_) => None,
            Phase::Act(_) | Phase::Wait(_) | Phase::Over(_) => None,
        }
    }

    /// Who stands behind a call.
    fn actor_of(&self, call: &Call) -> Actor {
        match call.origin {
            Origin::Model(_) => self.agent(),
            Origin::Approval | Origin::System => Actor::System,
        }
    }

    /// The name of its playbook.
    #[must_use]
    pub fn playbook(&self) -> &str {
        &self.program.playbook.name
    }

    /// The agent of this run.
    #[must_use]
    pub fn agent(&self) -> Actor {
        Actor::Agent(self.program.playbook.name.clone())
    }

    /// The draft with this id, if it awaits a person: what they would see.
    #[must_use]
    pub fn pending_draft(&self, id: &DraftId) -> Option<(&DraftCreated, Option<Timestamp>)> {
        let draft = self.drafts.get(id.as_str()).filter(|draft| draft.pending)?;
        Some((&draft.created, draft.due))
    }

    /// A draft as it is now, also once it is decided.
    #[must_use]
    pub fn draft(&self, id: &DraftId) -> Option<&DraftCreated> {
        self.drafts.get(id.as_str()).map(|draft| &draft.created)
    }

    /// Who approved a draft as it is, and how many must.
    #[must_use]
    pub fn approvals(&self, id: &DraftId) -> (&[String], u8) {
        self.drafts.get(id.as_str()).map_or((&[][..], 1), |draft| (draft.approved_by.as_slice(), draft.approvers))
    }

    /// An id for the next call, and counts it.
    pub(crate) fn mint(&mut self) -> CallId {
        self.spent.calls += 1;
        CallId::new(format!("call_{}", self.spent.calls))
    }

    /// Why the run may not go on thinking, if so.
    pub(crate) fn exhausted(&self) -> Option<&'static str> {
        let (budget, spent) = (&self.program.playbook.budget, &self.spent);
        let tokens = spent.usage.input_tokens.saturating_add(spent.usage.output_tokens);
        let used_up = spent.calls >= budget.calls
            || spent.model_calls >= budget.model_calls
            || tokens >= budget.tokens
            || spent.usage.micro_usd >= budget.micro_usd
            || self.spent.active_ms >= u64::from(budget.seconds) * 1_000;
        if spent.faults > budget.faults {
            Some("model_faults")
        } else if used_up {
            Some("budget_exhausted")
        } else {
            None
        }
    }

    /// Whether a reply without a call ends the run.
    pub(crate) fn closes_on_text(&self) -> bool {
        self.program.playbook.plain_text == PlainText::Close
    }

    pub(crate) fn ended(&self, outcome: Outcome, reason_code: Option<String>) -> RunEnded {
        RunEnded { outcome, reason_code, reply: None, citations: Vec::new(), usage: self.spent.usage }
    }
}

/// The verdict on a request as an event.
pub(crate) fn decided(
    policy: &PolicySet,
    action: &str,
    call: Option<CallId>,
    request: &PolicyRequest<'_>,
) -> PolicyDecided {
    let decision = policy.decide(request);
    let redact = redacts(policy, request, &decision);
    let PolicyDecision { verdict, policies, reasons, queue, reason_code, alerts, approvers } = decision;
    let policy_digest = policy.digest().clone();
    PolicyDecided {
        action: action.to_owned(),
        call,
        verdict,
        policies,
        reasons,
        queue,
        reason_code,
        alerts,
        approvers,
        redact,
        findings: Vec::new(),
        policy_digest,
    }
}

/// The kinds of personal data that a fired rule wants out of the text: each one
/// for which, alone, a `redact` rule fires.
fn redacts(policy: &PolicySet, request: &PolicyRequest<'_>, decision: &PolicyDecision) -> Vec<String> {
    let redacts = |decision: &PolicyDecision| {
        policy.rules().any(|rule| rule.verdict == Verdict::Redact && decision.policies.contains(&rule.id))
    };
    let Some(text) = request.text.filter(|_| redacts(decision)) else { return Vec::new() };
    let alone = |kind: &&String| {
        let text = TextFacts { pii: [(*kind).clone()].into(), ..text.clone() };
        redacts(&policy.decide(&PolicyRequest { text: Some(&text), ..*request }))
    };
    text.pii.iter().filter(alone).cloned().collect()
}
