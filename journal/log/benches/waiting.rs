//! What 10,000 waiting runs cost: the time to open their store and list them,
//! after a close and after a hard stop, memory and disk a run, and the bytes of
//! the log against what was written. `BENCH_DIR` names the disk; the default is
//! the system's folder for temporary files.
#![expect(clippy::unwrap_used, reason = "a failed step ends the bench")]
#![expect(clippy::print_stdout, reason = "what it measured is what it is for")]

use attache_journal::{RunFilter, Store as _};
use attache_log::{LogOptions, LogStore};
use attache_testkit::{RunWriter, block_on, sample_run};
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};
use tempfile::TempDir;

const RUNS: usize = 10_000;
/// A run that waits has looked something up.
const ENTRIES: usize = 7;

fn folder() -> TempDir {
    std::env::var_os("BENCH_DIR").map_or_else(tempfile::tempdir, tempfile::tempdir_in).unwrap()
}

/// Bytes of all files below.
fn size(path: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(path) else { return path.metadata().map_or(0, |file| file.len()) };
    entries.map(|entry| size(&entry.unwrap().path())).sum()
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

/// Memory of this process in bytes, where the system tells.
fn memory() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok()).unwrap_or(0) * 1024
}

/// Opens a store and lists what waits.
fn resumed(dir: &Path) -> (Duration, LogStore) {
    let start = Instant::now();
    let store = LogStore::open(dir, LogOptions::default()).unwrap();
    let unfinished = RunFilter { unfinished: true, ..RunFilter::default() };
    assert_eq!(block_on(store.runs(&unfinished)).unwrap().len(), RUNS);
    (start.elapsed(), store)
}

fn main() {
    // Cargo's tests start benches too.
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    let (dir, copied) = (folder(), folder());
    let (mut events, mut heads) = (0, 0);
    let store = LogStore::open(dir.path(), LogOptions::default()).unwrap();
    let mut commits = Vec::new();
    for number in 0..RUNS {
        let (customer, run) = (format!("customer_{}", number % 1_000), format!("run_{number:012}"));
        let mut writer = block_on(RunWriter::of(&store, &customer, &run, "2026-11-20T09:00:00Z"));
        let batch = writer.batch(sample_run(&customer).into_iter().take(ENTRIES));
        events += batch.entries.iter().map(|entry| entry.body.len() as u64).sum::<u64>();
        heads += batch.entries.iter().map(|entry| entry.head.len() as u64).sum::<u64>();
        commits.push(store.append(batch));
    }
    commits.into_iter().for_each(|commit| drop(block_on(commit).unwrap()));
    copy(dir.path(), copied.path());
    let log = size(&dir.path().join("log"));
    store.close().unwrap();
    let runs = RUNS as u64;
    println!("entries a run: {ENTRIES}; events {} bytes, heads {} bytes a run", events / runs, heads / runs);
    let percent = |of: u64| log * 100 / of;
    println!(
        "log: {} bytes a run, {} % of events and heads, {} % of events",
        log / runs,
        percent(events + heads),
        percent(events)
    );
    println!("store: {} bytes a run", size(dir.path()) / runs);
    let before = memory();
    let (closed, store) = resumed(dir.path());
    let waiting = memory().saturating_sub(before) / runs;
    println!("open and list {RUNS} waiting runs after a close: {closed:.1?}; {waiting} bytes of memory a run");
    drop(store);
    let (stopped, _store) = resumed(copied.path());
    println!("the same after a hard stop: {stopped:.1?}");
}
