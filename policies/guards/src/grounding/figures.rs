//! Numbers, amounts and days by their value.

use super::SpecificKind;

/// A figure in a text, in byte offsets.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Figure {
    pub(crate) start: usize,
    pub(crate) end: usize,
    value: Value,
}

#[derive(Clone, Debug, PartialEq)]
enum Value {
    /// What the digits can mean: `12.500` is 12.5 or 12500. In thousandths.
    Number { readings: Vec<i128>, money: bool, spelled: bool },
    /// Year, month and day, as far as they are said; both orders where they may be.
    Day { year: Option<u32>, days: Vec<(u32, u32)> },
}

impl Figure {
    /// The figure that a text is and nothing else.
    pub(crate) fn whole(text: &str) -> Option<Self> {
        begins(text, 0).filter(|figure| figure.end == text.len())
    }

    pub(crate) fn kind(&self) -> SpecificKind {
        match &self.value {
            Value::Number { money: true, .. } => SpecificKind::Price,
            Value::Number { .. } => SpecificKind::Number,
            Value::Day { .. } => SpecificKind::Date,
        }
    }

    /// Whether both say the same. `minor`: the other may count in hundredths.
    pub(crate) fn same(&self, known: &Self, minor: bool) -> bool {
        match (&self.value, &known.value) {
            (Value::Number { readings, .. }, Value::Number { readings: known, .. }) => readings
                .iter()
                .any(|one| known.iter().any(|other| one == other || (minor && one.checked_mul(100) == Some(*other)))),
            (Value::Day { year, days }, Value::Day { year: known_year, days: known_days }) => {
                let years = year.is_none() || known_year.is_none() || year == known_year;
                years && days.iter().any(|day| known_days.contains(day))
            }
            // `2026` of a day that a source holds.
            (Value::Number { readings, money: false, .. }, Value::Day { year: Some(year), .. }) => {
                readings.contains(&(i128::from(*year) * 1_000))
            }
            _ => false,
        }
    }

    /// The number, as its digits mean it first.
    pub(crate) fn amount(&self) -> Option<f64> {
        match &self.value {
            Value::Number { readings, .. } => readings.first().map(|thousandths| *thousandths as f64 / 1_000.0),
            Value::Day { .. } => None,
        }
    }

    /// Whether it is a number below twenty, which may stand anywhere by chance.
    pub(crate) fn is_small(&self) -> bool {
        matches!(&self.value, Value::Number { readings, money: false, .. } if readings.iter().all(|value| *value < 20_000))
    }

    /// Whether it is the number of a step, `24/7` or a word that counts nothing.
    pub(crate) fn is_trivial(&self, text: &str) -> bool {
        let Value::Number { readings, money, spelled } = &self.value else { return false };
        if *money {
            return false;
        }
        let before = text.get(..self.start).unwrap_or_default();
        let after = text.get(self.end..).unwrap_or_default();
        let small = readings.iter().all(|value| *value <= 1_000);
        if *spelled {
            let unit =
                after.trim_start_matches([' ', '-']).split(|c: char| !c.is_alphabetic()).next().unwrap_or_default();
            return small || !UNITS.contains(&unit.to_lowercase().as_str());
        }
        let step = before.trim_end_matches([' ', '(', '[', '*']).is_empty()
            || before.trim_end_matches([' ', '(', '[', '*', '#']).ends_with('\n');
        let marked = step
            && after.starts_with(['.', ')', ']', ':'])
            && !after.get(1..).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
        let named = before.trim_end().rsplit(|c: char| !c.is_alphabetic()).next().unwrap_or_default().to_lowercase();
        // `[1]` cites, `24/7` is always, `S3` and `Q3` are names.
        let cites = before.ends_with('[') && after.starts_with(']');
        let always = text.get(self.start..).is_some_and(|rest| rest.starts_with("24/7"))
            || (before.ends_with("24/") && after.is_empty() | !after.starts_with(|c: char| c.is_ascii_digit()));
        marked || cites || always || matches!(&*named, "step") && small
    }
}

