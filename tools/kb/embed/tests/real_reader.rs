//! The reader over the real sentence model.
//!
//! `cargo xtask` fetches the model and sets `ATTACHE_REAL_SENTENCE_MODEL`; without it these
//! tests do nothing and say so.
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "helpers of tests stand outside of tests here")]

use attache_embed::Bert;
use attache_kb::{Document, Embedder, Kb};
use attache_tools::Ask;
use std::path::Path;
use std::sync::Arc;

fn model() -> Option<Bert> {
    let Some(folder) = std::env::var_os("ATTACHE_REAL_SENTENCE_MODEL") else {
        println!("skipped: ATTACHE_REAL_SENTENCE_MODEL is not set; `cargo xtask` can fetch the model");
        return None;
    };
    Some(Bert::open(Path::new(&folder)).unwrap())
}

const QUESTION: &str = "how long will it be until the money is back on my card?";
const PASSAGES: [&str; 3] = [
    "Refunds > When you get it: The money reaches the card that you paid with within 14 days.",
    "Refunds > Who gets one: Whoever returns an unused item within 30 days gets a refund to the card that they paid with.",
    "Parcels > Lockers: A parcel waits in its locker for three days.",
];

#[test]
fn reads_as_it_did_in_training() {
    let Some(bert) = model() else { return };
    let odds = bert.read(QUESTION, &PASSAGES).unwrap().unwrap();
    // By `training/reader.py` with these weights.
    for (found, expected) in odds.iter().zip([1.622, -0.839, -5.004]) {
        assert!((found - expected).abs() < 0.05, "{odds:?}");
    }
    assert_eq!(bert.read(QUESTION, &PASSAGES).unwrap().unwrap(), odds, "a passage that was kept is the same");
    for (passage, odds) in PASSAGES.iter().zip(odds) {
        let alone = bert.read(QUESTION, &[passage]).unwrap().unwrap();
        assert!((alone.first().unwrap() - odds).abs() < 1e-3, "padding tells nothing: {alone:?}, {odds}");
    }
    assert_eq!(bert.read(QUESTION, &[]).unwrap(), Some(Vec::new()));
    let long = "What else is there to say? ".repeat(10_000);
    let odd = bert.read(&long, &["", &long, "\u{202e}\0💶"]).unwrap().unwrap();
    assert!(odd.iter().all(|odds| odds.is_finite()), "{odd:?}");
    assert!(bert.read("", &["text"]).unwrap().unwrap().iter().all(|odds| odds.is_finite()));
}

#[test]
fn an_answer_is_told_from_a_near_miss() {
    let Some(bert) = model() else { return };
    let text = "# Refunds\n\nThe money reaches the card that you paid with within 14 days.\n";
    let refunds = Document { id: "refunds".into(), text: text.into(), ..Document::default() };
    let kb = Kb::in_memory([refunds]).unwrap().embedder(Arc::new(bert));
    kb.embed(&mut |_, _| {}).unwrap();
    let fit = |question: &str| kb.search(&Ask::new(question, 1)).unwrap().first().unwrap().fit.unwrap();
    let (answered, missed) = (fit(QUESTION), fit("can the money reach another card than the one I paid with?"));
    assert!(answered > missed, "{answered} {missed}");
}
