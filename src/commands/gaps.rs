//! `attache kb gaps`: what customers asked and no article answered.

use super::{block_on, json};
use crate::app::{open_kb, open_log};
use crate::cli::Global;
use crate::failure::Failure;
use crate::tell;
use attache::guards::scan;
use attache::journal::{Decision, Entry, Event, Outcome, RunFilter, Store};
use attache::kb::gaps as group;
use attache::tools::{Ask, KbSearch, Readers, Scope, Tool};
use serde::Serialize;
use std::collections::BTreeSet;
use std::io::Write;

/// A gap as it is shown.
#[derive(Serialize)]
struct Shown<'a> {
    question: &'a str,
    count: usize,
    runs: Vec<&'a str>,
    /// The article that comes nearest.
    #[serde(skip_serializing_if = "Option::is_none")]
    nearest: Option<Nearest>,
}

#[derive(Serialize)]
struct Nearest {
    doc: String,
    title: String,
}

pub(crate) fn gaps(global: &Global, top: usize, out: &mut dyn Write) -> Result<(), Failure> {
    let store = open_log(global)?;
    let kb = open_kb(global)?;
    let mut asked: Vec<(String, String)> = Vec::new();
    block_on(async {
        for run in store.runs(&RunFilter::default()).await? {
            if let Some(question) = unanswered(&store.entries(&run.run).await?) {
                asked.push((question, run.run.to_string()));
            }
        }
        Ok(())
    })?;
    let questions: Vec<String> = asked.iter().map(|(question, _)| question.clone()).collect();
    let found = group(&questions);
    if found.is_empty() && !global.json {
        return Ok(writeln!(out, "no question was left unanswered")?);
    }
    for gap in found.iter().take(top) {
        let scope = Scope { readers: Readers::Internal, since: None };
        let nearest = kb.search_documents(&Ask { query: &gap.question, top: 1, scope });
        let nearest = nearest.map_err(|e| Failure::unavailable(e.to_string()))?.into_iter().next();
        let nearest = nearest.map(|hit| Nearest { doc: hit.doc, title: hit.title });
        let runs = gap.members.iter().filter_map(|at| asked.get(*at)).map(|(_, run)| run.as_str()).collect();
        let shown = Shown { question: &gap.question, count: gap.members.len(), runs, nearest };
        if global.json {
            json(out, &shown)?;
            continue;
        }
        tell::heading(out, &format!("{:>4}  {}", shown.count, shown.question))?;
        let nearest = shown.nearest.map_or("no article comes near".to_owned(), |near| format!("nearest: {}", near.doc));
        tell::aside(out, &format!("      {nearest}"))?;
    }
    Ok(())
}

/// What was searched for in a run that did not answer well: it went to a
/// person after a search, or a person rejected or rewrote the text. Personal
/// data is taken out: the list is read by more people than the run.
fn unanswered(entries: &[Entry]) -> Option<String> {
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
    asked_for(entries).filter(|_| badly).map(|query| without_personal_data(&query))
}

/// What a run searched the knowledge base for, the last time it did.
pub(super) fn asked_for(entries: &[Entry]) -> Option<String> {
    let calls = entries.iter().rev().filter_map(|entry| match &entry.event {
        Some(Event::ToolCalled(called)) if called.tool == KbSearch::NAME => Some(called),
        _ => None,
    });
    let input: serde_json::Value = serde_json::from_str(calls.into_iter().next()?.input.as_str()).ok()?;
    input.get("query").and_then(|query| query.as_str()).map(str::to_owned)
}

/// Whether so much of a text was changed that it was no good answer: a third of
/// its words are gone or new. A comma and a greeting are a matter of taste.
fn is_rewritten(was: &str, is: &str) -> bool {
    let words = |text: &str| text.split_whitespace().map(str::to_lowercase).collect::<BTreeSet<_>>();
    let (was, is) = (words(was), words(is));
    was.symmetric_difference(&is).count() * 3 >= was.union(&is).count()
}

pub(super) fn without_personal_data(text: &str) -> String {
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
