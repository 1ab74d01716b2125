//! Values of facts that may not be said, in a text.

use crate::squeeze::Squeezed;
use aho_corasick::{AhoCorasick, AhoCorasickKind};
use attache_journal::Permission;
use serde_json::Value;

/// The values of facts that may not be said: finds them in what a model wrote.
///
/// A value is matched as a whole, in any case and with any spaces or marks
/// between its letters (`North-Wind`, `northwind`); a number also with
/// separators between its digits (`12,500` for 12500). Values inside lists and
/// objects count as values of the fact.
///
/// Limits: a value said in other words is not seen. Texts of fewer than four
/// letters or digits, common words (`annual`, `high`), yes and no, and numbers
/// of fewer than two digits are not looked for: they would stand in any text.
#[derive(Debug)]
pub struct FactValues {
    automaton: AhoCorasick,
    /// The key and whether it is a number, for each pattern.
    patterns: Vec<(String, bool)>,
    /// The patterns.
    texts: Vec<String>,
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
        let allowed: Vec<Squeezed> = allowed.iter().map(|text| Squeezed::new(text)).collect();
        let (mut said, mut unsaid) = (Vec::new(), Vec::new());
        for (key, value, permission) in facts {
            let to = match permission {
                Permission::Mentionable => &mut said,
                Permission::Hidden | Permission::Usable => &mut unsaid,
            };
            leaves(value, &mut |text, number| to.push((key, text, number)));
        }
        unsaid.retain(|(_, text, _)| !said.iter().any(|(_, said, _)| said == text));
        let mut values = Self::compile(unsaid);
        // The same search finds what the customer said first.
        let mut stands = vec![false; values.patterns.len()];
        for text in &allowed {
            for (pattern, ..) in values.search(text) {
                if let Some(stands) = stands.get_mut(pattern) {
                    *stands = true;
                }
            }
        }
        if stands.contains(&true) {
            values = Self::compile(
                values
                    .texts
                    .iter()
                    .zip(&values.patterns)
                    .zip(&stands)
                    .filter(|(_, stands)| !**stands)
                    .map(|((text, (key, number)), _)| (key.as_str(), text.clone(), *number))
                    .collect(),
            );
        }
        values
    }

    /// Each place where `text` says one of the values, in order.
    #[must_use]
    pub fn stated(&self, text: &str) -> Vec<Stated> {
        if self.patterns.is_empty() {
            return Vec::new();
        }
        let squeezed = Squeezed::new(text);
        let mut stated: Vec<Stated> = self
            .search(&squeezed)
            .filter_map(|(pattern, start, end)| {
                let (key, _) = self.patterns.get(pattern)?;
                Some(Stated { key: key.clone(), start, end })
            })
            .collect();
        stated.sort_by(|a, b| (a.start, a.end, &a.key).cmp(&(b.start, b.end, &b.key)));
        stated.dedup();
        stated
    }

    fn compile(values: Vec<(&str, String, bool)>) -> Self {
        #[expect(
            clippy::expect_used,
            reason = "fails only above 2^31 states, and a bundle holds at most a mebibyte of values"
        )]
        let automaton = AhoCorasick::builder()
            // Made for one text or a few: what is quickest to build, not to search.
            .kind(Some(AhoCorasickKind::NoncontiguousNFA))
            .build(values.iter().map(|(_, text, _)| text))
            .expect("fewer than 2^31 bytes of values");
        let (patterns, texts) = values.into_iter().map(|(key, text, number)| ((key.to_owned(), number), text)).unzip();
        Self { automaton, patterns, texts }
    }

    /// The places of patterns that begin and end with words, in scalar values.
    fn search<'a>(&'a self, text: &'a Squeezed) -> impl Iterator<Item = (usize, usize, usize)> + 'a {
        self.automaton.find_overlapping_iter(&text.letters).filter_map(move |found| {
            let pattern = found.pattern().as_usize();
            let (_, number) = self.patterns.get(pattern)?;
            let (first, last) = (text.places.get(found.start())?, text.places.get(found.end() - 1)?);
            let whole = first.begins && last.ends;
            let fits = !number || text.is_number(found.start(), found.end());
            (whole && fits).then_some((pattern, first.at, last.at + 1))
        })
    }
}

/// Calls `each` with the value, or with each value inside it, squeezed.
fn leaves(value: &Value, each: &mut impl FnMut(String, bool)) {
    match value {
        Value::Array(values) => values.iter().for_each(|value| leaves(value, each)),
        Value::Object(fields) => fields.values().for_each(|value| leaves(value, each)),
        Value::Number(number) => {
            let text = number.to_string();
            // `12500.0` is said as 12500.
            let digits = Squeezed::new(text.strip_suffix(".0").unwrap_or(&text)).letters;
            if digits.len() >= 2 {
                each(digits, true);
            }
        }
        Value::String(text) => {
            let letters = Squeezed::new(text).letters;
            let digits = letters.bytes().all(|byte| byte.is_ascii_digit());
            let least = if digits { 2 } else { 4 };
            if letters.chars().count() >= least && !COMMON.contains(&letters.as_str()) {
                each(letters, digits);
            }
        }
        Value::Bool(_) | Value::Null => {}
    }
}

#[cfg(test)]
mod tests;
