//! A load program: N four-call runs, C at a time, through the `openai` model
//! against a mock server, with policy, assessment and a durable journal on.
//!
//! It speaks the contract of the peer harness that this project measures
//! itself with: `BASE_URL`, `N`, `C`, `WARMUP`, `LATENCY_MS`, `FIXTURES` and `T0`
//! in the environment, one line of JSON on standard output. See
//! `cargo xtask peers`.
#![expect(clippy::print_stdout, reason = "the harness reads one line")]

use attache::engine::Report;
use attache::journal::Json;
use attache::log::{LogOptions, LogStore};
use attache::models::{ModelSpec, OpenAi, OpenAiConfig, Profile, Secret};
use attache::{Attache, Bundle, CallCx, Draft, NoFault, Read, Tool};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::borrow::Cow;
use std::error::Error;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// As the `attache` command has it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Each looks something up and gives a text of the harness.
struct Fixed<const WHICH: usize>(Json);

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
    ($which:literal, $name:literal, $effect:ty, $input:ty, $sinks:expr, $description:literal) => {
        impl Tool for Fixed<$which> {
            const NAME: &'static str = $name;
            type Effect = $effect;
            type Input = $input;
            type Output = Json;
            type Error = NoFault;

            fn description(&self) -> Cow<'static, str> {
                $description.into()
            }

            fn sinks(&self) -> &'static [&'static str] {
                $sinks
            }

            async fn call(&self, _: $input, _: CallCx<'_, $effect>) -> Result<Json, NoFault> {
                Ok(self.0.clone())
            }
        }
    };
}

fixed!(
    0,
    "crm_lookup",
    Read,
    Customer,
    &["/customer_id"],
    "Look a customer up in the CRM: orders, payments, consents."
);
fixed!(1, "kb_search", Read, Query, &[], "Search the knowledge base; returns the best articles.");
fixed!(2, "draft_email", Draft, Email, &["/to"], "Prepare an e-mail draft for human review. Does not send.");

const PLAYBOOK: &str = r#"
name = "load"
stage = "support"
purpose = "support"
goal = "Settle the ticket."
tools = ["crm_lookup", "kb_search", "draft_email"]
prompt = "load.tera"
plain_text = "close"
"#;

fn env(name: &str, otherwise: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| otherwise.to_owned())
}

fn number(name: &str, otherwise: usize) -> usize {
    env(name, "").parse().unwrap_or(otherwise)
}

/// A field of `/proc/self/status` in kB.
fn status_kb(field: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
    line.and_then(|rest| rest.split_whitespace().next()?.parse().ok()).unwrap_or_default()
}

/// User and system time of this process in seconds, from `/proc/self/stat`
/// (fields 14 and 15, in ticks of 10 ms) made finer by the scheduler's own sum.
fn cpu() -> (f64, f64) {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<f64> =
        stat.rsplit(')').next().unwrap_or_default().split_whitespace().map(|f| f.parse().unwrap_or_default()).collect();
    let (user, system) = (fields.get(11).copied().unwrap_or_default(), fields.get(12).copied().unwrap_or_default());
    let ticks = (user + system).max(1.0);
    let exact = fs::read_dir("/proc/self/task")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|task| fs::read_to_string(task.path().join("schedstat")).ok())
        .filter_map(|text| text.split_whitespace().next()?.parse::<f64>().ok())
        .sum::<f64>()
        / 1e9;
    (exact * user / ticks, exact * system / ticks)
}

/// The harness's text as a bundle: the ticket is what the customer wrote, the
/// lines that the support desk assembled are one fact of their history.
fn bundle(context: &str) -> Result<Bundle, Box<dyn Error>> {
    let (ticket, history) = context.split_once("\n\nContext bundle").unwrap_or((context, ""));
    let history: Vec<&str> = history.lines().skip(1).collect();
    let fact = |key: &str, value: Value, source: &str| {
        json!({"key": key, "value": value, "source": source, "system": "crm", "observed_at": "2026-10-01T00:00:00Z",
               "purposes": ["support"], "sensitivity": "internal"})
    };
    let bundle = json!({
        "version": 1,
        "customer": {"id": "C-10294", "name": "Dana Whitfield", "emails": ["dana@example.com"], "locale": "en-US"},
        "trigger": {"kind": "message", "channel": "email", "at": "2026-11-20T09:12:00Z", "text": ticket},
        "consent": {"ai_interaction": true, "marketing_email": false, "profiling": true},
        "identity": [fact("company.name", json!("Northwind"), "first_party"), fact("company.size", json!(120), "third_party")],
        "zero_party": [fact("goal.primary", json!("fewer returns"), "zero_party"), fact("pref.channel", json!("email"), "zero_party")],
        "intent": [fact("page.last", json!("/returns"), "first_party"), fact("lead.score", json!(81), "inferred")],
        "contextual": [fact("contact.last_at", json!("2026-11-01T00:00:00Z"), "first_party"), fact("history", json!(history), "first_party")],
    });
    Ok(Bundle::parse(bundle.to_string().as_bytes())?)
}

