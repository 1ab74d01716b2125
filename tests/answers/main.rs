//! How many questions are answered from the right article, and how many that no
//! article answers are left to a person: each question through a whole run with
//! the offline model. `cargo xtask quality --only answers` writes the figures down.
//!
//! `answerable.tsv`, `unanswerable.txt` and `own-account.txt`, the part of the latter
//! that asks for what only a customer's own account knows, were written from the articles
//! of the example company, and what was missed in them has been looked at. So were the
//! two `held-out` files, in the words of customers, before anything was fitted
//! anew; nobody looks at their misses. The part that was held out before them is
//! now at the end of the first two. The two `hard` files are younger than what is fitted:
//! by writers who avoided the words of the articles and wrote, for each article, what it
//! might say and does not. The two `near` files are younger still and harder: near misses
//! in the very words of the articles, beside answers in none of them. Both pairs were used
//! for nothing, and nobody looks at their misses. Nor were the questions to five other
//! companies, put to their articles as they are and with what customers ask: half of them
//! are near misses.
#![expect(clippy::indexing_slicing, clippy::unwrap_used, reason = "a test stops where something is wrong")]
#![expect(clippy::print_stdout, reason = "the command that writes the figures down reads them")]

mod sets;

use attache::embed::{Bert, in_cache};
use attache::journal::{Entry, Event, MemoryStore, Outcome};
use attache::kb::{Document, Embedder, Kb};
use attache::tools::KbHits;
use attache::{Attache, Bundle};
use serde_json::Value;
use sets::{Question, Set, companies, company, keeping, letters, public};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

/// What came of a question.
enum Came {
    /// These articles were cited.
    Answered(Vec<String>),
    /// The customer was asked what they mean.
    Asked,
    /// A person answers, for this reason.
    Left(String),
}

/// What came of a set.
#[derive(Debug, Default)]
struct Figures {
    right: usize,
    answerable: usize,
    refused: usize,
    unanswerable: usize,
    asked: usize,
    sentences: usize,
    /// Sentences that stand in no passage that is cited.
    loose: Vec<String>,
    misses: String,
    /// Why what an article answers was not answered from it, and how often.
    missed: BTreeMap<String, usize>,
}

fn asks(at: usize, text: &str) -> Arc<Bundle> {
    let bundle = include_str!("../../examples/bundles/tier1-question.json");
    let mut bundle: Value = serde_json::from_str(bundle).unwrap();
    bundle["trigger"]["text"] = Value::from(text);
    // Nobody has a history.
    bundle["customer"]["id"] = Value::from(format!("cus_{at}"));
    Arc::new(Bundle::parse(bundle.to_string().as_bytes()).unwrap())
}

async fn put(attache: &Attache, at: usize, question: &str, figures: &mut Figures) -> Came {
    let report = attache.run(asks(at, question), None).await.unwrap();
    let ended = report.ended;
    let reason = ended.reason_code.unwrap_or_default();
    if ended.outcome != Outcome::Resolved {
        return Came::Left(reason);
    }
    if reason == "clarification" {
        return Came::Asked;
    }
    let passages = found(&attache.entries(&report.run).await.unwrap());
    let cited: Vec<_> = passages.hits.iter().filter(|hit| ended.citations.contains(&hit.citation())).collect();
    for sentence in said(&ended.reply.unwrap_or_default()) {
        figures.sentences += 1;
        if !cited.iter().any(|hit| words(&hit.passage).contains(&words(&sentence))) {
            figures.loose.push(format!("{question}: {sentence}"));
        }
    }
    Came::Answered(ended.citations.into_iter().map(|citation| citation.doc).collect())
}

/// What the search of a run found.
fn found(entries: &[Entry]) -> KbHits {
    let mut returned = entries.iter().filter_map(|entry| match &entry.event {
        Some(Event::ToolReturned(returned)) => returned.output.as_ref(),
        _ => None,
    });
    let found = returned.find_map(|output| serde_json::from_str(output.as_str()).ok());
    found.unwrap_or(KbHits { hits: Vec::new() })
}

