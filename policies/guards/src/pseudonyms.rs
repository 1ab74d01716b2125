//! Placeholders for what must not reach a model provider.

mod names;
mod shape;
mod spellings;

use crate::offsets::Chars;
use crate::pii::digit_runs;
use crate::squeeze::{Squeezed, Start, words};
use crate::{KnownValue, PiiDetector, PiiKind};
use names::Name;
pub(crate) use shape::tokens;
use spellings::Spellings;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// The placeholders of one run.
///
/// [`hide`](Self::hide) puts `<person_1>`, `<email_2>` and the like where a
/// known value or a detected identifier stood, [`restore`](Self::restore) puts
/// the originals back. For every text, and whatever was hidden before,
/// `restore(hide(text)) == text`.
///
/// **Numbers.** A value has one number for its kind within the run, however it
/// is written: known values in the order in which they were given, detected
/// ones as they come. Two values never share one. The same sequence of calls
/// gives the same placeholders.
///
/// **Spellings.** `<email_1>` stands for one spelling alone, so that restoring
/// is exact: the spelling on record for a known value, the first one seen for a
/// detected one. Every other spelling has its own form of the same number,
/// `<email_1.2>`, `<email_1.3>`. Names match in any case, phone numbers in any
/// grouping, with or without calling code.
///
/// **Names.** `<person_1.first>` and `<person_1.last>` are the first and the last
/// part of `<person_1>`. A part that two known people share belongs to neither:
/// it has a number of its own. Parts that are also plain English words (`Will`,
/// `May`) match only with a capital.
///
/// **Text that looks like a placeholder** before hiding is hidden as well, as
/// `<literal_1>`: nobody can write a placeholder into a message and have it
/// filled in.
///
/// Works on plain text and on JSON text: no placeholder holds a character that
/// JSON escapes. Restore the strings inside a JSON document rather than the
/// document, since a value may hold a quotation mark.
///
/// Known values are found in any case and spacing, with or without diacritics,
/// with look-alike letters, full-width digits and invisible marks, `(at)` and
/// `dot` spelled out, `ue` for `ü`; a known card or account also by its last four
/// digits after `ending in` or stars.
///
/// Limits: what neither the known values nor the detector knows stays.
#[derive(Debug, Default)]
pub struct Pseudonyms {
    /// Finds the known values.
    known: Spellings,
    /// What each pattern of `known` stands for.
    patterns: Vec<Pattern>,
    /// Digits of known phone numbers.
    phones: BTreeMap<String, usize>,
    /// The last four digits of known cards and accounts.
    tails: BTreeMap<String, usize>,
    /// What has a number.
    entities: Vec<Entity>,
    /// Entities by kind and value without regard to writing.
    by_value: BTreeMap<(Kind, String), usize>,
    /// How many numbers each kind has used.
    used: BTreeMap<Kind, usize>,
    /// What each placeholder stands for.
    forms: BTreeMap<String, Form>,
}

/// A token that looks like a placeholder and is none of this run: the model
/// made it up.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("`{placeholder}` is not a placeholder of this run")]
pub struct InventedPlaceholder {
    /// The first such token as it stands in the text.
    pub placeholder: String,
    /// The text with the originals of all other placeholders.
    pub restored: String,
}

/// What a placeholder names: personal data, or text that looked like a placeholder.
type Kind = Option<PiiKind>;

#[derive(Debug)]
struct Pattern {
    entity: usize,
    name: Name,
    /// The only spelling that counts, for values that are plain words otherwise.
    exact: Option<String>,
    /// It is one word of a few letters.
    one_word: bool,
}

#[derive(Debug)]
struct Entity {
    kind: Kind,
    number: usize,
    /// The placeholder of each spelling of each part of the name.
    spellings: BTreeMap<Name, BTreeMap<String, String>>,
    /// Whether a text with it was given out.
    seen: bool,
}

#[derive(Debug)]
struct Form {
    entity: usize,
    spelling: String,
    /// On record from the start: counts as given out with any other form.
    on_record: bool,
    given: bool,
}

/// Something to hide, in byte offsets.
#[derive(Clone, Copy, Debug)]
struct Place {
    start: usize,
    end: usize,
    what: What,
}

/// In the order of preference where two take the same place.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum What {
    Literal,
    Known(usize),
    /// By its digits: a phone number, or the last four of a card.
    KnownPhone(usize),
    Detected(PiiKind),
}

/// How many chars may stand between two words of one value.
const APART: u8 = 12;

