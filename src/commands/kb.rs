//! `attache kb`.

use super::records::records;
use super::{bar, json};
use crate::app::{open_articles, open_kb};
use crate::cli::{Global, Kb};
use crate::failure::Failure;
use crate::tell;
use attache::kb::{Kb as Articles, KbError, Listed, Report};
use attache::tools::{Ask, Passage, Readers, Scope};
use indicatif::ProgressBar;
use serde::Serialize;
use std::io::Write;
use std::path::PathBuf;

#[derive(Serialize)]
struct Answer<'a> {
    id: &'a str,
    hits: Vec<Passage>,
}

pub(crate) fn run(global: &Global, command: &Kb, out: &mut dyn Write) -> Result<(), Failure> {
    match command {
        Kb::Add { paths } => {
            for path in paths {
                if !path.exists() {
                    return Err(Failure::refused(format!("{}: no such file or folder", path.display())));
                }
            }
            let report = add(global, &open_kb(global)?, paths)?;
            let taken = report.added + report.updated + report.unchanged + report.removed;
            // Of a folder something may be left out, and so it may beside others; a file alone is named to be added.
            let refused = report.skipped.iter().filter(|skipped| taken == 0 && paths.contains(&skipped.path));
            Failure::all(refused.map(|refused| Failure::refused(refused.to_string())).collect())?;
            if global.json {
                let skipped: Vec<_> = report.skipped.iter().map(ToString::to_string).collect();
                return json(
                    out,
                    &serde_json::json!({
                        "added": report.added, "updated": report.updated, "unchanged": report.unchanged,
                        "removed": report.removed, "skipped": skipped,
                    }),
                );
            }
            for skipped in &report.skipped {
                writeln!(out, "skipped {skipped}")?;
            }
            writeln!(
                out,
                "{} added, {} updated, {} unchanged, {} removed, {} skipped",
                report.added,
                report.updated,
                report.unchanged,
                report.removed,
                report.skipped.len()
            )?;
        }
        Kb::Search { query, queries, top, internal } => {
            let kb = open_kb(global)?;
            let readers = if *internal { Readers::Internal } else { Readers::Public };
            let scope = Scope { readers, since: None };
            if let Some(file) = queries {
                for record in records(file)? {
                    let (id, text) = record?;
                    json(
                        out,
                        &Answer {
                            id: &id,
                            hits: kb
                                .search_documents(&Ask { query: &text, top: *top, scope: scope.clone() })
                                .map_err(failed)?,
                        },
                    )?;
                }
                return Ok(());
            }
            let query = query.as_deref().unwrap_or_default();
            let hits = kb.search_documents(&Ask { query, top: *top, scope }).map_err(failed)?;
            if global.json {
                return json(out, &Answer { id: "", hits });
            }
            if hits.is_empty() {
                writeln!(out, "nothing fits")?;
            }
            for hit in hits {
                tell::heading(out, &format!("{}  {:.2}", hit.title, hit.score))?;
                tell::text(out, &hit.passage)?;
                tell::aside(out, &format!("      {}", hit.id))?;
            }
        }
        #[cfg(feature = "embed")]
        Kb::Embed { model, download, endpoint, name, off } => {
            use crate::embed::{Choice, choose};
            let choice = match (endpoint, name) {
                _ if *off => Choice::Off,
                (Some(url), Some(name)) => Choice::Endpoint { url: url.clone(), model: name.clone() },
                _ if *download => Choice::Download,
                _ => Choice::Folder(model.clone()),
            };
            match choose(global, &choice, |kb| embed(global, kb))? {
                None => writeln!(out, "searches go without a sentence model")?,
                Some(made) => writeln!(out, "{made} new vectors; searches go by words and by sense")?,
            }
        }
        Kb::Gaps { top } => super::gaps::gaps(global, top.get(), out)?,
        Kb::Draft { run, dir } => super::draft::draft(global, run, dir, out)?,
        Kb::Publish { file, by } => {
            // Before the file is changed: nobody publishes into what cannot be opened.
            let kb = open_kb(global)?;
            let draft = super::draft::publish(file, by)?;
            let report = add(global, &kb, std::slice::from_ref(file))?;
            for skipped in &report.skipped {
                if skipped.path == *file && report.added + report.updated + report.unchanged == 0 {
                    super::draft::write(file, &draft)?;
                    return Err(Failure::refused(format!("{skipped}; it stays a draft")));
                }
                writeln!(out, "skipped {skipped}")?;
            }
            writeln!(out, "{} is an article now", file.display())?;
        }
        Kb::List => {
            for Listed { id, title, about, .. } in open_articles(global)?.list().map_err(failed)? {
                if global.json {
                    json(out, &serde_json::json!({ "id": id, "title": title, "audience": about.audience }))?;
                } else {
                    let whose = if about.audience == Readers::Internal { "  (for colleagues)" } else { "" };
                    writeln!(out, "{id:<40} {}{whose}", tell::printable(&title))?;
                }
            }
        }
        Kb::Remove { id } => {
            if !open_articles(global)?.remove(id).map_err(failed)? {
                return Err(Failure::refused(format!("there is no article `{id}`")));
            }
        }
    }
    Ok(())
}

/// Adds with a bar on a terminal.
fn add(global: &Global, kb: &Articles, paths: &[PathBuf]) -> Result<Report, Failure> {
    let bar = progress(global, "files");
    let report = kb.add(paths, &mut |progress| {
        bar.set_length(progress.files.try_into().unwrap_or(u64::MAX));
        bar.set_position(progress.done.try_into().unwrap_or(u64::MAX));
        bar.set_message(tell::printable(&progress.path.display().to_string()));
    });
    bar.finish_and_clear();
    let report = report.map_err(failed)?;
    // New articles are found by their sense as well.
    embed(global, kb)?;
    Ok(report)
}

/// Makes what vectors are missing, with a bar on a terminal.
fn embed(global: &Global, kb: &Articles) -> Result<usize, Failure> {
    let bar = progress(global, "texts");
    let made = kb.embed(&mut |done, all| {
        bar.set_length(all.try_into().unwrap_or(u64::MAX));
        bar.set_position(done.try_into().unwrap_or(u64::MAX));
    });
    bar.finish_and_clear();
    made.map_err(failed)
}

fn progress(global: &Global, what: &str) -> ProgressBar {
    bar(global, &format!("{{bar:30}} {{pos}}/{{len}} {what}, {{per_sec}}, {{eta}} left  {{wide_msg:.dim}}"))
}

fn failed(error: KbError) -> Failure {
    Failure::unavailable(error.to_string())
}
