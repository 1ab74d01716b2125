//! What several tests share, and the shipped bundles.

use crate::{known_values, scan, wants_human};
use attache_context::Bundle;
use attache_journal::{Emotion, SentimentLabel};

/// A mebibyte of one character; less of anything longer, for the sake of time.
pub(crate) fn long(text: &str) -> String {
    let size = if text.chars().count() == 1 { 1 << 20 } else { 1 << 17 };
    text.repeat(size / text.len())
}

fn bundle(name: &str) -> Bundle {
    let path = format!("{}/../../examples/bundles/{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn the_shipped_bundles_sound_as_they_are_named() {
    let angry = scan(bundle("angry-ticket").trigger.message().unwrap()).sentiment;
    assert_eq!(angry.label, SentimentLabel::Negative);
    assert!(matches!(angry.emotion, Emotion::Angry | Emotion::Frustrated), "{angry:?}");
    let confused = scan(bundle("confused-customer").trigger.message().unwrap()).sentiment;
    assert_ne!(confused.label, SentimentLabel::Negative);
    assert_ne!(confused.emotion, Emotion::Angry);
    for (name, human) in
        [("tier1-question", false), ("injection", false), ("unanswerable", false), ("wants-human", true)]
    {
        let bundle = bundle(name);
        let text = bundle.trigger.message().unwrap();
        assert_ne!(scan(text).sentiment.label, SentimentLabel::Negative, "{name}");
        assert_eq!(wants_human(text), human, "{name}");
        assert!(!known_values(&bundle).is_empty(), "{name}");
    }
}

#[test]
fn a_scan_has_the_shape_of_the_contract() {
    let json = serde_json::to_string(&scan("Hi dana@x.example, this is unacceptable!")).unwrap();
    assert!(json.starts_with(r#"{"sentiment":{"label":"negative","score":-0."#), "{json}");
    assert!(
        json.ends_with(r#","emotion":"angry"},"pii":[{"kind":"email","start":3,"end":17,"score":0.99}]}"#),
        "{json}"
    );
}
