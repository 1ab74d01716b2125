//! Values of facts that may not be said, in a text.

mod disguise;
mod figured;

use crate::grounding::figures::{Figure, figures};
use crate::squeeze::{Squeezed, letters};
use attache_journal::Permission;
use disguise::readings;
use figured::Figured;
use memchr::memmem;
use serde_json::Value;

/// The values of facts that may not be said: finds them in what a model wrote.
///
/// A value is matched as a whole, in any case and with any spaces or marks
/// between its letters (`North-Wind`, `northwind`); a number also with
/// separators between its digits (`12,500` for 12500), spelled out, rounded
/// (`about 12,000`), as a span (`12 to 13 thousand`) or in another unit of time;
/// a day in any usual form; a value of six letters and more also with digits for
/// letters, backwards, shifted by thirteen, as hexadecimal digits or in base64.
/// Values inside lists and objects count as values of the fact.
///
/// Limits: a value said by what it means is not seen. Texts of fewer than four
/// letters or digits, common words (`annual`, `high`), yes and no, and numbers
/// of fewer than two digits are not looked for: they would stand in any text.
#[derive(Debug)]
pub struct FactValues {
    patterns: Vec<Pattern>,
    /// Numbers and days among the values.
    figured: Vec<Figured>,
    /// Figures that anybody may say.
    public: Vec<Figure>,
}

/// A value in the letters and digits that every spelling of it has.
#[derive(Debug)]
struct Pattern {
    /// The key of the fact.
    key: String,
    text: String,
    number: bool,
}

/// A place where a text says the value of a fact.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Stated {
    /// The key of the fact.
    pub key: String,
    /// Where it starts, in Unicode scalar values.
    pub start: usize,
    /// Where it ends, exclusive, in Unicode scalar values.
    pub end: usize,
}

/// Words that are values of facts and stand in any text.
const COMMON: &[&str] = &[
    "active",
    "annual",
    "basic",
    "chat",
    "closed",
    "company",
    "customer",
    "daily",
    "email",
    "enterprise",
    "false",
    "free",
    "good",
    "hello",
    "help",
    "high",
    "inactive",
    "language",
    "medium",
    "message",
    "monthly",
    "negative",
    "neutral",
    "none",
    "null",
    "onboarding",
    "open",
    "pending",
    "phone",
    "plan",
    "positive",
    "pricing",
    "product",
    "sales",
    "standard",
    "support",
    "team",
    "test",
    "thanks",
    "ticket",
    "trial",
    "true",
    "unknown",
    "user",
    "website",
    "week",
    "weekly",
    "work",
    "year",
    "yearly",
];

