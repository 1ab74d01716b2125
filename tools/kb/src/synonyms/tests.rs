use super::*;
use crate::{Document, Kb, WEIGHTS};
use attache_tools::Ask;

fn kb(texts: &[(&str, &str)]) -> Kb {
    let documents =
        texts.iter().map(|(id, text)| Document { id: (*id).into(), text: (*text).into(), ..Document::default() });
    Kb::in_memory(documents).unwrap()
}

fn found(kb: &Kb, query: &str) -> Vec<String> {
    kb.search(&Ask::new(query, 5)).unwrap().into_iter().map(|hit| hit.doc).collect()
}

#[test]
fn a_word_that_no_article_has_finds_its_like() {
    let kb = kb(&[("refunds", "# Refunds\n\nA refund takes 14 days.\n"), ("export", "# Export\n\nA ZIP file.\n")]);
    assert_eq!(found(&kb, "Will you reimburse me?"), ["refunds"]);
    let place = WEIGHTS.iter().position(|(name, _)| *name == "said").unwrap();
    let said = |query: &str| kb.signs(&Ask::new(query, 1)).unwrap()[0].1.unwrap().values[place];
    let (alike, other) = (said("Will you reimburse me?"), said("Will you reupholster me a refund?"));
    assert!(alike > other, "what means the same holds what is asked: {alike} {other}");
    assert!(found(&kb, "Will you reupholster me?").is_empty());
}

#[test]
fn a_word_that_articles_have_is_not_widened() {
    let both = kb(&[
        ("cancel", "# Cancel\n\nYou can cancel at any time.\n"),
        ("terminate", "# Terminate\n\nWe terminate unused links.\n"),
    ]);
    let score = |kb: &Kb| {
        let place = WEIGHTS.iter().position(|(name, _)| *name == "best_score").unwrap();
        let seen = kb.signs(&Ask::new("How do I cancel?", 5)).unwrap();
        seen.iter().find(|(hit, _)| hit.doc == "terminate").unwrap().1.unwrap().values[place]
    };
    assert_eq!(score(&both), 0.0, "found by what it is about alone");
    // A company's own list is meant as it stands.
    let own = both.synonyms(Synonyms::parse("cancel, terminate # the same here\nlonely\n"));
    assert!(score(&own) > 0.0);
    assert_eq!(found(&own, "How do I cancel?"), ["cancel", "terminate"]);
}

#[test]
fn phrases_stand_for_words() {
    let kb = kb(&[("tqm", "# TQM\n\nTQM works with every provider.\n"), ("other", "# Other\n\nNothing here.\n")]);
    assert!(found(&kb, "ten quick moves").is_empty());
    let kb = kb.synonyms(Synonyms::parse("TQM, ten quick moves"));
    assert_eq!(found(&kb, "How does ten quick moves work?"), ["tqm"]);
}