/// The words of a text with one space around each: its marks are for whoever shows it.
fn words(text: &str) -> String {
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.fold(" ".to_owned(), |all, word| all + word + " ")
}

/// The sentences of an answer, without its greeting and without what follows the
/// sources: the template's own words.
fn said(reply: &str) -> Vec<String> {
    let (_, rest) = reply.split_once("\n\n").unwrap();
    let (body, _) = rest.rsplit_once("\n\nSource: ").unwrap();
    let ends = |text: &str| text.split_inclusive(['.', '!', '?']).map(str::to_owned).collect::<Vec<_>>();
    // A full stop inside of a word ends nothing.
    let mut sentences: Vec<String> = Vec::new();
    for line in body.lines() {
        let mut open = String::new();
        for part in ends(line) {
            if !open.is_empty() && part.starts_with(char::is_whitespace) {
                sentences.push(std::mem::take(&mut open));
            }
            open.push_str(&part);
        }
        sentences.push(open);
    }
    sentences.iter().map(|sentence| sentence.trim().to_owned()).filter(|sentence| !sentence.is_empty()).collect()
}

async fn measured(set: &Set, model: Option<Arc<dyn Embedder>>, mut figures: Figures) -> Figures {
    let mut kb = Kb::in_memory(set.articles.iter().cloned()).unwrap();
    if let Some(model) = model {
        kb = kb.embedder(model);
        kb.embed(&mut |_, _| {}).unwrap();
    }
    let attache = world(Arc::new(kb));
    for (at, Question { answers, text }) in set.questions.iter().enumerate() {
        let came = put(&attache, at, text, &mut figures).await;
        let miss = match (&came, answers.is_empty()) {
            (Came::Answered(docs), false) if docs.iter().any(|doc| answers.contains(doc)) => None,
            (Came::Left(_), true) => None,
            (Came::Answered(docs), _) => Some(format!("said {docs:?}")),
            (Came::Asked, _) => Some("asked".to_owned()),
            (Came::Left(reason), _) => Some(format!("left, {reason}")),
        };
        figures.asked += usize::from(matches!(came, Came::Asked));
        let (good, all) = match answers.is_empty() {
            false => (&mut figures.right, &mut figures.answerable),
            true => (&mut figures.refused, &mut figures.unanswerable),
        };
        *all += 1;
        *good += usize::from(miss.is_none());
        if let (Some(_), false) = (&miss, answers.is_empty()) {
            let why = match &came {
                Came::Answered(_) => "said otherwise",
                Came::Asked => "asked",
                Came::Left(reason) => reason,
            };
            *figures.missed.entry(why.to_owned()).or_default() += 1;
        }
        if let Some(miss) = miss {
            writeln!(figures.misses, "{answers:?} {text}: {miss}").unwrap();
        }
    }
    figures
}

fn world(kb: Arc<Kb>) -> Attache {
    let drafts = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/company/prompts/drafts");
    let mut builder = Attache::builder();
    for file in std::fs::read_dir(drafts).unwrap() {
        let path = file.unwrap().path();
        let name = format!("drafts/{}", path.file_name().unwrap().to_str().unwrap());
        builder = builder.prompt(&name, std::fs::read_to_string(path).unwrap());
    }
    builder.store(Arc::new(MemoryStore::new())).knowledge_base(kb).build().unwrap()
}

#[expect(clippy::cast_precision_loss, reason = "counts of questions")]
fn row(set: &Set, by: &str, figures: &Figures) -> String {
    let share = |part: usize, all: usize| match all {
        0 => "".to_owned(),
        all => format!("{:.1} % of {all}", 100.0 * part as f64 / all as f64),
    };
    format!(
        "| {} | {by} | {} | {} | {} | {} of {} |",
        set.name,
        share(figures.right, figures.answerable),
        share(figures.refused, figures.unanswerable),
        figures.asked,
        figures.sentences - figures.loose.len(),
        figures.sentences,
    )
}

