//! Personal data in a text.

mod address;
mod checks;
mod dates;
mod ids;
mod labels;
mod list;
mod named;
mod names;
mod national;
mod net;
mod numbers;
mod postcodes;
mod secrets;
mod seen;
mod times;
mod tokens;
mod words;

pub(crate) use dates::MONTHS;
pub use seen::Seen;

use crate::fold::Unmasked;
use crate::offsets::Chars;
use attache_context::words;
use serde::Serialize;
use std::collections::BTreeMap;

words! {
    /// A kind of personal data.
    PiiKind {
        /// The name of a person.
        Person = "person",
        /// An e-mail address.
        Email = "email",
        /// A phone number.
        Phone = "phone",
        /// A postal address.
        Address = "address",
        /// The name of a company or another body.
        Organization = "organization",
        /// A day of birth.
        DateOfBirth = "date_of_birth",
        /// The number of a payment card.
        CreditCard = "credit_card",
        /// An international bank account number.
        Iban = "iban",
        /// Another bank account number.
        BankAccount = "bank_account",
        /// A number that a state gave a person, such as a US SSN.
        NationalId = "national_id",
        /// The number of a passport.
        Passport = "passport",
        /// The number of a driver's licence.
        DriverLicense = "driver_license",
        /// An IP address.
        IpAddress = "ip_address",
        /// A web address.
        Url = "url",
        /// The name of an account.
        Username = "username",
        /// A password.
        Password = "password",
        /// A key or token.
        Secret = "secret",
        /// A place.
        Location = "location",
        /// A day or a moment.
        Date = "date",
        /// The age of a person.
        Age = "age",
        /// Nationality, religion or politics.
        Nrp = "nrp",
        /// Personal data of no other kind.
        Other = "other",
    }
}

/// Where personal data stands in a text.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct PiiSpan {
    /// What it is.
    pub kind: PiiKind,
    /// Where it starts, in Unicode scalar values.
    pub start: usize,
    /// Where it ends, exclusive, in Unicode scalar values.
    pub end: usize,
    /// How sure the detector is, from 0 to 1; an estimate, not a frequency.
    pub score: f32,
}

/// Finds personal data.
pub trait PiiDetector: Send + Sync {
    /// Everything that may be personal data, in any order, overlaps included:
    /// an e-mail address inside a web address is there twice. What must be
    /// hidden is taken from here.
    fn candidates(&self, text: &str) -> Vec<PiiSpan>;

    /// The personal data in `text`, in order, without overlaps: where two
    /// candidates overlap the longest wins, then the highest score, then the first.
    fn find(&self, text: &str) -> Vec<PiiSpan> {
        without_overlaps(self.candidates(text))
    }
}

/// Personal data that can be told by its shape or by the words around it.
///
/// Finds `email`, `url`, `ip_address`, `credit_card` (Luhn), `iban` (ISO 13616:
/// length by country, mod 97), `phone` (international by calling code, North
/// American, national with a leading 0, others where a word like `phone` stands
/// before, and as some thirty lands group them), `national_id` (US SSN), `secret`
/// (keys by their prefixes and after words like `api key`), `password` (after the
/// word), `date` (days, half days such as `09/28`, times; month names in six
/// languages) and `date_of_birth` (a date after `born`, `DOB` and the like),
/// `other` (numbers of devices and vehicles, wallets, UUIDs that a word gives to
/// somebody), postcodes as `address`, domain names as `url`.
/// Also reads JSON text: `\n` before a value is not a part of it.
///
/// By the words around it: `person`, `organization`, `location` (lists of names
/// and places, capitals, forms of address, `my name is`, `lives in`), `address`
/// (street types of many languages, units, postcodes, boxes), `age`, `nrp`, years,
/// phone numbers, and numbers that a word of several languages names: accounts,
/// licences, passports, tax and national numbers, plates, postcodes, `username`.
/// National identity numbers by check digit: DNI and NIE, codice fiscale, CPF,
/// AHV, personnummer; by shape: NINO, PAN.
///
/// In talk of cards, orders and payments a country or a lone unknown word is no
/// find unless the words around say whose it is: a question about a transfer
/// from China names nobody. A disguise (zero-width and bidirectional marks,
/// full-width digits, look-alike letters) falls before anything is looked for.
///
/// Linear in the length of the text. Limits: most words are English; a name that is a
/// common word, or of a script without capitals, is found beside a sign alone.
#[derive(Clone, Copy, Debug, Default)]
pub struct PatternPii;

