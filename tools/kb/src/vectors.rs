//! Vectors of texts, as they are made, learned from and kept.
//!
//! They stay beside the index, by what a passage says: a passage that did not
//! change keeps its vector, and a passage without one is found by its words alone.

use crate::cohort;
use crate::error::KbError;
use crate::metric::{self, Metric};
use crate::sentences::{Sentences, Written};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::Path;

/// The file of the vectors, in the folder of the index.
pub(crate) const FILE: &str = "vectors.bin";

/// How vectors are written. Version 1 had no lengths, version 2 no cohort.
pub(crate) const VERSION: u32 = 3;

/// No model has more numbers in a vector.
const MAX_DIMENSIONS: usize = 8_192;

/// Turns texts into vectors: like texts into like directions.
pub trait Embedder: Send + Sync + 'static {
    /// The name of the model. Vectors of another model are not compared.
    fn name(&self) -> &str;

    /// A vector for each text, in order, all of the same length. It may take
    /// long and is called on a thread that may wait.
    ///
    /// # Errors
    /// If the model or its server cannot do it.
    fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedFault>;

    /// How likely each passage answers the question, read together with it, as log odds: the
    /// higher, the likelier. Nothing from a model that only compares.
    ///
    /// # Errors
    /// If the model cannot do it.
    fn read(&self, _question: &str, _passages: &[&str]) -> Result<Option<Vec<f32>>, EmbedFault> {
        Ok(None)
    }
}

/// No vectors could be made.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{message}")]
pub struct EmbedFault {
    /// What happened, for operators.
    pub message: String,
}

impl EmbedFault {
    /// With what happened.
    #[must_use]
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into() }
    }
}

/// The first line of a file of vectors.
#[derive(Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Head {
    pub(crate) version: u32,
    pub(crate) model: String,
    pub(crate) dimensions: usize,
    /// Whether a measure was learned, by which the lengths are.
    pub(crate) learned: bool,
    /// Which cohort has vectors too: see `cohort.rs`. Without it too much would be answered.
    pub(crate) cohort: String,
}

impl Head {
    /// The head in the first line of a file, if its vectors are those of `model` and
    /// written in a way that is known.
    pub(crate) fn of(line: &[u8], model: &str) -> Option<Self> {
        let head = serde_json::from_slice::<Self>(line).ok()?;
        let known = head.version == VERSION && head.cohort == cohort::digest();
        let known = known && (1..=MAX_DIMENSIONS).contains(&head.dimensions);
        (known && head.model == model).then_some(head)
    }

    /// Writes it as the first line.
    pub(crate) fn write(&self, out: &mut impl Write) -> io::Result<()> {
        serde_json::to_writer(&mut *out, self)?;
        out.write_all(b"\n")
    }
}

/// Puts a file of vectors in the place of the last one, in one step.
pub(crate) fn replace(
    dir: &Path,
    file: &str,
    write: impl FnOnce(&mut io::BufWriter<File>) -> io::Result<()>,
) -> Result<(), KbError> {
    let replaced = || -> io::Result<()> {
        let part = dir.join(format!("{file}.part"));
        let mut out = io::BufWriter::with_capacity(1 << 20, File::create(&part)?);
        write(&mut out)?;
        out.into_inner()?.sync_all()?;
        fs::rename(part, dir.join(file))
    };
    replaced().map_err(|error| KbError::Unavailable { dir: dir.to_owned(), what: format!("{file}: {error}") })
}

/// What a vector is made of: what it says, as a number, and in words.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Spoken {
    pub(crate) content: u64,
    /// Whether it is a part of a passage.
    pub(crate) sentence: bool,
    pub(crate) text: String,
}

/// A vector of length 1.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Vector {
    /// How long it is by the learned measure.
    pub(crate) length: f32,
    pub(crate) numbers: Vec<f32>,
}

/// Vectors of length 1 by what their texts say.
#[derive(Clone, Debug, Default)]
pub(crate) struct Vectors {
    model: String,
    /// How many numbers each has.
    pub(crate) dimensions: usize,
    /// What was learned from them.
    pub(crate) metric: Metric,
    by_content: HashMap<u64, Vector>,
    /// Those of sentences, while they are made and where there is no folder.
    pub(crate) sentences: Sentences,
}

