//! An answer out of sentences that stand in the knowledge base.

use super::question::Question;
use super::words::{Words, sentences};
use attache_tools::Passage;
use std::collections::BTreeSet;

/// A question of at most so many words may mean several things.
const VAGUE: usize = 2;

/// The passages that it may mean are as likely as the best, nearly, and likely
/// at all; of more than so many we do not ask.
const ALIKE: f32 = 0.85;
const LEAST: f32 = 0.2;
const CHOICES: usize = 3;

/// Where the knowledge base does not tell: the share of a question's words that
/// the best passage must have, and the share where its title has none of them.
const SHARE: f64 = 0.66;
const UNTITLED: f64 = 0.9;

/// Sentences of two documents speak of the same if they share so much of their
/// words: a part of all of them.
const SAME: (usize, usize) = (3, 5);

/// How long an answer may be, in characters.
const MAX_ANSWER: usize = 700;

/// How much of a passage is said that is read from its beginning, its first unit
/// apart.
const MAX_OPENING: usize = 350;

/// A table up to this length is read as a whole.
const MAX_TABLE: usize = 450;

/// An answer and what it rests on.
#[derive(Debug, PartialEq)]
pub(super) struct Answer {
    pub(super) text: String,
    /// The ids of the passages.
    pub(super) cite: Vec<String>,
    /// Their titles, without repeats.
    pub(super) sources: Vec<String>,
}

/// Why there is no answer.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Lack {
    /// The titles of two passages that say different things of the same.
    Contradiction(String, String),
    /// No passage was found.
    Nothing,
    /// It is about the customer's own account, which no article knows.
    Own,
    /// Passages of several articles say all that is asked, and none more than the
    /// others: their places among the hits.
    Unclear(Vec<usize>),
    /// Of the passages that were found none holds enough of what is asked: the
    /// title of the best one.
    Weak(String),
}

/// A piece of a passage that makes sense alone.
struct Unit<'a> {
    passage: usize,
    place: usize,
    text: &'a str,
    words: BTreeSet<String>,
    /// Lines that must stand above it: the head of a table.
    head: Option<&'a str>,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Kind {
    Item,
    Note,
    Sentence,
    Steps,
}

/// How much of what is asked a passage holds, its title included.
pub(super) fn share(question: &Question, passage: &Passage, words: &Words) -> f64 {
    let asked = question.words();
    if asked.is_empty() {
        return 0.0;
    }
    let held = words.of(&format!("{}\n{}", passage.title, passage.passage));
    asked.intersection(&held).count() as f64 / asked.len() as f64
}

/// The answer to `question`, if these passages hold one.
pub(super) fn answer(question: &Question, hits: &[Passage], words: &Words) -> Result<Answer, Lack> {
    if question.own {
        return Err(Lack::Own);
    }
    let best = best(question, hits, words).ok_or(Lack::Nothing)?;
    let passage = hits.get(best).ok_or(Lack::Nothing)?;
    let weak = || Lack::Weak(passage.title.clone());
    if let Some(alike) = unclear(question, hits, best, words) {
        return Err(Lack::Unclear(alike));
    }
    if !enough(question, passage, words) {
        return Err(weak());
    }
    // A neighbour of the same document may hold what the best one lacks.
    let mut units: Vec<Unit<'_>> = Vec::new();
    for (at, hit) in hits.iter().enumerate() {
        if at == best || hit.doc == passage.doc {
            units.extend(units_of(at, hit, words));
        }
    }
    let chosen = choose(question, &units, best);
    if let Some(other) = contradicted(&chosen, hits, &passage.doc, words) {
        return Err(Lack::Contradiction(passage.title.clone(), other.title.clone()));
    }
    compose(&chosen, hits).ok_or_else(weak)
}

/// The passage that answers if any does: the likeliest, or where the knowledge
/// base does not tell, the one that holds most. A title tells what the whole
/// document is about, the text which part of it answers; the rank counts a
/// little, for the search knows which words are rare.
fn best(question: &Question, hits: &[Passage], words: &Words) -> Option<usize> {
    let asked = question.words();
    let rated = hits.iter().enumerate().map(|(rank, hit)| {
        let rating = hit.fit.map_or_else(
            || {
                let half =
                    |text: &str| 0.5 * asked.intersection(&words.of(text)).count() as f64 / asked.len().max(1) as f64;
                let steps = question.how && blocks(&hit.passage).iter().any(|block| first_mark(block) == Mark::Number);
                let steps = if steps { 0.2 } else { 0.0 };
                share(question, hit, words) + half(&hit.title) + half(&hit.passage) + steps - 0.02 * rank as f64
            },
            f64::from,
        );
        (rating, rank)
    });
    rated.max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1))).map(|(_, rank)| rank)
}

