//! One world from its beginning to its end: lives that end by crashes and full
//! disks, and a last one in which nothing fails any more.

use crate::check;
use crate::disk::Disk;
use crate::model::Whim;
use crate::outside::{BookVisit, NoteOrder, Outside};
use crate::people;
use crate::world::{Odds, World};
use attache::Bundle;
use attache::context::CustomerId;
use attache::engine::{Engine, Parts};
use attache::journal::{DraftFilter, DraftState, RunFilter, Store, SubjectId};
use attache::planner::{Guards, Playbooks, actions};
use attache::policies::{PolicyFile, PolicySet};
use attache::prompts::Prompts;
use attache::tools::{Outbox, Registry};
use futures::StreamExt;
use futures::future::{BoxFuture, FutureExt, join_all};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What all worlds of a thread share: rules are compiled once.
pub(crate) struct Ground {
    outside: Arc<Outside>,
    registry: Arc<Registry>,
    pub(crate) policy: Arc<PolicySet>,
    prompts: Arc<Prompts>,
    playbooks: Playbooks,
}

const NOTE_ORDER: &str = r#"
@id("orders") @reason("orders may be noted")
permit (principal, action == Attache::Action::"note_order", resource);
"#;

impl Ground {
    pub(crate) fn new() -> Self {
        let outside = Arc::new(Outside::default());
        let outbox: Arc<dyn Outbox> = outside.clone();
        let mut registry = Registry::builtin(outside.clone(), outside.clone(), &outbox).unwrap();
        registry.add(BookVisit(outside.clone())).unwrap().add(NoteOrder(outside.clone())).unwrap();
        let registry = Arc::new(registry);
        // An order may be noted without a person, as an answer may be given.
        let tools = PolicySet::shipped().into_iter().find(|file| file.name == "tools.dw").unwrap().text;
        let tools = tools.replace(
            "Attache::Action::\"notify_customer\",",
            "Attache::Action::\"note_order\",\n        Attache::Action::\"notify_customer\",",
        );
        let files = [PolicyFile::new("tools.dw", tools), PolicyFile::new("orders.dw", NOTE_ORDER)];
        let policy = PolicySet::load(&PolicySet::overlay(&files), &actions(&registry)).unwrap();
        let own = Playbooks::shipped().into_iter().map(|(file, text)| {
            (file, text.replace("\"escalate_to_human\"]", "\"book_visit\", \"note_order\", \"escalate_to_human\"]"))
        });
        Self {
            outside,
            registry,
            policy: Arc::new(policy),
            prompts: Arc::new(Prompts::embedded().unwrap()),
            playbooks: Playbooks::load(own.collect()).unwrap(),
        }
    }

    /// The process starts: nothing is left of the last one but the disk.
    pub(crate) fn engine(&self, world: &Arc<World>, disk: &Arc<Disk>) -> Engine {
        let seen = world.clone();
        Engine::new(Parts {
            store: disk.clone(),
            policy: self.policy.clone(),
            registry: self.registry.clone(),
            prompts: self.prompts.clone(),
            playbooks: self.playbooks.clone(),
            model: Arc::new(Whim(world.clone())),
            clock: world.clone(),
            guards: Guards::default(),
            observer: Some(Arc::new(move |line: &[u8]| seen.told.lock().unwrap().push(line.to_vec()))),
            traced_content: false,
        })
        .unwrap()
    }
}

/// What is still to happen, life after life.
struct Script {
    bundles: Mutex<Vec<Arc<Bundle>>>,
    /// Who wants to be forgotten.
    forget: Option<CustomerId>,
    /// Those who were told that they are.
    pub(crate) forgotten: Mutex<Vec<SubjectId>>,
}

/// What a world came to.
pub(crate) struct Told {
    pub(crate) wrongs: Vec<String>,
    pub(crate) figures: BTreeMap<&'static str, u64>,
    /// The same for the same seed.
    pub(crate) digest: String,
}

/// Lives through the world of a seed.
pub(crate) fn world(ground: &Ground, seed: u64) -> Told {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(async {
        // Longer than any world takes; the time is not real.
        match tokio::time::timeout(Duration::from_secs(90 * 24 * 3_600), through(ground, seed)).await {
            Ok(told) => told,
            Err(_) => {
                let wrongs = vec!["the world stands still".to_owned()];
                Told { wrongs, figures: BTreeMap::new(), digest: String::new() }
            }
        }
    })
}

