use super::*;
use crate::{Against, VerifyReport, verify_folder};
use attache_testkit::{Durability, RunWriter, block_on, drafted_run, handed_run, sample_run, sent, store_conformance};
use std::path::PathBuf;
use std::sync::Mutex;
use tempfile::TempDir;

const START: &str = "2026-11-20T09:00:00Z";

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn open(dir: &Path) -> LogStore {
    LogStore::open(dir, LogOptions::default()).unwrap()
}

/// Checkpoints at every turn, so that the index is what answers.
fn eager() -> LogOptions {
    LogOptions::default().checkpoint_bytes(1)
}

fn append(store: &LogStore, batch: Batch) {
    block_on(store.append(batch)).unwrap();
}

/// A run of a customer that the store has a key for.
fn written_by(store: &LogStore, customer: &str, run: &str) -> RunWriter {
    block_on(RunWriter::of(store, customer, run, START))
}

fn verified(dir: &Path) -> Result<VerifyReport, StoreError> {
    verify_folder(dir, &LogOptions::default(), &Against::default(), |_, _| {})
}

fn fill(store: &LogStore, runs: usize) {
    for i in 0..runs {
        let (run, customer) = (format!("run_{i}"), format!("customer_{}", i % 3));
        let mut writer = written_by(store, &customer, &run);
        let events = match i % 3 {
            0 if i % 2 == 1 => handed_run(&customer),
            0 => sample_run(&customer),
            1 => drafted_run(&customer, &run, "call_2", "2026-11-23T09:00:00Z"),
            _ => sample_run(&customer).into_iter().take(4).collect(),
        };
        let mut events = events.into_iter();
        loop {
            let batch = writer.batch(events.by_ref().take(3));
            if batch.entries.is_empty() {
                break;
            }
            append(store, batch);
        }
    }
}

/// Everything that a store can be asked.
fn answers(store: &LogStore) -> String {
    block_on(async {
        let runs = store.runs(&RunFilter::default()).await.unwrap();
        let mut entries = Vec::new();
        for run in &runs {
            entries.push(store.entries(&run.run).await.unwrap());
        }
        let ada = CustomerId::new("customer_1").unwrap();
        let filter = RunFilter { customer: Some(ada.clone()), limit: Some(2), ..RunFilter::default() };
        let unfinished = RunFilter { unfinished: true, ..RunFilter::default() };
        format!(
            "{:#?}",
            (
                entries,
                store.runs(&filter).await.unwrap(),
                store.runs(&unfinished).await.unwrap(),
                store.history(&ada, Timestamp::MIN).await.unwrap(),
                store.handed_over(&ada, Timestamp::MIN).await.unwrap(),
                store.drafts(&DraftFilter::default()).await.unwrap(),
                runs,
            )
        )
    })
}

fn corrupt(result: Result<LogStore, StoreError>) -> String {
    match result {
        Err(StoreError::Corrupt { place, what }) => format!("{place} {what}"),
        other => panic!("not found to be corrupt: {other:?}"),
    }
}

fn segment(dir: &Path, number: u64) -> PathBuf {
    dir.join("log").join(crate::segment::name(number))
}

#[test]
fn it_conforms_from_memory_and_from_the_index() {
    for options in [LogOptions::default(), eager(), eager().segment_bytes(4096)] {
        let dir = folder();
        let open = async |name: &str| LogStore::open(&dir.path().join(name), options.clone()).unwrap();
        block_on(store_conformance(open, Durability::Durable));
    }
}

#[test]
fn a_second_opening_is_locked_and_the_next_is_not() {
    let dir = folder();
    let first = open(dir.path());
    let second = LogStore::open(dir.path(), LogOptions::default());
    assert_eq!(second.unwrap_err(), StoreError::Locked { place: dir.path().display().to_string() });
    drop(first);
    open(dir.path());
}

#[test]
fn a_short_process_never_opens_sled() {
    let dir = folder();
    let store = open(dir.path());
    fill(&store, 6);
    answers(&store);
    store.close().unwrap();
    assert!(!dir.path().join("index").exists());
    assert_eq!(block_on(open(dir.path()).runs(&RunFilter::default())).unwrap().len(), 6);
}

