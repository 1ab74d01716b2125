//! Whether a passage answers a question, read together.
//!
//! A sentence model makes a vector of each text by itself and tells how near they
//! are. Near is not answered: "How long is a refund under way?" is near to a
//! passage on who gets refunds. Here question and passage go through the first
//! layers by themselves, as they do to become vectors, and through the last ones
//! side by side, where each of their words sees those of the other. What the last
//! layers do otherwise for that was trained and is small (low-rank adaptation, Hu et
//! al. 2021, arXiv:2106.09685): see `reader/CARD.md`.

use super::{Bert, Layer, mean, through};
use candle_core::{DType, Device, IndexOp as _, Result, Tensor};
use candle_nn::{LayerNorm, Linear, Module as _};
use lru::LruCache;
use sha2::{Digest as _, Sha256};
use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::{Mutex, PoisonError};

/// What was trained.
const TRAINED: &[u8] = include_bytes!("reader/weights.safetensors");

/// The digest of what tells the model that it was trained over from any other.
const OVER: &str = "c40fc5213f31901b13dcaf2d46c7578764961313b729804089d4a881bd65f371";

/// So many layers see question and passage by themselves.
const APART: usize = 2;

/// By how much what was trained counts, as it did in training.
const SCALE: f64 = 2.0;

/// The end of a question is read, since a message comes to its point there, and the
/// beginning of a passage: so many tokens, looked for in so many characters.
const OF_QUESTION: usize = 96;
const OF_PASSAGE: usize = 160;
const CHARACTERS: usize = 1_000;

/// Passages that were read before: some 150 KB each.
const KEPT: NonZeroUsize = NonZeroUsize::MIN.saturating_add(127);

/// Questions that were asked before: a list of gaps asks all of its own each time.
const ASKED: NonZeroUsize = NonZeroUsize::MIN.saturating_add(1_023);

pub(super) struct Reader {
    together: Vec<Layer>,
    /// Added to each token: one for those of the question, one for those of the passage.
    sides: Tensor,
    inner: Linear,
    last: Linear,
    /// What the first layers made of passages.
    passages: Mutex<LruCache<String, Tensor>>,
    /// The log odds by the digest of question and passages.
    asked: Mutex<LruCache<[u8; 32], Vec<f32>>>,
}

impl Reader {
    /// The reader, if this is the model that it was trained over.
    pub(super) fn over(bert: &Bert) -> Result<Option<Self>> {
        if fingerprint(bert)? != OVER {
            return Ok(None);
        }
        let trained = Trained::read()?;
        let together = bert.layers.iter().enumerate().skip(APART);
        Ok(Some(Self {
            together: together.map(|(n, layer)| trained.layer(n, layer)).collect::<Result<_>>()?,
            sides: trained.get("sides")?,
            inner: trained.linear("inner")?,
            last: trained.linear("odds")?,
            passages: Mutex::new(LruCache::new(KEPT)),
            asked: Mutex::new(LruCache::new(ASKED)),
        }))
    }

    /// The log odds that each passage answers.
    pub(super) fn read(&self, bert: &Bert, question: &str, passages: &[&str]) -> Result<Vec<f32>> {
        if passages.is_empty() {
            return Ok(Vec::new());
        }
        let mut key = Sha256::new();
        for text in std::iter::once(&question).chain(passages) {
            key.update(Sha256::digest(text));
        }
        let key = key.finalize().into();
        // Nothing under this lock, or the other, panics half-way through a change.
        let asked = || self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = asked().get(&key) {
            return Ok(known.clone());
        }
        let odds = self.odds(bert, question, passages)?;
        asked().put(key, odds.clone());
        Ok(odds)
    }

    fn odds(&self, bert: &Bert, question: &str, passages: &[&str]) -> Result<Vec<f32>> {
        let question = alone(bert, last_chars(question), |ids| ids.get(ids.len().saturating_sub(OF_QUESTION)..))?;
        let passages = passages.iter().map(|text| self.passage(bert, text)).collect::<Result<Vec<_>>>()?;
        let (asked, size) = question.dims2()?;
        let lengths = passages.iter().map(|passage| passage.dim(0)).collect::<Result<Vec<_>>>()?;
        let longest = lengths.iter().copied().max().unwrap_or_default();
        let (mut pairs, mut masks) = (Vec::new(), Vec::new());
        let [of_question, of_passage] = [0, 1].map(|side| self.sides.i(side));
        let (question, of_passage) = (question.broadcast_add(&of_question?)?, of_passage?);
        for (passage, length) in passages.iter().zip(lengths) {
            let padding = Tensor::zeros((longest - length, size), DType::F32, &Device::Cpu)?;
            pairs.push(Tensor::cat(&[&question, &passage.broadcast_add(&of_passage)?, &padding], 0)?);
            masks.push((0..longest).map(|at| f32::from(u8::from(at < length))).collect::<Vec<_>>());
        }
        let of_passage = Tensor::new(masks, &Device::Cpu)?;
        let of_question = Tensor::ones((passages.len(), asked), DType::F32, &Device::Cpu)?;
        let mask = Tensor::cat(&[&of_question, &of_passage], 1)?;
        let hidden = through(&self.together, Tensor::stack(&pairs, 0)?, &mask)?;
        let sides = [
            hidden.i((.., 0))?,
            hidden.narrow(1, 0, asked)?.mean(1)?,
            mean(&hidden.narrow(1, asked, longest)?, &of_passage)?,
        ];
        let inner = self.inner.forward(&Tensor::cat(&sides, 1)?)?.gelu_erf()?;
        self.last.forward(&inner)?.squeeze(1)?.to_vec1()
    }

