use super::*;
use crate::registry::tests::builtin;
use serde_json::json;

/// The rules of strict mode, checked on their own: what stands at `place` is
/// closed, requires all its fields, and has nothing that strict mode does not
/// know.
fn check_strict(schema: &Value, place: &str, depth: usize) {
    let object = schema.as_object().unwrap_or_else(|| panic!("{place}: {schema} is no schema of an object"));
    assert!(depth <= 10, "{place}: nested too deep");
    for key in object.keys() {
        assert!(KNOWN.contains(&key.as_str()) || key == "type", "{place}: `{key}`");
    }
    if let Some(format) = object.get("format") {
        assert!(FORMATS.contains(&format.as_str().unwrap()), "{place}: format {format}");
    }
    let kinds: Vec<_> = match &schema["type"] {
        Value::String(kind) => vec![kind.as_str()],
        Value::Array(kinds) => kinds.iter().map(|kind| kind.as_str().unwrap()).collect(),
        _ => Vec::new(),
    };
    let says = ["anyOf", "enum", "const", "$ref"].iter().any(|&key| object.contains_key(key));
    assert!(says || !kinds.is_empty(), "{place}: anything is allowed");
    if kinds.contains(&"object") {
        assert_eq!(schema["additionalProperties"], json!(false), "{place} is open");
        let fields = schema["properties"].as_object().unwrap();
        let mut required: Vec<_> = schema["required"].as_array().unwrap().iter().map(|n| n.as_str().unwrap()).collect();
        let mut names: Vec<_> = fields.keys().map(String::as_str).collect();
        required.sort_unstable();
        names.sort_unstable();
        assert_eq!(required, names, "{place} does not require all its fields");
        for (name, field) in fields {
            check_strict(field, &format!("{place}/{name}"), depth + 1);
        }
    }
    if kinds.contains(&"array") {
        check_strict(&schema["items"], &format!("{place}/[]"), depth + 1);
    }
    for choice in schema["anyOf"].as_array().into_iter().flatten() {
        check_strict(choice, place, depth);
    }
    for (name, definition) in schema["$defs"].as_object().into_iter().flatten() {
        check_strict(definition, &format!("{place}#{name}"), depth + 1);
    }
}

/// The same whether or not serde_json keeps the order of keys.
fn sorted(mut value: Value) -> Value {
    fn sort(value: &mut Value) {
        match value {
            Value::Object(object) => {
                if let Some(Value::Array(names)) = object.get_mut("required") {
                    names.sort_by_key(ToString::to_string);
                }
                object.values_mut().for_each(sort);
            }
            Value::Array(values) => values.iter_mut().for_each(sort),
            _ => {}
        }
    }
    value.sort_all_objects();
    sort(&mut value);
    value
}

#[test]
fn built_in_tools_say_this_to_a_model() {
    let registry = builtin();
    assert_eq!(registry.iter().count(), 13);
    for tool in registry.iter() {
        let spec = tool.spec();
        let shown = json!({
            "name": spec.name,
            "description": spec.description,
            "effect": spec.effect,
            "sinks": spec.sinks,
            "input_schema": sorted(spec.input_schema.clone()),
        });
        insta::assert_json_snapshot!(spec.name.as_str(), sorted(shown));
    }
}

#[test]
fn built_in_tools_are_strict() {
    for tool in builtin().iter() {
        let spec = tool.spec();
        assert_eq!(spec.input_schema["type"], "object");
        check_strict(&spec.input_schema, &spec.name, 0);
        assert!(!spec.description.is_empty() && spec.description.chars().count() <= 1_024);
    }
}