#[test]
fn the_index_waits_for_runs_to_end() {
    let dir = folder();
    let index = dir.path().join("index");
    let store = LogStore::open(dir.path(), LogOptions::default().checkpoint_bytes(4_000)).unwrap();
    let mut open: Vec<_> = (0..4).map(|i| written_by(&store, "ada", &format!("run_{i}"))).collect();
    let mut events = vec![sample_run("ada").into_iter(); open.len()];
    let mut write = |most| {
        for (writer, events) in open.iter_mut().zip(&mut events) {
            append(&store, writer.batch(events.by_ref().take(most)));
        }
    };
    write(2);
    let size = std::fs::metadata(segment(dir.path(), 1)).unwrap().len();
    assert!((4_000..4 * 4_000).contains(&size), "{size}");
    assert!(!index.exists(), "none has ended");
    write(usize::MAX);
    // It is written by a thread of its own.
    for _ in 0..600 {
        if index.is_dir() {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    assert!(index.is_dir(), "all have ended");
    store.close().unwrap();
}

#[test]
fn segments_rotate_and_chains_go_on() {
    let dir = folder();
    let options = || LogOptions::default().segment_bytes(6000);
    let store = LogStore::open(dir.path(), options()).unwrap();
    fill(&store, 6);
    let before = answers(&store);
    let report = store.verify(&Against::default(), |_, _| {}).unwrap();
    assert!(report.segments > 3, "{report:?}");
    store.close().unwrap();
    let signed = verified(dir.path()).unwrap();
    assert_eq!((signed.heads, signed.signers.len()), (1, 1), "closing signs");
    assert_eq!(VerifyReport { heads: 0, signers: report.signers.clone(), ..signed }, report);
    let store = LogStore::open(dir.path(), options()).unwrap();
    assert_eq!(answers(&store), before);
    append(&store, written_by(&store, "ada", "run_x").batch(sample_run("ada")));
    let longer = store.verify(&Against::default(), |_, _| {}).unwrap();
    assert_eq!((longer.records, longer.entries), (report.records + 1, report.entries + 10));
    for number in 1..=report.segments {
        assert!(std::fs::metadata(segment(dir.path(), number)).unwrap().len() < 12_000);
    }
}

#[test]
fn a_segment_that_was_cut_removed_or_swapped_is_corrupt() {
    let dir = folder();
    let options = || LogOptions::default().segment_bytes(6000);
    let store = LogStore::open(dir.path(), options()).unwrap();
    fill(&store, 6);
    store.close().unwrap();
    let open = || LogStore::open(dir.path(), options());
    let (one, two) = (segment(dir.path(), 1), segment(dir.path(), 2));
    let bytes = std::fs::read(&one).unwrap();
    // Its footer is a head and eight bytes.
    std::fs::write(&one, &bytes[..bytes.len() - 56]).unwrap();
    assert!(corrupt(open()).contains("footer is missing"));
    std::fs::write(&one, std::fs::read(&two).unwrap()).unwrap();
    assert!(corrupt(open()).contains("header does not follow"));
    std::fs::remove_file(&one).unwrap();
    assert_eq!(corrupt(open()), format!("{} the segment is missing", one.display()));
    std::fs::write(&one, bytes).unwrap();
    open().unwrap();
}

#[test]
fn a_tail_torn_at_any_byte_is_cut_and_the_log_goes_on() {
    let dir = folder();
    let store = open(dir.path());
    let mut writer = written_by(&store, "ada", "run_1");
    append(&store, writer.batch(sample_run("ada")));
    let kept = std::fs::metadata(segment(dir.path(), 1)).unwrap().len() as usize;
    let last = writer.batch([sent("call_3", false)]);
    append(&store, last.clone());
    store.close().unwrap();
    let bytes = std::fs::read(segment(dir.path(), 1)).unwrap();
    for len in kept..bytes.len() {
        std::fs::write(segment(dir.path(), 1), &bytes[..len]).unwrap();
        let store = open(dir.path());
        let entries = block_on(store.entries(&last.run)).unwrap();
        assert_eq!(entries.len(), 10, "cut at {len}");
        append(&store, last.clone());
        store.close().unwrap();
        assert_eq!(std::fs::read(segment(dir.path(), 1)).unwrap(), bytes, "cut at {len}");
    }
    // Whatever was signed cannot have been torn.
    std::fs::remove_file(dir.path().join("heads.jsonl")).unwrap();
    // Nor does it matter if not even the header was written.
    for len in 0..56 {
        std::fs::write(segment(dir.path(), 1), &bytes[..len]).unwrap();
        let store = open(dir.path());
        append(&store, written_by(&store, "ada", "run_2").batch(sample_run("ada")));
        store.close().unwrap();
        assert_eq!(verified(dir.path()).unwrap().entries, 10);
        std::fs::remove_file(dir.path().join("heads.jsonl")).unwrap();
    }
}

#[test]
fn a_flipped_byte_in_the_last_record_stops_the_opening() {
    let dir = folder();
    let store = open(dir.path());
    append(&store, written_by(&store, "ada", "run_1").batch(sample_run("ada").into_iter().take(2)));
    store.close().unwrap();
    let bytes = std::fs::read(segment(dir.path(), 1)).unwrap();
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 0x20;
        std::fs::write(segment(dir.path(), 1), &changed).unwrap();
        let expected = format!("{}:{} ", segment(dir.path(), 1).display(), if at < 56 { 0 } else { 56 });
        let found = corrupt(LogStore::open(dir.path(), LogOptions::default()));
        assert!(found.starts_with(&expected), "byte {at}: {found}");
        assert_eq!(std::fs::read(segment(dir.path(), 1)).unwrap(), changed, "evidence must stay");
    }
}

#[test]
fn an_index_that_is_gone_or_garbage_or_not_of_this_log_is_rebuilt() {
    let dir = folder();
    let index = dir.path().join("index");
    let store = LogStore::open(dir.path(), eager()).unwrap();
    fill(&store, 9);
    store.checkpoint().unwrap();
    let expected = answers(&store);
    store.close().unwrap();
    assert!(index.is_dir());
    let check = |what: &str| {
        let store = LogStore::open(dir.path(), eager()).unwrap();
        assert_eq!(answers(&store), expected, "{what}");
        assert!(index.is_dir(), "{what}");
        store.close().unwrap();
    };
    check("as it was");
    std::fs::remove_dir_all(&index).unwrap();
    check("gone");
    for name in ["db", "conf"] {
        std::fs::write(index.join(name), b"garbage").unwrap();
        check(&format!("garbage in {name}"));
        let len = std::fs::metadata(index.join(name)).unwrap().len() as usize;
        std::fs::write(index.join(name), vec![0xa5; len]).unwrap();
        check(&format!("as much garbage in {name}"));
    }
    std::fs::remove_dir_all(&index).unwrap();
    std::fs::write(&index, b"a file").unwrap();
    check("a file");
    std::fs::write(dir.path().join("index.damaged"), b"").unwrap();
    check("noted as damaged");
    assert!(!dir.path().join("index.damaged").exists());
    // The index of another log.
    let other = folder();
    let store = LogStore::open(other.path(), eager()).unwrap();
    append(&store, written_by(&store, "eve", "run_9").batch(sample_run("eve")));
    store.checkpoint().unwrap();
    store.close().unwrap();
    std::fs::remove_dir_all(&index).unwrap();
    std::fs::rename(other.path().join("index"), &index).unwrap();
    check("another log's");
}

#[test]
fn an_index_that_lags_is_brought_up_to_date() {
    let dir = folder();
    let lazy = || LogOptions::default().segment_bytes(6000);
    let store = LogStore::open(dir.path(), lazy()).unwrap();
    let mut resumed = written_by(&store, "customer_1", "resumed");
    append(&store, resumed.batch(drafted_run("customer_1", "resumed", "call_2", START)));
    fill(&store, 5);
    store.checkpoint().unwrap();
    // These are not in the index; one belongs to a run that only the index has.
    append(&store, resumed.batch([sent("call_7", true)]));
    append(&store, written_by(&store, "customer_1", "run_x").batch(sample_run("customer_1")));
    let expected = answers(&store);
    store.close().unwrap();
    let store = LogStore::open(dir.path(), lazy()).unwrap();
    assert_eq!(answers(&store), expected);
    store.close().unwrap();
    std::fs::remove_dir_all(dir.path().join("index")).unwrap();
    assert_eq!(answers(&LogStore::open(dir.path(), lazy()).unwrap()), expected);
}

#[test]
fn an_index_that_was_written_beyond_its_checkpoint_is_met_by_the_log() {
    let dir = folder();
    let index = || sled::open(dir.path().join("index")).unwrap();
    let store = open(dir.path());
    let mut early = written_by(&store, "customer_1", "run_early");
    let mut events = drafted_run("customer_1", "run_early", "call_2", "2026-11-23T09:00:00Z").into_iter();
    append(&store, early.batch(events.by_ref().take(3)));
    store.checkpoint().unwrap();
    store.close().unwrap();
    let checkpoint = index().get(b"m").unwrap().unwrap();

    let store = open(dir.path());
    append(&store, early.batch(events.by_ref().take(2)));
    append(&store, early.batch(events));
    fill(&store, 20);
    let before = answers(&store);
    store.checkpoint().unwrap();
    store.close().unwrap();
    // As a kill leaves it between the rows and their checkpoint.
    index().insert(b"m", checkpoint).unwrap();

    let store = open(dir.path());
    assert_eq!(answers(&store), before);
    append(&store, written_by(&store, "ada", "run_after").batch(sample_run("ada")));
    let before = answers(&store);
    store.checkpoint().unwrap();
    store.close().unwrap();
    assert_eq!(answers(&open(dir.path())), before);
    verified(dir.path()).unwrap();
}

#[test]
fn open_runs_stay_known_while_a_long_log_is_read() {
    let dir = folder();
    let store = open(dir.path());
    fill(&store, 9);
    let expected = answers(&store);
    store.close().unwrap();
    // The index is made on the way, many times over.
    let store = LogStore::open(dir.path(), eager()).unwrap();
    assert_eq!(store.shared.live().runs.len(), 3);
    assert_eq!(answers(&store), expected);
}

#[test]
fn ended_runs_leave_memory_once_they_are_indexed() {
    let dir = folder();
    let store = open(dir.path());
    fill(&store, 9);
    let before = answers(&store);
    store.checkpoint().unwrap();
    // Every third run is open.
    assert_eq!(store.shared.live().runs.len(), 3);
    assert_eq!(answers(&store), before);
    let refused = written_by(&store, "customer_0", "run_0").batch([sent("call_9", false)]);
    let run = refused.run.clone();
    let conflict = StoreError::Conflict { run, expected: 10, found: 0 };
    assert_eq!(block_on(store.append(refused)).unwrap_err(), conflict);
    assert_eq!(store.shared.live().runs.len(), 3, "a refused batch wakes no run");
}

#[test]
fn opening_reports_its_progress() {
    let dir = folder();
    let store = open(dir.path());
    fill(&store, 3);
    store.close().unwrap();
    let size = std::fs::metadata(segment(dir.path(), 1)).unwrap().len();
    let told = Arc::new(Mutex::new(Vec::new()));
    let tell = Arc::clone(&told);
    let options = LogOptions::default().progress(move |done, total| tell.lock().unwrap().push((done, total)));
    LogStore::open(dir.path(), options).unwrap();
    assert_eq!(*told.lock().unwrap(), [(size, size)]);
}

#[test]
fn sixty_four_threads_write_to_runs_of_their_own() {
    let dir = folder();
    let store =
        LogStore::open(dir.path(), LogOptions::default().segment_bytes(50_000).checkpoint_bytes(20_000)).unwrap();
    std::thread::scope(|scope| {
        for i in 0..64 {
            let store = &store;
            scope.spawn(move || {
                for round in 0..4 {
                    let mut writer = written_by(store, &format!("customer_{i}"), &format!("run_{i}_{round}"));
                    let mut events = sample_run(&format!("customer_{i}")).into_iter();
                    for _ in 0..5 {
                        append(store, writer.batch(events.by_ref().take(2)));
                    }
                }
            });
        }
    });
    let report = store.verify(&Against::default(), |_, _| {}).unwrap();
    assert_eq!((report.records, report.entries, report.runs), (64 * 4 * 5, 64 * 4 * 10, 64 * 4));
    let before = answers(&store);
    store.close().unwrap();
    assert_eq!(answers(&open(dir.path())), before);
}

#[test]
fn a_batch_that_does_not_belong_to_its_run_is_refused() {
    let dir = folder();
    let store = open(dir.path());
    let refused = |batch: Batch| match block_on(store.append(batch)) {
        Err(StoreError::Corrupt { place, what }) => format!("{place}: {what}"),
        other => panic!("accepted: {other:?}"),
    };
    let good = written_by(&store, "ada", "run_1").batch(sample_run("ada"));
    let other = Batch { run: RunId::new("run_2"), entries: good.entries.clone() };
    assert_eq!(refused(other), "run run_2, entry 0: the entry is not a line of this run");
    let mut broken = good.clone();
    broken.entries[1].head.push(b'\n');
    assert_eq!(refused(broken), "run run_1, entry 1: the entry is not a line of this run");
    let mut changed = good.clone();
    changed.entries[1].hash[0] ^= 1;
    assert_eq!(refused(changed), "run run_1, entry 1: the entry does not have its hash");
    append(&store, Batch { run: good.run.clone(), entries: good.entries[..1].to_vec() });
    let mut fork = block_on(RunWriter::of(&store, "eve", "run_1", "2026-11-20T10:00:00Z")).batch(sample_run("eve"));
    fork.entries.remove(0);
    assert_eq!(refused(fork), "run run_1, entry 1: the entry does not follow the entry before it");
    append(&store, Batch { run: good.run, entries: good.entries[1..].to_vec() });
}

#[test]
fn little_more_than_the_entries_is_written() {
    let dir = folder();
    let store = open(dir.path());
    let (mut writer, mut payload) = (written_by(&store, "ada", "run_1"), 0);
    let mut events = sample_run("ada").into_iter();
    for _ in 0..5 {
        let batch = writer.batch(events.by_ref().take(2));
        payload += batch.entries.iter().map(|entry| entry.head.len() + entry.body.len()).sum::<usize>();
        append(&store, batch);
    }
    let written = std::fs::metadata(segment(dir.path(), 1)).unwrap().len() as usize;
    assert!(written * 10 < payload * 11, "{written} bytes for {payload}");
}

mod erasure;
mod faults;
