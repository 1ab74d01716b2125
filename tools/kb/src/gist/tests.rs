use super::*;

/// How like a passage is to a question, by what the index would keep of it.
fn like(asked: &str, title: &str, text: &str) -> f32 {
    let Direction(asked) = of_question(&tokens::of_question(asked).unwrap()).unwrap();
    let vector = unpacked(&of_passage(title, text)).next().unwrap();
    let square: f32 = vector.iter().map(|number| f32::from(*number) * f32::from(*number)).sum();
    whole_product(&asked, &vector) / (ONE * square.sqrt())
}

/// The numbers that `training/gist.py` has for these with the same weights.
#[test]
fn it_finds_as_it_was_trained() {
    let refunds = ("Refunds > How long it takes", "We pay back within 14 days, to the card you paid with.");
    for (asked, (title, text), expected) in [
        ("How do I get my money back?", refunds, 0.6953),
        ("Can I bring my dog?", refunds, -0.0989),
        ("Désolé — is the café open?", ("Opening hours", "The café is open from 8 to 18."), 0.2875),
    ] {
        let found = like(asked, title, text);
        assert!((found - expected).abs() < 0.01, "{asked}: {found}");
    }
}

#[test]
fn what_says_the_same_in_other_words_is_nearer() {
    let bring = like("am I allowed to bring a puppy?", "Animals", "Dogs may come in if they are on a lead.");
    let other = like("am I allowed to bring a puppy?", "Parking", "Cars may stay for three hours.");
    assert!(bring > other + 0.1, "{bring} {other}");
}

#[test]
fn what_is_not_english_has_no_direction() {
    assert!(
        of_passage(
            "Erstattungen",
            "Wir zahlen innerhalb von 14 Tagen auf die Karte zurück, mit der Sie bezahlt haben."
        )
        .is_empty()
    );
    assert!(of_asked("").is_empty());
    assert_eq!(of_asked("where is my money?").len(), SIZE / IN_ONE);
}

#[test]
fn questions_about_the_same_are_alike_and_others_are_not() {
    let ask = |texts: &[&str]| of_questions(&texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>());
    let all =
        ask(&["can my dog stay in the room?", "am I allowed to bring a puppy?", "how do I pay by bank transfer?"]);
    let [dog, puppy, pay] = <[Vec<f32>; 3]>::try_from(all).unwrap();
    let dot = |one: &[f32], other: &[f32]| one.iter().zip(other).map(|(one, other)| one * other).sum::<f32>();
    assert!(dot(&dog, &puppy) > dot(&dog, &pay) + 0.3, "{} {}", dot(&dog, &puppy), dot(&dog, &pay));
    let german = "Darf ich meinen Hund mit aufs Zimmer nehmen oder ist das nicht gestattet?";
    let all = ask(&["can my dog stay in the room?", german]);
    assert!(all.last().unwrap().iter().all(|number| *number == 0.0));
}
