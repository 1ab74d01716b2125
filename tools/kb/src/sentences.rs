//! The vectors of single sentences.
//!
//! A passage of ten sentences points where all of them point together; what is
//! asked is often one of them. There are many, and only those of the few passages
//! that a search looks at are compared: so they stay in a file, a byte a number,
//! in order, and are found there by halving.

use crate::error::KbError;
use crate::metric::{Metric, by_length};
use crate::vectors::{Head, replace};
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::Path;
use tantivy::Directory as _;
use tantivy::directory::{MmapDirectory, OwnedBytes, error::OpenReadError};

/// The file, in the folder of the index.
const FILE: &str = "sentences.bin";

/// Before the numbers of a record: its key, what one of them counts, and how long all
/// are by the learned measure.
const KEY: usize = 8;
const SCALE: usize = 4;
const LENGTH: usize = 4;

/// Vectors of length 1 by what their sentences say, to be written.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sentences {
    by_content: BTreeMap<u64, Vec<u8>>,
}

impl Sentences {
    pub(crate) fn has(&self, content: u64) -> bool {
        self.by_content.contains_key(&content)
    }

    pub(crate) fn keep(&mut self, wanted: impl Fn(&u64) -> bool) {
        self.by_content.retain(|content, _| wanted(content));
    }

    /// The length of a sentence's vector by the learned measure, and its numbers.
    pub(crate) fn vector(&self, content: u64) -> Option<(f32, Vec<f32>)> {
        Record::of(self.by_content.get(&content)?).map(|record| (record.length, record.numbers()))
    }

    /// Measures all of them anew.
    pub(crate) fn measure(&mut self, metric: &Metric) {
        let mut all: Vec<&mut Vec<u8>> = self.by_content.values_mut().collect();
        // By parts, since their numbers take four times the room that they do.
        for part in all.chunks_mut(4_096) {
            let numbers: Vec<_> = part.iter().filter_map(|bytes| Some(Record::of(bytes)?.numbers())).collect();
            let lengths = metric.lengths(&numbers.iter().map(Vec::as_slice).collect::<Vec<_>>());
            for (bytes, length) in part.iter_mut().zip(lengths) {
                if let Some(place) = bytes.get_mut(SCALE..SCALE + LENGTH) {
                    place.copy_from_slice(&length.to_le_bytes());
                }
            }
        }
    }

    /// Adds a vector of this length by the learned measure, a byte a number.
    pub(crate) fn put(&mut self, content: u64, length: f32, vector: &[f32]) {
        let most = vector.iter().fold(f32::EPSILON, |most, number| most.max(number.abs()));
        let scale = most / f32::from(i8::MAX);
        let mut record = [scale.to_le_bytes(), length.to_le_bytes()].concat();
        #[expect(clippy::cast_possible_truncation, reason = "within an i8 by its scale")]
        record.extend(vector.iter().map(|number| (number / scale).round() as i8).flat_map(i8::to_le_bytes));
        self.by_content.insert(content, record);
    }

    /// Writes all of them, in order.
    fn write_to(&self, out: &mut impl Write, head: &Head) -> io::Result<()> {
        head.write(out)?;
        for (key, record) in
            self.by_content.iter().filter(|(_, record)| record.len() == SCALE + LENGTH + head.dimensions)
        {
            out.write_all(&key.to_le_bytes())?;
            out.write_all(record)?;
        }
        Ok(())
    }

    /// Writes all of them in one step.
    pub(crate) fn write(&self, dir: &Path, head: &Head) -> Result<(), KbError> {
        replace(dir, FILE, |out| self.write_to(out, head))
    }

    /// As they would be read.
    pub(crate) fn written(&self, head: &Head) -> Written {
        let mut bytes = Vec::new();
        let written = self.write_to(&mut bytes, head).ok();
        written.and_then(|()| Written::of(OwnedBytes::new(bytes), &head.model)).unwrap_or_default()
    }
}

