//! The trained weights, read in place from their bytes.
//!
//! The layout, all numbers little endian: `ATTSENT` and a zero byte; the version
//! of the layout and that of the features; the binary logarithms of the sizes of
//! the two tables (four `u32` so far); [`FLOATS`] `f32`; the word table, entries
//! of four bytes (three of a hash, one valence); the gram table, [`OUTS`] bytes
//! a slot. Nothing is unpacked at load: a model is a view.

use super::features::{DENSE, FEATURE_VERSION, Features, GROUPS};
use thiserror::Error;

/// What a model says of a text: three classes of sentiment as in a message to a
/// company, six emotions, whether it is such a message, and the three classes as
/// in talk among people.
pub(super) const CLASSES: usize = 3;
pub(super) const EMOTIONS: usize = 6;
pub(super) const OUTS: usize = CLASSES + EMOTIONS + 1 + CLASSES;

const MAGIC: &[u8; 8] = b"ATTSENT\0";
const VERSION: u32 = 1;
const HEADER: usize = 24;
const FLOATS: usize = OUTS + GROUPS * OUTS + DENSE * OUTS + 2 * CLASSES + 2 + 1;
/// Steps of a valence in its byte.
const VALENCE_STEPS: f32 = 30.0;
/// The valence byte of a word without any.
const PLAIN_WORD: i8 = -128;

/// Trained weights over the bytes of an artefact.
#[derive(Clone, Debug)]
pub struct SentimentModel<'a> {
    numbers: ModelNumbers,
    slot_mask: u32,
    word_mask: usize,
    words: &'a [u8],
    table: &'a [[u8; OUTS]],
}

/// The numbers of a model that are not in its tables.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelNumbers {
    /// What each output says of an empty text.
    pub bias: [f32; OUTS],
    /// What one step of a table's byte is worth, for each group and output.
    pub steps: [[f32; OUTS]; GROUPS],
    /// The weights of the dense features.
    pub dense: [[f32; OUTS]; DENSE],
    /// Added to the log-odds of the three classes where a label is chosen: in
    /// talk among people, and in messages to a company.
    pub offsets: [[f32; CLASSES]; 2],
    /// Added to the log-odds that somebody is frustrated or angry: to overlook
    /// somebody upset costs more than to take care in vain.
    pub care: f32,
    /// What the log-odds are multiplied with, so that probabilities are
    /// calibrated: of the classes and of the emotions.
    pub sharpness: [f32; 2],
}

/// Why bytes are no model.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum NotAModel {
    /// Something else, or too short.
    #[error("the bytes do not begin as a sentiment model does")]
    Magic,
    /// Cut, or with something behind its end.
    #[error("the model is cut or too long")]
    Size,
    /// A layout or features of another version.
    #[error("the model has version {layout}.{features}; this program reads {VERSION}.{FEATURE_VERSION}")]
    Version {
        /// The version of its layout.
        layout: u32,
        /// The version of its features.
        features: u32,
    },
}

impl<'a> SentimentModel<'a> {
    /// Looks at the bytes of an artefact. Takes microseconds, whatever its size.
    ///
    /// # Errors
    ///
    /// When they are no model, one of another version, or cut.
    pub fn new(bytes: &'a [u8]) -> Result<Self, NotAModel> {
        let (header, rest) = bytes.split_at_checked(HEADER).ok_or(NotAModel::Magic)?;
        let (magic, numbers) = header.split_at_checked(MAGIC.len()).ok_or(NotAModel::Magic)?;
        if magic != MAGIC {
            return Err(NotAModel::Magic);
        }
        let mut numbers = numbers.as_chunks::<4>().0.iter().map(|four| u32::from_le_bytes(*four));
        let mut next = || numbers.next().unwrap_or_default();
        let (layout, features, slot_bits, word_bits) = (next(), next(), next(), next());
        if (layout, features) != (VERSION, FEATURE_VERSION) {
            return Err(NotAModel::Version { layout, features });
        }
        if slot_bits > 24 || word_bits > 20 {
            return Err(NotAModel::Size);
        }
        let (floats, rest) = rest.split_at_checked(FLOATS * 4).ok_or(NotAModel::Size)?;
        let (words, table) = rest.split_at_checked(4 << word_bits).ok_or(NotAModel::Size)?;
        if table.len() != OUTS << slot_bits {
            return Err(NotAModel::Size);
        }
        Ok(Self {
            numbers: ModelNumbers::read(floats),
            slot_mask: (1 << slot_bits) - 1,
            word_mask: (1 << word_bits) - 1,
            words,
            table: table.as_chunks().0,
        })
    }

    /// The numbers that are not in the tables.
    pub(super) fn numbers(&self) -> &ModelNumbers {
        &self.numbers
    }

    /// The valence of a word of the word list, 0 for one without a feeling.
    pub(super) fn word(&self, hash: u64) -> Option<f32> {
        let [a, b, c] = fingerprint(hash);
        let mut at = place(hash) & self.word_mask;
        loop {
            match self.words.get(at * 4..at * 4 + 4)? {
                [0, 0, 0, _] => return None,
                [x, y, z, valence] if (*x, *y, *z) == (a, b, c) => {
                    let valence = valence.cast_signed();
                    return Some(if valence == PLAIN_WORD { 0.0 } else { f32::from(valence) / VALENCE_STEPS });
                }
                _ => at = (at + 1) & self.word_mask,
            }
        }
    }

