//! What must be true of a world when it is over.

use crate::disk::Disk;
use crate::life::{Ground, Told};
use crate::people;
use crate::world::World;
use attache::journal::{Chain, DraftState, Entry, Event, Outcome, RunFilter, RunSummary, Store, SubjectId, verify};
use attache::planner::{Run, replay};
use std::collections::BTreeMap;
use std::sync::Arc;

pub(crate) async fn all(
    ground: &Ground,
    world: &Arc<World>,
    disk: &Arc<Disk>,
    forgotten: &[SubjectId],
    crashes: u64,
) -> Told {
    let engine = ground.engine(world, disk);
    let runs = disk.durable().runs(&RunFilter::default()).await.unwrap();
    let mut figures = BTreeMap::from([("crashes", crashes), ("runs", runs.len() as u64)]);
    figures.insert("forgotten", forgotten.len() as u64);
    let mut stored = BTreeMap::new();
    let mut last = String::new();
    for run in &runs {
        let entries = disk.durable().entries(&run.run).await.unwrap();
        if let Err(fault) = Chain::after(run.run.clone(), None, &entries) {
            world.wrong(format!("{}: {fault}", run.run));
        }
        if run.erased {
            gone(world, run, &entries);
        } else if let Ok(program) = engine.program_of(&entries) {
            let differences = replay(&mut Run::new(run.run.clone(), program), &ground.policy, &entries);
            if let Some(difference) = differences.first() {
                world.wrong(format!("{}: replay differs: {difference:?}", run.run));
            }
            recorded(world, run, &entries);
        }
        *figures.entry(run.outcome.map_or("erased", Outcome::as_str)).or_default() += 1;
        if run.reason_code.as_deref() == Some("unknown_outcome") {
            *figures.entry("unknown outcomes").or_default() += 1;
        }
        *figures.entry("entries").or_default() += entries.len() as u64;
        last.extend(entries.last().map(|entry| entry.hash.clone()));
        stored.extend(entries.into_iter().map(|entry| ((entry.run, entry.seq), entry.hash)));
    }
    for line in world.told.lock().unwrap().iter() {
        match verify(line) {
            Ok(entry) if stored.get(&(entry.run.clone(), entry.seq)) == Some(&entry.hash) => {}
            Ok(entry) => world.wrong(format!("{}: entry {} was told and is not there", entry.run, entry.seq)),
            Err(fault) => world.wrong(format!("what was told is no entry: {fault}")),
        }
    }
    for subject in forgotten {
        if let Some(run) = runs.iter().find(|run| run.subject.as_ref() == Some(subject) && !run.erased) {
            world.wrong(format!("{} can be read, and its customer was told that they are forgotten", run.run));
        }
    }
    for effect in world.effects.lock().unwrap().values() {
        let what = match effect.tool.as_str() {
            "book_visit" | "note_order" => "done that cannot be repeated",
            "reply" => "answers",
            "notify_customer" => "notices",
            _ => "texts approved and sent",
        };
        *figures.entry(what).or_default() += 1;
    }
    Told { wrongs: world.wrongs(), figures, digest: last }
}

/// Nothing of an erased run can be read, here or where its messages went.
fn gone(world: &World, run: &RunSummary, entries: &[Entry]) {
    if let Some(entry) = entries.iter().find(|entry| entry.event.is_some()) {
        world.wrong(format!("{} was erased and entry {} can be read", run.run, entry.seq));
    }
    if run.customer.is_some() {
        world.wrong(format!("{} was erased and says whom it was for", run.run));
    }
    if run.drafts.iter().any(|draft| matches!(draft.state, DraftState::Pending | DraftState::Approved)) {
        world.wrong(format!("{} was erased and has a draft that waits", run.run));
    }
    let heads = serde_json::to_string(entries).unwrap();
    for number in 0..3 {
        let customer = people::customer(number);
        for personal in [people::name(&customer), people::email(&customer), format!("\"{customer}\"")] {
            if heads.contains(&personal) {
                world.wrong(format!("{} was erased and still says {personal}", run.run));
            }
        }
    }
    for effect in world.effects.lock().unwrap().values().filter(|effect| effect.run == run.run) {
        if effect.text.is_some() {
            world.wrong(format!("{} was erased and its {} is still in the outbox", run.run, effect.tool));
        }
    }
}

/// Whatever left is recorded, or a person was told that it may have.
fn recorded(world: &World, run: &RunSummary, entries: &[Entry]) {
    let events = || entries.iter().filter_map(|entry| entry.event.as_ref());
    for (key, effect) in world.effects.lock().unwrap().iter().filter(|(_, effect)| effect.run == run.run) {
        let called = events().find_map(|event| match event {
            Event::ToolCalled(called) if called.key == *key => Some(&called.call),
            _ => None,
        });
        let done = events().any(|event| match event {
            Event::ToolReturned(returned) => Some(&returned.call) == called && returned.output.is_some(),
            _ => false,
        });
        let known = events().any(|event| match event {
            Event::Escalated(escalated) => escalated.reason_code == "unknown_outcome",
            _ => false,
        });
        // A notice that a person takes over goes with the handover itself.
        if !done && !known && effect.tool != "notify_customer" {
            world.wrong(format!("{}: {} was done, and nobody knows", run.run, effect.tool));
        }
    }
}
