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

/// The `format`s strict mode knows.
const FORMATS: [&str; 9] = ["date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"];

/// Closes `schema`: each object gets `additionalProperties: false` and requires
/// all its fields (an optional one is nullable), `oneOf` becomes `anyOf`, and
/// annotations that strict mode does not know are dropped.
///
/// # Errors
/// [`SchemaFault`] for a root that is no object, maps, pattern keys, `$ref`
/// beside other keywords, `allOf`, or more than 10 levels.
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
    for key in ["$schema", "title", "default", "examples"] {
        object.remove(key);
    }
    if object.get("format").and_then(Value::as_str).is_some_and(|format| !FORMATS.contains(&format)) {
        object.remove("format");
    }
    if object.contains_key("$ref") && object.len() > 1 {
        return Err(fault(path, "a `$ref` stands beside other keywords"));
    }
    if let Some(key) = OPEN.iter().find(|&&key| object.contains_key(key)) {
        return Err(fault(path, &format!("`{key}` describes a map; use a list of pairs")));
    }
    if object.contains_key("allOf") || object.contains_key("not") {
        return Err(fault(path, "`allOf` and `not` are not allowed"));
    }
    if let Some(choices) = object.remove("oneOf") {
        object.insert("anyOf".to_owned(), choices);
    }
    if let Some(Value::Array(choices)) = object.get_mut("anyOf") {
        for (i, choice) in choices.iter_mut().enumerate() {
            within(path, &["anyOf", &i.to_string()], |path| walk(choice, path, depth))?;
        }
    }
    if let Some(items) = object.get_mut("items") {
        within(path, &["items"], |path| walk(items, path, depth + 1))?;
    }
    if is_object(object) {
        close_object(object, path, depth)?;
    }
    Ok(())
}

fn is_object(schema: &Map<String, Value>) -> bool {
    schema.contains_key("properties")
        || match schema.get("type") {
            Some(Value::String(kind)) => kind == "object",
            Some(Value::Array(kinds)) => kinds.iter().any(|kind| kind == "object"),
            _ => false,
        }
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
    if let Some(Value::Object(fields)) = object.get_mut("properties") {
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

/// A field that may be left out becomes one that must be there and may be null.
fn make_nullable(field: &mut Value) {
    let Value::Object(object) = field else { return };
    let null = || Value::String("null".to_owned());
    match object.get_mut("type") {
        Some(Value::Array(kinds)) => {
            if !kinds.contains(&null()) {
                kinds.push(null());
            }
        }
        Some(kind @ Value::String(_)) => *kind = Value::Array(vec![kind.take(), null()]),
        _ => {
            if let Some(Value::Array(choices)) = object.get_mut("anyOf") {
                let choice = serde_json::json!({ "type": "null" });
                if !choices.contains(&choice) {
                    choices.push(choice);
                }
            }
        }
    }
    if let Some(Value::Array(words)) = object.get_mut("enum")
        && !words.contains(&Value::Null)
    {
        words.push(Value::Null);
    }
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
    let pointer = path.iter().fold(String::new(), |pointer, segment| pointer + "/" + segment);
    SchemaFault { pointer, message: message.to_owned() }
}

#[cfg(test)]
mod tests;
