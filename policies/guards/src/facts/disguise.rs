//! Spellings that carry a value past whoever reads quickly: letters as digits,
//! backwards, shifted, or as the digits of a code.

use crate::squeeze::Squeezed;

/// A text as one way of hiding reads it.
pub(super) struct Reading {
    /// What it says.
    pub(super) text: Squeezed,
    /// Where its places are in the text that was read.
    at: Origin,
}

enum Origin {
    /// Scalar value by scalar value.
    Same,
    /// From the end: so many scalar values long.
    Backwards(usize),
    /// All of it is one token, from the first scalar value to the second.
    Token(usize, usize),
}

impl Reading {
    /// Where something that stands from `start` to `end` here stands in the text.
    pub(super) fn place(&self, start: usize, end: usize) -> (usize, usize) {
        match self.at {
            Origin::Same => (start, end),
            Origin::Backwards(length) => (length.saturating_sub(end), length.saturating_sub(start)),
            Origin::Token(start, end) => (start, end),
        }
    }
}

/// The shortest token that may be a code for a value.
const TOKEN: usize = 8;

/// Every reading of `text` that differs from the plain one.
pub(super) fn readings(text: &str) -> Vec<Reading> {
    let mapped = |f: fn(char) -> char| text.chars().map(f).collect::<String>();
    let length = text.chars().count();
    let mut readings = vec![
        Reading { text: Squeezed::new(&mapped(rotated)), at: Origin::Same },
        Reading { text: Squeezed::new(&text.chars().rev().collect::<String>()), at: Origin::Backwards(length) },
    ];
    let letters = mapped(unleet);
    if letters != text {
        readings.push(Reading { text: Squeezed::new(&letters), at: Origin::Same });
    }
    for (start, end, token) in tokens(text) {
        for decoded in [hex(&token), base64(&token)].into_iter().flatten() {
            readings.push(Reading { text: Squeezed::new(&decoded), at: Origin::Token(start, end) });
        }
    }
    readings
}

/// A letter thirteen further on.
fn rotated(c: char) -> char {
    let turn = |first: u8| char::from((c as u8 - first + 13) % 26 + first);
    match c {
        'a'..='z' => turn(b'a'),
        'A'..='Z' => turn(b'A'),
        c => c,
    }
}

/// The letter that a digit or a sign is drawn for.
fn unleet(c: char) -> char {
    match c {
        '0' => 'o',
        '1' | '!' | '|' => 'i',
        '3' | '\u{20ac}' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' | '+' => 't',
        '8' => 'b',
        '9' => 'g',
        c => c,
    }
}

/// Runs of letters, digits and the signs of base64, in scalar values; pairs of
/// hexadecimal digits with one space or colon between them are one run.
fn tokens(text: &str) -> Vec<(usize, usize, String)> {
    let mut tokens = Vec::new();
    let (mut start, mut run) = (0, String::new());
    let mut pairs: Vec<(usize, usize, String)> = Vec::new();
    for (at, c) in text.chars().chain([' ']).enumerate() {
        if c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=' | '_' | '-') {
            if run.is_empty() {
                start = at;
            }
            run.push(c);
            continue;
        }
        if run.len() == 2 && run.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            match pairs.last_mut().filter(|(_, end, _)| *end + 1 == start) {
                Some((_, end, joined)) => {
                    *end = at;
                    joined.push_str(&run);
                }
                None => pairs.push((start, at, run.clone())),
            }
        }
        if run.len() >= TOKEN {
            tokens.push((start, at, std::mem::take(&mut run)));
        }
        run.clear();
    }
    tokens.extend(pairs.into_iter().filter(|(.., joined)| joined.len() >= TOKEN));
    tokens
}

fn hex(token: &str) -> Option<String> {
    let token = token.trim_start_matches("0x");
    if !token.len().is_multiple_of(2) || token.len() < TOKEN {
        return None;
    }
    let digit = |byte: &u8| char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let bytes: Option<Vec<u8>> =
        token.as_bytes().as_chunks::<2>().0.iter().map(|[high, low]| Some(digit(high)? * 16 + digit(low)?)).collect();
    String::from_utf8(bytes?).ok()
}

/// Either alphabet, with padding or without.
fn base64(token: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(token.len() * 3 / 4);
    let (mut bits, mut held) = (0_u32, 0_u32);
    for byte in token.trim_end_matches('=').bytes() {
        let six = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => return None,
        };
        bits = (bits << 6 | u32::from(six)) & 0xFF_FFFF;
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held & 0xFF) as u8);
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests;
