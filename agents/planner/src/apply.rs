//! The fold: what each event makes of a run.

use crate::INVALID_REPLY;
use crate::call::{Call, Checked, Origin, check, for_each_text, redacted};
use crate::context::Context;
use crate::package::{Handoff, first_policy};
use crate::run::{Judged, Phase, Run};
use attache_journal::{
    Actor, Assessed, Entry, Escalated, Event, Evidence, FactPermission, Fault, Json, Message, MessageSent, ModelCalled,
    Outcome, PolicyDecided, Reply, Retry, RunEnded, RunStarted, ToolCalled, ToolReturned, Verdict,
};
use attache_tools::{
    AskCustomer, Delivered, EffectKind, EscalateToHuman, KbHits, KbSearch, KbSearchInternal, NotifyCustomer, Readers,
    Tool, Tried,
};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};
use std::sync::Arc;

/// Why a run is over that ended with a question to the customer.
const CLARIFICATION: &str = "clarification";

/// How many calls a model may ask for in one reply.
const MOST_CALLS: usize = 8;
/// How often a run comes back to something that is not there.
const MOST_UNAVAILABLE: u32 = 5;
/// The most that one call counts against the budget of time.
const MOST_MS: i64 = 60_000;

#[derive(Serialize)]
struct Handover<'a> {
    reason_code: &'a str,
    queue: &'a str,
}

impl Run {
    /// Folds a journal into a run.
    pub fn fold(&mut self, entries: &[Entry]) {
        for entry in entries {
            // Nobody goes on with a run that was erased.
            if let Some(event) = &entry.event {
                self.apply(entry.at, event);
            }
        }
    }

    /// Takes in the next event. What does not fit where the run is leaves the
    /// run where it is: a journal that was checked has no such event.
    pub fn apply(&mut self, at: Timestamp, event: &Event) {
        if let Event::ToolReturned(_) = event {
            // A crash within a call is not the call's time.
            let took = at.as_millisecond().saturating_sub(self.now.as_millisecond()).clamp(0, MOST_MS);
            self.spent.active_ms += took.unsigned_abs();
        }
        self.now = at;
        self.stalled = false;
        let seq = self.seq;
        self.seq += 1;
        self.due.pop_front();
        match event {
            Event::RunStarted(started) => self.start(started),
            Event::Assessed(assessed) => self.open(assessed),
            Event::ModelCalled(called) => self.heard_model(called),
            Event::PolicyDecided(decided) => self.judged(seq, decided),
            Event::ToolCalled(called) => self.intended(seq, called),
            Event::ToolReturned(returned) => self.returned(returned),
            Event::DraftCreated(created) => self.drafted(created),
            Event::ReviewRequested(requested) => {
                if let Some(draft) = self.drafts.get_mut(requested.draft.as_str()) {
                    draft.due = Some(requested.due);
                    draft.approvers = requested.approvers;
                }
            }
            Event::ReviewDecided(decided) => self.reviewed(decided),
            Event::MessageSent(_) | Event::Erased(_) | Event::StaffActed(_) => {}
            Event::Escalated(escalated) => self.escalated(&escalated.reason_code, &escalated.queue),
            Event::RunEnded(ended) => self.over(ended),
        }
    }

    fn start(&mut self, started: &RunStarted) {
        self.context = Some(Box::new(Context::new(started, &self.program)));
        self.phase = Phase::Assess;
    }

    fn open(&mut self, assessed: &Assessed) {
        let program = self.program.clone();
        if let Some(context) = &mut self.context {
            self.transcript = context.open(&program, assessed);
            self.phase = Phase::Gate;
        }
    }

    fn heard_model(&mut self, called: &ModelCalled) {
        // The journal is the truth of what was sent.
        self.transcript.truncate(self.sent);
        self.transcript.extend(called.request.iter().cloned());
        self.sent = self.transcript.len();
        self.spent.model_calls += 1;
        self.spent.usage.add(called.usage);
        self.spent.active_ms += called.usage.millis;
        match (&called.reply, &called.fault) {
            (Some(reply), _) => {
                self.spent.unavailable = 0;
                self.take_reply(reply);
            }
            (None, Some(fault)) if fault.code == INVALID_REPLY => self.scold(&fault.feedback),
            (None, Some(fault)) if fault.retry == Retry::Safe && self.spent.unavailable < MOST_UNAVAILABLE => {
                // The run waits where it is, and asks again when it is resumed.
                self.spent.unavailable += 1;
                self.spent.model_calls -= 1;
                self.spent.active_ms -= called.usage.millis;
                self.stalled = true;
            }
            (None, _) => self.hand_over(Handoff::because("model_unavailable")),
        }
    }

