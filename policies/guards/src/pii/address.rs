//! Postal addresses: what they are made of is much the same everywhere, a street
//! with a number, a unit, a postcode, a town.

pub(super) mod lists;

use super::tokens::{Gap, Shape, Token};
use super::words::Kinds;
use lists::{ENDS, LEADING, NO_STREET, PARTICLES, STRONG, TRAILING, TYPES, UNITS, WHERE};

/// An address as the tokens from the first to before the last.
pub(super) struct Address {
    pub(super) first: usize,
    pub(super) last: usize,
    pub(super) score: f32,
}

/// Whether a token may be a part of an address: a number, a capital, a small word.
fn fits(token: &Token<'_>, lower: bool) -> bool {
    match token.shape {
        Shape::Number => token.end - token.start <= 6,
        Shape::Mixed => token.end - token.start <= 8,
        Shape::Title | Shape::Upper | Shape::Initial => !NO_STREET.contains(&token.word) || token.word == "nan",
        Shape::Lower => {
            let w = &*token.word;
            PARTICLES.contains(w)
                || w == "nan"
                || UNITS.contains(w)
                || is_end(w, token)
                || ["ul", "via", "street", "road", "st", "str", "avenue", "boulevard", "quai"].contains(&w)
                || TRAILING.contains(w)
                || (LEADING.contains(w) && !token.is_plain())
                || (lower
                    && (!token.is_plain()
                        || token.kinds.any(Kinds::COUNTRY.or(Kinds::OF_COUNTRY))
                        || TYPES.contains(w)))
        }
    }
}

fn is_end(word: &str, token: &Token<'_>) -> bool {
    !token.is_plain() && ENDS.end(word, 3)
}

/// How many tokens an address has at most: a street, a unit, a town, a country.
const MOST: usize = 22;

/// The addresses among `tokens`. `lower` says that the text has no capitals, so
/// that a name shows by being no common word.
pub(super) fn find(text: &str, tokens: &[Token<'_>], lower: bool) -> Vec<Address> {
    let lines = text.contains('\n');
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let run = run(text, tokens, at, lower);
        if run == 0 {
            at += 1;
            continue;
        }
        if let Some(address) = judge(text, tokens, at, at + run, lower, lines) {
            at = address.last;
            found.push(address);
        } else {
            at += run;
        }
    }
    found
}

