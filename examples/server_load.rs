//! Load on the server, over real HTTP, in one process with whoever asks.
//!
//! `conversations N RATE SECONDS [CHANNEL]` opens N conversations, by chat if not said, and then sends RATE messages a
//! second into them, with a model that takes 500 ms a call and says what the offline model says. `desk N` puts N drafts
//! into a store and asks for pages.
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a program that measures stops where something is wrong, and prints"
)]

#[path = "../tests/server/house.rs"]
#[expect(dead_code, reason = "the server's tests use more of it")]
mod house;
#[path = "../tests/server/provider.rs"]
#[expect(dead_code, reason = "the server's tests use more of it")]
mod provider;
#[path = "../tests/runs/world.rs"]
#[expect(dead_code, reason = "other tests use more of it")]
mod world;

use async_trait::async_trait;
use attache::journal::{DraftFilter, DraftState, Event, Message, RunFilter, RunId, Store};
use attache::log::{LogOptions, LogStore};
use attache::models::Offline;
use attache::planner::{ChatModel, ModelError, ModelReply, ModelRequest};
use attache::prompts::Prompts;
use attache_testkit::{RunWriter, drafted_run, ended, review, sent};
use house::{House, PASSWORD, Seen};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::fs;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// That of the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How long the stub takes to answer.
const MODEL: Duration = Duration::from_millis(500);

#[tokio::main]
async fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let number = |at: usize, otherwise: usize| words.get(at).map_or(otherwise, |word| word.parse().unwrap());
    match words.first().map(String::as_str) {
        Some("conversations") => {
            let channel = words.get(4).map_or("chat", String::as_str);
            conversations(number(1, 1_000), number(2, 200), number(3, 30), channel).await;
        }
        Some("desk") => desk(number(1, 100_000)).await,
        _ => panic!("say `conversations N RATE SECONDS [CHANNEL]` or `desk N`"),
    }
}

/// What a customer asks next, in turn: the sample articles answer each.
const QUESTIONS: [&str; 5] = [
    "How do I reset my password?",
    "Can I pay by bank transfer?",
    "How do I print a label for a machine?",
    "How long is a photo kept?",
    "Which browsers can I use?",
];

/// What the offline model says, after a wait. It thinks when it is asked for the first time and repeats itself
/// afterwards, as a model elsewhere takes no time of ours.
struct Stub {
    model: Offline,
    said: Mutex<HashMap<(Option<String>, usize), ModelReply>>,
}

#[async_trait]
impl ChatModel for Stub {
    fn name(&self) -> &str {
        self.model.name()
    }

    async fn complete(&self, request: &ModelRequest<'_>) -> Result<ModelReply, ModelError> {
        tokio::time::sleep(MODEL).await;
        let turn = request.transcript.iter().filter(|message| matches!(***message, Message::Tool { .. })).count();
        let asked = (request.brief.trigger.text.clone(), turn);
        if let Some(said) = self.said.lock().unwrap().get(&asked) {
            return Ok(said.clone());
        }
        let reply = self.model.complete(request).await?;
        self.said.lock().unwrap().insert(asked, reply.clone());
        Ok(reply)
    }
}

async fn conversations(open: usize, rate: usize, seconds: usize, channel: &str) {
    let prompts = Arc::new(Prompts::with_overrides(Default::default()).unwrap());
    let house = House::with(Arc::new(Stub { model: Offline::new(prompts), said: Mutex::default() })).await;
    let token = house.token("admin", "admin").await;
    let question: Value = serde_json::from_str(include_str!("bundles/tier1-question.json")).unwrap();
    let mut places = Vec::new();
    for some in (0..open).collect::<Vec<_>>().chunks(100) {
        let asked = some.iter().map(|number| {
            let mut bundle = question.clone();
            bundle["customer"]["id"] = json!(format!("cus_load_{number}"));
            bundle["trigger"]["channel"] = json!(channel);
            house.request("/v1/conversations", &token, &bundle)
        });
        for seen in futures::future::join_all(asked).await {
            assert_eq!(seen.status, 201, "{}", seen.text);
            places.push(format!("{}/messages", seen.location));
        }
    }
    println!("{open} conversations are open; memory {} MiB", memory("VmRSS"));
    let began = Instant::now();
    let spent = processor_time();
    let mut tick = tokio::time::interval(Duration::from_secs(1) / u32::try_from(rate).unwrap());
    let mut asked = Vec::new();
    for number in 0..rate * seconds {
        tick.tick().await;
        let text = QUESTIONS[number / open % QUESTIONS.len()];
        let answer = house.request(&places[number % open], &token, &json!({ "text": text }));
        asked.push(tokio::spawn(async move {
            let began = Instant::now();
            (answer.await, began.elapsed())
        }));
    }
    let answers = futures::future::join_all(asked).await;
    let (wall, spent) = (began.elapsed().as_secs_f64(), processor_time() - spent);
    let mut own = Vec::new();
    let mut came = std::collections::BTreeMap::<String, usize>::new();
    for answer in answers {
        let (seen, took) = answer.unwrap();
        assert_eq!(seen.status, 201, "{}", seen.text);
        let answer = seen.json();
        let entries = house.attache.entries(&RunId::new(answer["run"].as_str().unwrap())).await.unwrap();
        let calls = entries.iter().filter(|entry| matches!(entry.event, Some(Event::ModelCalled(_)))).count();
        let handed = entries.iter().find_map(|entry| match &entry.event {
            Some(Event::Escalated(escalated)) => Some(escalated.reason_code.as_str()),
            _ => None,
        });
        *came.entry(format!("{} ({}) after {calls} calls", answer["outcome"], handed.unwrap_or("-"))).or_default() += 1;
        own.push(took.saturating_sub(MODEL * u32::try_from(calls).unwrap()));
    }
    let all = house.attache.store().count_runs(&RunFilter::default()).await.unwrap();
    let unfinished = RunFilter { unfinished: true, ..RunFilter::default() };
    let unfinished = house.attache.store().count_runs(&unfinished).await.unwrap();
    println!("{} messages in {wall:.1} s: {came:?}", own.len());
    println!("{:.2} ms of processor time a message, with that of whoever asks", spent * 1e3 / own.len() as f64);
    println!("{all} runs in the journal of {} that were asked for, {unfinished} unfinished", open + own.len());
    println!("peak memory {} MiB", memory("VmHWM"));
    tell("our own share", own);
}

