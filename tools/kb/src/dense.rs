//! The second retriever: passages by the direction of a vector.
//!
//! Vectors are kept beside the index, by what a passage says: a passage that
//! did not change keeps its vector, and a passage without one is found by its
//! words alone.

use crate::error::KbError;
use crate::index::{Fields, INTERNAL};
use crate::metric::{self, Metric, by_length};
use crate::search::Ids;
use crate::sentences::{Sentences, Written};
use attache_tools::{Readers, Scope};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::Path;
use tantivy::collector::DocSetCollector;
use tantivy::query::TermQuery;
use tantivy::schema::IndexRecordOption;
use tantivy::{DocAddress, Searcher, TantivyError, Term};

/// The file of the vectors, in the folder of the index.
pub(crate) const FILE: &str = "vectors.bin";

/// How vectors are written. Version 1 had no lengths.
pub(crate) const VERSION: u32 = 2;

/// Fewer vectors are not worth a thread of their own.
const A_THREADS: usize = 4_096;

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
}

impl Head {
    /// The head in the first line of a file, if its vectors are those of `model` and
    /// written in a way that is known.
    pub(crate) fn of(line: &[u8], model: &str) -> Option<Self> {
        let head = serde_json::from_slice::<Self>(line).ok()?;
        let known = head.version == VERSION && (1..=MAX_DIMENSIONS).contains(&head.dimensions);
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
struct Vector {
    /// How long it is by the learned measure.
    length: f32,
    numbers: Vec<f32>,
}

/// Vectors of length 1 by what their texts say.
#[derive(Clone, Debug, Default)]
pub(crate) struct Vectors {
    model: String,
    dimensions: usize,
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

    pub(crate) fn has(&self, spoken: &Spoken) -> bool {
        match spoken.sentence {
            true => self.sentences.has(spoken.content),
            false => self.by_content.contains_key(&spoken.content),
        }
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
fn matter(content: u64) -> u64 {
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

/// What of a passage a vector is of.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Of {
    /// Its text.
    Text,
    /// All its wordings together.
    Matter,
    /// A question that it answers.
    Asked,
}

/// A vector of a passage.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    pub(crate) address: DocAddress,
    of: Of,
    /// Its document, as a place in [`Dense::docs`].
    pub(crate) doc: usize,
    internal: bool,
    updated: Option<i64>,
}

/// The vectors of one state of the index, in the order of its entries, that of a
/// text first, then that of its matter, then those of its questions.
///
/// They are all looked at for each question, so they are small and lie one behind
/// the other. Whole numbers add up to the same sum in whatever order a CPU adds
/// them, and their rounding is far below what tells one passage from the next.
pub(crate) struct Dense {
    pub(crate) docs: Vec<String>,
    pub(crate) rows: Vec<Row>,
    dimensions: usize,
    numbers: Vec<i16>,
    /// The length of each by the learned measure.
    lengths: Vec<f32>,
    metric: Metric,
    pub(crate) sentences: Written,
}

/// A question's direction, as vectors are compared with it.
#[derive(Debug)]
pub(crate) struct Direction {
    /// As the model gave it, at length 1.
    plain: Vec<i16>,
    /// As it is held against others by the learned measure.
    held: Vec<i16>,
    pub(crate) exact: Vec<f32>,
}

/// How like a row is to a question, from -1 to 1; 0 where nobody asks for it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Alike {
    /// By their cosine: of texts and questions, since it ranks.
    plain: f32,
    /// By the learned measure: of matters and questions.
    learned: f32,
}

/// How like a passage is to a question by the learned measure, from -1 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Own {
    pub(crate) text: f32,
    /// By all its wordings together; by its text until something was learned.
    pub(crate) matter: f32,
    /// Its document, as a place in [`Dense::docs`].
    pub(crate) doc: usize,
}

/// What 1 is as a whole number. The sum of the products of two vectors of length
/// 1 is at most its square, which an `i32` holds.
const ONE: f32 = 16_384.0;

impl Dense {
    /// Joins `vectors` with the passages that they are of.
    pub(crate) fn new(
        searcher: &Searcher,
        fields: Fields,
        vectors: &Vectors,
        sentences: Written,
    ) -> Result<Self, TantivyError> {
        let internal = TermQuery::new(Term::from_field_text(fields.readers, INTERNAL), IndexRecordOption::Basic);
        let internal = searcher.search(&internal, &DocSetCollector)?;
        let mut dense = Self {
            docs: Vec::new(),
            rows: Vec::new(),
            dimensions: vectors.dimensions,
            numbers: Vec::new(),
            lengths: Vec::new(),
            metric: vectors.metric.clone(),
            sentences,
        };
        let ids = Ids::open(searcher)?;
        let mut places: HashMap<String, usize> = HashMap::new();
        for (segment, reader) in (0..).zip(searcher.segment_readers()) {
            let contents = reader.fast_fields().u64("content")?;
            let asked = reader.fast_fields().u64("asked_contents")?;
            let updated = reader.fast_fields().i64("updated")?;
            for id in reader.doc_ids_alive() {
                let own = contents.first(id).into_iter();
                let own = own.flat_map(|content| [(content, Of::Text), (matter(content), Of::Matter)]);
                let all = own.chain(asked.values_for_doc(id).map(|content| (content, Of::Asked)));
                let vector =
                    |content| vectors.by_content.get(&content).filter(|v| v.numbers.len() == vectors.dimensions);
                let all: Vec<_> = all.filter_map(|(content, of)| Some((vector(content)?, of))).collect();
                if all.is_empty() {
                    continue;
                }
                let address = DocAddress::new(segment, id);
                let doc = *places.entry(ids.of(address)?).or_insert_with_key(|doc| {
                    dense.docs.push(doc.clone());
                    dense.docs.len() - 1
                });
                let internal = internal.contains(&address);
                for (vector, of) in all {
                    dense.numbers.extend(whole(&vector.numbers));
                    dense.lengths.push(vector.length);
                    dense.rows.push(Row { address, of, doc, internal, updated: updated.first(id) });
                }
            }
        }
        Ok(dense)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// A question's direction, from its vector of length 1.
    pub(crate) fn direction(&self, query: &[f32]) -> Direction {
        let held = self.metric.held(query);
        Direction { plain: whole(query).collect(), held: whole(&held).collect(), exact: held }
    }

    /// How like everything within `scope` is to `query`.
    pub(crate) fn likeness(&self, query: &Direction, scope: &Scope) -> Likeness<'_> {
        Likeness::new(self.compared(query, scope), self.docs.len())
    }

