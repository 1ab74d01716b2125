//! What the knowledge base costs: generated articles are indexed and searched,
//! and time, processor time and peak memory are printed.
//!
//!     cargo run --release --example articles -- index 5000
//!     cargo run --release --example articles -- search 50000
//!     cargo run --release --example articles -- search 50000 path/to/all-MiniLM-L6-v2
//!
//! With a model, articles and questions are made of the words that it knows, the
//! most common ones first, and each question goes through it: made-up words are
//! several tokens each, where those of a real question are hardly more than one.
//! The vectors of the passages are made up: what it takes to compare with them
//! does not depend on what they say.
#![expect(clippy::print_stdout, reason = "a person reads the figures")]

use attache::embed::Bert;
use attache::kb::{EmbedFault, Embedder, Kb, KbError, Retrieval};
use attache::tools::{Ask, Passage};
use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Passages of an article: about 500 characters each, under a heading.
const PASSAGES: usize = 10;

/// How many questions are asked.
const QUESTIONS: usize = 400;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["index", articles] => index(articles.parse()?),
        ["search", passages] => search(passages.parse()?, None),
        ["search", passages, model] => search(passages.parse()?, Some(Path::new(model))),
        _ => Err("usage: articles index N | search PASSAGES [MODEL]".into()),
    }
}

/// Numbers that look random and are the same each time, and words by them.
struct Dice<'a> {
    state: u64,
    /// The words of a language, the most common ones first; where there are no
    /// more, they are made up.
    known: &'a [String],
}

impl Dice<'_> {
    fn below(&mut self, most: u64) -> u64 {
        self.state = self.state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.state >> 33) % most
    }

    /// A word out of many, the first of which are common as those of a language are.
    fn word(&mut self) -> String {
        const PARTS: [&str; 16] =
            ["ba", "co", "di", "fe", "gu", "ha", "jo", "ki", "lu", "me", "no", "pa", "ri", "so", "tu", "ve"];
        let rank = self.below(self.state % 30_000 + 1).max(1);
        if let Some(word) = self.known.get(rank as usize) {
            return word.clone();
        }
        let mut left = rank;
        let mut word = String::new();
        while left > 0 {
            word.push_str(PARTS.iter().cycle().nth((left % 16) as usize).copied().unwrap_or_default());
            left /= 16;
        }
        word
    }

    fn words(&mut self, count: u64) -> String {
        (0..count).map(|_| self.word()).collect::<Vec<_>>().join(" ")
    }
}

fn article(dice: &mut Dice<'_>) -> String {
    let mut text = format!("# {}\n\n", dice.words(4));
    for _ in 0..PASSAGES {
        let _ = write!(text, "## {}\n\n", dice.words(3));
        for _ in 0..6 {
            let _ = write!(text, "{}. ", dice.words(14));
        }
        text.push_str("\n\n");
    }
    text
}

fn folder(articles: usize, known: &[String]) -> Result<tempfile::TempDir, Box<dyn Error>> {
    let dir = tempfile::tempdir()?;
    let docs = dir.path().join("docs");
    let mut dice = Dice { state: 1, known };
    for number in 0..articles {
        let below = docs.join(format!("{:02}", number % 50));
        fs::create_dir_all(&below)?;
        fs::write(below.join(format!("{number}.md")), article(&mut dice))?;
    }
    Ok(dir)
}

fn index(articles: usize) -> Result<(), Box<dyn Error>> {
    let dir = folder(articles, &[])?;
    let docs = [dir.path().join("docs")];
    for what in ["first", "again, nothing changed"] {
        let (start, used) = (Instant::now(), processor_time());
        let report = Kb::open(&dir.path().join("kb"))?.add(&docs, &mut |_| {})?;
        println!(
            "{what}: {} added, {} unchanged in {:.1} s, {:.1} s of processor time, peak memory {} MiB",
            report.added,
            report.unchanged,
            start.elapsed().as_secs_f64(),
            (processor_time() - used).as_secs_f64(),
            peak_memory_kib() / 1024
        );
    }
    Ok(())
}

