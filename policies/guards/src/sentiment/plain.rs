//! A message taken apart into words and marks, with the tricks of spelling undone.

use std::borrow::Cow;
use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfkc_quick};

/// What a token is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Kind {
    /// An emoji or an emoticon.
    Emoji,
    /// A mark that ends a clause.
    Mark,
    /// A word in capitals.
    Shout,
    /// A number, an address or a handle, written as what it is: `<n>`, `<url>`.
    Stand,
    /// A word.
    Word,
}

/// One word or mark.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Token {
    start: usize,
    end: usize,
    pub(crate) kind: Kind,
}

/// A message as tokens: words in lower case without apostrophes, runs of one
/// letter cut to two, and everything that varies without meaning (numbers,
/// handles, addresses) as a stand-in.
#[derive(Debug, Default)]
pub(crate) struct Plain {
    text: String,
    pub(crate) tokens: Vec<Token>,
    /// Letters of the Latin script, and of all others.
    pub(crate) latin: usize,
    pub(crate) other: usize,
    /// Capital letters.
    pub(crate) capitals: usize,
    /// Words in which a letter stood three times or more in a row.
    pub(crate) stretched: usize,
    /// Exclamation and question marks.
    pub(crate) bangs: usize,
    pub(crate) asks: usize,
    /// Words in quotation marks, which often mean their contrary.
    pub(crate) quoted: usize,
}

impl Plain {
    /// Takes `text` apart, in one pass over its normal form.
    pub(crate) fn new(text: &str) -> Self {
        let text = undisguised(text);
        let mut plain = Self { text: String::with_capacity(text.len() + 8), ..Self::default() };
        plain.tokens.reserve(text.len() / 5 + 4);
        let mut rest = text.as_ref();
        while let Some(first) = rest.chars().next() {
            rest = if first.is_alphanumeric() { plain.word(rest) } else { plain.mark(first, rest) };
        }
        plain
    }

    /// The text of a token.
    pub(crate) fn get(&self, token: Token) -> &str {
        self.text.get(token.start..token.end).unwrap_or_default()
    }

