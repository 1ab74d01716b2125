//! From known values to patterns.

use super::{Pattern, Pseudonyms, Spellings};
use crate::known::is_name_part;
use crate::pii::calling_code_length;
use crate::squeeze::letters;
use crate::{KnownValue, PiiKind};
use std::collections::{BTreeMap, BTreeSet};

/// A part of a value that can stand alone.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Name {
    First,
    Last,
    Whole,
}

impl Name {
    pub(super) fn suffix(self) -> &'static str {
        match self {
            Self::First => ".first",
            Self::Last => ".last",
            Self::Whole => "",
        }
    }
}

/// First and last names that are plain English words as well: they count as a
/// name only as they are on record. In order.
pub(super) const PLAIN: &[&str] = &[
    "amber",
    "april",
    "art",
    "august",
    "baker",
    "best",
    "bill",
    "black",
    "bob",
    "brown",
    "case",
    "chance",
    "chase",
    "chip",
    "christian",
    "cook",
    "cooper",
    "crystal",
    "dawn",
    "day",
    "dean",
    "don",
    "drew",
    "english",
    "faith",
    "field",
    "fields",
    "fox",
    "frank",
    "gene",
    "good",
    "grace",
    "grant",
    "gray",
    "green",
    "guy",
    "hall",
    "hill",
    "hope",
    "house",
    "iris",
    "jack",
    "jean",
    "john",
    "joy",
    "june",
    "king",
    "law",
    "little",
    "long",
    "major",
    "mark",
    "marshall",
    "mason",
    "may",
    "miles",
    "miller",
    "nick",
    "olive",
    "page",
    "parks",
    "pat",
    "penny",
    "pope",
    "price",
    "ray",
    "rich",
    "rob",
    "rock",
    "rose",
    "ruby",
    "sales",
    "sharp",
    "short",
    "small",
    "smart",
    "smith",
    "sterling",
    "stone",
    "sue",
    "summer",
    "support",
    "taylor",
    "turner",
    "walker",
    "ward",
    "waters",
    "wells",
    "west",
    "white",
    "will",
    "wood",
    "woods",
    "wright",
    "young",
];

/// Makes the tables of a run.
pub(super) fn build(known: &[KnownValue]) -> Pseudonyms {
    extend(Tables::default(), known)
}

/// The tables with more that is known. Who was known first keeps a spelling that
/// two could have.
pub(super) fn learn(pseudonyms: Pseudonyms, known: &[KnownValue]) -> Pseudonyms {
    let texts = pseudonyms.known.in_order(pseudonyms.patterns.len());
    extend(Tables { texts, pseudonyms }, known)
}

fn extend(mut tables: Tables, known: &[KnownValue]) -> Pseudonyms {
    let people: Vec<(&str, [Option<&str>; 2])> = known
        .iter()
        .filter(|value| value.kind == PiiKind::Person)
        .map(|value| (value.value.trim(), parts(&value.value)))
        .collect();
    // Which parts belong to how many people, by their whole names.
    let mut owners: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (whole, parts) in &people {
        for part in parts.iter().flatten() {
            owners.entry(part.to_lowercase()).or_default().insert(whole.to_lowercase());
        }
    }
    for value in known {
        let whole = value.value.trim();
        if whole.chars().filter(|c| c.is_alphanumeric()).count() == 0 {
            continue;
        }
        // A part that is listed beside its whole name is no second person.
        if value.kind == PiiKind::Person && owners.contains_key(&whole.to_lowercase()) {
            continue;
        }
        let entity = tables.pseudonyms.entity(Some(value.kind), whole);
        tables.add(entity, Name::Whole, whole);
        match value.kind {
            PiiKind::Phone => tables.phone(entity, whole),
            PiiKind::BankAccount | PiiKind::CreditCard | PiiKind::Iban => tables.tail(entity, whole),
            _ => {}
        }
    }
    for (whole, parts) in people {
        for (name, part) in [Name::First, Name::Last].into_iter().zip(parts) {
            let Some(part) = part else { continue };
            let shared = owners.get(&part.to_lowercase()).is_some_and(|owners| owners.len() > 1);
            // `Dana` of Dana Whitfield and Dana Scully is neither of them.
            let (entity, name) = if shared {
                (tables.pseudonyms.entity(Some(PiiKind::Person), part), Name::Whole)
            } else {
                (tables.pseudonyms.entity(Some(PiiKind::Person), whole), name)
            };
            tables.add(entity, name, part);
        }
    }
    tables.finish()
}

