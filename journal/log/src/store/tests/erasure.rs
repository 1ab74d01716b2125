//! What is left of a person on the disk.

use super::*;
use crate::fs::RealFs;
use crate::fs::tests::{FailingFs, Failure};
use attache_journal::{Actor, Erased};
use std::sync::atomic::{AtomicBool, Ordering};

/// Whatever identifies the customer of the sample runs.
const THEIRS: [&str; 4] = ["cus_ada", "dana@example.com", "Dana", "invite"];

fn order(store: &LogStore) -> Batch {
    let subject = block_on(store.subject(&CustomerId::new("cus_ada").unwrap())).unwrap();
    let erased = Erased { subject: subject.id().clone(), runs: 2, reason: None };
    RunWriter::new("order", None, START).batch([(Actor::System, erased.into())])
}

fn two_runs(store: &LogStore) {
    append(store, written_by(store, "cus_ada", "run_1").batch(sample_run("cus_ada")));
    let drafted = drafted_run("cus_ada", "run_2", "call_2", "2026-11-23T09:00:00Z");
    append(store, written_by(store, "cus_ada", "run_2").batch(drafted));
}

/// Every file in `dir` with what of the customer it says.
fn found(dir: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(self::found(&path));
        } else {
            let bytes = std::fs::read(&path).unwrap();
            let says = |word: &&str| bytes.windows(word.len()).any(|window| window == word.as_bytes());
            found.extend(THEIRS.iter().filter(|word| says(word)).map(|word| format!("{} {word}", path.display())));
        }
    }
    found
}

#[test]
fn no_file_says_anything_of_a_customer_and_no_key_is_left_after_an_erasure() {
    let dir = folder();
    let store = LogStore::open(dir.path(), eager()).unwrap();
    two_runs(&store);
    store.checkpoint().unwrap();
    assert_eq!(found(dir.path()), [""; 0], "the log and the index hold no text in clear");
    let ring = std::fs::read(dir.path().join("keys/ring")).unwrap();
    append(&store, order(&store));
    store.close().unwrap();
    assert_eq!(found(dir.path()), [""; 0]);
    // The key that could read them is nowhere, not even in a page of the index.
    let after = std::fs::read(dir.path().join("keys/ring")).unwrap();
    let slots = ring.as_chunks::<64>().0.iter().zip(after.as_chunks::<64>().0);
    let gone: Vec<_> = slots.filter(|(before, after)| before != after).map(|(before, _)| &before[28..60]).collect();
    assert_eq!(gone.len(), 1, "one key was overwritten");
    for path in ["log/00000001.seg", "index/db", "heads.jsonl"] {
        let bytes = std::fs::read(dir.path().join(path)).unwrap();
        assert!(!bytes.windows(32).any(|window| window == gone[0]), "{path}");
    }
    assert_eq!(verified(dir.path()).unwrap().erased, 21);
}

#[test]
fn an_erasure_that_was_ordered_and_not_done_is_done_at_the_next_opening() {
    let (dir, on) = (folder(), Arc::new(AtomicBool::new(false)));
    let fs = FailingFs { inner: RealFs, failure: Failure::Overwrite, on: Arc::clone(&on) };
    let store = LogStore::open_on(dir.path(), eager(), Box::new(fs)).unwrap();
    two_runs(&store);
    on.store(true, Ordering::SeqCst);
    let error = block_on(store.append(order(&store))).unwrap_err();
    assert!(matches!(error, StoreError::Io { .. }), "nobody is told that it was done: {error}");
    drop(store);
    let store = LogStore::open(dir.path(), eager()).unwrap();
    let entries = block_on(store.entries(&RunId::new("run_1"))).unwrap();
    assert!(entries.iter().all(|entry| entry.event.is_none()));
    assert!(block_on(store.runs(&RunFilter::default())).unwrap().iter().all(|run| run.erased));
    store.close().unwrap();
    assert_eq!(verified(dir.path()).unwrap().erased, 21);
}

#[test]
fn an_erasure_is_known_to_an_index_that_is_made_anew() {
    let dir = folder();
    let store = LogStore::open(dir.path(), eager()).unwrap();
    two_runs(&store);
    append(&store, order(&store));
    append(&store, written_by(&store, "bob", "run_3").batch(sample_run("bob")));
    store.checkpoint().unwrap();
    let expected = answers(&store);
    store.close().unwrap();
    for _ in 0..2 {
        assert_eq!(answers(&LogStore::open(dir.path(), eager()).unwrap()), expected);
        std::fs::remove_dir_all(dir.path().join("index")).unwrap();
    }
}
