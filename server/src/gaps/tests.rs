use super::*;
use attache_journal::{Event, Json, MemoryStore};
use attache_testkit::{RunWriter, handed_run};
use attache_tools::PortError;
use serde_json::json;
use std::sync::Mutex as Told;

/// Knows whether a text is about money, or is away.
#[derive(Default)]
struct Money {
    searched: Told<Vec<String>>,
    away: bool,
}

#[async_trait::async_trait]
impl KnowledgeBase for Money {
    async fn search(&self, ask: &Ask<'_>) -> Result<Vec<Passage>, PortError> {
        self.searched.lock().unwrap().push(ask.query.to_owned());
        Ok(Vec::new())
    }

    async fn embeddings(&self, texts: &[&str]) -> Result<Option<Vec<Vec<f32>>>, PortError> {
        if self.away {
            return Err(PortError { message: "away".into(), retry: attache_journal::Retry::Never });
        }
        let money = |text: &&str| ["pay", "coin"].iter().any(|word| text.contains(word));
        Ok(Some(texts.iter().map(|text| if money(text) { vec![1.0, 0.0] } else { vec![0.0, 1.0] }).collect()))
    }
}

/// A store in which each of these was searched for and nothing answered.
async fn searched_for(queries: &[&str]) -> MemoryStore {
    let store = MemoryStore::new();
    for (at, query) in queries.iter().enumerate() {
        let mut events = handed_run("c-1");
        for (_, event) in &mut events {
            if let Event::ToolCalled(called) = event {
                called.input = Json::of(&json!({ "query": query })).unwrap();
            }
        }
        let mut run = RunWriter::of(&store, "c-1", &format!("run-{at}"), "2026-11-20T09:00:00Z").await;
        store.append(run.batch(events)).await.unwrap();
    }
    store
}

async fn counts(gaps: &Gaps, store: &MemoryStore, kb: &Money) -> Vec<(String, usize)> {
    let (missing, _) = gaps.find(store, kb, 9).await.unwrap();
    missing.into_iter().map(|gap| (gap.question, gap.count)).collect()
}

#[tokio::test]
async fn what_is_alike_is_one_gap_without_its_story() {
    let story = "Our treasurer is new. Is crypto a coin that you take?";
    let store = searched_for(&[story, "How do I pay with Bitcoin?", "Do you sell drones?"]).await;
    let (gaps, kb) = (Gaps::default(), Money::default());
    let found = counts(&gaps, &store, &kb).await;
    assert_eq!(found.iter().map(|(_, count)| *count).collect::<Vec<_>>(), [2, 1], "{found:?}");
    assert_eq!(found[0].0, "Is crypto a coin that you take?", "a story is one customer's");
    assert_eq!(counts(&gaps, &store, &kb).await, found);
    let searched = kb.searched.lock().unwrap().clone();
    assert!(searched.iter().any(|query| query == story), "what is near was found by all of it: {searched:?}");

    // Without it, words are what there is.
    let away = Money { away: true, ..Money::default() };
    assert_eq!(counts(&Gaps::default(), &store, &away).await.len(), 3);
}

#[tokio::test]
async fn the_newest_count_and_nobody_known_is_named() {
    let mut queries = vec!["Do you sell zeppelins?"];
    queries.resize(MAX_QUESTIONS + 1, "Can Dana Example pay with Bitcoin?");
    let found = counts(&Gaps::default(), &searched_for(&queries).await, &Money::default()).await;
    assert_eq!(found, [("Can … pay with Bitcoin?".to_owned(), MAX_QUESTIONS)]);
}
