use super::*;
use attache_testkit::{RunWriter, sample_run};

fn record(buffer: &mut Vec<u8>, position: &mut Position, entries: &[Sealed]) {
    let prepared = prepare(entries).unwrap();
    push_record(buffer, &mut position.chain, entries, prepared, 0);
    position.records += 1;
}

/// A segment with two records, where each starts, and the position at its end.
fn segment() -> (Vec<u8>, Vec<u64>, Position) {
    let (mut bytes, mut starts, mut position) = (Vec::new(), Vec::new(), Position::START);
    push_header(&mut bytes, 1, &position.chain);
    let mut writer = RunWriter::new("run_1", None, "2026-11-20T09:00:00Z");
    let mut events = sample_run("ada").into_iter();
    for count in [3, 2] {
        starts.push(bytes.len() as u64);
        record(&mut bytes, &mut position, &writer.batch(events.by_ref().take(count)).entries);
    }
    (bytes, starts, position)
}

fn read(bytes: &[u8]) -> (usize, Result<Next, StoreError>, Position) {
    let fs = crate::fs::tests::MemoryFs::default();
    let file = crate::fs::Fs::create(&fs, Path::new("00000001.seg")).unwrap();
    file.append(bytes).unwrap();
    let mut reader = SegmentReader::new("00000001.seg".into(), file, Position::START, bytes.len() as u64);
    let mut records = 0;
    loop {
        match reader.next() {
            Ok(Next::Record(_)) => records += 1,
            ending => return (records, ending, reader.position()),
        }
    }
}

fn place(result: Result<Next, StoreError>) -> String {
    match result {
        Err(StoreError::Corrupt { place, what }) => format!("{place} {what}"),
        other => panic!("not found to be corrupt: {other:?}"),
    }
}

#[test]
fn what_was_written_is_read() {
    let (mut bytes, starts, end) = segment();
    let expected = Position { offset: bytes.len() as u64, last: starts[1], ..end };
    assert_eq!(read(&bytes), (2, Ok(Next::End), expected));
    push_footer(&mut bytes, &end.chain, 2, 0);
    assert_eq!(read(&bytes), (2, Ok(Next::Sealed), expected));
}

#[test]
fn the_format_has_not_changed() {
    // A digest of the bytes of version 1: a change here is a new version.
    let (mut bytes, _, end) = segment();
    push_footer(&mut bytes, &end.chain, 2, 0);
    assert_eq!(bytes[..HEADER as usize].len() + 2 * HEAD as usize + HEAD as usize + 8, 208);
    assert_eq!(hex::encode(&bytes[..20]), "617474616368652d6c6f67010100000000000000");
    let (len, rest) = bytes[HEADER as usize..].split_first_chunk::<4>().unwrap();
    let payload = &rest[44..][..u32::from_le_bytes(*len) as usize];
    assert_eq!(frames(payload).unwrap().len(), 3);
    // The chain can be computed by anybody: zeroes, then the payload's hash.
    let expected = Sha256::new().chain_update([0; 32]).chain_update(Sha256::digest(payload));
    assert_eq!(rest[8..40], *expected.finalize());
}

#[test]
fn a_file_that_ends_before_its_record_does_is_torn_at_every_byte() {
    let (bytes, starts, _) = segment();
    for len in 0..bytes.len() {
        let (records, ending, position) = read(&bytes[..len]);
        let whole = starts.iter().chain([&(bytes.len() as u64)]).filter(|start| **start <= len as u64).count();
        let boundary = len as u64 == HEADER || starts.contains(&(len as u64));
        assert_eq!(records, whole.saturating_sub(1), "at byte {len}");
        assert_eq!(ending, Ok(if boundary { Next::End } else { Next::Torn }), "at byte {len}");
        let expected = if len < HEADER as usize { 0 } else { starts[records] };
        assert_eq!(position.offset, expected, "at byte {len}");
    }
}

#[test]
fn every_changed_byte_is_corrupt_and_never_torn() {
    let (mut bytes, starts, end) = segment();
    let footer = bytes.len() as u64;
    push_footer(&mut bytes, &end.chain, 2, 0);
    for flip in [0x01, 0x80, 0xff] {
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= flip;
            let record = starts.iter().chain([&footer]).rfind(|start| **start <= at as u64);
            let expected = format!("00000001.seg:{} ", record.unwrap_or(&0));
            let found = place(read(&changed).1);
            assert!(found.starts_with(&expected), "byte {at}: {found}, not {expected}");
        }
    }
}

