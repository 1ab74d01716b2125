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
