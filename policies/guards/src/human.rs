//! Who is asked for and who writes: people and machines in a text.

mod tongues;

use crate::flat::{Flat, Phrases};
use crate::fold::{Unmasked, plain};
use regex::Regex;
use std::sync::LazyLock;

/// Words without which nobody asks for a person.
static PERSON_WORDS: LazyLock<Phrases> = LazyLock::new(|| {
    Phrases::new([
        "adviser",
        "advisor",
        "agent",
        "agents",
        "bot",
        "chatbot",
        "employee",
        "human",
        "humans",
        "live chat",
        "live support",
        "machine",
        "manager",
        "operator",
        "people",
        "person",
        "phone support",
        "rep",
        "representative",
        "robot",
        "robots",
        "bots",
        "somebody",
        "someone",
        "specialist",
        "staff",
        "supervisor",
    ])
});

/// Ways to ask for a person, in the words of `Flat`.
static ASKS: LazyLock<Regex> = LazyLock::new(|| {
    compiled(
        r"(?x)\x20(?:
          # talk to a human, speak with one of your agents, be connected to somebody
          (?:talk|talking|speak|speaking|chat|chatting|connect|connected|transfer|transferred|escalate|escalated
            |put\ me\ through|pass\ me|hand\ me|forward\ me|forward\ this|call\ with|hear\ from|contact|reach|switch\ me)
          (?:\ (?:me|us|this|it|over|on|directly))*(?:\ (?:to|with|through\ to|onto))?
          (?:\ (?:a|an|the|any|some|your|one\ of\ your|one\ of\ the|another|actual|real|live|human|support|service|customer|sales|care))*
          \ (?:human|humans|person|people|agent|agents|representative|rep|operator|manager|supervisor
            |somebody|someone|adviser|advisor|specialist|employee|staff)
          # I want a human, give me an agent, get me somebody
        | (?:want|wanted|need|prefer|like|give\ me|get\ me|send\ me|find\ me|have|demand|request|requesting|asked\ for|ask\ for|asking\ for)
          (?:\ (?:a|an|the|any|some|your|actual|real|live|support|service|customer|care))*
          \ (?:human|real\ person|live\ person|live\ agent|actual\ person|support\ agent|representative|rep|operator
            |human\ agent|human\ being|person\ please|agent\ please|person|supervisor
            |(?:somebody|someone|person)(?:\ (?:real|human|to\ call\ me|to\ look|who\ can)))
          # a real person, an actual human
        | (?:real|live|actual)\ (?:person|human|agent|representative|people)
        | (?:human|agent|representative|operator|person)(?:\ ,)?\ (?:please|pls|plz|now)
        | (?:is\ there|are\ there)(?:\ (?:a|an|any))?(?:\ (?:real|live))?\ (?:human|person|people|somebody|someone|humans)
          (?:\ (?:there|here|i\ can|available|who))
        | (?:not|no)\ (?:a\ |an\ |with\ a\ |to\ a\ |another\ |more\ )?(?:bot|bots|robot|robots|chatbot|machine)
        | (?:live|phone)\ (?:chat|support)\ (?:please|with)
        | human\ (?:support|help|assistance|being|review)
        )\x20",
    )
});

/// Ways to say somebody is needed that ask whom one writes with, or deny it.
static NOT_ASKS: LazyLock<Regex> = LazyLock::new(|| {
    compiled(
        r"\x20(?:am i|are you|is this|i am|im|are we)(?: (?:really|actually|even|just|now|talking|speaking|chatting|writing|to|with|a|an))*$",
    )
});

/// Words before a request that take it back.
const DENIALS: &[&str] = &["didnt", "dont", "never", "neednt", "no", "not", "without"];
/// Words that start a new clause even without a comma.
const CLAUSES: &[&str] = &["because", "but", "i", "just", "so", "they", "we", "you"];
/// A whole message that is one of these asks for a person.
const ALONE: &[&str] =
    &["agent", "human", "humans", "live agent", "operator", "person", "real person", "rep", "representative"];

/// Whether the writer asks for a person.
///
/// Knows many English spellings of the wish and takes back what is denied in
/// the same clause (`no need for a human`). A question whom one is writing with
/// (`are you a real person?`) is not a wish. Words whose letters stand apart
/// (`h u m a n`, `h.u.m.a.n`) are put together, digits for letters (`hum4n`),
/// drawn out letters (`huuuman`), diacritics and disguises read as what they
/// stand for. A wish in some twenty other languages is known by the usual words
/// for it. Limits: `get me your manager` counts as a wish.
#[must_use]
pub fn wants_human(text: &str) -> bool {
    let unmasked = Unmasked::new(text).map(|unmasked| unmasked.text);
    let text = unmasked.as_deref().unwrap_or(text);
    let straight = straight(text);
    let read = |text: &str, flat: &Flat| asks(flat) || joined(text).is_some_and(|joined| asks(&Flat::new(&joined)));
    let flat = Flat::new(text);
    // Most texts are straight, and are made plain once.
    let other = (!straight.eq_ignore_ascii_case(text)).then(|| Flat::new(&straight));
    let other = other.as_ref();
    read(text, &flat) || other.is_some_and(|other| read(&straight, other)) || tongues::ask(text, &flat, other)
}

