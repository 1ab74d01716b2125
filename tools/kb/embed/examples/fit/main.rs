//! Fits what the signs of an answer weigh (`tools/kb/src/fit.rs`), and writes the
//! weights and their card. `cargo xtask train-fit` runs it.
//!
//!     fit DATA MODEL
//!
//! `DATA` is a folder with the public sets `intents/bitext_train.jsonl.gz` and
//! `intents/banking77_train.jsonl.gz`, `MODEL` one with a sentence model.
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a command of ours stops where something is wrong"
)]
#![expect(clippy::print_stdout, reason = "a person reads the figures")]

mod learn;
#[path = "../../../../../tests/answers/sets.rs"]
mod sets;

use attache_embed::Bert;
use attache_kb::{Document, EmbedFault, Embedder, Kb, SIGNS, WEIGHTS};
use attache_tools::Ask;
use learn::{Case, Weights, crossed, learn, shifted};
use sets::{Question, Set, companies, company, keeping, letters, numbered, public};
use std::collections::HashMap;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::{Arc, Mutex};

/// What a question that a public set puts to the example company counts beside
/// one that was written for it: what answers there is told by intents alone. With less, a
/// quarter of what the customers of a bank ask is answered.
const PUBLIC: f32 = 0.5;

/// What a question counts that customers ask, beside one that was written to measure
/// with: there are four times as many.
const UNHEARD: f32 = 0.25;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [data, model] = arguments.as_slice() else { panic!("usage: fit DATA MODEL") };
    let once = Arc::new(Once::new(Bert::open(Path::new(model)).unwrap()));
    // Without those about a customer's own account: they are refused before it is asked
    // what fits, and look like what articles answer.
    let own = company("answerable.tsv", &["unanswerable.txt"], "the example company");
    let letters = bodies(letters("letters.jsonl", "letters to the example company"));
    let halves = [0, 1].map(|half| unheard(&own, half));
    // None of those that are measured.
    let others = [
        public(Path::new(data), "a shop", "bitext_train.jsonl.gz", (0, 10)),
        public(Path::new(data), "a bank", "banking77_train.jsonl.gz", (1, 20)),
    ];
    let companies = companies("fitted", "other companies");
    // To articles that say what customers ask, and to the same ones without.
    let fitted = |asked: bool| {
        let fitted = [By::Words, By::Skimming, By::Vectors, By::Reading].map(|by| {
            let embedder = || by.embedder(&once);
            let kept = |set: &Set| keeping(set, |_| asked);
            let mut cases = read(&kept(&own), embedder(), 1.0);
            let counted = cases.len();
            cases.extend(read(&kept(&letters), embedder(), 1.0));
            for half in halves.iter().filter(|_| asked) {
                cases.extend(read(half, embedder(), UNHEARD));
            }
            for set in &others {
                cases.extend(read(&kept(set), embedder(), PUBLIC));
            }
            if let Some(counts) = by.others(asked) {
                cases.extend(companies.iter().flat_map(|set| read(&kept(set), embedder(), counts)));
            }
            if matches!(by, By::Words) {
                cases.iter_mut().for_each(unskimmed);
            }
            let what = [by.name(), if asked { "yes" } else { "no" }];
            let weights = learn(&cases);
            let row =
                format!("| {} | {counted} | {} |", what.join(" | "), crossed(&cases, counted, weights, by.refused()));
            println!("{row}");
            (shifted(weights, &cases[..counted], by.refused()), row)
        });
        Vec::from(fitted)
    };
    let columns: Vec<(Weights, String)> = std::thread::scope(|scope| {
        let known = scope.spawn(|| fitted(true));
        let mut columns = fitted(false);
        columns.extend(known.join().unwrap());
        columns
    });
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../src/fit");
    let mut file = "[\n".to_owned();
    for (at, (name, _)) in WEIGHTS.iter().enumerate() {
        let weights: Vec<String> = columns.iter().map(|(weights, _)| format!("{:.2}", weights[at])).collect();
        writeln!(file, "    (\"{name}\", [{}]),", weights.join(", ")).unwrap();
    }
    std::fs::write(folder.join("weights.in"), file + "]\n").unwrap();
    let rows = columns.iter().map(|(_, row)| row.as_str()).collect::<Vec<_>>().join("\n");
    std::fs::write(folder.join("CARD.md"), include_str!("card.md").replace("ROWS", &rows)).unwrap();
}

/// What is known of a candidate.
#[derive(Clone, Copy)]
enum By {
    Words,
    Skimming,
    Vectors,
    Reading,
}

