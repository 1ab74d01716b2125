//! A BERT sentence model: mean of the last layer over the tokens, length 1.

mod reader;

use self::reader::Reader;
use attache_kb::{EmbedFault, Embedder};
use candle_core::{D, DType, Device, Result, Tensor};
use candle_nn::{Embedding, LayerNorm, Linear, Module, VarBuilder, embedding, layer_norm, linear, ops};
use serde::Deserialize;
use std::fs;
use std::path::Path;
use tokenizers::{PaddingParams, Tokenizer, TruncationParams};

/// How many tokens of a text are read if the model does not say.
const MAX_TOKENS: usize = 256;

/// How many texts go through the model at once. More are no faster on a CPU and
/// take more memory.
const BATCH: usize = 16;

/// A sentence model of the BERT family, such as `all-MiniLM-L6-v2`.
pub struct Bert {
    name: String,
    tokenizer: Tokenizer,
    words: Embedding,
    positions: Embedding,
    types: Embedding,
    norm: LayerNorm,
    layers: Vec<Layer>,
    /// What was trained over this very model, if anything was.
    reader: Option<Reader>,
}

impl std::fmt::Debug for Bert {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bert").field("name", &self.name).finish_non_exhaustive()
    }
}

/// `config.json`, as far as it matters.
#[derive(Deserialize)]
struct Config {
    hidden_act: String,
    hidden_size: usize,
    intermediate_size: usize,
    layer_norm_eps: f64,
    max_position_embeddings: usize,
    model_type: String,
    num_attention_heads: usize,
    num_hidden_layers: usize,
    type_vocab_size: usize,
    vocab_size: usize,
}

/// `sentence_bert_config.json`, if there is one.
#[derive(Deserialize)]
struct SentenceConfig {
    max_seq_length: Option<usize>,
}

struct Layer {
    heads: usize,
    eps: f64,
    query: Linear,
    key: Linear,
    value: Linear,
    attended: Linear,
    attended_norm: LayerNorm,
    inner: Linear,
    outer: Linear,
    outer_norm: LayerNorm,
}

impl Bert {
    /// Reads `config.json`, `tokenizer.json` and `model.safetensors` in `dir`.
    ///
    /// # Errors
    /// Names the file that is missing or that does not fit.
    pub fn open(dir: &Path) -> std::result::Result<Self, EmbedFault> {
        let path = |name: &str| dir.join(name);
        let fault = |name: &str, what: String| EmbedFault::new(format!("{}: {what}", path(name).display()));
        let read = |name: &str| fs::read(path(name)).map_err(|error| fault(name, error.to_string()));
        let config: Config =
            serde_json::from_slice(&read("config.json")?).map_err(|error| fault("config.json", error.to_string()))?;
        if config.model_type != "bert" || config.hidden_act != "gelu" {
            let what = format!(
                "`{}` with `{}` is not read, expected `bert` with `gelu`",
                config.model_type, config.hidden_act
            );
            return Err(fault("config.json", what));
        }
        let sentence = read("sentence_bert_config.json").ok().and_then(|text| serde_json::from_slice(&text).ok());
        let most = sentence.and_then(|config: SentenceConfig| config.max_seq_length).unwrap_or(MAX_TOKENS);
        let mut tokenizer = Tokenizer::from_bytes(read("tokenizer.json")?)
            .map_err(|error| fault("tokenizer.json", error.to_string()))?;
        let truncation =
            TruncationParams { max_length: most.min(config.max_position_embeddings), ..TruncationParams::default() };
        tokenizer.with_truncation(Some(truncation)).map_err(|error| fault("tokenizer.json", error.to_string()))?;
        tokenizer.with_padding(Some(PaddingParams::default()));
        let weights = read("model.safetensors")?;
        let build = || {
            let vars = VarBuilder::from_buffered_safetensors(weights, DType::F32, &Device::Cpu)?;
            // Some files have the model below its name.
            let vars = if vars.contains_tensor("embeddings.word_embeddings.weight") { vars } else { vars.pp("bert") };
            let name = dir.file_name().map_or_else(|| "model".into(), |name| name.to_string_lossy().into_owned());
            Self::build(name, tokenizer, &config, &vars)
        };
        build().map_err(|error: candle_core::Error| fault("model.safetensors", error.to_string()))
    }

    fn build(name: String, tokenizer: Tokenizer, config: &Config, vars: &VarBuilder<'_>) -> Result<Self> {
        let (size, eps) = (config.hidden_size, config.layer_norm_eps);
        let first = vars.pp("embeddings");
        let layers = (0..config.num_hidden_layers).map(|n| {
            let vars = vars.pp(format!("encoder.layer.{n}"));
            let attention = vars.pp("attention.self");
            Ok(Layer {
                heads: config.num_attention_heads,
                eps,
                query: linear(size, size, attention.pp("query"))?,
                key: linear(size, size, attention.pp("key"))?,
                value: linear(size, size, attention.pp("value"))?,
                attended: linear(size, size, vars.pp("attention.output.dense"))?,
                attended_norm: layer_norm(size, eps, vars.pp("attention.output.LayerNorm"))?,
                inner: linear(size, config.intermediate_size, vars.pp("intermediate.dense"))?,
                outer: linear(config.intermediate_size, size, vars.pp("output.dense"))?,
                outer_norm: layer_norm(size, eps, vars.pp("output.LayerNorm"))?,
            })
        });
        let mut bert = Self {
            name,
            tokenizer,
            words: embedding(config.vocab_size, size, first.pp("word_embeddings"))?,
            positions: embedding(config.max_position_embeddings, size, first.pp("position_embeddings"))?,
            types: embedding(config.type_vocab_size, size, first.pp("token_type_embeddings"))?,
            norm: layer_norm(size, eps, first.pp("LayerNorm"))?,
            layers: layers.collect::<Result<_>>()?,
            reader: None,
        };
        bert.reader = Reader::over(&bert)?;
        Ok(bert)
    }

