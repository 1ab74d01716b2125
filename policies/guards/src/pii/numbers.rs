//! Everything that starts with a digit, and IBANs.

use super::checks::{calling_code, iban_length, luhn, mod97};
use super::dates::{date, month_name, part};
use super::times::clock;
use super::{Found, PiiKind};

/// Digits that stand together.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Group {
    /// Byte offset of the first digit.
    pub(crate) start: usize,
    /// Byte offset after the last digit.
    pub(crate) end: usize,
    /// The one byte between this and the next group; `b'('` for a longer
    /// separator with a parenthesis, 0 for the last group.
    pub(super) separator: u8,
}

impl Group {
    pub(super) fn len(self) -> usize {
        self.end - self.start
    }
}

/// Groups of digits with single separators between them: a number as people
/// write it. Bounded, so that looking at any part of it costs a constant.
#[derive(Debug, Default)]
pub(crate) struct Run {
    groups: [Option<Group>; Run::GROUPS],
    /// Where the search goes on.
    pub(crate) next: usize,
}

impl Run {
    /// The most groups that are read at once.
    pub(crate) const GROUPS: usize = 8;
    const DIGITS: usize = 24;

    /// Reads the run that starts with the digit at `at`.
    pub(crate) fn read(bytes: &[u8], at: usize) -> Self {
        let byte = |i: usize| bytes.get(i).copied().unwrap_or(0);
        let mut run = Self::default();
        let (mut start, mut digits) = (at, 0);
        for slot in 0..Self::GROUPS {
            let length = bytes.iter().skip(start).take_while(|byte| byte.is_ascii_digit()).count();
            let end = start + length;
            run.next = end;
            digits += length;
            if let Some(group) = run.groups.get_mut(slot) {
                *group = Some(Group { start, end, separator: 0 });
            }
            let gap = bytes
                .iter()
                .skip(end)
                .take(4)
                .take_while(|byte| matches!(byte, b' ' | b'-' | b'.' | b'/' | b'(' | b')'))
                .count();
            let separator = match (gap, byte(end)) {
                (1, separator) if separator != b'(' => separator,
                (3, b' ') if bytes.get(end..end + 3) == Some(b" / ") => b'/',
                (1..=3, _) if bytes.iter().skip(end).take(gap).any(|byte| matches!(byte, b'(' | b')')) => b'(',
                _ => 0,
            };
            if separator == 0 || !byte(end + gap).is_ascii_digit() || digits >= Self::DIGITS {
                break;
            }
            if let Some(Some(group)) = run.groups.get_mut(slot) {
                group.separator = separator;
            }
            start = end + gap;
        }
        // The last slot may have been told that more follows.
        if let Some(Some(last)) = run.groups.last_mut() {
            last.separator = 0;
        }
        run
    }

    /// How many digits there are.
    pub(crate) fn digits(&self) -> usize {
        self.from(0).map(Group::len).sum()
    }

    /// The groups from number `from` on.
    pub(crate) fn from(&self, from: usize) -> impl Iterator<Item = Group> + Clone + '_ {
        self.groups.iter().skip(from).map_while(|group| *group)
    }
}

/// Looks at the digit at `at`; returns where to go on.
pub(super) fn look(found: &mut Found<'_>, at: usize) -> usize {
    if found.glued_left(at) || (at > 0 && found.byte(at - 1) >= 0x80 && is_letter_before(found, at)) {
        return iban(found, at).unwrap_or_else(|| at + word(found, at));
    }
    // `e29b-41d4`: a group that hangs on letters is a part of an identifier.
    if at >= 2 && found.byte(at - 1) == b'-' && found.byte(at - 2).is_ascii_alphabetic() && found.glued_left(at - 1) {
        return at + word(found, at);
    }
    if let Some(end) = super::ids::point(found, at).or_else(|| super::ids::degrees(found, at)) {
        return end;
    }
    let run = Run::read(found.bytes, at);
    let mut index = 0;
    while let Some(first) = run.from(index).next() {
        index += classify(found, &run, index, first).unwrap_or(1);
    }
    run.next
}

/// Whether the char before `at` is a letter outside ASCII.
fn is_letter_before(found: &Found<'_>, at: usize) -> bool {
    found.text.get(..at).and_then(|text| text.chars().next_back()).is_some_and(char::is_alphabetic)
}

/// The bytes of the word that goes on at `at`; at least 1.
fn word(found: &Found<'_>, at: usize) -> usize {
    let rest = found.bytes.get(at..).unwrap_or_default();
    rest.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count().max(1)
}

