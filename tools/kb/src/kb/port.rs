//! The knowledge base as tools and gaps ask it.

use super::Kb;
use crate::analysis;
use crate::error::KbError;
use crate::vectors::unit;
use async_trait::async_trait;
use attache_tools::traces::TARGET;
use attache_tools::{Ask, KnowledgeBase, Passage, PortError};
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

    async fn meanings(&self, texts: &[&str]) -> Result<Option<Vec<Vec<f32>>>, PortError> {
        let texts: Vec<String> = texts.iter().map(|&text| text.to_owned()).collect();
        self.aside(move |kb| kb.meant(&texts.iter().map(String::as_str).collect::<Vec<_>>())).await
    }
}

impl Kb {
    async fn find(&self, ask: &Ask<'_>) -> Result<Vec<Passage>, PortError> {
        let (query, top, scope) = (ask.query.to_owned(), ask.top, ask.scope.clone());
        self.aside(move |kb| kb.search(&Ask { query: &query, top, scope })).await
    }

    /// In memory a search takes microseconds; a file may have to come from a disk first.
    async fn aside<T: Send + 'static>(
        &self,
        what: impl FnOnce(&Self) -> Result<T, KbError> + Send + 'static,
    ) -> Result<T, PortError> {
        let Some(runtime) = tokio::runtime::Handle::try_current().ok().filter(|_| self.inner.dir.is_some()) else {
            return Ok(what(self)?);
        };
        let kb = self.clone();
        let found = runtime.spawn_blocking(move || what(&kb)).await;
        Ok(found.map_err(|error| PortError {
            message: format!("the search ended early: {error}"),
            retry: attache_journal::Retry::Safe,
        })??)
    }

    /// What texts mean, less what all questions have in common: what is left of two that have
    /// nothing to do with each other lies across, whatever the model (Mu and Viswanath 2018,
    /// arXiv:1702.01417, take away the mean as well).
    fn meant(&self, texts: &[&str]) -> Result<Option<Vec<Vec<f32>>>, KbError> {
        let (Some(embedder), Some(opened)) = (&self.embedder, self.opened()?) else { return Ok(None) };
        let Some(usual) = self.dense(&opened, &**embedder)?.usual() else { return Ok(None) };
        let texts: Vec<&str> = texts.iter().map(|text| analysis::first_chars(text)).collect();
        let vectors = embedder.embed(&texts).map_err(KbError::Embed)?;
        let meanings = vectors.into_iter().map(|vector| {
            // A server may have another model under the same name.
            let mut vector = unit(vector).filter(|vector| vector.len() == usual.len())?;
            vector.iter_mut().zip(&usual).for_each(|(number, usual)| *number -= usual);
            Some(unit(vector).unwrap_or_default())
        });
        Ok(meanings.collect())
    }
}
