//! Texts that wait for a person: filed, decided on, sent on their way.

use crate::call::{Call, Checked, Origin};
use crate::package::Handoff;
use crate::run::{Draft, Run};
use attache_journal::{
    Actor, Decision, Digest, DraftCreated, DraftId, Json, Message, Outcome, PolicyDecided, ReviewDecided,
    ReviewRequested,
};
use attache_tools::{Audience, Preview, destination};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use std::sync::Arc;

impl Run {
    /// Files a text for a person's approval.
    pub(crate) fn file_draft(&mut self, call: &Call, checked: &Checked, decided: &PolicyDecided) {
        let Some(context) = &self.context else { return };
        let preview = checked.admitted.preview.clone().unwrap_or_else(|| Preview {
            subject: call.tool.clone(),
            body: checked.admitted.input.as_str().to_owned(),
            subject_field: None,
            body_field: "",
            discloses: false,
            citations: Vec::new(),
            audience: Audience::Staff,
            channel: None,
            on_approval: None,
        });
        let (tool, input) = match preview.on_approval {
            Some(tool) => {
                let message = json!({ "subject": preview.subject, "body": preview.body });
                (tool.to_owned(), Json::of(&message).unwrap_or_else(|_| Json::null()))
            }
            None => (call.tool.clone(), checked.admitted.input.clone()),
        };
        let channel = preview.channel.unwrap_or_else(|| context.bundle.trigger.channel());
        let queue = decided.queue.clone().unwrap_or_else(|| self.program.playbook.review.queue.clone());
        let to = destination(&context.bundle, channel, preview.audience);
        let draft = DraftId::of(&self.id, &call.id);
        let mut created = DraftCreated {
            draft: draft.clone(),
            call: call.id.clone(),
            tool,
            input,
            channel,
            to,
            subject: preview.subject,
            body: preview.body,
            subject_field: preview.on_approval.map_or(preview.subject_field, |_| Some("subject")).map(str::to_owned),
            body_field: preview
                .on_approval
                .map_or(Some(preview.body_field), |_| Some("body"))
                .filter(|field| !field.is_empty())
                .map(str::to_owned),
            evidence: checked.evidence.clone(),
            support: checked.support.clone(),
            replaces: self.replaces.take(),
            digest: Digest::of(&[]),
        };
        created.digest = bound(&created, &self.labels_of(&call.tool), &decided.policy_digest);
        let hours = i64::from(self.program.playbook.review.hours);
        let due = self.now.checked_add(SignedDuration::from_hours(hours)).unwrap_or(self.now);
        self.filing = Some((call.tool.clone(), decided.policy_digest.clone()));
        self.due.push_back((self.agent(), created.into()));
        self.due.push_back((Actor::System, ReviewRequested { draft, queue, due, approvers: decided.approvers }.into()));
        if self.closes_on_text() {
            self.go_on();
        } else {
            self.end(self.ended(Outcome::Drafted, None));
        }
    }

    pub(crate) fn drafted(&mut self, created: &DraftCreated) {
        let made_by = self.filing.take();
        let now = made_by.as_ref().map(|(tool, policy)| bound(created, &self.labels_of(tool), policy));
        let draft = Draft {
            relabelled: now.filter(|now| *now != created.digest).map(|now| (created.digest.clone(), now)),
            made_by: made_by.map(|(tool, _)| tool),
            created: created.clone(),
            due: None,
            pending: true,
            approvers: 1,
            approved_by: Vec::new(),
        };
        self.drafts.insert(created.draft.as_str().to_owned(), Box::new(draft));
    }

    /// The digest that binds a draft and the one that would bind it now, if the
    /// tool that wrote it says something else of itself than it did then.
    #[must_use]
    pub fn other_labels(&self, id: &DraftId) -> Option<(String, String)> {
        let (was, is) = self.drafts.get(id.as_str())?.relabelled.as_ref()?;
        Some((was.to_string(), is.to_string()))
    }

    fn labels_of(&self, tool: &str) -> serde_json::Value {
        let labels = self.program.registry.get(tool).map(|tool| tool.spec().labels);
        json!(labels)
    }

