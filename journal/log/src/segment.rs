//! The bytes of a segment: header, records, footer.

use crate::fs::{LogFile, fault};
use attache_journal::{Sealed, StoreError};
use sha2::{Digest as _, Sha256};
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The length of a segment's header.
pub(crate) const HEADER: u64 = 56;
/// The length of a record before its payload.
pub(crate) const HEAD: u64 = 48;
/// The longest payload of a record: what is longer is no batch of a run.
pub(crate) const MAX_PAYLOAD: u32 = 256 << 20;

const MAGIC: &[u8] = b"attache-log";
const FORMAT: u8 = 1;
/// In a record's length: this is the footer.
const FOOTER: u32 = 1 << 31;
/// The unit in which disks write: zeroes of an unfinished write start at one.
const SECTOR: u64 = 512;

/// The name of a segment's file.
pub(crate) fn name(number: u64) -> String {
    format!("{number:08}.seg")
}

/// The number in the name of a segment's file.
pub(crate) fn number(file: &str) -> Option<u64> {
    let digits = file.strip_suffix(".seg")?;
    let number = digits.parse().ok()?;
    (name(number) == file).then_some(number)
}

/// Writes the header of segment `number`.
pub(crate) fn push_header(out: &mut Vec<u8>, number: u64, chain: &[u8; 32]) {
    let mut header = Vec::with_capacity(HEADER as usize);
    header.extend_from_slice(MAGIC);
    header.push(FORMAT);
    header.extend_from_slice(&number.to_le_bytes());
    header.extend_from_slice(chain);
    header.extend_from_slice(&crc32c::crc32c(&header).to_le_bytes());
    out.append(&mut header);
}

/// What of a record does not depend on its place.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Prepared {
    /// The length of the payload in bytes.
    pub(crate) len: u32,
    crc: u32,
    digest: [u8; 32],
}

/// The bytes of an entry before its head: the lengths of head and body.
const FRAME: usize = 8;

/// Measures and sums the payload that `entries` will be; nothing if it is too
/// long for a record.
pub(crate) fn prepare(entries: &[Sealed]) -> Option<Prepared> {
    let (mut len, mut crc, mut digest) = (0_usize, 0, Sha256::new());
    for entry in entries {
        len += FRAME + entry.head.len() + entry.body.len();
        for part in [&lengths(entry)?[..], &entry.head, &entry.body] {
            crc = crc32c::crc32c_append(crc, part);
            digest.update(part);
        }
    }
    let len = u32::try_from(len).ok().filter(|len| *len <= MAX_PAYLOAD)?;
    Some(Prepared { len, crc, digest: digest.finalize().into() })
}

fn lengths(entry: &Sealed) -> Option<[u8; FRAME]> {
    let (head, body) = (u32::try_from(entry.head.len()).ok()?, u32::try_from(entry.body.len()).ok()?);
    let mut lengths = [0; FRAME];
    let bytes = head.to_le_bytes().into_iter().chain(body.to_le_bytes());
    lengths.iter_mut().zip(bytes).for_each(|(to, from)| *to = from);
    Some(lengths)
}

/// Writes a record and moves the chain on. `back` is how far before it the
/// write begins that it is part of.
pub(crate) fn push_record(out: &mut Vec<u8>, chain: &mut [u8; 32], entries: &[Sealed], prepared: Prepared, back: u32) {
    *chain = link(chain, &prepared.digest);
    push_head(out, prepared.len, prepared.crc, back, chain);
    for entry in entries {
        // They were measured: see `prepare`.
        out.extend_from_slice(&lengths(entry).unwrap_or_default());
        out.extend_from_slice(&entry.head);
        out.extend_from_slice(&entry.body);
    }
}

/// An entry in a payload.
#[derive(Clone, Copy)]
pub(crate) struct Frame<'a> {
    pub(crate) head: &'a [u8],
    pub(crate) body: &'a [u8],
}

/// The entries of a payload; nothing if it is none.
pub(crate) fn frames(mut payload: &[u8]) -> Option<Vec<Frame<'_>>> {
    let mut frames = Vec::new();
    while !payload.is_empty() {
        let (head, rest) = payload.split_first_chunk::<4>()?;
        let (body, rest) = rest.split_first_chunk::<4>()?;
        let (head, rest) = rest.split_at_checked(u32::from_le_bytes(*head) as usize)?;
        let (body, rest) = rest.split_at_checked(u32::from_le_bytes(*body) as usize)?;
        frames.push(Frame { head, body });
        payload = rest;
    }
    (!frames.is_empty()).then_some(frames)
}

