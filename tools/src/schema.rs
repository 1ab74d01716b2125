//! Closing a JSON Schema for strict mode.
//!
//! OpenAI's strict mode takes a subset of JSON Schema in which every object is
//! closed and every field required; see its guide 'Structured Outputs',
//! 'Supported schemas'. [`close`] brings a schema into that subset where that
//! loses nothing and refuses it, with the place, where it would.

use serde_json::{Map, Value};

/// Why a schema cannot be closed, and where.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{}: {message}", if pointer.is_empty() { "/" } else { pointer })]
pub struct SchemaFault {
    /// The place in the schema, a JSON pointer.
    pub pointer: String,
    /// What strict mode does not allow there.
    pub message: String,
}

/// How deep strict mode lets objects nest.
const MAX_DEPTH: usize = 10;

/// Keywords that describe maps or patterns of keys: an object with these has no
/// fixed fields and cannot be closed.
const OPEN: [&str; 6] = [
    "patternProperties",
    "propertyNames",
    "unevaluatedProperties",
    "dependentSchemas",
    "minProperties",
    "maxProperties",
];

/// Keywords that say nothing about which values are allowed; strict mode knows
/// none of them.
const NOTES: [&str; 10] = [
    "$comment",
    "$schema",
    "contentEncoding",
    "contentMediaType",
    "default",
    "deprecated",
    "examples",
    "readOnly",
    "title",
    "writeOnly",
];

/// The keywords strict mode knows.
const KNOWN: [&str; 21] = [
    "$defs",
    "$ref",
    "additionalProperties",
    "anyOf",
    "const",
    "description",
    "enum",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "format",
    "items",
    "maxItems",
    "maxLength",
    "maximum",
    "minItems",
    "minLength",
    "minimum",
    "multipleOf",
    "pattern",
    "properties",
    "required",
];

/// The `format`s strict mode knows.
const FORMATS: [&str; 9] = ["date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"];

/// Closes `schema`: each object gets `additionalProperties: false` and requires
/// all its fields (an optional one is nullable), `oneOf` becomes `anyOf`, and
/// annotations that strict mode does not know are dropped.
///
/// # Errors
/// [`SchemaFault`] for a root that is no object, maps, pattern keys, tuples,
/// values of any kind, choices beside fields (`flatten` of an enum), `$ref`
/// beside other keywords or to elsewhere, more than 10 levels, and every other
/// keyword that strict mode does not know.
pub fn close(schema: Value) -> Result<Value, SchemaFault> {
    let mut schema = schema;
    let root = schema.get("type").and_then(Value::as_str) == Some("object");
    if !root {
        return Err(SchemaFault {
            pointer: String::new(),
            message: "the input must be a struct with named fields".into(),
        });
    }
    walk(&mut schema, &mut Vec::new(), 0)?;
    Ok(schema)
}

fn walk(schema: &mut Value, path: &mut Vec<String>, depth: usize) -> Result<(), SchemaFault> {
    let Value::Object(object) = schema else {
        return Err(fault(path, "any value at all is allowed here; name the fields"));
    };
    if depth > MAX_DEPTH {
        return Err(fault(path, "nested too deep"));
    }
    object.retain(|key, _| !NOTES.contains(&key.as_str()) && !key.starts_with("x-"));
    if object.get("format").and_then(Value::as_str).is_some_and(|format| !FORMATS.contains(&format)) {
        object.remove("format");
    }
    if object.contains_key("$ref") && object.len() > 1 {
        return Err(fault(path, "a `$ref` stands beside other keywords"));
    }
    if object.get("$ref").and_then(Value::as_str).is_some_and(|target| !target.starts_with('#')) {
        return Err(fault(path, "a `$ref` leads out of the schema"));
    }
    if let Some(key) = OPEN.iter().find(|&&key| object.contains_key(key)) {
        return Err(fault(path, &format!("`{key}` describes a map; use a list of pairs")));
    }
    if object.contains_key("allOf") || object.contains_key("not") {
        return Err(fault(path, "`allOf` and `not` are not allowed"));
    }
    if let Some(choices) = object.remove("oneOf")
        && object.insert("anyOf".to_owned(), choices).is_some()
    {
        return Err(fault(path, "`anyOf` stands beside `oneOf`"));
    }
    if let Some(key) = object.keys().find(|key| *key != "type" && !KNOWN.contains(&key.as_str())) {
        return Err(fault(path, &format!("`{key}` is not known to strict mode")));
    }
    close_parts(object, path, depth)?;
    if is_object(object) { close_object(object, path, depth) } else { Ok(()) }
}

