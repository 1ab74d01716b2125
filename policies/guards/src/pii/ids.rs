//! Numbers of things that are somebody's: devices, vehicles, wallets, points on a map.

use super::{Found, PiiKind};

/// Looks at each word of letters and digits, with the marks that such numbers have inside.
pub(super) fn find(found: &mut Found<'_>) {
    let mut at = 0;
    while at < found.bytes.len() {
        let inside = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(**byte, b':' | b'-' | b'.' | b'_');
        let length = found.bytes.get(at..).unwrap_or_default().iter().take_while(inside).count();
        if length == 0 {
            at += 1;
            continue;
        }
        let word = found.text.get(at..at + length).unwrap_or_default();
        let trimmed = word.trim_end_matches([':', '-', '.', '_']);
        let named = trimmed.find(':').map_or(0, |colon| colon + 1);
        // `mac:00-1b-…`: what stands after a colon, and the whole.
        for start in [0, named].into_iter().take(1 + usize::from(named > 0)) {
            let value = trimmed.get(start..).unwrap_or_default();
            // No word of a language has a digit in it, which spares nearly all of the work.
            if value.len() >= SHORTEST
                && value.bytes().any(|byte| byte.is_ascii_digit())
                && (is_id(value) || uuid(value) && whose(found, at + start))
            {
                found.push(PiiKind::Other, at + start, at + trimmed.len(), 0.9);
                break;
            }
        }
        at += length;
    }
}

/// The shortest of them: a MAC address as `001b.4411.3ab7`.
const SHORTEST: usize = 14;

/// WGS 84 in degrees with at least four decimals: `40.712776, -74.005974`.
pub(super) fn point(found: &mut Found<'_>, at: usize) -> Option<usize> {
    let number = |at: usize| {
        let sign = usize::from(found.byte(at) == b'-');
        let whole = (0..4).take_while(|i| found.byte(at + sign + i).is_ascii_digit()).count();
        let point = at + sign + whole;
        let decimals = (1..20).take_while(|i| found.byte(point + i).is_ascii_digit()).count();
        let fits = (1..=3).contains(&whole) && found.byte(point) == b'.' && (4..=15).contains(&decimals);
        fits.then_some(point + 1 + decimals)
    };
    let first = number(at)?;
    let gap = 1 + usize::from(found.byte(first + 1) == b' ');
    let end = number(first + gap).filter(|_| found.byte(first) == b',')?;
    let start = at - usize::from(at.checked_sub(1).is_some_and(|before| found.byte(before) == b'-'));
    found.push(PiiKind::Location, start, end, 0.85);
    Some(end)
}

/// ISO 6709 as people write it, one half at a time: `52°23'12"N`, `N 51° 29.190'`, `40.72261°N`.
pub(super) fn degrees(found: &mut Found<'_>, at: usize) -> Option<usize> {
    let rest = found.text.get(at..)?;
    let digits = |text: &str, most| text.bytes().take(most).take_while(u8::is_ascii_digit).count();
    let number = |text: &str, most| {
        let whole = digits(text, most);
        let decimals = text.get(whole..).and_then(|rest| rest.strip_prefix('.')).map_or(0, |rest| digits(rest, 8));
        (whole > 0).then_some((if decimals > 0 { whole + 1 + decimals } else { whole }, decimals))
    };
    let (length, decimals) = number(rest, 3)?;
    let mut left = rest.get(length..)?.strip_prefix('\u{b0}')?;
    let mut exact = decimals >= 3;
    // Minutes, then seconds.
    for marks in [['\'', '\u{2032}', '\u{2019}'], ['"', '\u{2033}', '\u{201d}']] {
        let part = left.trim_start_matches(' ');
        let Some((length, _)) = number(part, 2) else { break };
        let Some(after) = part.get(length..).and_then(|rest| rest.strip_prefix(marks)) else { break };
        (left, exact) = (after, true);
    }
    let side = left.trim_start_matches(' ');
    let named = |text: &str| !text.starts_with(char::is_alphanumeric);
    let after = side.strip_prefix(['N', 'S', 'E', 'W']).filter(|rest| named(rest));
    let end = found.text.len() - after.unwrap_or(left).len();
    let before = found.text.get(..at)?.trim_end_matches(' ');
    let before = before.strip_suffix(['N', 'S', 'E', 'W']).filter(|text| !text.ends_with(char::is_alphanumeric));
    (exact && (after.is_some() || before.is_some())).then(|| {
        found.push(PiiKind::Location, before.map_or(at, str::len), end, 0.9);
        end
    })
}

