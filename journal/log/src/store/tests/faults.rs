//! Disks that fail and power that goes.

use super::*;
use crate::fs::tests::{FailingFs, Failure, MemoryFs};
use crate::fs::{Fs, LogFile, RealFs};
use futures::future::join_all;
use std::sync::atomic::{AtomicBool, Ordering};

fn failing(failure: Failure) -> (TempDir, LogStore, Arc<AtomicBool>) {
    let (dir, on) = (folder(), Arc::new(AtomicBool::new(false)));
    let fs = FailingFs { inner: RealFs, failure, on: Arc::clone(&on) };
    let store = LogStore::open_on(dir.path(), LogOptions::default(), Box::new(fs)).unwrap();
    (dir, store, on)
}

#[test]
fn after_a_failed_write_nothing_is_accepted_and_nothing_acknowledged_is_lost() {
    for failure in [Failure::Full, Failure::HalfWrite, Failure::Sync] {
        let (dir, store, on) = failing(failure);
        let mut writer = written_by(&store, "ada", "run_1");
        append(&store, writer.batch(sample_run("ada")));
        on.store(true, Ordering::SeqCst);
        let error = block_on(store.append(writer.batch([sent("call_3", false)]))).unwrap_err();
        match failure {
            Failure::Full => assert_eq!(error, StoreError::Full),
            Failure::HalfWrite | Failure::Overwrite | Failure::Sync => {
                assert!(matches!(error, StoreError::Io { .. }), "{error:?}")
            }
        }
        // The disk works again: it makes no difference.
        on.store(false, Ordering::SeqCst);
        let later = block_on(store.append(writer.batch([sent("call_4", false)])));
        assert_eq!(later.unwrap_err(), error, "the store is poisoned");
        let new = written_by(&store, "ada", "run_2").batch(sample_run("ada"));
        assert_eq!(block_on(store.append(new)).unwrap_err(), error, "for every run");
        let run = RunId::new("run_1");
        assert_eq!(block_on(store.entries(&run)).unwrap().len(), 10, "what is durable can be read");
        assert_eq!(store.close().unwrap_err(), error);
        let store = open(dir.path());
        let entries = block_on(store.entries(&run)).unwrap();
        assert!(entries.len() >= 10, "what was acknowledged is there");
        let batch = written_by(&store, "ada", "run_2").batch(sample_run("ada"));
        append(&store, batch);
        store.verify(&Against::default(), |_, _| {}).unwrap();
    }
}

/// Notes before each sync what the disk would hold if the power went then.
#[derive(Clone)]
struct Witness {
    fs: MemoryFs,
    seen: Arc<Mutex<Vec<(MemoryFs, usize)>>>,
    acknowledged: Arc<Mutex<usize>>,
}

impl Fs for Witness {
    fn create_dirs(&self, dir: &Path) -> std::io::Result<()> {
        self.fs.create_dirs(dir)
    }
    fn names(&self, dir: &Path) -> std::io::Result<Vec<String>> {
        self.fs.names(dir)
    }
    fn create(&self, path: &Path) -> std::io::Result<Arc<dyn LogFile>> {
        let inner = self.fs.create(path)?;
        Ok(Arc::new(WitnessFile { inner, witness: self.clone() }))
    }
    fn create_private(&self, path: &Path) -> std::io::Result<Arc<dyn LogFile>> {
        let inner = self.fs.create_private(path)?;
        Ok(Arc::new(WitnessFile { inner, witness: self.clone() }))
    }
    fn overwrite(&self, path: &Path, offset: u64, bytes: &[u8]) -> std::io::Result<()> {
        self.note();
        self.fs.overwrite(path, offset, bytes)?;
        self.note();
        Ok(())
    }
    fn open(&self, path: &Path) -> std::io::Result<Arc<dyn LogFile>> {
        self.fs.open(path)
    }
    fn open_to_read(&self, path: &Path) -> std::io::Result<Arc<dyn LogFile>> {
        self.fs.open_to_read(path)
    }
    fn sync_dir(&self, dir: &Path) -> std::io::Result<()> {
        self.note();
        self.fs.sync_dir(dir)
    }
}

impl Witness {
    fn note(&self) {
        let acknowledged = *self.acknowledged.lock().unwrap();
        self.seen.lock().unwrap().push((self.fs.snapshot(), acknowledged));
    }
}

struct WitnessFile {
    inner: Arc<dyn LogFile>,
    witness: Witness,
}