/// Writes the footer of a segment with so many records.
pub(crate) fn push_footer(out: &mut Vec<u8>, chain: &[u8; 32], records: u64, back: u32) {
    let payload = records.to_le_bytes();
    push_head(out, payload.len() as u32 | FOOTER, crc32c::crc32c(&payload), back, chain);
    out.extend_from_slice(&payload);
}

fn push_head(out: &mut Vec<u8>, len: u32, payload_crc: u32, back: u32, chain: &[u8; 32]) {
    let start = out.len();
    out.extend_from_slice(&len.to_le_bytes());
    out.extend_from_slice(&sum(payload_crc, len, chain).to_le_bytes());
    out.extend_from_slice(&back.to_le_bytes());
    out.extend_from_slice(chain);
    let check = crc32c::crc32c(out.get(start..).unwrap_or_default());
    out.extend_from_slice(&check.to_le_bytes());
}

// The payload comes first, so that the thread that appends can sum it before
// the writer knows the chain.
fn sum(payload_crc: u32, len: u32, chain: &[u8; 32]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c_append(payload_crc, &len.to_le_bytes()), chain)
}

fn link(chain: &[u8; 32], payload: &[u8; 32]) -> [u8; 32] {
    Sha256::new().chain_update(chain).chain_update(payload).finalize().into()
}

/// The hash that a head says it has.
pub(crate) fn head_hash(line: &[u8]) -> Option<[u8; 32]> {
    let mut hash = [0; 32];
    hex::decode_to_slice(hash_text(line)?, &mut hash).ok().map(|()| hash)
}

/// Whether a head says that the entry before it has the hash `prev`.
pub(crate) fn follows(line: &[u8], prev: &[u8; 32]) -> bool {
    let end = line.len().checked_sub(2 + 64 + ",\"hash\":\"".len() + 1);
    end.and_then(|end| line.get(end.checked_sub(64)?..end)) == Some(hexadecimal(prev).as_slice())
}

/// Whether a head says that it has this hash.
pub(crate) fn has_hash(line: &[u8], hash: &[u8; 32]) -> bool {
    hash_text(line) == Some(hexadecimal(hash).as_slice())
}

fn hash_text(line: &[u8]) -> Option<&[u8]> {
    let text = line.strip_suffix(b"\"}")?;
    text.get(text.len().checked_sub(64)?..)
}

/// The digits of a hash. Not the `hex` crate's, which takes ten times as long:
/// every append compares two for each of its entries.
fn hexadecimal(hash: &[u8; 32]) -> [u8; 64] {
    let digit = |nibble: u8| nibble + b'0' + u8::from(nibble > 9) * (b'a' - b'0' - 10);
    let mut text = [0; 64];
    for (pair, byte) in text.as_chunks_mut::<2>().0.iter_mut().zip(hash) {
        *pair = [digit(byte >> 4), digit(byte & 15)];
    }
    text
}

struct Head {
    footer: bool,
    len: u32,
    crc: u32,
    back: u32,
    chain: [u8; 32],
}

fn parse_head(bytes: &[u8]) -> Option<Head> {
    let (fields, check) = bytes.split_last_chunk::<4>()?;
    let (len, rest) = fields.split_first_chunk::<4>()?;
    let (crc, rest) = rest.split_first_chunk::<4>()?;
    let (back, chain) = rest.split_first_chunk::<4>()?;
    let len = u32::from_le_bytes(*len);
    let good = crc32c::crc32c(fields) == u32::from_le_bytes(*check) && len & !FOOTER <= MAX_PAYLOAD;
    good.then_some(Head {
        footer: len & FOOTER != 0,
        len: len & !FOOTER,
        crc: u32::from_le_bytes(*crc),
        back: u32::from_le_bytes(*back),
        chain: chain.try_into().ok()?,
    })
}

/// Reads the record at `offset` whose payload is `len` bytes long, for a query:
/// its checksum is checked, its place in the chain is not.
pub(crate) fn read_record(path: &Path, file: &dyn LogFile, offset: u64, len: u32) -> Result<Vec<u8>, StoreError> {
    let corrupt = || corrupt(path, offset, "the record is not the one that was written here");
    let mut bytes = vec![0; HEAD as usize + len as usize];
    let read = fill(file, &mut bytes, offset).map_err(|e| fault(path, &e))?;
    let payload = bytes.split_off(HEAD as usize);
    let head = parse_head(&bytes).filter(|head| read == HEAD + u64::from(len) && head.len == len && !head.footer);
    let head = head.ok_or_else(corrupt)?;
    if sum(crc32c::crc32c(&payload), len, &head.chain) == head.crc { Ok(payload) } else { Err(corrupt()) }
}