impl Pseudonyms {
    /// Placeholders for a run in which `known` is known.
    #[must_use]
    pub fn new(known: &[KnownValue]) -> Self {
        names::build(known)
    }

    /// Hides these as well from now on: what a run learns on its way. What was
    /// given out keeps its meaning, and nobody who is new becomes somebody known.
    pub fn learn(&mut self, known: &[KnownValue]) {
        if !known.is_empty() {
            *self = names::learn(std::mem::take(self), known);
        }
    }

    /// `text` with a placeholder in each place that holds a known value or an
    /// identifier that `detector` sees. Where two places overlap in part, all of
    /// it becomes one placeholder.
    pub fn hide(&mut self, text: &str, detector: &dyn PiiDetector) -> String {
        let mut places = Vec::new();
        literals(text, &mut places);
        self.known_values(text, &mut places);
        self.known_phones(text, &mut places);
        self.known_tails(text, &mut places);
        let known = places.len();
        detected(text, detector, &mut places);
        // A name that is known is that person, whatever else looks like a name.
        let (record, seen) = places.split_at_mut(known);
        record.sort_by_key(|place| place.start);
        let mut kept: Vec<Place> = Vec::with_capacity(seen.len());
        for place in seen.iter() {
            let from = record.partition_point(|known| known.end <= place.start);
            let meets = record.get(from).is_some_and(|known| known.start < place.end);
            if !(meets && matches!(place.what, What::Detected(PiiKind::Person))) {
                kept.push(*place);
            }
        }
        places.truncate(known);
        places.append(&mut kept);
        places.sort_by_key(|place| (place.start, Reverse(place.end), place.what));

        let mut out = String::with_capacity(text.len() + 16 * places.len());
        let mut copied = 0;
        let mut places = places.into_iter().peekable();
        while let Some(mut place) = places.next() {
            while let Some(next) = places.next_if(|next| next.start < place.end) {
                if next.end > place.end {
                    let longer = if next.end - next.start > place.end - place.start { next.what } else { place.what };
                    let kind = self.kind_of(longer).unwrap_or(PiiKind::Other);
                    place = Place { end: next.end, what: What::Detected(kind), ..place };
                }
            }
            out.push_str(text.get(copied..place.start).unwrap_or_default());
            out.push_str(&self.placeholder(place.what, text.get(place.start..place.end).unwrap_or_default()));
            copied = place.end;
        }
        out.push_str(text.get(copied..).unwrap_or_default());
        out
    }

    /// `text` with `…` in each place that [`hide`](Self::hide) hides: for whoever is never
    /// told what stood there.
    pub fn blank(&mut self, text: &str, detector: &dyn PiiDetector) -> String {
        let hidden = self.hide(text, detector);
        let (mut blanked, mut rest) = (String::with_capacity(hidden.len()), hidden.as_str());
        while let Some((before, _, after)) = shape::next(rest) {
            blanked.push_str(before);
            blanked.push('…');
            rest = after;
        }
        blanked.push_str(rest);
        blanked
    }

    /// `text` with the originals in place of the placeholders.
    ///
    /// A placeholder counts as given out when a text that was hidden held it, or
    /// when it is a form on record of somebody that such a text named: after
    /// `<person_1>`, `<person_1.first>` is known. Upper and lower case are the same.
    ///
    /// # Errors
    ///
    /// [`InventedPlaceholder`] if a token in the shape of a placeholder was never
    /// given out.
    pub fn restore(&self, text: &str) -> Result<String, InventedPlaceholder> {
        let mut restored = String::with_capacity(text.len());
        let (mut rest, mut invented) = (text, None);
        while let Some((before, token, after)) = shape::next(rest) {
            let form = self.forms.get(&token.to_ascii_lowercase()).filter(|form| {
                form.given || (form.on_record && self.entities.get(form.entity).is_some_and(|e| e.seen))
            });
            if form.is_none() {
                invented.get_or_insert(token);
            }
            restored.push_str(before);
            restored.push_str(form.map_or(token, |form| &form.spelling));
            rest = after;
        }
        restored.push_str(rest);
        match invented {
            None => Ok(restored),
            Some(token) => Err(InventedPlaceholder { placeholder: token.to_owned(), restored }),
        }
    }

    /// The places of known values, whole words only.
    fn known_values(&self, text: &str, places: &mut Vec<Place>) {
        if self.may_hold_known(text) {
            self.read_known(text, places);
        }
    }

