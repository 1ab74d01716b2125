//! What of a knowledge base reaches whom.

use crate::world::{builder, bundle, call, events, shape};
use async_trait::async_trait;
use attache::Bundle;
use attache::journal::{Entry, Event, Outcome, Reply};
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

/// The rules that refused an answer, in order, and how the run ended.
fn refusals(entries: &[Entry]) -> (Vec<&str>, Outcome) {
    let mut refused = Vec::new();
    for event in events(entries, "policy_decided") {
        let Event::PolicyDecided(decided) = event else { continue };
        let ours = |rule: &&String| ["cites_unread", "reply_stands_in_sources"].contains(&rule.as_str());
        refused.extend(decided.policies.iter().filter(ours).map(String::as_str));
    }
    let ended = events(entries, "run_ended").last();
    let Some(Event::RunEnded(ended)) = ended else { panic!("{:?}", shape(entries)) };
    (refused, ended.outcome)
}

fn answer(text: &str, cite: &str) -> Reply {
    call("reply", &serde_json::json!({ "text": text, "cite": [cite] }).to_string())
}

#[tokio::test]
async fn an_answer_is_held_against_what_it_cites() {
    let search = || call("kb_search", r#"{"query":"import assets CSV file columns"}"#);
    let found = articles().search(&Ask::new("import assets CSV file columns", 1)).unwrap();
    let id = found[0].id.as_str();
    let good = "A CSV file needs the columns name and site.";
    let (unread, unheld) = ("cites_unread", "reply_stands_in_sources");
    let lie = "A CSV file takes spreadsheets from accounting and sales.";
    for (bad, cite, rules) in [
        (good, "import#900-950", vec![unread, unheld]),
        (good, "the article on imports", vec![unread, unheld]),
        (lie, id, vec![unheld]),
    ] {
        // Fed back once: a better answer goes.
        let mended = vec![search(), answer(bad, cite), answer(good, id)];
        let entries = journal(Arc::new(articles()), Some(mended), None).await;
        assert_eq!(refusals(&entries), (rules.clone(), Outcome::Resolved), "{bad} {:?}", shape(&entries));
        let told = serde_json::to_string(&entries).unwrap();
        assert!(told.contains("policy does not allow this"), "{told}");
        // Not a second time.
        let stubborn = vec![search(), answer(bad, cite), answer(&format!("{bad} Surely."), cite)];
        let entries = journal(Arc::new(articles()), Some(stubborn), None).await;
        assert_eq!(refusals(&entries), (rules.repeat(2), Outcome::Escalated), "{bad} {:?}", shape(&entries));
    }
}

fn exports() -> Kb {
    Kb::in_memory([
        Document {
            id: "invoices".into(),
            text: "# Export invoices\n\nOpen **Billing** and choose **Export**.\n".into(),
            ..Document::default()
        },
        Document {
            id: "machines".into(),
            text: "# Export machines\n\nOpen **Assets** and choose **Export**.\n".into(),
            ..Document::default()
        },
        Document {
            id: "refunds".into(),
            text: "# Refunds\n\nMoney is back in 14 days.\n".into(),
            ..Document::default()
        },
    ])
    .unwrap()
}

fn says(text: &str) -> Arc<Bundle> {
    let mut value = serde_json::to_value(&*bundle("tier1-question.json")).unwrap();
    value["trigger"]["text"] = text.into();
    Arc::new(Bundle::parse(value.to_string().as_bytes()).unwrap())
}

/// The journal of each message, one after the other, of one customer.
async fn conversation(messages: &[&str], said: Option<Vec<Reply>>) -> Vec<Vec<Entry>> {
    let data = tempfile::tempdir().unwrap();
    let mut builder = builder(data.path()).knowledge_base(Arc::new(exports()));
    if let Some(said) = said {
        builder = builder.model(Arc::new(Scripted::replies(said)));
    }
    let attache = builder.build().unwrap();
    let mut journals = Vec::new();
    for message in messages {
        let report = attache.run(says(message), None).await.unwrap();
        journals.push(attache.entries(&report.run).await.unwrap());
    }
    journals
}

fn end(entries: &[Entry]) -> (Outcome, Option<&str>, &str) {
    let ended = events(entries, "run_ended").last();
    let Some(Event::RunEnded(ended)) = ended else { panic!("{:?}", shape(entries)) };
    (ended.outcome, ended.reason_code.as_deref(), ended.reply.as_deref().unwrap_or_default())
}

#[tokio::test]
async fn what_fits_two_articles_is_asked_back_and_then_answered() {
    for (answer, article) in [
        ("The second one, please.", 1),
        ("I mean the first.", 0),
        ("I mean those of our machines.", 2),
        ("1", 0),
        ("2", 1),
        ("#2.", 1),
        ("Option two", 1),
    ] {
        let journals = conversation(&["How do I export?", answer], None).await;
        let (outcome, reason, question) = end(&journals[0]);
        assert_eq!((outcome, reason), (Outcome::Resolved, Some("clarification")), "{question}");
        let options: Vec<&str> =
            question.lines().filter_map(|line| line.strip_prefix("1. ").or(line.strip_prefix("2. "))).collect();
        assert_eq!(options.len(), 2, "{question}");
        let Some(Event::RunStarted(started)) = &journals[1][0].event else { panic!("a run begins") };
        assert_eq!(started.asked.as_ref().unwrap().message, "How do I export?");
        let (outcome, reason, reply) = end(&journals[1]);
        assert_eq!((outcome, reason), (Outcome::Resolved, None), "{answer}: {:?}", shape(&journals[1]));
        let meant = options.get(article).copied().unwrap_or("Export machines");
        let place = if meant.contains("machines") { "Assets" } else { "Billing" };
        assert!(!reply.contains('*'), "{reply}");
        assert!(reply.contains(place), "{answer}: {reply}");
    }
}

#[tokio::test]
async fn who_is_still_not_understood_goes_to_a_person() {
    let journals = conversation(&["How do I export?", "I cannot say."], None).await;
    let (outcome, reason, _) = end(&journals[1]);
    assert_eq!((outcome, reason), (Outcome::Escalated, Some("no_answer")));
    let told = serde_json::to_string(&journals[1]).unwrap();
    assert!(told.contains("Searched for: I cannot say: How do I export?"), "{told}");
    assert!(told.contains("Export invoices"), "{told}");
    // Somebody who writes of something else is answered.
    let journals = conversation(&["How do I export?", "When is the money of a refund back?"], None).await;
    assert_eq!(end(&journals[1]).0, Outcome::Resolved, "{:?}", shape(&journals[1]));
}

#[tokio::test]
async fn no_model_asks_twice() {
    let found = exports().search(&Ask::new("export", 2)).unwrap();
    let ask = |text: &str| {
        let cite = [found[0].id.as_str(), found[1].id.as_str()];
        call("ask_customer", &serde_json::json!({ "text": text, "cite": cite }).to_string())
    };
    let search = || call("kb_search", r#"{"query":"export"}"#);
    let stubborn = vec![search(), ask("Which do you mean?"), search(), ask("Which?"), ask("Invoices, or machines?")];
    let journals = conversation(&["How do I export?", "I need the export of our data, please."], Some(stubborn)).await;
    assert_eq!(end(&journals[0]).1, Some("clarification"));
    let rules = events(&journals[1], "policy_decided").filter_map(|event| match event {
        Event::PolicyDecided(decided) => decided.policies.first().map(String::as_str),
        _ => None,
    });
    assert_eq!(rules.filter(|rule| *rule == "one_clarification").count(), 1, "{:?}", shape(&journals[1]));
    assert_eq!((end(&journals[1]).0, end(&journals[1]).1), (Outcome::Escalated, Some("clarified_before")));
}