    /// Takes the word at the start of `rest`; gives what follows it.
    fn word<'a>(&mut self, rest: &'a str) -> &'a str {
        if rest.starts_with("http://") || rest.starts_with("https://") || rest.starts_with("www.") {
            let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
            self.stand("<url>");
            return rest.get(end..).unwrap_or_default();
        }
        let number = rest.bytes().next().is_some_and(|b| b.is_ascii_digit());
        let end = if number { number_end(rest) } else { word_end(rest) };
        let (word, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
        if number {
            self.stand("<n>");
        } else {
            self.spell(word);
        }
        after
    }

    /// Writes a word that begins with a letter.
    fn spell(&mut self, word: &str) {
        let inside = word.len() > 2 && word.bytes().any(|b| b == b'*');
        if inside {
            self.stand("<curse>");
            return;
        }
        let digits = word.bytes().filter(u8::is_ascii_digit).count();
        // `sh1t` and `sc4m` spell a word; `AA123` and `a1b2c3` name a thing.
        let leet = digits > 0 && digits <= 2 && word.len() <= 10 && !word.ends_with(|c: char| c.is_ascii_digit());
        if digits > 0 && !leet {
            self.stand("<id>");
            return;
        }
        let start = self.text.len();
        let (mut capitals, mut letters, mut run, mut last, mut stretched) = (0, 0, 0, '\0', false);
        for c in word.chars() {
            if matches!(c, '\'' | '\u{2019}') {
                continue;
            }
            letters += 1;
            if c.is_ascii() {
                capitals += usize::from(c.is_ascii_uppercase());
                self.latin += 1;
            } else if matches!(c, '\u{C0}'..='\u{24F}' | '\u{1E00}'..='\u{1EFF}') {
                capitals += usize::from(c.is_uppercase());
                self.latin += 1;
            } else {
                self.other += 1;
            }
            let c = if leet { unleet(c) } else { c };
            let mut lower = c.to_lowercase();
            let c = if c.is_ascii() { c.to_ascii_lowercase() } else { lower.next().unwrap_or(c) };
            run = if c == last { run + 1 } else { 1 };
            last = c;
            if run > 2 {
                stretched = true;
            } else {
                self.text.push(c);
            }
        }
        self.capitals += capitals;
        self.stretched += usize::from(stretched);
        let kind = if letters > 1 && capitals == letters { Kind::Shout } else { Kind::Word };
        self.close(start, kind);
    }

    /// Takes what is no word at the start of `rest`; gives what follows it.
    fn mark<'a>(&mut self, first: char, rest: &'a str) -> &'a str {
        let after = rest.get(first.len_utf8()..).unwrap_or_default();
        let next = after.chars().next();
        if let Some((face, length)) = emoticon(rest) {
            let start = self.text.len();
            self.text.push(face);
            self.close(start, Kind::Emoji);
            return rest.get(length..).unwrap_or_default();
        }
        match first {
            '@' if next.is_some_and(char::is_alphanumeric) => {
                let end = after.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(after.len());
                self.stand("<at>");
                return after.get(end..).unwrap_or_default();
            }
            '[' if after.starts_with("NAME]") => {
                self.stand("<name>");
                return after.get(5..).unwrap_or_default();
            }
            '$' | '\u{20AC}' | '\u{A3}' if next.is_some_and(|c| c.is_ascii_digit()) => {
                self.stand("<money>");
                return after.get(number_end(after)..).unwrap_or_default();
            }
            '"' | '\u{201C}' if next.is_some_and(char::is_alphabetic) => self.quoted += 1,
            '!' | '?' => return self.shouts(rest),
            '.' | '\u{2026}' => {
                let end = rest.find(|c| !matches!(c, '.' | '\u{2026}')).unwrap_or(rest.len());
                self.punctuate(if end > 1 { "..." } else { "." });
                return rest.get(end..).unwrap_or_default();
            }
            ',' => self.punctuate(","),
            ';' | '\n' => self.punctuate("."),
            '\u{1F300}'..='\u{1FAFF}' | '\u{2600}'..='\u{27BF}' | '\u{2B50}' => {
                let start = self.text.len();
                self.text.push(first);
                self.close(start, Kind::Emoji);
            }
            _ => {}
        }
        after
    }

    /// Takes a run of exclamation and question marks.
    fn shouts<'a>(&mut self, rest: &'a str) -> &'a str {
        let end = rest.find(|c| !matches!(c, '!' | '?')).unwrap_or(rest.len());
        let (run, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
        let asks = run.bytes().filter(|b| *b == b'?').count();
        self.asks += asks;
        self.bangs += run.len() - asks;
        self.punctuate(match (run.len() - asks, asks) {
            (0, 1) => "?",
            (0, _) => "??",
            (1, 0) => "!",
            (2, 0) => "!!",
            (_, 0) => "!!!",
            _ => "?!",
        });
        after
    }

    fn stand(&mut self, name: &str) {
        let start = self.text.len();
        self.text.push_str(name);
        self.close(start, Kind::Stand);
    }

    fn punctuate(&mut self, mark: &str) {
        let start = self.text.len();
        self.text.push_str(mark);
        self.close(start, Kind::Mark);
    }

    fn close(&mut self, start: usize, kind: Kind) {
        if self.text.len() > start {
            self.tokens.push(Token { start, end: self.text.len(), kind });
        }
    }
}

/// Where a word ends: apostrophes and stars belong to it where a letter follows.
fn word_end(rest: &str) -> usize {
    let mut chars = rest.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let inner = matches!(c, '\'' | '\u{2019}' | '*');
        let goes_on = chars.peek().is_some_and(|(_, next)| next.is_alphanumeric() || (c == '*' && *next == '*'));
        if !(c.is_alphanumeric() || inner && goes_on) {
            return at;
        }
    }
    rest.len()
}