#[test]
fn fields_are_closed_and_described_as_before() {
    let field = |field: Value, required: bool| {
        let required = if required { json!(["a"]) } else { json!([]) };
        json!({ "type": "object", "properties": { "a": field }, "required": required })
    };
    let null = json!({ "type": "null" });
    let table = [
        // What must be there stays as it is.
        (true, json!({ "type": "string" }), json!({ "type": "string" })),
        (true, json!({ "type": ["string", "null"] }), json!({ "type": ["string", "null"] })),
        // What may be left out is null instead.
        (false, json!({ "type": "string" }), json!({ "type": ["string", "null"] })),
        (false, json!({ "type": "null" }), json!({ "type": "null" })),
        (false, json!({ "type": ["string", "null"] }), json!({ "type": ["string", "null"] })),
        (false, json!({ "type": ["string", "integer"] }), json!({ "type": ["string", "integer", "null"] })),
        (
            false,
            json!({ "type": "string", "enum": ["x", "y"] }),
            json!({ "type": ["string", "null"], "enum": ["x", "y", null] }),
        ),
        (
            false,
            json!({ "type": ["string", "null"], "enum": ["x", null] }),
            json!({ "type": ["string", "null"], "enum": ["x", null] }),
        ),
        (false, json!({ "enum": ["x", 1] }), json!({ "enum": ["x", 1, null] })),
        (
            false,
            json!({ "type": "string", "const": "x" }),
            json!({ "anyOf": [{ "type": "string", "const": "x" }, null] }),
        ),
        (false, json!({ "const": "x" }), json!({ "anyOf": [{ "const": "x" }, null] })),
        (false, json!({ "$ref": "#" }), json!({ "anyOf": [{ "$ref": "#" }, null] })),
        (true, json!({ "$ref": "#" }), json!({ "$ref": "#" })),
        (
            false,
            json!({ "anyOf": [{ "type": "string" }, { "type": "integer" }] }),
            json!({ "anyOf": [{ "type": "string" }, { "type": "integer" }, null] }),
        ),
        (
            false,
            json!({ "anyOf": [{ "type": "string" }, { "type": "null" }] }),
            json!({ "anyOf": [{ "type": "string" }, null] }),
        ),
        (
            false,
            json!({ "anyOf": [{ "type": "string" }, { "type": ["integer", "null"] }] }),
            json!({ "anyOf": [{ "type": "string" }, { "type": ["integer", "null"] }] }),
        ),
        // A choice of one becomes a choice of some.
        (
            true,
            json!({ "description": "d", "oneOf": [{ "type": "string", "const": "x", "description": "the x" }] }),
            json!({ "description": "d", "anyOf": [{ "type": "string", "const": "x", "description": "the x" }] }),
        ),
        (
            true,
            json!({ "oneOf": [{ "type": "object", "properties": { "kind": { "const": "x" } }, "required": ["kind"] }] }),
            json!({ "anyOf": [{
                "type": "object", "properties": { "kind": { "const": "x" } }, "required": ["kind"],
                "additionalProperties": false,
            }] }),
        ),
        // Bounds stay; formats that strict mode does not know and notes go.
        (
            true,
            json!({ "type": "integer", "format": "uint8", "minimum": 0, "maximum": 255, "title": "T", "default": 1,
                    "examples": [1], "$comment": "c", "deprecated": true, "x-order": 1 }),
            json!({ "type": "integer", "minimum": 0, "maximum": 255 }),
        ),
        (
            true,
            json!({ "type": "string", "format": "date-time", "minLength": 1, "maxLength": 9, "pattern": "^a" }),
            json!({ "type": "string", "format": "date-time", "minLength": 1, "maxLength": 9, "pattern": "^a" }),
        ),
        // Whatever stands inside is closed too.
        (
            true,
            json!({ "type": "object", "properties": { "b": { "type": "string" } } }),
            json!({ "type": "object", "properties": { "b": { "type": ["string", "null"] } }, "required": ["b"],
                    "additionalProperties": false }),
        ),
        (
            false,
            json!({ "type": "array", "items": { "type": "object", "properties": {} }, "maxItems": 3 }),
            json!({ "type": ["array", "null"], "maxItems": 3,
                    "items": { "type": "object", "properties": {}, "required": [], "additionalProperties": false } }),
        ),
        (
            true,
            json!({ "type": "object" }),
            json!({ "type": "object", "properties": {}, "required": [], "additionalProperties": false }),
        ),
    ];
    for (required, before, after) in table {
        let mut after = after;
        for choice in after.get_mut("anyOf").and_then(Value::as_array_mut).into_iter().flatten() {
            if choice.is_null() {
                *choice = null.clone();
            }
        }
        let closed = close(field(before.clone(), required)).unwrap_or_else(|fault| panic!("{before}: {fault}"));
        check_strict(&closed, "", 0);
        assert_eq!(closed["properties"]["a"], after, "{before}");
        assert_eq!(closed["required"], json!(["a"]));
        assert_eq!(close(closed.clone()), Ok(closed), "closing twice is closing once");
    }
}

#[test]
fn definitions_are_closed_too() {
    let closed = close(json!({
        "type": "object", "properties": { "first": { "$ref": "#/$defs/Node" } }, "required": ["first"],
        "$defs": { "Node": { "type": "object", "properties": { "next": { "$ref": "#/$defs/Node" } } } },
    }))
    .unwrap();
    check_strict(&closed, "", 0);
    assert_eq!(closed["$defs"]["Node"]["additionalProperties"], json!(false));
    let next = &closed["$defs"]["Node"]["properties"]["next"];
    assert_eq!(*next, json!({ "anyOf": [{ "$ref": "#/$defs/Node" }, { "type": "null" }] }));
}

