//! The knowledge base as tools and gaps ask it.

use super::Kb;
use crate::analysis;
use crate::error::KbError;
use crate::gaps::MAX_QUESTIONS;
use crate::gist;
use crate::index::content;
use crate::vectors::{EmbedFault, apart, unit};
use async_trait::async_trait;
use attache_tools::traces::TARGET;
use attache_tools::{Ask, KnowledgeBase, Passage, PortError};
use lru::LruCache;
use std::collections::{BTreeMap, HashMap};
use std::num::NonZeroUsize;
use std::sync::{Mutex, PoisonError};
use tracing::Instrument as _;
use tracing::field::Empty;

#[async_trait]
impl KnowledgeBase for Kb {
    async fn search(&self, ask: &Ask<'_>) -> Result<Vec<Passage>, PortError> {
        let span = tracing::info_span!(
            target: TARGET,
            "retrieval",
            otel.name = "retrieval knowledge_base",
            otel.status_description = Empty,
            error.type = Empty,
            gen_ai.operation.name = "retrieval",
            gen_ai.data_source.id = "knowledge_base",
            attache.retrieval.passages = Empty,
        );
        let found = self.find(ask).instrument(span.clone()).await;
        match &found {
            Ok(passages) => {
                span.record("attache.retrieval.passages", i64::try_from(passages.len()).unwrap_or(i64::MAX))
            }
            Err(_) => span.record("error.type", "index").record("otel.status_description", "index"),
        };
        found
    }

    async fn embeddings(&self, texts: &[&str]) -> Result<Option<Vec<Vec<f32>>>, PortError> {
        let texts: Vec<String> = texts.iter().map(|&text| analysis::of_query(text).to_owned()).collect();
        self.aside(move |kb| kb.centred(&texts)).await
    }
}

impl Kb {
    async fn find(&self, ask: &Ask<'_>) -> Result<Vec<Passage>, PortError> {
        let (query, top, scope) = (ask.query.to_owned(), ask.top, ask.scope.clone());
        self.aside(move |kb| kb.search(&Ask { query: &query, top, scope })).await
    }

    /// Away from what others wait for. In memory a search takes a millisecond; a file may have to
    /// come from a disk first, and a model thinks.
    async fn aside<T: Send + 'static>(
        &self,
        what: impl FnOnce(&Self) -> Result<T, KbError> + Send + 'static,
    ) -> Result<T, PortError> {
        let waits = self.inner.dir.is_some() || self.embedder.is_some();
        let Some(runtime) = tokio::runtime::Handle::try_current().ok().filter(|_| waits) else {
            return Ok(what(self)?);
        };
        let kb = self.clone();
        let found = runtime.spawn_blocking(move || what(&kb)).await;
        Ok(found.map_err(|error| PortError {
            message: format!("the knowledge base ended early: {error}"),
            retry: attache_journal::Retry::Safe,
        })??)
    }

    /// Embeddings of texts less what all questions have in common, so that those of two that have
    /// nothing to do with each other are close to orthogonal, whatever the model (Mu and Viswanath
    /// 2018, arXiv:1702.01417, take away the mean as well). Without a model, by what they are about.
    fn centred(&self, texts: &[String]) -> Result<Option<Vec<Vec<f32>>>, KbError> {
        let (Some(embedder), Some(opened)) = (&self.embedder, self.opened()?) else {
            return Ok(Some(gist::of_questions(texts)));
        };
        let dense = self.dense(&opened, &**embedder)?;
        let Some(mean) = dense.mean() else { return Ok(Some(gist::of_questions(texts))) };
        // Held for moments: others may need to wait for a model less than we do.
        let recent = || dense.recent.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut found: HashMap<u64, Vec<f32>> = HashMap::new();
        let mut new: BTreeMap<u64, &str> = BTreeMap::new();
        let keys: Vec<u64> = texts.iter().map(|text| content("", text)).collect();
        for (key, text) in keys.iter().zip(texts) {
            match recent().get(key).cloned() {
                Some(known) => drop(found.insert(*key, known)),
                None => drop(new.insert(*key, text)),
            }
        }
        let new: Vec<(u64, &str)> = new.into_iter().collect();
        for batch in new.chunks(BATCH) {
            let vectors = embedder.embed(&batch.iter().map(|(_, text)| *text).collect::<Vec<_>>());
            let vectors = vectors.map_err(KbError::Embed)?;
            // A server may have another model under the same name.
            if vectors.len() != batch.len() || vectors.iter().any(|vector| vector.len() != mean.len()) {
                let what = format!("the model {} made other vectors than it did", embedder.name());
                return Err(KbError::Embed(EmbedFault::new(what)));
            }
            for ((key, _), vector) in batch.iter().zip(vectors) {
                let vector = apart(unit(vector), &mean);
                recent().put(*key, vector.clone());
                found.insert(*key, vector);
            }
        }
        Ok(keys.iter().map(|key| found.get(key).cloned()).collect())
    }
}

/// Embeddings of the last texts that they were asked for, by what the texts say: a model takes
/// milliseconds for each, and the same ones are compared again and again.
pub(crate) struct Recent(Mutex<LruCache<u64, Vec<f32>>>);

impl Default for Recent {
    fn default() -> Self {
        // Kilobytes each.
        const MOST: NonZeroUsize = NonZeroUsize::MIN.saturating_add(MAX_QUESTIONS);
        Self(Mutex::new(LruCache::new(MOST)))
    }
}

/// What is embedded is kept after so many, whatever becomes of the others.
const BATCH: usize = 64;
