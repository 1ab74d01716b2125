//! The promises about forgetting a person.

use super::{START, append, customer, entries, runs};
use crate::{RunWriter, drafted_run, handed_run, sample_run, sent};
use attache_journal::{
    Actor, Batch, Chain, DraftFilter, DraftState, Entry, Erased, Event, Outcome, RunFilter, RunId, Store, StoreError,
    Subject, verify_head,
};
use jiff::Timestamp;

fn order(subject: &Subject) -> Batch {
    let mut chain = Chain::new(RunId::new("order"), None);
    let erased = Erased { subject: subject.id().clone(), runs: 2, reason: None };
    let by = Actor::Human("kim".to_owned());
    let sealed = chain.seal(START.parse().expect("a time"), &by, &erased.into()).expect("an event can be sealed");
    Batch { run: RunId::new("order"), entries: vec![sealed] }
}

/// Ada has an answered, a drafted and a handed-over run, and one that goes on; Bob one.
async fn filled(store: &impl Store) -> RunWriter {
    append(store, RunWriter::of(store, "ada", "run_1", START).await.batch(sample_run("ada"))).await;
    let drafted = drafted_run("ada", "run_2", "call_2", "2026-11-23T09:00:00Z");
    append(store, RunWriter::of(store, "ada", "run_2", START).await.batch(drafted)).await;
    append(store, RunWriter::of(store, "bob", "run_3", START).await.batch(sample_run("bob"))).await;
    append(store, RunWriter::of(store, "ada", "run_0", START).await.batch(handed_run("ada"))).await;
    let mut going = RunWriter::of(store, "ada", "run_4", START).await;
    append(store, going.batch(sample_run("ada").into_iter().take(4))).await;
    going
}

fn unreadable(entries: &[Entry]) -> bool {
    entries.iter().all(|entry| entry.event.is_none() && entry.salt.is_none())
}

pub(super) async fn erasing(store: &impl Store) {
    let mut going = filled(store).await;
    let subject = store.subject(&customer("ada")).await.expect("a subject");
    let before = entries(store, "run_1").await;
    let counted = store.runs(&RunFilter::default()).await.expect("runs can be listed");
    append(store, order(&subject)).await;
    let after = entries(store, "run_1").await;
    assert!(unreadable(&after) && after.len() == before.len(), "the events are gone, the entries are not");
    assert!(
        before.iter().zip(&after).all(|(before, after)| before.hash == after.hash && before.outline == after.outline),
        "the chain and what is counted are as they were"
    );
    let head = serde_json::to_vec(after.first().expect("an entry")).expect("an entry is JSON");
    assert!(verify_head(&head).is_ok(), "an erased entry can still be checked");
    let order_is_told = entries(store, "order").await;
    assert!(matches!(order_is_told.first().map(|e| &e.event), Some(Some(Event::Erased(_)))), "the order is told");
    forgotten(store).await;
    let left = store.runs(&RunFilter::default()).await.expect("runs can be listed");
    let figures = |runs: &[attache_journal::RunSummary]| {
        let of = |run: &attache_journal::RunSummary| (run.run.clone(), run.outcome, run.usage, run.entries, run.stage);
        runs.iter().map(of).collect::<Vec<_>>()
    };
    assert_eq!(figures(&left), figures(&counted), "the figures add up as before");
    let refused = store.append(going.batch([sent("call_9", true)])).await;
    assert_eq!(refused, Err(StoreError::Erased { run: RunId::new("run_4") }), "nothing is added to what was erased");
    let again = store.subject(&customer("ada")).await.expect("a subject");
    assert_ne!(again.id(), subject.id(), "who comes back is somebody else");
    append(store, RunWriter::of(store, "ada", "run_5", START).await.batch(sample_run("ada"))).await;
    assert_eq!(runs(store, RunFilter { customer: Some(customer("ada")), ..RunFilter::default() }).await, ["run_5"]);
    assert!(!unreadable(&entries(store, "run_5").await), "what is new can be read");
}

/// What no query tells any more.
async fn forgotten(store: &impl Store) {
    let of_ada = RunFilter { customer: Some(customer("ada")), ..RunFilter::default() };
    assert!(runs(store, of_ada).await.is_empty(), "no run is hers");
    assert_eq!(runs(store, RunFilter { unfinished: true, ..RunFilter::default() }).await, [""; 0], "none goes on");
    assert_eq!(store.history(&customer("ada"), Timestamp::MIN).await, Ok(Vec::new()), "she has no history");
    assert_eq!(store.handed_over(&customer("ada"), Timestamp::MIN).await, Ok(Vec::new()), "nobody has her");
    let drafts = store.drafts(&DraftFilter::default()).await.expect("drafts can be listed");
    assert!(
        drafts.iter().all(|draft| draft.customer.is_none() && draft.state == DraftState::Stopped),
        "no draft waits"
    );
    let all = store.runs(&RunFilter::default()).await.expect("runs can be listed");
    let named: Vec<_> = all.iter().filter_map(|run| run.customer.as_ref()).map(|id| id.as_str()).collect();
    assert_eq!(named, ["bob"], "nobody else is forgotten");
    let bob = entries(store, "run_3").await;
    assert!(matches!(bob.last().map(|e| &e.event), Some(Some(Event::RunEnded(e))) if e.outcome == Outcome::Resolved));
}

pub(super) async fn reopening<S: Store>(open: &impl AsyncFn(&str) -> S) {
    let name = "erasing, then reopening";
    let mut store = open(name).await;
    filled(&store).await;
    drop(store);
    store = open(name).await;
    let subject = store.subject(&customer("ada")).await.expect("a subject");
    append(&store, order(&subject)).await;
    for round in 0..2 {
        assert!(unreadable(&entries(&store, "run_1").await), "round {round}");
        forgotten(&store).await;
        drop(store);
        store = open(name).await;
    }
}