    /// Whether some word may begin a known value: a look at the first letters of
    /// each spares most texts being read.
    fn may_hold_known(&self, text: &str) -> bool {
        let escapes = text.contains('\\');
        let may_begin = |begin| self.known.may_begin(&Start::read(text, begin, escapes));
        !self.known.is_empty() && words(text, escapes).any(may_begin)
    }

    /// The places of known values in a text that is read as a whole.
    fn read_known(&self, text: &str, places: &mut Vec<Place>) {
        let squeezed = Squeezed::json(text);
        let letters = squeezed.letters.as_bytes();
        let words = squeezed.places.iter().enumerate().filter(|(_, place)| place.begins).map(|(at, _)| at);
        let found = words.flat_map(|at| {
            let starts = self.known.starts(letters.get(at..).unwrap_or_default());
            starts.map(move |(index, length)| (index, at, at + length))
        });
        for (index, from, to) in found {
            let (Some(pattern), Some((first, last))) = (self.patterns.get(index), squeezed.whole(from, to)) else {
                continue;
            };
            let (start, end) = (first.byte, last.end);
            let right = match &pattern.exact {
                Some(exact) => text.get(start..end) == Some(exact),
                // One short word is not pieced together from others.
                None => !squeezed.is_torn(from, to, if pattern.one_word { 0 } else { APART }),
            };
            // `Dana, Whitfield` may be two people.
            let person = self.entities.get(pattern.entity).is_some_and(|entity| entity.kind == Some(PiiKind::Person));
            let parted =
                || text.get(start..end).is_some_and(|spelling| spelling.contains([',', ';', ':', '/', '&', '\n']));
            let right = right && !(person && parted());
            if right {
                places.push(Place { start, end, what: What::Known(index) });
            }
        }
    }

    /// The places of known phone numbers, in whatever grouping.
    fn known_phones(&self, text: &str, places: &mut Vec<Place>) {
        if self.phones.is_empty() {
            return;
        }
        digit_runs(text, |start, end, digits| {
            if let Some(entity) = self.phones.get(digits) {
                places.push(Place { start, end, what: What::KnownPhone(*entity) });
                return true;
            }
            false
        });
    }

    /// The places of known cards and accounts of which the last digits alone are
    /// shown: `**** 4242`.
    fn known_tails(&self, text: &str, places: &mut Vec<Place>) {
        if self.tails.is_empty() {
            return;
        }
        let is_star = |c: char| matches!(c, '*' | '\u{2022}' | '\u{b7}' | '\u{25cf}' | '.' | ' ' | '-');
        for (star, _) in text.match_indices(['*', '\u{2022}', '\u{25cf}']) {
            // The last star before the digits: what follows it is no star.
            let rest = text.get(star..).unwrap_or_default();
            let mut chars = rest.chars();
            chars.next();
            let stars = chars.as_str().chars().take(3).take_while(|c| is_star(*c)).map(char::len_utf8).sum::<usize>();
            let start = text.len() - chars.as_str().len() + stars;
            let digits = text.get(start..start + 4).unwrap_or_default();
            let ends = !text.as_bytes().get(start + 4).is_some_and(u8::is_ascii_alphanumeric);
            if let Some(entity) = self.tails.get(digits).filter(|_| ends) {
                places.push(Place { start, end: start + 4, what: What::KnownPhone(*entity) });
            }
        }
    }

    /// The kind of what stands in a place; none for a literal.
    fn kind_of(&self, what: What) -> Kind {
        match what {
            What::Literal => None,
            What::Known(index) => {
                let entity = self.patterns.get(index).and_then(|pattern| self.entities.get(pattern.entity));
                entity.and_then(|entity| entity.kind)
            }
            What::KnownPhone(entity) => self.entities.get(entity).and_then(|entity| entity.kind),
            What::Detected(kind) => Some(kind),
        }
    }

    /// The placeholder for a spelling, made if it is new.
    fn placeholder(&mut self, what: What, spelling: &str) -> String {
        let (entity, name) = match what {
            What::Known(index) => match self.patterns.get(index) {
                Some(pattern) => (pattern.entity, pattern.name),
                None => (self.entity(Some(PiiKind::Other), spelling), Name::Whole),
            },
            What::KnownPhone(entity) => (entity, Name::Whole),
            What::Detected(kind) => {
                let phone = (kind == PiiKind::Phone)
                    .then(|| self.phones.get(&canonical(Some(kind), spelling)).copied())
                    .flatten();
                (phone.unwrap_or_else(|| self.entity(Some(kind), spelling)), Name::Whole)
            }
            What::Literal => (self.entity(None, spelling), Name::Whole),
        };
        let placeholder = self.form(entity, name, spelling, false);
        if let Some(form) = self.forms.get_mut(&placeholder) {
            form.given = true;
        }
        if let Some(entity) = self.entities.get_mut(entity) {
            entity.seen = true;
        }
        placeholder
    }