/// The passages of different articles that say all that is asked and fit nearly as
/// well as the best one: what is asked does not tell which is meant.
fn unclear(question: &Question, hits: &[Passage], best: usize, words: &Words) -> Option<Vec<usize>> {
    let most = hits.get(best)?.fit?;
    let mut alike: Vec<usize> = Vec::new();
    let asked = question.words();
    let telling = asked.is_empty() || asked.len() > VAGUE;
    for (at, hit) in hits.iter().enumerate().filter(|_| !telling) {
        let near = hit.fit.is_some_and(|fit| fit >= LEAST && fit >= ALIKE * most);
        let other = alike.iter().filter_map(|at| hits.get(*at)).all(|one| one.doc != hit.doc);
        if near && other && asked.is_subset(&words.of(&hit.title)) {
            alike.push(at);
        }
    }
    (alike.len() > 1 && alike.len() <= CHOICES && alike.contains(&best)).then_some(alike)
}

/// Whether the best passage says enough to answer with.
fn enough(question: &Question, passage: &Passage, words: &Words) -> bool {
    if let Some(answers) = passage.answers() {
        return answers;
    }
    let asked = question.words();
    // Words that meet by chance, under a title about something else, are no answer.
    let titled = !asked.is_disjoint(&words.of(&passage.title));
    share(question, passage, words) >= if titled { SHARE } else { UNTITLED } && (titled || asked.len() >= 4)
}

/// The passage of another document that says of the same something else: nearly
/// the words of a sentence that is chosen, with other figures or with a `not`.
fn contradicted<'a>(chosen: &[&Unit<'_>], hits: &'a [Passage], doc: &str, words: &Words) -> Option<&'a Passage> {
    let told = |unit: &&Unit<'_>| matches!(unit.kind, Kind::Item | Kind::Sentence);
    hits.iter().enumerate().filter(|(_, hit)| hit.doc != doc).find_map(|(at, hit)| {
        let others = units_of(at, hit, words);
        let clash =
            chosen.iter().copied().filter(told).any(|unit| others.iter().filter(told).any(|o| clashes(unit, o)));
        clash.then_some(hit)
    })
}

fn clashes(one: &Unit<'_>, other: &Unit<'_>) -> bool {
    let shared = one.words.intersection(&other.words).count();
    let all = one.words.union(&other.words).count();
    if shared < 3 || shared * SAME.1 < all * SAME.0 {
        return false;
    }
    let (figures, others) = (figures(one.text), figures(other.text));
    let differ = !figures.is_empty() && !others.is_empty() && figures.is_disjoint(&others);
    differ || denies(one.text) != denies(other.text)
}

/// The numbers of a text as they are written.
fn figures(text: &str) -> BTreeSet<&str> {
    let runs = text.split(|c: char| !(c.is_ascii_digit() || c == '.' || c == ','));
    runs.map(|run| run.trim_matches(['.', ','])).filter(|run| !run.is_empty()).collect()
}

/// Whether a sentence says that something is not.
fn denies(text: &str) -> bool {
    any_word(text, denial)
}

/// Whether any word of a text, in lower case, is such.
fn any_word(text: &str, such: impl Fn(&str) -> bool) -> bool {
    let text = text.to_lowercase();
    text.split(|c: char| !(c.is_alphanumeric() || c == '\'' || c == '\u{2019}')).any(such)
}

fn denial(word: &str) -> bool {
    matches!(word, "cannot" | "never" | "no" | "not") || word.ends_with("n't") || word.ends_with("n\u{2019}t")
}

/// Whether a sentence takes back part of the one before it.
fn limits(text: &str) -> bool {
    const LIMITS: [&str; 8] = ["but", "except", "excluding", "however", "instead", "only", "otherwise", "unless"];
    any_word(text, |word| denial(word) || LIMITS.contains(&word))
}

