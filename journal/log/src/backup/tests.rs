use super::*;
use attache_context::CustomerId;
use attache_journal::{Actor, Erased, RunFilter, RunId, Store as _};
use attache_testkit::{RunWriter, block_on, sample_run};

const START: &str = "2026-11-20T09:00:00Z";

fn write(store: &LogStore, customer: &str, run: &str) {
    let mut writer = block_on(RunWriter::of(store, customer, run, START));
    block_on(store.append(writer.batch(sample_run(customer)))).unwrap();
}

fn erase(store: &LogStore, customer: &str, order: &str) {
    let subject = block_on(store.subject(&CustomerId::new(customer).unwrap())).unwrap();
    let erased = Erased { subject: subject.id().clone(), runs: 1, reason: None };
    let mut writer = RunWriter::new(order, None, START);
    block_on(store.append(writer.batch([(Actor::System, erased.into())]))).unwrap();
}

#[test]
fn a_copy_answers_as_the_store_did_and_goes_on_alone() {
    let (dir, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let store = LogStore::open(dir.path(), LogOptions::default().segment_bytes(6000)).unwrap();
    (0..5).for_each(|i| write(&store, &format!("customer_{i}"), &format!("run_{i}")));
    let mut told = (0, 0);
    let report = store.backup(to.path(), |done, total| told = (done, total)).unwrap();
    assert_eq!((report.runs, report.entries), (5, 50));
    assert_eq!(told, (report.bytes, report.bytes));
    write(&store, "customer_9", "run_9");
    let copy = LogStore::open(to.path(), LogOptions::default()).unwrap();
    let runs = block_on(copy.runs(&RunFilter::default())).unwrap();
    assert_eq!(runs.len(), 5, "what came later is not in it");
    assert!(runs.iter().all(|run| run.customer.is_some()));
    let run = RunId::new("run_3");
    assert_eq!(block_on(copy.entries(&run)), block_on(store.entries(&run)));
    write(&copy, "customer_3", "run_x");
}

#[test]
fn who_was_erased_is_unreadable_in_a_copy_made_afterwards() {
    let (dir, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let store = LogStore::open(dir.path(), LogOptions::default()).unwrap();
    write(&store, "ada", "run_1");
    write(&store, "bob", "run_2");
    erase(&store, "ada", "order");
    let report = store.backup(to.path(), |_, _| {}).unwrap();
    assert_eq!((report.erased, report.entries), (10, 21));
    let copy = LogStore::open(to.path(), LogOptions::default()).unwrap();
    assert!(block_on(copy.entries(&RunId::new("run_1"))).unwrap().iter().all(|entry| entry.event.is_none()));
    assert!(block_on(copy.entries(&RunId::new("run_2"))).unwrap().iter().all(|entry| entry.event.is_some()));
}

#[test]
fn a_copy_is_whole_while_others_write_and_erase() {
    let dir = tempfile::tempdir().unwrap();
    let store = LogStore::open(dir.path(), LogOptions::default().segment_bytes(20_000)).unwrap();
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            for i in 0..60 {
                let customer = format!("customer_{i}");
                write(&store, &customer, &format!("run_{i}"));
                if i % 3 == 0 {
                    erase(&store, &customer, &format!("order_{i}"));
                }
            }
        });
        let mut copies = 0;
        while !writer.is_finished() || copies < 2 {
            let to = tempfile::tempdir().unwrap();
            if dir.path().join("log").is_dir() {
                backup_folder(dir.path(), &LogOptions::default(), to.path(), |_, _| {}).unwrap();
                copies += 1;
            }
        }
    });
}

#[test]
fn a_folder_with_something_in_it_is_left_alone() {
    let (dir, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let store = LogStore::open(dir.path(), LogOptions::default()).unwrap();
    std::fs::write(to.path().join("mine"), "x").unwrap();
    let error = store.backup(to.path(), |_, _| {}).unwrap_err();
    assert!(error.to_string().contains("not empty"), "{error}");
    assert_eq!(std::fs::read_dir(to.path()).unwrap().count(), 1);
}
