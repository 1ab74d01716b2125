//! JSON text that is carried, not taken apart.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::sync::Arc;

/// A JSON value kept as the text it came as.
///
/// Tool inputs and outputs are written to the journal and to requests byte by
/// byte as they were made; nothing on that way needs them as a tree. Only a line
/// break between its parts becomes a space: an entry is one line. Cloning is
/// cheap. Two values are equal when their texts are.
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub struct Json(Arc<RawValue>);

impl Json {
    /// The text of `value`.
    ///
    /// # Errors
    /// If `value` cannot be JSON: a map whose keys are no strings, for example.
    pub fn of<T: Serialize + ?Sized>(value: &T) -> Result<Self, serde_json::Error> {
        serde_json::value::to_raw_value(value).and_then(Self::one_line)
    }

    /// Takes `text` as it is, line breaks aside, if it is one JSON value.
    ///
    /// # Errors
    /// If it is not.
    pub fn parse(text: impl Into<String>) -> Result<Self, serde_json::Error> {
        RawValue::from_string(text.into()).and_then(Self::one_line)
    }

    fn one_line(raw: Box<RawValue>) -> Result<Self, serde_json::Error> {
        // Strings have theirs escaped, so what is found is white space.
        let breaks = ['\n', '\r'];
        if !raw.get().contains(breaks) {
            return Ok(Self(raw.into()));
        }
        RawValue::from_string(raw.get().replace(breaks, " ")).map(|raw| Self(raw.into()))
    }

    /// JSON `null`.
    #[must_use]
    pub fn null() -> Self {
        Self(RawValue::NULL.to_owned().into())
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.get()
    }

    /// The value as a tree; `null` if it is JSON that no tree can hold: deeper
    /// than 127 levels, a number beyond `f64`, or half a surrogate pair.
    #[must_use]
    pub fn to_value(&self) -> serde_json::Value {
        serde_json::from_str(self.as_str()).unwrap_or_default()
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::one_line(Box::<RawValue>::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

impl PartialEq for Json {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl JsonSchema for Json {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Json".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "description": "any JSON value" })
    }

    fn inline_schema() -> bool {
        true
    }
}

#[cfg(test)]
mod tests;
