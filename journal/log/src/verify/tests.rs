use crate::{Against, LogOptions, LogStore, VerifyReport, verify_folder};
use attache_journal::{Store as _, StoreError};
use attache_testkit::{RunWriter, block_on, sample_run};

fn look(dir: &std::path::Path) -> Result<VerifyReport, StoreError> {
    verify_folder(dir, &LogOptions::default(), &Against::default(), |_, _| {})
}

fn filled(dir: &std::path::Path) -> LogStore {
    filled_with(dir, 5, 4000)
}

/// Two runs in two records each, of so many entries.
fn filled_with(dir: &std::path::Path, entries: usize, segment_bytes: u64) -> LogStore {
    let store = LogStore::open(dir, LogOptions::default().segment_bytes(segment_bytes)).unwrap();
    for run in ["run_1", "run_2"] {
        let mut writer = block_on(RunWriter::of(&store, "ada", run, "2026-11-20T09:00:00Z"));
        let mut events = sample_run("ada").into_iter();
        for _ in 0..2 {
            block_on(store.append(writer.batch(events.by_ref().take(entries)))).unwrap();
        }
    }
    store
}

#[test]
fn a_whole_log_is_counted() {
    let dir = tempfile::tempdir().unwrap();
    let store = filled(dir.path());
    let mut told = Vec::new();
    let report = store.verify(&Against::default(), |done, total| told.push((done, total))).unwrap();
    assert_eq!((report.records, report.entries, report.runs, report.torn_bytes), (4, 20, 2, 0));
    assert!(report.segments > 1);
    assert!(told.is_sorted() && told.last() == Some(&(report.bytes, report.bytes)), "{told:?}");
    // Another process may look at the same time.
    assert_eq!(look(dir.path()).unwrap(), report);
}

#[test]
fn every_flipped_byte_is_found_and_placed() {
    let dir = tempfile::tempdir().unwrap();
    filled_with(dir.path(), 1, 2000).close().unwrap();
    let report = look(dir.path()).unwrap();
    for number in 1..=report.segments {
        let path = dir.path().join("log").join(crate::segment::name(number));
        let bytes = std::fs::read(&path).unwrap();
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            std::fs::write(&path, &changed).unwrap();
            match look(dir.path()) {
                Err(StoreError::Corrupt { place, .. }) => {
                    let offset =
                        place.strip_prefix(&format!("{}:", path.display())).unwrap_or_else(|| panic!("{place}"));
                    assert!(offset.parse::<usize>().unwrap() <= at, "byte {at}: {place}");
                }
                other => panic!("byte {at} of segment {number}: {other:?}"),
            }
        }
        std::fs::write(&path, bytes).unwrap();
    }
    assert_eq!(look(dir.path()).unwrap(), report);
}

/// A forger who knows the format writes a segment whose checksums and chain are
/// right, with lines that are not what was sealed.
#[test]
fn forged_entries_are_named_by_run_and_place() {
    use crate::segment::{prepare, push_header, push_record};
    let forge = |change: fn(&mut Vec<attache_journal::Sealed>)| {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("log")).unwrap();
        let mut entries = RunWriter::new("run_1", None, "2026-11-20T09:00:00Z").batch(sample_run("ada")).entries;
        change(&mut entries);
        let (mut bytes, mut chain) = (Vec::new(), [0; 32]);
        push_header(&mut bytes, 1, &chain);
        push_record(&mut bytes, &mut chain, &entries, prepare(&entries).unwrap(), 0);
        std::fs::write(dir.path().join("log/00000001.seg"), bytes).unwrap();
        match look(dir.path()) {
            Err(StoreError::Corrupt { place, what }) => {
                format!("{} {what}", place.split_once("00000001.seg").unwrap().1)
            }
            other => panic!("not found: {other:?}"),
        }
    };
    let changed = forge(|entries| {
        let text = String::from_utf8(entries[2].head.clone()).unwrap();
        entries[2].head = text.replace("\"allow\"", "\"admit\"").replace("admit", "deny").into_bytes();
    });
    assert_eq!(changed, ":56, run run_1, entry 2 entry 2 was changed after it was written");
    let dropped = forge(|entries| drop(entries.remove(3)));
    assert_eq!(dropped, ":56, run run_1, entry 4 entry 4 stands where entry 3 belongs");
    let forked = forge(|entries| {
        let mut other = RunWriter::new("run_1", None, "2026-11-21T09:00:00Z").batch(sample_run("eve")).entries;
        entries.splice(4.., other.drain(4..));
    });
    assert_eq!(forked, ":56, run run_1, entry 4 entry 4 does not follow the entry before it");
}

#[test]
fn no_store_is_no_good_store() {
    let dir = tempfile::tempdir().unwrap();
    assert!(matches!(look(&dir.path().join("nowhere")), Err(StoreError::Io { .. })));
}

#[test]
fn a_cut_end_is_found_by_the_head_that_was_signed_before() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path()).close().unwrap();
    let count = look(dir.path()).unwrap().segments;
    let last = dir.path().join("log").join(crate::segment::name(count));
    // Whole records go, so that nothing else tells.
    std::fs::remove_file(&last).unwrap();
    let before = dir.path().join("log").join(crate::segment::name(count - 1));
    let bytes = std::fs::read(&before).unwrap();
    std::fs::write(&before, &bytes[..bytes.len() - 56]).unwrap();
    let found = look(dir.path()).unwrap_err().to_string();
    assert!(found.contains("its end was cut or written anew"), "{found}");
    // Who cuts the log can cut the list of heads, but not the one kept elsewhere.
    let own = dir.path().join("heads.jsonl");
    let heads = crate::read_heads(&own).unwrap();
    std::fs::remove_file(&own).unwrap();
    assert!(look(dir.path()).is_ok());
    let against = Against { heads: heads.clone(), key: None };
    assert!(verify_folder(dir.path(), &LogOptions::default(), &against, |_, _| {}).is_err());
    let forged = Against { heads: Vec::new(), key: Some("00".repeat(32)) };
    assert!(verify_folder(dir.path(), &LogOptions::default(), &forged, |_, _| {}).is_ok(), "there is no head");
    let other = Against { heads, ..forged };
    let found = verify_folder(dir.path(), &LogOptions::default(), &other, |_, _| {}).unwrap_err().to_string();
    assert!(found.contains("signed with another key"), "{found}");
}

#[test]
fn a_key_that_is_gone_without_an_order_is_found() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path()).close().unwrap();
    std::fs::rename(dir.path().join("keys/ring"), dir.path().join("ring")).unwrap();
    let found = look(dir.path()).unwrap_err().to_string();
    assert!(found.contains("the key of subject") && found.contains("is missing"), "{found}");
    std::fs::rename(dir.path().join("ring"), dir.path().join("keys/ring")).unwrap();
    // Somebody destroys it in the way an erasure would.
    let ring = crate::ring::Ring::open(&crate::fs::RealFs, &dir.path().join("keys")).unwrap();
    let store = LogStore::open(dir.path(), LogOptions::default()).unwrap();
    let ada = block_on(store.subject(&attache_context::CustomerId::new("ada").unwrap())).unwrap();
    store.close().unwrap();
    ring.destroy(&crate::fs::RealFs, ada.id()).unwrap();
    let found = look(dir.path()).unwrap_err().to_string();
    assert!(found.contains("no entry says that it was to be"), "{found}");
}
