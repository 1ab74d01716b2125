//! Messages from templates with slots, written as customers write them.
//!
//! `%name = one | another` defines a slot; `= negative angry` begins the
//! templates of a label and an emotion; in a template `%name` takes one of the
//! slot's texts and `(one|another|)` one of those in brackets.

use crate::data::{Labelled, Source, named};
use crate::{Outcome, here};
use attache_journal::{Emotion, SentimentLabel};
use std::collections::BTreeMap;

/// A small generator of numbers (SplitMix64): same seed, same numbers.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, most: usize) -> usize {
        (self.next() % most.max(1) as u64) as usize
    }

    fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from.get(self.below(from.len())).copied().unwrap_or_default()
    }
}

struct Template {
    label: SentimentLabel,
    emotion: Emotion,
    text: String,
}

/// Slots and templates of a grammar file.
pub(crate) struct Grammar {
    slots: BTreeMap<String, Vec<String>>,
    templates: Vec<Template>,
}

impl Grammar {
    pub(crate) fn load(path: &str) -> Outcome<Self> {
        let text = std::fs::read_to_string(here(path)).map_err(|e| format!("{path}: {e}"))?;
        let mut grammar = Self { slots: BTreeMap::new(), templates: Vec::new() };
        let mut head = None;
        for (index, line) in text.lines().map(str::trim).enumerate().filter(|(_, line)| !line.is_empty()) {
            let refused = |what: &str| format!("{path}:{}: {what}", index + 1);
            if line.starts_with('#') {
                continue;
            }
            if let Some(rest) = line.strip_prefix("= ") {
                let (label, emotion) = rest.split_once(' ').ok_or_else(|| refused("expected label and emotion"))?;
                head = Some((
                    named(label).ok_or_else(|| refused("no such label"))?,
                    named(emotion).ok_or_else(|| refused("no such emotion"))?,
                ));
            } else if let Some((name, texts)) = line.strip_prefix('%').and_then(|rest| rest.split_once(" = ")) {
                let texts = texts.split('|').map(|text| text.trim().to_owned());
                grammar.slots.entry(name.to_owned()).or_default().extend(texts);
            } else {
                let (label, emotion) = head.ok_or_else(|| refused("a template before any label"))?;
                grammar.templates.push(Template { label, emotion, text: line.to_owned() });
            }
        }
        for template in &grammar.templates {
            grammar.fill(&template.text, &mut Dice(1), 0)?;
        }
        Ok(grammar)
    }

    /// About `each` different messages of every template.
    pub(crate) fn messages(&self, each: usize, dice: &mut Dice) -> Outcome<Vec<Labelled>> {
        let mut all = Vec::new();
        for (index, template) in self.templates.iter().enumerate() {
            let mut seen = std::collections::BTreeSet::new();
            for _ in 0..each * 2 {
                let text = self.fill(&template.text, dice, 0)?;
                if seen.len() < each && seen.insert(text.clone()) {
                    all.push(Labelled {
                        text: as_written(&text, template.label, dice),
                        label: Some(template.label),
                        emotion: Some(template.emotion),
                        weight: 1.0,
                        family: index as u64,
                        source: Source::Own,
                    });
                }
            }
        }
        Ok(all)
    }

    fn fill(&self, template: &str, dice: &mut Dice, depth: usize) -> Outcome<String> {
        if depth > 8 {
            return Err(format!("`{template}` goes round in a circle"));
        }
        let mut text = String::new();
        let mut rest = template;
        while let Some(at) = rest.find(['%', '(']) {
            let (before, after) = rest.split_at(at);
            text.push_str(before);
            if let Some(after) = after.strip_prefix('(') {
                let (choices, after) = after.split_once(')').ok_or_else(|| format!("`{template}`: no `)`"))?;
                let choices: Vec<_> = choices.split('|').collect();
                text.push_str(&self.fill(dice.pick(&choices), dice, depth + 1)?);
                rest = after;
            } else {
                let name = after.trim_start_matches('%');
                let end = name.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(name.len());
                let (name, after) = name.split_at(end);
                if name.is_empty() {
                    text.push('%');
                } else {
                    let slot = self.slots.get(name).ok_or_else(|| format!("`{template}`: no slot `{name}`"))?;
                    let choices: Vec<_> = slot.iter().map(String::as_str).collect();
                    text.push_str(&self.fill(dice.pick(&choices), dice, depth + 1)?);
                }
                rest = after;
            }
        }
        text.push_str(rest);
        Ok(text)
    }
}