/// The text without diacritics, with the letters that digits and signs of its
/// words are drawn for, and letters that are drawn out once.
fn straight(text: &str) -> String {
    // Dots that go on end no sentence.
    let plain = plain(text).split("..").map(|part| part.trim_start_matches('.')).collect::<Vec<_>>().join(" ");
    let mut out = String::with_capacity(plain.len());
    for word in plain.split_inclusive(char::is_whitespace) {
        // `24` and `@` alone are no words.
        let drawn = word.chars().filter(|c| c.is_alphabetic()).count() >= 2;
        let (mut last, mut run) = (None, 0);
        for c in word.chars() {
            let c = if drawn { letter_of(c) } else { c };
            run = if last == Some(c) && c.is_alphabetic() { run + 1 } else { 1 };
            if run == 3 {
                out.pop();
            }
            if run < 3 {
                out.push(c);
            }
            last = Some(c);
        }
    }
    out
}

/// The letter that a digit or a sign is drawn for.
fn letter_of(c: char) -> char {
    match c {
        '0' => 'o',
        '1' | '|' => 'i',
        '3' | '\u{20ac}' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' => 't',
        c => c,
    }
}

/// The text with its torn words put together, if it has any: four single letters
/// and more with one and the same mark between them. Two marks end a word.
fn joined(text: &str) -> Option<String> {
    let chars: Vec<char> = text.chars().collect();
    let at = |index: usize| chars.get(index).copied();
    let single = |index: usize| {
        at(index).is_some_and(char::is_alphabetic)
            && index.checked_sub(1).and_then(at).is_none_or(|before| !before.is_alphanumeric())
            && at(index + 1).is_none_or(|after| !after.is_alphanumeric())
    };
    let (mut out, mut index, mut torn) = (String::with_capacity(text.len()), 0, false);
    while let Some(c) = at(index) {
        let mut end = index;
        if single(index) {
            let mark = at(index + 1);
            while at(end + 1) == mark && single(end + 2) {
                end += 2;
            }
        }
        if end >= index + 6 {
            torn = true;
            let word: String = chars.get(index..=end).unwrap_or_default().iter().step_by(2).collect();
            // `a h u m a n` begins with an article, `a g e n t` does not.
            match word.strip_prefix(['a', 'A']) {
                Some(rest) if PERSON_WORDS.find(&Flat::new(&word)).next().is_none() => {
                    out.push_str("a ");
                    out.push_str(rest);
                }
                _ => out.push_str(&word),
            }
            index = end + 1;
        } else {
            out.push(c);
            index += 1;
        }
    }
    torn.then_some(out)
}

fn asks(flat: &Flat) -> bool {
    if PERSON_WORDS.find(flat).next().is_none() {
        return false;
    }
    let words = flat.text.trim_matches([' ', '.', '!', '?', ',']);
    if ALONE.contains(&words) {
        return true;
    }
    ASKS.find_iter(&flat.text).any(|ask| {
        let before = flat.text.get(..ask.start()).unwrap_or_default();
        let denied = flat
            .before(ask.start())
            .take(5)
            .take_while(|word| !CLAUSES.contains(word))
            .any(|word| DENIALS.contains(&word));
        // A ` not a bot` asks by its own denial.
        let clause = before.rsplit(['.', '?', '!', ',']).next().unwrap_or_default();
        !denied && !NOT_ASKS.is_match(clause)
    })
}

/// Ways to say that a machine writes, in the words of `Flat`.
static DISCLOSURES: LazyLock<Phrases> = LazyLock::new(|| {
    Phrases::new([
        "ai agent",
        "ai assistant",
        "ai chatbot",
        "ai generated",
        "ai powered assistant",
        "ai support assistant",
        "ai support agent",
        "ai system",
        "am ai",
        "am an ai",
        "an ai",
        "artificial intelligence",
        "asistente virtual",
        "assistant ia",
        "assistant virtuel",
        "automated agent",
        "automated answer",
        "automated assistant",
        "automated message",
        "automated reply",
        "automated response",
        "automated system",
        "automatically generated",
        "automatisch erstellt",
        "by ai",
        "by an ai",
        "digital assistant",
        "generated by ai",
        "im ai",
        "im an ai",
        "ki assistent",
        "ki assistenten",
        "not a human",
        "virtual agent",
        "virtual assistant",
        "with ai",
    ])
});

/// Words before a disclosure that take it back.
const NOT_SAID: &[&str] = &["aint", "isnt", "never", "no", "not", "wasnt", "without"];
/// Words after `an ai` that make it a thing instead of the writer.
const THINGS: &[&str] = &["driven", "feature", "features", "model", "plan", "product", "strategy", "tool", "tools"];

/// Whether `text` says that an AI or an automated assistant writes it.
///
/// English, and the usual words in German, French and Spanish. Limits: it looks
/// for the words, so `our AI assistant can do that for you` counts.
#[must_use]
pub fn discloses_ai(text: &str) -> bool {
    let flat = Flat::new(text);
    DISCLOSURES.find(&flat).any(|(_, start, end)| {
        let said = flat.text.get(start..end).unwrap_or_default();
        let denied = flat.before(start).take(2).any(|word| NOT_SAID.contains(&word));
        let next = flat.text.get(end..).unwrap_or_default().split(' ').find(|word| !word.is_empty());
        let thing = (said.ends_with(" ai")) && next.is_some_and(|next| THINGS.contains(&next));
        !denied && !thing
    })
}

fn compiled(pattern: &str) -> Regex {
    #[expect(clippy::expect_used, reason = "the patterns are constants of this file and compiled by its tests")]
    Regex::new(pattern).expect("a constant pattern")
}

#[cfg(test)]
mod tests;
