//! People, firms and places in free text.
//!
//! A list of names alone finds `May` and `Will` everywhere, capitals alone find
//! every product. What counts is both: words that are names and no common words,
//! and the words around them (`Mr`, `my name is`, `lives in`, `works for`).

mod lists;

use super::address::lists::PARTICLES;
use super::list::Words;
use super::named::OF_KIN;
use super::tokens::{Gap, Shape, Token};
use super::words::Kinds;
use super::{PiiKind, PiiSpan};
use lists::{
    AFTER_PERSON, BEFORE_FIRM, BEFORE_PERSON, BEFORE_PLACE, ENDINGS, LEGAL, OF_PEOPLE, PERSONAL, SERVICE, TITLES,
    TRADES,
};

const NAMES: Kinds = Kinds::FIRST.or(Kinds::LAST);

/// What one run of capitals is.
struct Run {
    first: usize,
    last: usize,
}

/// Finds people, firms and places; spans in byte offsets.
pub(super) fn find(text: &str, tokens: &[Token<'_>], lower: bool, spans: &mut Vec<PiiSpan>) {
    let plain = tokens.iter().filter(|token| token.is_plain()).count();
    let english = plain * 3 >= tokens.len();
    let lines = text.contains('\n');
    let mut context = Context { text, tokens, lower, lines, service: false, personal: false, english };
    let (mut at, mut sentence) = (0, 0);
    while at < tokens.len() {
        if at >= sentence {
            // What a sentence talks of decides for all of it.
            let rest = tokens.get(at..).unwrap_or_default();
            let ends =
                |token: &Token<'_>| token.gap.any(Gap::STOP.or(Gap::BLANK)) && !matches!(token.shape, Shape::Initial);
            let length = 1 + rest.iter().skip(1).take(60).take_while(|token| !ends(token)).count();
            let says = |words: &Words| rest.iter().take(length).any(|token| words.contains(&token.word));
            (context.service, context.personal) = (says(&SERVICE), says(&PERSONAL));
            sentence = at + length;
        }
        if context.nation_alone(at, spans) {
            at += 1;
            continue;
        }
        if let Some(country) = context.country(at) {
            context.push_country(at, country, spans);
            at = country;
            continue;
        }
        match context.run(at) {
            Some(run) => {
                at = run.last;
                context.judge(run, spans);
            }
            None => at += 1,
        }
    }
}

struct Context<'t, 'a> {
    text: &'t str,
    tokens: &'t [Token<'a>],
    lower: bool,
    /// Whether the text has more than one line.
    lines: bool,
    service: bool,
    personal: bool,
    /// Whether enough of the words are common English ones.
    english: bool,
}