    fn take_reply(&mut self, reply: &Arc<Reply>) {
        if reply.calls.is_empty() {
            self.transcript.push(Arc::new(Message::Assistant((**reply).clone())));
            self.sent = self.transcript.len();
            if self.closes_on_text() {
                self.closing_note.clone_from(&reply.text);
                let drafted = self.drafts.values().any(|draft| draft.pending);
                let outcome = if drafted { Outcome::Drafted } else { Outcome::Resolved };
                self.end(self.ended(outcome, None));
            } else {
                self.scold("answer with a call of one of your tools; plain text reaches nobody");
            }
            return;
        }
        if reply.calls.len() > MOST_CALLS {
            let asked = format!("(asked for {} calls at once)", reply.calls.len());
            let said = Reply { text: Some(asked), calls: Vec::new() };
            self.transcript.push(Arc::new(Message::Assistant(said)));
            self.sent = self.transcript.len();
            self.scold(&format!("ask for at most {MOST_CALLS} calls at once, best for one"));
            return;
        }
        self.transcript.push(Arc::new(Message::Assistant((**reply).clone())));
        self.sent = self.transcript.len();
        for asked in &reply.calls {
            let id = self.mint();
            self.wanted.push_back(Call {
                id,
                origin: Origin::Model(asked.id.clone()),
                tool: asked.name.clone(),
                arguments: asked.arguments.clone(),
            });
        }
        self.go_on();
    }

    /// Tells the model what was wrong with its reply.
    fn scold(&mut self, feedback: &str) {
        self.spent.faults += 1;
        self.transcript.push(Arc::new(Message::User { text: format!("That was no valid answer: {feedback}.") }));
        self.go_on();
    }

    /// The next wanted call, or the model, or a person if the budget is used up.
    pub(crate) fn go_on(&mut self) {
        if let Some(call) = self.wanted.pop_front() {
            self.judge(call);
        } else if let Some(reason) = self.exhausted() {
            self.hand_over(Handoff::because(reason));
        } else {
            self.phase = Phase::Think;
        }
    }

    pub(crate) fn judge(&mut self, call: Call) {
        let Some(context) = &self.context else { return };
        let checked = check(&call, &self.program, context, &self.spent);
        if checked.is_ok()
            && let Origin::Model(_) = call.origin
            && call.tool == EscalateToHuman::NAME
        {
            // The model's word for why becomes a code; the queue is the playbook's.
            let said = checked.as_ref().ok().and_then(|c| c.input.get("reason")?.as_str().map(str::to_owned));
            self.handoff = Some(Handoff::because(code(said.as_deref().unwrap_or_default())));
        }
        self.phase = Phase::Judge(Box::new((call, checked)));
    }

    /// Hands the customer over to a person: through policy and journal like any
    /// other call.
    pub(crate) fn hand_over(&mut self, handoff: Handoff) {
        self.wanted.clear();
        let id = self.mint();
        let arguments = json!({ "reason": handoff.reason_code, "next_step": "" }).to_string();
        self.handoff = Some(handoff);
        self.judge(Call { id, origin: Origin::System, tool: EscalateToHuman::NAME.to_owned(), arguments });
    }

    fn judged(&mut self, seq: u64, decided: &PolicyDecided) {
        match std::mem::replace(&mut self.phase, Phase::Think) {
            Phase::Gate => self.gated(decided),
            Phase::Judge(judge) => match *judge {
                (call, Ok(checked)) => self.judged_call(seq, call, checked, decided.clone()),
                (call, fault @ Err(_)) => self.phase = Phase::Judge(Box::new((call, fault))),
            },
            phase => self.phase = phase,
        }
    }

    fn gated(&mut self, decided: &PolicyDecided) {
        match decided.verdict {
            Verdict::Allow => self.go_on(),
            // There is no text here to redact and no draft to review.
            Verdict::Redact | Verdict::Review | Verdict::Escalate => self.hand_over(Handoff::decided(decided)),
            Verdict::Deny => self.end(self.ended(Outcome::Suppressed, Some(first_policy(decided)))),
        }
    }

