use super::*;
use crate::PatternPii;
use proptest::prelude::*;

mod spellings;

fn known(values: &[(PiiKind, &str)]) -> Vec<KnownValue> {
    values.iter().map(|(kind, value)| KnownValue { kind: *kind, value: (*value).to_owned() }).collect()
}

fn dana() -> Pseudonyms {
    Pseudonyms::new(&known(&[
        (PiiKind::Person, "Dana Whitfield"),
        (PiiKind::Person, "Dana"),
        (PiiKind::Person, "Whitfield"),
        (PiiKind::Email, "dana@northwind.example"),
        (PiiKind::Phone, "+1 415 555 2671"),
        (PiiKind::Organization, "Northwind"),
    ]))
}

/// Hides, and checks that restoring gives the text back.
fn hide(pseudonyms: &mut Pseudonyms, text: &str) -> String {
    let hidden = pseudonyms.hide(text, &PatternPii);
    assert_eq!(pseudonyms.restore(&hidden).as_deref(), Ok(text), "{hidden:?}");
    hidden
}

#[test]
fn known_values_become_placeholders() {
    for (text, hidden) in [
        ("Dana Whitfield", "<person_1>"),
        ("Dana", "<person_1.first>"),
        ("Ms. Whitfield's order", "Ms. <person_1.last>'s order"),
        ("Danab Whitfields Dana", "Danab Whitfields <person_1.first>"),
        ("dana@northwind.example", "<email_1>"),
        ("I work at Northwind, dana", "I work at <organization_1>, <person_1.first.2>"),
        ("(415) 555-2671 or 4155552671", "<phone_1.2> or <phone_1.3>"),
        ("+1 415 555 2671", "<phone_1>"),
        ("00 1 415-555-2671", "<phone_1.2>"),
        (r#"{"a":"Hi\nDana"}"#, r#"{"a":"Hi\n<person_1.first>"}"#),
        ("nothing here", "nothing here"),
        ("", ""),
    ] {
        assert_eq!(hide(&mut dana(), text), hidden, "{text:?}");
    }
}

#[test]
fn spellings_are_kept_apart_and_values_together() {
    let mut run = dana();
    assert_eq!(hide(&mut run, "DANA WHITFIELD, Dana Whitfield"), "<person_1.2>, <person_1>");
    assert_eq!(hide(&mut run, "DANA WHITFIELD"), "<person_1.2>");
    assert_eq!(hide(&mut run, "bob@x.example Bob@x.example bob@x.example"), "<email_2> <email_2.2> <email_2>");
    assert_eq!(hide(&mut run, "eve@x.example"), "<email_3>");
}

#[test]
fn identifiers_are_detected() {
    let mut run = Pseudonyms::new(&[]);
    assert_eq!(
        hide(
            &mut run,
            "4111 1111 1111 1111, DE89370400440532013000, 460-89-9847, sk-abcDEF1234567890abcd, +49 171 2345678"
        ),
        "<credit_card_1>, <iban_1>, <national_id_1>, <secret_1>, <phone_1>"
    );
    assert_eq!(hide(&mut run, "4111111111111111"), "<credit_card_1.2>");
    assert_eq!(
        hide(&mut run, "https://x.example/?mail=eve@x.example&d=2024-01-01"),
        "https://x.example/?mail=<email_1>&d=2024-01-01"
    );
}

#[test]
fn people_never_share_a_placeholder() {
    let mut run = Pseudonyms::new(&known(&[
        (PiiKind::Person, "Dana Whitfield"),
        (PiiKind::Person, "Dana"),
        (PiiKind::Person, "Dana Scully"),
        (PiiKind::Person, "Will May"),
    ]));
    assert_eq!(
        hide(&mut run, "Dana Whitfield, Dana Scully, Dana, Whitfield, Scully"),
        "<person_1>, <person_2>, <person_4>, <person_1.last>, <person_2.last>"
    );
    assert_eq!(hide(&mut run, "Will will, he may, May"), "<person_3.first> will, he may, <person_3.last>");
}

#[test]
fn text_that_looks_like_a_placeholder_survives() {
    let mut run = dana();
    assert_eq!(hide(&mut run, "I am <person_1> Dana"), "I am <literal_1> <person_1.first>");
    assert_eq!(
        hide(&mut run, "<literal_1> <PERSON_1.first> <person_> <dana_1>"),
        "<literal_2> <literal_3> <person_> <<person_1.first.2>_1>"
    );
    assert_eq!(hide(&mut run, "<person_Dana>"), "<person_<person_1.first>>");
    assert_eq!(hide(&mut run, "<phone_4155552671>"), "<literal_4>");
}

#[test]
fn an_invented_placeholder_is_named() {
    let mut run = dana();
    let invented = |placeholder: &str| {
        Err(InventedPlaceholder { placeholder: placeholder.to_owned(), restored: format!("Hi {placeholder}") })
    };
    assert_eq!(run.restore("Hi <person_1>"), invented("<person_1>"));
    assert_eq!(run.hide("Dana Whitfield", &PatternPii), "<person_1>");
    assert_eq!(run.restore("Hi <person_1>, <PERSON_1>"), Ok("Hi Dana Whitfield, Dana Whitfield".to_owned()));
    assert_eq!(run.restore("Hi <person_1.first>"), Ok("Hi Dana".to_owned()));
    for token in ["<person_2>", "<email_1>", "<person_1.first.2>", "<person_1.middle>", "<person_01>"] {
        assert_eq!(run.restore(&format!("Hi {token}")), invented(token));
    }
    assert_eq!(run.restore("1 <2> <b> <customer_1> < person_1>").as_deref(), Ok("1 <2> <b> <customer_1> < person_1>"));
    let two = run.restore("<email_9> wrote to <person_1.first> and <email_8>").unwrap_err();
    assert_eq!(two.to_string(), "`<email_9>` is not a placeholder of this run");
    assert_eq!(two.restored, "<email_9> wrote to Dana and <email_8>");
}

#[test]
fn places_that_overlap_in_part_become_one() {
    struct Two;
    impl PiiDetector for Two {
        fn candidates(&self, _: &str) -> Vec<crate::PiiSpan> {
            let span = |kind, start, end| crate::PiiSpan { kind, start, end, score: 1.0 };
            vec![
                span(PiiKind::Address, 3, 10),
                span(PiiKind::Person, 0, 5),
                span(PiiKind::Phone, 70, 90),
                span(PiiKind::Phone, 5, 4),
            ]
        }
    }
    let mut run = Pseudonyms::new(&[]);
    assert_eq!(run.hide("äbcdefghijk", &Two), "<address_1>k");
    assert_eq!(run.restore("<address_1>k").as_deref(), Ok("äbcdefghijk"));
}

#[test]
fn words_that_are_names_are_in_order() {
    assert!(names::PLAIN.is_sorted());
}

#[test]
fn names_match_in_the_case_of_any_alphabet() {
    let mut run = Pseudonyms::new(&known(&[(PiiKind::Person, "Jürgen Groß")]));
    assert_eq!(hide(&mut run, "JÜRGEN, jürgen, Jürgen Groß"), "<person_1.first.2>, <person_1.first.3>, <person_1>");
}

#[test]
fn a_mebibyte_takes_no_longer_than_its_length() {
    for text in ["a", "<", "<person_", "<person_1>", "1", "dana ", "DaNA ", "4155552671 ", "1-", "aaaaa "] {
        let long = crate::tests::long(text);
        let mut run = Pseudonyms::new(&known(&[
            (PiiKind::Person, "aaaa dana"),
            (PiiKind::Phone, "+14155552671"),
            (PiiKind::Email, "aaaaaaaa"),
        ]));
        let hidden = run.hide(&long, &PatternPii);
        assert_eq!(run.restore(&hidden), Ok(long));
    }
}

/// A text in which the values stand, whole, torn, in other case, and beside
/// things that look like placeholders.
fn text(values: Vec<String>) -> impl Strategy<Value = String> {
    let value = proptest::sample::select(values);
    let part = prop_oneof![
        "\\PC{0,8}",
        value.clone(),
        value.clone().prop_map(|value| value.to_uppercase()),
        value.prop_map(|value| value.chars().skip(1).collect()),
        "<(person|email|literal|phone)_[0-9]{0,2}(\\.(first|last|2)){0,2}>?",
        "[0-9+() .-]{0,16}",
        "[a-c]{1,2}@[a-c]\\.example",
        Just("4111 1111 1111 1111".to_owned()),
        "[ <>\\\\\"n_1.]{0,3}",
    ];
    proptest::collection::vec(part, 0..16).prop_map(|parts| parts.concat())
}

fn values() -> impl Strategy<Value = Vec<(PiiKind, String)>> {
    let kind = proptest::sample::select(PiiKind::ALL.to_vec());
    let value = prop_oneof![
        "[A-Za-zé]{1,6}( [A-Za-zé]{1,6}){0,2}",
        "\\PC{1,8}",
        "\\+?[0-9 ]{7,14}",
        "<person_1>",
        "[a-c]@[a-c]\\.example"
    ];
    proptest::collection::vec((kind, value), 1..8)
}

proptest! {
    #[test]
    fn fuzz_the_round_trip_is_exact(
        (known, texts) in values().prop_flat_map(|known| {
            let names = known.iter().map(|(_, value)| value.clone()).collect();
            (Just(known), proptest::collection::vec(text(names), 1..4))
        })
    ) {
        let known: Vec<_> = known.into_iter().map(|(kind, value)| KnownValue { kind, value }).collect();
        let (mut run, mut twin) = (Pseudonyms::new(&known), Pseudonyms::new(&known));
        let hidden: Vec<_> = texts.iter().map(|text| run.hide(text, &PatternPii)).collect();
        for (text, hidden) in texts.iter().zip(&hidden) {
            // After everything that came later as well.
            prop_assert_eq!(run.restore(hidden), Ok(text.clone()));
            prop_assert_eq!(&twin.hide(text, &PatternPii), hidden);
        }
    }

    #[test]
    fn placeholders_never_merge(known in values(), emails in proptest::collection::vec("[a-c]{1,2}@[a-c]\\.example", 0..8)) {
        let known: Vec<_> = known.into_iter().map(|(kind, value)| KnownValue { kind, value }).collect();
        let mut run = Pseudonyms::new(&known);
        for email in &emails {
            run.hide(email, &PatternPii);
        }
        let mut spellings = BTreeMap::new();
        for (placeholder, form) in &run.forms {
            let of = run.entities.get(form.entity).map(|entity| (entity.kind, entity.number));
            prop_assert!(spellings.insert(placeholder.clone(), (of, form.spelling.clone())).is_none());
        }
        let mut numbers: Vec<_> = run.entities.iter().map(|entity| (entity.kind, entity.number)).collect();
        let count = numbers.len();
        numbers.sort();
        numbers.dedup();
        prop_assert_eq!(numbers.len(), count);
        prop_assert_eq!(run.by_value.len(), count);
    }

    #[test]
    fn a_value_is_found_wherever_reading_the_whole_text_finds_it(
        values in proptest::collection::vec("[abß]{1,3}( [ab]{1,6})?", 1..4),
        text in "([abABáß]{0,4}[ \\-.\u{200b}\u{301}]?|\\\\[nub]0?){0,12}",
    ) {
        let known = known(&values.iter().map(|value| (PiiKind::Username, value.as_str())).collect::<Vec<_>>());
        let pseudonyms = Pseudonyms::new(&known);
        let places = |find: fn(&Pseudonyms, &str, &mut Vec<Place>)| {
            let mut places = Vec::new();
            find(&pseudonyms, &text, &mut places);
            places.iter().map(|place| (place.start, place.end)).collect::<Vec<_>>()
        };
        prop_assert_eq!(places(Pseudonyms::known_values), places(Pseudonyms::read_known));
    }

    #[test]
    fn restoring_any_text_ends(text in "[<>a-z_0-9.]{0,40}|\\PC*") {
        let _ = dana().restore(&text);
    }
}