impl PiiDetector for PatternPii {
    fn candidates(&self, text: &str) -> Vec<PiiSpan> {
        let mut spans = find_bytes(text);
        spans.sort_by_key(|span| (span.start, span.end));
        in_chars(text, spans)
    }
}

/// How many digits the calling code at the start of `digits` has.
pub(crate) fn calling_code_length(digits: &str) -> Option<usize> {
    checks::calling_code(digits.as_bytes())
}

/// The digits of a phone number: the shortest local one, and the longest with `00` before it.
const LEAST: usize = 7;
const MOST: usize = 17;

/// Calls `take` with each run of 7 to 17 digits in `text`, grouped as people
/// group numbers, as (start, end, digits): the longest first at each place, on
/// until it answers that it took one. Starts at a `+` or `(` that belongs to it.
pub(crate) fn digit_runs(text: &str, mut take: impl FnMut(usize, usize, &str) -> bool) {
    let bytes = text.as_bytes();
    let mut at = 0;
    let mut digits = String::new();
    let next = |at: usize| bytes.get(at..)?.iter().position(u8::is_ascii_digit).map(|skip| at + skip);
    while let Some(first) = next(at) {
        at = first;
        let run = numbers::Run::read(bytes, at);
        at = run.next;
        let mut left = run.digits();
        let mut index = 0;
        while left >= LEAST {
            let Some(first) = run.from(index).next() else {
                break;
            };
            index += 1;
            left -= first.end - first.start;
            digits.clear();
            let mut ends = [(0, 0); numbers::Run::GROUPS];
            let mut count = 0;
            for (group, end) in run.from(index - 1).zip(&mut ends) {
                digits.push_str(text.get(group.start..group.end).unwrap_or_default());
                if digits.len() > MOST {
                    break;
                }
                *end = (group.end, digits.len());
                count += 1;
            }
            let before = |distance: usize| first.start.checked_sub(distance).and_then(|at| bytes.get(at)).copied();
            let start = match (before(2), before(1)) {
                (Some(b'+'), Some(b'(')) => first.start - 2,
                (_, Some(b'+')) => first.start - 1,
                _ => first.start,
            };
            let taken = ends.iter().take(count).rposition(|(end, length)| {
                *length >= LEAST && digits.get(..*length).is_some_and(|digits| take(start, *end, digits))
            });
            if let Some(last) = taken {
                for group in run.from(index).take(last) {
                    left -= group.end - group.start;
                }
                index += last;
            }
        }
    }
}

/// The spans in byte offsets, overlaps included. A text in disguise is read
/// without it, and as it stands too: what is found either way counts.
fn find_bytes(text: &str) -> Vec<PiiSpan> {
    let Some(unmasked) = Unmasked::new(text) else {
        return find_plain(text);
    };
    let mut spans = find_plain(&unmasked.text);
    for span in &mut spans {
        (span.start, span.end) = (unmasked.start(span.start), unmasked.end(text, span.end));
    }
    spans
}