/// What spelled numbers count, so that they claim something.
const UNITS: &[&str] = &[
    "times",
    "time",
    "day",
    "days",
    "hour",
    "hours",
    "minute",
    "minutes",
    "week",
    "weeks",
    "month",
    "months",
    "year",
    "years",
    "percent",
    "dollars",
    "euros",
    "pounds",
    "users",
    "seats",
    "people",
    "customers",
    "visits",
    "employees",
    "tickets",
    "invoices",
    "orders",
    "business",
    "working",
    "licenses",
    "licences",
    "teams",
    "members",
    "projects",
    "logins",
    "sessions",
    "accounts",
    "hundred",
    "thousand",
    "million",
    "calls",
    "emails",
    "messages",
    "pages",
    "views",
    "deals",
    "countries",
    "offices",
    "stores",
    "free",
    "gigabytes",
    "more",
];

const WORDS: &[(&str, i128)] = &[
    ("zero", 0),
    ("two", 2),
    ("three", 3),
    ("four", 4),
    ("five", 5),
    ("six", 6),
    ("seven", 7),
    ("eight", 8),
    ("nine", 9),
    ("ten", 10),
    ("eleven", 11),
    ("twelve", 12),
    ("thirteen", 13),
    ("fourteen", 14),
    ("fifteen", 15),
    ("sixteen", 16),
    ("seventeen", 17),
    ("eighteen", 18),
    ("nineteen", 19),
    ("twenty", 20),
    ("thirty", 30),
    ("forty", 40),
    ("fifty", 50),
    ("sixty", 60),
    ("seventy", 70),
    ("eighty", 80),
    ("ninety", 90),
    ("one", 1),
    ("twice", 2),
    ("thrice", 3),
    ("dozen", 12),
];

/// The figures of a text, in order.
pub(crate) fn figures(text: &str) -> Vec<Figure> {
    let mut found = Vec::new();
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        match begins(text, at) {
            Some(figure) => {
                at = figure.end.max(at + 1);
                found.push(figure);
            }
            None => {
                // Past the word or the number.
                let rest = bytes.get(at..).unwrap_or_default();
                at += rest.iter().take_while(|byte| byte.is_ascii_alphanumeric()).count().max(1);
            }
        }
    }
    found
}

/// The figure that begins at `at`, which no letter or digit may stand before.
fn begins(text: &str, at: usize) -> Option<Figure> {
    let first = text.as_bytes().get(at).filter(|byte| byte.is_ascii_alphanumeric())?;
    let before = text.get(..at).and_then(|text| text.chars().next_back());
    if before.is_some_and(char::is_alphanumeric) {
        return None;
    }
    if first.is_ascii_digit() {
        day_in_digits(text, at).or_else(|| day_then_month(text, at)).or_else(|| number(text, at))
    } else {
        month_then_day(text, at).or_else(|| spelled(text, at))
    }
}

fn digits(text: &str, at: usize) -> usize {
    text.as_bytes().get(at..).unwrap_or_default().iter().take(20).take_while(|byte| byte.is_ascii_digit()).count()
}

fn value(text: &str, at: usize, length: usize) -> Option<u32> {
    text.get(at..at + length)?.parse().ok()
}

/// `2024-03-01`, `1.3.2024`, `3/1/24`.
fn day_in_digits(text: &str, at: usize) -> Option<Figure> {
    let bytes = text.as_bytes();
    let mut parts = [(0, 0); 3];
    let mut from = at;
    let mut mark = None;
    for (index, part) in parts.iter_mut().enumerate() {
        let length = digits(text, from);
        if length == 0 || length > 4 {
            return None;
        }
        *part = (value(text, from, length)?, length);
        from += length;
        if index < 2 {
            let this = bytes.get(from).copied().filter(|byte| matches!(byte, b'-' | b'/' | b'.'))?;
            if mark.is_some_and(|mark| mark != this) {
                return None;
            }
            mark = Some(this);
            from += 1;
        }
    }
    let [(a, long), (b, _), (c, last)] = parts;
    let fits = |month: u32, day: u32| (1..=12).contains(&month) && (1..=31).contains(&day);
    let (year, days): (u32, Vec<(u32, u32)>) = if long == 4 {
        (a, [(b, c)].into_iter().filter(|(month, day)| fits(*month, *day)).collect())
    } else if last == 4 || (last == 2 && mark != Some(b'.')) || last == 2 && long == 2 {
        let year = if last == 2 { 2000 + c } else { c };
        (year, [(a, b), (b, a)].into_iter().filter(|(month, day)| fits(*month, *day)).collect())
    } else {
        return None;
    };
    if days.is_empty() || !(1900..=2199).contains(&year) {
        return None;
    }
    // The time of a timestamp belongs to it.
    let tail = bytes.get(from..).unwrap_or_default();
    let time = tail
        .iter()
        .take(24)
        .take_while(|byte| byte.is_ascii_digit() || matches!(byte, b'T' | b':' | b'.' | b'Z' | b'+' | b'-'))
        .count();
    let end = if tail.first() == Some(&b'T') { from + time } else { from };
    Some(Figure { start: at, end, value: Value::Day { year: Some(year), days } })
}

