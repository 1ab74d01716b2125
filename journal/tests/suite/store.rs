//! What a commit, a receipt and the store in memory promise.

use crate::samples::samples;
use attache_context::CustomerId;
use attache_journal::{
    Actor, Batch, Chain, Commit, Event, MemoryStore, Receipt, RunFilter, RunId, Store as _, StoreError,
};
use futures::FutureExt as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

fn run() -> RunId {
    RunId::new("run_1")
}

fn customer() -> CustomerId {
    CustomerId::new("cus_1042").unwrap()
}

fn batch(chain: &mut Chain, events: impl IntoIterator<Item = Event>) -> Batch {
    let at = "2026-11-20T09:00:00Z".parse().unwrap();
    let entries = events.into_iter().map(|event| chain.seal(at, &Actor::System, &event).unwrap()).collect();
    Batch { run: chain.run().clone(), entries }
}

/// A run of twelve entries, four at a time.
fn batches(store: &MemoryStore, run: RunId) -> Vec<Batch> {
    let (mut chain, mut events) =
        (Chain::new(run, Some(block_on(store.subject(&customer())).unwrap())), samples().into_iter());
    (0..3).map(|_| batch(&mut chain, events.by_ref().take(4))).collect()
}

#[test]
fn a_receipt_covers_what_is_before_its_end_and_of_its_run() {
    let receipt = Receipt::for_store(run(), 2);
    assert!(receipt.covers(&run(), 0));
    assert!(receipt.covers(&run(), 1));
    assert!(!receipt.covers(&run(), 2));
    assert!(!receipt.covers(&run(), u64::MAX));
    assert!(!receipt.covers(&RunId::new("run_2"), 0));
    assert!(!Receipt::for_store(run(), 0).covers(&run(), 0));
}

#[test]
fn a_commit_waits_for_its_store() {
    let (sender, mut commit) = Commit::pending();
    assert_eq!((&mut commit).now_or_never(), None);
    let receipt = Receipt::for_store(run(), 1);
    sender.send(Ok(receipt.clone())).unwrap();
    assert_eq!(block_on(commit), Ok(receipt));
}

#[test]
fn a_commit_tells_once_that_somebody_waits() {
    let told = Arc::new(AtomicU32::new(0));
    let (_sender, commit) = Commit::pending();
    let mut commit = commit.when_waited_for({
        let told = Arc::clone(&told);
        move || {
            told.fetch_add(1, Ordering::Relaxed);
        }
    });
    assert_eq!(told.load(Ordering::Relaxed), 0, "nobody waits yet");
    assert_eq!((&mut commit).now_or_never(), None);
    assert_eq!((&mut commit).now_or_never(), None);
    assert_eq!(told.load(Ordering::Relaxed), 1);
}

#[test]
fn a_commit_that_nobody_resolves_is_closed() {
    let (sender, commit) = Commit::pending();
    drop(sender);
    assert_eq!(block_on(commit), Err(StoreError::Closed));
}

#[test]
fn a_ready_commit_needs_no_waiting() {
    assert_eq!(Commit::ready(Err(StoreError::Full)).now_or_never(), Some(Err(StoreError::Full)));
}

#[test]
fn entries_come_back_and_each_receipt_covers_all_so_far() {
    let store = MemoryStore::new();
    for (i, batch) in (1..).zip(batches(&store, run())) {
        // Dropping a commit withdraws nothing.
        let commit = store.append(batch);
        if i == 2 {
            drop(commit);
        } else {
            assert_eq!(block_on(commit), Ok(Receipt::for_store(run(), i * 4)));
        }
    }
    let entries = block_on(store.entries(&run())).unwrap();
    let events: Vec<_> = entries.iter().filter_map(|entry| entry.event.clone()).collect();
    assert_eq!(events, samples()[..12]);
    assert_eq!(Chain::after(run(), None, &entries).unwrap().next_seq(), 12);
}

#[test]
fn a_conflict_changes_nothing() {
    let store = MemoryStore::new();
    let all = batches(&store, run());
    block_on(store.append(all[0].clone())).unwrap();
    let conflict = |expected, found| Err(StoreError::Conflict { run: run(), expected, found });
    assert_eq!(block_on(store.append(all[0].clone())), conflict(4, 0), "a second writer");
    assert_eq!(block_on(store.append(all[2].clone())), conflict(4, 8), "a gap");
    let mut holed = all[1].clone();
    holed.entries.remove(1);
    assert_eq!(block_on(store.append(holed)), conflict(5, 6), "a gap within: kept whole or not at all");
    assert_eq!(block_on(store.entries(&run())).unwrap().len(), 4);
    assert_eq!(block_on(store.append(all[1].clone())), Ok(Receipt::for_store(run(), 8)));
}

#[test]
fn a_conflict_on_a_run_that_is_not_there_makes_none() {
    let store = MemoryStore::new();
    let second = batches(&store, run()).remove(1);
    let fault = block_on(store.append(second)).unwrap_err();
    assert_eq!(fault.to_string(), "run run_1 is at entry 0, not at 4: somebody else wrote to it");
    assert_eq!(block_on(store.entries(&run())), Ok(Vec::new()));
    assert_eq!(block_on(store.runs(&RunFilter::default())), Ok(Vec::new()));
}

#[test]
fn runs_do_not_disturb_each_other() {
    let store = MemoryStore::new();
    let (one, two) = (batches(&store, run()), batches(&store, RunId::new("run_2")));
    for batch in one.into_iter().zip(two).flat_map(|(one, two)| [one, two]) {
        block_on(store.append(batch)).unwrap();
    }
    let runs = block_on(store.runs(&RunFilter::default())).unwrap();
    assert_eq!(runs.iter().map(|run| run.run.as_str()).collect::<Vec<_>>(), ["run_2", "run_1"]);
    assert!(runs.iter().all(|run| run.entries == 12 && run.drafts.len() == 1));
    let history = block_on(store.history(&customer(), jiff::Timestamp::UNIX_EPOCH)).unwrap();
    assert_eq!(history.len(), 2, "a message each");
    assert_eq!(block_on(store.drafts(&attache_journal::DraftFilter::default())).unwrap().len(), 2);
}

#[test]
fn of_many_writers_of_one_run_exactly_one_wins() {
    let store = MemoryStore::new();
    let first = batches(&store, run()).remove(0);
    let wins = std::thread::scope(|scope| {
        let writers: Vec<_> = (0..8)
            .map(|_| {
                let (store, batch) = (&store, first.clone());
                scope.spawn(move || block_on(store.append(batch)).is_ok())
            })
            .collect();
        writers.into_iter().map(|writer| usize::from(writer.join().unwrap())).sum::<usize>()
    });
    assert_eq!(wins, 1);
    assert_eq!(block_on(store.entries(&run())).unwrap().len(), 4);
}