impl Vectors {
    /// Reads the vectors of `model` in `dir`; none if they are another's. What a
    /// cut left of a last record is not read.
    pub(crate) fn read(dir: &Path, model: &str) -> Result<Self, KbError> {
        let unavailable =
            |error: io::Error| KbError::Unavailable { dir: dir.to_owned(), what: format!("{FILE}: {error}") };
        let none = Self { model: model.to_owned(), ..Self::default() };
        let file = match File::open(dir.join(FILE)) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(none),
            Err(error) => return Err(unavailable(error)),
        };
        let mut reader = BufReader::with_capacity(1 << 20, file);
        let mut line = Vec::new();
        reader.by_ref().take(10_000).read_until(b'\n', &mut line).map_err(unavailable)?;
        let Some(head) = Head::of(&line, model) else { return Ok(none) };
        let mut vectors = Self { dimensions: head.dimensions, ..none };
        let mut read = |bytes: &mut [u8]| match reader.read_exact(bytes) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
            Err(error) => Err(unavailable(error)),
        };
        let floats = |bytes: &[u8]| bytes.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
        if head.learned {
            let mut rows: Vec<f32> = Vec::new();
            let mut row = vec![0; 4 * head.dimensions];
            while rows.len() < head.dimensions * head.dimensions && read(&mut row)? {
                rows.extend::<Vec<f32>>(floats(&row));
            }
            vectors.metric = Metric::of(head.dimensions, rows);
        }
        let mut record = vec![0; 8 + 4 + 4 * head.dimensions];
        while read(&mut record)? {
            let (key, numbers) = record.split_at(8);
            let key = key.iter().rev().fold(0, |number, byte| (number << 8) | u64::from(*byte));
            let mut numbers: Vec<f32> = floats(numbers);
            let length = numbers.remove(0);
            vectors.by_content.insert(key, Vector { length, numbers });
        }
        Ok(vectors)
    }

    fn head(&self) -> Head {
        Head {
            version: VERSION,
            model: self.model.clone(),
            dimensions: self.dimensions,
            learned: self.metric.numbers().is_some(),
            cohort: cohort::digest(),
        }
    }

    /// The vectors of sentences, as a search reads them.
    pub(crate) fn of_sentences(&self) -> Written {
        self.sentences.written(&self.head())
    }

    /// Writes those of sentences and then all others, each in one step: who sees
    /// that the others changed finds the sentences.
    pub(crate) fn write(&self, dir: &Path) -> Result<(), KbError> {
        self.sentences.write(dir, &self.head())?;
        replace(dir, FILE, |out| {
            self.head().write(out)?;
            write_numbers(out, self.metric.numbers().unwrap_or_default())?;
            let sorted: BTreeMap<_, _> = self.by_content.iter().collect();
            for (key, vector) in sorted {
                out.write_all(&key.to_le_bytes())?;
                write_numbers(out, &[vector.length])?;
                write_numbers(out, &vector.numbers)?;
            }
            Ok(())
        })
    }

    pub(crate) fn of(model: &str) -> Self {
        Self { model: model.to_owned(), ..Self::default() }
    }

    pub(crate) fn is_of(&self, model: &str) -> bool {
        self.model == model
    }

    /// The vector of what is no sentence, if its length fits.
    pub(crate) fn get(&self, content: u64) -> Option<&Vector> {
        self.by_content.get(&content).filter(|vector| vector.numbers.len() == self.dimensions)
    }

    pub(crate) fn has(&self, spoken: &Spoken) -> bool {
        match spoken.sentence {
            true => self.sentences.has(spoken.content),
            false => self.by_content.contains_key(&spoken.content),
        }
    }

    /// What of these has no vector, each once.
    pub(crate) fn lacking<'a>(&self, texts: impl Iterator<Item = &'a Spoken>) -> BTreeSet<&'a Spoken> {
        texts.filter(|spoken| !self.has(spoken)).collect()
    }

    /// Keeps the vectors of these, and no others.
    pub(crate) fn keep<'a>(&mut self, wanted: impl Iterator<Item = &'a Spoken>) {
        let wanted: HashSet<_> = wanted.map(|spoken| (spoken.sentence, spoken.content)).collect();
        let known = |content: u64| wanted.contains(&(false, content));
        self.by_content.retain(|content, _| known(*content) || known(matter(*content)));
        self.sentences.keep(|content| wanted.contains(&(true, *content)));
    }

    /// Adds a vector, at length 1.
    pub(crate) fn put(&mut self, spoken: &Spoken, vector: Vec<f32>) -> Result<(), EmbedFault> {
        let dimensions = if self.dimensions == 0 { vector.len() } else { self.dimensions };
        let vector = unit(vector).filter(|v| v.len() == dimensions && (1..=MAX_DIMENSIONS).contains(&v.len()));
        let vector =
            vector.ok_or_else(|| EmbedFault::new(format!("the model {} made no vector of a text", self.model)))?;
        self.dimensions = dimensions;
        let length = self.metric.lengths(&[&vector]).into_iter().sum();
        match spoken.sentence {
            true => self.sentences.put(spoken.content, length, &vector),
            false => drop(self.by_content.insert(spoken.content, Vector { length, numbers: vector })),
        }
        Ok(())
    }

    /// The vector of a text, with its length by the learned measure.
    fn vector(&self, spoken: &Spoken) -> Option<(f32, Vec<f32>)> {
        match spoken.sentence {
            true => self.sentences.vector(spoken.content),
            false => self.by_content.get(&spoken.content).map(|vector| (vector.length, vector.numbers.clone())),
        }
    }

    /// Learns a measure of likeness from what `passages` say, each in several
    /// wordings, measures all vectors by it, and makes those of matters.
    pub(crate) fn learn(&mut self, passages: &[Vec<Spoken>]) {
        let wordings: usize = passages.iter().map(Vec::len).sum();
        let some = passages.iter().step_by(wordings.div_ceil(metric::MOST).max(1));
        let numbers = |spoken| self.vector(spoken).map(|(_, numbers)| numbers);
        let some = some.map(|passage| passage.iter().filter_map(numbers).collect());
        self.metric = Metric::learned(self.dimensions, some);
        let mut vectors: Vec<&mut Vector> = self.by_content.values_mut().collect();
        let lengths = self.metric.lengths(&vectors.iter().map(|vector| vector.numbers.as_slice()).collect::<Vec<_>>());
        vectors.iter_mut().zip(lengths).for_each(|(vector, length)| vector.length = length);
        self.sentences.measure(&self.metric);
        let matters = passages.iter().filter_map(|passage| Some((passage.first()?.content, self.middle(passage)?)));
        let (contents, matters): (Vec<u64>, Vec<Vec<f32>>) = matters.unzip();
        let lengths = self.metric.lengths(&matters.iter().map(Vec::as_slice).collect::<Vec<_>>());
        for ((content, numbers), length) in contents.into_iter().zip(matters).zip(lengths) {
            self.by_content.insert(matter(content), Vector { length, numbers });
        }
    }

    /// The direction of all wordings of a passage together, each counting the same by
    /// the learned measure.
    fn middle(&self, passage: &[Spoken]) -> Option<Vec<f32>> {
        let mut middle = vec![0.0; self.dimensions];
        for (length, numbers) in passage.iter().filter_map(|spoken| self.vector(spoken)) {
            middle.iter_mut().zip(numbers).for_each(|(sum, number)| *sum += number / length.max(f32::EPSILON));
        }
        unit(middle)
    }
}

