//! Vectors of passages, of which a question is compared with all.

use crate::index::{Fields, INTERNAL};
use crate::search::Ids;
use attache_tools::{Readers, Scope};
use std::collections::HashMap;
use tantivy::collector::DocSetCollector;
use tantivy::query::TermQuery;
use tantivy::schema::IndexRecordOption;
use tantivy::{DocAddress, DocId, Searcher, SegmentOrdinal, SegmentReader, TantivyError, Term};

/// Fewer vectors are not worth a thread of their own.
pub(crate) const A_THREADS: usize = 4_096;

/// What of a passage a vector is of.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Of {
    /// Its text.
    Text,
    /// All its wordings together.
    Matter,
    /// A question that it answers.
    Asked,
}

/// What is known of a vector of a passage.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    pub(crate) address: DocAddress,
    pub(crate) of: Of,
    /// Its document, as a place in [`Docs::ids`].
    pub(crate) doc: usize,
    /// What its products are divided by.
    pub(crate) length: f32,
    pub(crate) internal: bool,
    pub(crate) updated: Option<i64>,
}

/// A vector of an entry.
pub(crate) struct Vector<N> {
    pub(crate) of: Of,
    pub(crate) length: f32,
    pub(crate) numbers: Vec<N>,
}

/// The documents that have vectors.
#[derive(Debug, Default)]
pub(crate) struct Docs {
    pub(crate) ids: Vec<String>,
    /// The place of a document in these, by the number of its id in a segment.
    by_number: HashMap<(SegmentOrdinal, u64), usize>,
}

impl Docs {
    /// The place of the document that an entry is of; nothing of one without vectors.
    pub(crate) fn place(&self, entry: DocAddress, ids: &Ids) -> Option<usize> {
        self.by_number.get(&(entry.segment_ord, ids.number(entry)?)).copied()
    }
}

/// Those of one state of the index, in the order of its entries.
///
/// They are all looked at for each question, so they are small and lie one behind
/// the other. Whole numbers add up to the same sum in whatever order a CPU adds
/// them, and their rounding is far below what tells one passage from the next.
#[derive(Debug)]
pub(crate) struct Rows<N> {
    pub(crate) docs: Docs,
    rows: Vec<Row>,
    /// How many numbers each vector has.
    pub(crate) dimensions: usize,
    numbers: Vec<N>,
}

/// What 1 is as a whole number. The sum of the products of two vectors of length
/// 1 is at most its square, which an `i32` holds.
pub(crate) const ONE: f32 = 16_384.0;

impl<N: Sync> Rows<N> {
    pub(crate) fn empty(dimensions: usize) -> Self {
        Self { docs: Docs::default(), rows: Vec::new(), dimensions, numbers: Vec::new() }
    }

    /// `of_segment` tells how the vectors of the entries of a segment are found.
    pub(crate) fn new<F: Fn(DocId) -> Vec<Vector<N>>>(
        searcher: &Searcher,
        fields: Fields,
        dimensions: usize,
        of_segment: impl Fn(&SegmentReader) -> Result<F, TantivyError>,
    ) -> Result<Self, TantivyError> {
        let internal = TermQuery::new(Term::from_field_text(fields.readers, INTERNAL), IndexRecordOption::Basic);
        let internal = searcher.search(&internal, &DocSetCollector)?;
        let mut all = Self::empty(dimensions);
        let ids = Ids::open(searcher)?;
        let mut places: HashMap<String, usize> = HashMap::new();
        for (segment, reader) in (0..).zip(searcher.segment_readers()) {
            let updated = reader.fast_fields().i64("updated")?;
            let of_entry = of_segment(reader)?;
            for entry in reader.doc_ids_alive() {
                let vectors = of_entry(entry);
                if vectors.is_empty() {
                    continue;
                }
                let address = DocAddress::new(segment, entry);
                // Reading an id takes longer than all else.
                let doc = match all.docs.place(address, &ids) {
                    Some(doc) => doc,
                    None => {
                        let doc = *places.entry(ids.of(address)?).or_insert_with_key(|doc| {
                            all.docs.ids.push(doc.clone());
                            all.docs.ids.len() - 1
                        });
                        all.docs.by_number.extend(ids.number(address).map(|number| ((segment, number), doc)));
                        doc
                    }
                };
                let internal = internal.contains(&address);
                for Vector { of, length, numbers } in vectors {
                    all.put(Row { address, of, doc, length, internal, updated: updated.first(entry) }, numbers);
                }
            }
        }
        Ok(all)
    }

