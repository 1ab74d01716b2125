//! What tools reach: a knowledge base, a CRM, an outbox, and two systems that do
//! not honour keys. Each effect is held against the journal as it is on the
//! disk at that moment.

use crate::disk::Disk;
use crate::world::{Approved, Effect, World};
use async_trait::async_trait;
use attache::context::CustomerId;
use attache::journal::{Digest, Entry, Event, Retry, RunFilter, RunId, Store, ToolCalled, Verdict};
use attache::tools::{
    Ask, Crm, CrmRecord, Delivered, KnowledgeBase, Outbox, Outgoing, Passage, Person, PortError, Unavailable,
};
use attache::{CallCx, Tool, Write};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// The passages there are.
pub(crate) const PASSAGES: [&str; 3] = ["import#0-40", "invite#0-40", "plans#0-40"];
/// What nothing may do without a person's yes.
const REVIEWED: [&str; 4] = ["book_visit", "file_summary", "publish_headline", "send_email"];

/// The outside as tools see it: the world of the moment.
#[derive(Default)]
pub(crate) struct Outside(Mutex<Option<(Arc<World>, Arc<Disk>)>>);

impl Outside {
    pub(crate) fn turn(&self, world: &Arc<World>, disk: &Arc<Disk>) {
        *self.0.lock().unwrap() = Some((world.clone(), disk.clone()));
    }

    fn now(&self) -> (Arc<World>, Arc<Disk>) {
        self.0.lock().unwrap().clone().unwrap()
    }

    /// A call that may not arrive, and may come too late.
    async fn reach(&self) -> Result<Arc<World>, PortError> {
        let (world, _) = self.now();
        world.step().await;
        if world.chance(world.odds().absent) {
            let retry = *world.pick(&[Retry::Safe, Retry::Safe, Retry::Never]);
            return Err(PortError { message: "nobody there".into(), retry });
        }
        Ok(world)
    }

    /// The way back: the answer may be lost, and the process may have died.
    async fn back(&self) -> Result<(), PortError> {
        let (world, _) = self.now();
        world.step().await;
        if world.loses() {
            if world.chance(500) {
                tokio::time::sleep(Duration::from_secs(3_600)).await;
            }
            return Err(PortError { message: "the line broke".into(), retry: Retry::Safe });
        }
        Ok(())
    }

    /// Does something outside, once the journal says why it may be done.
    async fn effect(&self, key: &Digest, text: Option<String>, subject: &str, body: &str) {
        let (world, disk) = self.now();
        let Some((run, entries, called)) = intent(&disk, key).await else {
            world.wrong(format!("{subject:?} was done before its intent was durable, or after it was erased"));
            return;
        };
        if let Err(wrong) = permitted(&world, &run, &entries, &called, subject, body) {
            world.wrong(format!("{run}, {}: {wrong}", called.tool));
        }
        let mut effects = world.effects.lock().unwrap();
        let others =
            effects.iter().filter(|(other, done)| *other != key && done.run == run && done.tool == called.tool);
        if others.count() > 0 {
            world.wrong(format!("{run}: {} was done twice, under two keys", called.tool));
        }
        let done = effects.entry(key.clone()).or_insert(Effect { run, tool: called.tool, text: None, times: 0 });
        done.times += 1;
        if done.times > 1 {
            world.wrong(format!("{}: {} was done twice under one key", done.run, done.tool));
        }
        done.text = text;
    }
}

/// The run and the durable intent with this key.
async fn intent(disk: &Disk, key: &Digest) -> Option<(RunId, Vec<Entry>, ToolCalled)> {
    // What is done belongs to a run that goes on.
    let unfinished = RunFilter { unfinished: true, ..RunFilter::default() };
    for run in disk.durable().runs(&unfinished).await.unwrap() {
        let entries = disk.durable().entries(&run.run).await.unwrap();
        let called = entries.iter().find_map(|entry| match &entry.event {
            Some(Event::ToolCalled(called)) if called.key == *key => Some(called.clone()),
            _ => None,
        });
        if let Some(called) = called {
            return Some((run.run, entries, called));
        }
    }
    None
}