impl By {
    fn name(self) -> &'static str {
        match self {
            Self::Words => "words alone",
            Self::Skimming => "words and skimming",
            Self::Vectors => "words, skimming and vectors",
            Self::Reading => "words, skimming, vectors and reading",
        }
    }

    /// What a question to one of ten other companies counts, if it does, whose articles say what
    /// customers ask or do not. Half of these questions are near misses: the more they count, the more
    /// of such are refused, and the fewer of a bank's. Who does not read can hardly tell them.
    fn others(self, asked: bool) -> Option<f32> {
        match (self, asked) {
            (Self::Skimming | Self::Reading, true) | (Self::Skimming, false) => Some(0.25),
            (Self::Reading, false) => Some(0.4),
            (Self::Vectors, true) => Some(0.1),
            (Self::Vectors, false) | (Self::Words, _) => None,
        }
    }

    /// What of the questions to the example company that no article answers is refused, at least. Who
    /// skims would else answer more of what a bank's customers ask than who compares words.
    fn refused(self) -> f32 {
        if matches!(self, Self::Skimming) { 0.96 } else { 0.95 }
    }

    fn embedder(self, once: &Arc<Once>) -> Option<Arc<dyn Embedder>> {
        match self {
            Self::Words | Self::Skimming => None,
            Self::Vectors => Some(Arc::new(Unread(Arc::clone(once)))),
            Self::Reading => Some(Arc::clone(once) as Arc<dyn Embedder>),
        }
    }
}

/// A model that is asked once for each text, and once to read it: the same articles come
/// twelve times.
struct Once {
    model: Bert,
    vectors: Mutex<HashMap<String, Vec<f32>>>,
    odds: Mutex<HashMap<(String, String), f32>>,
}

impl Once {
    fn new(model: Bert) -> Self {
        Self { model, vectors: Mutex::default(), odds: Mutex::default() }
    }
}

impl Embedder for Once {
    fn name(&self) -> &str {
        self.model.name()
    }

    fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedFault> {
        let mut known = self.vectors.lock().unwrap();
        let new: Vec<&str> = texts.iter().copied().filter(|text| !known.contains_key(*text)).collect();
        let made = if new.is_empty() { Vec::new() } else { self.model.embed(&new)? };
        known.extend(new.into_iter().map(str::to_owned).zip(made));
        Ok(texts.iter().map(|text| known[*text].clone()).collect())
    }

    fn read(&self, question: &str, passages: &[&str]) -> Result<Option<Vec<f32>>, EmbedFault> {
        let pair = |passage: &&str| (question.to_owned(), (*passage).to_owned());
        let unread = |passage: &&&str| !self.odds.lock().unwrap().contains_key(&pair(passage));
        let new: Vec<&str> = passages.iter().filter(unread).copied().collect();
        let made = if new.is_empty() { Vec::new() } else { self.model.read(question, &new)?.unwrap() };
        let mut known = self.odds.lock().unwrap();
        known.extend(new.iter().map(pair).zip(made));
        Ok(Some(passages.iter().map(|passage| known[&pair(passage)]).collect()))
    }
}

/// The same model where it only compares.
struct Unread(Arc<Once>);

impl Embedder for Unread {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedFault> {
        self.0.embed(texts)
    }
}

/// Half of what customers ask, put to the articles that do not know of it.
fn unheard(set: &Set, half: usize) -> Set {
    let asked = |article: &Document| {
        let others = numbered(&article.text).into_iter().filter(|(_, asked)| asked.is_some_and(|n| n % 2 != half));
        let question = |(text, _): (&str, _)| Question { answers: vec![article.id.clone()], text: text.to_owned() };
        others.map(question).collect::<Vec<_>>()
    };
    let questions = set.articles.iter().flat_map(asked).collect();
    Set { questions, ..keeping(set, |number| number % 2 == half) }
}

/// What is seen of the candidates of each question, and which of them answer it.
fn read(set: &Set, embedder: Option<Arc<dyn Embedder>>, counts: f32) -> Vec<Case> {
    let mut kb = Kb::in_memory(set.articles.iter().cloned()).unwrap();
    if let Some(embedder) = embedder {
        kb = kb.embedder(embedder);
        kb.embed(&mut |_, _| {}).unwrap();
    }
    let mut cases = Vec::new();
    for question in &set.questions {
        let seen = kb.signs(&Ask::new(&question.text, 1)).unwrap();
        let right = |doc: &String| question.answers.contains(doc);
        let candidates = seen.iter().filter_map(|(hit, signs)| Some((signs.as_ref()?.values, right(&hit.doc))));
        let candidates: Vec<([f32; SIGNS], bool)> = candidates.collect();
        cases.push(Case { candidates, answerable: !question.answers.is_empty(), counts });
    }
    println!("{}: {} questions", set.name, cases.len());
    cases
}

/// What is seen where nothing can be skimmed.
fn unskimmed(case: &mut Case) {
    let at = WEIGHTS.iter().position(|(name, _)| *name == "skimmed").unwrap();
    for (signs, _) in &mut case.candidates {
        signs[at] = 0.0;
    }
}

/// Letters without greeting, closing and quotation, as they are searched with, more or
/// less: what finds the question in a letter is not of this room.
fn bodies(letters: Set) -> Set {
    let short = |line: &&str| line.split_whitespace().count() < 5 && !line.ends_with('?');
    let body = |text: &str| {
        let lines: Vec<&str> =
            text.lines().take_while(|line| !line.starts_with("--")).filter(|line| !line.starts_with('>')).collect();
        let lines = lines.split(|line| line.is_empty()).map(|lines| lines.join(" "));
        let kept: Vec<String> = lines.filter(|lines| !short(&lines.as_str())).collect();
        if kept.is_empty() { text.to_owned() } else { kept.join(" ") }
    };
    let questions = letters.questions.into_iter();
    let questions = questions.map(|question| Question { text: body(&question.text), ..question }).collect();
    Set { questions, ..letters }
}