/// How many tokens from `first` on may be one address.
fn run(text: &str, tokens: &[Token<'_>], first: usize, lower: bool) -> usize {
    let mut length = 0;
    for (index, token) in tokens.iter().enumerate().skip(first).take(MOST) {
        if !fits(token, lower) {
            break;
        }
        if index > first {
            let between =
                tokens.get(index - 1).and_then(|before| text.get(before.end..token.start)).unwrap_or_default();
            let before = tokens.get(index - 1).map_or("", |before| &*before.word);
            let number =
                tokens.get(index - 1).is_some_and(|before| matches!(before.shape, Shape::Number | Shape::Mixed));
            let marks = between
                .chars()
                .any(|c| !matches!(c, ' ' | '\n' | '\r' | '\t' | ',' | '.' | '-' | '/' | '#' | '>' | '?' | '\''));
            let question = between.contains('?') && !between.contains('\n');
            // A full stop ends the sentence unless it belongs to a short form or an ordinal.
            let short = before.len() <= 4
                || before.ends_with("str")
                || TYPES.contains(before)
                || TRAILING.contains(before)
                || UNITS.contains(before);
            let new_sentence = between.contains('.')
                && (!(short || number) || (number && !is_part(&token.word) && !ordinal(tokens, index)))
                || (between.contains("\n\n") && index - first > 14);
            if marks || question || new_sentence {
                break;
            }
        }
        length += 1;
    }
    length
}

/// Whether the number before `index` is that of a house, written as an ordinal:
/// `Rákóczi út 81. Veszprém`.
fn ordinal(tokens: &[Token<'_>], index: usize) -> bool {
    let street = index.checked_sub(2).and_then(|at| tokens.get(at));
    street.is_some_and(|street| TRAILING.contains(&street.word) || is_end(&street.word, street))
        || tokens.get(index).is_some_and(|token| token.shape == Shape::Number)
}

/// Whether a common word is a usual part of an address.
fn is_part(word: &str) -> bool {
    TYPES.contains(word)
        || UNITS.contains(word)
        || PARTICLES.contains(word)
        || ["po", "box", "postbox", "psc"].contains(&word)
}

/// Whether the tokens are an address, and which of them. `lines` says that the text has more than one line.
fn judge(text: &str, tokens: &[Token<'_>], first: usize, last: usize, lower: bool, lines: bool) -> Option<Address> {
    let all = tokens.get(first..last)?;
    let (mut street, mut unit, mut number, mut box_, mut town) = (None, None, None, None, 0);
    let mut zip = false;
    for (index, token) in all.iter().enumerate() {
        let before = index.checked_sub(1).and_then(|index| all.get(index));
        let after = all.get(index + 1);
        let word = &*token.word;
        let named = |token: &Token<'_>| {
            (token.is_capital() || lower)
                && (!token.is_plain() || token.kinds.any(Kinds::LAST.or(Kinds::PLACE)))
                && token.end - token.start > 1
                && !matches!(token.shape, Shape::Number | Shape::Mixed)
        };
        let numeric = |token: &Token<'_>| matches!(token.shape, Shape::Number | Shape::Mixed);
        if token.shape == Shape::Number
            || (token.shape == Shape::Mixed && word.starts_with(|c: char| c.is_ascii_digit()))
        {
            let money = text
                .get(..token.start)
                .is_some_and(|text| text.trim_end_matches(' ').ends_with(['$', '£', '€', '%', '-']));
            if !money {
                number.get_or_insert(index);
                zip |= (4..=5).contains(&(token.end - token.start));
            }
            continue;
        }
        // `Hornsey Road`, with a number or a strong type.
        let typed = TYPES.contains(word) && (token.is_capital() || lower || STRONG.contains(word));
        if typed && before.is_some_and(|before| named(before) || (before.is_capital() && number.is_some())) {
            let numbered = all.get(..index).is_some_and(|head| head.iter().rev().take(6).any(numeric));
            if numbered || STRONG.contains(word) {
                street.get_or_insert(index);
            }
        }
        // `C/ Mayor`, and not the `C` of degrees.
        let leads = LEADING.contains(word)
            && (word != "c" || text.get(token.end..).is_some_and(|rest| rest.starts_with(['/', '.'])))
            && (token.is_capital() || lower || !token.is_plain() || before.is_some_and(numeric) || word.len() <= 4);
        if leads && after.is_some_and(|after| named(after) || PARTICLES.contains(&after.word)) {
            let rest = all.get(index + 1..).unwrap_or_default();
            if rest.iter().take(7).any(numeric) || before.is_some_and(numeric) || (!token.is_plain() && word.len() > 2)
            {
                street.get_or_insert(index);
            }
        }
        // `Am Mühlbach 4`, `Zur Alten Post 11`.
        let german = matches!(word, "am" | "zum" | "zur")
            && token.shape == Shape::Title
            && after.is_some_and(|after| after.shape == Shape::Title && !after.is_plain())
            && all.iter().skip(index + 2).take(2).any(numeric);
        if german {
            street.get_or_insert(index);
        }
        let near_number = after.is_some_and(numeric) || before.is_some_and(numeric);
        if (is_end(word, token) || (TRAILING.contains(word) && before.is_some_and(named))) && near_number {
            street.get_or_insert(index);
        }
        if UNITS.contains(word) && after.is_some_and(numeric) {
            let strong = matches!(word, "apt" | "apartment" | "suite" | "ste" | "wohnung" | "apto");
            if strong && (!token.is_plain() || token.is_capital() || lower) {
                unit.get_or_insert(index);
            }
            if word == "box" && before.is_some_and(|before| matches!(&*before.word, "o" | "po" | "p.o")) {
                box_.get_or_insert(index);
            }
        }
        if matches!(
            word,
            "psc" | "usns" | "uss" | "usnv" | "usnc" | "uscgc" | "postbox" | "postfach" | "pob" | "apartado"
        ) && after.is_some()
        {
            box_.get_or_insert(index);
        }
        if matches!(word, "apo" | "fpo" | "dpo")
            && after.is_some_and(|after| matches!(&*after.word, "aa" | "ae" | "ap"))
        {
            box_.get_or_insert(index);
        }
        if named(token) && index > 0 {
            town += 1;
        }
    }
    let stands = stands_where(tokens, first);
    let alone = lines && alone(tokens, first, last);
    let after_street = tokens.get(last).is_some_and(|next| matches!(&*next.word, "street" | "st" | "road" | "avenue"));
    let mut score = 0;
    score += if street.is_some() { 2 } else { 0 };
    score += if unit.is_some() { 3 } else { 0 };
    score += if box_.is_some() { 3 } else { 0 };
    score += i32::from(number.is_some());
    score += i32::from(zip && town > 0);
    score += if stands || after_street { 1 } else { 0 };
    score += i32::from(alone);
    // A name and a number, as `Allika 46`, where an address is expected.
    let beside = all.windows(2).any(|pair| match pair {
        [name, number] => {
            let short = number.shape == Shape::Number && number.end - number.start <= 4;
            (name.shape == Shape::Title
                || lower && name.shape == Shape::Lower
                || name.shape == Shape::Upper && name.word.len() > 3)
                && !name.is_plain()
                && !name.kinds.any(Kinds::COUNTRY.or(Kinds::NATION))
                && short
                && number.gap.is_space()
        }
        _ => false,
    });
    score += i32::from(beside);
    let country = all.iter().any(|token| token.kinds.any(Kinds::COUNTRY));
    score += i32::from(country && number.is_some());
    let street_without_number = street.is_some() && number.is_none();
    let enough = if street_without_number { stands && score >= 3 } else { score >= 3 };
    if !enough || (number.is_none() && street.is_none() && box_.is_none()) {
        return None;
    }
    // Begins at the first number, street, unit or box; ends where the run ends.
    let starts = [number, street, unit, box_].into_iter().flatten().min()?;
    let mut begin = first + starts;
    // The name of the street stands before its type or number, on the same line.
    while begin > first
        && tokens.get(begin).is_some_and(|token| token.gap.is_space() || (token.gap == Gap::STOP))
        && tokens.get(begin - 1).is_some_and(|before| {
            (!before.is_plain()
                || before.kinds.any(Kinds::LAST.or(Kinds::PLACE))
                || is_part(&before.word)
                || begin - 1 > first)
                && !matches!(&*before.word, "the" | "and" | "of" | "an")
                && (before.is_capital() || lower || PARTICLES.contains(&before.word) || before.shape == Shape::Initial)
        })
    {
        begin -= 1;
    }
    let mut end = last;
    while end > begin + 1
        && tokens.get(end - 1).is_some_and(|token| {
            (token.shape == Shape::Lower && PARTICLES.contains(&token.word) && !lower)
                || matches!(&*token.word, "and" | "the" | "of" | "i" | "an")
        })
    {
        end -= 1;
    }
    #[expect(clippy::cast_precision_loss, reason = "a small sum")]
    let score = (0.5 + 0.08 * score as f32).min(0.95);
    Some(Address { first: begin, last: end, score })
}

/// Whether a word in the ten before says that a place follows.
fn stands_where(tokens: &[Token<'_>], first: usize) -> bool {
    tokens.get(first.saturating_sub(6)..first).unwrap_or_default().iter().any(|token| WHERE.contains(&token.word))
}

/// Whether the tokens fill whole lines.
fn alone(tokens: &[Token<'_>], first: usize, last: usize) -> bool {
    let starts = tokens.get(first).is_some_and(|token| token.gap.any(Gap::LINE.or(Gap::START).or(Gap::BLANK)));
    let ends = tokens.get(last).is_none_or(|token| token.gap.any(Gap::LINE));
    starts && ends
}

/// `the corner of X and Y`: the bytes after `corner of`, to the end of the clause.
pub(super) fn corners(tokens: &[Token<'_>]) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    for (index, token) in tokens.iter().enumerate() {
        if token.word != "corner" || tokens.get(index + 1).is_none_or(|of| of.word != "of") {
            continue;
        }
        let start = index
            .checked_sub(1)
            .and_then(|before| tokens.get(before))
            .filter(|before| before.word == "the" && token.gap.is_space())
            .map_or(token.start, |the| the.start);
        let (mut and, mut end, mut after) = (false, None, 0);
        for next in tokens.iter().skip(index + 2).take(14) {
            let stops = next.gap.any(Gap::LINE.or(Gap::COMMA).or(Gap::COLON));
            if stops
                || (and && after > 0 && next.shape == Shape::Lower && next.is_plain() && !TYPES.contains(&next.word))
            {
                break;
            }
            let sentence =
                next.gap.any(Gap::STOP) && next.is_capital() && next.is_plain() && !TYPES.contains(&next.word);
            if sentence {
                break;
            }
            if next.word == "and" {
                and = true;
            } else if and {
                after += 1;
                end = Some(next.end);
            }
        }
        if let Some(end) = end {
            found.push((start, end));
        }
    }
    found
}