fn search(passages: usize, model: Option<&Path>) -> Result<(), Box<dyn Error>> {
    let known = model.map_or_else(|| Ok(Vec::new()), words_of)?;
    let dir = folder(passages / PASSAGES, &known)?;
    let mut kb = Kb::open(&dir.path().join("kb"))?;
    kb.add(&[dir.path().join("docs")], &mut |_| {})?;
    let held: usize = kb.list()?.iter().map(|document| document.passages).sum();
    println!("{held} passages");
    asked(&kb, Retrieval::Lexical, &known)?;
    if let Some(model) = model {
        kb = kb.embedder(Arc::new(MadeUp(Bert::open(model)?)));
        kb.embed(&mut |_, _| {})?;
        asked(&kb, Retrieval::Fused, &known)?;
    }
    println!("peak memory {} MiB", peak_memory_kib() / 1024);
    Ok(())
}

/// The words of a model's vocabulary that are words of a language, in its order.
fn words_of(model: &Path) -> Result<Vec<String>, Box<dyn Error>> {
    let tokenizer: serde_json::Value = serde_json::from_slice(&fs::read(model.join("tokenizer.json"))?)?;
    let vocabulary = tokenizer.pointer("/model/vocab").and_then(serde_json::Value::as_object).ok_or("no vocabulary")?;
    let is_word = |word: &str| word.len() >= 3 && word.bytes().all(|byte| byte.is_ascii_lowercase());
    let mut words: Vec<(u64, String)> = vocabulary
        .iter()
        .filter(|(word, _)| is_word(word))
        .filter_map(|(word, id)| Some((id.as_u64()?, word.clone())))
        .collect();
    words.sort_unstable();
    Ok(words.into_iter().map(|(_, word)| word).collect())
}

fn asked(kb: &Kb, retrieval: Retrieval, known: &[String]) -> Result<(), Box<dyn Error>> {
    type Search = fn(&Kb, &Ask<'_>, Retrieval) -> Result<Vec<Passage>, KbError>;
    let searches: [(&str, Search); 2] = [("documents", Kb::search_documents_by), ("passages, skimmed", Kb::search_by)];
    for (what, search) in searches {
        let mut dice = Dice { state: 7, known };
        // The first search opens the index, and the first question what skims.
        search(kb, &Ask::new("how do I warm up?", 5), retrieval)?;
        let used = processor_time();
        let mut took = Vec::new();
        for _ in 0..QUESTIONS {
            let question = format!("how do I {}?", dice.words(6));
            let start = Instant::now();
            search(kb, &Ask::new(&question, 5), retrieval)?;
            took.push(start.elapsed());
        }
        took.sort();
        let at = |share: usize| took.get(took.len() * share / 100).copied().unwrap_or_default().as_secs_f64() * 1e3;
        let used = (processor_time() - used).as_secs_f64() * 1e3 / QUESTIONS as f64;
        let [p50, p95] = [50, 95].map(at);
        println!("{what}, {retrieval:?}: p50 {p50:.2} ms, p95 {p95:.2} ms, {used:.2} ms of processor time each");
    }
    Ok(())
}

/// The model for questions; vectors out of nothing for passages, which come many
/// at a time.
struct MadeUp(Bert);

impl Embedder for MadeUp {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn embed(&self, texts: &[&str]) -> Result<Vec<Vec<f32>>, EmbedFault> {
        if texts.len() == 1 {
            return self.0.embed(texts);
        }
        let mut dice = Dice { state: texts.iter().map(|text| text.len() as u64).sum(), known: &[] };
        let vector = |_: &&str| (0..384).map(|_| dice.below(2_000) as f32 / 1_000.0 - 1.0).collect();
        Ok(texts.iter().map(vector).collect())
    }
}

/// What the system says of this process, where it says it as Linux does.
fn processor_time() -> Duration {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace().skip(11).take(2);
    // A tick is a hundredth of a second.
    Duration::from_millis(10 * fields.filter_map(|ticks| ticks.parse::<u64>().ok()).sum::<u64>())
}

fn peak_memory_kib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or_default()
}