impl LogFile for WitnessFile {
    fn append(&self, bytes: &[u8]) -> std::io::Result<()> {
        self.inner.append(bytes)?;
        self.witness.note();
        Ok(())
    }
    fn sync(&self) -> std::io::Result<()> {
        self.inner.sync()?;
        self.witness.note();
        Ok(())
    }
    fn len(&self) -> std::io::Result<u64> {
        self.inner.len()
    }
    fn read_at(&self, buf: &mut [u8], offset: u64) -> std::io::Result<usize> {
        self.inner.read_at(buf, offset)
    }
    fn truncate(&self, len: u64) -> std::io::Result<()> {
        self.inner.truncate(len)
    }
}

#[test]
fn whenever_the_power_goes_everything_acknowledged_is_there() {
    let dir = folder();
    let witness = Witness { fs: MemoryFs::default(), seen: Arc::default(), acknowledged: Arc::default() };
    let options = || LogOptions::default().segment_bytes(5000).checkpoint_bytes(u64::MAX);
    let store = LogStore::open_on(dir.path(), options(), Box::new(witness.clone())).unwrap();
    let mut writer = written_by(&store, "ada", "run_1");
    for event in sample_run("ada").into_iter().chain(sample_run("ada").into_iter().skip(1)) {
        append(&store, writer.batch([event]));
        *witness.acknowledged.lock().unwrap() += 1;
    }
    witness.note();
    drop(store);
    let seen = witness.seen.lock().unwrap();
    assert!(seen.len() > 40);
    let mut checked = 0;
    for (fs, acknowledged) in seen.iter() {
        let unsynced = fs.unsynced();
        let cuts = (0..=unsynced).step_by(97).chain([unsynced]).map(|kept| fs.after_cut(kept));
        let patterns = if unsynced > 0 { 0..24_u64 } else { 0..0 };
        let reordered = patterns.map(|seed| fs.after_reordering(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15)));
        for left in cuts.chain(reordered) {
            let store = LogStore::open_on(dir.path(), options(), Box::new(left)).unwrap();
            let entries = block_on(store.entries(&RunId::new("run_1"))).unwrap();
            assert!(entries.len() >= *acknowledged, "{} of {acknowledged} are there", entries.len());
            assert!(entries.len() <= acknowledged + 1, "what nobody wrote is there");
            checked += 1;
        }
    }
    assert!(checked > 100, "{checked}");
}

#[test]
fn many_waiting_batches_share_few_syncs() {
    let dir = folder();
    let witness = Witness { fs: MemoryFs::default(), seen: Arc::default(), acknowledged: Arc::default() };
    let store = LogStore::open_on(dir.path(), LogOptions::default(), Box::new(witness.clone())).unwrap();
    let batches = (0..200).map(|i| written_by(&store, "ada", &format!("run_{i}")).batch(sample_run("ada")));
    let batches: Vec<_> = batches.collect();
    // The first batch keeps the writer busy while it snapshots, the rest queue up.
    let commits: Vec<_> = batches.into_iter().map(|batch| store.append(batch)).collect();
    assert!(block_on(join_all(commits)).iter().all(Result::is_ok));
    let notes = witness.seen.lock().unwrap().len();
    assert!(notes < 200, "{notes} writes, syncs and folder syncs for 200 batches");
}

#[test]
fn a_batch_that_nobody_waits_for_shares_the_sync_of_the_next() {
    let dir = folder();
    let witness = Witness { fs: MemoryFs::default(), seen: Arc::default(), acknowledged: Arc::default() };
    let store = LogStore::open_on(dir.path(), LogOptions::default(), Box::new(witness.clone())).unwrap();
    append(&store, written_by(&store, "ada", "run_first").batch(sample_run("ada")));
    let mut shared = 0;
    for round in 0..20 {
        let batch = |name: &str| written_by(&store, "ada", &format!("run_{name}_{round}")).batch(sample_run("ada"));
        let (one, two) = (batch("one"), batch("two"));
        let before = witness.seen.lock().unwrap().len();
        let alone = store.append(one);
        std::thread::sleep(std::time::Duration::from_millis(2));
        append(&store, two);
        // A write and a sync.
        shared += usize::from(witness.seen.lock().unwrap().len() - before == 2);
        assert!(block_on(alone).is_ok());
    }
    // A busy machine may be away for longer than a batch waits.
    assert!(shared >= 10, "{shared} of 20");
}

#[test]
fn a_batch_that_nobody_ever_waits_for_is_written() {
    let dir = folder();
    let store = open(dir.path());
    drop(store.append(written_by(&store, "ada", "run_1").batch(sample_run("ada"))));
    let until = std::time::Instant::now() + std::time::Duration::from_secs(30);
    while block_on(store.entries(&RunId::new("run_1"))).unwrap().is_empty() {
        assert!(std::time::Instant::now() < until, "it was forgotten");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}
