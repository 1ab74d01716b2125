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
use attache_kb::{Document, Embedder, Kb, SIGNS, WEIGHTS};
use attache_tools::Ask;
use learn::{Case, Weights, crossed, learn, shifted};
use sets::{Set, company, public};
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

/// What a question that a public set puts to the example company counts beside
/// one that was written for it: what answers there is told by intents alone.
const PUBLIC: f32 = 0.125;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [data, model] = arguments.as_slice() else { panic!("usage: fit DATA MODEL") };
    let embedder: Arc<dyn Embedder> = Arc::new(Bert::open(Path::new(model)).unwrap());
    let own = company("answerable.tsv", "unanswerable.txt", "the example company");
    // None of those that are measured.
    let others = [
        public(Path::new(data), "a shop", "bitext_train.jsonl.gz", (0, 10)),
        public(Path::new(data), "a bank", "banking77_train.jsonl.gz", (1, 20)),
    ];
    let mut columns: Vec<(Weights, String)> = Vec::new();
    for (near, what) in [(false, "words alone"), (true, "words and vectors")] {
        let mut cases = read(&own, near.then(|| Arc::clone(&embedder)), 1.0);
        let counted = cases.len();
        for set in &others {
            cases.extend(read(set, near.then(|| Arc::clone(&embedder)), PUBLIC));
        }
        let figures = crossed(&cases, counted);
        println!("{what}: {figures} of {counted} by cross-validation, {} cases", cases.len());
        let weights = shifted(learn(&cases), &cases[..counted]);
        columns.push((weights, format!("| {what} | {} | {figures} |", cases.len())));
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../src/fit");
    let mut file = "[\n".to_owned();
    // By words alone those of decision 22 stay: see the card.
    for (at, (name, words, _)) in WEIGHTS.iter().enumerate() {
        writeln!(file, "    (\"{name}\", {words:.2}, {:.2}),", columns[1].0[at]).unwrap();
    }
    std::fs::write(folder.join("weights.in"), file + "]\n").unwrap();
    let rows = columns.iter().map(|(_, row)| row.as_str()).collect::<Vec<_>>().join("\n");
    std::fs::write(folder.join("CARD.md"), include_str!("card.md").replace("ROWS", &rows)).unwrap();
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
        let seen = kb.signs(&Ask::new(&question.text, 8)).unwrap();
        let right = |doc: &String| question.answers.contains(doc);
        let candidates = seen.iter().filter_map(|(hit, signs)| Some((signs.as_ref()?.values, right(&hit.doc))));
        let candidates: Vec<([f32; SIGNS], bool)> = candidates.collect();
        cases.push(Case { candidates, answerable: !question.answers.is_empty(), counts });
    }
    println!("{}: {} questions", set.name, cases.len());
    cases
}
