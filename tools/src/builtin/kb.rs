//! `kb_search` and `kb_search_internal`.

use crate::tool::{CallCx, Tool};
use crate::{Ask, KnowledgeBase, Passage, Read, Readers, Scope, Unavailable};
use attache_journal::Citation;
use jiff::SignedDuration;
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
    /// Only articles updated within so many days.
    #[schemars(range(min = 1, max = 36_500))]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_age_days: Option<u32>,
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

    async fn call(&self, input: KbInput, cx: CallCx<'_, Read>) -> Result<KbHits, Unavailable> {
        found(&*self.kb, &input, Readers::Public, &cx).await
    }
}

/// Searches the knowledge base with the articles that are for colleagues alone.
pub struct KbSearchInternal {
    kb: Arc<dyn KnowledgeBase>,
}

impl KbSearchInternal {
    /// On this knowledge base.
    pub fn new(kb: Arc<dyn KnowledgeBase>) -> Self {
        Self { kb }
    }
}

impl Tool for KbSearchInternal {
    const NAME: &'static str = "kb_search_internal";
    type Effect = Read;
    type Input = KbInput;
    type Output = KbHits;
    type Error = Unavailable;

    fn description(&self) -> Cow<'static, str> {
        "Searches the knowledge base with the articles that are for colleagues alone. What it finds must not reach \
         the customer."
            .into()
    }

    async fn call(&self, input: KbInput, cx: CallCx<'_, Read>) -> Result<KbHits, Unavailable> {
        found(&*self.kb, &input, Readers::Internal, &cx).await
    }
}

async fn found(
    kb: &dyn KnowledgeBase,
    input: &KbInput,
    readers: Readers,
    cx: &CallCx<'_, Read>,
) -> Result<KbHits, Unavailable> {
    let since = input.max_age_days.map(|days| {
        let age = SignedDuration::from_hours(24 * i64::from(days));
        cx.now().checked_sub(age).unwrap_or(jiff::Timestamp::MIN)
    });
    let ask = Ask { query: &input.query, top: TOP, scope: Scope { readers, since } };
    let mut hits = kb.search(&ask).await.map_err(|e| Unavailable {
        what: "the knowledge base",
        retry: e.retry,
        source: e.into(),
    })?;
    // Policy allowed this scope and no other, whatever a knowledge base of
    // somebody else makes of it.
    hits.retain(|hit| ask.scope.holds(&hit.about));
    hits.truncate(TOP);
    Ok(KbHits { hits })
}

/// Reads the id of a passage, `DOC#START-END`.
#[must_use]
pub fn parse_citation(id: &str) -> Option<Citation> {
    let (doc, range) = id.rsplit_once('#')?;
    let (start, end) = range.split_once('-')?;
    let citation = Citation { doc: doc.to_owned(), start: start.parse().ok()?, end: end.parse().ok()? };
    (!citation.doc.is_empty() && citation.start < citation.end).then_some(citation)
}
