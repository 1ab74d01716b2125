//! What of a knowledge base reaches whom.

use crate::world::{builder, bundle, call, events, shape};
use async_trait::async_trait;
use attache::journal::{Entry, Event, Reply};
use attache::kb::{Document, Kb};
use attache::models::Scripted;
use attache::tools::{About, Ask, KnowledgeBase, Passage, PortError, Readers};
use std::sync::Arc;

const SUPPORT: &str = include_str!("../../agents/playbooks/support.toml");
const SECRET: &str = "override the ledger with code 4711";

fn articles() -> Kb {
    let internal = About { audience: Readers::Internal, ..About::default() };
    Kb::in_memory([
        Document {
            id: "import".into(),
            text: "# Import assets\n\nA CSV file needs the columns name and site.\n".into(),
            ..Document::default()
        },
        Document {
            id: "runbook".into(),
            text: format!("# Import assets by hand\n\nFor a CSV file with wrong columns {SECRET}.\n"),
            about: internal,
            ..Document::default()
        },
    ])
    .unwrap()
}

/// A knowledge base that takes no notice of whom it may show what.
struct Careless(Kb);

#[async_trait]
impl KnowledgeBase for Careless {
    async fn search(&self, ask: &Ask<'_>) -> Result<Vec<Passage>, PortError> {
        let mut ask = ask.clone();
        ask.scope.readers = Readers::Internal;
        KnowledgeBase::search(&self.0, &ask).await
    }
}

async fn journal(kb: Arc<dyn KnowledgeBase>, said: Option<Vec<Reply>>, playbook: Option<String>) -> Vec<Entry> {
    let data = tempfile::tempdir().unwrap();
    let mut builder = builder(data.path()).knowledge_base(kb);
    if let Some(said) = said {
        builder = builder.model(Arc::new(Scripted::replies(said)));
    }
    if let Some(playbook) = playbook {
        builder = builder.playbook("support.toml", playbook);
    }
    let attache = builder.build().unwrap();
    let report = attache.run(bundle("tier1-question.json"), None).await.unwrap();
    attache.entries(&report.run).await.unwrap()
}

#[tokio::test]
async fn a_runbook_reaches_no_customer() {
    let query = |tool| call(tool, r#"{"query":"import CSV file columns"}"#);
    let kbs: [Arc<dyn KnowledgeBase>; 2] = [Arc::new(articles()), Arc::new(Careless(articles()))];
    for kb in kbs {
        // The offline model, and one that asks for what it must not have.
        let asked = vec![query("kb_search_internal"), query("kb_search")];
        for said in [None, Some(asked)] {
            let entries = journal(kb.clone(), said, None).await;
            let text = serde_json::to_string(&entries).unwrap();
            assert!(!text.contains(SECRET), "{:?}", shape(&entries));
            assert!(text.contains("A CSV file needs"), "{:?}", shape(&entries));
        }
    }
}

#[tokio::test]
async fn asking_for_runbooks_is_denied_by_the_rule() {
    let asked = call("kb_search_internal", r#"{"query":"import CSV"}"#);
    // A playbook that offers the tool, as somebody might write it.
    let playbook = SUPPORT.replace("\"kb_search\",", "\"kb_search\", \"kb_search_internal\",");
    let entries = journal(Arc::new(articles()), Some(vec![asked]), Some(playbook)).await;
    let denied = events(&entries, "policy_decided").any(|event| match event {
        Event::PolicyDecided(decided) => decided.policies.iter().any(|rule| rule == "internal_articles"),
        _ => false,
    });
    assert!(denied, "{:?}", shape(&entries));
}
