//! Days, in figures and with the names of months.

use super::numbers::{Group, Run, glued_right, three, value};
use super::times;
use super::{Found, PiiKind};

/// Dates in figures, with the time of an ISO 8601 timestamp.
pub(super) fn date(found: &mut Found<'_>, run: &Run, index: usize, first: Group) -> Option<usize> {
    if first.len() == 8 {
        return written_together(found, first);
    }
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
        // `1.2.10` is a version rather than a day, `3.4.87` is none.
        (1..=2, 2) => {
            (a.separator != b'.' || a.len() + b.len() == 4 || z > 31) && (month_and_day(x, y) || month_and_day(y, x))
        }
        _ => false,
    };
    if !plausible {
        return None;
    }
    let end = c.end + times::after_date(found, c.end);
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

/// `19760704` after a word that dates.
fn written_together(found: &mut Found<'_>, day: Group) -> Option<usize> {
    let dated = found.context(day.start, BIRTH) || found.last_word_is(day.start, DATING);
    let digits = found.text.get(day.start..day.end)?;
    let part = |range: std::ops::Range<usize>| digits.get(range)?.parse::<u32>().ok();
    let (year, month, of_month) = (part(0..4)?, part(4..6)?, part(6..8)?);
    let plausible = (1900..=2099).contains(&year) && (1..=12).contains(&month) && (1..=31).contains(&of_month);
    (dated && plausible && !glued_right(found, day.end)).then(|| {
        push_date(found, day.start, day.end, 0.8);
        1
    })
}

/// Beginnings of words around a day of birth.
const BIRTH: &[&str] = &["born", "dob", "d.o.b", "birth", "geb", "naissance", "nacim", "nascita", "nascim"];

/// A day or a month without the rest: `09/28` and `10-24` of two digits each, `9/3` after a word that
/// dates, `02/2028`. Hyphens need such a word.
pub(super) fn part(found: &mut Found<'_>, run: &Run, index: usize, first: Group) -> Option<usize> {
    let mut groups = run.from(index);
    let (a, b) = (groups.next()?, groups.next()?);
    let alone = b.separator == 0 || !matches!(b.separator, b'/' | b'-' | b'.');
    let slashed_before = matches!(found.byte(first.start.wrapping_sub(1)), b'/' | b'-' | b'.' | b':' | b'$');
    if !alone || slashed_before || glued_right(found, b.end) || found.byte(b.end) == b':' || found.byte(b.end) == b'%' {
        return None;
    }
    let (x, y) = (value(found, a)?, value(found, b)?);
    let dated = || found.context(first.start, EXPIRES) || found.last_word_is(first.start, DATING);
    let plausible = match (a.len(), b.len(), a.separator) {
        (1..=2, 4, b'/') => (1..=12).contains(&x) && (1900..=2099).contains(&y),
        (1..=2, 4, b'-' | b'.') => dated() && (1..=12).contains(&x) && (1900..=2099).contains(&y),
        // `10/10` is a mark, `12/12` may be one.
        (2, 2, b'/') if x == y && !dated() => false,
        // `3/14` is a day; what is a fraction or a mark in everyday talk is none.
        (1, 2, b'/') if !dated() => (1..=12).contains(&x) && matches!(y, 13..=15 | 17..=19 | 21..=23 | 26..=31),
        (2, 2, b'/') => ((1..=12).contains(&x) && y > 0) || ((1..=31).contains(&x) && (1..=12).contains(&y)),
        (4, 2, b'-' | b'/') => dated() && (1900..=2099).contains(&x) && (1..=12).contains(&y),
        (1..=2, 2, b'-') | (1..=2, 1..=2, b'/') => dated() && (1..=31).contains(&x) && y > 0,
        _ => false,
    };
    plausible.then(|| {
        found.push(PiiKind::Date, first.start, b.end, 0.7);
        2
    })
}

/// Words around the end of a card's life.
const EXPIRES: &[&str] = &["exp", "valid", "gültig", "gueltig", "good thru", "caduc", "scad", "verval", "valable"];

/// Words right before a day.
const DATING: &[&str] = &[
    "on", "by", "since", "until", "till", "before", "after", "from", "dated", "due", "date", "dob", "born", "am",
    "vom", "bis", "seit", "le", "du", "el", "del", "il", "op",
];

/// A date; one of birth where the words before say so.
fn push_date(found: &mut Found<'_>, start: usize, end: usize, score: f32) {
    let start = weekday(found, start);
    let birth = found.context(start, BIRTH);
    found.push(if birth { PiiKind::DateOfBirth } else { PiiKind::Date }, start, end, score);
}

/// Where the name of a weekday before `at` starts, if one stands there: `Friday, 3 March`.
fn weekday(found: &Found<'_>, at: usize) -> usize {
    let before = found.text.get(..at).unwrap_or_default();
    let trimmed = before.trim_end_matches([' ', ',', '.']);
    let letters = trimmed.bytes().rev().take(10).take_while(u8::is_ascii_alphabetic).count();
    let start = trimmed.len() - letters;
    let word = trimmed.get(start..).unwrap_or_default();
    let gap = before.len() - trimmed.len();
    let names = WEEKDAYS.iter().any(|day| {
        word.eq_ignore_ascii_case(day)
            || (matches!(letters, 3 | 4) && day.get(..letters).is_some_and(|head| head.eq_ignore_ascii_case(word)))
    });
    if (1..=2).contains(&gap) && names && !found.glued_left(start) { start } else { at }
}

const WEEKDAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/// Dates with the name of a month: `March 3, 2024`, `3rd of March 2024`, `3 Mar`, `13Dec1966`, `March 2024`,
/// `12 de marzo de 2024`; `Friday the 13th`.
pub(super) fn month_name(found: &mut Found<'_>, day: Group) -> Option<usize> {
    if day.len() == 4 {
        return month_and_year(found, day);
    }
    if day.len() > 2 || !value(found, day).is_some_and(|n| (1..=31).contains(&n)) {
        return None;
    }
    let rest = found.text.get(day.end..)?;
    let after = ["st", "nd", "rd", "th", "er", "º", "."].into_iter().find_map(|end| rest.strip_prefix(end));
    let (after, ordinal) = after.map_or((rest, 0), |after| (after, rest.len() - after.len()));
    let word = [" of ", " de ", " d'", " ", "-", ".", "/", ""].into_iter().find_map(|link| after.strip_prefix(link))?;
    if let Some(length) = month(word, true) {
        let end = found.text.len() - word.len() + length;
        let year = year(found.text.get(end..).unwrap_or_default());
        // Without anything between, only `13Dec1966`.
        if word.len() < after.len() || year > 0 {
            push_date(found, day.start, end + year, 0.85);
            return Some(1);
        }
    }
    let end = day.end + ordinal;
    if let Some(start) = month_before(found, day.start) {
        let end = end + year(found.text.get(end..).unwrap_or_default());
        push_date(found, start, end, 0.85);
        return Some(1);
    }
    let the = found.text.get(..day.start)?.strip_suffix("the ")?.len();
    let start = weekday(found, the);
    (ordinal > 0 && start < the).then(|| {
        found.push(PiiKind::Date, start, end, 0.7);
        1
    })
}

/// `March 2024`, `Sept. 2023`, `marzo de 2024`.
fn month_and_year(found: &mut Found<'_>, year: Group) -> Option<usize> {
    if !value(found, year).is_some_and(|year| (1900..=2099).contains(&year)) || glued_right(found, year.end) {
        return None;
    }
    let start = month_before(found, year.start)?;
    push_date(found, start, year.end, 0.75);
    Some(1)
}

/// Where the name of a month that ends right before `at` starts.
fn month_before(found: &Found<'_>, at: usize) -> Option<usize> {
    let before = found.text.get(..at)?;
    let before =
        [" de ", " of ", ". ", ", ", " ", "-", "/", "."].into_iter().find_map(|link| before.strip_suffix(link))?;
    let letters: usize = before.chars().rev().take(10).take_while(|c| c.is_alphabetic()).map(char::len_utf8).sum();
    let start = before.len() - letters;
    let word = before.get(start..)?;
    (letters >= 3 && month(word, false) == Some(letters) && !found.glued_left(start)).then_some(start)
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

/// The months in German, French, Spanish, Italian, Portuguese and Dutch, where they are not as in English,
/// without diacritics.
const ABROAD: &[&str] = &[
    "januar",
    "jaenner",
    "janner",
    "februar",
    "marz",
    "maerz",
    "mai",
    "juni",
    "juli",
    "oktober",
    "dezember",
    "janvier",
    "fevrier",
    "mars",
    "avril",
    "juin",
    "juillet",
    "aout",
    "septembre",
    "octobre",
    "novembre",
    "decembre",
    "enero",
    "febrero",
    "marzo",
    "abril",
    "mayo",
    "junio",
    "julio",
    "agosto",
    "septiembre",
    "setiembre",
    "octubre",
    "noviembre",
    "diciembre",
    "gennaio",
    "febbraio",
    "aprile",
    "maggio",
    "giugno",
    "luglio",
    "settembre",
    "ottobre",
    "dicembre",
    "janeiro",
    "fevereiro",
    "marco",
    "maio",
    "junho",
    "julho",
    "setembro",
    "outubro",
    "novembro",
    "dezembro",
    "januari",
    "februari",
    "maart",
    "mei",
    "augustus",
];

/// The length of the name of a month at the start of `text`; `numbered` says that a day stands before.
fn month(text: &str, numbered: bool) -> Option<usize> {
    let letters: usize = text.chars().take(10).take_while(|c| c.is_alphabetic()).map(char::len_utf8).sum();
    let word = text.get(..letters)?;
    let short = letters == 3 || word.eq_ignore_ascii_case("sept");
    let english = MONTHS.iter().any(|month| {
        word.eq_ignore_ascii_case(month)
            || (short && month.get(..letters).is_some_and(|head| head.eq_ignore_ascii_case(word)))
    });
    if english {
        // `3 may` and `march 3` are rather verbs; the other names are nothing else.
        let verb = matches!(word, "may" | "march" | "mar" | "dec" | "jan" | "sep");
        return (!verb || text.get(letters..).is_some_and(|rest| year(rest) > 0)).then_some(letters);
    }
    let folded = super::words::fold(word);
    (ABROAD.contains(&&*folded) && (numbered || word.starts_with(char::is_uppercase))).then_some(letters)
}

/// The length of a year with the marks before it, at the start of `text`.
fn year(text: &str) -> usize {
    // `May '72`.
    if let Some(two) = text.strip_prefix(" '").or_else(|| text.strip_prefix(" \u{2019}")) {
        let digits = two.bytes().take(3).take_while(u8::is_ascii_digit).count();
        return if digits == 2 { text.len() - two.len() + 2 } else { 0 };
    }
    let text_after =
        [" de ", ". ", ", ", " ", "-", "/", ",", ".", ""].into_iter().find_map(|link| text.strip_prefix(link));
    let after = text_after.unwrap_or(text);
    let digits = after.bytes().take(5).take_while(u8::is_ascii_digit).count();
    // `05-May-97`.
    let short = digits == 2 && text.starts_with('-');
    if digits == 4 || short { text.len() - after.len() + digits } else { 0 }
}