const HANDLES: [&str; 16] = [
    "@NorthAir",
    "@fastfibre",
    "@ShopEasy",
    "@metrobank",
    "@CargoGo",
    "@HotelOrla",
    "@streamly",
    "@GridPower",
    "@TalkMobile",
    "@ParcelPal",
    "@FlowDesk",
    "@UnityAir",
    "@BlueJetAir",
    "@QuickEats",
    "@RideNow",
    "@CoverWell",
];
const GREETINGS: [&str; 10] = [
    "Hi",
    "Hello",
    "Hey",
    "Hi team",
    "Hello there",
    "hey guys",
    "Good morning",
    "Dear support",
    "Hi there",
    "Dear Sir or Madam",
];
const ENDS: [&str; 12] = [
    "Thanks",
    "Regards, Sam",
    "Best, Ana",
    "Thank you",
    "cheers",
    "Kind regards, P. Novak",
    "Thx",
    "Many thanks, Leo",
    "J.",
    "Please advise",
    "Let me know",
    "TIA",
];
const GOOD: [&str; 8] =
    ["\u{1F60A}", "\u{1F44D}", "\u{2764}\u{FE0F}", ":)", "\u{1F64F}", "\u{1F60D}", "\u{1F389}", "\u{1F44F}"];
const BAD: [&str; 10] = [
    "\u{1F621}",
    "\u{1F620}",
    "\u{1F612}",
    "\u{1F644}",
    ":(",
    "\u{1F629}",
    "\u{1F44E}",
    "\u{1F92C}",
    "\u{1F622}",
    "\u{1F624}",
];
const BAD_TAGS: [&str; 12] = [
    "#fail",
    "#badservice",
    "#neveragain",
    "#customerservice",
    "#disappointed",
    "#notcool",
    "#epicfail",
    "#frustrated",
    "#smh",
    "#worstever",
    "#annoyed",
    "#stillwaiting",
];
const GOOD_TAGS: [&str; 6] = ["#happy", "#greatservice", "#customerforlife", "#winning", "#thankyou", "#impressed"];

/// A message with the habits and slips of somebody at a keyboard.
pub(crate) fn as_written(text: &str, label: SentimentLabel, dice: &mut Dice) -> String {
    let mut text = text.to_owned();
    let calm = label == SentimentLabel::Neutral;
    // Letters are of every mood: most that came with lines of their own are upset, and lines must not tell.
    if dice.chance(15) && !text.contains('\n') {
        text = format!("{},\n\n{text}\n\n{}", dice.pick(&GREETINGS), dice.pick(&ENDS).replace(", ", "\n"));
    } else {
        if dice.chance(12) {
            text = format!("{}, {text}", dice.pick(&GREETINGS));
        }
        if dice.chance(8) {
            text = format!("{text} {}", dice.pick(&ENDS));
        }
    }
    match label {
        SentimentLabel::Negative => {
            if dice.chance(7) {
                text = format!("{text} {}", dice.pick(&BAD));
            }
            if dice.chance(9) {
                text = format!("{text} {}", dice.pick(&BAD_TAGS));
            }
        }
        SentimentLabel::Positive => {
            if dice.chance(12) {
                text = format!("{text} {}", dice.pick(&GOOD));
            }
            if dice.chance(7) {
                text = format!("{text} {}", dice.pick(&GOOD_TAGS));
            }
        }
        SentimentLabel::Neutral | SentimentLabel::Unknown => {}
    }
    if dice.chance(if calm { 2 } else { 4 }) {
        text = text.to_uppercase();
    } else if dice.chance(22) {
        text = text.to_lowercase();
    }
    if dice.chance(18) {
        text = text.trim_end_matches(['.', '!', '?']).to_owned();
    }
    if dice.chance(8) {
        text = text.replace('\'', "");
    }
    if dice.chance(10) {
        text = slip(&text, dice);
    }
    if dice.chance(8) {
        text = text.replace(" you ", " u ").replace(" your ", " ur ").replace("please", "pls");
    }
    if dice.chance(30) {
        text = format!("{} {text}", dice.pick(&HANDLES));
    }
    if dice.chance(5) {
        text = format!("{text} https://t.example/{:x}", dice.next() & 0xFFFF);
    }
    text
}

/// Swaps, drops or doubles one letter inside a word.
fn slip(text: &str, dice: &mut Dice) -> String {
    let mut letters: Vec<char> = text.chars().collect();
    if letters.len() < 8 {
        return text.to_owned();
    }
    let at = 1 + dice.below(letters.len() - 3);
    if letters.get(at..at + 2).is_some_and(|two| two.iter().all(|c| c.is_ascii_lowercase())) {
        match dice.below(3) {
            0 => letters.swap(at, at + 1),
            1 => {
                letters.remove(at);
            }
            _ => letters.insert(at, *letters.get(at).unwrap_or(&' ')),
        }
    }
    letters.into_iter().collect()
}
