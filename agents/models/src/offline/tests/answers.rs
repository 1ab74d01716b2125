//! How many questions are answered from the right article, and how many that no
//! article answers are left to a person. `cargo xtask quality --only answers`
//! writes the figures down.

use super::*;
use attache_kb::{Document, Kb};
use attache_tools::Ask;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// Questions over articles.
struct Set {
    name: String,
    articles: Vec<Document>,
    /// The article that answers, and the question.
    known: Vec<(String, String)>,
    unknown: Vec<String>,
}

/// What came of a set.
#[derive(Debug, Default)]
struct Figures {
    right: usize,
    refused: usize,
    /// Known questions whose article was taken away, and that were refused then.
    bereft: usize,
    misses: String,
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(path: &str) -> String {
    std::fs::read_to_string(repository().join(path)).unwrap()
}

/// The example company: `tests/answers/` was written from its articles.
fn company_set() -> Set {
    let mut articles = Vec::new();
    for file in std::fs::read_dir(repository().join("examples/company/kb")).unwrap() {
        let path = file.unwrap().path();
        let id = path.file_stem().unwrap().to_str().unwrap().to_owned();
        articles.push(Document { id, text: std::fs::read_to_string(path).unwrap(), ..Document::default() });
    }
    let known = read("tests/answers/answerable.tsv");
    let known = known.lines().map(|line| line.split_once('\t').unwrap());
    Set {
        name: "the example company".into(),
        articles,
        known: known.map(|(doc, question)| (doc.to_owned(), question.to_owned())).collect(),
        unknown: read("tests/answers/unanswerable.txt").lines().map(str::to_owned).collect(),
    }
}

/// What the model makes of a question: the documents it cites, and nothing if it
/// leaves the question to a person.
fn asked(model: &Offline, kb: &Kb, question: &str) -> Option<BTreeSet<String>> {
    let mut world = World::new("support").asks(question);
    let [call] = <[_; 1]>::try_from(model.plan(&world.request()).calls).unwrap();
    let query: Value = serde_json::from_str(&call.arguments).unwrap();
    let found = kb.search(&Ask::new(query["query"].as_str().unwrap(), 5)).unwrap();
    world.did("offline_1", "kb_search", &call.arguments, &hits(&found));
    let [call] = <[_; 1]>::try_from(model.plan(&world.request()).calls).unwrap();
    let said: Value = serde_json::from_str(&call.arguments).unwrap();
    let cited = said["cite"].as_array().filter(|_| call.name == "reply")?;
    Some(cited.iter().map(|id| id.as_str().unwrap().split('#').next().unwrap().to_owned()).collect())
}

fn measured(set: &Set, bereft: bool) -> Figures {
    let model = model();
    let kb = Kb::in_memory(set.articles.clone()).unwrap();
    let mut figures = Figures::default();
    for (doc, question) in &set.known {
        match asked(&model, &kb, question) {
            Some(docs) if docs.contains(doc) => figures.right += 1,
            found => writeln!(figures.misses, "MISS {doc}: {question} {found:?}").unwrap(),
        }
    }
    for question in &set.unknown {
        match asked(&model, &kb, question) {
            None => figures.refused += 1,
            Some(docs) => writeln!(figures.misses, "SAID {question} {docs:?}").unwrap(),
        }
    }
    let mut by_doc: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (doc, question) in set.known.iter().filter(|_| bereft) {
        by_doc.entry(doc).or_default().push(question);
    }
    for (doc, questions) in by_doc {
        let kb = Kb::in_memory(set.articles.iter().filter(|article| article.id != doc).cloned()).unwrap();
        for question in questions {
            match asked(&model, &kb, question) {
                None => figures.bereft += 1,
                Some(docs) => writeln!(figures.misses, "ELSE {doc}: {question} {docs:?}").unwrap(),
            }
        }
    }
    figures
}

#[expect(clippy::cast_precision_loss, reason = "counts of questions")]
fn row(set: &Set, figures: &Figures) -> String {
    let share = |part: usize, all: usize| format!("{:.1} % of {all}", 100.0 * part as f64 / all.max(1) as f64);
    format!(
        "| {} | {} | {} | {} | {} |",
        set.name,
        set.articles.len(),
        share(figures.right, set.known.len()),
        share(figures.refused, set.unknown.len()),
        share(figures.bereft, set.known.len())
    )
}

#[test]
fn answers_of_the_example_company() {
    let set = company_set();
    let figures = measured(&set, true);
    println!("{}", row(&set, &figures));
    if std::env::var_os("ATTACHE_MISSES").is_some() {
        println!("{}", figures.misses);
    }
    // What holds today; the aim is 90 and 95 of a hundred.
    assert!(figures.right * 100 >= set.known.len() * 80, "{}", figures.misses);
    assert!(figures.refused * 100 >= set.unknown.len() * 95, "{}", figures.misses);
}
