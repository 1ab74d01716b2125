use super::*;
use proptest::prelude::*;
use serde_json::{Value, json};

#[test]
fn the_text_is_kept_as_it_came() {
    for text in
        [r#"{ "b": 1, "a": 1.0 }"#, "1e2", "-0", "[ ]", r#""\u0041\/""#, r#"{"a":1,"a":2}"#, "123456789012345678901"]
    {
        let json = Json::parse(text).unwrap();
        assert_eq!(json.as_str(), text);
        assert_eq!(serde_json::to_string(&json).unwrap(), text);
        assert_eq!(serde_json::from_str::<Json>(text).unwrap(), json);
    }
}

#[test]
fn white_space_around_is_no_part_of_it() {
    assert_eq!(Json::parse(" \n{} \t").unwrap().as_str(), "{}");
}

#[test]
fn a_line_break_between_parts_becomes_a_space() {
    let text = "{\n  \"a\": \"x\\ny\",\r\n  \"b\": []\n}";
    let one_line = r#"{   "a": "x\ny",    "b": [] }"#;
    assert_eq!(Json::parse(text).unwrap().as_str(), one_line);
    assert_eq!(serde_json::from_str::<Json>(text).unwrap().as_str(), one_line);
    let inner: Box<RawValue> = serde_json::from_str(text).unwrap();
    assert_eq!(Json::of(&[inner]).unwrap().as_str(), format!("[{one_line}]"));
    assert_eq!(Json::parse(text).unwrap().to_value(), json!({ "a": "x\ny", "b": [] }));
}

#[test]
fn what_is_not_one_json_value_is_refused() {
    for text in ["", " ", "{", "{}{}", "nul", "'a'", "NaN", "01", "[1,]", "\"a\nb\"", "\u{feff}{}"] {
        assert!(Json::parse(text).is_err(), "{text:?}");
    }
}

#[test]
fn what_json_cannot_say_is_refused() {
    let keys = std::collections::BTreeMap::from([((1, 2), "a")]);
    assert!(Json::of(&keys).is_err());
    assert_eq!(Json::of(&f64::NAN).unwrap(), Json::null());
}

#[test]
fn equal_is_equal_text() {
    let json = |text: &str| Json::parse(text).unwrap();
    assert_eq!(json("{}"), json("{}"));
    assert_ne!(json("{}"), json("{ }"));
    assert_ne!(json("1"), json("1.0"));
    assert_eq!(Json::null(), json("null"));
}

#[test]
fn what_no_tree_can_hold_is_carried_and_reads_as_null() {
    let deep = format!("{}1{}", "[".repeat(10_000), "]".repeat(10_000));
    for text in [deep.as_str(), "1e400", r#""\ud800""#] {
        let json = Json::parse(text).unwrap();
        assert_eq!(json.as_str(), text);
        assert_eq!(json.to_value(), Value::Null);
        assert_eq!(serde_json::from_str::<Json>(&serde_json::to_string(&json).unwrap()).unwrap(), json);
    }
}

proptest! {
    #[test]
    fn any_text_is_refused_or_one_line_with_the_same_value(text in "[\\[\\]1,\\n\\r ]{1,6}") {
        if let Ok(json) = Json::parse(text.as_str()) {
            prop_assert!(!json.as_str().contains(['\n', '\r']));
            prop_assert_eq!(json.to_value(), serde_json::from_str::<Value>(&text).unwrap_or_default());
        }
    }
}
