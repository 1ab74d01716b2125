//! Questions that nothing answered, put together by the real sentence model.
//!
//! `cargo xtask` fetches the model and sets `ATTACHE_REAL_SENTENCE_MODEL`; without it these
//! tests do nothing and say so. With `ATTACHE_QUALITY_DATA` they also print figures of the
//! public questions in that folder.
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "helpers of tests stand outside of tests here")]

#[path = "../../../../../tests/answers/gzip.rs"]
mod gzip;

use attache_embed::Bert;
use attache_kb::{Document, Gap, Kb, asked, gaps};
use attache_tools::KnowledgeBase;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A question and the name of the gap that it belongs to.
#[derive(Deserialize)]
struct Labelled {
    text: String,
    intent: String,
}

/// Messages with stories around what is asked, so many to a gap.
fn messages(text: &str, of_each: usize) -> Vec<Labelled> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let rows = lines.map(|line| line.split_once('\t').unwrap());
    // In the order of the file each gap's messages would come together.
    let mut rows: Vec<_> = rows.enumerate().collect();
    rows.sort_by_key(|(at, _)| (at % of_each, *at));
    rows.into_iter().map(|(_, (gap, text))| Labelled { text: text.into(), intent: gap.into() }).collect()
}

/// Of each intent of a public set its first questions, one of each after the other.
fn public(file: &Path, of_each: usize) -> Vec<Labelled> {
    let mut taken: BTreeMap<String, usize> = BTreeMap::new();
    let mut found = Vec::new();
    for row in gzip::lines(file).iter().map(|row| serde_json::from_str::<Labelled>(row).unwrap()) {
        let count = taken.entry(row.intent.clone()).or_default();
        *count += 1;
        if *count <= of_each {
            found.push((*count, row));
        }
    }
    found.sort_by_key(|(count, _)| *count);
    found.into_iter().map(|(_, row)| row).collect()
}

/// How pure the groups are and how whole, each from 0 to 1: for each question, which part of its group
/// is of its gap, and which part of its gap is in its group, on average. B-cubed precision and recall
/// (Bagga and Baldwin, 1998).
fn b_cubed(rows: &[Labelled], groups: &[Gap]) -> (f64, f64) {
    let mut of_gap: BTreeMap<&str, f64> = BTreeMap::new();
    rows.iter().for_each(|row| *of_gap.entry(&row.intent).or_default() += 1.0);
    let (mut precision, mut recall) = (0.0, 0.0);
    for group in groups {
        let names: Vec<&str> = group.members.iter().map(|at| rows.get(*at).unwrap().intent.as_str()).collect();
        for name in &names {
            let same = names.iter().filter(|other| *other == name).count() as f64;
            precision += same / names.len() as f64;
            recall += same / of_gap.get(name).unwrap();
        }
    }
    (precision / rows.len() as f64, recall / rows.len() as f64)
}

/// A knowledge base with the sentence model; nothing without one.
fn kb() -> Option<Kb> {
    let Some(folder) = std::env::var_os("ATTACHE_REAL_SENTENCE_MODEL") else {
        println!("skipped: ATTACHE_REAL_SENTENCE_MODEL is not set; `cargo xtask` can fetch the model");
        return None;
    };
    let refunds = Document { id: "refunds".into(), text: "A refund takes 14 days.".into(), ..Document::default() };
    let kb = Kb::in_memory([refunds]).unwrap().embedder(Arc::new(Bert::open(Path::new(&folder)).unwrap()));
    kb.embed(&mut |_, _| {}).unwrap();
    Some(kb)
}

/// The figures of a set by words, by gist and by embeddings of the model: precision, recall.
async fn figures(kb: &Kb, name: &str, rows: &[Labelled]) -> [(f64, f64); 3] {
    let questions: Vec<String> = rows.iter().map(|row| asked(&row.text)).collect();
    let texts: Vec<&str> = rows.iter().map(|row| row.text.as_str()).collect();
    let embeddings = kb.embeddings(&texts).await.unwrap().unwrap();
    let gist = Kb::in_memory([]).unwrap().embeddings(&texts).await.unwrap().unwrap();
    let compared = [("words", None), ("gist", Some(gist.as_slice())), ("embeddings", Some(embeddings.as_slice()))];
    compared.map(|(by, embeddings)| {
        let groups = gaps(&questions, embeddings);
        let (precision, recall) = b_cubed(rows, &groups);
        // On a line of its own, whatever the harness has printed before.
        println!("\n| {name} | {} | {by} | {} | {precision:.2} | {recall:.2} |", rows.len(), groups.len());
        (precision, recall)
    })
}

#[tokio::test]
async fn letters_about_one_thing_are_one_gap() {
    let Some(kb) = kb() else { return };
    let (one, other) = (include_str!("messages.tsv"), include_str!("others.tsv"));
    for (name, text, of_each, least) in [
        ("eight gaps, one writer", one, 4, [(0.95, 0.3), (0.95, 0.7), (0.95, 0.5)]),
        ("fifteen gaps, another", other, 5, [(0.95, 0.19), (0.95, 0.3), (0.95, 0.3)]),
    ] {
        let found = figures(&kb, name, &messages(text, of_each)).await;
        for ((precision, recall), least) in found.into_iter().zip(least) {
            assert!(precision > least.0 && recall > least.1, "{name} {precision} {recall}");
        }
    }
}

#[tokio::test]
async fn public_questions_of_one_intent_are_put_together() {
    let Some(data) = std::env::var_os("ATTACHE_QUALITY_DATA").map(PathBuf::from) else {
        println!("skipped: ATTACHE_QUALITY_DATA is not set; `cargo xtask quality` sets it");
        return;
    };
    let Some(kb) = kb() else { return };
    for (name, file, of_each) in
        [("a shop, 27 intents", "bitext_dev.jsonl.gz", 12), ("a bank, 77 intents", "banking77_train.jsonl.gz", 6)]
    {
        let rows = public(&data.join("intents").join(file), of_each);
        let [words, gist, embeddings] = figures(&kb, name, &rows).await;
        assert!(embeddings.1 > words.1 && gist.1 > words.1, "{name}");
    }
}
