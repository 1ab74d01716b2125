use super::*;
use serde_json::json;

fn spec(name: &str, effect: &str, input_schema: Value) -> ActionSpec {
    ActionSpec { name: name.into(), effect: effect.into(), input_schema }
}

#[test]
fn a_closed_schema_becomes_a_record() {
    let schema = json!({
        "type": "object",
        "required": ["amount", "urgent", "tags", "to", "kind", "note", "ratio", "table"],
        "additionalProperties": false,
        "properties": {
            "amount": {"type": "integer"},
            "urgent": {"type": "boolean"},
            "tags": {"type": "array", "items": {"type": "string"}},
            "to": {"$ref": "#/$defs/Target"},
            "kind": {"type": "string", "enum": ["a", "b"]},
            "note": {"type": ["string", "null"]},
            "reason": {"type": "string"},
            "ratio": {"type": "number"},
            "table": {"type": "array", "items": {"type": "array", "items": {"type": "string"}}},
            "choice": {"anyOf": [{"$ref": "#/$defs/Target"}, {"type": "null"}]},
            "either": {"anyOf": [{"type": "string"}, {"type": "integer"}]},
            "odd \"name\"": {"type": "string"},
        },
        "$defs": {"Target": {"type": "object", "required": ["id"], "properties": {
            "id": {"type": "string"}, "next": {"$ref": "#/$defs/Target"},
        }}},
    });
    let text = tools(&[spec("refund", "write", schema)]).unwrap().schema(true);
    let line = text.lines().find(|line| line.starts_with("action \"refund\"")).unwrap();
    for part in [
        "action \"refund\" in [Action::\"write\"]",
        "\"amount\": Long",
        "\"urgent\": Bool",
        "\"tags\": Set<String>",
        "\"to\": { \"id\": String, \"next\"?: { \"id\": String,",
        "\"kind\": String",
        "\"note\"?: String",
        "\"reason\"?: String",
        "\"choice\"?: { \"id\": String",
        "\"odd \\\"name\\\"\"?: String",
        "\"sinks\": Set<Sink>",
    ] {
        assert!(line.contains(part), "{part} in {line}");
    }
    for part in ["ratio", "table", "either"] {
        assert!(!line.contains(part), "{part} in {line}");
    }
    is_valid(&text);
}

/// The text is a schema that Cedar takes.
fn is_valid(text: &str) {
    let (_, warnings) = cedar_policy::Schema::from_cedarschema_str(text).unwrap();
    assert_eq!(warnings.map(|warning| warning.to_string()).collect::<Vec<_>>(), Vec::<String>::new());
}

#[test]
fn every_effect_is_a_group_and_known_tools_are_actions() {
    for inputs in [false, true] {
        let text = tools(&[]).unwrap().schema(inputs);
        is_valid(&text);
        for (name, effect) in KNOWN {
            let line = text.lines().find(|line| line.contains(&format!("in [Action::\"{effect}\"]"))).unwrap();
            assert!(line.contains(&format!("\"{name}\"")), "{name}");
        }
    }
}

#[test]
fn what_a_registry_says_of_a_known_tool_counts() {
    let tools = tools(&[spec(
        "reply",
        "write",
        json!({"type": "object", "required": ["text"], "properties": {"text": {"type": "string"}}}),
    )])
    .unwrap();
    let reply = tools.all().find(|(name, ..)| name == "reply").unwrap();
    let text = Field { name: "text".into(), optional: false, shape: Some(Shape::Text) };
    assert_eq!((reply.1.as_str(), reply.2), ("write", Shape::Record(vec![text])));
}

#[test]
fn odd_tools_that_are_taken_are_tools_to_cedar() {
    // Where no rule has changed, nobody reads the schema: what Cedar does not take must be refused before.
    let input = json!({"type": "object", "required": ["a\"b"], "properties": {
        "a\"b": {"type": "string"}, "in": {"type": "boolean"}, "": {"type": "integer"}, "zwei Wörter\n": {"type": "array", "items": {"type": "string"}},
        "principal": {"type": "object", "properties": {"has": {"type": "string"}, "\u{1f600}": {"type": "number"}}},
    }});
    let names = [
        "in",
        "if",
        "principal",
        "context",
        "Action",
        "über",
        "a-b",
        "a.b",
        "a::b",
        "__cedar",
        "true",
        "x'y",
        "\u{1f600}",
    ];
    let odd = names.map(|name| spec(name, "write", input.clone()));
    for inputs in [false, true] {
        is_valid(&tools(&odd).unwrap().schema(inputs));
    }
}

#[test]
fn odd_tools_are_refused() {
    let object = json!({"type": "object"});
    for (specs, expected) in [
        (vec![spec("see", "read", object.clone())], "must not be called `see`"),
        (vec![spec("write", "write", object.clone())], "must not be called `write`"),
        (vec![spec("a b", "read", object.clone())], "`a b` is no name for a tool"),
        (vec![spec("", "read", object.clone())], "`` is no name for a tool"),
        (vec![spec("a", "destroy", object.clone())], "unknown effect `destroy`"),
        (vec![spec("a", "read", json!({"type": "string"}))], "the input of `a` must be an object"),
        (vec![spec("a", "read", json!({"type": ["object", "null"]}))], "the input of `a` must be an object"),
        (vec![spec("a", "read", json!({"$ref": "#"}))], "the input of `a` must be an object"),
        (vec![spec("a", "read", object.clone()), spec("a", "write", object.clone())], "two tools are called `a`"),
    ] {
        let fault = tools(&specs).err().unwrap().to_string();
        assert!(fault.starts_with("(actions):1:1: ") && fault.contains(expected), "{fault}");
    }
}
