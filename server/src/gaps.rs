//! What articles are missing: questions that were not answered, alike ones together.

use crate::by_run::ByRun;
use attache_engine::unanswered;
use attache_journal::{RunId, Store, StoreError};
use attache_kb::gaps;
use attache_tools::{Ask, KnowledgeBase, Readers, Scope};
use schemars::JsonSchema;
use serde::Serialize;

/// An article that is missing.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
pub struct Missing {
    /// The question that is most like the others; without personal data.
    pub question: String,
    /// How many runs asked it.
    pub count: usize,
    /// Which, the newest first.
    pub runs: Vec<RunId>,
    /// The article that comes nearest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nearest: Option<Nearest>,
}

/// An article that comes near and did not answer.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
pub struct Nearest {
    /// The article.
    pub doc: String,
    /// Its title.
    pub title: String,
}

/// What was not answered in each run.
#[derive(Default)]
pub struct Gaps(ByRun<String>);

impl Gaps {
    /// The articles that are missing, what most runs asked in front, and how many there
    /// are. Without a knowledge base that can be asked, nothing is said to be near.
    ///
    /// # Errors
    /// [`StoreError`] if the journal cannot be read.
    pub async fn find(
        &self,
        store: &dyn Store,
        kb: &dyn KnowledgeBase,
        top: usize,
    ) -> Result<(Vec<Missing>, usize), StoreError> {
        let mut asked = self.0.ask(store, unanswered).await?;
        // Of very many the newest are compared.
        asked.reverse();
        let questions: Vec<String> = asked.iter().map(|(_, question)| question.clone()).collect();
        let found = gaps(&questions);
        let mut missing = Vec::new();
        for gap in found.iter().take(top) {
            let scope = Scope { readers: Readers::Internal, since: None };
            let near = kb.search(&Ask { query: &gap.question, top: 1, scope }).await;
            let nearest = near.unwrap_or_else(|error| {
                tracing::warn!(%error, "the knowledge base cannot be searched");
                Vec::new()
            });
            missing.push(Missing {
                question: gap.question.clone(),
                count: gap.members.len(),
                runs: gap.members.iter().rev().filter_map(|at| asked.get(*at)).map(|(run, _)| run.clone()).collect(),
                nearest: nearest.into_iter().next().map(|near| Nearest { doc: near.doc, title: near.title }),
            });
        }
        Ok((missing, found.len()))
    }
}
