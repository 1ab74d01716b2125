//! What articles are missing: questions that were not answered, alike ones together.

use crate::by_run::ByRun;
use attache_engine::{Unanswered, unanswered};
use attache_journal::{Entry, RunId, Store, StoreError};
use attache_kb::{Gap, MAX_QUESTIONS, asked, gaps};
use attache_tools::{Ask, KnowledgeBase, Passage, Readers, Scope};
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
    /// Whether that one answers it by now, with a passage that none of these runs had.
    pub answered: bool,
}

/// An article that comes near.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
pub struct Nearest {
    /// The article.
    pub doc: String,
    /// Its title.
    pub title: String,
}

/// What was not answered in each run.
#[derive(Default)]
pub struct Gaps(ByRun<Searched>);

/// What was searched for in vain, and what was asked there.
type Searched = (Unanswered, String);

impl Gaps {
    /// The articles that are missing, what most runs asked in front, and how many more
    /// there are than those: of the first `2 * top` at most `top`, where those that were
    /// answered since stand behind. Without a knowledge base that can be asked, nothing is
    /// said to be near.
    ///
    /// # Errors
    /// [`StoreError`] if the journal cannot be read.
    pub async fn find(
        &self,
        store: &dyn Store,
        kb: &dyn KnowledgeBase,
        top: usize,
    ) -> Result<(Vec<Missing>, usize), StoreError> {
        let read = |entries: &[Entry]| {
            let found = unanswered(entries)?;
            let question = asked(&found.question);
            Some((found, question))
        };
        let mut runs = self.0.ask(store, read).await?;
        // Of very many the newest are compared.
        runs.truncate(MAX_QUESTIONS);
        runs.reverse();
        let questions: Vec<String> = runs.iter().map(|(_, (_, question))| question.clone()).collect();
        // What a question is about stands in its story as often as in it.
        let whole: Vec<&str> = runs.iter().map(|(_, (searched, _))| searched.question.as_str()).collect();
        let found = gaps(&questions, embedded(kb, &whole).await.as_deref());
        let (mut open, mut answered) = (Vec::new(), Vec::new());
        for Gap { central, members } in found.iter().take(top.saturating_mul(2)) {
            if open.len() == top {
                break;
            }
            let Some((_, (Unanswered { question: searched, .. }, question))) = runs.get(*central) else { continue };
            let members: Vec<_> = members.iter().rev().filter_map(|at| runs.get(*at)).collect();
            let readable = search(kb, searched, Readers::Public).await;
            let new = readable.into_iter().find(|hit| members.iter().all(|(_, (asked, _))| asked.is_answered_by(hit)));
            let answered_now = new.is_some();
            let nearest = match new {
                None => search(kb, searched, Readers::Internal).await.into_iter().next(),
                new => new,
            };
            let missing = Missing {
                question: question.clone(),
                count: members.len(),
                runs: members.into_iter().map(|(run, _)| run.clone()).collect(),
                nearest: nearest.map(|near| Nearest { doc: near.doc, title: near.title }),
                answered: answered_now,
            };
            if missing.answered { &mut answered } else { &mut open }.push(missing);
        }
        open.append(&mut answered);
        open.truncate(top);
        let more = found.len() - open.len();
        Ok((open, more))
    }
}

/// Embeddings of all texts, if the knowledge base has them.
async fn embedded(kb: &dyn KnowledgeBase, texts: &[&str]) -> Option<Vec<Vec<f32>>> {
    match kb.embeddings(texts).await {
        Ok(found) => found,
        Err(error) => {
            tracing::warn!(%error, "questions have no embeddings; their words are compared");
            None
        }
    }
}

async fn search(kb: &dyn KnowledgeBase, question: &str, readers: Readers) -> Vec<Passage> {
    let scope = Scope { readers, since: None };
    kb.search(&Ask { query: question, top: 5, scope }).await.unwrap_or_else(|error| {
        tracing::warn!(%error, "the knowledge base cannot be searched");
        Vec::new()
    })
}

#[cfg(test)]
mod tests;
