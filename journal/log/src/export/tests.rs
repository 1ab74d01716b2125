use super::*;
use crate::{LogOptions, LogStore};
use attache_journal::Store as _;
use attache_testkit::{RunWriter, block_on, sample_run};

fn exported() -> (Vec<u8>, Exported) {
    exported_of(10)
}

fn exported_of(entries: usize) -> (Vec<u8>, Exported) {
    let dir = tempfile::tempdir().unwrap();
    let store = LogStore::open(dir.path(), LogOptions::default()).unwrap();
    let runs = ["run_1", "run_2", "run_3"].map(RunId::new);
    for run in &runs {
        let mut writer = block_on(RunWriter::of(&store, "ada", run.as_str(), "2026-11-20T09:00:00Z"));
        let mut events = sample_run("ada").into_iter().take(entries);
        block_on(store.append(writer.batch(events.by_ref().take(entries / 2)))).unwrap();
        block_on(store.append(writer.batch(events))).unwrap();
    }
    let mut out = Vec::new();
    let wanted = [&runs[1], &runs[0], &runs[1], &RunId::new("run_0")];
    let head = store.export(wanted, &mut out).unwrap();
    (out, head)
}

fn lines(bytes: &[u8]) -> Vec<Vec<u8>> {
    bytes.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect()
}

#[test]
fn an_export_is_verified_in_any_order_of_runs() {
    let (bytes, head) = exported();
    assert_eq!((head.entries, head.runs), (20, 2));
    assert_eq!(verify_export(bytes.as_slice()), Ok(head.clone()));
    let lines = lines(&bytes);
    let mut mixed: Vec<_> = (0..10).flat_map(|i| [lines[i].clone(), lines[10 + i].clone()]).collect();
    mixed.push(lines[20].clone());
    assert_eq!(verify_export(mixed.concat().as_slice()), Ok(head));
}

#[test]
fn nothing_can_be_exported_too() {
    let dir = tempfile::tempdir().unwrap();
    let store = LogStore::open(dir.path(), LogOptions::default()).unwrap();
    let mut out = Vec::new();
    let head = store.export([], &mut out).unwrap();
    assert_eq!(verify_export(out.as_slice()), Ok(head));
    assert_eq!(verify_export([].as_slice()), Err(ExportFault::Cut { line: 1 }));
}

#[test]
fn a_cut_at_every_byte_is_found() {
    let (bytes, _) = exported_of(3);
    // Without its last line break the file is still whole.
    for len in 0..bytes.len() - 1 {
        // A line that lacks its line break alone counts as read.
        let read = bytes[..len].iter().filter(|byte| **byte == b'\n').count() + usize::from(bytes[len] == b'\n');
        assert_eq!(verify_export(&bytes[..len]), Err(ExportFault::Cut { line: read as u64 + 1 }), "byte {len}");
    }
}

#[test]
fn every_flipped_byte_is_found_in_its_line() {
    let (bytes, _) = exported_of(3);
    for at in 0..bytes.len() - 1 {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        let line = bytes[..at].iter().filter(|byte| **byte == b'\n').count() as u64 + 1;
        let found = match verify_export(changed.as_slice()).unwrap_err() {
            ExportFault::Cut { line }
            | ExportFault::Entry { line, .. }
            | ExportFault::Head { line }
            | ExportFault::Io { line, .. }
            | ExportFault::Signature { line }
            | ExportFault::Trailing { line }
            | ExportFault::Version { line, .. } => line,
        };
        assert_eq!(found, line, "byte {at}");
    }
}

#[test]
fn removed_lines_and_other_heads_are_found() {
    let (bytes, _) = exported();
    let whole = lines(&bytes);
    let without = |from: usize, to: usize| {
        let mut lines = whole.clone();
        lines.drain(from..to);
        verify_export(lines.concat().as_slice()).unwrap_err()
    };
    let entry = |seq| Some((RunId::new("run_2"), seq));
    let order = EntryFault::Order { seq: 5, expected: 4 };
    assert_eq!(without(4, 5), ExportFault::Entry { line: 5, entry: entry(5), fault: order });
    assert_eq!(without(9, 10), ExportFault::Head { line: 20 }, "the last entry of a run");
    assert_eq!(without(0, 10), ExportFault::Head { line: 11 }, "a whole run");
    assert_eq!(without(20, 21), ExportFault::Cut { line: 21 }, "the head");
    let mut swapped = whole.clone();
    swapped.swap(3, 4);
    let order = EntryFault::Order { seq: 4, expected: 3 };
    let found = verify_export(swapped.concat().as_slice()).unwrap_err();
    assert_eq!(found, ExportFault::Entry { line: 4, entry: entry(4), fault: order }, "two entries of a run");
    let mut longer = whole.clone();
    longer.push(whole[0].clone());
    assert_eq!(verify_export(longer.concat().as_slice()).unwrap_err(), ExportFault::Trailing { line: 22 });
    let newer = String::from_utf8(bytes.clone()).unwrap().replace("{\"head\":{\"v\":1,", "{\"head\":{\"v\":2,");
    assert_eq!(verify_export(newer.as_bytes()).unwrap_err(), ExportFault::Version { line: 21, v: 2 });
}

#[test]
fn an_export_is_signed_with_the_key_it_names() {
    let (bytes, head) = exported();
    let text = String::from_utf8(bytes).unwrap();
    let resigned = text.replace(&head.signature, &"00".repeat(64));
    assert_eq!(verify_export(resigned.as_bytes()).unwrap_err(), ExportFault::Signature { line: 21 });
    // Somebody else may sign it; then it names their key.
    let other = exported().1;
    assert_ne!(other.key, head.key);
    let renamed = text.replace(&head.key, &other.key);
    assert_eq!(verify_export(renamed.as_bytes()).unwrap_err(), ExportFault::Signature { line: 21 });
}

#[test]
fn an_erased_persons_entries_are_exported_as_heads_and_verify() {
    let dir = tempfile::tempdir().unwrap();
    let store = LogStore::open(dir.path(), LogOptions::default()).unwrap();
    let mut writer = block_on(RunWriter::of(&store, "ada", "run_1", "2026-11-20T09:00:00Z"));
    block_on(store.append(writer.batch(sample_run("ada")))).unwrap();
    let export = || {
        let mut out = Vec::new();
        store.export([&RunId::new("run_1")], &mut out).unwrap();
        out
    };
    let before = export();
    let ada = block_on(store.subject(&attache_context::CustomerId::new("ada").unwrap())).unwrap();
    let erased = attache_journal::Erased { subject: ada.id().clone(), runs: 1, reason: None };
    let mut order = RunWriter::new("order", None, "2026-11-20T10:00:00Z");
    block_on(store.append(order.batch([(attache_journal::Actor::System, erased.into())]))).unwrap();
    let after = export();
    assert!(String::from_utf8_lossy(&before).contains("dana@example.com"));
    assert!(!String::from_utf8_lossy(&after).contains("dana@example.com"));
    let digests = [&before, &after].map(|bytes| verify_export(bytes.as_slice()).unwrap().digest);
    assert_eq!(digests[0], digests[1], "the same entries, with and without their events");
}
