//! The second retriever: passages by the direction of a vector.

use crate::cohort;
use crate::index::{Fields, INTERNAL};
use crate::kb::Recent;
use crate::metric::{Metric, by_length};
use crate::search::Ids;
use crate::sentences::Written;
use crate::vectors::{Vectors, matter};
use attache_tools::{Readers, Scope};
use std::collections::HashMap;
use tantivy::collector::DocSetCollector;
use tantivy::query::TermQuery;
use tantivy::schema::IndexRecordOption;
use tantivy::{DocAddress, Searcher, TantivyError, Term};

/// Fewer vectors are not worth a thread of their own.
const A_THREADS: usize = 4_096;

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
    /// How many numbers each vector has.
    pub(crate) dimensions: usize,
    numbers: Vec<i16>,
    /// The length of each by the learned measure.
    lengths: Vec<f32>,
    metric: Metric,
    /// What customers of other companies ask.
    cohort: Vec<i16>,
    pub(crate) sentences: Written,
    pub(crate) recent: Recent,
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
            cohort: cohort::lines()
                .filter_map(|line| vectors.get(line.content))
                .flat_map(|v| whole(&v.numbers))
                .collect(),
            sentences,
            recent: Recent::default(),
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
                let all: Vec<_> = all.filter_map(|(content, of)| Some((vectors.get(content)?, of))).collect();
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

    /// What all questions have in common: the mean of the cohort's vectors; nothing without them.
    pub(crate) fn mean(&self) -> Option<Vec<f32>> {
        let lines = self.cohort.chunks_exact(self.dimensions.max(1));
        let scale = ONE * u16::try_from(lines.len()).ok().filter(|lines| *lines > 0).map(f32::from)?;
        let mut mean = vec![0.0; self.dimensions];
        for line in lines {
            mean.iter_mut().zip(line).for_each(|(sum, number)| *sum += f32::from(*number) / scale);
        }
        Some(mean)
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
        let rows = self.compared(query, scope);
        let own = rows.iter().filter(|(_, row)| row.of != Of::Matter).map(|(alike, _)| alike.plain);
        let cohort = self.cohort.chunks_exact(self.dimensions.max(1)).map(|line| query.plain(line));
        let foreign = cohort::share(own, cohort);
        Likeness::new(rows, self.docs.len(), foreign)
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
    /// How much it is like what customers of other companies ask, from 0 to 1: see `cohort.rs`.
    pub(crate) foreign: f32,
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
    fn new(rows: Vec<(Alike, &'a Row)>, docs: usize, foreign: f32) -> Self {
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
        Self { passages, matters, asked, foreign }
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

#[cfg(test)]
mod tests;