    fn judged_call(&mut self, seq: u64, call: Call, checked: Checked, decided: PolicyDecided) {
        let effect = self.effect_of(&call.tool);
        let approval = call.origin == Origin::Approval;
        if !decided.redact.is_empty() && !approval && !checked.redacted && decided.verdict < Verdict::Escalate {
            // Decided on again without what must not be in it.
            let Some(context) = &self.context else { return };
            let clean = redacted(&call, &checked, &decided.redact, &self.program, context);
            if let Some(clean) = clean {
                let clean = clean.map(|clean| Checked { redacted: true, ..clean });
                self.phase = Phase::Judge(Box::new((call, clean)));
                return;
            }
        }
        if decided.verdict != Verdict::Allow && self.unsure.as_ref() == Some(&call.id) {
            // It may have left before the rules changed their mind.
            return self.hand_over(Handoff { reasons: decided.reasons, ..Handoff::because("unknown_outcome") });
        }
        match decided.verdict {
            Verdict::Allow => self.intend(seq, call, checked, decided),
            Verdict::Review if effect == EffectKind::Draft => self.intend(seq, call, checked, decided),
            Verdict::Review if effect == EffectKind::Write && !approval => self.file_draft(&call, &checked, &decided),
            Verdict::Escalate if !approval && call.tool != EscalateToHuman::NAME => {
                self.hand_over(Handoff::decided(&decided));
            }
            Verdict::Redact | Verdict::Review | Verdict::Escalate | Verdict::Deny => self.denied(&call, &decided),
        }
    }

    fn effect_of(&self, tool: &str) -> EffectKind {
        self.program.registry.get(tool).map_or(EffectKind::Write, |tool| tool.spec().effect)
    }

    fn intend(&mut self, decided_seq: u64, call: Call, checked: Checked, decided: PolicyDecided) {
        self.phase = Phase::Intend(Box::new(Judged { call, checked, decided, decided_seq }));
    }

    fn denied(&mut self, call: &Call, decided: &PolicyDecided) {
        // A reply of several calls was written before any of them was answered: it is one try.
        let at = Some(self.spent.model_calls);
        if self.spent.denied_at != at {
            self.spent.denied_at = at;
            self.spent.denials += 1;
        }
        match call.origin {
            // What a person approved and policy no longer allows is not sent.
            Origin::Approval => self.end(self.ended(Outcome::Suppressed, Some(first_policy(decided)))),
            Origin::System if call.tool == NotifyCustomer::NAME => self.end_escalated(None),
            Origin::System => {
                self.end(self.ended(Outcome::Failed, Some("escalation_denied".to_owned())));
            }
            Origin::Model(_) if self.spent.denials > 1 => {
                let mut handoff = Handoff { reason_code: first_policy(decided), ..Handoff::decided(decided) };
                handoff.reasons.dedup();
                self.hand_over(handoff);
            }
            Origin::Model(_) => {
                let feedback = format!("policy does not allow this: {}", decided.reasons.join("; "));
                self.answer(call, &json!({ "error": "denied", "message": feedback }).to_string());
                self.go_on();
            }
        }
    }

    /// Answers the model's call in the conversation.
    fn answer(&mut self, call: &Call, content: &str) {
        let Origin::Model(asked) = &call.origin else { return };
        let Some(context) = &mut self.context else { return };
        let content = if is_search(&call.tool) {
            // What the knowledge base says is not about the customer. Its texts
            // may name people; its numbers are places and scores, and one that
            // looks like a telephone number must stay a number.
            let mut found: Value = serde_json::from_str(content).unwrap_or_default();
            for_each_text(&mut found, &mut |text| *text = context.pseudonyms.hide(text, &*self.program.guards.pii));
            found.to_string()
        } else {
            context.pseudonyms.hide(&context.readable(content), &*self.program.guards.pii)
        };
        self.transcript.push(Arc::new(Message::Tool { call: asked.clone(), name: call.tool.clone(), content }));
    }

