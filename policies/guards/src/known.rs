//! The values of a bundle that tell who the customer is.

use crate::{PatternPii, PiiDetector, PiiKind};
use attache_context::{Bundle, Fact, Sensitivity};

/// A value that is known to tell who somebody is.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct KnownValue {
    /// What it is.
    pub kind: PiiKind,
    /// The value as it is on record.
    pub value: String,
}

/// The values of `bundle` that must be hidden from a model provider.
///
/// The customer's name (whole, then its first and last part of at least three
/// letters), addresses and numbers; then text facts whose key ends in `name`,
/// `email`, `phone`, `address`, `account` or `iban`, and those of personal or
/// special sensitivity that hold an e-mail address, a phone number or the like
/// and nothing else. Plain words (a plan, a mood) are not among them, nor is
/// the customer's id. In the order of the document, each value once.
#[must_use]
pub fn known_values(bundle: &Bundle) -> Vec<KnownValue> {
    let mut known = Known::default();
    let customer = &bundle.customer;
    if let Some(name) = &customer.name {
        known.person(name);
    }
    for email in &customer.emails {
        known.add(PiiKind::Email, email);
    }
    for phone in &customer.phones {
        known.add(PiiKind::Phone, phone);
    }
    known.facts(bundle.facts().map(|(_, fact)| fact));
    known.values
}

/// The values of facts that must be hidden from a model provider: as
/// [`known_values`], of facts that are in no bundle.
#[must_use]
pub fn known_facts<'a>(facts: impl Iterator<Item = &'a Fact>) -> Vec<KnownValue> {
    let mut known = Known::default();
    known.facts(facts);
    known.values
}

#[derive(Default)]
struct Known {
    values: Vec<KnownValue>,
}

impl Known {
    fn facts<'a>(&mut self, facts: impl Iterator<Item = &'a Fact>) {
        for fact in facts {
            // A phone or account number may be kept as a number.
            let number = fact.value.is_number().then(|| fact.value.to_string());
            let Some(value) = number.as_deref().or(fact.value.as_str()).map(str::trim) else { continue };
            if value.chars().count() < 3 {
                continue;
            }
            match by_key(&fact.key)
                .or_else(|| (fact.sensitivity >= Sensitivity::Personal).then(|| by_shape(value)).flatten())
            {
                Some(PiiKind::Person) => self.person(value),
                Some(kind) => self.add(kind, value),
                None => {}
            }
        }
    }

    fn add(&mut self, kind: PiiKind, value: &str) {
        let value = KnownValue { kind, value: value.trim().to_owned() };
        if !value.value.is_empty() && !self.values.contains(&value) {
            self.values.push(value);
        }
    }

    fn person(&mut self, name: &str) {
        self.add(PiiKind::Person, name);
        let mut parts = name.split_whitespace();
        for part in parts.next().into_iter().chain(parts.next_back()) {
            if is_name_part(part) {
                self.add(PiiKind::Person, part);
            }
        }
    }
}

/// Whether a part of a name can stand for the person.
pub(crate) fn is_name_part(part: &str) -> bool {
    part.chars().filter(|c| c.is_alphabetic()).count() >= 3
}

/// What a fact is by the end of its key.
fn by_key(key: &str) -> Option<PiiKind> {
    let key = key.to_ascii_lowercase();
    let mut words = key.rsplit(['.', '_', '-']);
    let (last, before) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let ends = |word: &str| last.ends_with(word);
    if ends("email") || ends("emails") {
        Some(PiiKind::Email)
    } else if ends("phone") || ends("phones") {
        Some(PiiKind::Phone)
    } else if ends("iban") {
        Some(PiiKind::Iban)
    } else if ends("address") {
        Some(match before {
            "ip" => PiiKind::IpAddress,
            "email" | "mail" => PiiKind::Email,
            _ => PiiKind::Address,
        })
    } else if ends("account") {
        Some(PiiKind::BankAccount)
    } else if ends("username") || (last == "name" && before == "user") {
        Some(PiiKind::Username)
    } else if last == "owner" {
        Some(PiiKind::Person)
    } else if ends("name") {
        match before {
            "company" | "organization" | "organisation" | "org" | "employer" | "account" | "business" => {
                Some(PiiKind::Organization)
            }
            // Names of things are plain words.
            "deal" | "deals" | "plan" | "product" | "feature" | "file" | "segment" | "campaign" | "event" | "tier"
            | "tag" | "playbook" | "integration" | "queue" | "list" => None,
            _ => Some(PiiKind::Person),
        }
    } else {
        None
    }
}

/// No value is longer: a postal address.
const MOST_WORDS: usize = 16;

/// What a value is by its shape, if it is nothing else beside.
fn by_shape(value: &str) -> Option<PiiKind> {
    // What they wrote and we answered is no one value.
    if value.split_whitespace().nth(MOST_WORDS).is_some() {
        return None;
    }
    let length = value.chars().count();
    PatternPii
        .find(value)
        .into_iter()
        .find(|span| span.start == 0 && span.end == length)
        .map(|span| span.kind)
        .filter(|kind| !matches!(kind, PiiKind::Date | PiiKind::Url))
        .or_else(|| is_postal(value).then_some(PiiKind::Address))
}

/// Whether a value reads like a postal address: several words, a number, a comma
/// or a street word.
fn is_postal(value: &str) -> bool {
    let words: Vec<_> = value.split_whitespace().collect();
    let number = words.iter().any(|word| word.starts_with(|c: char| c.is_ascii_digit()));
    let street = [
        "street", "str.", "st.", "road", "rd", "avenue", "ave", "lane", "drive", "way", "platz", "allee", "rue",
        "square",
    ];
    let named = words.iter().any(|word| {
        let word = word.trim_end_matches(',').to_lowercase();
        street.contains(&word.as_str()) || word.ends_with("straße") || word.ends_with("strasse")
    });
    (3..=MOST_WORDS).contains(&words.len()) && number && named
}

#[cfg(test)]
mod tests;