/// Whether the journal allows an effect, and people did where they are asked.
fn permitted(
    world: &World,
    run: &RunId,
    entries: &[Entry],
    called: &ToolCalled,
    subject: &str,
    body: &str,
) -> Result<(), String> {
    let events = || entries.iter().filter_map(|entry| entry.event.as_ref());
    let mut verdict = events().filter_map(|event| match event {
        Event::PolicyDecided(decided) if decided.call.as_ref() == Some(&called.call) => Some(decided.verdict),
        _ => None,
    });
    match verdict.next_back() {
        Some(Verdict::Allow) => {}
        other => return Err(format!("the verdict was {other:?}")),
    }
    if !REVIEWED.contains(&called.tool.as_str()) {
        return Ok(());
    }
    let mut yes = events().filter_map(|event| match event {
        Event::ReviewDecided(decided) if decided.decision.sends() => Some(decided.draft.clone()),
        _ => None,
    });
    let Some(draft) = yes.next_back() else { return Err("nobody said yes".into()) };
    let done = Approved { run: run.clone(), draft, subject: subject.to_owned(), body: body.to_owned() };
    if !world.approved.lock().unwrap().contains(&done) {
        return Err("nobody said yes to exactly this".into());
    }
    Ok(())
}

#[async_trait]
impl KnowledgeBase for Outside {
    async fn search(&self, ask: &Ask<'_>) -> Result<Vec<Passage>, PortError> {
        let world = self.reach().await?;
        let found = usize::try_from(world.below(PASSAGES.len() as u64 + 1)).unwrap().min(ask.top);
        self.back().await?;
        let passage = |id: &&str| Passage {
            id: (*id).to_owned(),
            doc: id.split_once('#').unwrap().0.to_owned(),
            title: "How to do it".into(),
            passage: format!("Open Settings, then choose what you need: {} ch.", ask.query.len()),
            start: 0,
            end: 40,
            score: 1.0,
            fit: None,
            about: Default::default(),
        };
        Ok(PASSAGES.iter().take(found).map(passage).collect())
    }
}

#[async_trait]
impl Crm for Outside {
    async fn record(&self, customer: &CustomerId) -> Result<Option<CrmRecord>, PortError> {
        self.reach().await?;
        self.back().await?;
        let person = Person {
            id: customer.clone(),
            name: crate::people::name(customer),
            emails: vec![crate::people::email(customer)],
            phones: Vec::new(),
            company: None,
            locale: None,
            stage: None,
            owner: None,
            attributes: std::collections::BTreeMap::new(),
        };
        Ok(Some(CrmRecord { customer: Some(person), ..CrmRecord::default() }))
    }
}

/// Honours keys: what has left does not leave again.
#[async_trait]
impl Outbox for Outside {
    async fn deliver(&self, message: &Outgoing, key: &Digest) -> Result<Delivered, PortError> {
        let world = self.reach().await?;
        let known = world.effects.lock().unwrap().contains_key(key);
        if !known {
            let text = format!("To: {}\n{}\n{}", message.to, message.subject, message.body);
            self.effect(key, Some(text), &message.subject, &message.body).await;
        }
        self.back().await?;
        Ok(Delivered {
            channel: message.channel,
            to: message.to.clone(),
            digest: Digest::of(&[message.subject.as_bytes(), message.body.as_bytes()]),
            receipt: key.to_string(),
        })
    }

    async fn forget(&self, key: &Digest) -> Result<bool, PortError> {
        let world = self.reach().await?;
        let held = world.effects.lock().unwrap().get_mut(key).and_then(|effect| effect.text.take()).is_some();
        self.back().await?;
        Ok(held)
    }
}

/// What a visit or an order is about.
#[derive(Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct About {
    what: String,
}

macro_rules! unsafe_write {
    ($(#[$doc:meta])* $name:ident = $word:literal) => {
        $(#[$doc])*
        pub(crate) struct $name(pub(crate) Arc<Outside>);

        impl Tool for $name {
            const NAME: &'static str = $word;
            type Effect = Write;
            type Input = About;
            type Output = String;
            type Error = Unavailable;

            fn description(&self) -> std::borrow::Cow<'static, str> {
                "Does something outside that cannot be done twice.".into()
            }

            fn subject(&self, _: &About) -> Option<String> {
                Some($word.into())
            }

            async fn call(&self, input: About, cx: CallCx<'_, Write>) -> Result<String, Unavailable> {
                let failed = |e: PortError, retry| Unavailable { what: "the other side", retry, source: e.into() };
                self.0.reach().await.map_err(|e| { let retry = e.retry; failed(e, retry) })?;
                let shown = serde_json::to_string(&input).unwrap();
                self.0.effect(cx.idempotency_key(), None, $word, &shown).await;
                // It was done: nobody may take a lost answer for a failure.
                self.0.back().await.map_err(|e| failed(e, Retry::AfterCheck))?;
                Ok("done".into())
            }
        }
    };
}

unsafe_write! {
    /// Books a visit, which a person approves.
    BookVisit = "book_visit"
}
unsafe_write! {
    /// Notes an order, which rules let the agent do.
    NoteOrder = "note_order"
}