impl<'a> Context<'_, 'a> {
    fn token(&self, at: usize) -> Option<&Token<'a>> {
        self.tokens.get(at)
    }

    fn word(&self, at: Option<usize>) -> &str {
        at.and_then(|at| self.token(at)).map_or("", |token| &*token.word)
    }

    /// Whether the token can be a part of a name.
    fn namely(&self, token: &Token<'_>) -> bool {
        match token.shape {
            Shape::Title => true,
            Shape::Upper => token.end - token.start > 3 || token.kinds.any(NAMES),
            Shape::Lower => self.lower && !token.is_plain() && token.end - token.start > 2,
            Shape::Initial | Shape::Number | Shape::Mixed => false,
        }
    }

    /// Where the country that starts at `at` ends.
    fn country(&self, at: usize) -> Option<usize> {
        let first = self.token(at)?;
        if !(first.is_capital() || self.lower || first.kinds.any(Kinds::COUNTRY)) {
            return None;
        }
        if first.kinds.any(Kinds::OF_COUNTRY) {
            let mut joined = first.word.clone().into_owned();
            let mut end = None;
            for (offset, next) in self.tokens.iter().skip(at + 1).take(4).enumerate() {
                if !next.gap.is_space() && next.gap != Gap::OTHER {
                    break;
                }
                joined.push('_');
                joined.push_str(&next.word);
                if super::words::kinds(&joined).any(Kinds::COUNTRY) {
                    end = Some(at + offset + 2);
                }
            }
            if end.is_some() {
                return end;
            }
        }
        let alone = first.kinds.any(Kinds::COUNTRY)
            // `Jordan Smith`, `Georgia said`.
            && !self.token(at + 1).is_some_and(|next| next.gap.is_space() && next.is_capital() && next.kinds.any(NAMES))
            && !(first.kinds.any(NAMES) && self.firmly(at))
            && (first.is_capital() || self.lower && (!first.kinds.any(Kinds::COMMON)));
        alone.then_some(at + 1)
    }

    fn push_country(&self, first: usize, last: usize, spans: &mut Vec<PiiSpan>) {
        let (Some(start), Some(end)) = (self.token(first), self.token(last - 1)) else { return };
        // `US` and `UK` name nobody.
        if start.end - start.start <= 3 && first + 1 == last {
            return;
        }
        if self.service && !self.personal {
            return;
        }
        spans.push(PiiSpan { kind: PiiKind::Location, start: start.start, end: end.end, score: 0.7 });
    }

    /// The run of names that starts at `at`.
    fn run(&self, at: usize) -> Option<Run> {
        let first = self.token(at)?;
        // `@dana` is the name of an account.
        let handle = first.start.checked_sub(1).is_some_and(|before| self.text.as_bytes().get(before) == Some(&b'@'));
        if !self.namely(first) || handle {
            return None;
        }
        let mut last = at + 1;
        let mut index = at + 1;
        while let Some(token) = self.token(index)
            && index - at < 8
        {
            let initial_before = self.token(index - 1).is_some_and(|before| before.shape == Shape::Initial);
            let joins = token.gap.is_space() || (initial_before && token.gap == Gap::STOP);
            if !joins {
                // `M.` of `Janka M. Szász` was read; a mark ends the run.
                break;
            }
            let particle = token.shape == Shape::Lower
                && PARTICLES.contains(&token.word)
                && !matches!(
                    &*token.word,
                    "and" | "the" | "of" | "an" | "am" | "im" | "in" | "e" | "u" | "z" | "op" | "do" | "y" | "en"
                );
            if self.namely(token) && self.country(index).is_none() {
                last = index + 1;
            } else if (token.shape != Shape::Initial || token.word == "i") && !particle {
                break;
            }
            index += 1;
        }
        Some(Run { first: at, last })
    }

    /// Says what a run is.
    fn judge(&self, run: Run, spans: &mut Vec<PiiSpan>) {
        let Run { mut first, mut last } = run;
        let all = self.tokens.get(first..last).unwrap_or_default();
        let ending = all.last().map_or("", |token| &*token.word);
        let legal = LEGAL.contains(ending);
        let trade = TRADES.contains(ending);
        let known = all.iter().any(|token| token.kinds.any(NAMES.or(Kinds::PLACE)) || !token.is_plain());
        if last - first >= 2 && (legal || (trade && known)) && !self.lower {
            let begins = self.sentence(first) && all.first().is_some_and(Token::is_plain) && last - first > 2;
            self.push(PiiKind::Organization, first + usize::from(begins && !legal), last, 0.75, spans);
            return;
        }
        if let Some(at) = (first..last.saturating_sub(1)).find(|at| self.korean(*at)) {
            self.push(PiiKind::Person, at, at + 2, 0.75, spans);
            return;
        }
        let mut before = self.word(first.checked_sub(1)).to_owned();
        // `Hi Freddy`, `Dr. Hale`, `Please`: what is no name at the front.
        let mut titled = TITLES.contains(&before);
        while let Some(token) = self.token(first)
            && first < last
            && (TITLES.contains(&token.word)
                || (token.is_plain() && !(token.kinds.any(NAMES) && self.in_name(first, last))))
        {
            titled = TITLES.contains(&token.word) && (token.is_capital() || self.lower);
            before = token.word.clone().into_owned();
            first += 1;
        }
        while last > first
            && self.token(last - 1).is_some_and(|token| {
                token.is_plain() && !(token.kinds.any(NAMES) && last - first > 1) || token.shape == Shape::Initial
            })
        {
            last -= 1;
        }
        if first >= last {
            // `my name is Mark`: a common word where only a name can stand.
            self.plain_name(&run, spans);
            return;
        }
        let all = self.tokens.get(first..last).unwrap_or_default();
        let has = |kinds: Kinds| all.iter().any(|token| token.kinds.any(kinds) && !token.is_plain());
        let gap = all.first().map(|token| token.gap).unwrap_or_default();
        let near = gap.is_space()
            || gap.any(Gap::COLON)
            || gap == Gap::STOP
            || gap.any(Gap::COMMA.or(Gap::LINE))
            || gap == Gap::OTHER;
        let says_person = near && (BEFORE_PERSON.contains(&before) || OF_KIN.contains(&before));
        let says_place = gap.is_space() && BEFORE_PLACE.contains(&before);
        let next = self.token(last).filter(|next| next.gap.is_space());
        let after = next.map_or("", |next| &*next.word);
        let acts = next.is_some_and(|next| next.shape == Shape::Lower) && AFTER_PERSON.contains(after);
        let firm = self.says_firm(first);
        let nation = all.iter().all(|token| token.kinds.any(Kinds::NATION));
        if nation {
            self.nation(first, last, &before, after, spans);
            return;
        }
        if titled {
            return self.push(PiiKind::Person, first, last, 0.9, spans);
        }
        if self.lower
            && !(has(NAMES) || has(Kinds::PLACE))
            && !(says_person && self.firmly(first))
            && !(says_place && self.personal)
        {
            return;
        }
        let first_name =
            all.first().is_some_and(|token| token.kinds.any(Kinds::FIRST) && (!token.is_plain() || all.len() > 1));
        let last_name = all.last().is_some_and(|token| token.kinds.any(Kinds::LAST) && !token.is_plain());
        let place = has(Kinds::PLACE);
        if self.several_end(last).is_some() {
            return self.push(PiiKind::Organization, first, last, 0.6, spans);
        }
        if all.len() == 1 && all.iter().all(|token| self.is_double(token)) {
            return self.push(PiiKind::Organization, first, last, 0.6, spans);
        }
        if firm && !(first_name && last_name) && !(says_place && place && before != "at") {
            return self.push(PiiKind::Organization, first, last, 0.55, spans);
        }
        if place && says_place && !(first_name && all.len() > 1) {
            // A town where a payment was made is no home.
            if !self.service || self.personal {
                self.push(PiiKind::Location, first, last, 0.65, spans);
            }
            return;
        }
        if first_name && all.len() > 1 {
            return self.push(PiiKind::Person, first, last, if last_name { 0.85 } else { 0.75 }, spans);
        }
        // In service talk a single name needs a sign, since products have names too.
        let sign = says_person || acts || self.possessive(last) || self.alone(first, last) || self.listed(first, last);
        if first_name || last_name {
            let long = all.iter().any(|token| token.end - token.start > 3);
            let faint =
                self.lower && self.service && all.len() == 1 && !(self.firmly(first) || self.listed(first, last));
            if faint {
                return;
            }
            if sign || (!self.service && long && !self.lower) || all.len() > 1 {
                self.push(PiiKind::Person, first, last, if sign { 0.7 } else { 0.6 }, spans);
            }
            return;
        }
        if has(NAMES) && all.len() > 1 {
            return self.push(PiiKind::Person, first, last, 0.6, spans);
        }
        if place {
            if !self.service || self.personal {
                self.push(PiiKind::Location, first, last, 0.55, spans);
            }
            return;
        }
        let family = all.last().is_some_and(|token| self.family(token));
        if (family && (sign || !self.service)) || (says_person && self.firmly(first)) {
            return self.push(PiiKind::Person, first, last, 0.6, spans);
        }
        if self.service && !(self.personal && says_place) {
            return;
        }
        // In a language whose words we do not know every word is unknown.
        let block = self.alone(first, last) && self.lines;
        if !(self.english || block) {
            return;
        }
        // Nothing is known of these words but that they are no common ones.
        let kind = if says_place {
            PiiKind::Location
        } else if acts || says_person || (all.len() > 1 && self.alone(first, last)) {
            PiiKind::Person
        } else if all.len() > 1 || !self.sentence(first) {
            PiiKind::Organization
        } else if self.alone(first, last) && self.text.len() > last {
            PiiKind::Location
        } else {
            return;
        };
        self.push(kind, first, last, 0.5, spans);
    }

    /// Whether a common word that is a name too stands in a name of several words.
    fn in_name(&self, at: usize, last: usize) -> bool {
        self.token(at + 1).is_some_and(|next| {
            at + 1 < last && (next.kinds.any(Kinds::LAST) && !next.is_plain() || next.shape == Shape::Initial)
        }) && !self.sentence(at)
            || (self.token(at).is_some_and(|token| token.kinds.any(Kinds::FIRST)) && self.firmly(at))
            || (self.sentence(at)
                && self.token(at).is_some_and(|token| token.kinds.any(Kinds::FIRST))
                && self
                    .token(at + 1)
                    .is_some_and(|next| at + 1 < last && next.kinds.any(Kinds::LAST) && next.is_capital()))
    }

    /// Whether the words before allow nothing but a name.
    fn firmly(&self, at: usize) -> bool {
        let before = |distance: usize| self.word(at.checked_sub(distance));
        match before(1) {
            "is" => matches!(before(2), "name" | "surname" | "beneficiary" | "recipient" | "holder"),
            "named" | "surname" | "signed" | "attn" => true,
            "name" => self.token(at).is_some_and(|token| token.gap.any(Gap::COLON.or(Gap::STOP))),
            "i'm" | "am" => before(1) == "i'm" || before(2) == "i",
            "hi" | "dear" => self.token(at).is_some_and(|token| token.gap.is_space() && token.is_capital()),
            "regards" | "sincerely" | "cheers" | "thanks" => {
                self.token(at).is_some_and(|token| token.gap.any(Gap::LINE))
            }
            "called" => matches!(before(2), "is" | "was" | "am" | "friend" | "somebody" | "someone"),
            "by" => matches!(before(2), "held" | "bought" | "owned" | "signed" | "witnessed"),
            "subscriber" | "policyholder" | "cardholder" | "insured" | "payer" | "lessee" => true,
            // `my mum (Eleni Doukas, 71)`
            word if OF_KIN.contains(word) => {
                self.token(at).is_some_and(|token| token.gap.is_space() || token.gap == Gap::OTHER)
            }
            word => TITLES.contains(word),
        }
    }

    /// A given name as Korean ones are written, then a family name: `Min-jun Lee`, `Jae-won Park`.
    fn korean(&self, at: usize) -> bool {
        let Some((given, family)) = self.token(at).zip(self.token(at + 1)) else { return false };
        let parts = self.text.get(given.start..given.end).and_then(|name| name.split_once('-'));
        given.shape == Shape::Title
            && parts.is_some_and(|(head, tail)| {
                tail.starts_with(char::is_lowercase)
                    && !super::words::kinds(&super::words::fold(head)).any(Kinds::COMMON)
            })
            && family.shape == Shape::Title
            && family.gap.is_space()
            && family.kinds.any(Kinds::LAST)
    }

    /// A common word that stands where only a name can.
    fn plain_name(&self, run: &Run, spans: &mut Vec<PiiSpan>) {
        let named = (run.first..run.last).find(|at| {
            self.token(*at).is_some_and(|token| token.kinds.any(NAMES) && token.is_capital())
                && ((self.firmly(*at) && self.word(at.checked_sub(1)) != "i'm")
                    || (self.token(*at).is_some_and(|token| token.kinds.any(Kinds::FIRST)) && self.listed(*at, at + 1)))
        });
        if let Some(at) = named {
            self.push(PiiKind::Person, at, at + 1, 0.6, spans);
        }
    }

    /// Whether a word like `works at` stands in the five before.
    fn says_firm(&self, first: usize) -> bool {
        let near = self.tokens.get(first.saturating_sub(4)..first).unwrap_or_default();
        let links = matches!(
            self.word(first.checked_sub(1)),
            "at" | "for"
                | "of"
                | "with"
                | "by"
                | "became"
                | "company"
                | "her"
                | "his"
                | "the"
                | "joined"
                | "employer"
                | "firm"
        );
        links && near.iter().any(|token| BEFORE_FIRM.contains(&token.word))
    }

    /// Where `Lopez, Santos and Coleman` ends, if one ends its first name at `last`.
    fn several_end(&self, last: usize) -> Option<usize> {
        let second = self.token(last)?;
        let and = self.token(last + 1)?;
        let third = self.token(last + 2)?;
        let named = |token: &Token<'_>| self.namely(token) && token.kinds.any(Kinds::LAST);
        (second.gap == Gap::COMMA && named(second) && and.word == "and" && and.gap.is_space() && named(third) && third.gap.is_space()
            && self.token(last - 1).is_some_and(|token| token.kinds.any(Kinds::LAST))
            // `Anna, Ben and Carl` are people: their first names are no family names.
            && (!second.kinds.any(Kinds::FIRST) || !third.kinds.any(Kinds::FIRST)))
        .then_some(last + 3)
    }

    /// `Wolf-Carpenter`: two family names.
    fn is_double(&self, token: &Token<'_>) -> bool {
        token.word.split_once('-').is_some_and(|(head, tail)| {
            super::words::kinds(head).any(Kinds::LAST)
                && super::words::kinds(tail).any(Kinds::LAST)
                && !token.kinds.any(Kinds::FIRST)
        })
    }

    /// Whether a sentence starts here.
    fn sentence(&self, at: usize) -> bool {
        self.token(at).is_none_or(|token| token.gap.any(Gap::START.or(Gap::STOP).or(Gap::LINE).or(Gap::BLANK)))
    }

    /// Whether the words fill a line or the whole text.
    fn alone(&self, first: usize, last: usize) -> bool {
        let starts = self.token(first).is_some_and(|token| token.gap.any(Gap::START.or(Gap::LINE)));
        starts && self.token(last).is_none_or(|token| token.gap.any(Gap::LINE))
    }

    /// Whether the name stands in a list of names.
    fn listed(&self, first: usize, last: usize) -> bool {
        let names = |at: Option<usize>| {
            at.and_then(|at| self.token(at)).is_some_and(|token| {
                (token.is_capital() || self.lower)
                    && token.kinds.any(NAMES)
                    && (!token.is_plain() || token.kinds.any(Kinds::FIRST) && !self.lower)
            })
        };
        let before = self.token(first).is_some_and(|token| token.gap == Gap::COMMA) && names(first.checked_sub(1));
        let after = self.token(last).is_some_and(|token| token.gap == Gap::COMMA) && names(Some(last));
        let and = self.word(first.checked_sub(1)) == "and" && names(first.checked_sub(2));
        before || after || and || (self.word(Some(last)) == "and" && names(Some(last + 1)))
    }

    /// Whether `'s` follows.
    fn possessive(&self, last: usize) -> bool {
        let end = self.token(last - 1).map_or(0, |token| token.end);
        self.text.get(end..).is_some_and(|rest| rest.starts_with("'s ") || rest.starts_with("\u{2019}s "))
    }

    /// Whether a word ends as family names do.
    fn family(&self, token: &Token<'_>) -> bool {
        let w = &*token.word;
        !token.is_plain()
            && (token.is_capital() || self.lower)
            && token.shape != Shape::Upper
            && w.len() >= 5
            && ENDINGS.end(w, 3)
    }

    /// A nationality in lower case.
    fn nation_alone(&self, at: usize, spans: &mut Vec<PiiSpan>) -> bool {
        let nation = self.token(at).is_some_and(|token| token.shape == Shape::Lower && token.kinds.any(Kinds::NATION));
        if nation {
            let before = self.word(at.checked_sub(1)).to_owned();
            let after = self.word(Some(at + 1)).to_owned();
            // `I am polish` and `I am in a roma`: only what follows `I am`.
            let said = matches!(&*before, "i'm" | "am") || self.lower;
            if said {
                self.nation(at, at + 1, &before, &after, spans);
            }
        }
        nation
    }

    /// Nationality where it is said of a person.
    fn nation(&self, first: usize, last: usize, before: &str, after: &str, spans: &mut Vec<PiiSpan>) {
        let is = matches!(
            before,
            "i'm"
                | "am"
                | "is"
                | "was"
                | "are"
                | "were"
                | "a"
                | "an"
                | "he's"
                | "she's"
                | "nationality"
                | "half"
                | "religion"
                | "the"
        );
        if OF_PEOPLE.contains(after) || (is && before != "the" && !self.service) {
            self.push(PiiKind::Nrp, first, last, 0.6, spans);
        }
    }

    fn push(&self, kind: PiiKind, first: usize, mut last: usize, score: f32, spans: &mut Vec<PiiSpan>) {
        if kind == PiiKind::Organization {
            last = self.several_end(last).unwrap_or(last);
        }
        if let (Some(start), Some(end)) = (self.token(first), last.checked_sub(1).and_then(|last| self.token(last))) {
            spans.push(PiiSpan { kind, start: start.start, end: end.end, score });
        }
    }
}
