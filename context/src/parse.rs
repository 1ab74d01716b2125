//! Strict reading of bundles: every fault has a place.

use crate::{Bundle, Fact, FactKind};
use serde::de::{DeserializeOwned, DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use std::fmt;

/// The largest bundle, in bytes.
pub const MAX_BYTES: usize = 1 << 20;
/// The most facts in a bundle.
pub const MAX_FACTS: usize = 1_000;
/// The largest value of a fact as JSON, in bytes.
const MAX_VALUE_BYTES: usize = 16 << 10;

/// A bundle was refused: where, and what was expected there.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{place}: {message}")]
pub struct BundleFault {
    /// Where the fault is.
    pub place: Place,
    /// What is wrong and what was expected, in one line.
    pub message: String,
}

/// A place in a JSON document.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Place {
    /// Line and column of a syntax fault, from 1.
    Line(usize, usize),
    /// A JSON pointer (RFC 6901); `/` alone is shown for the whole document.
    Pointer(String),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(line, column) => write!(f, "{line}:{column}"),
            Self::Pointer(pointer) if pointer.is_empty() => f.write_str("/"),
            Self::Pointer(pointer) => f.write_str(pointer),
        }
    }
}

impl Bundle {
    /// Reads a bundle from JSON.
    ///
    /// # Errors
    /// [`BundleFault`] for anything the contract refuses: syntax, unknown or
    /// duplicate fields, wrong types, an unknown version, more than
    /// [`MAX_FACTS`] facts or [`MAX_BYTES`] bytes.
    ///
    /// ```
    /// let fault = attache_context::Bundle::parse(br#"{"version":1,"customer":{"id":""}}"#).unwrap_err();
    /// assert_eq!(fault.to_string(), "/customer/id: an id has 1 to 128 characters, this has 0");
    /// ```
    pub fn parse(json: &[u8]) -> Result<Self, BundleFault> {
        if json.len() > MAX_BYTES {
            return Err(at("", format!("a bundle has at most {MAX_BYTES} bytes, this has {}", json.len())));
        }
        let bundle: Self = parse_strict(json)?;
        bundle.check()?;
        Ok(bundle)
    }

    fn check(&self) -> Result<(), BundleFault> {
        if self.version != 1 {
            return Err(at("/version", format!("version {} is not known, 1 is", self.version)));
        }
        let facts = self.facts().count();
        if facts > MAX_FACTS {
            return Err(at("", format!("a bundle has at most {MAX_FACTS} facts, this has {facts}")));
        }
        for (i, email) in self.customer.emails.iter().enumerate() {
            let parts = email.rsplit_once('@');
            let fine = parts.is_some_and(|(user, host)| !user.is_empty() && !host.is_empty())
                && !email.chars().any(|c| c.is_control() || c.is_whitespace() || "<>,;\"".contains(c));
            if !fine {
                return Err(at(&format!("/customer/emails/{i}"), "expected an address like name@host"));
            }
        }
        if self.customer.name.as_deref().is_some_and(|name| name.chars().any(char::is_control)) {
            return Err(at("/customer/name", "a name has no control characters"));
        }
        if self.customer.timezone.is_some() && self.customer.zone().is_none() {
            return Err(at("/customer/timezone", "expected a name of the IANA database, such as `Europe/Berlin`"));
        }
        for kind in FactKind::ALL {
            for (i, fact) in self.of(kind).iter().enumerate() {
                check_fact(fact).map_err(|(field, message)| at(&format!("/{kind}/{i}/{field}"), message))?;
            }
        }
        Ok(())
    }
}

fn check_fact(fact: &Fact) -> Result<(), (&'static str, String)> {
    let word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-".contains(c);
    if fact.key.is_empty() || fact.key.len() > 128 || !fact.key.chars().all(word) {
        return Err(("key", "expected 1 to 128 of a-z, 0-9, `.`, `_` and `-`".into()));
    }
    let size = fact.value.to_string().len();
    if size > MAX_VALUE_BYTES {
        return Err(("value", format!("a value has at most {MAX_VALUE_BYTES} bytes as JSON, this has {size}")));
    }
    Ok(())
}

/// Reads any of the project's JSON documents: no duplicate keys, and the place
/// of every fault named.
///
/// # Errors
/// [`BundleFault`] at the first fault.
pub fn parse_strict<T: DeserializeOwned>(json: &[u8]) -> Result<T, BundleFault> {
    let mut reader = serde_json::Deserializer::from_slice(json);
    let mut path = Vec::new();
    let value = Strict { path: &mut path }
        .deserialize(&mut reader)
        .and_then(|value| reader.end().map(|()| value))
        .map_err(|error| syntax(&error, &path))?;
    serde_path_to_error::deserialize(value).map_err(|error| {
        let pointer: String = error.path().iter().filter_map(segment).collect();
        let message = one_line(&error.inner().to_string());
        at(&pointer, message)
    })
}

fn segment(segment: &serde_path_to_error::Segment) -> Option<String> {
    use serde_path_to_error::Segment;
    match segment {
        Segment::Seq { index } => Some(format!("/{index}")),
        Segment::Map { key } => Some(format!("/{}", escape(key))),
        Segment::Enum { .. } | Segment::Unknown => None,
    }
}

fn syntax(error: &serde_json::Error, path: &[String]) -> BundleFault {
    // serde_json appends its own " at line L column C"; the place says that.
    let text = one_line(&error.to_string());
    let message = text.split(" at line ").next().unwrap_or_default().to_owned();
    if message.starts_with("the key ") {
        return at(&path.concat(), message);
    }
    BundleFault { place: Place::Line(error.line(), error.column()), message }
}

fn at(pointer: &str, message: impl Into<String>) -> BundleFault {
    BundleFault { place: Place::Pointer(pointer.to_owned()), message: message.into() }
}

fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// Builds a [`Value`] and refuses an object that says the same key twice.
/// `path` stays where the fault was.
struct Strict<'a> {
    path: &'a mut Vec<String>,
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        serde_json::Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("expected a finite number"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        loop {
            self.path.push(format!("/{}", items.len()));
            let Some(item) = seq.next_element_seed(Strict { path: self.path })? else { break };
            self.path.pop();
            items.push(item);
        }
        self.path.pop();
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(key) = map.next_key::<String>()? {
            self.path.push(format!("/{}", escape(&key)));
            if object.contains_key(&key) {
                return Err(serde::de::Error::custom("the key stands here twice"));
            }
            let value = map.next_value_seed(Strict { path: self.path })?;
            self.path.pop();
            object.insert(key, value);
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
pub(crate) mod tests;
