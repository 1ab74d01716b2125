use super::*;
use crate::tokens::{of_passage, of_question};

const REFUNDS: (&str, &str) = ("Refunds > How long it takes", "We pay back within 14 days, to the card you paid with.");

fn read(asked: &str, (title, said): (&str, &str)) -> f32 {
    let asked = question(of_question(asked).unwrap()).unwrap();
    odds(&asked, &passage(of_passage(title, "", said).unwrap()).unwrap()).unwrap()
}

/// The numbers that `training/skim.py` has for these with the same weights.
#[test]
fn it_reads_as_it_was_trained() {
    for (asked, said, expected) in [
        ("How do I get my money back?", REFUNDS, -1.2591),
        ("Can I bring my dog?", REFUNDS, -11.6039),
        ("How long does a refund take?", REFUNDS, 1.3746),
        ("Who signs off a refund above €500?", REFUNDS, -7.0328),
        ("Désolé — is the café open?", ("Opening hours", "The café is open from 8 to 18."), 3.4552),
    ] {
        let odds = read(asked, said);
        assert!((odds - expected).abs() < 0.01, "{asked}: {odds}");
    }
}

#[test]
fn what_customers_ask_is_read_with_the_passage() {
    let odds = |asked: &str| {
        let passage = passage(of_passage(REFUNDS.0, asked, REFUNDS.1).unwrap()).unwrap();
        let question = question(of_question("my cash is still not on my account").unwrap()).unwrap();
        odds(&question, &passage).unwrap()
    };
    let (without, with) = (odds(""), odds("why is my cash not on my account yet?"));
    assert!(with > without, "{with} {without}");
}
