//! Durable runs a second: four appends, each awaited, by 1, 16, 64 and 256 runs at
//! a time; beside it the floor, a loop that appends the same bytes to a file
//! and syncs after each append. Seal before the clock starts: what is measured
//! is the journal alone. `BENCH_DIR` names the disk; the default is the
//! system's folder for temporary files.
#![expect(clippy::unwrap_used, reason = "a failed step ends the bench")]

use attache_journal::{Batch, Store as _};
use attache_log::{LogOptions, LogStore};
use attache_testkit::{RunWriter, sample_run};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::fs::File;
use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};

const APPENDS: usize = 4;

/// A run that no store has yet.
fn run(store: &LogStore) -> Vec<Batch> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let customer = format!("customer_{}", number % 1000);
    let run = format!("run_{number:012}");
    let mut writer = attache_testkit::block_on(RunWriter::of(store, &customer, &run, "2026-11-20T09:00:00Z"));
    let mut events = sample_run(&customer).into_iter();
    (0..APPENDS).map(|_| writer.batch(events.by_ref().take(3))).collect()
}

fn folder() -> TempDir {
    std::env::var_os("BENCH_DIR").map_or_else(tempfile::tempdir, tempfile::tempdir_in).unwrap()
}

fn floor(runs: u64) -> Duration {
    let dir = folder();
    let store = LogStore::open(&dir.path().join("keys"), LogOptions::default()).unwrap();
    let mut file = File::create(dir.path().join("floor")).unwrap();
    let runs: Vec<_> = (0..runs).map(|_| run(&store)).collect();
    let bytes = |batch: &Batch| {
        batch.entries.iter().flat_map(|entry| [&*entry.head, &*entry.body].concat()).collect::<Vec<_>>()
    };
    let runs: Vec<Vec<_>> = runs.iter().map(|run| run.iter().map(bytes).collect()).collect();
    let start = Instant::now();
    for append in runs.iter().flatten() {
        file.write_all(append).unwrap();
        file.sync_data().unwrap();
    }
    start.elapsed()
}

fn log(runtime: &Runtime, store: &Arc<LogStore>, concurrent: u64, rounds: u64) -> Duration {
    let tasks: Vec<Vec<_>> = (0..concurrent).map(|_| (0..rounds).map(|_| run(store)).collect()).collect();
    runtime.block_on(async {
        let start = Instant::now();
        let tasks = tasks.into_iter().map(|runs| {
            let store = Arc::clone(store);
            tokio::spawn(async move {
                for batch in runs.into_iter().flatten() {
                    store.append(batch).await.unwrap();
                }
            })
        });
        for task in tasks.collect::<Vec<_>>() {
            task.await.unwrap();
        }
        start.elapsed()
    })
}

fn append(c: &mut Criterion) {
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let mut group = c.benchmark_group("durable_runs");
    group.sample_size(10).measurement_time(Duration::from_secs(4));
    group.throughput(Throughput::Elements(1));
    group.bench_function("floor", |b| b.iter_custom(floor));
    for concurrent in [1, 16, 64, 256] {
        let dir = folder();
        let store = Arc::new(LogStore::open(dir.path(), LogOptions::default()).unwrap());
        group.throughput(Throughput::Elements(concurrent));
        group.bench_function(format!("log/{concurrent}"), |b| {
            b.iter_custom(|rounds| log(&runtime, &store, concurrent, rounds));
        });
    }
    group.finish();
}

criterion_group!(benches, append);
criterion_main!(benches);