fn is_id(value: &str) -> bool {
    mac(value) || imei(value) || vin(value) || wallet(value) || minted(value)
}

/// Words of which one stands before a UUID that is somebody's. Without one it is an order, a request or a build, which
/// names nobody.
const SOMEBODY: &[&str] = &[
    "account",
    "client",
    "contact",
    "customer",
    "device",
    "employee",
    "guest",
    "holder",
    "kunde",
    "member",
    "my id",
    "owner",
    "patient",
    "person",
    "profile",
    "session",
    "subscriber",
    "user",
    "visitor",
];

/// Whether a UUID at `at` is somebody's: by a word before it, or as the one right before it is: `merged into …`.
fn whose(found: &Found<'_>, at: usize) -> bool {
    let near = |end: usize| at.checked_sub(end).is_some_and(|between| between <= 24);
    let beside = found.spans.last().is_some_and(|span| span.end - span.start == UUID && near(span.end));
    beside || found.context(at, SOMEBODY)
}

/// The bytes of a UUID.
const UUID: usize = 36;

/// RFC 9562: `f81d4fae-7dec-11d0-a765-00a0c91e6bf6`.
fn uuid(value: &str) -> bool {
    let lengths = value.split('-').map(str::len);
    lengths.eq([8, 4, 4, 4, 12]) && value.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-')
}

/// What services call their customers: a short word, then letters of both cases and digits, `cus_NffrFeUfNV2Hib`.
fn minted(value: &str) -> bool {
    value.split_once('_').is_some_and(|(head, tail)| {
        let has = |test: fn(&u8) -> bool| tail.as_bytes().iter().any(test);
        (2..=6).contains(&head.len())
            && head.bytes().all(|byte| byte.is_ascii_lowercase())
            && tail.len() >= 12
            && tail.bytes().all(|byte| byte.is_ascii_alphanumeric())
            && has(u8::is_ascii_digit)
            && has(u8::is_ascii_uppercase)
            && has(u8::is_ascii_lowercase)
    })
}

/// IEEE 802: six pairs of hexadecimal digits, or three times four with points.
fn mac(value: &str) -> bool {
    let hexadecimal = |part: &str, length| part.len() == length && part.bytes().all(|byte| byte.is_ascii_hexdigit());
    let parts = |mark, count, length| {
        value.split(mark).count() == count && value.split(mark).all(|part| hexadecimal(part, length))
    };
    parts(':', 6, 2) || parts('-', 6, 2) || (parts('.', 3, 4) && value.bytes().any(|byte| byte.is_ascii_alphabetic()))
}

/// 3GPP TS 23.003 as it is printed: `49-015420-323751-8`.
fn imei(value: &str) -> bool {
    let lengths: Vec<usize> = value.split('-').map(str::len).collect();
    value.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-') && matches!(lengths.as_slice(), [2, 6, 6, 1 | 2])
}

/// ISO 3779: seventeen capitals and digits without I, O and Q; the last four are digits.
fn vin(value: &str) -> bool {
    let (mut letters, mut digits) = (0, 0);
    for byte in value.bytes() {
        match byte {
            b'I' | b'O' | b'Q' => return false,
            b'A'..=b'Z' => letters += 1,
            b'0'..=b'9' => digits += 1,
            _ => return false,
        }
    }
    letters + digits == 17
        && letters >= 3
        && value.get(13..).is_some_and(|serial| serial.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Addresses of Bitcoin (base58 and bech32), Litecoin, Ripple and Ethereum.
fn wallet(value: &str) -> bool {
    let base58 = |byte: u8| byte.is_ascii_alphanumeric() && !matches!(byte, b'0' | b'O' | b'I' | b'l');
    let mixed = || {
        let has = |test: fn(&u8) -> bool| value.as_bytes().iter().any(test);
        has(u8::is_ascii_uppercase) && has(u8::is_ascii_lowercase) && has(u8::is_ascii_digit)
    };
    let bech32 = |rest: &str| {
        (11..=71).contains(&rest.len())
            && rest.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_lowercase())
            && rest.bytes().any(|byte| byte.is_ascii_digit())
    };
    let old = matches!(value.as_bytes().first(), Some(b'1' | b'3' | b'L' | b'M' | b'r'))
        && (26..=35).contains(&value.len())
        && value.bytes().all(base58)
        && mixed();
    let ether = value
        .strip_prefix("0x")
        .is_some_and(|rest| matches!(rest.len(), 40 | 64) && rest.bytes().all(|byte| byte.is_ascii_hexdigit()));
    old || ether || ["bc1", "ltc1", "tb1"].into_iter().any(|head| value.strip_prefix(head).is_some_and(bech32))
}
