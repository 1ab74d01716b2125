//! What a customer asks, found in what they wrote.

use super::own::is_own;
use super::words::{Words, sentences};
use std::collections::BTreeSet;

/// A message in its parts. What it tells the agent to do is read for its words
/// like the rest: there is nothing here that could obey.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Question {
    /// The questions, each as the stems of its content words.
    pub(super) asked: Vec<BTreeSet<String>>,
    /// Whether they ask how something is done.
    pub(super) how: bool,
    /// Whether they ask about the customer's own account, of which articles know
    /// nothing.
    pub(super) own: bool,
    /// The questions with the sentences before each, to search with.
    pub(super) query: String,
}

const GREETINGS: &[&str] =
    &["hello", "hi", "hey", "dear", "good morning", "good afternoon", "good evening", "good day", "greetings"];

const THANKS: &[&str] = &["thanks", "thank you", "many thanks"];

/// What stands below a message, before a name.
const CLOSINGS: &[&str] = &[
    "all the best",
    "best",
    "best regards",
    "best wishes",
    "cheers",
    "kind regards",
    "regards",
    "sent from",
    "sincerely",
    "warm regards",
    "with kind regards",
    "yours",
];

const ASKING: &[&str] =
    &["how", "what", "which", "where", "can", "could", "when", "why", "who", "does", "do", "is", "are", "will"];

/// How many sentences before a question are searched with: what is meant stands there
/// as often as in the question.
const BEFORE: usize = 2;

/// More of a message is not searched with.
const MAX_QUERY: usize = 2_000;

impl Question {
    pub(super) fn of(text: &str, words: &Words) -> Self {
        let own = own_words(text);
        let said = sentences(&own).into_iter().take_while(|sentence| !closes(sentence));
        let said: Vec<&str> = said.filter_map(without_greeting).collect();
        let asks = |sentence: &&str| sentence.ends_with('?') || ASKING.contains(&first_word(sentence).as_str());
        let marked: Vec<usize> = said.iter().enumerate().filter(|(_, s)| asks(s)).map(|(at, _)| at).collect();
        if marked.is_empty() {
            // A wish or a complaint: all of it, less a name below it.
            let said: Vec<&str> = said.into_iter().filter(|s| s.split_whitespace().count() > 3).collect();
            let query = said.join(" ");
            let how = query.to_lowercase().contains("how to ");
            let asked = Some(words.of(&query)).filter(|words| !words.is_empty());
            let own = is_own(&query);
            return Self { asked: asked.into_iter().collect(), how, own, query: cut(query) };
        }
        let mut query: Vec<&str> = Vec::new();
        for at in &marked {
            for sentence in said.get(at.saturating_sub(BEFORE)..=*at).unwrap_or_default() {
                if !query.contains(sentence) {
                    query.push(sentence);
                }
            }
        }
        let questions = || marked.iter().filter_map(|at| said.get(*at));
        let how = questions().any(|s| {
            let s = s.to_lowercase();
            ["how do", "how can", "how to", "how should", "how would", "where do", "where can"]
                .iter()
                .any(|h| s.contains(h))
        });
        let own = questions().any(|sentence| is_own(sentence));
        let asked = marked.iter().map(|at| {
            let mut asked = said.get(*at).map(|sentence| words.of(sentence)).unwrap_or_default();
            // `What can I do?` asks about what was said before it.
            if let Some(before) = at.checked_sub(1).and_then(|at| said.get(at)).filter(|_| asked.len() < 2) {
                asked.extend(words.of(before));
            }
            asked
        });
        let asked = asked.filter(|words| !words.is_empty());
        Self { asked: asked.collect(), how, own, query: cut(query.join(" ")) }
    }

    /// The question with what the customer said when they were asked what they
    /// mean, in one sentence with it.
    pub(super) fn meaning(mut self, said: &str, words: &Words) -> Self {
        let said = said.trim_matches(|c: char| c.is_whitespace() || matches!(c, '.' | '!' | '?'));
        let more = words.of(said);
        if self.asked.is_empty() {
            self.asked.push(BTreeSet::new());
        }
        self.asked.iter_mut().for_each(|asked| asked.extend(more.iter().cloned()));
        self.query = cut(format!("{said}: {}", self.query));
        self
    }

    /// The stems of all questions together.
    pub(super) fn words(&self) -> BTreeSet<String> {
        self.asked.iter().flatten().cloned().collect()
    }
}

/// The message without quotations of earlier ones and without what stands below
/// a line of dashes.
fn own_words(text: &str) -> String {
    let mut own = String::with_capacity(text.len());
    for line in text.lines() {
        if line.starts_with("--") && !own.trim().is_empty() {
            break;
        }
        if !line.starts_with('>') {
            own.push_str(line);
            own.push('\n');
        }
    }
    own
}

/// Whether a text begins with one of `phrases`.
fn begins(text: &str, phrases: &[&str]) -> bool {
    let lower = text.to_lowercase();
    phrases.iter().any(|phrase| lower.strip_prefix(phrase).is_some_and(|rest| !rest.starts_with(char::is_alphanumeric)))
}

/// Whether a message is over: a closing on a line of its own.
fn closes(sentence: &str) -> bool {
    let line = sentence.lines().next().unwrap_or_default();
    begins(line, CLOSINGS) && !line.ends_with('?') && (line.ends_with(',') || line.split_whitespace().count() < 4)
}

/// `sentence` without a greeting at its start; nothing if that or thanks is all it is.
fn without_greeting(sentence: &str) -> Option<&str> {
    let thanks = begins(sentence, THANKS);
    if !thanks && !begins(sentence, GREETINGS) {
        return Some(sentence);
    }
    // Up to the comma: a name follows the greeting.
    let (_, rest) = sentence.split_once([',', '!', '\n'])?;
    let rest = rest.trim();
    (rest.split_whitespace().count() > 2 && (!thanks || rest.ends_with('?'))).then_some(rest)
}

fn first_word(sentence: &str) -> String {
    sentence.split_whitespace().next().unwrap_or_default().trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase()
}

fn cut(text: String) -> String {
    text.chars().take(MAX_QUERY).collect()
}

#[cfg(test)]
mod tests;
