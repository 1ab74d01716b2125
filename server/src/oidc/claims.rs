//! What a provider says of somebody.

use openidconnect::AdditionalClaims;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Claims by name.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(transparent)]
pub(super) struct Said(Map<String, Value>);

impl AdditionalClaims for Said {}

impl Said {
    /// The claims of a token, those of the standard and others.
    pub(super) fn of(claims: &impl Serialize) -> Self {
        match serde_json::to_value(claims) {
            Ok(Value::Object(claims)) => Self(claims),
            _ => Self::default(),
        }
    }

    pub(super) fn has(&self, names: &[&str]) -> bool {
        names.iter().all(|name| self.0.contains_key(*name))
    }

    pub(super) fn subject(&self) -> Option<String> {
        self.text("sub").map(str::to_owned)
    }

    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(Value::as_str)
    }

    /// A claim that is a list, or one of such a list alone.
    pub(super) fn texts(&self, name: &str) -> Vec<&str> {
        match self.0.get(name) {
            Some(Value::Array(texts)) => texts.iter().filter_map(Value::as_str).collect(),
            Some(Value::String(text)) => vec![text],
            _ => Vec::new(),
        }
    }

    pub(super) fn is_true(&self, name: &str) -> bool {
        self.0.get(name) == Some(&Value::Bool(true))
    }
}

/// The first that says all of it: half from here and half from there is nobody's word.
pub(super) fn pick<'a>(sources: &'a [Said], names: &[&str]) -> Option<&'a Said> {
    sources.iter().find(|said| said.has(names))
}