/// The spans in byte offsets of a text without disguise: first what has a shape,
/// then what words say.
fn find_plain(text: &str) -> Vec<PiiSpan> {
    let mut spans = shaped(text);
    let mut taken: Vec<_> = spans
        .iter()
        .filter(|span| match span.kind {
            // `+234 803 555 0198` is nothing else; a number without the `+` may be that of a house.
            PiiKind::Phone => span.score > 0.9,
            kind => !matches!(kind, PiiKind::Date | PiiKind::DateOfBirth | PiiKind::Address),
        })
        .map(|span| (span.start, span.end))
        .collect();
    taken.sort_unstable();
    let words = tokens::tokens(text, &taken);
    let lower = !words.iter().any(|word| word.is_capital());
    named::find(text, &words, &mut spans);
    national::lettered(&words, text, &mut spans);
    let push = |spans: &mut Vec<PiiSpan>, kind, start, end, score| spans.push(PiiSpan { kind, start, end, score });
    for (start, end) in address::corners(&words) {
        push(&mut spans, PiiKind::Address, start, end, 0.8);
    }
    for found in address::find(text, &words, lower) {
        if let (Some(first), Some(last)) = (words.get(found.first), words.get(found.last - 1)) {
            push(&mut spans, PiiKind::Address, first.start, last.end, found.score);
        }
    }
    names::find(text, &words, lower, &mut spans);
    spans
}

/// What has a shape.
fn shaped(text: &str) -> Vec<PiiSpan> {
    let bytes = text.as_bytes();
    let mut found = Found { text, bytes, spans: Vec::new() };
    secrets::find(&mut found);
    ids::find(&mut found);
    let (mut at, mut url_end) = (0, 0);
    while let Some(&byte) = bytes.get(at) {
        if !LOOK.get(usize::from(byte)).is_some_and(|look| *look) {
            at += 1;
            continue;
        }
        at = match byte {
            b'0'..=b'9' => numbers::look(&mut found, at),
            b'@' => net::email(&mut found, at),
            // What stands inside a web address is no second one.
            b':' if at >= url_end => {
                url_end = net::url(&mut found, at).unwrap_or(url_end);
                if url_end <= at { net::ipv6(&mut found, at) } else { at + 1 }
            }
            b'.' if at >= url_end => {
                url_end = net::www(&mut found, at).or_else(|| net::domain(&mut found, at)).unwrap_or(url_end);
                at + 1
            }
            _ => at + 1,
        };
    }
    found.spans
}

/// The bytes at which something may stand, as a table: a test per byte is most of
/// the cost of a text that holds nothing.
static LOOK: [bool; 256] = {
    let mut look = [false; 256];
    let mut byte = 0u8;
    while byte < 128 {
        #[expect(clippy::indexing_slicing, reason = "a table of 256, indexed by a byte, at compile time")]
        {
            look[byte as usize] = byte.is_ascii_digit() || matches!(byte, b'@' | b':' | b'.');
        }
        byte += 1;
    }
    look
};

/// The search over one text.
struct Found<'a> {
    text: &'a str,
    bytes: &'a [u8],
    /// What was found, in byte offsets.
    spans: Vec<PiiSpan>,
}

