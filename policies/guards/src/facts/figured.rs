//! Numbers and days that say the value of a fact in other words: spelled out,
//! rounded, as a span, in another unit.

use crate::grounding::figures::Figure;
use serde_json::Value;

/// A number or a day that may not be said.
#[derive(Debug)]
pub(super) struct Figured {
    /// The key of the fact.
    pub(super) key: String,
    figure: Figure,
    /// How many minutes one of what it counts lasts, if its key says so.
    minutes: Option<f64>,
}

/// Units of time by the beginning of their names, in minutes.
const UNITS: [(&str, f64); 6] =
    [("minute", 1.0), ("hour", 60.0), ("day", 1_440.0), ("week", 10_080.0), ("month", 43_800.0), ("year", 525_600.0)];
/// Words that say that a number is not the exact one.
const ABOUT: [&str; 14] = [
    "about",
    "almost",
    "approximately",
    "around",
    "circa",
    "nearly",
    "over",
    "roughly",
    "some",
    "than",
    "to",
    "under",
    "up",
    "~",
];
/// As far as the words beside a figure are read, in bytes: more than the longest of them has.
const NEAR: usize = 24;
/// How far a rounded number may be from the value, and a span may reach.
const ROUNDED: f64 = 0.1;
const SPAN: f64 = 0.5;
/// Smaller numbers are rounded to by chance.
const LARGE: f64 = 20.0;

impl Figured {
    /// The figure of a value that is one and nothing else.
    pub(super) fn new(key: &str, value: &Value) -> Option<Self> {
        let text = match value {
            Value::Number(number) => number.to_string(),
            Value::String(text) => text.trim().to_owned(),
            _ => return None,
        };
        let text = text.strip_suffix(".0").unwrap_or(&text);
        let figure = Figure::whole(text)?;
        // `3` is said of anything.
        if figure.amount().is_some_and(|amount| amount < 10.0) {
            return None;
        }
        let named = key.to_ascii_lowercase();
        let minutes = UNITS.iter().find(|(unit, _)| named.contains(unit)).map(|(_, minutes)| *minutes);
        Some(Self { key: key.to_owned(), figure, minutes })
    }

    /// Whether both are one figure.
    pub(super) fn same(&self, other: &Figure) -> bool {
        self.figure.same(other, false)
    }

    /// Where `text` says it, in bytes. `said` are its figures.
    pub(super) fn places(&self, text: &str, said: &[Figure]) -> Vec<(usize, usize)> {
        let exact = said.iter().filter(|figure| !figure.is_trivial(text) && self.says(text, figure));
        let mut places: Vec<(usize, usize)> = exact.map(|figure| (figure.start, figure.end)).collect();
        let amount = self.figure.amount().filter(|amount| *amount >= LARGE);
        if let Some(amount) = amount {
            for pair in said.windows(2) {
                let [from, to] = pair else { continue };
                let (Some(low), Some(high)) = (from.amount(), to.amount()) else { continue };
                let between = text.get(from.end..to.start).unwrap_or_default().trim();
                let joined = matches!(between, "-" | "\u{2013}" | "\u{2014}" | "and" | "to" | "or");
                if joined && low <= amount && amount <= high && high - low <= amount * SPAN {
                    places.push((from.start, to.end));
                }
            }
        }
        places
    }

    fn says(&self, text: &str, figure: &Figure) -> bool {
        // `48a` is the name of a thing.
        let glued: String =
            text.get(figure.end..).unwrap_or_default().chars().take(4).take_while(|c| c.is_alphabetic()).collect();
        if !matches!(glued.to_lowercase().as_str(), "" | "k" | "m" | "mn" | "eur" | "usd" | "gbp") {
            return false;
        }
        if self.figure.same(figure, false) {
            return true;
        }
        let (Some(amount), Some(said)) = (self.figure.amount(), figure.amount()) else { return false };
        let before = text.get(..figure.start).unwrap_or_default().trim_end();
        let near = before.get(before.floor_char_boundary(before.len().saturating_sub(NEAR))..).unwrap_or_default();
        let word = near.rsplit(char::is_whitespace).next().unwrap_or_default().to_lowercase();
        let about = ABOUT.contains(&word.as_str()) || before.ends_with('~');
        if about && amount >= LARGE && (said - amount).abs() <= amount * ROUNDED {
            return true;
        }
        let after = text.get(figure.end..).unwrap_or_default().trim_start_matches([' ', '-', '\u{a0}']);
        let after = after.get(..after.floor_char_boundary(NEAR)).unwrap_or_default().to_lowercase();
        // A share may be said in hundredths.
        if after.starts_with('%') && amount < 1.0 {
            return (said - amount * 100.0).abs() < 1e-6;
        }
        let unit = UNITS.iter().find(|(unit, _)| after.starts_with(unit));
        match (self.minutes, unit) {
            (Some(ours), Some((_, theirs))) if ours.to_bits() != theirs.to_bits() => {
                let (ours, theirs) = (amount * ours, said * theirs);
                (ours - theirs).abs() <= ours * 0.03
            }
            _ => false,
        }
    }
}
