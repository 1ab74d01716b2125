//! Days, in figures and with the names of months.

use super::numbers::{Group, Run, glued_right, three, value};
use super::{Found, PiiKind};

/// Dates in figures, with the time of an ISO 8601 timestamp.
pub(super) fn date(found: &mut Found<'_>, run: &Run, index: usize, first: Group) -> Option<usize> {
    let [a, b, c] = three(run, index)?;
    let same = a.separator == b.separator && matches!(a.separator, b'-' | b'/' | b'.');
    if !same || b.len() > 2 || c.separator == a.separator {
        return None;
    }
    let (x, y, z) = (value(found, a)?, value(found, b)?, value(found, c)?);
    let month_and_day = |m: u32, d: u32| (1..=12).contains(&m) && (1..=31).contains(&d);
    let plausible = match (a.len(), c.len()) {
        (4, 1..=2) => (1000..=2999).contains(&x) && month_and_day(y, z),
        (1..=2, 4) => (1000..=2999).contains(&z) && (month_and_day(x, y) || month_and_day(y, x)),
        // `1.2.10` is a version rather than a day.
        (1..=2, 2) => (a.separator != b'.' || a.len() + b.len() == 4) && (month_and_day(x, y) || month_and_day(y, x)),
        _ => false,
    };
    if !plausible {
        return None;
    }
    let end = c.end + time(found, c.end);
    if glued_right(found, end) {
        return None;
    }
    if end > c.end {
        // Nobody gives the day of birth to the minute.
        found.push(PiiKind::Date, first.start, end, 0.9);
    } else {
        push_date(found, first.start, end, 0.9);
    }
    Some(3)
}

/// The bytes of a time such as `T09:12:00.5Z` at `at`; 0 if there is none.
fn time(found: &Found<'_>, at: usize) -> usize {
    let digits = |at: usize| (0..9).take_while(|i| found.byte(at + i).is_ascii_digit()).count();
    if !matches!(found.byte(at), b'T' | b' ')
        || digits(at + 1) != 2
        || found.byte(at + 3) != b':'
        || digits(at + 4) != 2
    {
        return 0;
    }
    let mut end = at + 6;
    if found.byte(end) == b':' && digits(end + 1) == 2 {
        end += 3;
    }
    if found.byte(end) == b'.' && digits(end + 1) > 0 {
        end += 1 + digits(end + 1);
    }
    match found.byte(end) {
        b'Z' => end += 1,
        b'+' | b'-' if digits(end + 1) == 2 && found.byte(end + 3) == b':' && digits(end + 4) == 2 => end += 6,
        _ => {}
    }
    end - at
}

/// A date; one of birth where the words before say so.
fn push_date(found: &mut Found<'_>, start: usize, end: usize, score: f32) {
    let birth = found.context(start, &["born", "dob", "d.o.b", "birth", "geboren"]);
    found.push(if birth { PiiKind::DateOfBirth } else { PiiKind::Date }, start, end, score);
}

/// Dates with the name of a month: `March 3, 2024`, `3rd of March 2024`, `3 Mar`.
pub(super) fn month_name(found: &mut Found<'_>, day: Group) -> Option<usize> {
    if day.len() > 2 || !value(found, day).is_some_and(|n| (1..=31).contains(&n)) {
        return None;
    }
    let rest = found.text.get(day.end..)?;
    let after = ["st", "nd", "rd", "th"].into_iter().find_map(|end| rest.strip_prefix(end)).unwrap_or(rest);
    let ordinal = rest.len() - after.len();
    if let Some(word) = after.strip_prefix(" of ").or_else(|| after.strip_prefix([' ', '-', '.']))
        && let Some(length) = month(word)
    {
        let end = found.text.len() - word.len() + length;
        let end = end + year(found.text.get(end..).unwrap_or_default());
        push_date(found, day.start, end, 0.85);
        return Some(1);
    }
    let before = found.text.get(..day.start)?.strip_suffix(' ')?;
    let letters = before.bytes().rev().take(10).take_while(u8::is_ascii_alphabetic).count();
    let start = before.len() - letters;
    if letters < 3 || month(before.get(start..)?) != Some(letters) || found.glued_left(start) {
        return None;
    }
    let end = day.end + ordinal;
    let end = end + year(found.text.get(end..).unwrap_or_default());
    push_date(found, start, end, 0.85);
    Some(1)
}

/// The months in English, in lower case.
pub(crate) const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// The length of the name of a month at the start of `text`.
fn month(text: &str) -> Option<usize> {
    let letters = text.bytes().take(10).take_while(u8::is_ascii_alphabetic).count();
    let word = text.get(..letters)?;
    // Months are written with a capital; `3 may` is rather a verb.
    let short = letters == 3 || word.eq_ignore_ascii_case("sept");
    (word.starts_with(|c: char| c.is_ascii_uppercase())
        && MONTHS.iter().any(|month| {
            word.eq_ignore_ascii_case(month)
                || (short && month.get(..letters).is_some_and(|head| head.eq_ignore_ascii_case(word)))
        }))
    .then_some(letters)
}

/// The length of a year with the marks before it, at the start of `text`.
fn year(text: &str) -> usize {
    let marks = text.bytes().take(2).take_while(|byte| matches!(byte, b',' | b' ' | b'-' | b'.')).count();
    let digits = text.bytes().skip(marks).take(5).take_while(u8::is_ascii_digit).count();
    if marks > 0 && digits == 4 { marks + 4 } else { 0 }
}