/// The chain after the record at `offset` and where that record ends; nothing
/// if there is no record.
pub(crate) fn chain_at(file: &dyn LogFile, offset: u64) -> io::Result<Option<([u8; 32], u64)>> {
    let mut bytes = [0; HEAD as usize];
    fill(file, &mut bytes, offset)?;
    Ok(parse_head(&bytes).map(|head| (head.chain, offset + HEAD + u64::from(head.len))))
}

fn fill(file: &dyn LogFile, buf: &mut [u8], offset: u64) -> io::Result<u64> {
    let mut done = 0;
    while let Some(rest) = buf.get_mut(done..).filter(|rest| !rest.is_empty()) {
        match file.read_at(rest, offset + done as u64) {
            Ok(0) => break,
            Ok(read) => done += read,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(done as u64)
}

fn corrupt(path: &Path, offset: u64, what: impl Into<String>) -> StoreError {
    StoreError::Corrupt { place: format!("{}:{offset}", path.display()), what: what.into() }
}

/// What comes next in a segment.
#[derive(Debug, PartialEq)]
pub(crate) enum Next {
    /// The end of a segment without a footer.
    End,
    /// A record whose checksum and place in the chain are right.
    Record(Record),
    /// The footer; nothing follows.
    Sealed,
    /// A write that was never finished, up to the end of the file.
    Torn,
}

/// A record that was read.
#[derive(Debug, PartialEq)]
pub(crate) struct Record {
    /// Where it starts in its segment.
    pub(crate) offset: u64,
    /// Its entries: see [`frames`].
    pub(crate) payload: Vec<u8>,
}

/// Where a reader is, or may start.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Position {
    /// The segment.
    pub(crate) number: u64,
    /// Where the next record starts.
    pub(crate) offset: u64,
    /// Where the record before it starts; 0 if it is the first.
    pub(crate) last: u64,
    /// The chain before the next record.
    pub(crate) chain: [u8; 32],
    /// How many records the segment has before it.
    pub(crate) records: u64,
}

impl Position {
    /// Before the header of the first segment.
    pub(crate) const START: Self = Self { number: 1, offset: 0, last: 0, chain: [0; 32], records: 0 };

    /// Before the header of the segment after this one.
    pub(crate) fn next_segment(&self) -> Self {
        Self { number: self.number + 1, offset: 0, last: 0, records: 0, ..*self }
    }
}

/// Reads a segment from front to back and checks every byte of it, except that
/// entries are not compared with their hashes.
pub(crate) struct SegmentReader {
    path: PathBuf,
    input: BufReader<At>,
    file: Arc<dyn LogFile>,
    end: u64,
    position: Position,
}

struct At {
    file: Arc<dyn LogFile>,
    offset: u64,
    end: u64,
}

impl Read for At {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.end - self.offset).unwrap_or(usize::MAX);
        let wanted = buf.len().min(left);
        let read = self.file.read_at(buf.get_mut(..wanted).unwrap_or_default(), self.offset)?;
        self.offset += read as u64;
        Ok(read)
    }
}

impl SegmentReader {
    /// Reads on from `position` up to byte `end` of the segment's file.
    pub(crate) fn new(path: PathBuf, file: Arc<dyn LogFile>, position: Position, end: u64) -> Self {
        let at = At { file: Arc::clone(&file), offset: position.offset.min(end), end };
        Self { path, input: BufReader::with_capacity(256 << 10, at), file, end, position }
    }

    /// Where it is: before the item that [`next`](Self::next) will give.
    pub(crate) fn position(&self) -> Position {
        self.position
    }

    /// What is wrong at `offset` of this segment.
    pub(crate) fn corrupt(&self, offset: u64, what: impl Into<String>) -> StoreError {
        corrupt(&self.path, offset, what)
    }