/// Prints a row of the table, of one set or several together, and, where they may be seen,
/// the misses.
async fn told(sets: &[Set], seen: bool, model: Option<Arc<dyn Embedder>>) -> Figures {
    let by = if model.is_some() { "words and vectors" } else { "words" };
    let mut figures = Figures::default();
    for set in sets {
        figures = measured(set, model.clone(), figures).await;
    }
    // On a line of its own, whatever the harness has printed before.
    println!("\n{}", row(&sets[0], by, &figures));
    if !seen {
        figures.misses = format!("for nobody's eyes; of those that are answered: {:?}\n", figures.missed);
    }
    if std::env::var_os("ATTACHE_MISSES").is_some() {
        println!("{}", figures.misses);
    }
    assert_eq!(figures.loose, Vec::<String>::new());
    figures
}

/// The questions to the example company, those that were looked at first.
fn own() -> [(Set, bool); 4] {
    [
        (company("answerable.tsv", &["unanswerable.txt", "own-account.txt"], "the example company, looked at"), true),
        (company("held-out.tsv", &["held-out.txt"], "the example company, held out"), false),
        (letters("letters.jsonl", "the example company, letters"), true),
        (letters("letters-held-out.jsonl", "the example company, letters held out"), false),
    ]
}

#[tokio::test]
async fn answers_of_the_example_company() {
    // What holds today without a sentence model; the aim is 90 and 95 of a hundred.
    for ((set, seen), (right, refused)) in own().into_iter().zip([(90, 95), (73, 95), (61, 90), (32, 91)]) {
        let figures = told(&[set], seen, None).await;
        assert!(figures.right * 100 >= figures.answerable * right, "{}", figures.misses);
        assert!(figures.refused * 100 >= figures.unanswerable * refused, "{}", figures.misses);
    }
}

/// What `cargo xtask quality` writes down beside that: with the sentence model, if
/// one is on this machine, and on public questions, if it is told where they are.
#[tokio::test]
async fn answers_that_are_only_measured() {
    if std::env::var_os("ATTACHE_QUALITY").is_none() {
        return;
    }
    let data = std::env::var_os("ATTACHE_QUALITY_DATA").map(PathBuf::from);
    let others = data.iter().flat_map(|data| {
        [
            public(data, "a shop (bitext, development part)", "bitext_dev.jsonl.gz", (0, 1)),
            public(data, "a bank (banking77, one of five)", "banking77_train.jsonl.gz", (0, 5)),
        ]
    });
    let others = others.map(|set| (vec![set], true));
    let five = |name| companies("apart", name);
    let unseen = [
        (vec![company("hard.tsv", &["hard.txt"], "the example company, hard")], false),
        (vec![company("near.tsv", &["near.txt"], "the example company, near")], false),
        (five("five other companies").iter().map(|set| keeping(set, |_| false)).collect(), false),
        (five("five other companies, told what customers ask"), false),
    ];
    let others: Vec<_> = unseen.into_iter().chain(others).collect();
    for (sets, seen) in &others {
        told(sets, *seen, None).await;
    }
    let Some(folder) = sentence_model() else { return };
    let model: Arc<dyn Embedder> = Arc::new(Bert::open(&folder).unwrap());
    let own = own().map(|(set, seen)| (vec![set], seen));
    for (sets, seen) in own.iter().chain(&others) {
        told(sets, *seen, Some(Arc::clone(&model))).await;
    }
}

/// The folder of a sentence model: the one that is named, or what other programs
/// keep.
fn sentence_model() -> Option<PathBuf> {
    let folder = |variable| std::env::var_os(variable).filter(|value| !value.is_empty()).map(PathBuf::from);
    let cache = || folder("HF_HOME").or_else(|| Some(folder("HOME")?.join(".cache/huggingface")));
    folder("ATTACHE_EMBED_MODEL").or_else(|| in_cache(&cache()?))
}