#[test]
fn what_cannot_be_closed_is_refused_with_its_place() {
    let field = |field: Value| json!({ "type": "object", "properties": { "a": field } });
    let table = [
        (json!(true), "", "must be a struct"),
        (json!({}), "", "must be a struct"),
        (json!({ "type": "string" }), "", "must be a struct"),
        (json!({ "type": ["object", "null"] }), "", "must be a struct"),
        (json!({ "oneOf": [{ "type": "object" }] }), "", "must be a struct"),
        (json!({ "type": "object", "additionalProperties": true }), "", "a map of any keys"),
        (json!({ "type": "object", "additionalProperties": { "type": "string" } }), "", "a map of any keys"),
        (json!({ "type": "object", "required": ["b"] }), "", "`b` is required and not described"),
        (
            json!({ "type": "object", "properties": { "a": { "type": "string" } }, "oneOf": [{ "type": "object" }] }),
            "",
            "stands beside a choice",
        ),
        (json!({ "type": "object", "unevaluatedProperties": false }), "", "`unevaluatedProperties` describes a map"),
        (field(json!(true)), "/properties/a", "any value"),
        (field(json!({})), "/properties/a", "any value"),
        (field(json!({ "description": "whatever you like" })), "/properties/a", "any value"),
        (field(json!({ "type": "array" })), "/properties/a", "any value"),
        (field(json!({ "type": "array", "items": true })), "/properties/a/items", "any value"),
        (field(json!({ "anyOf": [{ "type": "null" }, {}] })), "/properties/a/anyOf/1", "any value"),
        (
            field(json!({ "type": "array", "prefixItems": [{ "type": "string" }], "items": { "type": "string" } })),
            "/properties/a",
            "`prefixItems` is not known",
        ),
        (
            field(json!({ "type": "array", "items": { "type": "string" }, "uniqueItems": true })),
            "/properties/a",
            "`uniqueItems` is not known",
        ),
        (field(json!({ "type": "object", "patternProperties": {} })), "/properties/a", "`patternProperties`"),
        (field(json!({ "type": "object", "minProperties": 1 })), "/properties/a", "`minProperties`"),
        (field(json!({ "allOf": [] })), "/properties/a", "`allOf`"),
        (field(json!({ "type": "integer", "not": { "const": 0 } })), "/properties/a", "`allOf` and `not`"),
        (field(json!({ "if": {}, "type": "string" })), "/properties/a", "`if` is not known"),
        (field(json!({ "$ref": "#", "description": "d" })), "/properties/a", "beside other keywords"),
        (field(json!({ "$ref": "https://example.com/s" })), "/properties/a", "leads out"),
        (field(json!({ "anyOf": [], "oneOf": [] })), "/properties/a", "beside `oneOf`"),
        (json!({ "type": "object", "properties": { "a/b~c": {} } }), "/properties/a~1b~0c", "any value"),
    ];
    for (schema, pointer, message) in table {
        let fault = close(schema.clone()).expect_err(&schema.to_string());
        assert_eq!(fault.pointer, pointer, "{schema}");
        assert!(fault.message.contains(message), "{schema}: {fault}");
    }
    let fault = close(json!(1)).unwrap_err();
    assert_eq!(fault.to_string(), "/: the input must be a struct with named fields");
}

#[test]
fn ten_levels_are_the_most() {
    let nested = |levels: usize| {
        (0..levels).fold(
            json!({ "type": "string" }),
            |inner, _| json!({ "type": "object", "properties": { "a": inner }, "required": ["a"] }),
        )
    };
    check_strict(&close(nested(10)).unwrap(), "", 0);
    let fault = close(nested(11)).unwrap_err();
    assert_eq!(
        (fault.pointer.as_str(), fault.message.as_str()),
        ("/properties/a".repeat(11).as_str(), "nested too deep")
    );
}

#[test]
fn nulls_that_closing_asked_for_are_taken_out_again() {
    let open = json!({
        "type": "object",
        "properties": {
            "left_out": { "type": "string" },
            "null_by_right": { "type": ["string", "null"] },
            "must": { "type": "null" },
            "list": { "type": "array", "items": { "$ref": "#/$defs/Item" } },
            "choice": { "oneOf": [
                { "type": "object", "properties": { "kind": { "const": "x" }, "n": { "type": "integer" } } },
                { "type": "object", "properties": { "kind": { "const": "y" }, "n": { "type": ["integer", "null"] } } },
            ] },
        },
        "required": ["must"],
        "$defs": { "Item": { "type": "object", "properties": { "a": { "const": 1 }, "next": { "$ref": "#/$defs/Item" } } } },
    });
    let mut value = json!({
        "left_out": null, "null_by_right": null, "must": null, "choice": { "kind": "y", "n": null },
        "list": [{ "a": null, "next": { "a": null, "next": null } }, { "a": 1, "next": null }],
    });
    reopen(&mut value, &open);
    let expected = json!({
        "null_by_right": null, "must": null, "choice": { "kind": "y", "n": null }, "list": [{ "next": {} }, { "a": 1 }],
    });
    assert_eq!(value, expected);
    let mut value = json!({ "must": null, "choice": { "kind": "x", "n": null } });
    reopen(&mut value, &open);
    assert_eq!(value, json!({ "must": null, "choice": { "kind": "x" } }));
}

#[test]
fn a_schema_that_leads_to_itself_ends() {
    let mut value = json!({ "a": null });
    reopen(&mut value, &json!({ "$ref": "#" }));
    reopen(&mut value, &json!({ "anyOf": [{ "$ref": "#" }] }));
    assert_eq!(value, json!({ "a": null }));
}
