//! Times of day.

use super::numbers::{Group, glued_right, value};
use super::{Found, PiiKind};

/// A time that starts with the group `hour`: `14:30`, `2:30:15 pm`, `6 p.m.`, `9am`, `17h30`, `5 o'clock`, `8 Uhr`,
/// `0915 hrs`.
pub(super) fn clock(found: &mut Found<'_>, hour: Group) -> Option<usize> {
    if hour.len() == 4 && value(found, hour).is_some_and(|time| time < 2400 && time % 100 < 60) {
        let word = marked(found, hour.end, &["hrs"]);
        return (word > 0).then(|| {
            found.push(PiiKind::Date, hour.start, hour.end + word, 0.75);
            1
        });
    }
    if hour.len() > 2 || value(found, hour).is_none_or(|hour| hour > 24) {
        return None;
    }
    // What goes on from a colon is a port, or a part of an address.
    if found.byte(hour.start.wrapping_sub(1)) == b':' && found.byte(hour.start.wrapping_sub(2)).is_ascii_alphanumeric()
    {
        return None;
    }
    let end = match found.byte(hour.end) {
        b':' => minutes(found, hour.end)?,
        b'h' | b'H' if two_digits(found, hour.end + 1) => hour.end + 3,
        b'.' if two_digits(found, hour.end + 1) => {
            let end = hour.end + 3;
            (half(found, end) + zone(found, end) > 0).then_some(end)?
        }
        _ => hour.end,
    };
    let word = half(found, end);
    let end = end + word + zone(found, end + word);
    if end == hour.end || glued_right(found, end) || found.byte(end).is_ascii_digit() {
        return None;
    }
    found.push(PiiKind::Date, hour.start, end, 0.75);
    Some(1)
}

/// The end of `:30` or `:30:15` at `at`.
fn minutes(found: &Found<'_>, at: usize) -> Option<usize> {
    let sixty = |at: usize| two_digits(found, at + 1) && found.byte(at + 1) < b'6';
    if !sixty(at) {
        return None;
    }
    let mut end = at + 3;
    if found.byte(end) == b':' {
        if !sixty(end) {
            return None;
        }
        end += 3;
    }
    (found.byte(end) != b':' || !found.byte(end + 1).is_ascii_digit()).then_some(end)
}

/// Whether two digits stand at `at`, and no third.
fn two_digits(found: &Found<'_>, at: usize) -> bool {
    (0..2).all(|offset| found.byte(at + offset).is_ascii_digit()) && !found.byte(at + 2).is_ascii_digit()
}

/// The bytes of ` pm`, `a.m.` or ` o'clock` at `at`.
fn half(found: &Found<'_>, at: usize) -> usize {
    marked(found, at, &["a.m.", "p.m.", "am", "pm", "o'clock", "o\u{2019}clock", "uhr", "a.m", "p.m", "hrs", "heures"])
}

/// The bytes of a zone such as ` UTC` at `at`.
fn zone(found: &Found<'_>, at: usize) -> usize {
    let zones = ["UTC", "GMT", "CET", "CEST", "BST", "EST", "EDT", "CST", "CDT", "MST", "MDT", "PST", "PDT", "IST"];
    let length = marked(found, at, &zones);
    let capital = length > 0 && found.byte(at + length - 1).is_ascii_uppercase();
    if capital { length } else { 0 }
}

/// The bytes of one of `words` at `at`, with a space before it or none.
fn marked(found: &Found<'_>, at: usize, words: &[&str]) -> usize {
    let space = usize::from(found.byte(at) == b' ');
    let rest = found.bytes.get(at + space..).unwrap_or_default();
    let word = words.iter().find(|word| {
        rest.get(..word.len()).is_some_and(|head| head.eq_ignore_ascii_case(word.as_bytes()))
            && !rest.get(word.len()).is_some_and(u8::is_ascii_alphanumeric)
    });
    word.map_or(0, |word| space + word.len())
}

/// The bytes of a time such as `T09:12:00.5Z` at `at`; 0 if there is none.
pub(super) fn after_date(found: &Found<'_>, at: usize) -> usize {
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
