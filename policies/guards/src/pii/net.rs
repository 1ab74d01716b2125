//! E-mail, web and IP addresses.

use super::{Found, PiiKind, is_escape_end};
use std::net::Ipv6Addr;

/// Looks around the `@` at `at`; returns where to go on.
pub(super) fn email(found: &mut Found<'_>, at: usize) -> usize {
    let local = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '%' | '+' | '-' | '\'');
    let domain = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-');
    // RFC 5321: 64 for the local part, 255 for the domain. The limits also keep
    // the search linear.
    let (Some(before), Some(after)) = (found.text.get(..at), found.text.get(at + 1..)) else {
        return at + 1;
    };
    let left: usize = before.chars().rev().take(64).take_while(|c| local(*c)).map(char::len_utf8).sum();
    let right: usize = after.chars().take(255).take_while(|c| domain(*c)).map(char::len_utf8).sum();
    let mut start = at - left;
    if start > 0 && found.byte(start - 1) == b'\\' && is_escape_end(found.bytes, start) {
        start += 1;
    }
    while start < at && matches!(found.byte(start), b'.' | b'-' | b'\'' | b'%' | b'+') {
        start += 1;
    }
    let host = after.get(..right).unwrap_or_default().trim_end_matches(['.', '-']);
    let top = host.rsplit('.').next().unwrap_or_default();
    let whole = host.contains('.')
        && !host.starts_with('.')
        && top.chars().count() >= 2
        && top.chars().all(|c| c.is_alphabetic() || c == '-' || host.contains("xn--"));
    if start == at || !whole {
        return at + 1;
    }
    found.push(PiiKind::Email, start, at + 1 + host.len(), 0.99);
    at + 1
}

/// Looks around the `:` at `at` for a web address; returns its end.
pub(super) fn url(found: &mut Found<'_>, at: usize) -> Option<usize> {
    if found.byte(at + 1) != b'/' || found.byte(at + 2) != b'/' {
        return None;
    }
    let before = found.bytes.get(..at)?;
    let left = before.iter().rev().take(12).take_while(|byte| byte.is_ascii_alphanumeric()).count();
    let mut start = at - left;
    if start > 0 && found.byte(start - 1) == b'\\' && is_escape_end(found.bytes, start) {
        start += 1;
    }
    if start == at || !found.byte(start).is_ascii_alphabetic() {
        return None;
    }
    let end = web_end(found, at + 3);
    if end <= at + 3 {
        return None;
    }
    found.push(PiiKind::Url, start, end, 0.95);
    Some(end)
}

/// Looks around the `.` at `at` for a web address that starts with `www`.
pub(super) fn www(found: &mut Found<'_>, at: usize) -> Option<usize> {
    let start = at.checked_sub(3)?;
    if !found.bytes.get(start..at)?.eq_ignore_ascii_case(b"www") || found.glued_left(start) {
        return None;
    }
    let end = web_end(found, at + 1);
    if !found.text.get(at + 1..end)?.contains('.') {
        return None;
    }
    found.push(PiiKind::Url, start, end, 0.9);
    Some(end)
}