    /// Every row within `scope` with how like it is to `query`.
    fn compared(&self, query: &Direction, scope: &Scope) -> Vec<(Alike, &Row)> {
        if query.plain.len() != self.dimensions || self.dimensions == 0 {
            return Vec::new();
        }
        // A processor compares some thousand vectors while another one begins.
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let each = self.rows.len().div_ceil(threads).max(A_THREADS);
        let numbers = self.numbers.chunks(each * self.dimensions);
        let mut parts = self.rows.chunks(each).zip(numbers).zip(self.lengths.chunks(each));
        let first = parts.next();
        std::thread::scope(|scope_of_threads| {
            let compare = |((rows, numbers), lengths)| compared(rows, numbers, lengths, query, scope);
            let others: Vec<_> = parts.map(|part| scope_of_threads.spawn(move || compare(part))).collect();
            let mut found = first.map(compare).unwrap_or_default();
            for other in others {
                found.extend(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
            }
            found
        })
    }

    /// How like one passage is to `query` by the learned measure, if it has a vector.
    pub(crate) fn likeness_of(&self, query: &Direction, place: DocAddress) -> Option<Own> {
        let at = self.rows.partition_point(|row| row.address < place);
        let learned = |at: usize, of: Of| {
            let row = self.rows.get(at).filter(|row| row.address == place && row.of == of)?;
            let vector = self.numbers.chunks_exact(self.dimensions.max(1)).nth(at)?;
            Some((query.learned(vector, *self.lengths.get(at)?), row.doc))
        };
        let (text, doc) = learned(at, Of::Text)?;
        let matter = learned(at + 1, Of::Matter).map_or(text, |(matter, _)| matter);
        Some(Own { text, matter, doc })
    }
}

impl Direction {
    fn plain(&self, vector: &[i16]) -> f32 {
        product(&self.plain, vector)
    }

    fn learned(&self, vector: &[i16], length: f32) -> f32 {
        by_length(product(&self.held, vector), length)
    }