    /// The next record, or how the segment ends.
    pub(crate) fn next(&mut self) -> Result<Next, StoreError> {
        if self.position.offset == 0 && !self.header()? {
            return Ok(Next::Torn);
        }
        let start = self.position.offset;
        let left = self.end - start;
        if left == 0 {
            return Ok(Next::End);
        }
        if left < HEAD {
            return Ok(Next::Torn);
        }
        let mut bytes = [0; HEAD as usize];
        self.read(&mut bytes)?;
        let Some(head) = parse_head(&bytes) else {
            return self.torn_or(start, HEAD, "the head of the record does not have its checksum");
        };
        let whole = HEAD + u64::from(head.len);
        if left < whole {
            return Ok(Next::Torn);
        }
        let mut payload = vec![0; head.len as usize];
        self.read(&mut payload)?;
        let len = if head.footer { head.len | FOOTER } else { head.len };
        if sum(crc32c::crc32c(&payload), len, &head.chain) != head.crc {
            return self.torn_or(start, whole, "the record does not have its checksum");
        }
        if head.footer {
            return self.footer(start, left == whole, &head.chain, &payload);
        }
        if link(&self.position.chain, &Sha256::digest(&payload).into()) != head.chain {
            return Err(self.corrupt(start, "the record does not follow the one before it"));
        }
        self.position.chain = head.chain;
        self.position.last = start;
        self.position.offset = start + whole;
        self.position.records += 1;
        Ok(Next::Record(Record { offset: start, payload }))
    }

    fn footer(&self, start: u64, at_end: bool, chain: &[u8; 32], payload: &[u8]) -> Result<Next, StoreError> {
        if payload != self.position.records.to_le_bytes() || *chain != self.position.chain {
            return Err(self.corrupt(start, "the footer does not fit the records before it"));
        }
        if at_end { Ok(Next::Sealed) } else { Err(self.corrupt(start, "something follows the footer")) }
    }

    /// Reads the header; false if it was never written whole.
    fn header(&mut self) -> Result<bool, StoreError> {
        if self.end < HEADER {
            return Ok(false);
        }
        let mut expected = Vec::new();
        push_header(&mut expected, self.position.number, &self.position.chain);
        let mut header = vec![0; HEADER as usize];
        self.read(&mut header)?;
        if header != expected {
            let what = match header.get(MAGIC.len()) {
                _ if !header.starts_with(MAGIC) => "this is no segment of a journal",
                Some(format) if *format != FORMAT => "this segment has a format that this version cannot read",
                _ => "the header does not follow the segment before it",
            };
            return self.torn_or(0, HEADER, what).map(|_| false);
        }
        self.position.offset = HEADER;
        Ok(true)
    }

    fn read(&mut self, buf: &mut [u8]) -> Result<(), StoreError> {
        self.input.read_exact(buf).map_err(|e| fault(&self.path, &e))
    }

    /// Tells a write that was never finished from one that was changed; see
    /// the crate's documentation.
    fn torn_or(&self, start: u64, whole: u64, what: &str) -> Result<Next, StoreError> {
        let mut rest = vec![0; usize::try_from(self.end - start).unwrap_or(usize::MAX)];
        fill(&*self.file, &mut rest, start).map_err(|e| fault(&self.path, &e))?;
        let (torn, synced) = (has_unwritten_sector(&rest, start, whole), has_later_write(&rest, start));
        if torn && !synced { Ok(Next::Torn) } else { Err(self.corrupt(start, what)) }
    }
}

/// Whether some sector of the first `whole` of these bytes, which stand at
/// `start`, is zeroes from where they begin in it.
fn has_unwritten_sector(rest: &[u8], start: u64, whole: u64) -> bool {
    let first = (SECTOR - start % SECTOR) as usize;
    let (head, tail) = rest.split_at_checked(first).unwrap_or((rest, &[]));
    let sectors = std::iter::once(head).chain(tail.chunks(SECTOR as usize));
    let within = usize::try_from(whole).unwrap_or(usize::MAX).saturating_sub(first).div_ceil(SECTOR as usize) + 1;
    sectors.take(within).any(|sector| !sector.is_empty() && sector.iter().all(|byte| *byte == 0))
}

/// Whether a whole record stands behind these bytes that belongs to a later
/// write: then what is at `start` was synced before that write began.
fn has_later_write(rest: &[u8], start: u64) -> bool {
    (1..rest.len()).any(|at| {
        let Some((head, payload)) = rest.get(at..).and_then(|rest| rest.split_at_checked(HEAD as usize)) else {
            return false;
        };
        parse_head(head).is_some_and(|head| {
            let len = if head.footer { head.len | FOOTER } else { head.len };
            let payload = payload.get(..head.len as usize);
            let whole = payload.is_some_and(|payload| sum(crc32c::crc32c(payload), len, &head.chain) == head.crc);
            whole && (start + at as u64).saturating_sub(u64::from(head.back)) > start
        })
    })
}

#[cfg(test)]
mod tests;
