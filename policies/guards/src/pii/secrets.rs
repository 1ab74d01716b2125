//! Keys, tokens and passwords.

use super::{Found, PiiKind};
use aho_corasick::{AhoCorasick, MatchKind};
use std::sync::LazyLock;

/// How a secret is known by the word before its value.
#[derive(Clone, Copy)]
enum Rule {
    /// The prefix is a part of the key, which has at least so many bytes after it.
    Prefix(usize),
    /// The value follows a word, as in `api_key: …`.
    Named,
    /// A password follows.
    Password,
    /// `-----BEGIN … PRIVATE KEY-----` to its end.
    Pem,
}

/// Prefixes as the vendors document them, each with the least length of what follows.
const RULES: &[(&str, Rule)] = &[
    ("-----BEGIN", Rule::Pem),
    ("AIza", Rule::Prefix(30)),
    ("AKIA", Rule::Prefix(16)),
    ("ASIA", Rule::Prefix(16)),
    ("API key", Rule::Named),
    ("API token", Rule::Named),
    ("API_KEY", Rule::Named),
    ("Api key", Rule::Named),
    ("Bearer ", Rule::Prefix(12)),
    ("PASSWORD", Rule::Password),
    ("Password", Rule::Password),
    ("SECRET", Rule::Named),
    ("SG.", Rule::Prefix(30)),
    ("access token", Rule::Named),
    ("access_token", Rule::Named),
    ("api key", Rule::Named),
    ("api token", Rule::Named),
    ("api-key", Rule::Named),
    ("api_key", Rule::Named),
    ("apiKey", Rule::Named),
    ("apikey", Rule::Named),
    ("bearer ", Rule::Prefix(12)),
    ("eyJ", Rule::Prefix(27)),
    ("gho_", Rule::Prefix(20)),
    ("ghp_", Rule::Prefix(20)),
    ("ghs_", Rule::Prefix(20)),
    ("ghu_", Rule::Prefix(20)),
    ("github_pat_", Rule::Prefix(20)),
    ("glpat-", Rule::Prefix(16)),
    ("Passwort", Rule::Password),
    ("contrase\u{f1}a", Rule::Password),
    ("hf_", Rule::Prefix(20)),
    ("mot de passe", Rule::Password),
    ("npm_", Rule::Prefix(20)),
    ("passcode", Rule::Password),
    ("passphrase", Rule::Password),
    ("passwd", Rule::Password),
    ("password", Rule::Password),
    ("pk_live_", Rule::Prefix(8)),
    ("pw", Rule::Password),
    ("pwd", Rule::Password),
    ("refresh_token", Rule::Named),
    ("rk_live_", Rule::Prefix(8)),
    ("secret", Rule::Named),
    ("shpat_", Rule::Prefix(20)),
    ("sk-", Rule::Prefix(12)),
    ("sk_live_", Rule::Prefix(8)),
    ("sk_test_", Rule::Prefix(8)),
    ("whsec_", Rule::Prefix(16)),
    ("xapp-", Rule::Prefix(16)),
    ("xoxa-", Rule::Prefix(16)),
    ("xoxb-", Rule::Prefix(16)),
    ("xoxp-", Rule::Prefix(16)),
];

static PREFIXES: LazyLock<AhoCorasick> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "constants of this file, built by its tests")]
    AhoCorasick::builder()
        .match_kind(MatchKind::LeftmostLongest)
        .build(RULES.iter().map(|(prefix, _)| prefix))
        .expect("a few short prefixes")
});

