//! What every keeper of a journal must pass.

use crate::{RunWriter, drafted_run, handed_run, review, sample_run, sent};
use attache_context::CustomerId;
use attache_journal::{
    Batch, Chain, Decision, DraftFilter, Entry, Event, RunFilter, RunId, Sealed, Store, StoreError, verify_head,
};
use futures::future::join;
use jiff::Timestamp;

/// What a store does when it is dropped and opened again.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Durability {
    /// It has everything it had.
    Durable,
    /// It is empty: only for tests.
    Volatile,
}

const START: &str = "2026-11-20T09:00:00Z";

/// Tries a store against every promise of [`Store`].
///
/// `open` is given a name and opens the store of that name; the first time, it
/// must be empty. With [`Durability::Durable`], the suite drops stores and opens
/// them again, and everything must still be there.
///
/// # Panics
/// With what is wrong, if a promise is broken.
///
/// # Examples
/// ```
/// use attache_journal::MemoryStore;
/// use attache_testkit::{Durability, store_conformance};
///
/// let open = async |_: &str| MemoryStore::new();
/// attache_testkit::block_on(store_conformance(open, Durability::Volatile));
/// ```
pub async fn store_conformance<S: Store>(open: impl AsyncFn(&str) -> S, durability: Durability) {
    round_trip(&open("round_trip").await).await;
    order(&open("order").await).await;
    conflicts(&open("conflicts").await).await;
    two_writers(&open("two_writers").await).await;
    queries::nothing(&open("nothing").await).await;
    queries::listing(&open("listing").await).await;
    queries::history(&open("history").await).await;
    queries::handed_over(&open("handed_over").await).await;
    queries::drafts(&open("drafts").await).await;
    erasure::erasing(&open("erasing").await).await;
    if durability == Durability::Durable {
        reopening(&open).await;
        erasure::reopening(&open).await;
    }
}

async fn append(store: &impl Store, batch: Batch) {
    let (run, next) = (batch.run.clone(), batch.entries.last().map_or(0, |entry| entry.seq + 1));
    let receipt = store.append(batch).await.unwrap_or_else(|e| panic!("a good batch of {run} was refused: {e}"));
    assert!(receipt.covers(&run, next.saturating_sub(1)), "the receipt does not cover the batch of {run}");
    assert!(!receipt.covers(&run, next), "the receipt of {run} covers what was not written");
}

async fn entries(store: &impl Store, run: &str) -> Vec<Entry> {
    store.entries(&RunId::new(run)).await.unwrap_or_else(|e| panic!("the entries of {run} cannot be read: {e}"))
}

async fn runs(store: &impl Store, filter: RunFilter) -> Vec<String> {
    let runs = store.runs(&filter).await.unwrap_or_else(|e| panic!("runs cannot be listed: {e}"));
    runs.iter().map(|run| run.run.to_string()).collect()
}

fn same(found: &[Entry], written: &[Sealed]) {
    let heads = |entries: &[Entry]| entries.iter().map(|entry| entry.hash.clone()).collect::<Vec<_>>();
    let written: Vec<_> = written.iter().map(|sealed| verify_head(&sealed.head).expect("a sealed head")).collect();
    assert_eq!(heads(found), heads(&written), "the entries are not those that were written");
    let readable = |entry: &Entry| entry.event.as_ref().is_some_and(|event| event.outline() == entry.outline);
    assert!(found.iter().all(readable), "an event is not there");
}

fn customer(id: &str) -> CustomerId {
    CustomerId::new(id).expect("a customer's id")
}

