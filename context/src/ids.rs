//! Identifiers as types: a customer id is never mistaken for another string.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The id of a customer in the systems of the company that runs Attaché.
///
/// One to 128 characters, no control characters and no white space at either
/// end. It is compared byte by byte.
#[derive(Clone, Debug, Eq, Hash, JsonSchema, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(transparent)]
#[schemars(extend("minLength" = 1, "maxLength" = 128))]
pub struct CustomerId(String);

impl CustomerId {
    /// Checks `id` and makes it a customer id.
    ///
    /// # Errors
    /// [`IdFault`] if it is empty, too long, or has characters that no id has.
    pub fn new(id: impl Into<String>) -> Result<Self, IdFault> {
        let id = id.into();
        check(&id)?;
        Ok(Self(id))
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for CustomerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for CustomerId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

/// Why a text is not an id.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum IdFault {
    /// A control character, or white space at an end.
    #[error("an id has no control characters and no white space at its ends")]
    Character,
    /// Nothing, or more than 128 characters.
    #[error("an id has 1 to 128 characters, this has {0}")]
    Length(usize),
}

fn check(id: &str) -> Result<(), IdFault> {
    let length = id.chars().count();
    if !(1..=128).contains(&length) {
        return Err(IdFault::Length(length));
    }
    if id.trim() != id || id.chars().any(char::is_control) {
        return Err(IdFault::Character);
    }
    Ok(())
}
