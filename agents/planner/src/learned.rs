//! What a tool returns of the customer, as facts that policy decides on.

use attache_context::{Fact, FactKind, Purpose, Sensitivity, Source};
use attache_journal::Permission;
use attache_tools::{EffectKind, ToolSpec};
use jiff::Timestamp;
use serde_json::Value;

/// Words at the end of a key that say how somebody sounded.
const MOODS: [&str; 3] = ["emotion", "mood", "sentiment"];

/// The values that a reading tool returned, in the order of its output: none if
/// it does not say what kinds of facts it emits.
///
/// A key is the tool's name with the names on the way to the value,
/// `crm_lookup.company.plan`; places in lists are left out. What the tool's
/// schema declares is there for the run's purpose. What it does not declare is
/// there for no purpose, so that nobody sees it unless a rule says so.
pub(crate) fn learned(spec: &ToolSpec, output: &Value, purpose: Purpose, at: Timestamp) -> Vec<(FactKind, Fact)> {
    let Some(kind) = spec.labels.emits.first().filter(|_| spec.effect == EffectKind::Read) else { return Vec::new() };
    let mut facts = Vec::new();
    walk(output, Some(&spec.output_schema), &spec.output_schema, &spec.name, &mut |key, value, declared| {
        let mood = key.rsplit('.').next().is_some_and(|last| MOODS.contains(&last));
        let fact = Fact {
            key: key.to_owned(),
            value: value.clone(),
            source: Source::FirstParty,
            system: spec.name.clone(),
            observed_at: at,
            purposes: if declared { vec![purpose] } else { Vec::new() },
            sensitivity: Sensitivity::Internal,
        };
        facts.push((if mood { FactKind::Sentiment } else { *kind }, fact));
    });
    facts
}

/// Takes the values out of an output that may not be seen: `permissions` are
/// those of [`learned`], in its order.
pub(crate) fn withhold(output: &mut Value, permissions: &mut dyn Iterator<Item = Permission>) {
    let _ = keep(output, permissions);
}

fn keep(value: &mut Value, permissions: &mut dyn Iterator<Item = Permission>) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            permissions.next().is_some_and(|permission| permission != Permission::Hidden)
        }
        Value::Array(items) => {
            items.retain_mut(|item| keep(item, permissions));
            true
        }
        Value::Object(fields) => {
            fields.retain(|_, field| keep(field, permissions));
            true
        }
    }
}

fn walk(value: &Value, schema: Option<&Value>, root: &Value, key: &str, see: &mut dyn FnMut(&str, &Value, bool)) {
    match value {
        Value::Null => {}
        Value::Bool(_) | Value::Number(_) | Value::String(_) => see(key, value, schema.is_some()),
        Value::Array(items) => {
            let schema = schema.and_then(|schema| part(schema, root, &|schema| schema.get("items")));
            items.iter().for_each(|item| walk(item, schema, root, key, see));
        }
        Value::Object(fields) => {
            for (name, field) in fields {
                let declared = |schema| part(schema, root, &|schema| schema.get("properties")?.get(name));
                walk(field, schema.and_then(declared), root, &format!("{key}.{name}"), see);
            }
        }
    }
}

/// References and choices are followed this deep.
const DEPTH: usize = 16;

/// A part of a schema, through references and choices.
fn part<'a>(schema: &'a Value, root: &'a Value, get: &dyn Fn(&'a Value) -> Option<&'a Value>) -> Option<&'a Value> {
    fn within<'a>(
        schema: &'a Value,
        root: &'a Value,
        get: &dyn Fn(&'a Value) -> Option<&'a Value>,
        depth: usize,
    ) -> Option<&'a Value> {
        let deeper = depth.checked_sub(1)?;
        if let Some(found) = get(schema) {
            return Some(found);
        }
        if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
            return within(root.pointer(reference.strip_prefix('#')?)?, root, get, deeper);
        }
        let choices = ["allOf", "anyOf", "oneOf"].into_iter().filter_map(|choice| schema.get(choice)?.as_array());
        choices.flatten().find_map(|choice| within(choice, root, get, deeper))
    }
    within(schema, root, get, DEPTH)
}

#[cfg(test)]
mod tests;
