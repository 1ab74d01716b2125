//! Postcodes that their shape tells, or the town or the state beside them.

use super::tokens::{Gap, Shape, Token};
use super::words::Kinds;
use super::{PiiKind, PiiSpan};

/// Looks at the token `index`; spans in byte offsets.
pub(super) fn find(text: &str, tokens: &[Token<'_>], index: usize, spans: &mut Vec<PiiSpan>) {
    let Some(rest) = tokens.get(index..) else { return };
    let found = match rest {
        [first, second, ..] if first.shape == Shape::Mixed && second.shape == Shape::Mixed => {
            (kingdom(text, first, second) || canada(text, first, second)).then_some((first.start, second.end, 0.85))
        }
        [state, code, ..] if state.shape == Shape::Upper && code.shape == Shape::Number => {
            let town = index.checked_sub(1).and_then(|before| tokens.get(before));
            town.filter(|town| names_something(town)).and_then(|_| states(text, rest))
        }
        [number, ..] if number.shape == Shape::Number => {
            numbered(text, rest, index.checked_sub(1).and_then(|before| tokens.get(before)).map(|token| &*token.word))
        }
        // `Aarhus H3Z8Y2`
        [joined, ..]
            if joined.shape == Shape::Mixed
                && index.checked_sub(1).and_then(|before| tokens.get(before)).is_some_and(names_something)
                && joined_canada(text, joined) =>
        {
            Some((joined.start, joined.end, 0.7))
        }
        // `at SY38LP`
        [joined, ..] if joined.shape == Shape::Mixed && joined_kingdom(text, joined) => {
            let before = index.checked_sub(1).and_then(|before| tokens.get(before));
            let said = |before: &Token<'_>| {
                names_something(before) || matches!(&*before.word, "at" | "to" | "in" | "postcode" | "near" | "from")
            };
            before.is_some_and(said).then_some((joined.start, joined.end, 0.7))
        }
        [joined, town, ..] if joined.shape == Shape::Mixed && town.gap.is_space() => {
            let code = text.get(joined.start..joined.end).and_then(|code| code.split_at_checked(4));
            code.filter(|(digits, letters)| netherlands(digits, letters) && names_something(town))
                .map(|_| (joined.start, joined.end, 0.8))
        }
        _ => None,
    };
    if let Some((start, end, score)) = found {
        // `Nantes, V6B 7T3`: what stands before a postcode is a town, as far as it is no word of the language.
        let town = index.checked_sub(1).and_then(|before| tokens.get(before));
        let beside = tokens.get(index).is_some_and(|code| code.gap.is_space() || code.gap == Gap::COMMA);
        if let Some(town) = town.filter(|town| beside && town.shape == Shape::Title && !town.is_plain()) {
            spans.push(PiiSpan { kind: PiiKind::Location, start: town.start, end: town.end, score: 0.6 });
        }
        spans.push(PiiSpan { kind: PiiKind::Address, start, end, score });
    }
}

/// A word with a capital that is none of the language.
fn names_something(token: &Token<'_>) -> bool {
    token.is_capital() && !token.is_plain()
}

/// The letters before the first figure of a postcode of the United Kingdom, and of the islands around it.
const AREAS: &str = " ab al b ba bb bd bh bl bn br bs bt ca cb cf ch cm co cr ct cv cw da dd de dg dh dl dn dt dy e ec eh en \
                     ex fk fy g gl gu gy ha hd hg hp hr hs hu hx ig im ip iv je ka kt kw ky l la ld le ll ln ls lu m me mk \
                     ml n ne ng nn np nr nw ol ox pa pe ph pl po pr rg rh rm s sa se sg sk sl sm sn so sp sr ss st sw sy ta \
                     td tf tn tq tr ts tw ub w wa wc wd wf wn wr ws wv yo ze ";

/// `SW1A 1AA`.
fn kingdom(text: &str, outward: &Token<'_>, inward: &Token<'_>) -> bool {
    let spaced = text.get(outward.end..inward.start) == Some(" ");
    let written = text.get(inward.start..inward.end).unwrap_or_default();
    let letters = outward.word.bytes().take_while(u8::is_ascii_alphabetic).count();
    let (Some((area, district)), Some((sector, unit))) =
        (outward.word.split_at_checked(letters), inward.word.split_at_checked(1))
    else {
        return false;
    };
    let numbered = match district.as_bytes() {
        [first] => first.is_ascii_digit(),
        [first, second] => first.is_ascii_digit() && second.is_ascii_alphanumeric(),
        _ => false,
    };
    spaced
        && numbered
        && AREAS.contains(&format!(" {area} "))
        && sector.bytes().all(|byte| byte.is_ascii_digit())
        && unit.len() == 2
        && unit.bytes().all(|byte| byte.is_ascii_lowercase() && !b"cikmov".contains(&byte))
        // `the M2 8GB` is a computer, and `s7 3rd` no address.
        && !matches!(unit, "gb" | "tb" | "hz")
        && !(matches!(unit, "st" | "nd" | "rd" | "th") && written.ends_with(unit))
}

/// `K1A 0B1`, in the letters that Canada Post uses.
fn canada(text: &str, first: &Token<'_>, second: &Token<'_>) -> bool {
    let letter = |byte: u8| byte.is_ascii_lowercase() && !b"dfioqu".contains(&byte);
    let ([a, one, b], [two, c, three]) = (first.word.as_bytes(), second.word.as_bytes()) else { return false };
    matches!(text.get(first.end..second.start), Some(" " | "-"))
        && [a, b, c].into_iter().all(|byte| letter(*byte))
        && !b"wz".contains(a)
        && [one, two, three].into_iter().all(u8::is_ascii_digit)
}

