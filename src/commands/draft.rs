//! `attache kb draft` and `attache kb publish`: what a reviewer wrote, or has to
//! write, becomes an article, once a second person has read it.
//!
//! The draft is a file with `draft: true` in its front matter. Nothing indexes
//! such a file (see `article.rs` of the knowledge base) until somebody publishes
//! it.

use super::block_on;
use crate::app::open_log;
use crate::cli::Global;
use crate::failure::Failure;
use attache::engine::{asked_for, without_personal_data};
use attache::guards::{PatternPii, Pseudonyms, known_values};
use attache::journal::{Decision, Entry, Event, RunId, Store};
use attache::kb::asked;
use std::fs;
use std::io::Write;
use std::path::Path;

/// The line that keeps a file out of the index.
const DRAFT: &str = "draft: true";

/// What stands where an answer has to be written; nothing with it is published.
const BLANK: &str = "…";

/// Writes the draft of an article from the text that a person made of a run's, or
/// with a blank if nobody has written one.
pub(crate) fn draft(global: &Global, run: &str, dir: &Path, out: &mut dyn Write) -> Result<(), Failure> {
    let store = open_log(global)?;
    let entries = block_on(async { Ok(store.entries(&RunId::new(run)).await?) })?;
    let (question, text) = written(&entries).ok_or_else(|| {
        Failure::refused(format!("in the run {run} nobody asked the knowledge base, and no person changed a text"))
    })?;
    let next = if text.is_some() { "read it" } else { "write the answer where `…` stands" };
    let text = text.unwrap_or_else(|| BLANK.to_owned());
    let name = file_name(&question);
    let path = dir.join(&name);
    let failed = |e: std::io::Error| Failure::unavailable(format!("{}: {e}", path.display()));
    fs::create_dir_all(dir).map_err(failed)?;
    // Whoever gives it another title leaves the customer's words where they find it.
    let words = question.replace("-->", "");
    let article =
        format!("---\n{DRAFT}\nrun: {run}\n---\n# {question}\n\n{}\n\n<!-- asked:\n{words}\n-->\n", text.trim());
    let mut file = fs::OpenOptions::new().write(true).create_new(true).open(&path).map_err(|e| match e.kind() {
        std::io::ErrorKind::AlreadyExists => Failure::refused(format!("{}: is there already", path.display())),
        _ => failed(e),
    })?;
    file.write_all(article.as_bytes()).map_err(failed)?;
    writeln!(out, "{}: {next}, then `attache kb publish {} --by NAME`", path.display(), path.display())?;
    Ok(())
}

/// Takes the mark of a draft from a file, in the name of who read it; what the file
/// was. The caller indexes it.
pub(crate) fn publish(path: &Path, by: &str) -> Result<String, Failure> {
    let by = by.trim();
    if by.is_empty() || by.contains(['\n', '\r']) {
        return Err(Failure::refused("--by is the name of who read the draft"));
    }
    let failed = |e: std::io::Error| Failure::refused(format!("{}: {e}", path.display()));
    let text = fs::read_to_string(path).map_err(failed)?;
    let head = text.strip_prefix("---\n").and_then(|rest| rest.split_once("\n---\n"));
    let (head, body) = head.filter(|(head, _)| head.lines().any(|line| line.trim() == DRAFT)).ok_or_else(|| {
        Failure::refused(format!("{}: it is no draft: its front matter has no `{DRAFT}`", path.display()))
    })?;
    if let Some((line, gap)) = gap(&text) {
        return Err(Failure::refused(format!(
            "{}:{line}: `{gap}` stands where an answer is missing or something about one customer stood; \
             write what every customer may read",
            path.display()
        )));
    }
    let kept: Vec<&str> = head.lines().filter(|line| line.trim() != DRAFT).collect();
    write(path, &format!("---\n{}\nreviewed_by: {by}\n---\n{body}", kept.join("\n")))?;
    Ok(text)
}

/// In one step: a file is a draft or an article, never half of one.
pub(crate) fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let part = path.with_extension("part");
    let written = fs::write(&part, text).and_then(|()| fs::rename(&part, path));
    written.map_err(|e| Failure::refused(format!("{}: {e}", path.display())))
}

/// The first line that has a gap where personal data stood, and the gap.
fn gap(text: &str) -> Option<(usize, String)> {
    let nobody = Pseudonyms::new(&[]);
    let bare = |word: &str| word.trim_matches(|c: char| c.is_ascii_punctuation()) == BLANK;
    (1..).zip(text.lines()).find_map(|(number, line)| match nobody.restore(line) {
        Err(invented) => Some((number, invented.placeholder)),
        Ok(_) => line.split_whitespace().any(bare).then(|| (number, BLANK.to_owned())),
    })
}

/// What was asked in a run, and what a person wrote in the end, if anyone did; both
/// without personal data. Nothing where there is neither.
fn written(entries: &[Entry]) -> Option<(String, Option<String>)> {
    let mut pseudonyms = None;
    let mut text = None;
    for event in entries.iter().filter_map(|entry| entry.event.as_ref()) {
        match event {
            Event::RunStarted(started) => pseudonyms = Some(Pseudonyms::new(&known_values(&started.bundle))),
            Event::ReviewDecided(decided) if decided.decision == Decision::Edit => text = decided.body.clone().or(text),
            _ => {}
        }
    }
    let question = asked_for(entries);
    if question.is_none() && text.is_none() {
        return None;
    }
    // A placeholder stands where the customer's own name or address stood.
    let mut pseudonyms: Pseudonyms = pseudonyms?;
    let mut hidden = |text: &str| without_personal_data(&pseudonyms.hide(text, &PatternPii));
    let question = question.map_or_else(|| "Untitled".to_owned(), |question| asked(&question));
    Some((question, text.map(|text| hidden(&text))))
}

/// The first words of a question as the name of a file.
fn file_name(question: &str) -> String {
    let words: Vec<String> = question
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .take(8)
        .map(str::to_lowercase)
        .collect();
    format!("{}.md", if words.is_empty() { "untitled".to_owned() } else { words.join("-") })
}
