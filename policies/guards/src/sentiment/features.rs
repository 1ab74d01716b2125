//! What the model sees of a message. Training and use share this code.

use super::model::SentimentModel;
use super::plain::{Kind, Plain};
use std::borrow::Cow;

/// How many kinds of grams there are: words, then letters.
pub(super) const GROUPS: usize = 2;
/// How many features have a weight by their number.
pub(super) const DENSE: usize = 24;
/// Changes with anything in this file that changes what a text's features are.
pub(super) const FEATURE_VERSION: u32 = 2;

/// The features of one message.
#[derive(Clone, Debug, Default)]
pub struct Features {
    /// The hashes of word grams (one to three words) and of letter grams (three
    /// to five letters of a word with its borders).
    pub grams: [Vec<u32>; GROUPS],
    /// Counts and sums over the whole message, each of the order of one.
    pub dense: [f32; DENSE],
    /// Words of the message, and how many of them the model's word list knows.
    pub(super) words: usize,
    pub(super) known: usize,
}

/// Words that turn round what follows.
const NEGATORS: [&str; 31] = [
    "aint", "arent", "barely", "cannot", "cant", "couldnt", "didnt", "doesnt", "dont", "hadnt", "hardly", "hasnt",
    "havent", "isnt", "lack", "lacks", "neither", "never", "no", "nobody", "none", "nor", "not", "nothing", "rarely",
    "shouldnt", "wasnt", "werent", "without", "wont", "wouldnt",
];
const BOOSTERS: [&str; 20] = [
    "absolutely",
    "completely",
    "really",
    "very",
    "so",
    "such",
    "totally",
    "utterly",
    "extremely",
    "super",
    "truly",
    "highly",
    "too",
    "incredibly",
    "deeply",
    "quite",
    "especially",
    "thoroughly",
    "beyond",
    "fucking",
];
/// How far a negation reaches, in words.
const REACH: usize = 3;
/// What a word gives letter grams for, in bytes.
const SPELLED: usize = 32;

/// Emoji that carry a feeling, from -4 to 4.
fn emoji(face: char) -> f32 {
    match face {
        '\u{1F620}' | '\u{1F621}' | '\u{1F624}' | '\u{1F92C}' | '\u{1F595}' | '\u{1F44E}' | '\u{1F4A9}' => -3.0,
        '\u{1F612}' | '\u{1F644}' | '\u{1F61E}' | '\u{1F622}' | '\u{1F62D}' | '\u{1F629}' | '\u{1F62B}'
        | '\u{1F641}' | '\u{2639}' | '\u{1F61F}' | '\u{1F494}' | '\u{1F626}' | '\u{1F627}' | '\u{1F616}'
        | '\u{1F623}' | '\u{1F92E}' => -2.0,
        '\u{1F615}' | '\u{1F614}' | '\u{1F610}' | '\u{1F611}' | '\u{1F926}' | '\u{1F62C}' | '\u{1F928}'
        | '\u{1F625}' => -1.2,
        '\u{1F642}' | '\u{1F609}' | '\u{1F44C}' | '\u{263A}' | '\u{1F600}' | '\u{1F601}' | '\u{1F603}'
        | '\u{1F604}' | '\u{1F60A}' | '\u{1F60E}' | '\u{1F64C}' | '\u{1F44F}' | '\u{1F4AA}' | '\u{2708}'
        | '\u{1F64F}' => 1.8,
        '\u{2764}' | '\u{1F60D}' | '\u{1F970}' | '\u{1F618}' | '\u{1F389}' | '\u{1F49C}' | '\u{1F499}'
        | '\u{1F49B}' | '\u{1F44D}' | '\u{2B50}' | '\u{1F929}' | '\u{1F973}' | '\u{1F49A}' => 2.8,
        _ => 0.0,
    }
}

impl Features {
    /// What the model sees of `text`; `model` knows the words.
    #[must_use]
    pub fn of(text: &str, model: &SentimentModel<'_>) -> Self {
        Self::new(&Plain::new(text), model)
    }

    pub(super) fn new(plain: &Plain, model: &SentimentModel<'_>) -> Self {
        let mut features = Self::default();
        let count = plain.tokens.len();
        let [words, letters] = &mut features.grams;
        words.reserve(count * 4);
        letters.reserve(count * 12);
        let mut sums = Sums::default();
        let (mut one, mut two) = (START, START);
        let (mut negated, mut boosted) = (0_usize, false);
        for (index, token) in plain.tokens.iter().enumerate() {
            let text = &*unaccented(plain.get(*token), token.kind);
            let hash = hashed(text.as_bytes());
            words.push(fold(hash ^ UNIGRAM));
            match token.kind {
                Kind::Mark => {
                    negated = 0;
                    boosted = false;
                    if text != "," {
                        sums.clause();
                        words.push(fold(pair(one, hash)));
                        (one, two) = (START, START);
                    }
                    continue;
                }
                Kind::Emoji => {
                    let valence = text.chars().next().map_or(0.0, emoji);
                    features.known += usize::from(valence != 0.0);
                    sums.add(valence, false);
                }
                Kind::Stand => {}
                Kind::Shout | Kind::Word => {
                    features.words += 1;
                    if let Some(valence) = model.word(hash) {
                        features.known += 1;
                        let mut valence = if negated > 0 { valence * -0.6 } else { valence };
                        if boosted {
                            valence *= 1.25;
                        }
                        sums.add(valence, token.kind == Kind::Shout);
                    }
                    spell(text, letters);
                }
            }
            if negated > 0 {
                negated -= 1;
                words.push(fold(hash ^ NEGATED));
            }
            words.push(fold(pair(one, hash)));
            if two != START {
                words.push(fold(pair(pair(two, one), hash)));
            }
            if index == 0 {
                words.push(fold(hash ^ FIRST));
            }
            if NEGATORS.binary_search(&text).is_ok() {
                negated = REACH;
            }
            boosted = BOOSTERS.contains(&text);
            (two, one) = (one, hash);
        }
        sums.clause();
        words.push(fold(pair(one, LAST)));
        features.dense = sums.dense(plain, count);
        features
    }
}

