//! A text made plain for matching phrases: lower case, one space between words.

use aho_corasick::{AhoCorasick, MatchKind};

/// A text as ` word word . word ? `: words in lower case without apostrophes
/// (`don't` and `dont` are one word), and the marks `.`, `?`, `!` and `,` as
/// words of their own. Begins and ends with a space; every word has exactly
/// one space on each side, so a phrase is matched with its leading space and
/// ends where a space follows.
pub(crate) struct Flat {
    /// The words.
    pub(crate) text: String,
    /// How many letters are Latin.
    pub(crate) latin: usize,
    /// How many letters are not.
    pub(crate) other: usize,
    /// How many letters are ASCII capitals.
    pub(crate) capitals: usize,
}

impl Flat {
    /// Makes `text` plain, in one pass.
    pub(crate) fn new(text: &str) -> Self {
        let mut flat = Self { text: String::with_capacity(text.len() + 16), latin: 0, other: 0, capitals: 0 };
        flat.text.push(' ');
        let mut in_word = false;
        let mut rest = text;
        loop {
            // Nearly all of a text is runs of ASCII letters: copied as a whole.
            let run = rest.bytes().take_while(u8::is_ascii_alphanumeric).count();
            if let Some((word, after)) = rest.split_at_checked(run)
                && run > 0
            {
                let from = flat.text.len();
                flat.text.push_str(word);
                if let Some(word) = flat.text.get_mut(from..) {
                    word.make_ascii_lowercase();
                }
                flat.latin += word.bytes().filter(u8::is_ascii_alphabetic).count();
                flat.capitals += word.bytes().filter(u8::is_ascii_uppercase).count();
                in_word = true;
                rest = after;
            }
            let mut chars = rest.chars();
            let Some(c) = chars.next() else { break };
            rest = chars.as_str();
            let next = chars.next();
            match c {
                '\'' | '\u{2019}' if in_word && next.is_some_and(char::is_alphanumeric) => {}
                // A full stop inside `3.5` or `e.g.` ends nothing.
                '.' if next.is_some_and(|next| !next.is_whitespace() && next != '.') => {
                    flat.close(&mut in_word);
                }
                '.' | ';' => flat.mark('.', &mut in_word),
                '?' => flat.mark('?', &mut in_word),
                '!' => flat.mark('!', &mut in_word),
                ',' => flat.mark(',', &mut in_word),
                '\n' if matches!(next, Some('\n' | '\r')) => flat.mark('.', &mut in_word),
                ':' if matches!(next, Some(')' | '(')) => {
                    flat.mark(if next == Some(')') { '\u{1F642}' } else { '\u{1F641}' }, &mut in_word);
                }
                '\u{1F300}'..='\u{1FAFF}' | '\u{2600}'..='\u{27BF}' => flat.mark(c, &mut in_word),
                c if c.is_ascii() => flat.close(&mut in_word),
                c if c.is_alphanumeric() => {
                    if c.is_alphabetic() {
                        if matches!(c, '\u{C0}'..='\u{24F}') { flat.latin += 1 } else { flat.other += 1 }
                    }
                    flat.text.extend(c.to_lowercase());
                    in_word = true;
                }
                _ => flat.close(&mut in_word),
            }
        }
        flat.close(&mut in_word);
        flat
    }

    /// Ends a word.
    fn close(&mut self, in_word: &mut bool) {
        if std::mem::take(in_word) {
            self.text.push(' ');
        }
    }

    /// Writes a mark as a word of its own.
    fn mark(&mut self, mark: char, in_word: &mut bool) {
        self.close(in_word);
        self.text.push(mark);
        self.text.push(' ');
    }

    /// The words before byte `at`, nearest first, to the start of the clause.
    pub(crate) fn before(&self, at: usize) -> impl Iterator<Item = &str> {
        self.text
            .get(..at)
            .unwrap_or_default()
            .rsplit(' ')
            .filter(|word| !word.is_empty())
            .take_while(|word| !is_mark(word))
    }
}

/// Whether a word of a [`Flat`] is a mark that ends a clause.
pub(crate) fn is_mark(word: &str) -> bool {
    matches!(word, "." | "?" | "!" | ",")
}

/// Many phrases, found in one pass over a [`Flat`].
pub(crate) struct Phrases(AhoCorasick);

impl Phrases {
    /// The phrases, in the words of [`Flat`]; the longest wins where two start.
    pub(crate) fn new<'a>(phrases: impl IntoIterator<Item = &'a str>) -> Self {
        #[expect(clippy::expect_used, reason = "fails only above 2^31 states; the phrases are constants of this crate")]
        let automaton = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostLongest)
            .build(phrases.into_iter().map(|phrase| format!(" {phrase}")))
            .expect("a few hundred short phrases");
        Self(automaton)
    }

    /// Each phrase with its place: (index, start, end), where `start` is that of
    /// its leading space.
    pub(crate) fn find<'a>(&'a self, flat: &'a Flat) -> impl Iterator<Item = (usize, usize, usize)> + 'a {
        let bytes = flat.text.as_bytes();
        self.0
            .find_iter(&flat.text)
            // Patterns start with a space, so the left side is a boundary.
            .filter(move |found| bytes.get(found.end()) == Some(&b' '))
            .map(|found| (found.pattern().as_usize(), found.start(), found.end()))
    }
}