#[test]
fn every_zeroed_byte_of_an_acknowledged_last_record_is_corrupt() {
    let (bytes, starts, _) = segment();
    for at in starts[1] as usize..bytes.len() {
        if bytes[at] != 0 {
            let mut changed = bytes.clone();
            changed[at] = 0;
            assert!(place(read(&changed).1).starts_with(&format!("00000001.seg:{} ", starts[1])), "byte {at}");
        }
    }
}

#[test]
fn zeroes_that_were_never_written_to_are_torn() {
    let (bytes, starts, _) = segment();
    // Room that the file system had added.
    for zeroes in [1, 15, 16, 48, 100, 5000] {
        let mut grown = bytes.clone();
        grown.resize(bytes.len() + zeroes, 0);
        let (records, ending, position) = read(&grown);
        assert_eq!((records, ending), (2, Ok(Next::Torn)), "{zeroes} zeroes");
        assert_eq!(position.offset, bytes.len() as u64);
    }
    // The first sectors of the last record arrived.
    let sector = (starts[1] as usize).next_multiple_of(512);
    let mut half = bytes.clone();
    half[sector..].fill(0);
    let (records, ending, position) = read(&half);
    assert_eq!((records, ending, position.offset), (1, Ok(Next::Torn), starts[1]));
    // A later record is whole: this is no torn write.
    let mut hole = bytes.clone();
    hole[starts[0] as usize + 100..starts[1] as usize].fill(0);
    assert!(place(read(&hole).1).starts_with(&format!("00000001.seg:{} ", starts[0])));
}

#[test]
fn sectors_of_one_write_that_arrived_in_any_order_are_torn() {
    // Two records in one write, after one that was synced.
    let (first, starts, end) = segment();
    let mut writer = RunWriter::new("run_2", None, "2026-11-20T09:00:00Z");
    let (mut bytes, mut position, mut begins) = (first.clone(), end, Vec::new());
    for event in sample_run("ada").into_iter().take(2) {
        let entries = writer.batch([event]).entries;
        begins.push(bytes.len());
        let (prepared, back) = (prepare(&entries).unwrap(), (bytes.len() - first.len()) as u32);
        push_record(&mut bytes, &mut position.chain, &entries, prepared, back);
    }
    let sectors = (first.len() / 512)..bytes.len().div_ceil(512);
    assert!(sectors.len() > 3);
    for missing in 0_u32..1 << sectors.len() {
        let mut left = bytes.clone();
        for (_, sector) in sectors.clone().enumerate().filter(|(bit, _)| missing & 1 << bit != 0) {
            let (from, to) = ((sector * 512).max(first.len()), (sector * 512 + 512).min(bytes.len()));
            left[from..to].fill(0);
        }
        let (records, ending, position) = read(&left);
        let whole = begins.iter().chain([&bytes.len()]).take_while(|at| left[..**at] == bytes[..**at]).count() + 1;
        assert_eq!(records, whole, "{missing:b}");
        let expected = if missing == 0 { Next::End } else { Next::Torn };
        assert_eq!(ending, Ok(expected), "{missing:b}");
        assert!(position.offset >= first.len() as u64);
    }
    // The same hole in what a later write stands behind was not torn.
    let mut hole = bytes.clone();
    let sector = (starts[1] as usize).next_multiple_of(512);
    hole[sector..sector + 512].fill(0);
    assert!(place(read(&hole).1).starts_with(&format!("00000001.seg:{} ", starts[1])));
}

#[test]
fn a_forger_who_knows_the_checksums_is_found_by_the_chain() {
    let (bytes, starts, end) = segment();
    // The first record is taken out.
    let mut dropped = bytes.clone();
    dropped.drain(starts[0] as usize..starts[1] as usize);
    assert!(place(read(&dropped).1).contains("does not follow"));
    // A footer for another count, with right checksums.
    let mut miscounted = bytes.clone();
    push_footer(&mut miscounted, &end.chain, 3, 0);
    assert!(place(read(&miscounted).1).contains("footer does not fit"));
    let mut continued = bytes;
    push_footer(&mut continued, &end.chain, 2, 0);
    continued.push(b'x');
    assert!(place(read(&continued).1).contains("follows the footer"));
}

#[test]
fn names_are_read_as_they_are_written() {
    assert_eq!(name(1), "00000001.seg");
    assert_eq!(number("00000042.seg"), Some(42));
    assert_eq!(number(&name(123_456_789)), Some(123_456_789));
    for other in ["1.seg", "00000001.seg.bak", "lock", "0000000x.seg", "+0000001.seg"] {
        assert_eq!(number(other), None, "{other}");
    }
}
