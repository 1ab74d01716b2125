//! Vectors from an OpenAI-compatible server.

use attache_kb::{EmbedFault, Embedder};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_json::json;
use std::time::Duration;
use tokio::runtime::Runtime;

/// How many texts one request has.
const BATCH: usize = 64;

/// No answer is larger: 64 vectors of 4,096 numbers fit in.
const MAX_ANSWER: usize = 16 << 20;

/// Where and what to ask.
#[derive(Clone, Debug)]
pub struct EndpointConfig {
    /// The address up to `/embeddings`, such as `https://api.openai.com/v1`.
    pub base_url: String,
    /// The name of the model.
    pub model: String,
    /// The key, if the server wants one.
    pub api_key: Option<SecretString>,
    /// How long one request may take.
    pub timeout: Duration,
}

/// A server with the endpoint `/embeddings`.
pub struct Endpoint {
    config: EndpointConfig,
    /// The address without what may be secret in it, for people.
    shown: String,
    client: reqwest::Client,
    /// Its own: who embeds waits for the answer on a thread that may block.
    runtime: Option<Runtime>,
}

impl std::fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Endpoint").field("model", &self.config.model).finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
struct Answer {
    data: Vec<Datum>,
}

#[derive(Deserialize)]
struct Datum {
    index: usize,
    embedding: Vec<f32>,
}

impl Endpoint {
    /// Connects with the first text.
    ///
    /// # Errors
    /// If the address is none of `http` or `https`, or no client can be made.
    pub fn new(config: EndpointConfig) -> Result<Self, EmbedFault> {
        let origin = reqwest::Url::parse(&config.base_url).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        let shown = origin
            .map(|url| url.origin().ascii_serialization())
            .ok_or_else(|| EmbedFault::new("the address of an embeddings endpoint begins with http:// or https://"))?;
        let fault = |what: String| EmbedFault::new(format!("embeddings endpoint {shown}: {what}"));
        let client = reqwest::Client::builder().timeout(config.timeout).redirect(reqwest::redirect::Policy::none());
        let client = client.build().map_err(|error| fault(error.to_string()))?;
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = Some(runtime.map_err(|error| fault(error.to_string()))?);
        Ok(Self { config, shown, client, runtime })
    }

    async fn ask(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, String> {
        let url = format!("{}/embeddings", self.config.base_url.trim_end_matches('/'));
        let mut request = self.client.post(url).json(&json!({ "model": self.config.model, "input": texts }));
        if let Some(key) = &self.config.api_key {
            request = request.bearer_auth(key.expose_secret());
        }
        let mut response = request.send().await.map_err(cause)?;
        let status = response.status();
        if !status.is_success() {
            return Err(format!("answered {status}"));
        }
        let mut body = Vec::new();
        while let Some(part) = response.chunk().await.map_err(cause)? {
            body.extend_from_slice(&part);
            if body.len() > MAX_ANSWER {
                return Err("the answer is larger than 16 MiB".to_owned());
            }
        }
        let answer: Answer =
            serde_json::from_slice(&body).map_err(|error| format!("the answer is not as expected: {error}"))?;
        let mut vectors = vec![Vec::new(); texts.len()];
        for datum in answer.data {
            if let Some(slot) = vectors.get_mut(datum.index) {
                *slot = datum.embedding;
            }
        }
        if vectors.iter().any(Vec::is_empty) {
            return Err("the answer lacks a vector".to_owned());
        }
        Ok(vectors)
    }
}

/// Why a request failed: the innermost cause, for the outer ones only say that it did.
fn cause(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut cause: &dyn std::error::Error = &error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

impl Embedder for Endpoint {
    fn name(&self) -> &str {
        &self.config.model
    }

    fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedFault> {
        let fault = |what: String| EmbedFault::new(format!("embeddings endpoint {}: {what}", self.shown));
        let runtime = self.runtime.as_ref().ok_or_else(|| fault("closed".to_owned()))?;
        let mut vectors = Vec::with_capacity(texts.len());
        for batch in texts.chunks(BATCH) {
            // A thread of an async runtime must not wait for another runtime.
            let found = std::thread::scope(|scope| scope.spawn(|| runtime.block_on(self.ask(batch))).join());
            let found = found.unwrap_or_else(|_| Err("the request ended early".to_owned()));
            vectors.extend(found.map_err(fault)?);
        }
        Ok(vectors)
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        // A runtime must not be dropped where another one runs.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

#[cfg(test)]
mod tests;
