//! What a text is about, as a direction: for finding passages without a sentence model.
//!
//! Each token has a direction, and a text that of the sum of its tokens', each by its weight (a
//! static embedding). Words find what shares words with a question; this also finds what says
//! the same in others. It was trained (`gist/CARD.md`), is part of the program, and costs
//! microseconds a text. The directions of passages, and of what customers ask that they answer,
//! are in the index.

use crate::cohort;
use crate::fit::ratio;
use crate::index::Fields;
use crate::rows::{Docs, ONE, Of, Row, Rows, Vector, whole, whole_product};
use crate::tokens;
use crate::trained::{Table, Trained};
use crate::vectors::{apart, unit};
use attache_tools::Scope;
use std::sync::LazyLock;
use tantivy::{Searcher, TantivyError};

/// What was trained.
const TRAINED: &[u8] = include_bytes!("gist/weights.safetensors");

/// The fields of the index that directions are in. Whoever trains anew, or reads other tokens, gives
/// them another number, and so makes old indexes ask to be made anew: their directions would be others.
pub(crate) const FIELD: &str = "gist-1";
pub(crate) const ASKED_FIELD: &str = "asked_gists-1";

/// How many numbers a direction has, and how many of them the index keeps in one of its own.
const SIZE: usize = 128;
const IN_ONE: usize = 8;

/// The one that is part of the program.
static GIST: LazyLock<Option<Gist>> = LazyLock::new(Gist::trained);

/// The direction of a question, at length 1.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Direction(Vec<i16>);

/// That of a question of these tokens.
pub(crate) fn of_question(ids: &[u32]) -> Option<Direction> {
    Some(Direction(whole(&asked(ids)?).collect()))
}

/// Those of questions less what all questions have in common, at length 1, so that two that have nothing to
/// do with each other are close to orthogonal; zeros for one that has none.
pub(crate) fn of_questions(texts: &[String]) -> Vec<Vec<f32>> {
    texts.iter().map(|text| apart(asked(&tokens::of_question(text).unwrap_or_default()), &COMMON)).collect()
}

fn asked(ids: &[u32]) -> Option<Vec<f32>> {
    let gist = GIST.as_ref()?;
    gist.direction(ids, &gist.weigh_asked)
}

/// The mean of what the customers of twenty trades ask.
static COMMON: LazyLock<Vec<f32>> = LazyLock::new(|| {
    let all: Vec<Vec<f32>> = cohort::lines().filter_map(|line| asked(&tokens::of_question(&line.text)?)).collect();
    let mut mean = vec![0.0; SIZE];
    for line in &all {
        mean.iter_mut().zip(line).for_each(|(sum, number)| *sum += number * ratio(1, all.len()));
    }
    mean
});

/// That of a passage with what stands above it, as the index keeps it; nothing if it is not English.
pub(crate) fn of_passage(title: &str, text: &str) -> Vec<u64> {
    kept(tokens::of_passage(title, "", text))
}

/// That of what customers ask that a passage answers.
pub(crate) fn of_asked(line: &str) -> Vec<u64> {
    kept(tokens::of_passage("", line, ""))
}

fn kept(ids: Option<Vec<u32>>) -> Vec<u64> {
    let direction = || GIST.as_ref().and_then(|gist| gist.direction(&ids?, &gist.weigh));
    direction().map(|direction| packed(&direction)).unwrap_or_default()
}

/// A direction as the index keeps it: a byte a number, the largest as large as a byte can be.
#[expect(clippy::cast_possible_truncation, reason = "within an i8 by its scale")]
fn packed(direction: &[f32]) -> Vec<u64> {
    let most = direction.iter().fold(f32::MIN_POSITIVE, |most, number| most.max(number.abs()));
    let byte = |number: &f32| (number / most * f32::from(i8::MAX)).round() as i8;
    let bytes: Vec<u8> = direction.iter().map(byte).map(i8::cast_unsigned).collect();
    let (parts, _) = bytes.as_chunks::<IN_ONE>();
    parts.iter().map(|part| u64::from_le_bytes(*part)).collect()
}

/// What is kept, one direction behind the other.
fn unpacked(kept: &[u64]) -> impl Iterator<Item = Vec<i8>> {
    let directions = kept.chunks_exact(SIZE / IN_ONE);
    directions.map(|parts| parts.iter().flat_map(|part| part.to_le_bytes()).map(u8::cast_signed).collect())
}

/// The directions of one state of the index.
#[derive(Debug)]
pub(crate) struct Gists(Rows<i8>);

impl Gists {
    /// Reads them.
    pub(crate) fn new(searcher: &Searcher, fields: Fields) -> Result<Self, TantivyError> {
        let rows = Rows::new(searcher, fields, SIZE, |reader| {
            let own = reader.fast_fields().u64(FIELD)?;
            let asked = reader.fast_fields().u64(ASKED_FIELD)?;
            Ok(move |id| {
                let vector = |of, numbers: Vec<i8>| {
                    let square: f32 = numbers.iter().map(|number| f32::from(*number) * f32::from(*number)).sum();
                    Vector { of, length: ONE * square.sqrt(), numbers }
                };
                let all = [(Of::Text, &own), (Of::Asked, &asked)].into_iter().flat_map(|(of, kept)| {
                    let kept: Vec<u64> = kept.values_for_doc(id).collect();
                    unpacked(&kept).map(|numbers| vector(of, numbers)).collect::<Vec<_>>()
                });
                all.filter(|vector| vector.length > 0.0).collect()
            })
        })?;
        Ok(Self(rows))
    }

    pub(crate) fn docs(&self) -> &Docs {
        &self.0.docs
    }

    /// How like the passages within `scope` are to a question, from -1 to 1, in the order of the index: each by
    /// its text, and three quarters by what customers ask that it answers, where that is more like. All passages of a
    /// section have the same of these.
    pub(crate) fn likeness(&self, question: &Direction, scope: &Scope) -> Vec<(f32, &Row)> {
        let mut passages: Vec<(f32, &Row)> = Vec::new();
        let mut text = 0.0;
        for (likeness, row) in self.0.compared(scope, |row, vector| whole_product(&question.0, vector) / row.length) {
            match passages.last_mut().filter(|(_, last)| last.address == row.address) {
                Some((best, _)) => *best = best.max(0.25 * text + 0.75 * likeness),
                None => {
                    text = likeness;
                    passages.push((likeness, row));
                }
            }
        }
        passages
    }
}

struct Gist {
    table: Table,
    /// What each token counts in a passage, and in a question, as a logarithm.
    weigh: Vec<f32>,
    weigh_asked: Vec<f32>,
}

impl Gist {
    /// What is part of the program; nothing if that were not as it is expected, which a test
    /// would see.
    fn trained() -> Option<Self> {
        let trained = Trained::of(TRAINED)?;
        let table = trained.table().filter(|table| table.size == SIZE)?;
        Some(Self { table, weigh: trained.numbers("weigh")?, weigh_asked: trained.numbers("weigh_asked")? })
    }

    /// At length 1; nothing if it points nowhere.
    fn direction(&self, ids: &[u32], weigh: &[f32]) -> Option<Vec<f32>> {
        let mut sum = [0.0_f32; SIZE];
        for id in ids {
            let weight = weigh.get(usize::try_from(*id).ok()?)?.exp();
            sum.iter_mut().zip(self.table.row(*id)?).for_each(|(sum, number)| *sum += weight * number);
        }
        unit(sum.to_vec())
    }
}

#[cfg(test)]
mod tests;