/// Seconds that the processors worked for this process.
fn processor_time() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    // User and system time, in hundredths.
    fields[11..13].iter().map(|ticks| ticks.parse::<f64>().unwrap()).sum::<f64>() / 100.0
}

async fn desk(count: usize) {
    let data = tempfile::tempdir().unwrap();
    let began = Instant::now();
    fill(&LogStore::open(data.path(), LogOptions::default()).unwrap(), count).await;
    println!("{count} drafts are in the store after {:.1} s", began.elapsed().as_secs_f64());
    let began = Instant::now();
    let house = House::at(data).await;
    let token = house.token("admin", "admin").await;
    let cookie = house.sign_in("admin", PASSWORD).await.cookie;
    println!("the server answers after {:.1} s", began.elapsed().as_secs_f64());
    let pending = DraftFilter { state: Some(DraftState::Pending), limit: Some(400), ..DraftFilter::default() };
    let drafts = house.attache.store().drafts(&pending).await.unwrap();
    for tab in ["review", "escalated", "sent", "failed", "expired"] {
        let path = format!("/?tab={tab}");
        measure(&path, 400, async |_| house.page(&path, &cookie).await).await;
    }
    measure("/drafts/DRAFT", 400, async |n| {
        house.page(&format!("/drafts/{}", drafts[n % drafts.len()].draft), &cookie).await
    })
    .await;
    let after = drafts.last().map(|draft| format!("&cursor={}", draft.draft)).unwrap_or_default();
    for path in [format!("/v1/drafts?state=pending{after}"), "/v1/drafts".to_owned(), "/v1/runs".to_owned()] {
        measure(&path, 400, async |_| house.get(&path, &token).await).await;
    }
    measure("/metrics", 20, async |_| house.get("/metrics", &token).await).await;
    println!("peak memory {} MiB", memory("VmHWM"));
}

/// Runs with a draft each: most await a decision, the rest was sent, or its time is over.
async fn fill(store: &LogStore, count: usize) {
    let now = jiff::Timestamp::now();
    let at = |hours: i64| (now + jiff::SignedDuration::from_hours(hours)).to_string();
    for some in (0..count).collect::<Vec<_>>().chunks(1_000) {
        let mut commits = Vec::new();
        for number in some {
            let (run, customer) = (format!("run_{number:07}"), format!("cus_{}", number % 1_000));
            let due = if number % 10 == 9 { at(-1) } else { at(1 + i64::try_from(number % 72).unwrap()) };
            let mut writer = RunWriter::of(store, &customer, &run, &at(-48)).await;
            let mut events = drafted_run(&customer, &run, "call_2", &due);
            for (_, event) in &mut events {
                if let Event::RunStarted(started) = event {
                    // One that there is.
                    started.playbook = "support".to_owned();
                }
            }
            if number % 10 < 3 {
                events.push(review(&run, "call_2", attache::journal::Decision::Approve));
                events.push(sent("call_2", true));
                events.push(ended(attache::journal::Outcome::Resolved));
            }
            commits.push(store.append(writer.batch(events)));
        }
        for commit in commits {
            commit.await.unwrap();
        }
    }
}

async fn measure(what: &str, times: usize, ask: impl AsyncFn(usize) -> Seen) {
    let mut took = Vec::new();
    for number in 0..times {
        let began = Instant::now();
        let seen = ask(number).await;
        took.push(began.elapsed());
        assert_eq!(seen.status, 200, "{what}: {}", seen.text);
    }
    tell(what, took);
}

fn tell(what: &str, mut took: Vec<Duration>) {
    took.sort();
    let millis = |percent: usize| took[(took.len() * percent / 100).min(took.len() - 1)].as_secs_f64() * 1e3;
    println!("{what}: p50 {:.1} ms, p95 {:.1} ms, p99 {:.1} ms", millis(50), millis(95), millis(99));
}

/// A field of `/proc/self/status`, in MiB.
fn memory(field: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
    line.and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or_default() / 1024
}