    pub(crate) fn reviewed(&mut self, decided: &ReviewDecided) {
        let Some(draft) = self.drafts.get_mut(decided.draft.as_str()) else { return };
        draft.pending = false;
        let expired = draft.due.is_some_and(|due| self.now > due);
        let created = draft.created.clone();
        self.know_since(decided);
        let why = decided.reason.as_deref().unwrap_or_default();
        let keep_back = |run: &mut Self, code: &str| run.end(run.ended(Outcome::Suppressed, Some(code.to_owned())));
        match decided.decision {
            Decision::Approve | Decision::Edit if expired => keep_back(self, "expired"),
            Decision::Approve | Decision::Edit => {
                if self.approved(&created, decided) {
                    self.release(&created, decided);
                } else {
                    // It awaits somebody else.
                    self.end(self.ended(Outcome::Drafted, None));
                }
            }
            Decision::Escalate => {
                let reasons = vec![format!("{}: {why}", decided.by)];
                self.hand_over(Handoff { reasons, ..Handoff::because("reviewer") });
            }
            Decision::Reject => keep_back(self, "rejected"),
            Decision::Revise => self.revise(&created, why),
            Decision::Withdraw => keep_back(self, "withdrawn"),
        }
    }

    /// Takes an approval in; whether as many people approved as must. What somebody
    /// edited is a text that nobody else has seen.
    fn approved(&mut self, created: &DraftCreated, decided: &ReviewDecided) -> bool {
        let Some(draft) = self.drafts.get_mut(created.draft.as_str()) else { return false };
        if decided.decision == Decision::Edit {
            draft.approved_by.clear();
        }
        draft.approved_by.push(decided.by.clone());
        if draft.approved_by.len() >= usize::from(draft.approvers) {
            return true;
        }
        draft.pending = true;
        if decided.decision == Decision::Edit {
            draft.created = edited(created, decided);
        }
        false
    }

    /// Puts what a person approved on its way, as if nobody else had to approve it.
    pub(crate) fn release(&mut self, created: &DraftCreated, decided: &ReviewDecided) {
        let id = self.mint();
        let arguments = input(created, decided).to_string();
        self.judge(Call { id, origin: Origin::Approval, tool: created.tool.clone(), arguments });
    }

    /// Goes on as if this were the last approval that a draft needs: for asking
    /// policy before anything is recorded.
    pub fn try_release(&mut self, at: Timestamp, decided: &ReviewDecided) {
        let Some(draft) = self.drafts.get(decided.draft.as_str()) else { return };
        let created = draft.created.clone();
        self.now = at;
        self.know_since(decided);
        self.release(&created, decided);
    }

    /// Takes in what is known of the customer by now.
    fn know_since(&mut self, decided: &ReviewDecided) {
        if let Some(context) = &mut self.context {
            context.history.clone_from(&decided.history);
            context.consent = decided.consent.unwrap_or(context.consent);
            context.wrote_since = decided.wrote_since;
        }
    }

    /// Has the model write a draft anew. A colleague's words are an instruction,
    /// and may be what the text rests on; guards and rules hold as before.
    fn revise(&mut self, created: &DraftCreated, words: &str) {
        let Some(context) = &mut self.context else { return };
        let hidden = context.instruct(words, &self.program);
        if let Some(made_by) = self.drafts.get(created.draft.as_str()).and_then(|draft| draft.made_by.as_deref()) {
            self.spent.reopen(made_by);
        }
        self.replaces = Some(created.draft.clone());
        let text = format!("A reviewer read your draft and asks for another version: {hidden}");
        self.transcript.push(Arc::new(Message::User { text }));
        self.go_on();
    }
}

/// The input of what an approval calls, with what a reviewer changed in it.
fn input(created: &DraftCreated, decided: &ReviewDecided) -> serde_json::Value {
    let mut input = created.input.to_value();
    if let serde_json::Value::Object(fields) = &mut input {
        let changes = [(&created.subject_field, &decided.subject), (&created.body_field, &decided.body)];
        for (field, text) in changes {
            if let (Some(field), Some(text)) = (field, text) {
                fields.insert(field.clone(), text.as_str().into());
            }
        }
    }
    input
}

/// A draft as a reviewer changed it, for whoever approves it next. What its
/// sentences rest on was said of other sentences.
fn edited(created: &DraftCreated, decided: &ReviewDecided) -> DraftCreated {
    let input = Json::of(&input(created, decided)).unwrap_or_else(|_| created.input.clone());
    let subject = decided.subject.clone().unwrap_or_else(|| created.subject.clone());
    let body = decided.body.clone().unwrap_or_else(|| created.body.clone());
    let parts = [created.digest.as_str(), subject.as_str(), body.as_str()].map(str::as_bytes);
    let digest = Digest::of(&parts);
    DraftCreated { input, subject, body, support: Vec::new(), digest, ..created.clone() }
}

/// What an approval of a draft is bound to, in one digest.
fn bound(created: &DraftCreated, labels: &serde_json::Value, policy: &Digest) -> Digest {
    let bound = json!({
        "tool": created.tool, "input": created.input, "channel": created.channel, "to": created.to,
        "subject": created.subject, "body": created.body, "evidence": created.evidence, "labels": labels,
        "policy": policy,
    });
    Digest::of(&[bound.to_string().as_bytes()])
}
