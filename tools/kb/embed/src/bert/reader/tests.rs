use super::*;

#[test]
fn a_message_is_read_at_its_end_and_a_passage_at_its_beginning() {
    let long = format!("é{}ü", "x".repeat(CHARACTERS));
    assert_eq!(last_chars(&long).chars().count(), CHARACTERS);
    assert!(last_chars(&long).ends_with('ü'));
    assert_eq!(first_chars(&long).chars().count(), CHARACTERS);
    assert!(first_chars(&long).starts_with('é'));
    for short in ["", "é", "why?"] {
        assert_eq!((first_chars(short), last_chars(short)), (short, short));
    }
}

#[test]
fn what_was_trained_is_whole() {
    let trained = Trained::read().unwrap();
    assert_eq!(trained.get("sides").unwrap().dims(), [2, 384]);
    assert_eq!(trained.linear("odds").unwrap().weight().dims(), [1, 64]);
    for n in APART..6 {
        assert_eq!(trained.get(&format!("{n}.outer.down")).unwrap().dims(), [16, 1536]);
    }
    assert!(trained.get("6.outer.down").is_err());
}