impl Found<'_> {
    fn push(&mut self, kind: PiiKind, start: usize, end: usize, score: f32) {
        // Offsets come from bytes; a span that cuts a char would be a fault of ours.
        if start < end && self.text.get(start..end).is_some() {
            self.spans.push(PiiSpan { kind, start, end, score });
        }
    }

    fn byte(&self, at: usize) -> u8 {
        self.bytes.get(at).copied().unwrap_or(0)
    }

    /// Whether a word goes on to the left of `at`. The letter of a JSON escape
    /// (`\n`, `\u001f`) does not belong to what follows it.
    fn glued_left(&self, at: usize) -> bool {
        let Some(before) = at.checked_sub(1) else {
            return false;
        };
        let byte = self.byte(before);
        (byte.is_ascii_alphanumeric() || byte == b'_') && !is_escape_end(self.bytes, before)
    }

    /// Whether one of `words` stands as a whole word in the 48 bytes before `at`, in any case.
    fn word_before(&self, at: usize, words: &[&str]) -> bool {
        let letter = |at: usize| self.byte(at).is_ascii_alphabetic();
        (at.saturating_sub(48)..at).filter(|start| letter(*start) && !letter(start.wrapping_sub(1))).any(|start| {
            words.iter().any(|word| {
                let end = start + word.len();
                let said = self.bytes.get(start..end).filter(|_| end <= at && !letter(end));
                said.is_some_and(|said| said.eq_ignore_ascii_case(word.as_bytes()))
            })
        })
    }

    /// Whether the word right before `at`, with a space or a colon between, is one of `words`, in any case.
    fn last_word_is(&self, at: usize, words: &[&str]) -> bool {
        let before = self.text.get(..at).unwrap_or_default().trim_end_matches([' ', ':']);
        let letters = before.bytes().rev().take(12).take_while(u8::is_ascii_alphabetic).count();
        let word = before.get(before.len() - letters..).unwrap_or_default();
        words.iter().any(|known| word.eq_ignore_ascii_case(known))
    }

    /// Whether one of `words` stands in the 48 bytes before `at`, in any case.
    fn context(&self, at: usize, words: &[&str]) -> bool {
        let window = self.bytes.get(at.saturating_sub(48)..at).unwrap_or_default();
        (0..window.len()).any(|at| {
            let rest = window.get(at..).unwrap_or_default();
            let first = rest.first().map(u8::to_ascii_lowercase);
            words.iter().any(|word| {
                // One byte tells nearly all words apart.
                first == word.as_bytes().first().copied()
                    && rest.get(..word.len()).is_some_and(|part| part.eq_ignore_ascii_case(word.as_bytes()))
            })
        })
    }
}

/// Whether the byte at `at` ends a JSON escape.
pub(crate) fn is_escape_end(bytes: &[u8], at: usize) -> bool {
    let back = |distance: usize| at.checked_sub(distance).and_then(|i| bytes.get(i)).copied();
    match bytes.get(at) {
        Some(b'n' | b't' | b'r' | b'b' | b'f') if back(1) == Some(b'\\') => {
            // An even number of backslashes is text: `C:\\new`.
            let slashes = (1..=8).take_while(|distance| back(*distance) == Some(b'\\')).count();
            slashes % 2 == 1
        }
        Some(byte) if byte.is_ascii_hexdigit() => back(4) == Some(b'u') && back(5) == Some(b'\\'),
        _ => false,
    }
}

/// The longest of those that overlap, then the surest, then the first; in order.
fn without_overlaps(mut spans: Vec<PiiSpan>) -> Vec<PiiSpan> {
    spans.sort_by(|a, b| {
        (b.end - b.start)
            .cmp(&(a.end - a.start))
            .then(b.score.total_cmp(&a.score))
            .then(a.start.cmp(&b.start))
            .then(a.kind.cmp(&b.kind))
    });
    let mut taken: BTreeMap<usize, PiiSpan> = BTreeMap::new();
    for span in spans {
        let free = taken.range(..span.end).next_back().is_none_or(|(_, before)| before.end <= span.start);
        if free {
            taken.insert(span.start, span);
        }
    }
    taken.into_values().collect()
}

/// Spans in byte offsets, in order, as spans in Unicode scalar values.
fn in_chars(text: &str, mut spans: Vec<PiiSpan>) -> Vec<PiiSpan> {
    if text.is_ascii() {
        return spans;
    }
    // Two walks, since ends are not in order where spans nest.
    let mut chars = Chars::new(text);
    let mut ends: Vec<_> = spans.iter().map(|span| span.end).collect();
    ends.sort_unstable();
    ends.dedup();
    let ends: BTreeMap<_, _> = ends.into_iter().map(|end| (end, chars.at(end))).collect();
    let mut chars = Chars::new(text);
    for span in &mut spans {
        span.start = chars.at(span.start);
        span.end = ends.get(&span.end).copied().unwrap_or(span.start);
    }
    spans
}

#[cfg(test)]
mod tests;
