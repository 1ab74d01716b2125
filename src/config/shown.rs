//! What an installation is set to, key by key, for a page that shows it.

use super::Config;
use attache::server::Setting;
use schemars::schema_for;
use serde_json::Value;
use std::collections::BTreeMap;
use std::iter::successors;

impl Config {
    /// Every key that is set or could be, by name. The configuration holds no
    /// secret: it names the variables of the environment that do.
    pub(crate) fn shown(&self) -> Vec<Setting> {
        let (mut set, mut usual, mut meant) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        flatten("", &serde_json::to_value(self).unwrap_or_default(), &mut set);
        flatten("", &serde_json::to_value(Self::default()).unwrap_or_default(), &mut usual);
        let schema = schema_for!(Self).to_value();
        meanings("", &schema, &schema, &mut meant);
        // A part that is absent, such as a channel, has keys too.
        for key in meant.keys() {
            set.entry(key.clone()).or_default();
        }
        let setting = |(key, value): (String, String)| Setting {
            changed: usual.get(&key).map_or(!value.is_empty(), |usual| *usual != value),
            meaning: meaning(&key, &meant),
            key,
            value,
        };
        set.into_iter().map(setting).collect()
    }
}

/// What a key means: one that is the project's own, such as the name of a group,
/// what its table does.
fn meaning(key: &str, meant: &BTreeMap<String, String>) -> String {
    let tables = successors(Some(key), |key| key.rsplit_once('.').map(|(table, _)| table));
    tables.into_iter().find_map(|key| meant.get(key)).cloned().unwrap_or_default()
}

/// The values below `value`, by their dotted keys.
fn flatten(key: &str, value: &Value, found: &mut BTreeMap<String, String>) {
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, value)| flatten(&dotted(key, name), value, found)),
        Value::Null => drop(found.insert(key.to_owned(), String::new())),
        Value::String(text) => drop(found.insert(key.to_owned(), text.clone())),
        other => drop(found.insert(key.to_owned(), other.to_string())),
    }
}

/// What the keys below a schema mean, those with keys of their own left out, and
/// those that can hold anything: they are not written out either.
fn meanings(key: &str, schema: &Value, root: &Value, found: &mut BTreeMap<String, String>) {
    let schema = resolved(schema, root);
    let Some(fields) = schema.get("properties").and_then(Value::as_object) else { return };
    for (name, field) in fields {
        let key = dotted(key, name);
        let is_typed = ["$ref", "anyOf", "enum", "type"].iter().any(|kind| field.get(*kind).is_some());
        let text = field.get("description").and_then(Value::as_str);
        if resolved(field, root).get("properties").is_some() {
            meanings(&key, field, root, found);
        } else if let Some(text) = text.filter(|_| is_typed) {
            found.insert(key, text.split_whitespace().collect::<Vec<_>>().join(" "));
        }
    }
}

/// The schema that this one refers to: behind `$ref`, also where it may be absent.
fn resolved<'a>(schema: &'a Value, root: &'a Value) -> &'a Value {
    let choices = schema.get("anyOf").and_then(Value::as_array).into_iter().flatten();
    let target = [schema].into_iter().chain(choices).find_map(|one| one.get("$ref").and_then(Value::as_str));
    target.and_then(|target| root.pointer(target.trim_start_matches('#'))).unwrap_or(schema)
}

fn dotted(key: &str, name: &str) -> String {
    if key.is_empty() { name.to_owned() } else { format!("{key}.{name}") }
}

#[cfg(test)]
mod tests;
