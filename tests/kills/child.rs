//! The process that is killed: eight customers at a time, each run on a real
//! log with a real outbox, each draft approved. It says line by line what it
//! was told is durable.

use async_trait::async_trait;
use attache::engine::Review;
use attache::journal::{
    CallRequest, Decision, DraftFilter, DraftId, DraftState, Message, Outcome, Reply, RunId, Store, verify,
};
use attache::log::{LogOptions, LogStore};
use attache::models::FunctionModel;
use attache::planner::ModelRequest;
use attache::tools::{Ask, KnowledgeBase, Passage, PortError};
use attache::{Attache, Bundle};
use futures::StreamExt;
use serde_json::json;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Set to the folder in the process that is to be killed.
pub(crate) const FOLDER: &str = "ATTACHE_KILLS_FOLDER";
/// Set when it is to finish what is there and no more.
pub(crate) const LAST: &str = "ATTACHE_KILLS_LAST";

struct OnePassage;

#[async_trait]
impl KnowledgeBase for OnePassage {
    async fn search(&self, _: &Ask<'_>) -> Result<Vec<Passage>, PortError> {
        Ok(vec![Passage {
            id: "start#0-30".into(),
            doc: "start".into(),
            title: "Start".into(),
            passage: "Open Settings, then choose one.".into(),
            start: 0,
            end: 30,
            score: 1.0,
            fit: None,
            about: Default::default(),
        }])
    }
}

/// Looks something up, then writes.
fn plan(request: &ModelRequest<'_>) -> Reply {
    let looked_up = request.transcript.iter().any(|message| matches!(**message, Message::Tool { .. }));
    let (name, arguments) = match request.playbook.name.as_str() {
        _ if !looked_up => ("kb_search", json!({ "query": "start" })),
        "support" => ("reply", json!({ "text": "Open Settings.", "cite": ["start#0-30"] })),
        _ => ("draft_email", json!({ "subject": "Start", "body": "Open Settings.", "cite": [] })),
    };
    let call = CallRequest { id: "m1".into(), name: name.into(), arguments: arguments.to_string() };
    Reply { text: None, calls: vec![call] }
}

fn bundle(number: u64) -> Arc<Bundle> {
    let at = "2026-11-20T09:00:00Z";
    let trigger = if number.is_multiple_of(3) {
        json!({ "kind": "message", "channel": "email", "at": at, "text": "How do I start?" })
    } else {
        json!({ "kind": "signal", "signal": "usage_gap", "at": at, "evidence": [] })
    };
    let bundle = json!({
        "version": 1,
        "customer": { "id": format!("cus_{number}"), "emails": [format!("c{number}@customer.example")] },
        "trigger": trigger,
        "consent": { "ai_interaction": true, "marketing_email": true, "profiling": true },
    });
    Arc::new(Bundle::parse(bundle.to_string().as_bytes()).unwrap())
}

fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    out.write_all(format!("@ {line}\n").as_bytes()).and_then(|()| out.flush()).unwrap();
}

async fn approve(attache: &Attache, draft: &DraftId) {
    let (run, shown) = attache.engine().draft(draft).await.unwrap();
    let review = Review {
        by: "kim".into(),
        decision: Decision::Approve,
        digest: shown.digest,
        reason: None,
        subject: None,
        body: None,
    };
    let report = attache.engine().review(draft, review).await.unwrap();
    say(&format!("approved {run} {}", report.ended.outcome));
}

/// The drafts of a run, or of all, that await a person.
async fn waiting(store: &LogStore, run: Option<&RunId>) -> Vec<DraftId> {
    let drafts = store.drafts(&DraftFilter::default()).await.unwrap().into_iter();
    let waits = drafts.filter(|draft| draft.state == DraftState::Pending && run.is_none_or(|run| draft.run == *run));
    waits.map(|draft| draft.draft).collect()
}

pub(crate) fn main(folder: &Path, last: bool) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    // Small segments: some kills meet a rotation.
    let options = LogOptions::default().segment_bytes(64 << 10);
    let store = Arc::new(LogStore::open(folder, options).unwrap());
    let attache = Attache::builder()
        .store(store.clone())
        .knowledge_base(Arc::new(OnePassage))
        .model(Arc::new(FunctionModel::new("plan", |request: &ModelRequest<'_>| Ok(plan(request)))))
        .outbox_folder(folder.join("outbox"), "Brightwater <team@brightwater.example>")
        .unwrap()
        .observe(|line| {
            let entry = verify(line).unwrap();
            say(&format!("entry {} {} {}", entry.run, entry.seq, entry.hash));
        })
        .build()
        .unwrap();
    runtime.block_on(async {
        say("up");
        let mut resumed = attache.engine().resume_all().await.unwrap();
        while let Some((run, result)) = resumed.next().await {
            say(&format!("resumed {run} {}", result.unwrap().ended.outcome));
        }
        for draft in waiting(&store, None).await {
            approve(&attache, &draft).await;
        }
        if last {
            return;
        }
        // The process id keeps customers of different lives apart.
        let next = AtomicU64::new(u64::from(std::process::id()) * 1_000_000);
        let work = async || {
            loop {
                let report = attache.run(bundle(next.fetch_add(1, Ordering::SeqCst)), None).await.unwrap();
                say(&format!("ended {} {}", report.run, report.ended.outcome));
                if report.ended.outcome == Outcome::Drafted {
                    for draft in waiting(&store, Some(&report.run)).await {
                        approve(&attache, &draft).await;
                    }
                }
            }
        };
        futures::future::join_all((0..8).map(|_| work())).await;
    });
}