fn open(data: PathBuf, fixtures: &str) -> Result<Attache, Box<dyn Error>> {
    let read =
        |name: &str| fs::read_to_string(format!("{fixtures}/{name}")).map_err(|e| format!("{fixtures}/{name}: {e}"));
    let value = |name: &str| -> Result<Json, Box<dyn Error>> { Ok(Json::parse(read(name)?)?) };
    let model = OpenAi::new(OpenAiConfig {
        base_url: env("BASE_URL", "http://127.0.0.1:8080/v1"),
        api_key: Some(Secret::new("x")),
        models: vec![ModelSpec::named("mock-1")],
        profile: Profile::Compatible,
        ..OpenAiConfig::default()
    })?;
    Ok(Attache::builder()
        .store(Arc::new(LogStore::open(&data, LogOptions::default())?))
        .tool(Fixed::<0>(value("crm_lookup.json")?))
        .tool(Fixed::<1>(value("kb_search.json")?))
        .tool(Fixed::<2>(value("draft_email.json")?))
        // Data, not a template: whatever stands in it is taken as it is.
        .prompt("load.tera", format!("{{% raw %}}{}{{% endraw %}}", read("system.txt")?))
        .playbook("load.toml", PLAYBOOK)
        .model(Arc::new(model))
        .build()?)
}

async fn one(attache: &Attache, bundle: &Arc<Bundle>) -> Result<(), String> {
    let report: Report = attache.run(bundle.clone(), Some("load")).await.map_err(|e| e.to_string())?;
    match report.closing_note {
        Some(note) if note.contains("ANSWER-OK") => Ok(()),
        other => Err(format!("{}: {other:?}", report.ended.outcome)),
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let spawned: f64 = env("T0", "").parse().unwrap_or_default();
    let (runs, at_once, warm_up) = (number("N", 1), number("C", 1), number("WARMUP", 0));
    let fixtures = env("FIXTURES", ".");
    let data = std::env::temp_dir().join(format!("attache-load-{}", std::process::id()));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let line = runtime.block_on(async {
        let attache = Arc::new(open(data.clone(), &fixtures)?);
        let bundle = Arc::new(bundle(&fs::read_to_string(format!("{fixtures}/context.txt"))?)?);
        let ready = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs_f64() - spawned;
        for _ in 0..warm_up {
            one(&attache, &bundle).await?;
        }
        let before_kb = status_kb("VmHWM");
        // From now on the peak counts from here; where that is not allowed the
        // figure is only too high.
        let _ = fs::write("/proc/self/clear_refs", "5");
        let rss_kb = status_kb("VmRSS");
        let next = Arc::new(AtomicUsize::new(0));
        let ((user, system), started) = (cpu(), Instant::now());
        let workers: Vec<_> = (0..at_once)
            .map(|_| {
                let (attache, bundle, next) = (attache.clone(), bundle.clone(), next.clone());
                tokio::spawn(async move {
                    let (mut millis, mut errors) = (Vec::new(), Vec::new());
                    while next.fetch_add(1, Ordering::Relaxed) < runs {
                        let started = Instant::now();
                        errors.extend(one(&attache, &bundle).await.err());
                        millis.push(started.elapsed().as_secs_f64() * 1e3);
                    }
                    (millis, errors)
                })
            })
            .collect();
        let (mut millis, mut errors) = (Vec::new(), Vec::new());
        for worker in workers {
            let (some, wrong) = worker.await?;
            millis.extend(some);
            errors.extend(wrong);
        }
        let wall = started.elapsed().as_secs_f64();
        let (user_after, system_after) = cpu();
        millis.sort_by(f64::total_cmp);
        let percentile = |p: usize| millis.get((millis.len() * p / 100).min(millis.len().saturating_sub(1))).copied();
        errors.truncate(2);
        Ok::<Value, Box<dyn Error>>(json!({
            "peer": "attache", "version": env!("CARGO_PKG_VERSION"),
            "mode": "openai model, policy, assessment, pseudonyms, durable journal (group commit)",
            "runs": runs, "concurrency": at_once, "latency_ms": number("LATENCY_MS", 0),
            "wall_s": wall, "runs_per_s": runs as f64 / wall,
            "cpu_s_user": user_after - user, "cpu_s_sys": system_after - system,
            "max_rss_kb": status_kb("VmHWM").max(before_kb), "rss_before_kb": rss_kb, "peak_load_kb": status_kb("VmHWM"),
            "p50_ms": percentile(50), "p95_ms": percentile(95), "p99_ms": percentile(99),
            "import_or_start_s": ready, "errors": errors.len(), "error_sample": errors, "runtime": "rust/tokio",
        }))
    });
    // Scratch, whatever came out.
    let _ = fs::remove_dir_all(&data);
    println!("{}", line?);
    Ok(())
}