/// Where a number ends, with its separators but not with a full stop after it.
fn number_end(rest: &str) -> usize {
    let bytes = rest.as_bytes();
    let mut end = 0;
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'0'..=b'9' => end = at + 1,
            b'.' | b',' | b':' | b'/' | b'-' | b'%' => {}
            _ => break,
        }
    }
    end
}

fn unleet(c: char) -> char {
    match c {
        '0' => 'o',
        '1' => 'i',
        '3' => 'e',
        '4' => 'a',
        '5' => 's',
        '7' => 't',
        c => c,
    }
}

/// An emoticon at the start of `rest`, as an emoji, with its length.
fn emoticon(rest: &str) -> Option<(char, usize)> {
    const FACES: [(&str, char); 18] = [
        (":-)", '\u{1F642}'),
        (":)", '\u{1F642}'),
        ("=)", '\u{1F642}'),
        (";)", '\u{1F609}'),
        (";-)", '\u{1F609}'),
        (":D", '\u{1F603}'),
        (":-D", '\u{1F603}'),
        ("<3", '\u{2764}'),
        (":-(", '\u{1F641}'),
        (":(", '\u{1F641}'),
        ("=(", '\u{1F641}'),
        (":'(", '\u{1F622}'),
        (">:(", '\u{1F621}'),
        (":/", '\u{1F615}'),
        (":-/", '\u{1F615}'),
        (":|", '\u{1F610}'),
        (":@", '\u{1F621}'),
        (":P", '\u{1F61B}'),
    ];
    if !rest.starts_with([':', ';', '=', '<', '>']) {
        return None;
    }
    FACES.iter().find(|(face, _)| rest.starts_with(face)).map(|(face, emoji)| (*emoji, face.len()))
}

/// The text without characters that cannot be seen and marks that were put on
/// letters, in its compatibility form, and with letters of other scripts that look
/// like Latin ones written as those, where they stand in a text that is mostly Latin.
fn undisguised(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return Cow::Borrowed(text);
    }
    // Before the marks are joined with their letters: nothing would tell `l` with an accent from a letter of its own.
    let seen: Cow<'_, str> = if text.chars().any(is_hidden) {
        Cow::Owned(text.chars().filter(|c| !is_hidden(*c)).collect())
    } else {
        Cow::Borrowed(text)
    };
    let normal = match is_nfkc_quick(seen.chars()) {
        IsNormalized::Yes => seen,
        IsNormalized::No | IsNormalized::Maybe => Cow::Owned(seen.nfkc().collect()),
    };
    let (mut latin, mut alike) = (0_usize, 0_usize);
    for c in normal.chars() {
        latin += usize::from(c.is_ascii_alphabetic());
        alike += usize::from(look_alike(c) != c);
    }
    if alike == 0 || latin < alike {
        return normal;
    }
    Cow::Owned(normal.chars().map(look_alike).collect())
}

/// Characters without a shape of their own: zero width, direction, variation,
/// and the marks that are heaped on letters.
fn is_hidden(c: char) -> bool {
    matches!(
        c,
        '\u{AD}' | '\u{300}'..='\u{36F}' | '\u{61C}' | '\u{180E}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{1F3FB}'..='\u{1F3FF}' | '\u{E0000}'..='\u{E007F}'
    )
}

/// The Latin letter that a Cyrillic or Greek one looks like.
fn look_alike(c: char) -> char {
    const PAIRS: [(&str, &str); 2] = [
        ("авекмнорстухіѕјһԁԛԝьАВЕКМНОРСТУХІЅЈҺ", "abekmhopctyxisjhdqwbABEKMHOPCTYXISJH"),
        ("αικνορτυχΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "aikvoptuxABEZHIKMNOPTYX"),
    ];
    if !matches!(c, '\u{370}'..='\u{52F}') {
        return c;
    }
    PAIRS
        .iter()
        .find_map(|(from, to)| from.chars().zip(to.chars()).find(|(from, _)| *from == c))
        .map_or(c, |(_, latin)| latin)
}

#[cfg(test)]
mod tests;