    /// The log-odds of each output.
    pub(super) fn outputs(&self, features: &Features) -> [f32; OUTS] {
        let numbers = &self.numbers;
        let mut outputs = numbers.bias;
        for (grams, steps) in features.grams.iter().zip(&numbers.steps) {
            let mut sums = [0_i32; OUTS];
            for gram in grams {
                if let Some(slot) = self.table.get((gram & self.slot_mask) as usize) {
                    // Sixteen million grams would be needed to wrap, and of a text 32 KiB are read. To look for
                    // it at each addition would keep them from being made at once.
                    for (sum, weight) in sums.iter_mut().zip(slot) {
                        *sum = sum.wrapping_add(i32::from(weight.cast_signed()));
                    }
                }
            }
            let scale = gram_scale(grams.len());
            for ((output, sum), step) in outputs.iter_mut().zip(sums).zip(steps) {
                *output += sum as f32 * step * scale;
            }
        }
        for (value, weights) in features.dense.iter().zip(&numbers.dense) {
            for (output, weight) in outputs.iter_mut().zip(weights) {
                *output += value * weight;
            }
        }
        outputs
    }
}

/// What each gram of a group counts, by how many there are.
#[must_use]
pub fn gram_scale(count: usize) -> f32 {
    1.0 / (count.max(1) as f32).sqrt()
}

impl ModelNumbers {
    fn read(bytes: &[u8]) -> Self {
        let mut floats = bytes.as_chunks::<4>().0.iter().map(|four| f32::from_le_bytes(*four));
        let mut next = || floats.next().unwrap_or_default();
        Self {
            bias: std::array::from_fn(|_| next()),
            steps: std::array::from_fn(|_| std::array::from_fn(|_| next())),
            dense: std::array::from_fn(|_| std::array::from_fn(|_| next())),
            offsets: std::array::from_fn(|_| std::array::from_fn(|_| next())),
            care: next(),
            sharpness: std::array::from_fn(|_| next()),
        }
    }

    fn floats(&self) -> impl Iterator<Item = f32> {
        let Self { bias, steps, dense, offsets, care, sharpness } = self;
        bias.iter()
            .chain(steps.iter().flatten())
            .chain(dense.iter().flatten())
            .chain(offsets.as_flattened())
            .chain([care])
            .chain(sharpness)
            .copied()
    }
}

impl Default for ModelNumbers {
    fn default() -> Self {
        Self {
            bias: [0.0; OUTS],
            steps: [[0.0; OUTS]; GROUPS],
            dense: [[0.0; OUTS]; DENSE],
            offsets: [[0.0; CLASSES]; 2],
            care: 0.0,
            sharpness: [1.0; 2],
        }
    }
}

/// Writes a model: what a trainer ends with.
///
/// `words` are those that the model shall know, each with its valence from -4 to
/// 4; `table` holds the weights of the grams, thirteen bytes for each of
/// its power-of-two slots: negative, neutral, positive, then the emotions in the
/// order of [`Emotion::ALL`](attache_journal::Emotion::ALL), then whether it is a
/// message to a company, then the three classes among people.
#[must_use]
pub fn write_model(numbers: &ModelNumbers, words: &[(String, f32)], table: &[[i8; OUTS]]) -> Vec<u8> {
    let slots = table.len().next_power_of_two();
    let room = (words.len() * 2).next_power_of_two().max(2);
    let mut entries = vec![[0_u8; 4]; room];
    for (word, valence) in words {
        let hash = super::features::hashed(word.as_bytes());
        let [a, b, c] = fingerprint(hash);
        let steps = (valence * VALENCE_STEPS).round().clamp(-127.0, 127.0) as i8;
        let byte = if steps == 0 { PLAIN_WORD } else { steps };
        let mut at = place(hash) & (room - 1);
        while let Some(entry) = entries.get_mut(at) {
            let [x, y, z, _] = *entry;
            if [x, y, z] == [0; 3] {
                *entry = [a, b, c, byte.cast_unsigned()];
                break;
            }
            if [x, y, z] == [a, b, c] {
                break;
            }
            at = (at + 1) & (room - 1);
        }
    }
    let mut bytes = MAGIC.to_vec();
    for number in [VERSION, FEATURE_VERSION, slots.trailing_zeros(), room.trailing_zeros()] {
        bytes.extend(number.to_le_bytes());
    }
    bytes.extend(numbers.floats().flat_map(f32::to_le_bytes));
    bytes.extend(entries.as_flattened());
    bytes.extend(table.as_flattened().iter().map(|weight| weight.cast_unsigned()));
    bytes.resize(HEADER + FLOATS * 4 + room * 4 + slots * OUTS, 0);
    bytes
}

/// Three bytes of a word's hash that are not all zero.
fn fingerprint(hash: u64) -> [u8; 3] {
    let [a, b, c, ..] = (hash >> 40).to_le_bytes();
    [a | 1, b, c]
}

fn place(hash: u64) -> usize {
    ((hash ^ (hash >> 29)) & 0xFFFF_FFFF) as usize
}

#[cfg(test)]
mod tests;
