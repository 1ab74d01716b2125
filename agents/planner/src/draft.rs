//! Texts that wait for a person: filed, decided on, sent on their way.

use crate::call::{Call, Checked, Origin};
use crate::run::{Draft, Run, sends};
use attache_journal::{
    Actor, Digest, DraftCreated, DraftId, Json, Outcome, PolicyDecided, ReviewDecided, ReviewRequested,
};
use attache_tools::{Audience, Preview, destination};
use jiff::SignedDuration;
use serde_json::json;

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
        let labels = self.program.registry.get(&call.tool).map(|tool| tool.spec().labels);
        let bound = json!({
            "tool": tool, "input": input, "channel": channel, "to": to, "subject": preview.subject,
            "body": preview.body, "evidence": checked.evidence, "labels": labels, "policy": decided.policy_digest,
        });
        let draft = DraftId::of(&self.id, &call.id);
        let created = DraftCreated {
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
            digest: Digest::of(&[bound.to_string().as_bytes()]),
        };
        let hours = i64::from(self.program.playbook.review.hours);
        let due = self.now.checked_add(SignedDuration::from_hours(hours)).unwrap_or(self.now);
        self.due.push_back((self.agent(), created.into()));
        self.due.push_back((Actor::System, ReviewRequested { draft, queue, due }.into()));
        if self.closes_on_text() {
            self.go_on();
        } else {
            self.end(self.ended(Outcome::Drafted, None));
        }
    }

    pub(crate) fn drafted(&mut self, created: &DraftCreated) {
        let draft = Draft { created: created.clone(), due: None, pending: true };
        self.drafts.insert(created.draft.as_str().to_owned(), draft);
    }

    pub(crate) fn reviewed(&mut self, decided: &ReviewDecided) {
        let Some(draft) = self.drafts.get_mut(decided.draft.as_str()) else { return };
        draft.pending = false;
        let expired = draft.due.is_some_and(|due| self.now > due);
        let created = draft.created.clone();
        if !sends(decided.decision) {
            self.end(self.ended(Outcome::Suppressed, Some("rejected".to_owned())));
            return;
        }
        if expired {
            self.end(self.ended(Outcome::Suppressed, Some("expired".to_owned())));
            return;
        }
        if let Some(context) = &mut self.context {
            context.history.clone_from(&decided.history);
            context.consent = decided.consent.unwrap_or(context.consent);
            context.wrote_since = decided.wrote_since;
        }
        let mut input = created.input.to_value();
        if let serde_json::Value::Object(fields) = &mut input {
            let changes = [(&created.subject_field, &decided.subject), (&created.body_field, &decided.body)];
            for (field, text) in changes {
                if let (Some(field), Some(text)) = (field, text) {
                    fields.insert(field.clone(), text.as_str().into());
                }
            }
        }
        let id = self.mint();
        self.judge(Call { id, origin: Origin::Approval, tool: created.tool, arguments: input.to_string() });
    }
}