/// Finds keys, tokens and passwords.
pub(super) fn find(found: &mut Found<'_>) {
    let text = found.text;
    // Where the last token ended, and where the next PEM block ends: what was
    // read once is not read again, which keeps the search linear.
    let (mut read, mut pem_end) = (0, None);
    for prefix in PREFIXES.find_iter(text) {
        let Some((_, rule)) = RULES.get(prefix.pattern().as_usize()) else {
            continue;
        };
        let rest = text.get(prefix.end()..).unwrap_or_default();
        let at = prefix.end();
        match rule {
            _ if found.glued_left(prefix.start()) && !matches!(rule, Rule::Named | Rule::Password) => {}
            Rule::Prefix(_) if prefix.start() < read => {}
            Rule::Prefix(least) => {
                let length = token(rest);
                read = at + length;
                let value = rest.get(..length).unwrap_or_default();
                // `Bearer authentication` and `sk-something-readable` carry no digit.
                if length >= *least && value.bytes().any(|byte| byte.is_ascii_digit()) {
                    let words = text.get(prefix.start()..at).unwrap_or_default();
                    let start = if words.ends_with(' ') { at } else { prefix.start() };
                    found.push(PiiKind::Secret, start, at + length, 0.97);
                }
            }
            Rule::Named => {
                if let Some((skip, length)) = named(rest, 8, |value| {
                    value.bytes().any(|byte| byte.is_ascii_digit())
                        && value.bytes().any(|byte| byte.is_ascii_alphabetic())
                }) {
                    found.push(PiiKind::Secret, at + skip, at + skip + length, 0.85);
                }
            }
            Rule::Password => {
                let odd = |value: &str| {
                    value.bytes().any(|byte| !byte.is_ascii_alphabetic() && byte != b'\'' && byte != b'-')
                };
                if let Some((skip, length)) = named(rest, 5, odd).or_else(|| follows(rest)).or_else(|| told_later(rest))
                {
                    let end = skip + length;
                    found.push(PiiKind::Password, at + skip, at + end, 0.8);
                    // `it was … or …`
                    let more = rest.get(end..).unwrap_or_default();
                    let or =
                        [" or", " oder", " ou", " o"].into_iter().find(|or| more.starts_with(or)).map_or(0, str::len);
                    if let Some((skip, length)) = more.get(or..).filter(|_| or > 0).and_then(follows) {
                        let start = at + end + or + skip;
                        found.push(PiiKind::Password, start, start + length, 0.8);
                    }
                }
            }
            Rule::Pem => {
                let end = match pem_end {
                    Some(end) if end >= at => end,
                    _ => rest.find("-----END").map_or(usize::MAX, |end| at + end + 8),
                };
                pem_end = Some(end);
                if end < usize::MAX && prefix.start() >= read {
                    read = end;
                    found.push(PiiKind::Secret, prefix.start(), end, 0.99);
                }
            }
        }
    }
}

/// The bytes of a token at the start of `rest`; a full stop at its end is not its own.
fn token(rest: &str) -> usize {
    let long = rest
        .bytes()
        .take(4_096)
        .take_while(|byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'/' | b'+' | b'=' | b'~')
        })
        .count();
    rest.get(..long).unwrap_or_default().trim_end_matches(['.', '-']).len()
}

/// A value right after a word, without anything that says so: it has what no word has.
fn follows(rest: &str) -> Option<(usize, usize)> {
    let value = rest.strip_prefix(' ')?.split(|c: char| c.is_whitespace() || matches!(c, '"' | ',' | '<')).next()?;
    let value = value.get(..value.floor_char_boundary(64))?.trim_end_matches(['.', ';', ')', '?']);
    let has = |test: fn(&u8) -> bool| value.as_bytes().iter().any(test);
    let odd = has(u8::is_ascii_digit) && has(u8::is_ascii_alphabetic) && value.len() >= 7;
    odd.then_some((1, value.len()))
}

/// A value that comes a few words later: `password for the cottage: …`.
fn told_later(rest: &str) -> Option<(usize, usize)> {
    let near = rest.get(..rest.floor_char_boundary(48))?;
    let clause = near.split(['.', ',', '\n', ';', '?', '!']).next()?;
    // `war zuletzt …`: where a verb says that it comes, another word may be in between.
    let colon = clause.find(": ").map(|colon| colon + 1);
    let said = [" war ", " was ", " is ", " ist "].into_iter().find(|verb| clause.starts_with(verb));
    let word = said.and_then(|verb| Some(verb.len() + clause.get(verb.len()..)?.find(' ')?));
    let at = colon.or(word)?;
    follows(rest.get(at..)?).map(|(skip, length)| (at + skip, length))
}

/// The value after a word: (bytes to skip, its length). A colon, an equals sign
/// or `is` must stand between, as in `"api_key": "…"`.
fn named(rest: &str, least: usize, looks_right: impl Fn(&str) -> bool) -> Option<(usize, usize)> {
    let between: usize = rest
        .bytes()
        .take(8)
        .take_while(|byte| matches!(byte, b' ' | b'"' | b'\'' | b':' | b'=' | b'`' | b'\\'))
        .count();
    let mut skip = between;
    let marks = rest.get(..between)?;
    if !marks.contains([':', '=']) {
        let after = rest.get(between..)?;
        let said = ["is: ", "is ", "was ", "war ", "ist ", "lautet ", "est ", "es "];
        let word = said.into_iter().find(|word| after.starts_with(word))?;
        if !marks.contains(' ') {
            return None;
        }
        skip += word.len();
    }
    let value = rest.get(skip..)?;
    let value = value.trim_start_matches(['"', '\'', '`', ' ']);
    let skip = rest.len() - value.len();
    let length: usize = value
        .chars()
        .take(256)
        .take_while(|c| !c.is_whitespace() && !matches!(c, '"' | '\'' | '`' | '<' | '>' | ',' | '\\' | '}'))
        .map(char::len_utf8)
        .sum();
    let value = value.get(..length)?.trim_end_matches(['.', ';', ')']);
    (value.len() >= least && looks_right(value)).then_some((skip, value.len()))
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_prefixes_compile() {
        assert_eq!(super::PREFIXES.patterns_len(), super::RULES.len());
    }
}