    /// The entity of a value, made if it is new.
    fn entity(&mut self, kind: Kind, value: &str) -> usize {
        let key = (kind, canonical(kind, value));
        if let Some(entity) = self.by_value.get(&key) {
            return *entity;
        }
        let entity = self.entities.len();
        let used = self.used.entry(kind).or_default();
        *used += 1;
        self.entities.push(Entity { kind, number: *used, spellings: BTreeMap::new(), seen: false });
        self.by_value.insert(key, entity);
        entity
    }

    /// The placeholder of one spelling of one part of a name.
    fn form(&mut self, entity: usize, name: Name, spelling: &str, on_record: bool) -> String {
        let Some(known) = self.entities.get_mut(entity) else {
            return String::new();
        };
        let word = known.kind.map_or(shape::LITERAL, PiiKind::as_str);
        let spellings = known.spellings.entry(name).or_default();
        if let Some(placeholder) = spellings.get(spelling) {
            return placeholder.clone();
        }
        let mut placeholder = format!("<{word}_{}{}", known.number, name.suffix());
        if !spellings.is_empty() {
            placeholder.push_str(&format!(".{}", spellings.len() + 1));
        }
        placeholder.push('>');
        spellings.insert(spelling.to_owned(), placeholder.clone());
        let form = Form { entity, spelling: spelling.to_owned(), on_record, given: false };
        self.forms.insert(placeholder.clone(), form);
        placeholder
    }
}

/// The value without regard to its writing.
fn canonical(kind: Kind, value: &str) -> String {
    match kind {
        Some(PiiKind::Phone) => {
            let digits: String = value.chars().filter(char::is_ascii_digit).collect();
            // `0049` and `+49` are one code.
            digits.strip_prefix("00").map_or(digits.clone(), str::to_owned)
        }
        Some(PiiKind::CreditCard | PiiKind::Iban | PiiKind::NationalId | PiiKind::BankAccount) => {
            value.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_uppercase).collect()
        }
        // Keys and passwords differ by case.
        None | Some(PiiKind::Secret | PiiKind::Password | PiiKind::Other) => value.to_owned(),
        Some(_) => value.to_lowercase(),
    }
}

/// Kinds that are hidden where a detector sees them. Places, dates and web
/// addresses stay: an answer needs them, and alone they name nobody.
fn is_hidden(kind: PiiKind) -> bool {
    match kind {
        PiiKind::Address
        | PiiKind::BankAccount
        | PiiKind::CreditCard
        | PiiKind::DriverLicense
        | PiiKind::Email
        | PiiKind::Iban
        | PiiKind::NationalId
        | PiiKind::Passport
        | PiiKind::Password
        | PiiKind::Person
        | PiiKind::Phone
        | PiiKind::Secret
        | PiiKind::Username => true,
        PiiKind::Age
        | PiiKind::Date
        | PiiKind::DateOfBirth
        | PiiKind::IpAddress
        | PiiKind::Location
        | PiiKind::Nrp
        | PiiKind::Organization
        | PiiKind::Other
        | PiiKind::Url => false,
    }
}

/// The places of what looks like a placeholder already.
fn literals(text: &str, places: &mut Vec<Place>) {
    places.extend(tokens(text).map(|(start, token)| Place { start, end: start + token.len(), what: What::Literal }));
}

/// The places of identifiers that the detector sees. Spans that do not fit the
/// text are a fault of the detector and cannot be hidden.
fn detected(text: &str, detector: &dyn PiiDetector, places: &mut Vec<Place>) {
    let mut spans = detector.candidates(text);
    spans.retain(|span| is_hidden(span.kind) && span.start < span.end);
    if spans.is_empty() {
        return;
    }
    spans.sort_by_key(|span| (span.start, span.end));
    let mut starts = Chars::new(text);
    let mut ends: Vec<_> = spans.iter().map(|span| span.end).collect();
    ends.sort_unstable();
    let mut chars = Chars::new(text);
    let ends: BTreeMap<_, _> = ends.into_iter().map(|end| (end, chars.byte(end))).collect();
    for span in spans {
        let start = starts.byte(span.start);
        if let (Some(start), Some(Some(end))) = (start, ends.get(&span.end).copied()) {
            places.push(Place { start, end, what: What::Detected(span.kind) });
        }
    }
}

#[cfg(test)]
mod tests;
