//! Questions that were not answered well, as the journal tells them.

use attache_guards::{PatternPii, Pseudonyms, known_values, scan};
use attache_journal::{Decision, Digest, Entry, Event, Outcome};
use attache_tools::{KbHits, KbSearch, Passage, Tool};
use std::collections::BTreeSet;

/// A question that was not answered well.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Unanswered {
    /// What was searched for, by [`asked_for`]: such questions are read by more people than the run.
    pub question: String,
    /// The passages that were found and did not answer it: digests of their texts.
    found: BTreeSet<Digest>,
}

impl Unanswered {
    /// Whether a passage would answer it that was not there, or not in these words.
    #[must_use]
    pub fn is_answered_by(&self, passage: &Passage) -> bool {
        passage.answers() == Some(true) && !self.found.contains(&digest(passage))
    }
}

fn digest(passage: &Passage) -> Digest {
    Digest::of(&[passage.passage.as_bytes()])
}

/// What was searched for in a run that did not answer well: it went to a person
/// after a search, or a person rejected or rewrote the text.
#[must_use]
pub fn unanswered(entries: &[Entry]) -> Option<Unanswered> {
    let mut drafted: Option<&str> = None;
    let mut badly = false;
    for event in entries.iter().filter_map(|entry| entry.event.as_ref()) {
        match event {
            Event::DraftCreated(created) => drafted = Some(&created.body),
            Event::ReviewDecided(decided) => {
                badly |= match decided.decision {
                    Decision::Approve | Decision::Withdraw => false,
                    Decision::Escalate | Decision::Reject | Decision::Revise => true,
                    Decision::Edit => {
                        drafted.zip(decided.body.as_deref()).is_some_and(|(was, is)| is_rewritten(was, is))
                    }
                }
            }
            Event::RunEnded(ended) => badly |= matches!(ended.outcome, Outcome::Escalated | Outcome::Failed),
            _ => {}
        }
    }
    // Most runs answer well, and looking for personal data takes longer than all else here.
    let question = badly.then(|| asked_for(entries)).flatten()?;
    let found = entries.iter().flat_map(found).map(|passage| digest(&passage)).collect();
    Some(Unanswered { question, found })
}

/// The passages that a search found, if this is the return of one.
fn found(entry: &Entry) -> Vec<Passage> {
    let Some(Event::ToolReturned(returned)) = &entry.event else { return Vec::new() };
    let output = returned.output.as_ref().filter(|_| returned.tool == KbSearch::NAME);
    output
        .and_then(|output| serde_json::from_str::<KbHits>(output.as_str()).ok())
        .map_or_else(Vec::new, |found| found.hits)
}

/// What a run searched the knowledge base for, the last time it did, with `…` where something
/// stood that its bundle knows of the customer or that looks like personal data.
#[must_use]
pub fn asked_for(entries: &[Entry]) -> Option<String> {
    let mut calls = entries.iter().rev().filter_map(|entry| match &entry.event {
        Some(Event::ToolCalled(called)) if called.tool == KbSearch::NAME => Some(called),
        _ => None,
    });
    let input: serde_json::Value = serde_json::from_str(calls.next()?.input.as_str()).ok()?;
    let query = input.get("query")?.as_str()?;
    let known = entries.iter().find_map(|entry| match &entry.event {
        Some(Event::RunStarted(started)) => Some(known_values(&started.bundle)),
        _ => None,
    });
    Some(without_personal_data(&Pseudonyms::new(&known.unwrap_or_default()).blank(query, &PatternPii)))
}

/// A text with `…` where personal data stood.
#[must_use]
pub fn without_personal_data(text: &str) -> String {
    let characters: Vec<char> = text.chars().collect();
    let mut kept = String::with_capacity(text.len());
    let mut from = 0;
    for span in scan(text).pii {
        kept.extend(characters.get(from..span.start).unwrap_or_default());
        kept.push('…');
        from = span.end.max(from);
    }
    kept.extend(characters.get(from..).unwrap_or_default());
    kept
}

/// Whether so much of a text was changed that it was no good answer: a third of
/// its words are gone or new. A comma and a greeting are a matter of taste.
fn is_rewritten(was: &str, is: &str) -> bool {
    let words = |text: &str| text.split_whitespace().map(str::to_lowercase).collect::<BTreeSet<_>>();
    let (was, is) = (words(was), words(is));
    was.symmetric_difference(&is).count() * 3 >= was.union(&is).count()
}