/// The month whose name starts at `at`, and where the name ends.
fn month(text: &str, at: usize) -> Option<(u32, usize)> {
    let rest = text.get(at..)?;
    let length = rest.bytes().take(10).take_while(u8::is_ascii_alphabetic).count();
    let word = rest.get(..length).filter(|word| word.len() >= 3)?;
    let index = crate::pii::MONTHS.iter().position(|month| {
        let short = month.get(..length).filter(|_| length == 3 || (length == 4 && *month == "september"));
        month.eq_ignore_ascii_case(word) || short.is_some_and(|short| short.eq_ignore_ascii_case(word))
    })?;
    // `may 3` is a verb, `May 3` is not.
    let capital = rest.starts_with(|c: char| c.is_ascii_uppercase());
    (capital || word.len() > 3).then_some((u32::try_from(index).ok()? + 1, at + length))
}

fn year_after(text: &str, at: usize) -> (Option<u32>, usize) {
    let rest = text.get(at..).unwrap_or_default();
    let skip = rest.bytes().take(3).take_while(|byte| matches!(byte, b' ' | b',' | b'.')).count();
    let length = digits(text, at + skip);
    match value(text, at + skip, length).filter(|year| length == 4 && (1900..=2199).contains(year)) {
        Some(year) if skip > 0 => (Some(year), at + skip + 4),
        _ => (None, at),
    }
}

fn ordinal(text: &str, at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    if ["st", "nd", "rd", "th"].iter().any(|end| rest.starts_with(end)) { 2 } else { 0 }
}

/// `3 March 2024`, `3rd of March`.
fn day_then_month(text: &str, at: usize) -> Option<Figure> {
    let length = digits(text, at);
    let day = value(text, at, length).filter(|day| length <= 2 && (1..=31).contains(day))?;
    let mut from = at + length;
    from += ordinal(text, from);
    let rest = text.get(from..)?;
    let skip = [" of ", ". ", " ", "-"].into_iter().find(|mark| rest.starts_with(mark))?.len();
    let (month, end) = month(text, from + skip)?;
    let (year, end) = year_after(text, end);
    Some(Figure { start: at, end, value: Value::Day { year, days: vec![(month, day)] } })
}

/// `March 3, 2024`, `Mar 3rd`.
fn month_then_day(text: &str, at: usize) -> Option<Figure> {
    let (month, end) = month(text, at)?;
    let rest = text.get(end..)?;
    let skip = rest.bytes().take(2).take_while(|byte| matches!(byte, b' ' | b'.')).count();
    let from = end + skip;
    let length = digits(text, from);
    let day = value(text, from, length).filter(|day| skip > 0 && length <= 2 && (1..=31).contains(day))?;
    let end = from + length + ordinal(text, from + length);
    let (year, end) = year_after(text, end);
    Some(Figure { start: at, end, value: Value::Day { year, days: vec![(month, day)] } })
}

/// Words and signs of money and parts of a hundred.
const MONEY: &[&str] = &[
    "€", "$", "£", "¥", "%", "eur", "usd", "gbp", "chf", "jpy", "euro", "euros", "dollar", "dollars", "pound",
    "pounds", "percent", "per cent", "cents", "francs",
];

