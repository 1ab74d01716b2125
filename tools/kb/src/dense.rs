//! The second retriever: passages by the direction of a vector.

use crate::cohort;
use crate::index::Fields;
use crate::kb::Recent;
use crate::metric::{Metric, by_length};
use crate::rows::{ONE, Of, Row, Rows, Vector, product, whole};
use crate::sentences::Written;
use crate::vectors::{self, Vectors, matter};
use attache_tools::Scope;
use tantivy::{DocAddress, Searcher, TantivyError};

/// The vectors of one state of the index: of a passage that of its text first, then that
/// of its matter, then those of its questions, each with its length by the learned measure.
pub(crate) struct Dense {
    pub(crate) rows: Rows<i16>,
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
    /// Its document, as a place in `Docs::ids`.
    pub(crate) doc: usize,
}

impl Dense {
    /// Joins `vectors` with the passages that they are of.
    pub(crate) fn new(
        searcher: &Searcher,
        fields: Fields,
        vectors: &Vectors,
        sentences: Written,
    ) -> Result<Self, TantivyError> {
        let rows = Rows::new(searcher, fields, vectors.dimensions, |reader| {
            let contents = reader.fast_fields().u64("content")?;
            let asked = reader.fast_fields().u64("asked_contents")?;
            Ok(move |id| {
                let own = contents.first(id).into_iter();
                let own = own.flat_map(|content| [(content, Of::Text), (matter(content), Of::Matter)]);
                let all = own.chain(asked.values_for_doc(id).map(|content| (content, Of::Asked)));
                let all = all.filter_map(|(content, of)| Some((vectors.get(content)?, of)));
                let vector = |(vector, of): (&vectors::Vector, Of)| Vector {
                    of,
                    length: vector.length,
                    numbers: whole(&vector.numbers).collect(),
                };
                all.map(vector).collect()
            })
        })?;
        let cohort = cohort::lines().filter_map(|line| vectors.get(line.content)).flat_map(|v| whole(&v.numbers));
        Ok(Self {
            rows,
            metric: vectors.metric.clone(),
            cohort: cohort.collect(),
            sentences,
            recent: Recent::default(),
        })
    }

    /// What all questions have in common: the mean of the cohort's vectors; nothing without them.
    pub(crate) fn mean(&self) -> Option<Vec<f32>> {
        let lines = self.cohort.chunks_exact(self.rows.dimensions.max(1));
        let scale = ONE * u16::try_from(lines.len()).ok().filter(|lines| *lines > 0).map(f32::from)?;
        let mut mean = vec![0.0; self.rows.dimensions];
        for line in lines {
            mean.iter_mut().zip(line).for_each(|(sum, number)| *sum += f32::from(*number) / scale);
        }
        Some(mean)
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
        let cohort = self.cohort.chunks_exact(self.rows.dimensions.max(1)).map(|line| query.plain(line));
        let foreign = cohort::share(own, cohort);
        Likeness::new(rows, self.rows.docs.ids.len(), foreign)
    }

    /// Every row within `scope` with how like it is to `query`.
    fn compared(&self, query: &Direction, scope: &Scope) -> Vec<(Alike, &Row)> {
        if query.plain.len() != self.rows.dimensions {
            return Vec::new();
        }
        self.rows.compared(scope, |row, vector| query.alike(row.of, vector, row.length))
    }

    /// How like one passage is to `query` by the learned measure, if it has a vector.
    pub(crate) fn likeness_of(&self, query: &Direction, place: DocAddress) -> Option<Own> {
        let at = self.rows.at(place);
        let learned = |at: usize, of: Of| {
            let (row, vector) = self.rows.get(at).filter(|(row, _)| row.address == place && row.of == of)?;
            Some((query.learned(vector, row.length), row.doc))
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
    /// Of so many articles, none of which has any yet.
    fn none(docs: usize) -> Self {
        Self(vec![-1.0; docs])
    }

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
        let (mut matters, mut asked, mut asked_plainly) = (Best::none(docs), Best::none(docs), Best::none(docs));
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

#[cfg(test)]
mod tests;