    /// Adds a vector behind those of the entries before its own.
    pub(crate) fn put(&mut self, row: Row, numbers: impl IntoIterator<Item = N>) {
        self.rows.push(row);
        self.numbers.extend(numbers);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Where the vectors of an entry begin.
    pub(crate) fn at(&self, place: DocAddress) -> usize {
        self.rows.partition_point(|row| row.address < place)
    }

    pub(crate) fn get(&self, at: usize) -> Option<(&Row, &[N])> {
        Some((self.rows.get(at)?, self.numbers.chunks_exact(self.dimensions.max(1)).nth(at)?))
    }

    /// Every row within `scope` with how like its vector is.
    pub(crate) fn compared<'a, T: Send>(
        &'a self,
        scope: &Scope,
        like: impl Fn(&Row, &[N]) -> T + Sync,
    ) -> Vec<(T, &'a Row)> {
        let since = scope.since.map(|at| at.as_second());
        let within = |row: &Row| {
            (!row.internal || scope.readers == Readers::Internal)
                && since.is_none_or(|since| row.updated.is_some_and(|at| at >= since))
        };
        let dimensions = self.dimensions.max(1);
        // A processor compares some thousand vectors while another one begins.
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let each = self.rows.len().div_ceil(threads).max(A_THREADS);
        let mut parts = self.rows.chunks(each).zip(self.numbers.chunks(each * dimensions));
        let first = parts.next();
        let compare = |(rows, numbers): (&'a [Row], &[N])| {
            let rows = rows.iter().zip(numbers.chunks_exact(dimensions)).filter(|(row, _)| within(row));
            rows.map(|(row, vector)| (like(row, vector), row)).collect::<Vec<_>>()
        };
        let compare = &compare;
        std::thread::scope(|scope_of_threads| {
            let others: Vec<_> = parts.map(|part| scope_of_threads.spawn(move || compare(part))).collect();
            let mut found = first.map(compare).unwrap_or_default();
            for other in others {
                found.extend(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
            }
            found
        })
    }
}

/// The nearest passage of each document, by its place.
pub(crate) fn nearest_of_each<'a>(passages: &[(f32, &'a Row)], docs: &Docs) -> Vec<Option<(f32, &'a Row)>> {
    let mut best: Vec<Option<(f32, &Row)>> = vec![None; docs.ids.len()];
    for (likeness, row) in passages {
        if let Some(best) = best.get_mut(row.doc).filter(|best| best.is_none_or(|(most, _)| *likeness > most)) {
            *best = Some((*likeness, row));
        }
    }
    best
}

/// The `most` nearest, the nearest first, in a fixed order.
pub(crate) fn nearest(mut rows: Vec<(f32, &Row)>, most: usize) -> Vec<(f32, &Row)> {
    let order = |one: &(f32, &Row), other: &(f32, &Row)| {
        other.0.total_cmp(&one.0).then_with(|| one.1.address.cmp(&other.1.address))
    };
    if most == 0 {
        return Vec::new();
    }
    if rows.len() > most {
        rows.select_nth_unstable_by(most - 1, order);
        rows.truncate(most);
    }
    rows.sort_by(order);
    rows
}

/// The numbers of a vector of length 1 as whole ones.
#[expect(clippy::cast_possible_truncation, reason = "from -ONE to ONE")]
pub(crate) fn whole(vector: &[f32]) -> impl Iterator<Item = i16> {
    vector.iter().map(|number| (number.clamp(-1.0, 1.0) * ONE).round() as i16)
}

/// Of vectors of whole numbers of which [`ONE`] is 1.
pub(crate) fn product(one: &[i16], other: &[i16]) -> f32 {
    whole_product(one, other) / (ONE * ONE)
}

/// In whole numbers.
#[expect(clippy::cast_precision_loss, reason = "more digits than a model has")]
pub(crate) fn whole_product<N: Copy + Into<i32>>(one: &[i16], other: &[N]) -> f32 {
    // So many at a time, of which the compiler knows: that takes half the time.
    const MANY: usize = 32;
    let ((parts, rest), (others, other_rest)) = (one.as_chunks::<MANY>(), other.as_chunks::<MANY>());
    let mut sum = 0_i32;
    for (part, other) in parts.iter().zip(others) {
        for (one, other) in part.iter().zip(other) {
            sum = sum.wrapping_add(i32::from(*one).wrapping_mul((*other).into()));
        }
    }
    for (one, other) in rest.iter().zip(other_rest) {
        sum = sum.wrapping_add(i32::from(*one).wrapping_mul((*other).into()));
    }
    sum as f32
}
