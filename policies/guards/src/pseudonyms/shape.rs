//! What a placeholder looks like.

use crate::PiiKind;
use std::sync::LazyLock;

/// The word of placeholders for text that looked like one.
pub(super) const LITERAL: &str = "literal";

/// All words of placeholders.
static WORDS: LazyLock<Vec<&'static str>> =
    LazyLock::new(|| PiiKind::ALL.into_iter().map(PiiKind::as_str).chain([LITERAL]).collect());

/// The first token of `text` in the shape `<word_1>`, `<word_1.part>` or
/// `<word_1.part.2>`, with the text before and after it. The word is a kind of
/// personal data in any case: a model that writes `<PERSON_1>` means `<person_1>`.
pub(super) fn next(text: &str) -> Option<(&str, &str, &str)> {
    let mut from = 0;
    loop {
        let start = from + text.get(from..)?.find('<')?;
        if let Some(length) = length(text.get(start..)?) {
            let (before, rest) = text.split_at_checked(start)?;
            let (token, after) = rest.split_at_checked(length)?;
            return Some((before, token, after));
        }
        from = start + 1;
    }
}

/// All such tokens of `text`, each with the byte where it starts.
pub(crate) fn tokens(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let (_, token, after) = next(rest)?;
        rest = after;
        Some((text.len() - after.len() - token.len(), token))
    })
}

/// The length of the token at the start of `text`, whose first char is `<`.
fn length(text: &str) -> Option<usize> {
    let inner = text.get(1..)?;
    // The longest that this crate makes has about 40 bytes.
    let end = inner.bytes().take(80).position(|byte| byte == b'>' || byte == b'<')?;
    let inner = inner.get(..end).filter(|_| text.as_bytes().get(end + 1) == Some(&b'>'))?;
    let (head, parts) = inner.split_once('.').map_or((inner, None), |(head, parts)| (head, Some(parts)));
    let (word, number) = head.rsplit_once('_')?;
    let digits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    let named = WORDS.iter().any(|known| known.eq_ignore_ascii_case(word));
    let parts = parts.is_none_or(|parts| {
        parts.split('.').all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric()))
    });
    (digits && named && parts).then_some(end + 2)
}
