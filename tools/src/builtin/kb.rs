//! `kb_search`.

use crate::tool::{CallCx, Tool};
use crate::{KnowledgeBase, Passage, Read, Unavailable};
use attache_journal::Citation;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::sync::Arc;

/// Searches the knowledge base.
pub struct KbSearch {
    kb: Arc<dyn KnowledgeBase>,
}

impl KbSearch {
    /// On this knowledge base.
    pub fn new(kb: Arc<dyn KnowledgeBase>) -> Self {
        Self { kb }
    }
}

/// What to search for.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct KbInput {
    /// A question or key words, without personal data.
    #[schemars(length(min = 1, max = 2_000))]
    pub query: String,
}

/// What was found.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct KbHits {
    /// The passages, best first; empty if nothing fits.
    pub hits: Vec<Passage>,
}

/// How many passages are given: more would crowd the prompt.
const TOP: usize = 5;

impl Tool for KbSearch {
    const NAME: &'static str = "kb_search";
    type Effect = Read;
    type Input = KbInput;
    type Output = KbHits;
    type Error = Unavailable;

    fn description(&self) -> Cow<'static, str> {
        "Searches the knowledge base and returns the best passages, each with an id to cite.".into()
    }

    async fn call(&self, input: KbInput, _: CallCx<'_, Read>) -> Result<KbHits, Unavailable> {
        let hits = self.kb.search(&input.query, TOP).await.map_err(|e| Unavailable {
            what: "the knowledge base",
            retry: e.retry,
            source: e.into(),
        })?;
        Ok(KbHits { hits })
    }
}

/// Reads the id of a passage, `DOC#START-END`.
#[must_use]
pub fn parse_citation(id: &str) -> Option<Citation> {
    let (doc, range) = id.rsplit_once('#')?;
    let (start, end) = range.split_once('-')?;
    let citation = Citation { doc: doc.to_owned(), start: start.parse().ok()?, end: end.parse().ok()? };
    (!citation.doc.is_empty() && citation.start < citation.end).then_some(citation)
}