/// Says what starts with the group `index`; returns how many groups it took.
fn classify(found: &mut Found<'_>, run: &Run, index: usize, first: Group) -> Option<usize> {
    ip(found, run, index)
        .or_else(|| national(found, run, index))
        .or_else(|| date(found, run, index, first))
        .or_else(|| ssn(found, run, index, first))
        .or_else(|| card(found, run, index, first))
        .or_else(|| phone(found, run, index, first))
        .or_else(|| month_name(found, first))
        .or_else(|| clock(found, first))
        .or_else(|| part(found, run, index, first))
}

/// The number in a group of at most four digits.
pub(super) fn value(found: &Found<'_>, group: Group) -> Option<u32> {
    found.text.get(group.start..group.end).filter(|digits| digits.len() <= 4)?.parse().ok()
}

/// Whether a letter hangs on the end of a group.
pub(super) fn glued_right(found: &Found<'_>, end: usize) -> bool {
    let byte = found.byte(end);
    byte.is_ascii_alphabetic() || byte == b'_'
}

fn ip(found: &mut Found<'_>, run: &Run, index: usize) -> Option<usize> {
    let groups = four(run, index)?;
    let [a, b, c, d] = groups;
    let dotted = [a, b, c].iter().all(|group| group.separator == b'.') && d.separator != b'.';
    let small = groups.iter().all(|group| group.len() <= 3 && value(found, *group).is_some_and(|n| n <= 255));
    if !dotted || !small || glued_right(found, d.end) {
        return None;
    }
    found.push(PiiKind::IpAddress, a.start, d.end, 0.95);
    Some(4)
}

fn four(run: &Run, index: usize) -> Option<[Group; 4]> {
    let mut groups = run.from(index);
    Some([groups.next()?, groups.next()?, groups.next()?, groups.next()?])
}

pub(super) fn three(run: &Run, index: usize) -> Option<[Group; 3]> {
    let mut groups = run.from(index);
    Some([groups.next()?, groups.next()?, groups.next()?])
}

/// An identity number of another state whose check digits are right.
fn national(found: &mut Found<'_>, run: &Run, index: usize) -> Option<usize> {
    let mut digits = String::new();
    let start = run.from(index).next()?.start;
    for (count, group) in run.from(index).enumerate().take(4) {
        digits.push_str(found.text.get(group.start..group.end)?);
        let grouped = count > 0 && matches!(digits.len(), 10 | 11 | 13) && !glued_right(found, group.end);
        if grouped && super::national::checked(found, start, group.end, &digits) {
            return Some(count + 1);
        }
        if digits.len() > 13 || !matches!(group.separator, b'.' | b'-') {
            return None;
        }
    }
    None
}

/// A US social security number; the shapes that were never given out are left out.
fn ssn(found: &mut Found<'_>, run: &Run, index: usize, first: Group) -> Option<usize> {
    const WORDS: &[&str] = &["ssn", "social security"];
    let given = |area: u32, group: u32, serial: u32| !matches!(area, 0 | 666 | 900..) && group != 0 && serial != 0;
    if first.len() == 9 && first.separator == 0 && !glued_right(found, first.end) && found.context(first.start, WORDS) {
        found.push(PiiKind::NationalId, first.start, first.end, 0.85);
        return Some(1);
    }
    let [a, b, c] = three(run, index)?;
    let shape = (a.len(), b.len(), c.len()) == (3, 2, 4) && a.separator == b.separator && c.separator != a.separator;
    if !shape || glued_right(found, c.end) || !given(value(found, a)?, value(found, b)?, value(found, c)?) {
        return None;
    }
    let score = match a.separator {
        b'-' => 0.9,
        b' ' | b'.' if found.context(first.start, WORDS) => 0.9,
        b' ' => 0.6,
        _ => return None,
    };
    found.push(PiiKind::NationalId, a.start, c.end, score);
    Some(3)
}

/// A card number: 13 to 19 digits that pass Luhn and start as cards do.
fn card(found: &mut Found<'_>, run: &Run, index: usize, first: Group) -> Option<usize> {
    if !matches!(found.byte(first.start), b'2'..=b'6') || found.byte(first.start.wrapping_sub(1)) == b'+' {
        return None;
    }
    let (mut digits, mut best) = (0, None);
    let mut before = None;
    for (count, group) in run.from(index).enumerate() {
        // One kind of separator throughout, and no single digits.
        if before.is_some_and(|separator| !matches!(separator, b' ' | b'-' | b'.') || separator != first.separator)
            || (count > 0 && group.len() < 2)
        {
            break;
        }
        digits += group.len();
        let bytes = found.bytes.get(first.start..group.end).unwrap_or_default();
        if (13..=19).contains(&digits) && !glued_right(found, group.end) && luhn(bytes) {
            best = Some((count + 1, group.end));
        }
        if digits > 19 {
            break;
        }
        before = Some(group.separator);
    }
    let (count, end) = best?;
    found.push(PiiKind::CreditCard, first.start, end, 0.97);
    Some(count)
}

