//! Telling others what the journal says.

mod told;

use crate::carry::blocking;
use crate::chatwoot::Chatwoot;
use crate::slack::{Escalation, SlackAlerts};
use crate::spool::Failed;
use crate::webhook::{CloudEvent, WebhookSender};
use attache_context::CustomerId;
use attache_journal::{Decision, Digest, Entry, Escalated, Event, Outcome, RunFilter, Store, StoreError};
use attache_tools::{EscalateToHuman, HandoffPackage, Tool};
use futures::future::join_all;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::Notify;
use told::Told;

/// Tells endpoints and people what entries say, each entry once: also when it
/// hears of one again after a crash.
pub struct Announcer {
    store: Arc<dyn Store>,
    source: String,
    webhooks: Option<WebhookSender>,
    slack: Option<SlackAlerts>,
    chatwoot: Option<Chatwoot>,
    heard: Mutex<Vec<Entry>>,
    some: Notify,
    told: Arc<Told>,
}

impl std::fmt::Debug for Announcer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Announcer").field("source", &self.source).finish_non_exhaustive()
    }
}

impl Announcer {
    /// Tells nobody yet of what is in `store`; `source` is where events say they
    /// come from, and how far it came is noted in `folder`.
    #[must_use]
    pub fn new(store: Arc<dyn Store>, source: &str, folder: &Path) -> Self {
        Self {
            store,
            source: source.to_owned(),
            webhooks: None,
            slack: None,
            chatwoot: None,
            heard: Mutex::default(),
            some: Notify::new(),
            told: Arc::new(Told::new(folder)),
        }
    }

    /// Endpoints are told of drafts, messages and ends.
    #[must_use]
    pub fn webhooks(mut self, webhooks: Option<WebhookSender>) -> Self {
        self.webhooks = webhooks;
        self
    }

    /// A channel of Slack is told of conversations that need a person.
    #[must_use]
    pub fn slack(mut self, slack: Option<SlackAlerts>) -> Self {
        self.slack = slack;
        self
    }