/// Closes what stands in `object` and is no field of it.
fn close_parts(object: &mut Map<String, Value>, path: &mut Vec<String>, depth: usize) -> Result<(), SchemaFault> {
    if let Some(Value::Object(definitions)) = object.get_mut("$defs") {
        for (name, definition) in definitions.iter_mut() {
            within(path, &["$defs", name], |path| walk(definition, path, depth + 1))?;
        }
    }
    let kind = |name: &str| object.get("type").is_some_and(|kind| names(kind, name));
    let lists_without_items = kind("array") && !object.contains_key("items");
    if let Some(choices) = object.get_mut("anyOf") {
        if let Value::Array(choices) = choices {
            for (i, choice) in choices.iter_mut().enumerate() {
                within(path, &["anyOf", &i.to_string()], |path| walk(choice, path, depth))?;
            }
        }
        if let Some(key) = object.keys().find(|key| !["anyOf", "description"].contains(&key.as_str())) {
            return Err(fault(path, &format!("`{key}` stands beside a choice; name the fields in each")));
        }
    } else if lists_without_items || !["type", "enum", "const", "$ref"].iter().any(|&key| object.contains_key(key)) {
        return Err(fault(path, "any value at all is allowed here; name the fields"));
    }
    if let Some(items) = object.get_mut("items") {
        within(path, &["items"], |path| walk(items, path, depth + 1))?;
    }
    Ok(())
}

/// Whether the value of `type` has `name` among its kinds.
fn names(kind: &Value, name: &str) -> bool {
    match kind {
        Value::String(kind) => kind == name,
        Value::Array(kinds) => kinds.iter().any(|kind| kind == name),
        _ => false,
    }
}

fn is_object(schema: &Map<String, Value>) -> bool {
    schema.contains_key("properties") || schema.get("type").is_some_and(|kind| names(kind, "object"))
}

fn close_object(object: &mut Map<String, Value>, path: &mut Vec<String>, depth: usize) -> Result<(), SchemaFault> {
    match object.get("additionalProperties") {
        None | Some(Value::Bool(false)) => {}
        Some(_) => return Err(fault(path, "a map of any keys; use a list of pairs")),
    }
    let required: Vec<String> = match object.get("required") {
        Some(Value::Array(names)) => names.iter().filter_map(|n| n.as_str().map(str::to_owned)).collect(),
        _ => Vec::new(),
    };
    let mut names = Vec::new();
    if let Value::Object(fields) = object.entry("properties").or_insert_with(|| Value::Object(Map::new())) {
        if let Some(name) = required.iter().find(|&name| !fields.contains_key(name)) {
            return Err(fault(path, &format!("`{name}` is required and not described")));
        }
        for (name, field) in fields.iter_mut() {
            within(path, &["properties", name], |path| walk(field, path, depth + 1))?;
            if !required.contains(name) {
                make_nullable(field);
            }
            names.push(Value::String(name.clone()));
        }
    }
    object.insert("required".to_owned(), Value::Array(names));
    object.insert("additionalProperties".to_owned(), Value::Bool(false));
    Ok(())
}

/// Whether a closed schema takes null.
fn takes_null(schema: &Value) -> bool {
    let Value::Object(object) = schema else { return false };
    let among = |key| object.get(key).and_then(Value::as_array).is_none_or(|words| words.contains(&Value::Null));
    match object.get("anyOf").or_else(|| object.get("oneOf")) {
        Some(Value::Array(choices)) => choices.iter().any(takes_null),
        _ if object.contains_key("$ref") => false,
        _ => {
            object.get("type").is_none_or(|kind| names(kind, "null"))
                && among("enum")
                && object.get("const").is_none_or(Value::is_null)
        }
    }
}