/// Words before a number that make a phone number of it.
const PHONE_WORDS: &[&str] = &[
    "phone",
    "telephone",
    "tel",
    "call",
    "mobile",
    "cell",
    "fax",
    "whatsapp",
    "text me",
    "dial",
    "reach",
    "contact",
    "my number",
    "telefon",
    "handy",
];

fn phone(found: &mut Found<'_>, run: &Run, index: usize, first: Group) -> Option<usize> {
    let before = found.byte(first.start.wrapping_sub(1));
    let (mut start, plus) = match before {
        b'+' => (first.start - 1, true),
        b'(' if found.byte(first.start.wrapping_sub(2)) == b'+' => (first.start - 2, true),
        b'(' => (first.start - 1, false),
        _ => (first.start, false),
    };
    let zeros = first.len() >= 3 && found.bytes.get(first.start..first.start + 2) == Some(b"00");
    let groups = || run.from(index);
    let (count, score) = if plus || zeros {
        let skip = if plus { 0 } else { 2 };
        let code = found.bytes.get(first.start + skip..).unwrap_or_default();
        let code: Vec<u8> = code.iter().copied().filter(u8::is_ascii_digit).take(3).collect();
        calling_code(&code)?;
        (up_to(groups(), 15 + skip), if plus { 0.95 } else { 0.8 })
    } else {
        let na = north_american(found, groups());
        match na {
            Some((count, score)) => (count, score),
            None if found.byte(first.start) == b'0' && first.len() > 1 => (up_to(groups(), 12), 0.7),
            None => abroad(found, first, groups()).unwrap_or_else(|| (up_to(groups(), 15), 0.0)),
        }
    };
    let last = groups().nth(count.checked_sub(1)?)?;
    let digits: usize = groups().take(count).map(Group::len).sum();
    let marks = groups().take(count.saturating_sub(1)).filter(|group| group.separator == b'.').count();
    let named = score == 0.0 && (7..=15).contains(&digits) && found.word_before(first.start, PHONE_WORDS);
    let enough = match score {
        s if s >= 0.8 && (plus || zeros) => digits >= if plus { 8 } else { 10 },
        0.7 => (9..=12).contains(&digits) && (marks < 3 || in_pairs(groups())),
        s if s > 0.0 => true,
        _ => named,
    };
    if !enough
        || (marks > 3 && !plus && !in_pairs(groups()))
        || (glued_right(found, last.end) && extension(found, last.end) == 0)
    {
        return None;
    }
    if found.byte(start) == b'(' && !found.bytes.get(start..last.end)?.contains(&b')') {
        start = first.start;
    }
    let end = last.end + extension(found, last.end);
    found.push(PiiKind::Phone, start, end, if named { 0.75 } else { score });
    Some(count)
}

/// Whether there are five groups of two, as in `01.48.43.31.47`.
fn in_pairs(groups: impl Iterator<Item = Group> + Clone) -> bool {
    groups.clone().count() == 5 && groups.clone().all(|group| group.len() == 2)
}

/// Words before a number in groups that is none of a phone.
const COUNTED: &[&str] = &[
    "order",
    "purchase",
    "invoice",
    "ticket",
    "case",
    "reference",
    "ref",
    "item",
    "transaction",
    "account",
    "card",
    "code",
    "id",
    "number",
    "no",
    "nr",
];