    /// The conversation in Chatwoot is handed over when it needs a person.
    #[must_use]
    pub fn chatwoot(mut self, chatwoot: Option<Chatwoot>) -> Self {
        self.chatwoot = chatwoot;
        self
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

    /// Hears what the journal says since everything was told, or since yesterday
    /// where nothing was: a process may have stopped before it told. What was told
    /// is not told again.
    ///
    /// # Errors
    /// [`StoreError`] if the journal, or how far it was told, cannot be read.
    pub async fn hear_again(&self) -> Result<(), StoreError> {
        let unreadable = |e: std::io::Error| StoreError::Io { place: "told".to_owned(), what: e.to_string() };
        let since = self.told.since(Timestamp::now()).map_err(unreadable)?;
        for run in self.store.runs(&RunFilter { changed_since: Some(since), ..RunFilter::default() }).await? {
            let entries = self.store.entries(&run.run).await?;
            entries.into_iter().filter(|entry| entry.at >= since).for_each(|entry| self.hear(entry));
        }
        self.told.heard(since);
        Ok(())
    }

    /// Tells everything that was heard; gives what was not told, which the
    /// spools keep.
    pub async fn flush(&self) -> Vec<Failed> {
        let (began, told) = (Timestamp::now(), Arc::clone(&self.told));
        let heard = std::mem::take(&mut *self.heard.lock().unwrap_or_else(PoisonError::into_inner));
        let mut failed: Vec<_> =
            join_all(heard.iter().map(|entry| self.tell(entry))).await.into_iter().flatten().collect();
        failed.extend(blocking(move || told.note(began)).await.err());
        failed
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
        if let Some(Event::Escalated(escalated)) = &entry.event
            && (self.slack.is_some() || self.chatwoot.is_some())
        {
            let people = self.tell_people(entry, escalated).await;
            if !people.is_empty() {
                self.told.missed();
            }
            failed.extend(people);
        }
        failed
    }

    async fn tell_people(&self, entry: &Entry, escalated: &Escalated) -> Vec<Failed> {
        let entries = match self.store.entries(&entry.run).await {
            Ok(entries) => entries,
            Err(e) => return vec![Failed::later(e)],
        };
        // Who was erased meanwhile is nobody's to tell of.
        let Some((customer, key)) = about(&entries, entry.seq) else { return Vec::new() };
        let package: Option<HandoffPackage> = serde_json::from_str(escalated.package.as_str()).ok();
        let mut failed = Vec::new();
        if let Some(slack) = &self.slack {
            let name = package.as_ref().map_or_else(|| customer.to_string(), |package| package.customer.clone());
            let escalation = Escalation {
                key: key.clone(),
                at: entry.at,
                queue: escalated.queue.clone(),
                reason_code: escalated.reason_code.clone(),
                alerts: escalated.alerts.clone(),
                customer: name,
                run: entry.run.to_string(),
            };
            failed.extend(slack.alert(&escalation).await.err());
        }
        if let (Some(chatwoot), Some(package)) = (&self.chatwoot, &package) {
            match chatwoot.conversation_of(&customer).await {
                Ok(Some(conversation)) => {
                    failed.extend(chatwoot.hand_over(conversation, &note(package), entry.at, &key).await.err());
                }
                Ok(None) => {}
                Err(e) => failed.push(e),
            }
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
                Decision::Escalate => "draft.escalated",
                Decision::Reject => "draft.rejected",
                Decision::Revise => "draft.sent_back",
                Decision::Withdraw => "draft.withdrawn",
            };
            (kind, json!({ "draft": e.draft }))
        }
        Event::MessageSent(e) => {
            ("message.sent", json!({ "channel": e.channel, "tool": e.tool, "outreach": e.outreach }))
        }
        Event::Escalated(e) => {
            ("conversation.escalated", json!({ "queue": e.queue, "reason_code": e.reason_code, "alerts": e.alerts }))
        }
        Event::RunEnded(e) => {
            let kind = if e.outcome == Outcome::Resolved { "conversation.resolved" } else { "run.ended" };
            (kind, json!({ "outcome": e.outcome, "reason_code": e.reason_code }))
        }
        Event::Erased(e) => ("subject.erased", json!({ "erased": e.subject, "runs": e.runs })),
        Event::Assessed(_)
        | Event::ModelCalled(_)
        | Event::PolicyDecided(_)
        | Event::RunStarted(_)
        | Event::StaffActed(_)
        | Event::ToolCalled(_)
        | Event::ToolReturned(_) => return None,
    })
}

/// Whom an escalation is about, and the key of the call that made it.
fn about(entries: &[Entry], seq: u64) -> Option<(CustomerId, Digest)> {
    let before = || entries.iter().take_while(|entry| entry.seq < seq).filter_map(|entry| entry.event.as_ref());
    let customer = before().find_map(|event| match event {
        Event::RunStarted(started) => Some(started.bundle.customer.id.clone()),
        _ => None,
    })?;
    let key = before().filter_map(|event| match event {
        Event::ToolCalled(called) if called.tool == EscalateToHuman::NAME => Some(called.key.clone()),
        _ => None,
    });
    Some((customer, key.last()?))
}

/// Everything a person needs, as the private note of a conversation.
fn note(package: &HandoffPackage) -> String {
    let tried = package.tried.iter().map(|tried| format!("{}: {}", tried.what, tried.result)).collect();
    let lists: [(&str, Vec<String>); 7] = [
        ("Why", package.reasons.clone()),
        ("Mood", package.sentiment_trend.clone()),
        ("Tried", tried),
        ("Promised", package.promises.clone()),
        ("Asked already", package.asked.clone()),
        ("Account", package.account.clone()),
        ("Reach by", package.preferred_channel.iter().cloned().collect()),
    ];
    let mut note = format!("Handed over by Attaché: {}\nWants: {}\n", package.customer, package.wants);
    for (name, lines) in lists.iter().filter(|(_, lines)| !lines.is_empty()) {
        note.push_str(&format!("{name}:\n"));
        lines.iter().for_each(|line| note.push_str(&format!("- {line}\n")));
    }
    note.push_str(&format!("Next: {}", package.next_step));
    note
}