/// `K1A0B1` in capitals.
fn joined_canada(text: &str, token: &Token<'_>) -> bool {
    let letter = |byte: &u8| byte.is_ascii_uppercase() && !b"DFIOQU".contains(byte);
    let word = text.get(token.start..token.end).unwrap_or_default().as_bytes();
    (token.gap.is_space() || token.gap == Gap::COMMA)
        && word.len() == 6
        && word.iter().step_by(2).all(letter)
        && word.iter().skip(1).step_by(2).all(u8::is_ascii_digit)
}

/// `SW1A1AA` in capitals.
fn joined_kingdom(text: &str, token: &Token<'_>) -> bool {
    let word = text.get(token.start..token.end).unwrap_or_default();
    let Some((outward, inward)) = word.len().checked_sub(3).and_then(|at| word.split_at_checked(at)) else {
        return false;
    };
    let letters = outward.bytes().take_while(u8::is_ascii_uppercase).count();
    let area = outward.get(..letters).unwrap_or_default().to_ascii_lowercase();
    matches!(letters, 1 | 2)
        && matches!(outward.len() - letters, 1 | 2)
        && outward.bytes().skip(letters).all(|byte| byte.is_ascii_digit())
        && AREAS.contains(&format!(" {area} "))
        && matches!(inward.as_bytes(), [sector, unit @ ..]
            if sector.is_ascii_digit() && unit.iter().all(|byte| byte.is_ascii_uppercase() && !b"CIKMOV".contains(byte)))
        && !matches!(inward.get(1..), Some("GB" | "TB" | "HZ"))
}

fn netherlands(digits: &str, letters: &str) -> bool {
    digits.len() == 4
        && digits.bytes().all(|byte| byte.is_ascii_digit())
        && !digits.starts_with('0')
        && letters.len() == 2
        && letters.bytes().all(|byte| byte.is_ascii_uppercase())
        && !matches!(letters, "SA" | "SD" | "SS")
}

/// The states of the United States as their post writes them.
const STATES: &str = " AL AK AZ AR CA CO CT DE DC FL GA HI IA ID IL IN KS KY LA MA MD ME MI MN MO MS MT NC ND NE NH NJ NM NV NY \
                      OH OK OR PA PR RI SC SD TN TX UT VA VT WA WI WV WY ";

/// `TX 75001` or `TX 75001-1234` after a town.
fn states(text: &str, tokens: &[Token<'_>]) -> Option<(usize, usize, f32)> {
    let [state, code, more @ ..] = tokens else { return None };
    let word = text.get(state.start..state.end)?;
    let fits = word.len() == 2
        && STATES.contains(&format!(" {word} "))
        && (state.gap.is_space() || state.gap == Gap::COMMA)
        && code.gap.is_space()
        && code.end - code.start == 5;
    let end = more.first().filter(|four| {
        four.shape == Shape::Number && four.end - four.start == 4 && text.get(code.end..four.start) == Some("-")
    });
    fits.then_some((state.start, end.map_or(code.end, |four| four.end), 0.85))
}

/// Postcodes of figures, which the town after them tells: `79098 Freiburg`, `1010 Wien`, `1012 AB Amsterdam`,
/// `00-950 Warszawa`, `114 55 Stockholm`.
fn numbered(text: &str, tokens: &[Token<'_>], before: Option<&str>) -> Option<(usize, usize, f32)> {
    let [code, town, more @ ..] = tokens else { return None };
    let length = code.end - code.start;
    let digits = text.get(code.start..code.end)?;
    // At the beginning of a part, as addresses have it, or after a word for a place in a language that writes the code
    // before the town.
    let apart = code.gap.any(Gap::COMMA.or(Gap::LINE).or(Gap::BLANK).or(Gap::START))
        || before.is_some_and(|word| matches!(word, "nach" | "aus" | "bei" | "naar" | "te" | "dans" | "sur" | "nel"));
    let place = |token: &Token<'_>| {
        token.gap.is_space() && token.shape == Shape::Title && token.kinds.any(Kinds::PLACE) && !token.is_plain()
    };
    let named = |token: &Token<'_>| token.gap.is_space() && token.shape == Shape::Title && !token.is_plain();
    // `D-20095 Hamburg`
    let land = before.is_some_and(|word| matches!(word, "d" | "a" | "ch" | "f" | "l" | "b" | "i" | "e"))
        && code.start.checked_sub(1).and_then(|at| text.as_bytes().get(at)) == Some(&b'-');
    let apart = apart || land;
    let year = length == 4 && (digits.starts_with("19") || digits.starts_with("20"));
    if (length == 5 && (place(town) || apart && named(town))) || (length == 4 && apart && !year && place(town)) {
        return Some((code.start - if land { 2 } else { 0 }, town.end, 0.7));
    }
    let town_after = more.first()?;
    let second = town.end - town.start;
    let fits = match (length, town.shape) {
        (4, Shape::Upper) => {
            town.gap.is_space() && netherlands(digits, text.get(town.start..town.end)?) && named(town_after)
        }
        (2 | 4, Shape::Number) => second == 3 && text.get(code.end..town.start) == Some("-") && named(town_after),
        (3, Shape::Number) => second == 2 && town.gap.is_space() && apart && place(town_after),
        _ => false,
    };
    fits.then_some((code.start, town.end, 0.8))
}
