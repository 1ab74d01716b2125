//! One spelling for what looks alike: letters without diacritics, digits and
//! letters of other scripts that hide Latin ones, nothing invisible.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// `text` in lower case without diacritics: `Jürgen` and `jurgen` are one.
pub(crate) fn plain(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let mut plain = String::with_capacity(text.len());
    for c in text.chars().filter(|c| !is_mark(*c)) {
        letter(c, &mut plain);
    }
    plain
}

/// Writes a char in lower case, without diacritics and disguise.
pub(crate) fn letter(c: char, out: &mut String) {
    if c.is_ascii() {
        out.push(c.to_ascii_lowercase());
        return;
    }
    if let Some(form) = ascii_form(c).or_else(|| look_alike(c)) {
        out.push(form.to_ascii_lowercase());
        return;
    }
    for c in std::iter::once(c).nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase) {
        match c {
            'ß' => out.push_str("ss"),
            'ø' => out.push('o'),
            'ł' => out.push('l'),
            'đ' | 'ð' => out.push('d'),
            'ı' => out.push('i'),
            'æ' => out.push_str("ae"),
            'œ' => out.push_str("oe"),
            'þ' => out.push_str("th"),
            // What a capital dotted I leaves behind.
            c if is_combining_mark(c) => {}
            c => out.push(c),
        }
    }
}

/// A text without its disguises, and where each of its bytes came from.
pub(crate) struct Unmasked {
    /// The text.
    pub(crate) text: String,
    /// For each byte of `text`, the byte of the original where its char starts;
    /// one more at the end, the length of the original.
    places: Vec<usize>,
}

impl Unmasked {
    /// The text without disguises, if it has any: zero-width and bidirectional
    /// marks are left out; full-width forms, digits of other scripts and letters
    /// of mathematics become ASCII; unusual spaces and hyphens the usual ones; and
    /// in a word that mixes Latin letters or digits with Cyrillic or Greek ones,
    /// letters that look Latin become so. Words of one script stay.
    pub(crate) fn new(text: &str) -> Option<Self> {
        if text.is_ascii() || !text.chars().any(is_mask) {
            return None;
        }
        let mut unmasked = Self { text: String::with_capacity(text.len()), places: Vec::with_capacity(text.len() + 1) };
        let mut word_start = 0;
        let (mut latin, mut other) = (false, false);
        for (at, c) in text.char_indices() {
            let c = match c {
                c if is_invisible(c) => continue,
                c if c.is_ascii() => c,
                '\u{a0}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}' => ' ',
                '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{fe63}' | '\u{ff0d}' => '-',
                c => ascii_form(c).unwrap_or(c),
            };
            let in_word = c.is_alphanumeric() || matches!(c, '@' | '.' | '_' | '-' | '\u{2019}');
            if in_word {
                latin |= c.is_ascii_alphanumeric();
                other |= look_alike(c).is_some();
            } else {
                if latin && other {
                    unmasked.straighten(word_start);
                }
                (latin, other) = (false, false);
            }
            unmasked.text.push(c);
            unmasked.places.resize(unmasked.text.len(), at);
            if !in_word {
                word_start = unmasked.text.len();
            }
        }
        if latin && other {
            unmasked.straighten(word_start);
        }
        unmasked.places.push(text.len());
        Some(unmasked)
    }

    /// Writes the letters that look Latin from byte `from` on as Latin.
    fn straighten(&mut self, from: usize) {
        let word = self.text.split_off(from);
        let places = self.places.split_off(from);
        for (at, c) in word.char_indices() {
            self.text.push(look_alike(c).unwrap_or(c));
            let place = places.get(at).copied().unwrap_or_default();
            self.places.resize(self.text.len(), place);
        }
    }

    /// The byte of the original where the char at byte `at` starts.
    pub(crate) fn start(&self, at: usize) -> usize {
        self.places.get(at).copied().unwrap_or_default()
    }

    /// The byte of the original after the last char that ends before byte `at`.
    pub(crate) fn end(&self, original: &str, at: usize) -> usize {
        let last = self.places.get(at.saturating_sub(1)).copied().unwrap_or_default();
        let char = original.get(last..).and_then(|rest| rest.chars().next());
        last + char.map_or(0, char::len_utf8)
    }
}

/// Whether a char may be there to hide another.
fn is_mask(c: char) -> bool {
    !c.is_ascii()
        && (is_invisible(c)
            || look_alike(c).is_some()
            || matches!(c, '\u{a0}' | '\u{2000}'..='\u{2015}' | '\u{202f}' | '\u{205f}' | '\u{2212}' | '\u{3000}')
            || ascii_form(c).is_some())
}

/// Whether a char is written onto the one before.
pub(crate) fn is_mark(c: char) -> bool {
    !c.is_ascii() && is_combining_mark(c)
}

/// Chars that are not seen: zero-width, joiners, bidirectional controls, soft
/// hyphens, variation selectors and tags.
pub(crate) fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

/// The ASCII char that a compatibility form or a digit of another script stands for.
fn ascii_form(c: char) -> Option<char> {
    // Each block of decimal digits holds ten in order; U+0660 and the like.
    const ZEROS: [u32; 14] =
        [0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xe50, 0xed0];
    let code = u32::from(c);
    if let Some(zero) = ZEROS.iter().find(|zero| (**zero..**zero + 10).contains(&code)) {
        return char::from_digit(code - zero, 10);
    }
    // Full-width forms, letters and digits of mathematics, circled and raised ones.
    let styled = matches!(code, 0xb2 | 0xb3 | 0xb9 | 0x2070..=0x209c | 0x2100..=0x214f | 0x2460..=0x24ea
        | 0xff01..=0xff5e | 0x1d400..=0x1d7ff);
    if !styled {
        return None;
    }
    let mut forms = std::iter::once(c).nfkc();
    match (forms.next(), forms.next()) {
        (Some(form), None) if form.is_ascii() => Some(form),
        _ => None,
    }
}

/// The Latin letter that a Cyrillic or Greek one looks like (Unicode TR39, the
/// pairs that cannot be told apart in usual type).
fn look_alike(c: char) -> Option<char> {
    Some(match c {
        'а' | 'α' => 'a',
        'е' => 'e',
        'о' | 'ο' => 'o',
        'р' | 'ρ' => 'p',
        'с' | 'ϲ' => 'c',
        'у' => 'y',
        'х' => 'x',
        'і' | 'ι' => 'i',
        'ј' => 'j',
        'ѕ' => 's',
        'ԁ' => 'd',
        'ɡ' => 'g',
        'һ' => 'h',
        'ӏ' => 'l',
        'ν' => 'v',
        'ԛ' => 'q',
        'ԝ' => 'w',
        'А' | 'Α' => 'A',
        'В' | 'Β' => 'B',
        'С' => 'C',
        'Е' | 'Ε' => 'E',
        'Н' | 'Η' => 'H',
        'І' | 'Ι' => 'I',
        'Ј' => 'J',
        'К' | 'Κ' => 'K',
        'М' | 'Μ' => 'M',
        'Ν' => 'N',
        'О' | 'Ο' => 'O',
        'Р' | 'Ρ' => 'P',
        'Ѕ' => 'S',
        'Т' | 'Τ' => 'T',
        'Х' | 'Χ' => 'X',
        'Υ' => 'Y',
        'Ζ' => 'Z',
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
