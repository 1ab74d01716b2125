use super::*;

const REFUNDS: (&str, &str) = ("Refunds > How long it takes", "We pay back within 14 days, to the card you paid with.");

fn read(asked: &str, (title, said): (&str, &str)) -> f32 {
    odds(&question(asked).unwrap(), &passage(title, "", said).unwrap()).unwrap()
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
fn what_has_no_words_is_not_read() {
    assert!(question("").is_none());
    assert!(question(" \n\t").is_none());
    assert!(passage("", "", "").is_some(), "the colon alone");
}

#[test]
fn what_is_not_english_is_not_read() {
    for (title, said) in [
        ("Erstattungen", "Wir zahlen innerhalb von 14 Tagen auf die Karte zurück, mit der Sie bezahlt haben."),
        ("Remboursements", "Nous remboursons sous 14 jours sur la carte utilisée pour le paiement."),
        ("Reembolsos", "Devolvemos el dinero en un plazo de 14 días a la tarjeta con la que pagó."),
        ("Возврат", "Мы вернём деньги в течение 14 дней."),
        ("返金", "14日以内に返金いたします。"),
    ] {
        assert!(passage(title, "", said).is_none(), "{title}");
    }
    assert!(question("Wie lange dauert es, bis ich mein Geld zurückbekomme?").is_none());
    assert!(passage(REFUNDS.0, "", REFUNDS.1).is_some());
    let ticks = "| | Small | Large |\n|---|---|---|\n| Export | ✅ | ✅ |\n| Zapier | ❌ | ✅ |\n| Sign-on | ❌ | ⚠ |";
    assert!(passage("Plans", "", ticks).is_some());
    let call = r#"{"id": "3f9a77c01be24d", "next": "x9k2-77fa", "state": "done"} is what a call gives back."#;
    assert!(passage("API", "", call).is_some());
    assert!(
        passage("API > Limits", "", "| plan | calls |\n|---|---|\n| HX-2041 | 600/min |\n| Qzv-77b | 60/min |")
            .is_some()
    );
}

#[test]
fn what_customers_ask_is_read_with_the_passage_and_leaves_room_for_it() {
    let odds = |asked: &str| {
        let passage = passage(REFUNDS.0, asked, REFUNDS.1).unwrap();
        (odds(&question("my cash is still not on my account").unwrap(), &passage).unwrap(), passage.ids.len())
    };
    let ((without, _), (with, _)) = (odds(""), odds("why is my cash not on my account yet?"));
    assert!(with > without, "{with} {without}");
    let (_, long) = odds(&"and another thing that nobody has ever asked for? ".repeat(100));
    let said = SKIM.as_ref().unwrap().ids(REFUNDS.1).unwrap().len();
    assert_eq!(long, OF_ASKED + said);
}

#[test]
fn the_end_of_a_question_is_read_and_the_beginning_of_a_passage() {
    let asked = "How long does a refund take?";
    let long = format!("{}{asked}", "We wrote to you last week about the press. ".repeat(5_000));
    assert_eq!(read(&long, REFUNDS), read(long.get(long.len() - 1_400..).unwrap(), REFUNDS));
    let said = format!("{} {}", REFUNDS.1, "Nothing else is said here at all. ".repeat(5_000));
    assert_eq!(read(asked, (REFUNDS.0, &said)), read(asked, (REFUNDS.0, said.get(..1_450).unwrap())));
}