    fn passage(&self, bert: &Bert, text: &str) -> Result<Tensor> {
        let kept = || self.passages.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = kept().get(text) {
            return Ok(known.clone());
        }
        let made = alone(bert, first_chars(text), |ids| ids.get(..ids.len().min(OF_PASSAGE)))?;
        kept().put(text.to_owned(), made.clone());
        Ok(made)
    }
}

/// What the first layers make of a text, of which `part` is read.
fn alone(bert: &Bert, text: &str, part: impl Fn(&[u32]) -> Option<&[u32]>) -> Result<Tensor> {
    let fault = |error: tokenizers::Error| candle_core::Error::Msg(error.to_string());
    let encoded = bert.tokenizer.encode_fast(text, false).map_err(fault)?;
    let mark =
        |name: &str| bert.tokenizer.token_to_id(name).ok_or_else(|| candle_core::Error::Msg(format!("no {name}")));
    let mut ids = vec![mark("[CLS]")?];
    ids.extend(part(encoded.get_ids()).unwrap_or_default());
    ids.push(mark("[SEP]")?);
    let mask = Tensor::ones((1, ids.len()), DType::F32, &Device::Cpu)?;
    let apart = bert.layers.get(..APART).unwrap_or_default();
    through(apart, bert.begun(vec![ids])?, &mask)?.squeeze(0)
}

fn first_chars(text: &str) -> &str {
    text.char_indices().nth(CHARACTERS).and_then(|(end, _)| text.get(..end)).unwrap_or(text)
}

fn last_chars(text: &str) -> &str {
    text.char_indices().rev().nth(CHARACTERS - 1).and_then(|(from, _)| text.get(from..)).unwrap_or(text)
}

/// What was trained, by name.
struct Trained(HashMap<String, Tensor>);

impl Trained {
    fn read() -> Result<Self> {
        candle_core::safetensors::load_buffer(TRAINED, &Device::Cpu).map(Self)
    }

    fn get(&self, name: &str) -> Result<Tensor> {
        let found = self.0.get(name).ok_or_else(|| candle_core::Error::Msg(format!("no {name}")))?;
        found.to_dtype(DType::F32)
    }

    fn linear(&self, name: &str) -> Result<Linear> {
        Ok(Linear::new(self.get(&format!("{name}.weight"))?, Some(self.get(&format!("{name}.bias"))?)))
    }

    /// A layer of the model with what it does otherwise.
    fn layer(&self, n: usize, layer: &Layer) -> Result<Layer> {
        let adapted = |name: &str, linear: &Linear| {
            let [down, up] = ["down", "up"].map(|part| self.get(&format!("{n}.{name}.{part}")));
            let weight = (linear.weight() + (up?.matmul(&down?)? * SCALE)?)?;
            Ok::<_, candle_core::Error>(Linear::new(weight, linear.bias().cloned()))
        };
        let norm = |name: &str| {
            let [weight, bias] = ["weight", "bias"].map(|part| self.get(&format!("{n}.{name}.{part}")));
            Ok::<_, candle_core::Error>(LayerNorm::new(weight?, bias?, layer.eps))
        };
        Ok(Layer {
            heads: layer.heads,
            eps: layer.eps,
            query: adapted("query", &layer.query)?,
            key: adapted("key", &layer.key)?,
            value: adapted("value", &layer.value)?,
            attended: adapted("attended", &layer.attended)?,
            attended_norm: norm("attended_norm")?,
            inner: adapted("inner", &layer.inner)?,
            outer: adapted("outer", &layer.outer)?,
            outer_norm: norm("outer_norm")?,
        })
    }
}

/// Tells a model from others: by numbers of its first step and its last.
fn fingerprint(bert: &Bert) -> Result<String> {
    let mut hash = Sha256::new();
    let last = bert.layers.last().and_then(|layer| layer.outer.bias());
    for tensor in [Some(bert.norm.weight()), last].into_iter().flatten() {
        for number in tensor.to_vec1::<f32>()? {
            hash.update(number.to_le_bytes());
        }
    }
    Ok(hex::encode(hash.finalize()))
}

#[cfg(test)]
mod tests;