/// Numbers as their lands group them, without a calling code and a leading zero: groups and score.
///
/// Brazil and others write the area in parentheses, Russia `8 (912) 345-67-89`, China `138 0013 8000`, India
/// `98765 43210`, Spain `612 34 56 78`, Poland and Portugal `512 345 678`, Denmark `20 12 34 56`, Singapore
/// `9123 4567`, Italy `347 1234567`.
fn abroad(found: &Found<'_>, first: Group, groups: impl Iterator<Item = Group> + Clone) -> Option<(usize, f32)> {
    let mut lengths = [0; 6];
    let mut spaced = true;
    for (group, length) in groups.clone().zip(&mut lengths) {
        *length = group.len();
        spaced &= matches!(group.separator, b' ' | b'-' | 0);
    }
    let lead = found.byte(first.start);
    let sum = |from: usize| lengths.iter().skip(from).sum::<usize>();
    let enclosed = found.byte(first.start.wrapping_sub(1)) == b'(' && found.byte(first.end) == b')';
    match lengths {
        [2..=4, 3..=5, 3..=5, 0, ..] if enclosed => return Some((3, 0.8)),
        [1, 3, 3, 2, 2, 0] if lead == b'8' => return Some((5, 0.8)),
        [2..=4, _, _, ..] if enclosed && (6..=8).contains(&sum(1)) => return Some((groups.count(), 0.75)),
        _ => {}
    }
    let money = matches!(found.byte(first.start.wrapping_sub(1)), b'$' | b'.' | b',')
        || found.text.get(..first.start).is_some_and(|text| text.ends_with(['€', '£']));
    if !spaced || money || found.last_word_is(first.start, COUNTED) {
        return None;
    }
    let shape = match lengths {
        [3, 4, 4, 0, ..] => lead == b'1',
        // Australia: 1300 and 1800 are for calls that others pay.
        [4, 3, 3, 0, ..] => {
            matches!(found.bytes.get(first.start..first.end), Some(b"1300" | b"1800"))
        }
        [5, 5, 0, ..] => matches!(lead, b'6'..=b'9'),
        [3, 2, 2, 2, 0, ..] => matches!(lead, b'6'..=b'9'),
        [3, 3, 3, 0, ..] => matches!(lead, b'5'..=b'9'),
        [2, 2, 2, 2, 0, ..] => lead >= b'2',
        [4, 4, 0, ..] => matches!(lead, b'6' | b'8' | b'9'),
        [3, 6 | 7, 0, ..] => lead == b'3',
        _ => false,
    };
    shape.then(|| (groups.count(), 0.65))
}

/// How many groups fit into so many digits.
fn up_to(groups: impl Iterator<Item = Group>, most: usize) -> usize {
    let mut digits = 0;
    groups
        .take_while(|group| {
            digits += group.len();
            digits <= most
        })
        .count()
}

/// `(415) 555-2671`, `1-415-555-2671`, `415.555.2671`: groups and score.
fn north_american(found: &Found<'_>, groups: impl Iterator<Item = Group> + Clone) -> Option<(usize, f32)> {
    let skip = usize::from(
        groups
            .clone()
            .next()
            .is_some_and(|first| matches!(found.bytes.get(first.start..first.end), Some(b"1" | b"001"))),
    );
    let mut rest = groups.skip(skip);
    let [area, exchange, line] = [rest.next()?, rest.next()?, rest.next()?];
    let shape = (area.len(), exchange.len(), line.len()) == (3, 3, 4)
        && matches!(found.byte(area.start), b'2'..=b'9')
        && matches!(exchange.separator, b'-' | b'.' | b' ')
        && line.separator != exchange.separator;
    let score = if area.separator == b' ' && exchange.separator == b' ' { 0.7 } else { 0.85 };
    shape.then_some((skip + 3, score))
}

/// The bytes of an extension such as ` x123` or ` ext. 12` at `at`.
fn extension(found: &Found<'_>, at: usize) -> usize {
    let rest = found.bytes.get(at..).unwrap_or_default();
    let spaces = usize::from(rest.first() == Some(&b' '));
    let after = rest.get(spaces..).unwrap_or_default();
    let Some(word) = [&b"ext. "[..], b"ext.", b"ext ", b"ext", b"x"].into_iter().find(|word| after.starts_with(word))
    else {
        return 0;
    };
    let digits = after.iter().skip(word.len()).take(7).take_while(|byte| byte.is_ascii_digit()).count();
    if (1..=6).contains(&digits) { spaces + word.len() + digits } else { 0 }
}

/// An IBAN whose check digits start at `at`; returns where to go on.
fn iban(found: &mut Found<'_>, at: usize) -> Option<usize> {
    let start = at.checked_sub(2)?;
    let country: [u8; 2] = found.bytes.get(start..at)?.try_into().ok()?;
    if !country.iter().all(u8::is_ascii_alphabetic) || found.glued_left(start) {
        return None;
    }
    let length = iban_length(country)?;
    let mut iban = [0u8; 34];
    let (mut end, mut have, mut gap) = (start, 0, false);
    for (offset, byte) in found.bytes.get(start..)?.iter().enumerate().take(68) {
        match byte {
            byte if byte.is_ascii_alphanumeric() => {
                *iban.get_mut(have)? = *byte;
                have += 1;
                gap = false;
                end = start + offset + 1;
            }
            b' ' | b'-' if !gap => gap = true,
            _ => break,
        }
        if have == length {
            break;
        }
    }
    let iban = iban.get(..have)?;
    (have == length && !found.byte(end).is_ascii_alphanumeric() && mod97(iban)).then(|| {
        found.push(PiiKind::Iban, start, end, 0.99);
        end
    })
}