    fn refuse(&mut self, call: &Call, fault: &Fault) {
        match call.origin {
            Origin::Approval => {
                self.end(self.ended(Outcome::Failed, Some(fault.code.clone())));
            }
            Origin::System if call.tool == NotifyCustomer::NAME => self.end_escalated(None),
            Origin::System => self.end(self.ended(Outcome::Failed, Some(fault.code.clone()))),
            Origin::Model(_) => {
                self.spent.faults += 1;
                self.answer(call, &json!({ "error": fault.code, "message": fault.feedback }).to_string());
                self.go_on();
            }
        }
    }

    fn intended(&mut self, seq: u64, called: &ToolCalled) {
        match std::mem::replace(&mut self.phase, Phase::Think) {
            Phase::Intend(judged) => {
                let effect = self.effect_of(&judged.call.tool);
                self.spent.note(&judged.call.tool, &judged.checked.admitted, effect);
                self.phase = Phase::Act(Box::new((*judged, seq, called.clone())));
            }
            phase => self.phase = phase,
        }
    }

    fn returned(&mut self, returned: &ToolReturned) {
        match std::mem::replace(&mut self.phase, Phase::Think) {
            Phase::Judge(judge) => {
                let (call, _) = *judge;
                let refused = returned.fault.clone().unwrap_or_else(unexplained);
                self.refuse(&call, &refused);
            }
            Phase::Act(act) => {
                let (judged, ..) = *act;
                match (&returned.output, &returned.fault) {
                    (Some(output), None) => self.succeeded(judged, output, &returned.facts),
                    (_, fault) => self.failed(judged, fault.clone().unwrap_or_else(unexplained)),
                }
            }
            phase => self.phase = phase,
        }
    }

    fn failed(&mut self, judged: Judged, fault: Fault) {
        self.remember(&judged, &fault.code);
        if fault.retry != Retry::AfterCheck {
            self.spent.forget(&judged.call.tool, &judged.checked.admitted);
        }
        // A try may have been done although it was not answered.
        let unsure = fault.retry == Retry::Safe && self.repeats(&judged.call.tool);
        let was_unsure = self.unsure.as_ref() == Some(&judged.call.id);
        let stalls = match &judged.call.origin {
            Origin::Approval => fault.retry == Retry::Safe,
            Origin::Model(_) => unsure,
            Origin::System => false,
        };
        if stalls && self.spent.unavailable < MOST_UNAVAILABLE {
            // The text waits, and is decided on again when the run is resumed.
            self.spent.unavailable += 1;
            self.stalled = true;
            self.unsure = (unsure || was_unsure).then(|| judged.call.id.clone());
            self.judge(judged.call);
        } else if judged.call.tool == EscalateToHuman::NAME {
            self.end(self.ended(Outcome::Failed, Some(fault.code)));
        } else if judged.call.origin != Origin::System
            && (fault.retry == Retry::AfterCheck || stalls && unsure || was_unsure)
        {
            // It may have happened: a person finds out before anybody tries again.
            let reasons = vec![format!("{}: {}", judged.call.tool, fault.feedback)];
            self.hand_over(Handoff { reasons, ..Handoff::because("unknown_outcome") });
        } else {
            self.refuse(&judged.call, &fault);
        }
    }

    /// Whether this tool changes something and may be called again under its key.
    fn repeats(&self, tool: &str) -> bool {
        let tool = self.program.registry.get(tool);
        tool.is_some_and(|tool| tool.spec().effect == EffectKind::Write && tool.spec().repeat_safe)
    }

    fn remember(&mut self, judged: &Judged, result: &str) {
        let cut = |text: &str| text.chars().take(200).collect::<String>();
        self.tried.push(Tried {
            what: cut(&format!("{} {}", judged.call.tool, judged.checked.admitted.input.as_str())),
            result: cut(result),
        });
    }

