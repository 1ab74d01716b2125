//! Identity numbers of states that their check digits or their shape tell.

use super::checks::luhn;
use super::tokens::{Shape, Token};
use super::{PiiKind, PiiSpan};

/// Identity numbers that their check digits tell, without any word before.
pub(super) fn checked(found: &mut super::Found<'_>, start: usize, end: usize, digits: &str) -> bool {
    let sum = |weights: &[u32]| -> u32 {
        digits.bytes().zip(weights).map(|(byte, weight)| u32::from(byte - b'0') * weight).sum()
    };
    let text = found.text.get(start..end).unwrap_or_default();
    let last = digits.bytes().last().map_or(0, |byte| u32::from(byte - b'0'));
    let sure = match digits.len() {
        // Brazil, CPF: 123.456.789-09.
        11 if text.bytes().filter(|byte| *byte == b'.').count() == 2 && text.contains('-') => {
            let first = sum(&[10, 9, 8, 7, 6, 5, 4, 3, 2]) * 10 % 11 % 10;
            let second = sum(&[11, 10, 9, 8, 7, 6, 5, 4, 3, 2]) * 10 % 11 % 10;
            digits.ends_with(&format!("{first}{second}"))
        }
        // Switzerland, AHV: 756.1234.5678.97, an EAN-13.
        13 if digits.starts_with("756") && text.contains('.') => {
            (10 - sum(&[1, 3, 1, 3, 1, 3, 1, 3, 1, 3, 1, 3]) % 10) % 10 == last
        }
        // Sweden, personnummer: 811228-9874, Luhn over a day of birth.
        10 if text.len() == 11 && text.as_bytes().get(6) == Some(&b'-') => {
            let day = |range: std::ops::Range<usize>| {
                digits.get(range).and_then(|part| part.parse::<u32>().ok()).unwrap_or(0)
            };
            (1..=12).contains(&day(2..4))
                && (1..=31).contains(&day(4..6))
                && (luhn(digits.as_bytes()) || true_cpr(digits))
        }
        _ => false,
    };
    if sure {
        found.push(PiiKind::NationalId, start, end, 0.9);
    }
    sure
}

/// Denmark, CPR: no check since 2007, so the day of birth alone, which stands first.
fn true_cpr(digits: &str) -> bool {
    let day = |range: std::ops::Range<usize>| digits.get(range).and_then(|part| part.parse::<u32>().ok()).unwrap_or(0);
    (1..=31).contains(&day(0..2)) && (1..=12).contains(&day(2..4))
}

/// Identity numbers with letters among the digits, told by their check letter or shape.
pub(super) fn lettered(tokens: &[Token<'_>], text: &str, spans: &mut Vec<PiiSpan>) {
    for token in tokens {
        if token.shape != Shape::Mixed || !(8..=16).contains(&(token.end - token.start)) {
            continue;
        }
        let Some(raw) = text.get(token.start..token.end).filter(|raw| raw.is_ascii()) else { continue };
        let upper = raw.to_ascii_uppercase();
        let kind = if spain(&upper) || nino(&upper) || italy(&upper) || pan(&upper, raw) {
            PiiKind::NationalId
        } else {
            continue;
        };
        spans.push(PiiSpan { kind, start: token.start, end: token.end, score: 0.9 });
    }
}

/// Spain, DNI and NIE: the letter is the number modulo 23.
fn spain(value: &str) -> bool {
    const LETTERS: &[u8] = b"TRWAGMYFPDXBNJZSQVHLCKE";
    let (Some(head), Some(letter)) = (value.get(..8), value.as_bytes().get(8)) else { return false };
    let digits = match head.as_bytes().first() {
        Some(b'X') => head.replacen('X', "0", 1),
        Some(b'Y') => head.replacen('Y', "1", 1),
        Some(b'Z') => head.replacen('Z', "2", 1),
        _ => head.to_owned(),
    };
    value.len() == 9 && digits.parse::<usize>().is_ok_and(|number| LETTERS.get(number % 23) == Some(letter))
}

/// United Kingdom, national insurance number: QQ123456C.
fn nino(value: &str) -> bool {
    let bytes = value.as_bytes();
    let letters =
        |range: std::ops::Range<usize>| bytes.get(range).is_some_and(|part| part.iter().all(u8::is_ascii_alphabetic));
    let digits = bytes.get(2..8).is_some_and(|part| part.iter().all(u8::is_ascii_digit));
    value.len() == 9
        && letters(0..2)
        && digits
        && matches!(bytes.get(8), Some(b'A'..=b'D'))
        && !bytes.iter().take(2).any(|byte| matches!(byte, b'D' | b'F' | b'I' | b'Q' | b'U' | b'V'))
        && bytes.get(1) != Some(&b'O')
}

/// India, PAN: AAAAA9999A, written in capitals.
fn pan(value: &str, raw: &str) -> bool {
    let bytes = value.as_bytes();
    value == raw
        && value.len() == 10
        && bytes.iter().take(5).all(u8::is_ascii_uppercase)
        && bytes.iter().skip(5).take(4).all(u8::is_ascii_digit)
        && bytes.get(9).is_some_and(u8::is_ascii_uppercase)
        && matches!(bytes.get(3), Some(b'P' | b'C' | b'H' | b'A' | b'B' | b'G' | b'J' | b'L' | b'F' | b'T'))
}

/// Italy, codice fiscale: sixteen characters, the last a check letter.
fn italy(value: &str) -> bool {
    const ODD: [u32; 26] =
        [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23];
    let bytes = value.as_bytes();
    if bytes.len() != 16 || !bytes.iter().take(6).all(u8::is_ascii_alphabetic) {
        return false;
    }
    let sum: u32 = bytes
        .iter()
        .take(15)
        .enumerate()
        .map(|(place, byte)| {
            let number = u32::from(if byte.is_ascii_digit() { byte - b'0' } else { byte.wrapping_sub(b'A') });
            if place % 2 == 0 {
                usize::try_from(number).ok().and_then(|at| ODD.get(at).copied()).unwrap_or(0)
            } else {
                number
            }
        })
        .sum();
    bytes.get(15).is_some_and(|byte| u32::from(byte.wrapping_sub(b'A')) == sum % 26)
}