/// Vectors in order, as they are written; without any, if there are none.
#[derive(Debug)]
pub(crate) struct Written {
    dimensions: usize,
    records: OwnedBytes,
}

impl Default for Written {
    fn default() -> Self {
        Self { dimensions: 0, records: OwnedBytes::empty() }
    }
}

impl Written {
    /// The vectors of `model` in `dir`; none if they are another's.
    pub(crate) fn open(dir: &Path, model: &str) -> Result<Self, KbError> {
        let unavailable = |what: String| KbError::Unavailable { dir: dir.to_owned(), what: format!("{FILE}: {what}") };
        let directory = MmapDirectory::open(dir).map_err(|error| unavailable(error.to_string()))?;
        let bytes = match directory.open_read(Path::new(FILE)) {
            Ok(file) => file.read_bytes().map_err(|error| unavailable(error.to_string()))?,
            Err(OpenReadError::FileDoesNotExist(_)) => return Ok(Self::default()),
            Err(error) => return Err(unavailable(error.to_string())),
        };
        Ok(Self::of(bytes, model).unwrap_or_default())
    }

    fn of(mut bytes: OwnedBytes, model: &str) -> Option<Self> {
        let end = bytes.iter().take(10_000).position(|byte| *byte == b'\n')?;
        let head = Head::of(bytes.get(..end)?, model)?;
        bytes.advance(end + 1);
        Some(Self { dimensions: head.dimensions, records: bytes })
    }

    /// What was written, to write more.
    pub(crate) fn all(&self) -> Sentences {
        let records = self.records.chunks_exact(self.size().max(1));
        let by_content = records.filter_map(|record| Some((key(record)?, record.get(KEY..)?.to_vec())));
        Sentences { by_content: by_content.collect() }
    }

    /// How long a record is.
    fn size(&self) -> usize {
        if self.dimensions == 0 { 0 } else { KEY + SCALE + LENGTH + self.dimensions }
    }

    /// How like a sentence is to a question's direction as it is held against
    /// others, if it has a vector.
    pub(crate) fn likeness(&self, content: u64, query: &[f32]) -> Option<f32> {
        let size = self.size();
        if size == 0 || query.len() != self.dimensions {
            return None;
        }
        let (mut from, mut until) = (0, self.records.len() / size);
        while from < until {
            let middle = usize::midpoint(from, until);
            let record = self.records.get(middle * size..(middle + 1) * size)?;
            match key(record)?.cmp(&content) {
                std::cmp::Ordering::Less => from = middle + 1,
                std::cmp::Ordering::Greater => until = middle,
                std::cmp::Ordering::Equal => {
                    return Some(Record::of(record.get(KEY..)?)?.likeness(query));
                }
            }
        }
        None
    }
}

/// What a record says, without its key.
struct Record<'a> {
    scale: f32,
    length: f32,
    numbers: &'a [u8],
}

impl<'a> Record<'a> {
    fn of(bytes: &'a [u8]) -> Option<Self> {
        let (scale, rest) = bytes.split_first_chunk::<SCALE>()?;
        let (length, numbers) = rest.split_first_chunk::<LENGTH>()?;
        Some(Self { scale: f32::from_le_bytes(*scale), length: f32::from_le_bytes(*length), numbers })
    }

    fn numbers(&self) -> Vec<f32> {
        self.numbers.iter().map(|number| self.scale * f32::from(i8::from_le_bytes([*number]))).collect()
    }

    fn likeness(&self, query: &[f32]) -> f32 {
        let product = |(number, query): (&u8, &f32)| f32::from(i8::from_le_bytes([*number])) * query;
        by_length(self.scale * self.numbers.iter().zip(query).map(product).sum::<f32>(), self.length)
    }
}

/// What a record is of.
fn key(record: &[u8]) -> Option<u64> {
    record.first_chunk::<KEY>().map(|key| u64::from_le_bytes(*key))
}

#[cfg(test)]
mod tests;
