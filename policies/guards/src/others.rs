//! Other customers in a text.

use crate::fold::Unmasked;

/// The shortest beginning of an id that is none by chance: `cus_` of `cus_1042`.
const PREFIX: usize = 2;

/// Where `text` names another id of the same form as `own`, in Unicode scalar
/// values: `cus_1001` is one beside `cus_1042`.
///
/// Ids have a form if they are a few letters or marks and then digits; of others
/// nothing is found.
#[must_use]
pub fn other_ids(text: &str, own: &str) -> Vec<(usize, usize)> {
    let own = own.to_ascii_lowercase();
    let prefix = own.trim_end_matches(|c: char| c.is_ascii_digit());
    let formed =
        prefix.len() < own.len() && prefix.chars().count() >= PREFIX && prefix.chars().any(char::is_alphabetic);
    if !formed {
        return Vec::new();
    }
    let unmasked = Unmasked::new(text);
    let plain = unmasked.as_ref().map_or(text, |unmasked| &unmasked.text).to_ascii_lowercase();
    let mut places = Vec::new();
    for (start, _) in plain.match_indices(prefix) {
        let before = plain.get(..start).and_then(|before| before.chars().next_back());
        let rest = plain.get(start + prefix.len()..).unwrap_or_default();
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let end = start + prefix.len() + digits;
        let whole = digits > 0 && !before.is_some_and(char::is_alphanumeric);
        if whole && plain.get(start..end) != Some(&*own) {
            let place = |byte: usize, ends: bool| match &unmasked {
                Some(unmasked) if ends => unmasked.end(text, byte),
                Some(unmasked) => unmasked.start(byte),
                None => byte,
            };
            let chars = |byte: usize| text.get(..byte).map_or(0, |text| text.chars().count());
            places.push((chars(place(start, false)), chars(place(end, true))));
        }
    }
    places
}

#[cfg(test)]
mod tests;