/// A word without its diacritics, which hide a curse as well as they spell a foreign word: `fúck`, `café`.
fn unaccented(word: &str, kind: Kind) -> Cow<'_, str> {
    match kind {
        Kind::Word | Kind::Shout if !word.is_ascii() => Cow::Owned(crate::fold::plain(word)),
        _ => Cow::Borrowed(word),
    }
}

const START: u64 = 0x1000_0001;
const UNIGRAM: u64 = 0;
const NEGATED: u64 = 0x5bd1_e995_9d1f_6c3b;
const FIRST: u64 = 0x27d4_eb2f_1656_67c5;
const LAST: u64 = 0x1656_67b1_9e37_79f9;

/// The hash of a word or a text, FNV-1a: grams are made of it, and whoever trains a model decides by it
/// what is held out.
#[must_use]
pub fn hashed(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| step(hash, *byte))
}

fn step(hash: u64, byte: u8) -> u64 {
    (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
}

fn pair(left: u64, right: u64) -> u64 {
    (left.rotate_left(23) ^ right).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

/// The upper bits of a hash mixed once more, which are the best ones.
fn fold(hash: u64) -> u32 {
    let mixed = (hash ^ (hash >> 32)).wrapping_mul(0xd6e8_feb8_6659_fd93);
    (mixed >> 32) as u32
}

/// The letter grams of a word with its borders.
fn spell(word: &str, grams: &mut Vec<u32>) {
    let bytes = word.as_bytes();
    let mut framed = [b' '; SPELLED + 2];
    let length = bytes.len().min(SPELLED);
    for (to, from) in framed.iter_mut().skip(1).zip(bytes.iter().take(SPELLED)) {
        *to = *from;
    }
    let framed = framed.get(..length + 2).unwrap_or_default();
    for start in 0..framed.len().saturating_sub(2) {
        let mut hash = 0x84222325_cbf29ce4;
        for (index, byte) in framed.iter().skip(start).take(5).enumerate() {
            hash = step(hash, *byte);
            if index >= 2 {
                grams.push(fold(hash));
            }
        }
    }
}

/// Sums of valences over a message.
#[derive(Default)]
struct Sums {
    good: f32,
    bad: f32,
    best: f32,
    worst: f32,
    /// The sum of the clause, of the last clause with any, and of the first.
    clause: f32,
    last: f32,
    first: f32,
    shouted: f32,
}

impl Sums {
    fn add(&mut self, valence: f32, shout: bool) {
        if valence > 0.0 {
            self.good += valence
        } else {
            self.bad -= valence
        }
        self.best = self.best.max(valence);
        self.worst = self.worst.max(-valence);
        self.clause += valence;
        if shout {
            self.shouted += valence;
        }
    }

    fn clause(&mut self) {
        if self.clause != 0.0 {
            if self.first == 0.0 {
                self.first = self.clause;
            }
            self.last = std::mem::take(&mut self.clause);
        }
    }

    fn dense(&self, plain: &Plain, count: usize) -> [f32; DENSE] {
        let squash = |sum: f32| sum / (sum * sum + 15.0).sqrt();
        let flag = |on: bool| f32::from(u8::from(on));
        let few = |n: usize, most: usize| n.min(most) as f32 / most as f32;
        let total = self.good - self.bad;
        let shouting = plain.capitals >= 10 && plain.capitals * 2 >= plain.latin;
        let length = (count.max(1) as f32).ln() / 5.0;
        [
            squash(total).max(0.0),
            squash(-total).max(0.0),
            squash(self.good),
            squash(self.bad),
            self.best / 4.0,
            self.worst / 4.0,
            squash(self.last).max(0.0),
            squash(-self.last).max(0.0),
            squash(self.first).max(0.0),
            squash(-self.first).max(0.0),
            flag(self.good > 0.0 && self.bad > 0.0),
            flag(self.good == 0.0 && self.bad == 0.0),
            squash(-self.shouted).max(0.0),
            flag(shouting),
            flag(shouting && total < 0.0),
            few(plain.bangs, 3),
            few(plain.bangs, 3) * squash(-total).max(0.0),
            few(plain.bangs, 3) * squash(total).max(0.0),
            few(plain.asks, 1),
            few(plain.asks, 3),
            few(plain.stretched, 2),
            few(plain.quoted, 1),
            length,
            flag(plain.asks > 0 && self.bad > self.good),
        ]
    }
}

#[cfg(test)]
mod tests;