/// The first and the last part of a name, where they can stand alone.
fn parts(name: &str) -> [Option<&str>; 2] {
    let mut parts = name.split_whitespace();
    let (first, last) = (parts.next(), parts.next_back());
    if last.is_none() {
        return [None, None];
    }
    let last = last.filter(|last| first.is_none_or(|first| !first.eq_ignore_ascii_case(last)));
    [first.filter(|part| is_name_part(part)), last.filter(|part| is_name_part(part))]
}

#[derive(Default)]
struct Tables {
    texts: Vec<String>,
    pseudonyms: Pseudonyms,
}

impl Tables {
    /// Looks for `value` from now on, and puts its spelling on record.
    fn add(&mut self, entity: usize, name: Name, value: &str) {
        self.pseudonyms.form(entity, name, value, true);
        let lower = value.to_lowercase();
        // So short or so plain that only this spelling is a name.
        let exact = value.chars().count() < 3 || PLAIN.binary_search(&lower.as_str()).is_ok();
        let one_word = value.chars().count() < 8 && value.chars().all(char::is_alphanumeric);
        let mut spellings = vec![value.to_owned()];
        if !exact {
            spellings.extend(spelled(value));
        }
        let mut texts: Vec<String> = spellings.iter().map(|spelling| letters(spelling)).collect();
        texts.sort();
        texts.dedup();
        for text in texts.into_iter().filter(|text| !text.is_empty()) {
            let exact = exact.then(|| value.to_owned());
            self.pseudonyms.patterns.push(Pattern { entity, name, exact, one_word });
            self.texts.push(text);
        }
    }

    /// Looks for the last digits of a card or an account where words say so.
    fn tail(&mut self, entity: usize, value: &str) {
        let digits: Vec<char> = value.chars().filter(char::is_ascii_digit).collect();
        if digits.len() < 8 {
            return;
        }
        let last: String = digits.iter().skip(digits.len() - 4).collect();
        for before in [
            "ending in ",
            "ending with ",
            "ending ",
            "ends in ",
            "ends with ",
            "last four ",
            "last 4 ",
            "last four digits ",
            "last 4 digits ",
            "xxxx",
            "xxxx xxxx xxxx ",
        ] {
            self.pseudonyms.patterns.push(Pattern { entity, name: Name::Whole, exact: None, one_word: false });
            self.texts.push(letters(&format!("{before}{last}")));
        }
        self.pseudonyms.tails.entry(last).or_insert(entity);
    }

    /// Looks for the digits of a phone number, with and without calling code.
    fn phone(&mut self, entity: usize, value: &str) {
        let digits = super::canonical(Some(PiiKind::Phone), value);
        let international = value.trim_start_matches(['(', ' ']).starts_with(['+']) || value.starts_with("00");
        let mut forms = vec![digits.clone(), format!("00{digits}")];
        if international && let Some(national) = calling_code_length(&digits).and_then(|length| digits.get(length..)) {
            forms.extend([national.to_owned(), format!("0{national}")]);
        }
        for form in forms {
            if form.len() >= 7 {
                // The first known number keeps a form that two could have.
                self.pseudonyms.phones.entry(form).or_insert(entity);
            }
        }
    }

    fn finish(mut self) -> Pseudonyms {
        self.pseudonyms.known = Spellings::new(self.texts);
        self.pseudonyms
    }
}

/// Other ways in which people write a value: `dana(at)x dot example`, `Mueller`
/// for `Müller`.
fn spelled(value: &str) -> Vec<String> {
    let mut spelled = Vec::new();
    if value.contains('@') {
        let at = value.replace('@', " at ");
        spelled.push(at.replace('.', " dot "));
        spelled.push(value.replace('.', " dot "));
        spelled.push(at);
    }
    if value.contains(['ä', 'ö', 'ü', 'Ä', 'Ö', 'Ü', 'å', 'Å', 'ø', 'Ø']) {
        let plain = value.to_lowercase();
        spelled
            .push(plain.replace('ä', "ae").replace('ö', "oe").replace('ü', "ue").replace('å', "aa").replace('ø', "oe"));
    }
    spelled
}