/// The fewest units that cover the words of the question, in reading order, each with
/// what limits it.
fn choose<'a, 'u>(question: &Question, units: &'u [Unit<'a>], best: usize) -> Vec<&'u Unit<'a>> {
    let mut open = question.words();
    let mut chosen: Vec<&Unit<'_>> = Vec::new();
    let mut room = MAX_ANSWER;
    // Steps are the answer to how something is done.
    let steps = units.iter().filter(|unit| unit.kind == Kind::Steps && unit.length() <= room);
    let steps =
        steps.filter(|unit| !unit.words.is_disjoint(&open)).min_by_key(|unit| (unit.passage != best, unit.key()));
    let direct =
        units.iter().any(|unit| unit.kind == Kind::Sentence && unit.passage == best && open.is_subset(&unit.words));
    let mut least = 1;
    if let Some(steps) = steps.filter(|_| question.how && !direct) {
        take(steps, &mut chosen, &mut open, &mut room);
        // They stand for themselves.
        least = 2;
    }
    loop {
        let gain = |unit: &Unit<'_>| unit.words.intersection(&open).count();
        let candidates = units.iter().filter(|unit| {
            unit.kind != Kind::Note && unit.length() <= room && !chosen.iter().any(|c| c.key() == unit.key())
        });
        // Of equals the one in the best passage, then the first.
        let next = candidates
            .filter(|unit| gain(unit) >= least)
            .max_by_key(|unit| (gain(unit), unit.passage == best, std::cmp::Reverse(unit.key())));
        let Some(next) = next else { break };
        // One word more is no reason to go to another passage.
        if next.passage != best && gain(next) < 2 {
            break;
        }
        take(next, &mut chosen, &mut open, &mut room);
    }
    // It says most of what is asked in other words: it is read from its beginning.
    if 2 * open.len() > question.words().len() {
        (chosen, room) = (Vec::new(), MAX_ANSWER);
        for unit in units.iter().filter(|unit| unit.passage == best && unit.kind != Kind::Note) {
            let used = MAX_ANSWER - room;
            if (!chosen.is_empty() && used + unit.length() > MAX_OPENING) || unit.length() > room {
                break;
            }
            take(unit, &mut chosen, &mut open, &mut room);
        }
    }
    // `All are open every day.` is half of it where the next sentence begins with `In winter only`.
    for pair in units.windows(2) {
        let [said, next] = pair else { continue };
        let is = |unit: &Unit<'_>| chosen.iter().any(|one| one.key() == unit.key());
        let follows = next.passage == said.passage && next.kind == Kind::Sentence && is(said) && !is(next);
        if follows && limits(next.text) && next.length() <= room {
            take(next, &mut chosen, &mut open, &mut room);
        }
    }
    // A warning in a passage that is used is part of it.
    for note in units.iter().filter(|unit| unit.kind == Kind::Note) {
        if chosen.iter().any(|unit| unit.passage == note.passage) && note.length() <= room {
            take(note, &mut chosen, &mut open, &mut room);
        }
    }
    // The best passage leads.
    chosen.sort_by_key(|unit| (unit.passage != best, unit.key()));
    chosen
}

fn take<'a, 'u>(unit: &'u Unit<'a>, chosen: &mut Vec<&'u Unit<'a>>, open: &mut BTreeSet<String>, room: &mut usize) {
    open.retain(|word| !unit.words.contains(word));
    *room = room.saturating_sub(unit.length());
    chosen.push(unit);
}

fn compose(chosen: &[&Unit<'_>], hits: &[Passage]) -> Option<Answer> {
    let mut answer = Answer { text: String::new(), cite: Vec::new(), sources: Vec::new() };
    let mut last: Option<&Unit<'_>> = None;
    for unit in chosen {
        let between = match last {
            None => "",
            Some(last) if last.passage == unit.passage && last.kind == unit.kind => match unit.kind {
                Kind::Sentence => " ",
                Kind::Item => "\n",
                Kind::Note | Kind::Steps => "\n\n",
            },
            Some(_) => "\n\n",
        };
        answer.text.push_str(between);
        let new_table = last.is_none_or(|last| last.head != unit.head || last.passage != unit.passage);
        if let Some(head) = unit.head.filter(|_| new_table) {
            answer.text.push_str(&unruled(head));
            answer.text.push('\n');
        }
        answer.text.push_str(&match unit.kind {
            Kind::Note => unquoted(unit.text),
            Kind::Item => unruled(unit.text),
            Kind::Sentence | Kind::Steps => unit.text.to_owned(),
        });
        let hit = hits.get(unit.passage)?;
        if !answer.cite.contains(&hit.id) {
            answer.cite.push(hit.id.clone());
        }
        if !answer.sources.contains(&hit.title) {
            answer.sources.push(hit.title.clone());
        }
        last = Some(unit);
    }
    (!answer.text.is_empty()).then_some(answer)
}

/// A quotation without the marks at its margin. `[!WARNING]` is how some write what
/// others write as a word.
fn unquoted(note: &str) -> String {
    let lines = note.lines().map(|line| line.trim_start_matches(['>', ' ', '\t']).trim_end());
    let lines = lines.map(|line| match line.strip_prefix("[!").and_then(|kind| kind.strip_suffix(']')) {
        Some(kind) => format!("{}:", kind.to_lowercase()),
        None => line.to_owned(),
    });
    lines.collect::<Vec<_>>().join("\n").trim().to_owned()
}

/// A table without the rule below its head, which only a program needs.
fn unruled(table: &str) -> String {
    table.lines().filter(|line| !is_rule(line)).collect::<Vec<_>>().join("\n")
}

impl Unit<'_> {
    fn key(&self) -> (usize, usize) {
        (self.passage, self.place)
    }

    fn length(&self) -> usize {
        self.text.chars().count() + self.head.map_or(0, |head| head.chars().count()) + 1
    }
}