fn write_numbers(out: &mut impl Write, numbers: &[f32]) -> io::Result<()> {
    numbers.iter().try_for_each(|number| out.write_all(&number.to_le_bytes()))
}

/// What the vector of all wordings of a passage is of, from what its text is, and the
/// other way.
pub(crate) fn matter(content: u64) -> u64 {
    !content
}

/// The vector at length 1; nothing if it has no direction.
pub(crate) fn unit(mut vector: Vec<f32>) -> Option<Vec<f32>> {
    let length = vector.iter().map(|n| n * n).sum::<f32>().sqrt();
    if !length.is_finite() || length <= f32::EPSILON {
        return None;
    }
    vector.iter_mut().for_each(|n| *n /= length);
    Some(vector)
}

/// A vector less what all have in common, at length 1; zeros if there is none or nothing is left of it.
pub(crate) fn apart(own: Option<Vec<f32>>, common: &[f32]) -> Vec<f32> {
    let less = own.map(|own| own.iter().zip(common).map(|(own, common)| own - common).collect());
    less.and_then(unit).unwrap_or_else(|| vec![0.0; common.len()])
}

/// What of a passage is made a vector of.
pub(crate) fn spoken(title: &str, passage: &str) -> String {
    format!("{title}. {passage}")
}

#[cfg(test)]
mod tests;
