//! What the framework costs: a whole run of four model turns (look the customer
//! up, search, draft, close) with policy, guards and the journal on, against a
//! model in this process that answers at once. One run at a time and 64 at
//! once, with a journal in memory and with a durable one. `BENCH_DIR` names the
//! disk; the default is the system's folder for temporary files.
#![expect(clippy::expect_used, clippy::panic, reason = "a failed step ends the bench")]

use attache::journal::{CallRequest, Message, Reply, Store};
use attache::log::{LogOptions, LogStore};
use attache::models::FunctionModel;
use attache::{Attache, Bundle, CallCx, Draft, MemoryStore, NoFault, Read, Tool};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::borrow::Cow;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Each gives a fixed answer.
struct Fixed<const WHICH: usize>(Value);

#[derive(Deserialize, JsonSchema, Serialize)]
struct Customer {
    customer_id: String,
}

#[derive(Deserialize, JsonSchema, Serialize)]
struct Query {
    query: String,
}

#[derive(Deserialize, JsonSchema, Serialize)]
struct Email {
    to: String,
    subject: String,
    body: String,
}

macro_rules! fixed {
    ($which:literal, $name:literal, $effect:ty, $input:ty, $sinks:expr) => {
        impl Tool for Fixed<$which> {
            const NAME: &'static str = $name;
            type Effect = $effect;
            type Input = $input;
            type Output = Value;
            type Error = NoFault;

            fn description(&self) -> Cow<'static, str> {
                concat!("The tool `", $name, "` of the bench.").into()
            }

            fn sinks(&self) -> &'static [&'static str] {
                $sinks
            }

            async fn call(&self, _: $input, _: CallCx<'_, $effect>) -> Result<Value, NoFault> {
                Ok(self.0.clone())
            }
        }
    };
}

fixed!(0, "crm_lookup", Read, Customer, &["/customer_id"]);
fixed!(1, "kb_search", Read, Query, &[]);
fixed!(2, "draft_email", Draft, Email, &["/to"]);

const PLAYBOOK: &str = r#"
name = "bench"
stage = "support"
purpose = "support"
goal = "Settle the ticket."
tools = ["crm_lookup", "kb_search", "draft_email"]
prompt = "bench.tera"
plain_text = "close"
"#;

const CLOSING: &str = "The order is on its way and the draft is filed.";

/// What the model asks for, a turn each.
const CALLS: [(&str, &str); 3] = [
    ("crm_lookup", r#"{"customer_id":"C-10294"}"#),
    ("kb_search", r#"{"query":"how long does a refund take after a return"}"#),
    (
        "draft_email",
        r#"{"to":"dana@example.com","subject":"Your refund","body":"Hello Dana,\n\nyour refund arrives within five days.\n\nKind regards"}"#,
    ),
];

/// The turn follows from the conversation, so that one model serves many runs.
fn reply(transcript: &[Arc<Message>]) -> Reply {
    let turn = transcript.iter().filter(|message| matches!(***message, Message::Assistant(_))).count();
    match CALLS.get(turn) {
        Some(&(name, arguments)) => {
            let call = CallRequest { id: format!("c{turn}"), name: name.to_owned(), arguments: arguments.to_owned() };
            Reply { text: None, calls: vec![call] }
        }
        None => Reply { text: Some(CLOSING.to_owned()), calls: Vec::new() },
    }
}

fn bundle() -> Arc<Bundle> {
    let fact = |key: &str, value: &str, source: &str| {
        json!({"key": key, "value": value, "source": source, "system": "crm", "observed_at": "2026-10-01T00:00:00Z",
               "purposes": ["support"], "sensitivity": "internal"})
    };
    let bundle = json!({
        "version": 1,
        "customer": {"id": "C-10294", "name": "Dana Whitfield", "emails": ["dana@example.com"], "locale": "en-US"},
        "trigger": {"kind": "message", "channel": "email", "at": "2026-11-20T09:12:00Z",
                    "text": "I sent the scanner back two weeks ago. When will I have my refund?"},
        "consent": {"ai_interaction": true, "marketing_email": false, "profiling": true},
        "identity": [fact("company.name", "Northwind", "first_party"), fact("company.size", "120", "third_party")],
        "zero_party": [fact("goal.primary", "fewer returns", "zero_party")],
        "intent": [fact("page.last", "/returns", "first_party"), fact("lead.score", "81", "inferred")],
        "contextual": [fact("nps.last", "9", "first_party")],
    });
    Arc::new(Bundle::parse(bundle.to_string().as_bytes()).expect("a bundle"))
}

fn open(store: Arc<dyn Store>) -> Arc<Attache> {
    let customer = json!({"id": "C-10294", "name": "Dana Whitfield", "orders": [{"id": "O-1", "state": "returned"}]});
    let hits = json!({"hits": [{"id": "refunds#11-50", "passage": "You get your money back within five days."}]});
    let built = Attache::builder()
        .store(store)
        .tool(Fixed::<0>(customer))
        .tool(Fixed::<1>(hits))
        .tool(Fixed::<2>(json!({"draft": "filed"})))
        .prompt("bench.tera", "You settle tickets. Look the customer up, search, draft, then say that it is done.")
        .playbook("bench.toml", PLAYBOOK)
        .model(Arc::new(FunctionModel::new("bench", |request| Ok(reply(request.transcript)))))
        .build();
    Arc::new(built.unwrap_or_else(|fault| panic!("{fault}")))
}

async fn one(attache: &Attache, bundle: &Arc<Bundle>) {
    let report = attache.run(bundle.clone(), Some("bench")).await.expect("a run");
    assert_eq!(report.closing_note.as_deref(), Some(CLOSING), "{:?}", report.ended);
}

async fn runs(attache: &Arc<Attache>, bundle: &Arc<Bundle>, at_once: usize, rounds: u64) -> Duration {
    let start = Instant::now();
    let tasks: Vec<_> = (0..at_once)
        .map(|_| {
            let (attache, bundle) = (attache.clone(), bundle.clone());
            tokio::spawn(async move {
                for _ in 0..rounds {
                    one(&attache, &bundle).await;
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("a task");
    }
    start.elapsed()
}

fn four_calls(c: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let bundle = bundle();
    let mut group = c.benchmark_group("four_call_runs");
    group.sample_size(10).measurement_time(Duration::from_secs(4));
    for at_once in [1, 64] {
        group.throughput(Throughput::Elements(at_once as u64));
        for durable in [false, true] {
            let name = if durable { "log" } else { "memory" };
            group.bench_function(format!("{name}/{at_once}"), |b| {
                b.iter_custom(|rounds| {
                    // A fresh store for each sample: the history of one customer grows with every run.
                    let folder = std::env::var_os("BENCH_DIR").map_or_else(tempfile::tempdir, tempfile::tempdir_in);
                    let folder = folder.expect("a folder");
                    let attache = open(if durable {
                        Arc::new(LogStore::open(folder.path(), LogOptions::default()).expect("a journal"))
                    } else {
                        Arc::new(MemoryStore::new())
                    });
                    runtime.block_on(runs(&attache, &bundle, at_once, rounds))
                });
            });
        }
    }
    group.finish();
}

criterion_group!(benches, four_calls);
criterion_main!(benches);