/// The units of a passage: sentences, steps as a whole, list items, rows of
/// tables, notes.
fn units_of<'a>(at: usize, hit: &'a Passage, words: &Words) -> Vec<Unit<'a>> {
    let mut units: Vec<Unit<'a>> = Vec::new();
    let mut add = |text: &'a str, kind: Kind, head: Option<&'a str>| {
        let text = text.trim();
        if text.is_empty() {
            return;
        }
        let place = units.len();
        units.push(Unit { passage: at, place, text, words: words.of(text), head, kind });
    };
    for block in blocks(&hit.passage) {
        match first_mark(block) {
            Mark::Heading => {}
            Mark::Bullet => items(block).into_iter().for_each(|item| add(item, Kind::Item, None)),
            Mark::Number if block.chars().count() <= MAX_ANSWER => add(block, Kind::Steps, None),
            Mark::Number => items(block).into_iter().for_each(|item| add(item, Kind::Item, None)),
            Mark::Quote => add(block, Kind::Note, None),
            Mark::Row if block.chars().count() <= MAX_TABLE => add(block, Kind::Item, None),
            Mark::Row => {
                let (head, rows) = table(block);
                rows.into_iter().for_each(|row| add(row, Kind::Item, head));
            }
            Mark::None => sentences(block).into_iter().for_each(|sentence| add(sentence, Kind::Sentence, None)),
        }
    }
    units
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Mark {
    Bullet,
    Heading,
    None,
    Number,
    Quote,
    Row,
}

fn first_mark(line: &str) -> Mark {
    let line = line.trim_start();
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    let after_digits = line.get(digits..).unwrap_or_default();
    if line.starts_with('#') {
        Mark::Heading
    } else if line.starts_with("- ") || line.starts_with("* ") || line.starts_with("+ ") {
        Mark::Bullet
    } else if digits > 0 && (after_digits.starts_with(". ") || after_digits.starts_with(") ")) {
        Mark::Number
    } else if line.starts_with('>') {
        Mark::Quote
    } else if line.starts_with('|') {
        Mark::Row
    } else {
        Mark::None
    }
}

/// Runs of lines of one kind. A line without a mark goes on with what is above
/// it; an empty line ends a run, but not a numbered list.
fn blocks(text: &str) -> Vec<&str> {
    let mut found: Vec<(usize, usize, Mark)> = Vec::new();
    let mut at = 0;
    let mut empty = true;
    for line in text.split_inclusive('\n') {
        let end = at + line.len();
        let mark = first_mark(line);
        if line.trim().is_empty() {
            empty = true;
        } else {
            match found.last_mut() {
                Some((_, stop, kind)) if *kind == mark && (!empty || mark == Mark::Number) && mark != Mark::Heading => {
                    *stop = end
                }
                Some((_, stop, kind)) if mark == Mark::None && !empty && *kind != Mark::Heading => *stop = end,
                _ => found.push((at, end, mark)),
            }
            empty = false;
        }
        at = end;
    }
    found.into_iter().filter_map(|(start, end, _)| text.get(start..end)).collect()
}

/// The items of a list, each with the lines that belong to it.
fn items(block: &str) -> Vec<&str> {
    let mut found: Vec<(usize, usize)> = Vec::new();
    let mut at = 0;
    for line in block.split_inclusive('\n') {
        let end = at + line.len();
        match found.last_mut() {
            Some((_, stop)) if first_mark(line) == Mark::None => *stop = end,
            _ => found.push((at, end)),
        }
        at = end;
    }
    found.into_iter().filter_map(|(start, end)| block.get(start..end)).collect()
}

/// The head of a table with its rule, and its rows.
fn table(block: &str) -> (Option<&str>, Vec<&str>) {
    let mut lines = block.lines();
    let first_two: usize = block.split_inclusive('\n').take(2).map(str::len).sum();
    if block.lines().nth(1).is_some_and(is_rule) {
        lines.by_ref().take(2).for_each(drop);
        (block.get(..first_two).map(str::trim_end), lines.collect())
    } else {
        (None, lines.collect())
    }
}

/// Whether a line is the rule below the head of a table.
fn is_rule(line: &str) -> bool {
    line.starts_with('|') && line.trim_matches(['|', '-', ':', ' ', '\t']).is_empty()
}

/// The first paragraph of a passage, if it begins with one and not with a list
/// or a table.
pub(super) fn opening(passage: &str) -> Option<&str> {
    let block = blocks(passage).into_iter().next()?;
    (first_mark(block) == Mark::None).then(|| block.trim())
}

#[cfg(test)]
mod tests;
