//! Telling others what the journal says.

use crate::slack::{Escalation, SlackAlerts};
use crate::spool::Failed;
use crate::webhook::{CloudEvent, WebhookSender};
use attache_journal::{Decision, Entry, Event, Outcome};
use attache_tools::HandoffPackage;
use futures::future::join_all;
use serde_json::{Value, json};
use std::sync::{Mutex, PoisonError};
use tokio::sync::Notify;

/// Tells endpoints and people what entries say, each entry once: also when it
/// hears of one again after a crash.
#[derive(Debug)]
pub struct Announcer {
    source: String,
    webhooks: Option<WebhookSender>,
    slack: Option<SlackAlerts>,
    heard: Mutex<Vec<Entry>>,
    some: Notify,
}

impl Announcer {
    /// Tells those that are there; `source` is where events say they come from.
    #[must_use]
    pub fn new(source: &str, webhooks: Option<WebhookSender>, slack: Option<SlackAlerts>) -> Self {
        Self { source: source.to_owned(), webhooks, slack, heard: Mutex::default(), some: Notify::new() }
    }

    /// Takes a line of the journal, as an observer of an engine sees it. It
    /// holds nobody up: [`flush`](Self::flush) tells.
    pub fn hear_line(&self, line: &[u8]) {
        match serde_json::from_slice(line) {
            Ok(entry) => self.hear(entry),
            Err(e) => tracing::warn!(%e, "a line of the journal is not told: it is no entry"),
        }
    }

    /// Takes an entry.
    pub fn hear(&self, entry: Entry) {
        if kind(&entry).is_some() {
            self.heard.lock().unwrap_or_else(PoisonError::into_inner).push(entry);
            self.some.notify_one();
        }
    }

    /// Tells everything that was heard; gives what was not told, which the
    /// spools keep.
    pub async fn flush(&self) -> Vec<Failed> {
        let heard = std::mem::take(&mut *self.heard.lock().unwrap_or_else(PoisonError::into_inner));
        let told = join_all(heard.iter().map(|entry| self.tell(entry))).await;
        told.into_iter().flatten().collect()
    }

    /// Tells what is heard as it is heard, for ever.
    pub async fn work(&self) {
        loop {
            self.some.notified().await;
            self.flush().await;
        }
    }

    async fn tell(&self, entry: &Entry) -> Vec<Failed> {
        let mut failed = Vec::new();
        if let (Some(webhooks), Some(event)) = (&self.webhooks, self.event(entry)) {
            failed.extend(webhooks.send(&event).await);
        }
        if let (Some(slack), Some(escalation)) = (&self.slack, escalation(entry)) {
            failed.extend(slack.alert(&escalation).await.err());
        }
        failed
    }

    /// An entry as an event: ids and codes, nothing that anybody wrote.
    fn event(&self, entry: &Entry) -> Option<CloudEvent> {
        let (kind, mut data) = kind(entry)?;
        if let Value::Object(data) = &mut data {
            data.insert("run".to_owned(), json!(entry.run));
            data.insert("seq".to_owned(), json!(entry.seq));
            if let Some(subject) = &entry.subject {
                data.insert("subject".to_owned(), json!(subject));
            }
        }
        let id = id(entry);
        Some(CloudEvent {
            subject: Some(entry.run.to_string()),
            ..CloudEvent::new(&id, &self.source, kind, entry.at, data)
        })
    }
}

/// The same for the same entry.
fn id(entry: &Entry) -> String {
    format!("{}-{}", entry.run, entry.seq)
}

/// What of an entry others are told; most are nobody's business.
fn kind(entry: &Entry) -> Option<(&'static str, Value)> {
    Some(match entry.event.as_ref()? {
        Event::DraftCreated(e) => ("draft.created", json!({ "draft": e.draft, "channel": e.channel })),
        Event::ReviewRequested(e) => {
            ("draft.review_requested", json!({ "draft": e.draft, "queue": e.queue, "due": e.due }))
        }
        Event::ReviewDecided(e) => {
            let kind = match e.decision {
                Decision::Approve => "draft.approved",
                Decision::Edit => "draft.revised",
                Decision::Reject => "draft.rejected",
            };
            (kind, json!({ "draft": e.draft }))
        }
        Event::MessageSent(e) => {
            ("message.sent", json!({ "channel": e.channel, "tool": e.tool, "outreach": e.outreach }))
        }
        Event::Escalated(e) => ("conversation.escalated", json!({ "queue": e.queue, "reason_code": e.reason_code })),
        Event::RunEnded(e) => {
            let kind = if e.outcome == Outcome::Resolved { "conversation.resolved" } else { "run.ended" };
            (kind, json!({ "outcome": e.outcome, "reason_code": e.reason_code }))
        }
        Event::Erased(e) => ("subject.erased", json!({ "erased": e.subject, "runs": e.runs })),
        Event::Assessed(_)
        | Event::ModelCalled(_)
        | Event::PolicyDecided(_)
        | Event::RunStarted(_)
        | Event::ToolCalled(_)
        | Event::ToolReturned(_) => return None,
    })
}

fn escalation(entry: &Entry) -> Option<Escalation> {
    let Some(Event::Escalated(escalated)) = &entry.event else { return None };
    let package: Option<HandoffPackage> = serde_json::from_str(escalated.package.as_str()).ok();
    Some(Escalation {
        id: id(entry),
        at: entry.at,
        queue: escalated.queue.clone(),
        reason_code: escalated.reason_code.clone(),
        customer: package.map_or_else(|| "A customer".to_owned(), |package| package.customer),
        run: entry.run.to_string(),
    })
}