impl FactValues {
    /// Looks for the values of all `facts` that are not mentionable. A value that
    /// a mentionable fact holds too, or that stands in one of the `allowed` texts
    /// (what the customer wrote), is no secret and not looked for.
    #[must_use]
    pub fn new<'a>(facts: impl IntoIterator<Item = (&'a str, &'a Value, Permission)>, allowed: &[&str]) -> Self {
        let squeezed: Vec<Squeezed> = allowed.iter().map(|text| Squeezed::new(text)).collect();
        let (mut said, mut unsaid, mut figured, mut public) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for (key, value, permission) in facts {
            let mentionable = permission == Permission::Mentionable;
            let to = if mentionable { &mut said } else { &mut unsaid };
            leaves(value, &mut |leaf, text, number| {
                to.extend(text.map(|text| (key, text, number)));
                match leaf {
                    Value::String(text) if mentionable => public.extend(figures(text)),
                    Value::Number(number) if mentionable => public.extend(figures(&number.to_string())),
                    leaf if !mentionable => figured.extend(Figured::new(key, leaf)),
                    _ => {}
                }
            });
        }
        if !figured.is_empty() {
            public.extend(allowed.iter().flat_map(|text| figures(text)));
        }
        figured.retain(|one: &Figured| !public.iter().any(|known| one.same(known)));
        unsaid.retain(|(_, text, _)| !said.iter().any(|(_, said, _)| said == text));
        let patterns = unsaid.into_iter().map(|(key, text, number)| Pattern { key: key.to_owned(), text, number });
        let said = |pattern: &Pattern| squeezed.iter().any(|text| pattern.places(text).next().is_some());
        Self { patterns: patterns.filter(|pattern| !said(pattern)).collect(), figured, public }
    }

    /// Each place where `text` says one of the values, in order.
    #[must_use]
    pub fn stated(&self, text: &str) -> Vec<Stated> {
        if self.patterns.is_empty() && self.figured.is_empty() {
            return Vec::new();
        }
        let mut stated = self.disguised(text);
        stated.extend(self.restated(text));
        let squeezed = Squeezed::new(text);
        stated.extend(self.patterns.iter().flat_map(|pattern| {
            pattern.places(&squeezed).map(|(start, end)| Stated { key: pattern.key.clone(), start, end })
        }));
        stated.sort_by(|a, b| (a.start, a.end, &a.key).cmp(&(b.start, b.end, &b.key)));
        stated.dedup();
        stated
    }

    /// Values in a spelling that hides them.
    fn disguised(&self, text: &str) -> Vec<Stated> {
        let long: Vec<&Pattern> = self.patterns.iter().filter(|pattern| is_long(&pattern.text)).collect();
        let mut found = Vec::new();
        if long.is_empty() {
            return found;
        }
        for reading in readings(text) {
            for pattern in &long {
                for (start, end) in pattern.places(&reading.text) {
                    let (start, end) = reading.place(start, end);
                    found.push(Stated { key: pattern.key.clone(), start, end });
                }
            }
        }
        found
    }

    /// Numbers and days in other words.
    fn restated(&self, text: &str) -> Vec<Stated> {
        if self.figured.is_empty() {
            return Vec::new();
        }
        let mut said = figures(text);
        said.retain(|figure| !self.public.iter().any(|known| figure.same(known, false)));
        let starts: Vec<usize> = text.char_indices().map(|(byte, _)| byte).collect();
        let char_at = |byte: usize| starts.partition_point(|start| *start < byte);
        let places = self
            .figured
            .iter()
            .flat_map(|one| one.places(text, &said).into_iter().map(|(start, end)| (one.key.clone(), start, end)));
        places.map(|(key, start, end)| Stated { key, start: char_at(start), end: char_at(end) }).collect()
    }
}

impl Pattern {
    /// Where it stands as whole words, in scalar values. One value after the
    /// other: they are few, made for a text or two, and an automaton of all takes
    /// longer to build than this takes.
    fn places<'a>(&'a self, text: &'a Squeezed) -> impl Iterator<Item = (usize, usize)> + 'a {
        everywhere(self.text.as_bytes(), text.letters.as_bytes()).filter_map(move |start| {
            let end = start + self.text.len();
            let (first, last) = text.whole(start, end)?;
            (!self.number || text.is_number(start, end)).then_some((first.at, last.at + 1))
        })
    }
}

/// Each place where a value stands, those that overlap too.
fn everywhere<'a>(value: &'a [u8], text: &'a [u8]) -> impl Iterator<Item = usize> + 'a {
    let finder = memmem::Finder::new(value);
    let mut from = 0;
    std::iter::from_fn(move || {
        let start = from + finder.find(text.get(from..)?)?;
        from = start + 1;
        Some(start)
    })
}

/// Whether a value is long enough to be looked for in disguise: shorter ones
/// come out of other words by chance.
fn is_long(squeezed: &str) -> bool {
    squeezed.chars().filter(|c| c.is_alphabetic()).count() >= 6
}

/// Calls `each` with the value, or with each value inside it, and with what to
/// look for squeezed: its letters or digits, and whether these are a number.
fn leaves(value: &Value, each: &mut impl FnMut(&Value, Option<String>, bool)) {
    match value {
        Value::Array(values) => values.iter().for_each(|value| leaves(value, each)),
        Value::Object(fields) => fields.values().for_each(|value| leaves(value, each)),
        Value::Number(number) => {
            let text = number.to_string();
            // `12500.0` is said as 12500.
            let digits = letters(text.strip_suffix(".0").unwrap_or(&text));
            each(value, Some(digits).filter(|digits| digits.len() >= 2), true);
        }
        Value::String(text) => {
            let letters = letters(text);
            let digits = letters.bytes().all(|byte| byte.is_ascii_digit());
            let least = if digits { 2 } else { 4 };
            let kept = letters.chars().count() >= least && !COMMON.contains(&letters.as_str());
            each(value, Some(letters).filter(|_| kept), digits);
        }
        Value::Bool(_) | Value::Null => {}
    }
}

#[cfg(test)]
mod tests;
