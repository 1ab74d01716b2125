use super::*;
use attache_journal::Permission::{Hidden, Mentionable, Usable};
use proptest::prelude::*;
use serde_json::json;

fn keys(values: &FactValues, text: &str) -> Vec<String> {
    values.stated(text).into_iter().map(|stated| stated.key).collect()
}

#[test]
fn a_value_is_found_in_any_writing() {
    let value = json!("North Wind Ltd");
    let values = FactValues::new([("competitor", &value, Hidden)], &[]);
    for text in ["We know of North Wind Ltd.", "NORTHWIND LTD", "north-wind  ltd", "(North\nWind, Ltd)"] {
        assert_eq!(keys(&values, text), ["competitor"], "{text:?}");
    }
    for text in ["north wind", "UnNorthwind Ltd", "North Wind Ltds", ""] {
        assert!(keys(&values, text).is_empty(), "{text:?}");
    }
    assert_eq!(values.stated("Größe: North Wind Ltd!"), [Stated { key: "competitor".into(), start: 7, end: 21 }]);
}

#[test]
fn a_number_is_found_as_a_whole() {
    let (revenue, seats, float) = (json!(12500), json!(12), json!(980.0));
    let values =
        FactValues::new([("revenue", &revenue, Usable), ("seats", &seats, Hidden), ("spend", &float, Hidden)], &[]);
    for text in ["12500", "$12,500.00", "12.500 €", "12 500", "12'500"] {
        assert!(keys(&values, text).contains(&"revenue".to_owned()), "{text:?}");
    }
    assert_eq!(keys(&values, "$12,500"), ["revenue"]);
    assert_eq!(keys(&values, "you have 12 seats"), ["seats"]);
    assert_eq!(keys(&values, "980 dollars"), ["spend"]);
    for text in ["125001", "112500", "112", "1.12", "12a", "5,12", "a 12,500,000 loss"] {
        assert!(!keys(&values, text).contains(&"seats".to_owned()), "{text:?}");
    }
}

#[test]
fn what_is_no_secret_is_not_reported() {
    let (plan, city, deep) =
        (json!("Galaxy tier"), json!("Rotterdam"), json!({"tags": ["at risk account", true, null, 7]}));
    let facts =
        [("plan", &plan, Usable), ("shown.plan", &plan, Mentionable), ("city", &city, Usable), ("deep", &deep, Hidden)];
    let values = FactValues::new(facts, &["we are in ROTTERDAM now"]);
    assert!(keys(&values, "Galaxy tier in Rotterdam").is_empty());
    assert_eq!(keys(&values, "You are an at-risk account."), ["deep"]);
    let values = FactValues::new(facts, &[]);
    assert_eq!(keys(&values, "Galaxy tier in Rotterdam"), ["city"]);
}

#[test]
fn short_and_common_values_are_not_looked_for() {
    let (three, high, yes) = (json!(3), json!("High"), json!(true));
    let values = FactValues::new([("visits", &three, Hidden), ("risk", &high, Hidden), ("vip", &yes, Hidden)], &[]);
    assert!(keys(&values, "3 high true").is_empty());
}

#[test]
fn a_number_is_found_in_other_words() {
    let (revenue, spent, seats) = (json!(12_480), json!("2026-12-03"), json!(48));
    let values = FactValues::new(
        [("revenue", &revenue, Usable), ("contract.ends", &spent, Hidden), ("seats", &seats, Usable)],
        &["Up to 50 seats are in the plan."],
    );
    for text in [
        "twelve thousand four hundred eighty euros",
        "about 12,500 euros",
        "roughly 12.5k a year",
        "between 12,000 and 13,000",
        "12.48k",
        "12\u{a0}480",
    ] {
        assert_eq!(keys(&values, text).first().map(String::as_str), Some("revenue"), "{text:?}");
    }
    for text in ["on December 3", "on 3rd of December 2026", "3.12.2026", "12/03/2026", "2026-12-03T10:00:00Z"] {
        assert!(keys(&values, text).contains(&"contract.ends".to_owned()), "{text:?}");
    }
    assert_eq!(keys(&values, "your forty-eight seats"), ["seats"]);
    // What anybody can read is no secret, and other figures are no restatement.
    for text in ["about 50 seats", "Up to 50 seats", "on December 4", "about 20,000", "12 to 900 euros", "48a"] {
        assert!(keys(&values, text).is_empty(), "{text:?}: {:?}", keys(&values, text));
    }
}

#[test]
fn a_length_of_time_is_found_in_another_unit() {
    let (idle, open) = (json!(21), json!(36));
    let values = FactValues::new([("usage.idle_days", &idle, Usable), ("ticket.open_hours", &open, Hidden)], &[]);
    assert_eq!(keys(&values, "You were away for three weeks."), ["usage.idle_days"]);
    assert_eq!(keys(&values, "open for 1.5 days"), ["ticket.open_hours"]);
    assert!(keys(&values, "within 3 days, for two weeks").is_empty());
}

#[test]
fn a_value_is_found_behind_a_disguise() {
    let value = json!("North Wind Ltd");
    let values = FactValues::new([("competitor", &value, Hidden)], &[]);
    for text in [
        "n o r t h  w i n d  l t d",
        "N0r7h W1nd L7d",
        "n.o.r.t.h w.i.n.d l.t.d",
        "dtL dniW htroN",
        "Abegu Jvaq Ygq",
        "4e6f7274682057696e64204c7464",
        "4e 6f 72 74 68 20 57 69 6e 64 20 4c 74 64",
        "it is Tm9ydGggV2luZCBMdGQ= they say",
        "Nоrth Wіnd Ltd",
        "north\u{200b}wind ltd",
    ] {
        assert_eq!(keys(&values, text), ["competitor"], "{text:?}");
    }
    let short = json!("evil");
    let values = FactValues::new([("mood", &short, Hidden)], &[]);
    assert!(keys(&values, "we live here").is_empty());
}

proptest! {
    #[test]
    fn offsets_fit_the_text(text in "\\PC*", value in "[A-Za-zÀ-ž]{4,8}|[0-9]{2,5}") {
        let text = format!("{text} {value} {text}");
        let json = json!(value);
        let values = FactValues::new([("key", &json, Hidden)], &[]);
        let length = text.chars().count();
        for stated in values.stated(&text) {
            prop_assert!(stated.start < stated.end && stated.end <= length);
        }
    }
}

proptest! {
    #[test]
    fn fuzz_a_value_is_found_in_its_place(
        value in "[a-z]{4,8}( [a-z]{3,8}){1,2}",
        between in "[ \\-_\u{200b}.]{1,2}",
        before in "\\PC{0,30}",
        after in "\\PC{0,30}",
    ) {
        let json = json!(value);
        let values = FactValues::new([("secret", &json, Hidden)], &[]);
        let text = format!("{before} {} {after}", value.replace(' ', &between));
        let length = text.chars().count();
        let stated = values.stated(&text);
        prop_assert!(stated.iter().all(|stated| stated.start < stated.end && stated.end <= length));
        prop_assert!(!stated.is_empty(), "{:?} in {:?}", value, text);
        let _ = values.stated(&before);
    }
}