fn time(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

async fn round_trip(store: &impl Store) {
    let mut writer = RunWriter::of(store, "ada", "run_1", START).await;
    let batch = writer.batch(sample_run("ada"));
    append(store, batch.clone()).await;
    let found = entries(store, "run_1").await;
    same(&found, &batch.entries);
    let chain = Chain::after(RunId::new("run_1"), None, &found).expect("what was read is a chain");
    assert_eq!(chain.next_seq(), 10, "the chain goes on after the last entry");
}

async fn order(store: &impl Store) {
    let mut first = RunWriter::of(store, "ada", "run_1", START).await;
    let mut second = RunWriter::of(store, "ada", "run_2", START).await;
    let (mut commits, mut written) = (Vec::new(), Vec::new());
    for event in sample_run("ada") {
        let batch = first.batch([event.clone()]);
        written.extend(batch.entries.clone());
        // Not awaited: a batch counts from the call on.
        commits.push(store.append(batch));
        commits.push(store.append(second.batch([event])));
    }
    for commit in commits {
        assert!(commit.await.is_ok(), "a batch that follows one not yet durable was refused");
    }
    same(&entries(store, "run_1").await, &written);
    assert_eq!(entries(store, "run_2").await.len(), written.len(), "two runs do not mix");
    // A run that has ended goes on, when its draft is decided for example.
    append(store, first.batch([sent("call_3", false)])).await;
    assert_eq!(entries(store, "run_1").await.len(), written.len() + 1, "a run that ended can go on");
}

async fn conflicts(store: &impl Store) {
    let mut writer = RunWriter::of(store, "ada", "run_1", START).await;
    let all = writer.batch(sample_run("ada")).entries;
    let part = |range: std::ops::Range<usize>| Batch {
        run: RunId::new("run_1"),
        entries: all.get(range).unwrap_or_default().to_vec(),
    };
    let conflict = |expected, found| Err::<(), _>(StoreError::Conflict { run: RunId::new("run_1"), expected, found });
    let tried = store.append(part(1..2)).await.map(drop);
    assert_eq!(tried, conflict(0, 1), "a run must begin at 0");
    append(store, part(0..3)).await;
    assert_eq!(store.append(part(2..4)).await.map(drop), conflict(3, 2), "an entry must not be written twice");
    assert_eq!(store.append(part(4..5)).await.map(drop), conflict(3, 4), "no entry may be left out");
    let mut gap = part(3..4);
    gap.entries.extend(part(5..6).entries);
    assert_eq!(store.append(gap).await.map(drop), conflict(4, 5), "a batch must have no gap");
    same(&entries(store, "run_1").await, &part(0..3).entries);
    append(store, part(3..5)).await;
    same(&entries(store, "run_1").await, &part(0..5).entries);
}

async fn two_writers(store: &impl Store) {
    let mut one = RunWriter::of(store, "ada", "run_1", START).await;
    append(store, one.batch(sample_run("ada").into_iter().take(2))).await;
    let mut other = one.clone();
    let mut rest = sample_run("ada").into_iter().skip(2);
    let (mine, theirs) = (one.batch(rest.next()), other.batch([sent("call_9", true)]));
    let winner = mine.entries.clone();
    let (mine, theirs) = join(store.append(mine), store.append(theirs)).await;
    assert!(mine.is_ok(), "the first of two writers wins: {mine:?}");
    let conflict = StoreError::Conflict { run: RunId::new("run_1"), expected: 3, found: 2 };
    assert_eq!(theirs, Err(conflict), "the second of two writers is told");
    same(entries(store, "run_1").await.get(2..).unwrap_or_default(), &winner);
}

async fn reopening<S: Store>(open: &impl AsyncFn(&str) -> S) {
    let name = "reopening";
    let mut store = open(name).await;
    let mut ended = RunWriter::of(&store, "ada", "run_1", START).await;
    let mut going = RunWriter::of(&store, "ada", "run_2", "2026-11-21T09:00:00Z").await;
    append(&store, ended.batch(drafted_run("ada", "run_1", "call_2", "2026-11-23T09:00:00Z"))).await;
    append(&store, going.batch(sample_run("ada").into_iter().take(3))).await;
    append(&store, RunWriter::of(&store, "ada", "run_3", START).await.batch(handed_run("ada"))).await;
    let filters = [RunFilter::default(), RunFilter { unfinished: true, ..RunFilter::default() }];
    for round in 0..3 {
        let before = (
            entries(&store, "run_1").await,
            entries(&store, "run_2").await,
            store.runs(&filters[0]).await,
            store.runs(&filters[1]).await,
            store.drafts(&DraftFilter::default()).await,
            store.history(&customer("ada"), Timestamp::MIN).await,
            store.handed_over(&customer("ada"), Timestamp::MIN).await,
        );
        drop(store);
        store = open(name).await;
        let after = (
            entries(&store, "run_1").await,
            entries(&store, "run_2").await,
            store.runs(&filters[0]).await,
            store.runs(&filters[1]).await,
            store.drafts(&DraftFilter::default()).await,
            store.history(&customer("ada"), Timestamp::MIN).await,
            store.handed_over(&customer("ada"), Timestamp::MIN).await,
        );
        assert_eq!(before, after, "round {round}: the store answers otherwise when it is opened again");
        append(&store, going.batch([sent("call_3", true)])).await;
        append(&store, ended.batch([review("run_1", "call_2", Decision::Edit)])).await;
    }
    let last = entries(&store, "run_1").await.pop().map(|entry| (entry.seq, entry.event));
    assert!(matches!(last, Some((13, Some(Event::ReviewDecided(_))))), "the run goes on where it was: {last:?}");
}

mod erasure;
mod queries;

#[cfg(test)]
mod tests;
