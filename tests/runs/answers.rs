//! Questions over the example company's articles, each through a whole run:
//! what is known is answered from the right article, the rest goes to a person.
//!
//! `tests/answers/` was written from the articles. Its misses have been looked at
//! once, when `fit` was brought in: it is no longer a set that nothing was fitted to.

use crate::world::{builder, bundle};
use attache::journal::MemoryStore;
use attache::{Attache, Bundle, Outcome};
use serde_json::Value;
use std::sync::Arc;

const ANSWERABLE: &str = include_str!("../answers/answerable.tsv");
const UNANSWERABLE: &str = include_str!("../answers/unanswerable.txt");

fn asks(text: &str) -> Arc<Bundle> {
    let mut value = serde_json::to_value(&*bundle("tier1-question.json")).unwrap();
    value["trigger"]["text"] = Value::from(text);
    Arc::new(Bundle::parse(value.to_string().as_bytes()).unwrap())
}

/// The documents that an answer cites; why not, if a person has to answer.
async fn answered(attache: &Attache, question: &str) -> Result<Vec<String>, String> {
    let report = attache.run(asks(question), None).await.unwrap();
    let ended = report.ended;
    match ended.outcome {
        Outcome::Resolved => Ok(ended.citations.into_iter().map(|c| c.doc).collect()),
        _ => Err(ended.reason_code.unwrap_or_default()),
    }
}

#[tokio::test]
async fn known_questions_are_answered_and_others_refused() {
    let data = tempfile::tempdir().unwrap();
    let attache = builder(data.path()).store(Arc::new(MemoryStore::new())).build().unwrap();
    let (mut right, mut asked, mut misses) = (0, 0, Vec::new());
    for line in ANSWERABLE.lines() {
        let (doc, question) = line.split_once('\t').unwrap();
        asked += 1;
        match answered(&attache, question).await {
            Ok(docs) if docs.iter().any(|cited| cited == doc) => right += 1,
            found => misses.push(format!("{doc}: {question} {found:?}")),
        }
    }
    let (mut refused, mut unknown, mut wrong) = (0, 0, Vec::new());
    for question in UNANSWERABLE.lines() {
        unknown += 1;
        match answered(&attache, question).await {
            Err(_) => refused += 1,
            Ok(docs) => wrong.push(format!("{question} {docs:?}")),
        }
    }
    let told = format!(
        "{right} of {asked} answered from the right article, {refused} of {unknown} refused\n{}\n--\n{}",
        misses.join("\n"),
        wrong.join("\n")
    );
    assert!(asked >= 120 && unknown >= 100);
    // What holds today; the aim is 90 and 95 of a hundred.
    assert!(right * 100 >= asked * 79 && refused * 100 >= unknown * 93, "{told}");
}
