//! Throwaway: ranking and timings.
#![allow(clippy::all, missing_docs, clippy::allow_attributes, clippy::allow_attributes_without_reason)]
use attache_kb::*;
use std::collections::*;
use std::time::Instant;
fn main() {
    let dir = std::env::args().nth(1).unwrap();
    let docs: Vec<Document> = std::fs::read_to_string(format!("{dir}/corpus.jsonl")).unwrap().lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    let t = Instant::now();
    let kb = Kb::in_memory(docs.clone()).unwrap();
    println!("in memory {} docs: {:?}", docs.len(), t.elapsed());
    let mut rel: HashMap<String, HashMap<String, i32>> = HashMap::new();
    for l in std::fs::read_to_string(format!("{dir}/qrels.tsv")).unwrap().lines().skip(1) {
        let p: Vec<_> = l.split('\t').collect();
        rel.entry(p[0].into()).or_default().insert(p[1].into(), p[2].parse().unwrap());
    }
    let queries: Vec<serde_json::Value> = std::fs::read_to_string(format!("{dir}/queries.jsonl")).unwrap().lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    for mode in ["documents", "passages"] {
        let mut sum = 0.0;
        for q in &queries {
            let r = &rel[q["id"].as_str().unwrap()];
            let text = q["text"].as_str().unwrap();
            let hits = if mode == "documents" { kb.search_documents(text, 10).unwrap() } else {
                let mut seen = HashSet::new();
                kb.search(text, 40).unwrap().into_iter().filter(|h| seen.insert(h.doc.clone())).take(10).collect()
            };
            let g = |v: i32| (2f64.powi(v) - 1.0);
            let dcg: f64 = hits.iter().enumerate().map(|(i, h)| g(*r.get(&h.doc).unwrap_or(&0)) / (i as f64 + 2.0).log2()).sum();
            let mut ideal: Vec<i32> = r.values().copied().collect();
            ideal.sort_by(|a, b| b.cmp(a));
            let idcg: f64 = ideal.iter().take(10).enumerate().map(|(i, v)| g(*v) / (i as f64 + 2.0).log2()).sum();
            sum += dcg / idcg;
        }
        println!("nDCG@10 {mode}: {:.4}", sum / queries.len() as f64);
    }
    // 40 articles
    let dir40 = "examples/company/kb";
    let mut arts = Vec::new();
    if let Ok(d) = std::fs::read_dir(dir40) { for e in d { let p = e.unwrap().path(); arts.push(Document { id: p.file_stem().unwrap().to_str().unwrap().into(), title: String::new(), text: std::fs::read_to_string(&p).unwrap() }); } }
    for _ in 0..3 { let t = Instant::now(); let k = Kb::in_memory(arts.clone()).unwrap(); println!("{} articles in memory: {:?}, passages {}", arts.len(), t.elapsed(), k.list().unwrap().iter().map(|l| l.passages).sum::<usize>()); }
    // 50k passages on disk: each doc several times with other ids
    let tmp = tempfile::tempdir().unwrap();
    let mut lines = String::new();
    let per: usize = kb.list().unwrap().iter().map(|l| l.passages).sum();
    let copies = 50_000 / per + 1;
    for c in 0..copies { for d in &docs { lines.push_str(&serde_json::json!({"id": format!("{}-{c}", d.id), "title": d.title, "text": format!("{} variant{} {}", d.text, c, d.id)}).to_string()); lines.push('\n'); } }
    let file = tmp.path().join("big.jsonl"); std::fs::write(&file, lines).unwrap();
    let store = tmp.path().join("kb");
    let big = Kb::open(&store).unwrap();
    let t = Instant::now();
    let r = big.add(&[file.clone()], &mut |_| {}).unwrap();
    println!("added {} in {:?}", r.added, t.elapsed());
    let t = Instant::now(); let r = big.add(&[file], &mut |_| {}).unwrap(); println!("again: unchanged {} in {:?}", r.unchanged, t.elapsed());
    for _ in 0..3 { let t = Instant::now(); let k = Kb::open(&store).unwrap(); println!("open {:?}", t.elapsed()); let t = Instant::now(); k.search("boundary layer", 5).unwrap(); println!("first search {:?}", t.elapsed()); }
    for mode in ["passages", "documents"] {
        let mut times = Vec::new();
        for q in &queries { let t = Instant::now(); let text = q["text"].as_str().unwrap(); if mode == "passages" { big.search(text, 5).unwrap(); } else { big.search_documents(text, 10).unwrap(); } times.push(t.elapsed()); }
        times.sort();
        println!("{mode}: p50 {:?} p95 {:?}, {} passages", times[times.len() / 2], times[times.len() * 95 / 100], big.list().unwrap().iter().map(|l| l.passages).sum::<usize>());
    }
}