    fn alike(&self, of: Of, vector: &[i16], length: f32) -> Alike {
        let (plain, learned) = (|| self.plain(vector), || self.learned(vector, length));
        match of {
            Of::Text => Alike { plain: plain(), ..Alike::default() },
            Of::Matter => Alike { learned: learned(), ..Alike::default() },
            Of::Asked => Alike { plain: plain(), learned: learned() },
        }
    }
}

/// How like passages and articles are to a question, from -1 to 1.
#[derive(Debug)]
pub(crate) struct Likeness<'a> {
    /// Each passage by its cosine, which ranks: by its text, and half by what
    /// customers ask that its article answers, where that is more like. The article,
    /// not the passage: who asked in such words asks the next thing in them too.
    pub(crate) passages: Vec<(f32, &'a Row)>,
    /// The best matter of each article, by the learned measure: that tells an answer
    /// from a neighbour, and ranks abstracts of papers worse.
    pub(crate) matters: Best,
    /// The best question that each article answers, by the learned measure.
    pub(crate) asked: Best,
}

/// The best of each article.
#[derive(Debug)]
pub(crate) struct Best(Vec<f32>);

impl Best {
    fn put(&mut self, doc: usize, likeness: f32) {
        if let Some(best) = self.0.get_mut(doc) {
            *best = best.max(likeness);
        }
    }

    /// That of one article; 0 if it has none.
    pub(crate) fn of(&self, doc: usize) -> f32 {
        self.0.get(doc).copied().unwrap_or_default().max(0.0)
    }

    /// The best of all others; 0 if they have none.
    pub(crate) fn beside(&self, doc: usize) -> f32 {
        let others = self.0.iter().enumerate().filter(|(other, _)| *other != doc);
        others.map(|(_, likeness)| *likeness).fold(0.0, f32::max)
    }
}

impl<'a> Likeness<'a> {
    fn new(rows: Vec<(Alike, &'a Row)>, docs: usize) -> Self {
        let none = || Best(vec![-1.0; docs]);
        let (mut matters, mut asked, mut asked_plainly) = (none(), none(), none());
        for (alike, row) in &rows {
            match row.of {
                Of::Text => {}
                Of::Matter => matters.put(row.doc, alike.learned),
                Of::Asked => {
                    asked_plainly.put(row.doc, alike.plain);
                    asked.put(row.doc, alike.learned);
                }
            }
        }
        let ranked = |(alike, row): (Alike, &'a Row)| {
            (f32::midpoint(alike.plain, alike.plain.max(asked_plainly.of(row.doc))), row)
        };
        let passages = rows.into_iter().filter(|(_, row)| row.of == Of::Text).map(ranked).collect();
        Self { passages, matters, asked }
    }
}

/// The rows within `scope` with how like their vectors are to `query`.
fn compared<'a>(
    rows: &'a [Row],
    numbers: &[i16],
    lengths: &[f32],
    query: &Direction,
    scope: &Scope,
) -> Vec<(Alike, &'a Row)> {
    let since = scope.since.map(|at| at.as_second());
    let within = |row: &Row| {
        (!row.internal || scope.readers == Readers::Internal)
            && since.is_none_or(|since| row.updated.is_some_and(|at| at >= since))
    };
    let rows = rows.iter().zip(numbers.chunks_exact(query.plain.len())).zip(lengths);
    let rows = rows.filter(|((row, _), _)| within(row));
    rows.map(|((row, vector), length)| (query.alike(row.of, vector, *length), row)).collect()
}

/// The numbers of a vector of length 1 as whole ones.
#[expect(clippy::cast_possible_truncation, reason = "from -ONE to ONE")]
fn whole(vector: &[f32]) -> impl Iterator<Item = i16> {
    vector.iter().map(|number| (number.clamp(-1.0, 1.0) * ONE).round() as i16)
}

#[expect(clippy::cast_precision_loss, reason = "more digits than the model has")]
fn product(one: &[i16], other: &[i16]) -> f32 {
    let products = one.iter().zip(other).map(|(one, other)| i32::from(*one) * i32::from(*other));
    products.fold(0_i32, i32::wrapping_add) as f32 / (ONE * ONE)
}

/// What of a passage is made a vector of.
pub(crate) fn spoken(title: &str, passage: &str) -> String {
    format!("{title}. {passage}")
}

#[cfg(test)]
mod tests;
