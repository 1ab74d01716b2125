//! Values that a word before them explains: whatever has a label, names of accounts, ages, postcodes.

use super::list::Words;
use super::tokens::{Gap, Shape, Token};
use super::words::Kinds;
use super::{PiiKind, PiiSpan};
use super::{labels, postcodes};

/// Finds what a word names; spans in byte offsets.
pub(super) fn find(text: &str, tokens: &[Token<'_>], spans: &mut Vec<PiiSpan>) {
    for (index, token) in tokens.iter().enumerate() {
        let found = match &*token.word {
            "username" | "login" | "userid" | "handle" | "nickname" | "nick" | "user" | "benutzername" | "usuario"
            | "utilisateur" | "gebruikersnaam" => name(text, tokens, index).map(|span| (PiiKind::Username, span)),
            "name" | "id" if matches!(before(tokens, index, 1), "user" | "screen" | "account") => {
                name(text, tokens, index).map(|span| (PiiKind::Username, span))
            }
            "as" if matches!(before(tokens, index, 1), "post" | "in" | "known" | "registered" | "signed" | "play") => {
                odd(text, tokens, index + 1).map(|span| (PiiKind::Username, span))
            }
            "identifiant" | "nutzername" | "anmeldename" | "admin" | "administrator" => {
                name(text, tokens, index).map(|span| (PiiKind::Username, span))
            }
            // `registration 5-FDX-88`, and not that for a meeting in 2027.
            "registration" if next_is_value(text, tokens, index) => value(text, tokens, index, (4, 10), 1)
                .filter(|(start, end)| text.get(*start..*end).is_some_and(|value| value.contains(char::is_alphabetic)))
                .map(|span| (PiiKind::Other, span)),
            "bic" | "swift" => bic(tokens, index).map(|span| (PiiKind::BankAccount, span)),
            // `account 12345678`, and not what happened in an account on the 3rd.
            "account" if next_is_number(tokens, index) => {
                value(text, tokens, index, (6, 18), 6).map(|span| (PiiKind::BankAccount, span))
            }
            // `policy HX-2231-8840-K`, and not what a policy says of 30 days.
            "policy" | "membership"
                if next_is_value(text, tokens, index + usize::from(says(tokens, index + 1, "is"))) =>
            {
                value(text, tokens, index, (6, 20), 4).map(|span| (PiiKind::Other, span))
            }
            // `a member since May, no. M-90433-39`
            "no" | "nr" | "number" if next_is_value(text, tokens, index) && somebody(tokens, index) => {
                value(text, tokens, index, (4, 20), 3).map(|span| (PiiKind::Other, span))
            }
            // `licence D1234-56789`, and not a licence for so many seats.
            "license" | "licence"
                if next_is_value(text, tokens, index + usize::from(says(tokens, index + 1, "is"))) =>
            {
                value(text, tokens, index, (7, 20), 5).map(|span| (PiiKind::DriverLicense, span))
            }
            _ => None,
        };
        let found = found.or_else(|| {
            let label = labels::ending_at(tokens, index)?;
            value(text, tokens, index, label.length, label.digits).map(|span| (label.kind, span))
        });
        if let Some((kind, (start, end))) = found {
            spans.push(PiiSpan { kind, start, end, score: 0.85 });
        }
        // `IBAN … (BOFIIE2D)`: what has the form of an IBAN is no word any more.
        if let Some((start, end)) = (token.word == "iban").then(|| bic(tokens, index)).flatten()
            && text.as_bytes().get(start + 4..start + 6).is_some_and(of_iban)
        {
            spans.push(PiiSpan { kind: PiiKind::BankAccount, start, end, score: 0.8 });
        }
        if token.shape == Shape::Lower {
            age_in_words(tokens, index, spans);
        }
        if token.shape == Shape::Number {
            age(tokens, index, spans);
            year(tokens, index, spans);
            phone(text, tokens, index, spans);
        }
        postcodes::find(text, tokens, index, spans);
    }
}

fn before<'t>(tokens: &'t [Token<'_>], index: usize, distance: usize) -> &'t str {
    index.checked_sub(distance).and_then(|at| tokens.get(at)).map_or("", |token| &*token.word)
}

fn next_is_number(tokens: &[Token<'_>], index: usize) -> bool {
    tokens.get(index + 1).is_some_and(|token| token.shape == Shape::Number)
}

fn next_is_mixed(tokens: &[Token<'_>], index: usize) -> bool {
    tokens.get(index + 1).is_some_and(|token| token.shape == Shape::Mixed)
}

fn says(tokens: &[Token<'_>], index: usize, word: &str) -> bool {
    tokens.get(index).is_some_and(|token| token.word == word)
}

/// Whether the sentence of the word at `index` has told whose number it is.
fn somebody(tokens: &[Token<'_>], index: usize) -> bool {
    let before = tokens.get(index.saturating_sub(10)..=index).unwrap_or_default();
    let sentence = before.iter().rev().scan(false, |over, token| {
        // The gap of a word stands before it: its sentence begins with it.
        let outside = std::mem::replace(over, token.gap.any(Gap::STOP.or(Gap::BLANK)));
        (!outside).then_some(token)
    });
    sentence.skip(1).any(|token| NUMBERED.contains(&token.word))
}

/// Who has a number of their own.
static NUMBERED: Words = Words::new(&[
    "member",
    "membership",
    "customer",
    "client",
    "subscriber",
    "policyholder",
    "patient",
    "employee",
    "insured",
    "student",
    "passenger",
    "donor",
    "pupil",
]);

/// Whether a number follows, or letters that belong to one: `HX-2231`, `HX 2231`.
fn next_is_value(text: &str, tokens: &[Token<'_>], index: usize) -> bool {
    let lettered = || {
        let (Some(letters), Some(number)) = (tokens.get(index + 1), tokens.get(index + 2)) else { return false };
        matches!(letters.shape, Shape::Upper | Shape::Initial)
            && matches!(number.shape, Shape::Number | Shape::Mixed)
            && matches!(text.get(letters.end..number.start), Some("-" | " "))
    };
    next_is_number(tokens, index) || next_is_mixed(tokens, index) || lettered()
}

/// The value after the word at `index`: the first of the next words that is made
/// of digits and letters and long enough, grouped by spaces, hyphens and points.
fn value(
    text: &str,
    tokens: &[Token<'_>],
    index: usize,
    (least, most): (usize, usize),
    digits: usize,
) -> Option<(usize, usize)> {
    let mut at = index + 1;
    let last = (index + 10).min(tokens.len());
    while at < last {
        let token = tokens.get(at)?;
        if token.gap.any(Gap::LINE.or(Gap::BLANK)) && at > index + 1 {
            return None;
        }
        if token.gap.any(Gap::STOP) && token.gap != Gap::STOP {
            return None;
        }
        let numeric = |token: &Token<'_>| {
            matches!(token.shape, Shape::Number | Shape::Mixed)
                // Letters of a licence or passport before its digits.
                || (matches!(token.shape, Shape::Upper | Shape::Initial) && token.end - token.start <= 4)
        };
        if matches!(token.shape, Shape::Number | Shape::Mixed)
            || numeric(token) && tokens.get(at + 1).is_some_and(|next| next.shape == Shape::Number)
        {
            let start = token.start;
            let mut end = token.end;
            let mut groups = 1;
            while groups < 10
                && let Some(next) = tokens.get(at + groups)
                && numeric(next)
                && text.get(end..next.start).is_some_and(|gap| matches!(gap, " " | "-" | "." | "/"))
            {
                let letters: usize = text.get(start..next.end)?.chars().filter(|c| c.is_alphanumeric()).count();
                if letters > most {
                    break;
                }
                end = next.end;
                groups += 1;
            }
            let value = text.get(start..end)?;
            let letters = value.chars().filter(|c| c.is_alphanumeric()).count();
            let count = value.chars().filter(|c| c.is_ascii_digit()).count();
            let money = text.get(..start)?.ends_with(['$', '€', '£']);
            if (least..=most).contains(&letters) && count >= digits && !money {
                return Some((start - hanging(text, start), end));
            }
            return None;
        }
        at += 1;
    }
    None
}

/// The bytes before `at` that hang on it by a hyphen or a line: `CUS-ABC-` of `CUS-ABC-1042`.
fn hanging(text: &str, at: usize) -> usize {
    let before = text.as_bytes().get(at.saturating_sub(16)..at).unwrap_or_default();
    if !matches!(before.last(), Some(b'-' | b'_')) {
        return 0;
    }
    before.iter().rev().take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')).count()
}

/// The word after `username:`, `user=` or `username is`; without these, one that is no word of a language.
fn name(text: &str, tokens: &[Token<'_>], index: usize) -> Option<(usize, usize)> {
    let (label, next) = (tokens.get(index)?, tokens.get(index + 1)?);
    if matches!(&*next.word, "is" | "was" | "name" | "id" | "ist" | "war" | "lautet" | "est" | "es") {
        return odd(text, tokens, index + 2);
    }
    let between = text.get(label.end..next.start)?;
    if matches!(between.trim_matches(['"', '\'', ' ']), ":" | "=" | "\":" | "':") {
        let (start, end) = handle(text, next)?;
        return (is_odd(text, start, end) || !next.is_plain()).then_some((start, end));
    }
    odd(text, tokens, index + 1)
}

/// The name of an account at the token `index`, if it is no word of a language.
fn odd(text: &str, tokens: &[Token<'_>], index: usize) -> Option<(usize, usize)> {
    let (start, end) = handle(text, tokens.get(index).filter(|token| !token.gap.any(Gap::STOP.or(Gap::LINE)))?)?;
    is_odd(text, start, end).then_some((start, end))
}

/// Where the name of an account that begins with `token` stands.
fn handle(text: &str, token: &Token<'_>) -> Option<(usize, usize)> {
    let rest = text.get(token.start..)?;
    let long =
        rest.bytes().take(40).take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-')).count();
    let whole = rest.get(..long)?.trim_end_matches(['.', '-']);
    (whole.len() > 1).then_some((token.start, token.start + whole.len()))
}

/// Whether a name has what no word has: a digit among letters, `_`, or a point inside.
fn is_odd(text: &str, start: usize, end: usize) -> bool {
    let whole = text.get(start..end).unwrap_or_default();
    whole.bytes().any(|byte| byte.is_ascii_alphabetic())
        && whole.bytes().any(|byte| byte.is_ascii_digit() || matches!(byte, b'_' | b'.'))
}

/// ISO 9362: four letters of a bank, two of a land, two characters of a place, three of a branch or none.
fn bic(tokens: &[Token<'_>], index: usize) -> Option<(usize, usize)> {
    let near = tokens.get(index + 1..(index + 5).min(tokens.len()))?;
    let found = near.iter().find(|token| {
        matches!(token.word.len(), 8 | 11)
            && matches!(token.shape, Shape::Upper | Shape::Mixed)
            && token.word.bytes().take(6).all(|byte| byte.is_ascii_alphabetic())
    })?;
    Some((found.start, found.end))
}

/// Whether this is the code of a land that has IBANs: `IBAN TRANSFER` names no bank.
fn of_iban(land: &[u8]) -> bool {
    land.try_into().is_ok_and(|land| super::checks::iban_length(land).is_some())
}

/// A year: `since 1997`.
fn year(tokens: &[Token<'_>], index: usize, spans: &mut Vec<PiiSpan>) {
    let Some(token) = tokens.get(index) else { return };
    let is_year = token.end - token.start == 4 && (token.word.starts_with("19") || token.word.starts_with("20"));
    let event = matches!(
        before(tokens, index, 2),
        "founded"
            | "established"
            | "born"
            | "started"
            | "graduated"
            | "built"
            | "married"
            | "retired"
            | "moved"
            | "died"
            | "joined"
            | "created"
            | "formed"
            | "opened"
            | "hired"
            | "released"
            | "published"
    );
    let said = match before(tokens, index, 1) {
        "since" | "born" => true,
        "in" | "year" => event,
        _ => false,
    };
    if is_year && said && token.gap.is_space() {
        spans.push(PiiSpan { kind: PiiKind::Date, start: token.start, end: token.end, score: 0.6 });
    }
}

/// Words around a number that make a phone number of it.
static PHONE: Words = Words::new(&[
    "phone",
    "telephone",
    "tel",
    "mobile",
    "cell",
    "cellphone",
    "fax",
    "desk",
    "office",
    "home",
    "call",
    "calling",
    "dial",
    "ring",
    "text",
    "sms",
    "whatsapp",
    "reach",
    "reached",
    "answering",
    "answer",
    "hotline",
    "landline",
    "contact",
    "phones",
    "telefon",
    "telefono",
    "handy",
    "mob",
    "ph",
    "voicemail",
    "pager",
    "numbers",
    "direct",
    "work",
]);

/// Digits in groups beside a word like `mobile`.
fn phone(text: &str, tokens: &[Token<'_>], index: usize, spans: &mut Vec<PiiSpan>) {
    let joined = |from: usize, to: usize| {
        text.get(from..to)
            .is_some_and(|gap| matches!(gap, " " | "-" | "." | "/" | ") " | ")" | " (" | "(" | ")-" | ".."))
    };
    let numeric =
        |token: &Token<'_>| token.shape == Shape::Number || (token.shape == Shape::Mixed && token.word.contains('x'));
    let Some(first) = tokens.get(index) else { return };
    let goes_on = index
        .checked_sub(1)
        .and_then(|at| tokens.get(at))
        .is_some_and(|before| numeric(before) && joined(before.end, first.start));
    if goes_on {
        return;
    }
    let (mut last, mut digits) = (index, first.end - first.start);
    while last - index < 7
        && let (Some(this), Some(next)) = (tokens.get(last), tokens.get(last + 1))
        && numeric(next)
        && joined(this.end, next.start)
    {
        digits += next.end - next.start;
        last += 1;
    }
    let (Some(end), true) = (tokens.get(last), (6..=19).contains(&digits)) else { return };
    // What is asked for by its number is no phone: `order 732201349959`.
    let other = matches!(
        before(tokens, index, 1),
        "order"
            | "purchase"
            | "invoice"
            | "ticket"
            | "case"
            | "id"
            | "account"
            | "card"
            | "reference"
            | "item"
            | "transaction"
    );
    let reach = if last == index { 4 } else { 6 };
    let said = tokens
        .get(index.saturating_sub(reach)..index)
        .unwrap_or_default()
        .iter()
        .chain(tokens.get(last + 1).filter(|next| next.gap.is_space() || next.gap == Gap::OTHER))
        .any(|token| PHONE.contains(&token.word));
    let named = tokens.get(index.saturating_sub(3)..index).unwrap_or_default().windows(2).any(|pair| matches!(pair, [my, number] if number.word == "number" && matches!(&*my.word, "my" | "phone" | "his" | "her" | "their" | "our")));
    if !other && (said || named) {
        let start = first.start - usize::from(text.get(..first.start).is_some_and(|text| text.ends_with(['+', '('])));
        spans.push(PiiSpan { kind: PiiKind::Phone, start, end: end.end, score: 0.75 });
    }
}

/// Whom an age is said of.
pub(super) static OF_KIN: Words = Words::new(&[
    "mother",
    "father",
    "wife",
    "husband",
    "son",
    "daughter",
    "sister",
    "brother",
    "partner",
    "mum",
    "mom",
    "dad",
    "grandmother",
    "grandfather",
    "patient",
    "child",
    "boy",
    "girl",
    "man",
    "woman",
    "baby",
]);

/// An age in words: `aged thirty-seven`, `a sixty-one-year-old`.
fn age_in_words(tokens: &[Token<'_>], index: usize, spans: &mut Vec<PiiSpan>) {
    const TENS: [&str; 8] = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];
    const UNITS: [&str; 9] = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];
    let Some(token) = tokens.get(index) else { return };
    let mut parts = token.word.split('-');
    let tens = parts.next().is_some_and(|part| TENS.contains(&part));
    let Some(unit) = parts.next().filter(|part| tens && UNITS.contains(part)) else { return };
    let after = || tokens.get(index + 1).map_or("", |token| &*token.word);
    let old = parts.next().is_some_and(|part| matches!(part, "year" | "yr"))
        || matches!(after(), "years" | "yrs") && tokens.get(index + 2).is_some_and(|token| token.word == "old");
    let said = matches!(before(tokens, index, 1), "age" | "aged" | "turned" | "turning" | "i'm")
        || matches!(before(tokens, index, 1), "was" | "am" | "is")
            && matches!(before(tokens, index, 2), "i" | "he" | "she");
    if old || said {
        let length = token.word.find(unit).map_or(0, |at| at + unit.len());
        spans.push(PiiSpan { kind: PiiKind::Age, start: token.start, end: token.start + length, score: 0.7 });
    }
}

/// A number that is somebody's age.
fn age(tokens: &[Token<'_>], index: usize, spans: &mut Vec<PiiSpan>) {
    let Some(token) = tokens.get(index) else { return };
    if token.end - token.start > 3 || !token.word.parse::<u32>().is_ok_and(|age| (1..=120).contains(&age)) {
        return;
    }
    let next = |distance: usize| tokens.get(index + distance).map_or("", |token| &*token.word);
    let back = |distance: usize| before(tokens, index, distance);
    let near =
        |distance: usize| tokens.get(index + distance).is_some_and(|token| !token.gap.any(Gap::STOP.or(Gap::LINE)));
    let old = (matches!(next(1), "year" | "years" | "yr" | "yrs" | "yo")
        && near(1)
        && (next(2) == "old" || next(1) == "yo"))
        || matches!(next(1), "year-old" | "years-old" | "month-old" | "week-old" | "day-old" | "yr-old" | "yo" | "y")
            && near(1)
            && (next(1) != "y" || next(2) == "o");
    // What is asked of everybody is nobody's age: `must be at least 18 years old`.
    let rule = (1..=5).any(|distance| {
        matches!(
            back(distance),
            "least" | "over" | "under" | "than" | "must" | "below" | "above" | "minimum" | "limit" | "until" | "how"
        )
    });
    // `My mother, 36, lives with us`: between commas after whom it is said of.
    let between = tokens.get(index).is_some_and(|token| token.gap == Gap::COMMA)
        && tokens
            .get(index + 1)
            .is_some_and(|token| matches!(token.gap, Gap::COMMA | Gap::OTHER) && token.shape == Shape::Lower)
        && index.checked_sub(1).and_then(|at| tokens.get(at)).is_some_and(|who| {
            OF_KIN.contains(&who.word) || (who.is_capital() && who.kinds.any(Kinds::FIRST.or(Kinds::LAST)))
        });
    let said = between
        || match back(1) {
            "aged" | "age" | "turn" | "turned" | "turning" | "turns" => true,
            "is" if index
                .checked_sub(2)
                .and_then(|at| tokens.get(at))
                .is_some_and(|who| OF_KIN.contains(&who.word)) =>
            {
                tokens.get(index + 1).is_none_or(|next| {
                    next.gap.any(Gap::STOP.or(Gap::COMMA).or(Gap::LINE)) || matches!(&*next.word, "and" | "but" | "now")
                })
            }
            "of" => back(2) == "age",
            "is" if back(2) == "age" => true,
            "was" | "am" | "i'm" | "is" if back(1) != "is" || matches!(back(2), "he" | "she") => {
                let ends =
                    tokens.get(index + 1).is_none_or(|next| next.gap.any(Gap::STOP.or(Gap::COMMA).or(Gap::LINE)));
                ends && (back(1) == "i'm" || matches!(back(2), "he" | "she" | "i" | "they" | "when"))
            }
            _ => false,
        };
    // Services ask about children: who is asked for has no name there.
    let stated = tokens.get(index).is_some_and(|token| token.gap.any(Gap::COLON.or(Gap::OTHER))) && back(1) == "age";
    let asked =
        tokens.iter().take(40).any(|token| matches!(&*token.word, "account" | "accounts" | "card" | "open" | "sign"))
            && !matches!(back(2), "age")
            && !matches!(back(1), "am" | "was")
            && !stated;
    if (old || said) && !rule && !asked {
        spans.push(PiiSpan { kind: PiiKind::Age, start: token.start, end: token.end, score: 0.7 });
    }
}
