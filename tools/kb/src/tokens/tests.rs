use super::*;

const REFUNDS: (&str, &str) = ("Refunds > How long it takes", "We pay back within 14 days, to the card you paid with.");

#[test]
fn words_are_tokens_and_others_fall_to_pieces() {
    let tokens = TOKENS.as_ref().unwrap();
    let words = |text: &str| tokens.ids(text).unwrap().iter().map(|id| tokens.all[*id as usize]).collect::<Vec<_>>();
    assert_eq!(words("Résumé, please!"), ["resume", ",", "please", "!"]);
    assert_eq!(words("Brightwaters"), ["bright", "##water", "##s"]);
}

#[test]
fn word_by_word_they_are_the_same() {
    let tokens = TOKENS.as_ref().unwrap();
    for text in [
        "Résumé — the café's  \u{a0} two\n\tthird; e-mail me@example.com, 3,000 €/month (or £2.50)!",
        "a\u{200b}b c\u{0}d \u{85}e 日本 語 naïve ﬁne İstanbul",
        "",
        " \n\t",
        &format!("{} end", "long".repeat(60)),
    ] {
        let whole = tokens.ids(text).unwrap();
        // Once as they are met, and once as they are known.
        assert_eq!(tokens.ids_by_word(text).unwrap(), whole, "{text}");
        assert_eq!(tokens.ids_by_word(text).unwrap(), whole, "{text}");
    }
}

#[test]
fn what_has_no_words_has_none() {
    assert!(of_question("").is_none());
    assert!(of_question(" \n\t").is_none());
    assert!(of_passage("", "", "").is_none());
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
        assert!(of_passage(title, "", said).is_none(), "{title}");
    }
    assert!(of_question("Wie lange dauert es, bis ich mein Geld zurückbekomme?").is_none());
    assert!(of_passage(REFUNDS.0, "", REFUNDS.1).is_some());
    let ticks = "| | Small | Large |\n|---|---|---|\n| Export | ✅ | ✅ |\n| Zapier | ❌ | ✅ |\n| Sign-on | ❌ | ⚠ |";
    assert!(of_passage("Plans", "", ticks).is_some());
    let call = r#"{"id": "3f9a77c01be24d", "next": "x9k2-77fa", "state": "done"} is what a call gives back."#;
    assert!(of_passage("API", "", call).is_some());
    assert!(
        of_passage("API > Limits", "", "| plan | calls |\n|---|---|\n| HX-2041 | 600/min |\n| Qzv-77b | 60/min |")
            .is_some()
    );
}

#[test]
fn what_customers_ask_leaves_room_for_the_passage() {
    let long = "and another thing that nobody has ever asked for? ".repeat(100);
    let said = TOKENS.as_ref().unwrap().ids(REFUNDS.1).unwrap();
    let all = of_passage(REFUNDS.0, &long, REFUNDS.1).unwrap();
    assert_eq!(all.len(), OF_ASKED + said.len());
    assert!(all.ends_with(&said));
}

#[test]
fn the_end_of_a_question_is_read_and_the_beginning_of_a_passage() {
    let asked = "How long does a refund take?";
    let long = format!("{}{asked}", "We wrote to you last week about the press. ".repeat(5_000));
    let ids = of_question(&long).unwrap();
    assert_eq!(ids.len(), OF_QUESTION);
    assert!(ids.ends_with(&of_question(asked).unwrap()));
    let said = format!("{} {}", REFUNDS.1, "Nothing else is said here at all. ".repeat(5_000));
    let ids = of_passage(REFUNDS.0, "", &said).unwrap();
    assert_eq!(ids.len(), OF_PASSAGE);
    assert!(ids.starts_with(&of_passage(REFUNDS.0, "", REFUNDS.1).unwrap()));
}