/// A domain name around the `.` at `at`, without a scheme: `northgate-bikes.com`, `www` aside. Ends as the name
/// of a land alone do not tell it from two sentences without a space between, so these need a further sign.
pub(super) fn domain(found: &mut Found<'_>, at: usize) -> Option<usize> {
    let part = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(**byte, b'-' | b'.');
    let left = found.bytes.get(..at)?.iter().rev().take(80).take_while(part).count();
    let right = found.bytes.get(at..)?.iter().take(80).take_while(part).count();
    let (start, end) = (at - left, at + right);
    let name = found.text.get(start..end)?;
    let name = name.trim_end_matches(['.', '-']);
    let around = |at: usize| matches!(found.byte(at), b'@' | b'_' | b'/' | b'\\');
    if left == 0 || (start > 0 && around(start - 1)) || matches!(found.byte(start + name.len()), b'@' | b'_' | b'(') {
        return Some(end);
    }
    let mut labels = name.rsplit('.');
    let (top, second) = (labels.next()?, labels.next()?);
    let lower = !name.bytes().any(|byte| byte.is_ascii_uppercase());
    let well_formed =
        name.split('.').all(|label| !label.is_empty() && !label.starts_with('-') && !label.ends_with('-'));
    let land = top.len() == 2 && top.bytes().all(|byte| byte.is_ascii_lowercase());
    let path = found.byte(start + name.len()) == b'/' && found.byte(start + name.len() + 1).is_ascii_alphanumeric();
    let sign = || {
        path || labels.clone().next().is_some()
            || name.contains('-')
            || second.bytes().any(|byte| byte.is_ascii_digit())
            || found.context(start, &["domain", "site", "host", "dns", "url", "web"])
    };
    let known = TOPS.contains(&top) || (land && FILES.binary_search(&top).is_err() && sign());
    if !lower || !well_formed || !known || second.len() < 2 || second.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(end);
    }
    let end = if path { web_end(found, start + name.len()) } else { start + name.len() };
    found.push(PiiKind::Url, start, end, 0.8);
    Some(end)
}

/// Ends of domain names that are no word after a full stop and no kind of file.
const TOPS: &[&str] = &[
    "com",
    "org",
    "net",
    "edu",
    "gov",
    "mil",
    "int",
    "info",
    "biz",
    "io",
    "dev",
    "app",
    "ai",
    "co",
    "xyz",
    "shop",
    "online",
    "site",
    "tech",
    "store",
    "cloud",
    "blog",
    "eu",
    "uk",
    "example",
    "test",
    "localhost",
    "invalid",
];

/// Ends of two letters that are those of files or short forms.
const FILES: &[&str] = &["cc", "cs", "db", "gz", "hs", "js", "md", "mm", "ps", "py", "rb", "rs", "sh", "so", "ts"];

/// Where a web address that reaches `from` ends: punctuation after it is not its own.
fn web_end(found: &Found<'_>, from: usize) -> usize {
    let rest = found.text.get(from..).unwrap_or_default();
    let long = rest
        .find(|c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"' | '`' | '{' | '}' | '|' | '\\' | '^'))
        .unwrap_or(rest.len());
    let url = rest.get(..long).unwrap_or_default();
    let open = url.contains('(');
    from + url
        .trim_end_matches(|c| matches!(c, '.' | ',' | ';' | ':' | '!' | '?' | '\'' | ']' | '*') || (c == ')' && !open))
        .len()
}

/// Looks around the `:` at `at` for an IPv6 address; returns where to go on.
pub(super) fn ipv6(found: &mut Found<'_>, at: usize) -> usize {
    let part = |byte: &u8| byte.is_ascii_hexdigit() || *byte == b':';
    let right = found.bytes.get(at..).unwrap_or_default();
    // The longest form has 39 bytes; one more shows that it is too long.
    let length = right.iter().take(40).take_while(|byte| part(byte) || **byte == b'.').count();
    let colons = right.iter().take(length).filter(|byte| **byte == b':').count();
    if colons < 2 {
        return at + 1;
    }
    let before = found.bytes.get(..at).unwrap_or_default();
    let left = before.iter().rev().take(5).take_while(|byte| byte.is_ascii_hexdigit()).count();
    let start = at - left;
    let text = found.text.get(start..at + length).unwrap_or_default().trim_end_matches('.');
    let has_digit = text.bytes().any(|byte| byte.is_ascii_digit());
    if has_digit && !found.glued_left(start) && text.parse::<Ipv6Addr>().is_ok() {
        found.push(PiiKind::IpAddress, start, start + text.len(), 0.95);
    }
    // Digits in what was read may be something else, such as a time: go on inside.
    at + 1
}