/// A field that may be left out becomes one that must be there and may be null.
fn make_nullable(field: &mut Value) {
    if takes_null(field) {
        return;
    }
    let Value::Object(object) = field else { return };
    let null = || Value::String("null".to_owned());
    if object.contains_key("$ref") || object.contains_key("const") {
        *field = serde_json::json!({ "anyOf": [field.take(), { "type": "null" }] });
        return;
    }
    if let Some(Value::Array(choices)) = object.get_mut("anyOf") {
        choices.push(serde_json::json!({ "type": "null" }));
        return;
    }
    match object.get_mut("type") {
        Some(Value::Array(kinds)) if !kinds.contains(&null()) => kinds.push(null()),
        Some(kind @ Value::String(_)) if *kind != null() => *kind = Value::Array(vec![kind.take(), null()]),
        _ => {}
    }
    if let Some(Value::Array(words)) = object.get_mut("enum")
        && !words.contains(&Value::Null)
    {
        words.push(Value::Null);
    }
}

/// Puts a null into `value` for each field that may be left out by `schema`, as
/// it was before it was closed, and is.
pub(crate) fn complete(value: &mut Value, schema: &Value) {
    each_object(value, schema, schema, 0, &mut |values, name, _| {
        if !values.contains_key(name) {
            values.insert(name.to_owned(), Value::Null);
        }
    });
}

/// Takes out of `value` the nulls that [`close`] asked for: fields that may be
/// left out by `schema`, as it was before it was closed, and are not null by it.
pub(crate) fn reopen(value: &mut Value, schema: &Value) {
    each_object(value, schema, schema, 0, &mut |values, name, field| {
        if values.get(name).is_some_and(Value::is_null) && !takes_null(field) {
            values.remove(name);
        }
    });
}

/// What is done with a field that may be left out: its object, name and schema.
type Visit<'a> = &'a mut dyn FnMut(&mut Map<String, Value>, &str, &Value);

fn each_object(value: &mut Value, schema: &Value, root: &Value, depth: usize, visit: Visit) {
    // No deeper than JSON is read: a `$ref` may lead to itself.
    if depth > 128 {
        return;
    }
    let schema = resolve(schema, root);
    let choices = ["anyOf", "oneOf"].iter().filter_map(|&key| schema.get(key)?.as_array()).flatten();
    // Which of several that look alike is meant is for the validator to say.
    if let [choice] = choices.filter(|&choice| is_tagged(value, resolve(choice, root))).collect::<Vec<_>>()[..] {
        each_object(value, choice, root, depth + 1, visit);
    }
    match value {
        Value::Array(values) => {
            let Some(items) = schema.get("items") else { return };
            values.iter_mut().for_each(|value| each_object(value, items, root, depth + 1, visit));
        }
        Value::Object(values) => {
            let Some(Value::Object(fields)) = schema.get("properties") else { return };
            let required: Vec<_> = schema
                .get("required")
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .collect();
            for (name, field) in fields {
                if let Some(value) = values.get_mut(name) {
                    each_object(value, field, root, depth + 1, visit);
                }
                if !required.contains(&name.as_str()) {
                    visit(values, name, field);
                }
            }
        }
        _ => {}
    }
}

fn resolve<'a>(schema: &'a Value, root: &'a Value) -> &'a Value {
    let target = schema.get("$ref").and_then(Value::as_str).and_then(|target| target.strip_prefix('#'));
    target.and_then(|pointer| root.pointer(pointer)).unwrap_or(schema)
}

/// Whether `value` can be the variant that `choice` describes, by its tags.
fn is_tagged(value: &Value, choice: &Value) -> bool {
    let Some(Value::Object(fields)) = choice.get("properties") else { return !value.is_object() };
    value.is_object()
        && fields.iter().all(|(name, field)| {
            field.get("const").is_none_or(|word| value.get(name).is_some_and(|value| value == word))
        })
}

fn within<T>(
    path: &mut Vec<String>,
    segments: &[&str],
    f: impl FnOnce(&mut Vec<String>) -> Result<T, SchemaFault>,
) -> Result<T, SchemaFault> {
    let before = path.len();
    path.extend(segments.iter().map(|&s| s.to_owned()));
    let result = f(path);
    path.truncate(before);
    result
}

fn fault(path: &[String], message: &str) -> SchemaFault {
    SchemaFault { pointer: pointer(path), message: message.to_owned() }
}

/// The JSON pointer (RFC 6901) of a path.
pub(crate) fn pointer<S: AsRef<str>>(path: impl IntoIterator<Item = S>) -> String {
    path.into_iter()
        .fold(String::new(), |pointer, segment| pointer + "/" + &segment.as_ref().replace('~', "~0").replace('/', "~1"))
}

#[cfg(test)]
mod tests;