async fn through(ground: &Ground, seed: u64) -> Told {
    let mut rng = crate::rng::Rng::new(seed);
    // Some worlds have no such fault, most few, some little else.
    let mut odds = |most: u64| match rng.below(10) {
        0..4 => 0,
        4..8 => rng.below(most / 4),
        _ => rng.below(most),
    };
    let odds = Odds { slow: odds(600), absent: odds(600), lost: odds(500), disk: odds(100) };
    let (crashes, runs) = (rng.below(5), 1 + rng.below(2));
    let world = Arc::new(World::new(rng.next(), odds));
    let disk = Arc::new(Disk::new(world.clone()));
    ground.outside.turn(&world, &disk);
    let script = Script {
        bundles: Mutex::new((0..runs).map(|_| people::bundle(&world)).collect()),
        forget: world.chance(300).then(|| people::customer(world.below(3))),
        forgotten: Mutex::default(),
    };
    for _ in 0..crashes {
        world.revive(Some(world.below(120)));
        live(ground, &world, &disk, &script).await;
        disk.crash();
    }
    world.calm();
    world.revive(None);
    for _ in 0..8 {
        live(ground, &world, &disk, &script).await;
        disk.crash();
        if over(&disk).await {
            break;
        }
        // Stalled runs and drafts that nobody looked at.
        tokio::time::sleep(Duration::from_secs(60)).await;
    }
    if !over(&disk).await {
        world.wrong("a run or a draft is left, although nothing fails any more");
    }
    let forgotten = script.forgotten.lock().unwrap().clone();
    check::all(ground, &world, &disk, &forgotten, crashes).await
}

/// Whether every run is over and no draft waits.
async fn over(disk: &Disk) -> bool {
    let unfinished = RunFilter { unfinished: true, ..RunFilter::default() };
    let runs = disk.durable().runs(&unfinished).await.unwrap();
    let drafts = disk.durable().drafts(&DraftFilter::default()).await.unwrap();
    runs.is_empty() && drafts.iter().all(|draft| draft.state != DraftState::Pending)
}

/// One life of the process: until its work is done, or it dies.
async fn live(ground: &Ground, world: &Arc<World>, disk: &Arc<Disk>, script: &Script) {
    let engine = ground.engine(world, disk);
    let engine = &engine;
    let work = async {
        let mut tasks: Vec<BoxFuture<'_, ()>> = Vec::new();
        tasks.push(resume(world, disk, engine).boxed());
        let waiting = script.bundles.lock().unwrap().len();
        for _ in 0..world.below(waiting as u64 + 1).max(u64::from(world.odds().slow == 0)) {
            tasks.push(submit(world, disk, engine, script).boxed());
        }
        let times = if world.chance(500) { 4 } else { 1 };
        tasks.push(people::reviewer(world, disk, engine, "ann", times).boxed());
        tasks.push(people::reviewer(world, disk, engine, "bob", times).boxed());
        if let Some(customer) = &script.forget {
            tasks.push(forget(ground, world, engine, script, customer).boxed());
        }
        join_all(tasks).await;
    };
    tokio::select! {
        biased;
        () = world.crashed.notified() => {}
        () = disk.writer() => {}
        () = work => {}
    }
}

async fn submit(world: &World, disk: &Disk, engine: &Engine, script: &Script) {
    if world.odds().slow > 0 {
        tokio::time::sleep(Duration::from_millis(world.below(60_000))).await;
    }
    let Some(bundle) = script.bundles.lock().unwrap().pop() else { return };
    // Mostly the playbook that applies.
    let named = *world.pick(&["support", "onboarding", "purchase_handoff", "awareness"]);
    match engine.run(bundle, world.chance(300).then_some(named)).await {
        Ok(report) => people::told(world, disk, &report).await,
        Err(error) => people::expected(world, &error),
    }
}

async fn resume(world: &World, disk: &Disk, engine: &Engine) {
    let Ok(mut resumed) = engine.resume_all().await else { return };
    while let Some((_, result)) = resumed.next().await {
        match result {
            Ok(report) => people::told(world, disk, &report).await,
            Err(error) => people::expected(world, &error),
        }
    }
}

async fn forget(ground: &Ground, world: &World, engine: &Engine, script: &Script, customer: &CustomerId) {
    tokio::time::sleep(Duration::from_millis(world.below(90_000))).await;
    if script.forgotten.lock().unwrap().is_empty()
        && let Some(subject) = people::forget(world, engine, &*ground.outside, customer).await
    {
        script.forgotten.lock().unwrap().push(subject);
    }
}