    fn batch(&self, texts: &[&str]) -> std::result::Result<Vec<Vec<f32>>, EmbedFault> {
        let fault = |error: String| EmbedFault::new(format!("the model {}: {error}", self.name));
        let encoded = self.tokenizer.encode_batch(texts.to_vec(), true).map_err(|error| fault(error.to_string()))?;
        let ids: Vec<_> = encoded.iter().map(|text| text.get_ids().to_vec()).collect();
        let masks: Vec<_> = encoded.iter().map(|text| text.get_attention_mask().to_vec()).collect();
        self.forward(ids, masks).and_then(|vectors| vectors.to_vec2()).map_err(|error| fault(error.to_string()))
    }

    /// One vector a text.
    fn forward(&self, ids: Vec<Vec<u32>>, masks: Vec<Vec<u32>>) -> Result<Tensor> {
        let mask = Tensor::new(masks, &Device::Cpu)?.to_dtype(DType::F32)?;
        let hidden = through(&self.layers, self.begun(ids)?, &mask)?;
        let mean = mean(&hidden, &mask)?;
        mean.broadcast_div(&mean.sqr()?.sum_keepdim(1)?.sqrt()?)
    }

    /// The tokens of texts of one length as the first layer takes them.
    fn begun(&self, ids: Vec<Vec<u32>>) -> Result<Tensor> {
        let ids = Tensor::new(ids, &Device::Cpu)?;
        let (_, length) = ids.dims2()?;
        let places = Tensor::arange(0, u32::try_from(length).unwrap_or(u32::MAX), &Device::Cpu)?;
        let words = self.words.forward(&ids)?.broadcast_add(&self.positions.forward(&places)?)?;
        self.norm.forward(&(words + self.types.forward(&ids.zeros_like()?)?)?)
    }
}

/// What layers make of texts. `mask` is 1 where a token is, 0 where padding is.
fn through(layers: &[Layer], mut hidden: Tensor, mask: &Tensor) -> Result<Tensor> {
    // What is padding gets no attention: a large negative weight.
    let unseen = ((mask - 1.0)? * 1e9)?.unsqueeze(1)?.unsqueeze(1)?;
    for layer in layers {
        hidden = layer.forward(&hidden, &unseen)?;
    }
    Ok(hidden)
}

/// The mean of the tokens where `mask` is 1, of each text.
fn mean(hidden: &Tensor, mask: &Tensor) -> Result<Tensor> {
    let mask = mask.unsqueeze(2)?;
    hidden.broadcast_mul(&mask)?.sum(1)?.broadcast_div(&mask.sum(1)?)
}

impl Layer {
    fn forward(&self, hidden: &Tensor, unseen: &Tensor) -> Result<Tensor> {
        let (texts, length, size) = hidden.dims3()?;
        let width = size / self.heads;
        let split = |linear: &Linear| {
            linear.forward(hidden)?.reshape((texts, length, self.heads, width))?.transpose(1, 2)?.contiguous()
        };
        let (query, key, value) = (split(&self.query)?, split(&self.key)?, split(&self.value)?);
        #[expect(clippy::cast_precision_loss, reason = "the width of a head is far below 2^52")]
        let scale = 1.0 / (width as f64).sqrt();
        let scores = (query.matmul(&key.transpose(2, 3)?.contiguous()?)? * scale)?.broadcast_add(unseen)?;
        let seen = ops::softmax(&scores, D::Minus1)?.matmul(&value)?;
        let seen = seen.transpose(1, 2)?.reshape((texts, length, size))?;
        let hidden = self.attended_norm.forward(&(self.attended.forward(&seen)? + hidden)?)?;
        let inner = self.inner.forward(&hidden)?.gelu_erf()?;
        self.outer_norm.forward(&(self.outer.forward(&inner)? + hidden)?)
    }
}

impl Embedder for Bert {
    fn name(&self) -> &str {
        &self.name
    }

    fn embed(&self, texts: &[&str]) -> std::result::Result<Vec<Vec<f32>>, EmbedFault> {
        // Texts of like length together: padding costs as much as words.
        let mut order: Vec<usize> = (0..texts.len()).collect();
        order.sort_by_key(|at| texts.get(*at).map_or(0, |text| text.len()));
        let mut vectors = vec![Vec::new(); texts.len()];
        for places in order.chunks(BATCH) {
            let batch: Vec<&str> = places.iter().filter_map(|at| texts.get(*at).copied()).collect();
            for (place, vector) in places.iter().zip(self.batch(&batch)?) {
                if let Some(slot) = vectors.get_mut(*place) {
                    *slot = vector;
                }
            }
        }
        Ok(vectors)
    }

    fn read(&self, question: &str, passages: &[&str]) -> std::result::Result<Option<Vec<f32>>, EmbedFault> {
        let read = self.reader.as_ref().map(|reader| reader.read(self, question, passages)).transpose();
        read.map_err(|error| EmbedFault::new(format!("the reader over {}: {error}", self.name)))
    }
}

#[cfg(test)]
mod tests;
