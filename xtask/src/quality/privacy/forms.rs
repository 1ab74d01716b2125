//! Texts with personal data in published forms: sentences and forms of a file under `policies/guards/eval`, filled by
//! a seed. `forms.txt` there says how they are written.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::Outcome;
use crate::house::House;

/// How often each sentence is filled.
const EACH: usize = 40;
const SEED: u64 = 20_261_128;

const FIRST: &[&str] = &[
    "Aaliyah",
    "Bogdan",
    "Chiara",
    "Dmitri",
    "Eleni",
    "Farouk",
    "Greta",
    "Hiroshi",
    "Ines",
    "Jarrod",
    "Katarzyna",
    "Lucas",
    "Mireille",
    "Nadia",
    "Oscar",
    "Priyanka",
    "Quentin",
    "Rosalind",
    "Sven",
    "Tatiana",
    "Umar",
    "Valentina",
];
const LAST: &[&str] = &[
    "Almeida",
    "Bergstrom",
    "Castellano",
    "Dombrowski",
    "Eriksen",
    "Fontaine",
    "Gunnarsson",
    "Hartmann",
    "Ibrahim",
    "Jankowski",
    "Keller",
    "Lindqvist",
    "Moretti",
    "Novotny",
    "Okafor",
    "Pereira",
    "Rousseau",
    "Schneider",
    "Tanaka",
];
const HANDLES: &[&str] = &[
    "mira_k88",
    "the.real.otto",
    "skywalker_77",
    "jdoe1984",
    "n0va",
    "blue-heron-5",
    "xX_lena_Xx",
    "kwame.t",
    "zed9000",
];
const DOMAINS: &[&str] = &[
    "northgate-bikes.com",
    "hallo-welt.de",
    "petitjardin.fr",
    "fenlandfoods.co.uk",
    "acme.io",
    "rivertown.org",
    "studio-lumen.net",
    "casaverde.it",
    "openfjord.no",
    "tinyhouse.example",
    "koala-tours.com.au",
    "brewlab.dev",
];
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const MESES: &[&str] = &["enero", "febrero", "marzo", "abril", "mayo", "junio", "agosto", "octubre", "diciembre"];
const MONATE: &[&str] = &["Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "Oktober", "Dezember"];
const MOIS: &[&str] = &["janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "décembre"];
const WEEKDAYS: &[&str] = &["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/// The texts with their spans, as the records of a labelled set.
pub(super) fn records(house: &House, file: &str) -> Outcome<Vec<Value>> {
    let path = format!("policies/guards/eval/{file}");
    let text = std::fs::read_to_string(house.path(&path)).map_err(|e| format!("{path}: {e}"))?;
    let mut forms: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (kind, form) in text.lines().filter(|line| !line.starts_with(['#', '>'])).filter_map(|l| l.split_once(" = ")) {
        forms.entry(kind).or_default().push(form);
    }
    let mut dice = Dice(SEED);
    let mut records = Vec::new();
    for sentence in text.lines().filter_map(|line| line.strip_prefix("> ")) {
        for _ in 0..EACH {
            records.push(filled(sentence, &forms, &mut dice).map_err(|e| format!("{path}: {e}"))?);
        }
    }
    Ok(records)
}

/// A sentence with values in its slots, and where they stand.
fn filled(sentence: &str, forms: &BTreeMap<&str, Vec<&str>>, dice: &mut Dice) -> Outcome<Value> {
    let (mut text, mut spans, mut rest) = (String::new(), Vec::new(), sentence);
    while let Some((before, (kind, after))) =
        rest.split_once('[').and_then(|(before, after)| Some((before, after.split_once(']')?)))
    {
        text.push_str(before);
        let of = forms.get(kind).ok_or_else(|| format!("`{sentence}`: there is no form of {kind}"))?;
        let value = value(dice.pick(of), dice);
        let start = text.chars().count();
        text.push_str(&value);
        spans.push(json!({ "type": kind, "start": start, "end": text.chars().count() }));
        rest = after;
    }
    text.push_str(rest);
    Ok(json!({ "text": text, "spans": spans }))
}

/// A value of a form.
fn value(form: &str, dice: &mut Dice) -> String {
    let mut out = String::new();
    let mut rest = form;
    while let Some(c) = rest.chars().next() {
        rest = rest.get(c.len_utf8()..).unwrap_or_default();
        match c {
            '#' => out.push(dice.one_of("0123456789")),
            '%' => out.push(dice.one_of("123456789")),
            '@' => out.push(dice.one_of("ABCDEFGHJKLMNPRSTUVWXYZ")),
            '~' => out.push(dice.one_of("abcdefghijklmnopqrstuvwxyz")),
            '^' => out.push(dice.one_of("0123456789abcdef")),
            '{' => {
                let (name, after) = rest.split_once('}').unwrap_or((rest, ""));
                out.push_str(&part(name, &out, dice));
                rest = after;
            }
            other => out.push(other),
        }
    }
    with_check(out)
}

/// Stands for check digits until the rest is known.
const LATER: char = '\u{1}';

fn part(name: &str, before: &str, dice: &mut Dice) -> String {
    match name {
        "d" => (1 + dice.below(28)).to_string(),
        "dd" => format!("{:02}", 1 + dice.below(28)),
        "m" => (1 + dice.below(12)).to_string(),
        "mm" => format!("{:02}", 1 + dice.below(12)),
        "yy" => format!("{:02}", 26 + dice.below(8)),
        "yyyy" => (1950 + dice.below(85)).to_string(),
        "h" => (1 + dice.below(12)).to_string(),
        "hh" => format!("{:02}", dice.below(24)),
        "mi" => format!("{:02}", dice.below(60)),
        "month" => dice.pick(&MONTHS).to_owned(),
        "mon" => dice.pick(&MONTHS).chars().take(3).collect(),
        "mes" => dice.pick(MESES).to_owned(),
        "monat" => dice.pick(MONATE).to_owned(),
        "mois" => dice.pick(MOIS).to_owned(),
        "weekday" => dice.pick(WEEKDAYS).to_owned(),
        "first" => dice.pick(FIRST).to_owned(),
        "last" => dice.pick(LAST).to_owned(),
        "handle" => dice.pick(HANDLES).to_owned(),
        "domain" => dice.pick(DOMAINS).to_owned(),
        "email" => {
            format!("{}.{}@{}", dice.pick(FIRST).to_lowercase(), dice.pick(LAST).to_lowercase(), dice.pick(DOMAINS))
        }
        "at" => "@".to_owned(),
        "luhn" => luhn(before).to_string(),
        "97" => LATER.to_string(),
        other => format!("{{{other}}}"),
    }
}

/// The digit that makes the digits of `before` pass the Luhn check.
fn luhn(before: &str) -> u32 {
    let digits = before.chars().filter_map(|c| c.to_digit(10));
    let sum: u32 = digits
        .rev()
        .enumerate()
        .map(|(place, digit)| if place % 2 == 1 { digit } else { digit * 2 / 10 + digit * 2 % 10 })
        .sum();
    (10 - sum % 10) % 10
}

/// An IBAN with its check digits; anything else as it is.
fn with_check(value: String) -> String {
    let Some((country, account)) = value.split_once(LATER) else {
        return value;
    };
    let number = account.chars().chain(country.chars()).chain("00".chars()).filter_map(|c| c.to_digit(36));
    let rest = number.fold(0, |rest, digit| if digit < 10 { rest * 10 + digit } else { rest * 100 + digit } % 97);
    format!("{country}{:02}{account}", 98 - rest)
}

/// A small generator of numbers (SplitMix64): same seed, same numbers.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let most = u64::try_from(most.max(1)).unwrap_or(1);
        usize::try_from((mixed ^ (mixed >> 31)) % most).unwrap_or(0)
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from.get(self.below(from.len())).copied().unwrap_or_default()
    }

    fn one_of(&mut self, from: &str) -> char {
        from.chars().nth(self.below(from.len())).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_digits_are_right() {
        assert_eq!(luhn("411111111111111"), 1);
        assert_eq!(with_check(format!("DE{LATER}370400440532013000")), "DE89370400440532013000");
        assert_eq!(with_check(format!("GB{LATER} WEST 1234 5698 7654 32")), "GB82 WEST 1234 5698 7654 32");
    }

    #[test]
    fn a_slot_is_filled_and_its_place_told() {
        let forms = BTreeMap::from([("ZIP_CODE", vec!["12 é"])]);
        let record = filled("in [ZIP_CODE].", &forms, &mut Dice(1)).unwrap();
        assert_eq!(record, json!({ "text": "in 12 é.", "spans": [{ "type": "ZIP_CODE", "start": 3, "end": 7 }] }));
        assert!(filled("[NOTHING]", &forms, &mut Dice(1)).is_err());
    }
}
