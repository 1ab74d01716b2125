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
    /// The questions with all that stands before them, to search with.
    pub(super) query: String,
}

const GREETINGS: &[&str] = &[
    "hello",
    "hi",
    "hey",
    "dear",
    "good morning",
    "good afternoon",
    "good evening",
    "good day",
    "greetings",
    "thanks",
    "thank you",
    "many thanks",
];

const CLOSINGS: &[&str] = &["kind regards", "best regards", "regards", "best wishes", "cheers", "yours", "sincerely"];

/// Closings only where they stand alone: a question may begin with them.
const ALONE: &[&str] = &["all the best", "best"];

const ASKING: &[&str] =
    &["how", "what", "which", "where", "can", "could", "when", "why", "who", "does", "do", "is", "are", "will"];

/// More of a message is not searched with: of a longer one the end, where the question is.
const MAX_QUERY: usize = 2_000;

impl Question {
    pub(super) fn of(text: &str, words: &Words) -> Self {
        let own = own_words(text);
        let all = sentences(&own);
        let said: Vec<&str> = all.iter().copied().filter_map(without_greeting).collect();
        let asks = |sentence: &&str| sentence.ends_with('?') || ASKING.contains(&first_word(sentence).as_str());
        let marked: Vec<usize> = said.iter().enumerate().filter(|(_, s)| asks(s)).map(|(at, _)| at).collect();
        if marked.is_empty() {
            // A wish or a complaint: all of it, less a name below it.
            let end = all.iter().skip(1).position(|s| closes(s)).map_or(all.len(), |at| at + 1);
            let said = all.iter().copied().take(end).filter_map(without_greeting);
            let query = said.filter(|s| s.split_whitespace().count() > 3).collect::<Vec<_>>().join(" ");
            let how = query.to_lowercase().contains("how to ");
            let asked = Some(words.of(&query)).filter(|words| !words.is_empty());
            let own = is_own(&query);
            return Self { asked: asked.into_iter().collect(), how, own, query: cut(&query) };
        }
        // What is meant stands before a question as often as in it.
        let query = marked.last().and_then(|last| said.get(..=*last)).unwrap_or_default();
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
        Self { asked: asked.collect(), how, own, query: cut(&joined(query)) }
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
        self.query = format!("{said}: {}", self.query).chars().take(MAX_QUERY).collect();
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

/// `sentence` without a greeting at its start; nothing if that is all it is.
fn without_greeting(sentence: &str) -> Option<&str> {
    let lower = sentence.to_lowercase();
    let greeting = GREETINGS.iter().chain(CLOSINGS).find(|greeting| {
        lower.strip_prefix(**greeting).is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric()))
    });
    if greeting.is_none() {
        return Some(sentence);
    }
    // Up to the comma: a name follows the greeting.
    let (_, rest) = sentence.split_once([',', '!', '\n'])?;
    let rest = rest.trim();
    (rest.split_whitespace().count() > 2).then_some(rest)
}

/// Whether a sentence begins what stands below a message.
fn closes(sentence: &str) -> bool {
    let lower = sentence.to_lowercase();
    let line = lower.lines().next().unwrap_or_default();
    let alone = |rest: &str| rest.is_empty() || rest.starts_with([',', '!', '.']);
    line.starts_with("sent from ")
        || CLOSINGS.iter().chain(ALONE).any(|closing| line.strip_prefix(closing).is_some_and(alone))
}

fn first_word(sentence: &str) -> String {
    sentence.split_whitespace().next().unwrap_or_default().trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase()
}

/// Sentences as one text, in which each can be told from the next: what ended by an empty line has no mark.
fn joined(sentences: &[&str]) -> String {
    let mut text = String::new();
    for sentence in sentences {
        if text.ends_with(char::is_alphanumeric) {
            text.push('.');
        }
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(sentence);
    }
    text
}

/// The end of a text that is too long to search with.
fn cut(text: &str) -> String {
    let from = text.char_indices().rev().nth(MAX_QUERY - 1).map_or(0, |(at, _)| at);
    text.get(from..).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests;