/// `12,500.00 €`, `12.5k`, `$980`, `15 %`.
fn number(text: &str, at: usize) -> Option<Figure> {
    let bytes = text.as_bytes();
    let mut end = at;
    let mut groups: Vec<(u8, &str)> = Vec::new();
    let mut mark = 0;
    loop {
        let length = digits(text, end);
        if length == 0 || groups.len() > 6 {
            break;
        }
        groups.push((mark, text.get(end..end + length)?));
        end += length;
        mark = bytes.get(end).copied().unwrap_or(0);
        let three = digits(text, end + 1) == 3;
        let joins = match mark {
            b',' | b'.' => digits(text, end + 1) > 0,
            b'\'' => three,
            // `12 500`, and not `page 3 200 items`.
            b' ' => three && length <= 3 && digits(text, end + 4) == 0,
            _ => false,
        };
        if !joins {
            break;
        }
        end += 1;
    }
    let joined: String = groups.iter().map(|(_, group)| *group).collect();
    if joined.len() > 24 {
        return None;
    }
    let whole: i128 = joined.parse().ok()?;
    let mut readings = Vec::new();
    let thousands = groups.len() == 1 || groups.iter().skip(1).all(|(_, group)| group.len() == 3);
    if thousands {
        readings.push(whole.checked_mul(1_000)?);
    }
    if let [.., (b'.' | b',', fraction)] = groups.as_slice()
        && groups.len() > 1
    {
        let scale = 10_i128.checked_pow(u32::try_from(fraction.len()).ok()?)?;
        readings.push(whole.checked_mul(1_000)? / scale);
    }
    if readings.is_empty() {
        readings.push(whole.checked_mul(1_000)?);
    }
    let rest = text.get(end..).unwrap_or_default();
    let spaced = rest.trim_start_matches([' ', '\u{a0}', '\u{202f}', '-']);
    let unit: String = spaced.chars().take_while(|c| c.is_alphabetic()).collect::<String>().to_lowercase();
    let glued = rest.len() == spaced.len();
    let times = match unit.as_str() {
        "k" | "thousand" => 1_000,
        "m" | "million" | "mn" if glued || unit != "m" => 1_000_000,
        _ => 1,
    };
    for reading in &mut readings {
        *reading = reading.checked_mul(times)?;
    }
    let before = text.get(..at)?.trim_end_matches([' ', '\u{a0}']);
    let word: String = before
        .chars()
        .rev()
        .take_while(|c| c.is_alphabetic())
        .collect::<String>()
        .chars()
        .rev()
        .collect::<String>()
        .to_lowercase();
    let money = before.ends_with(['€', '$', '£', '¥'])
        || spaced.starts_with(['€', '$', '£', '¥', '%'])
        || MONEY.contains(&unit.as_str())
        || (word.len() == 3 && MONEY.contains(&word.as_str()));
    Some(Figure { start: at, end, value: Value::Number { readings, money, spelled: false } })
}

/// `twenty-five`, `three hundred`, `twice`.
fn spelled(text: &str, at: usize) -> Option<Figure> {
    let (mut total, mut part, mut end, mut any) = (0_i128, 0_i128, at, false);
    let mut from = at;
    for _ in 0..8 {
        let rest = text.get(from..)?;
        let length = rest.bytes().take(10).take_while(u8::is_ascii_alphabetic).count();
        let word = rest.get(..length)?;
        // Nearly every word is none, and as long or as short as none is.
        let counts = (3..=9).contains(&length) && WORDS.iter().any(|(name, _)| name.eq_ignore_ascii_case(word));
        if !any && !counts {
            return None;
        }
        let word = word.to_ascii_lowercase();
        match word.as_str() {
            "hundred" if any => part = part.max(1) * 100,
            "thousand" if any => {
                total += part.max(1) * 1_000;
                part = 0;
            }
            "and" if any && part.rem_euclid(100) == 0 => {}
            word => match WORDS.iter().find(|(name, _)| *name == word) {
                Some((_, number)) if !any || *number < 10 && part % 10 == 0 || part % 100 == 0 => {
                    part += number;
                    any = true;
                }
                _ => break,
            },
        }
        if word != "and" {
            end = from + length;
        }
        from += length;
        if !text.get(from..).is_some_and(|rest| rest.starts_with([' ', '-'])) {
            break;
        }
        from += 1;
    }
    let rest = text.get(end..).unwrap_or_default().trim_start_matches([' ', '-']);
    let unit: String = rest.chars().take_while(|c| c.is_alphabetic()).collect::<String>().to_lowercase();
    let twice =
        text.get(at..end).is_some_and(|word| word.eq_ignore_ascii_case("twice") || word.eq_ignore_ascii_case("thrice"));
    let value = Value::Number {
        readings: vec![(total + part) * 1_000],
        money: MONEY.contains(&unit.as_str()),
        spelled: !twice,
    };
    any.then_some(Figure { start: at, end, value })
}