    fn succeeded(&mut self, judged: Judged, output: &Json, facts: &[FactPermission]) {
        if is_search(&judged.call.tool)
            && let (Some(context), Ok(found)) = (&mut self.context, serde_json::from_str::<KbHits>(output.as_str()))
        {
            context.internal |= found.hits.iter().any(|hit| hit.about.audience == Readers::Internal);
            let texts = found.hits.into_iter().map(|hit| (hit.citation(), format!("{}\n{}", hit.title, hit.passage)));
            context.passages.extend(texts);
        }
        let mut told = output.as_str().to_owned();
        if let (Some(context), Some(tool)) = (&mut self.context, self.program.registry.get(&judged.call.tool)) {
            context.hear(output, is_search(&judged.call.tool));
            told = context.learn(tool.spec(), output, facts, &self.program);
        }
        self.remember(&judged, &told);
        match self.effect_of(&judged.call.tool) {
            EffectKind::Read => {
                self.answer(&judged.call, &told);
                self.go_on();
            }
            EffectKind::Draft => {
                self.answer(&judged.call, output.as_str());
                self.file_draft(&judged.call, &judged.checked, &judged.decided);
            }
            EffectKind::Escalate => {
                let Handoff { reason_code, queue, alerts, .. } =
                    self.handoff.clone().unwrap_or_else(|| Handoff::because("model_request"));
                let queue = queue.unwrap_or_else(|| self.program.playbook.queue_for(&reason_code).to_owned());
                let event = Escalated { queue, reason_code, alerts, package: output.clone() };
                self.due.push_back((Actor::System, event.into()));
            }
            EffectKind::Write => self.wrote(&judged, output),
        }
    }

    /// A write came back. A message that left is recorded as such; one to the
    /// customer ends the run.
    fn wrote(&mut self, judged: &Judged, output: &Json) {
        let call = &judged.call;
        let Ok(sent) = serde_json::from_str::<Delivered>(output.as_str()) else {
            self.answer(call, output.as_str());
            if call.origin == Origin::Approval {
                self.end(self.ended(Outcome::Resolved, None));
            } else {
                self.go_on();
            }
            return;
        };
        let outreach = self.context.as_ref().is_some_and(|context| context.outreach());
        let event = MessageSent {
            channel: sent.channel,
            to: sent.to,
            digest: sent.digest,
            call: call.id.clone(),
            tool: call.tool.clone(),
            outreach,
        };
        self.due.push_back((Actor::System, event.into()));
        let text = judged.checked.admitted.preview.as_ref().map(|preview| preview.body.clone());
        if call.tool == NotifyCustomer::NAME {
            self.end_escalated(text);
        } else {
            // The question is open still: the customer's answer starts a run.
            let open = (call.tool == AskCustomer::NAME).then(|| CLARIFICATION.to_owned());
            let mut ended = self.ended(Outcome::Resolved, open);
            ended.reply = text;
            ended.citations = judged
                .checked
                .evidence
                .iter()
                .filter_map(|evidence| match evidence {
                    Evidence::Passage(citation) => Some(citation.clone()),
                    Evidence::Fact { .. } => None,
                })
                .collect();
            self.end(ended);
        }
    }

    fn escalated(&mut self, reason_code: &str, queue: &str) {
        let wrote = self.context.as_ref().is_some_and(|context| !context.outreach());
        let text = self.program.prompts.render_for("customer/handover", reason_code, &Handover { reason_code, queue });
        match text {
            Ok(text) if wrote => {
                let id = self.mint();
                let arguments = json!({ "text": text }).to_string();
                self.judge(Call { id, origin: Origin::System, tool: NotifyCustomer::NAME.to_owned(), arguments });
            }
            _ => self.end_escalated(None),
        }
    }

    fn end_escalated(&mut self, reply: Option<String>) {
        let reason = self.handoff.as_ref().map(|handoff| handoff.reason_code.clone());
        let mut ended = self.ended(Outcome::Escalated, reason);
        ended.reply = reply;
        self.end(ended);
    }

    pub(crate) fn end(&mut self, ended: RunEnded) {
        self.wanted.clear();
        self.due.push_back((Actor::System, ended.into()));
    }

    fn over(&mut self, ended: &RunEnded) {
        let waiting = self.drafts.values().find(|draft| draft.pending).map(|draft| draft.created.draft.clone());
        self.phase = match (ended.outcome, waiting) {
            (Outcome::Drafted, Some(draft)) => Phase::Wait(draft),
            (outcome, _) => Phase::Over(outcome),
        };
    }
}

fn unexplained() -> Fault {
    Fault { code: "unexplained".into(), retry: Retry::Never, feedback: "there is no result".into() }
}

/// A reason in a model's words as a code.
fn code(said: &str) -> String {
    let code: String =
        said.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' }).take(64).collect();
    if code.is_empty() { "model_request".to_owned() } else { code }
}

fn is_search(tool: &str) -> bool {
    [KbSearch::NAME, KbSearchInternal::NAME].contains(&tool)
}
