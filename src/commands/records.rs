//! `attache kb`, `attache crm` and `attache scan`.

use super::json;
use crate::app::{import, open_crm, open_kb};
use crate::cli::{Crm, Global, Kb};
use crate::failure::Failure;
use crate::tell;
use attache::guards::{Scan, scan as look};
use attache::kb::KbError;
use attache::tools::{Ask, Passage, Readers, Scope};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;

/// One text to look at.
#[derive(Deserialize)]
struct Record {
    id: serde_json::Value,
    text: String,
}

#[derive(Serialize)]
struct Answer<'a> {
    id: &'a str,
    hits: Vec<Passage>,
}

#[derive(Serialize)]
struct Scanned {
    id: String,
    #[serde(flatten)]
    scan: Scan,
}

pub(crate) fn kb(global: &Global, command: &Kb, out: &mut dyn Write) -> Result<(), Failure> {
    let kb = open_kb(&global.data)?;
    let failed = |e: KbError| Failure::unavailable(e.to_string());
    match command {
        Kb::Add { paths } => {
            for path in paths {
                if !path.exists() {
                    return Err(Failure::refused(format!("{}: no such file or folder", path.display())));
                }
            }
            let report = kb.add(paths, &mut |_| {}).map_err(failed)?;
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
            let readers = if *internal { Readers::Internal } else { Readers::Public };
            let scope = Scope { readers, since: None };
            let ask = |query| Ask { query, top: *top, scope: scope.clone() };
            if let Some(file) = queries {
                for record in records(file)? {
                    let (id, text) = record?;
                    json(out, &Answer { id: &id, hits: kb.search_documents(&ask(&text)).map_err(failed)? })?;
                }
                return Ok(());
            }
            let query = query.as_deref().unwrap_or_default();
            let hits = kb.search_documents(&ask(query)).map_err(failed)?;
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
        Kb::List => {
            for document in kb.list().map_err(failed)? {
                if global.json {
                    json(out, &serde_json::json!({ "id": document.id, "title": document.title }))?;
                } else {
                    writeln!(out, "{:<40} {}", document.id, tell::printable(&document.title))?;
                }
            }
        }
        Kb::Remove { id } => {
            if !kb.remove(id).map_err(failed)? {
                return Err(Failure::refused(format!("there is no article `{id}`")));
            }
        }
    }
    Ok(())
}

pub(crate) fn crm(global: &Global, command: &Crm, out: &mut dyn Write) -> Result<(), Failure> {
    let Crm::Import { files } = command;
    let crm = open_crm(&global.data)?;
    for file in files {
        let counts = import(&crm, file)?;
        if global.json {
            let line = serde_json::json!({
                "file": file, "customers": counts.customers, "companies": counts.companies,
                "deals": counts.deals, "tickets": counts.tickets,
            });
            json(out, &line)?;
        } else if !global.quiet {
            writeln!(
                out,
                "{}: {} customers, {} companies, {} deals, {} tickets",
                file.display(),
                counts.customers,
                counts.companies,
                counts.deals,
                counts.tickets
            )?;
        }
    }
    Ok(())
}

pub(crate) fn scan(_: &Global, file: &Path, out: &mut dyn Write) -> Result<(), Failure> {
    for record in records(file)? {
        let (id, text) = record?;
        json(out, &Scanned { id, scan: look(&text) })?;
    }
    Ok(())
}

/// The records of a JSONL file {id,text}, as id and text; a fault names file
/// and line.
fn records(file: &Path) -> Result<impl Iterator<Item = Result<(String, String), Failure>>, Failure> {
    let name = file.display().to_string();
    let reader: Box<dyn BufRead> = if file == Path::new("-") {
        Box::new(io::stdin().lock())
    } else {
        Box::new(BufReader::new(File::open(file).map_err(|e| Failure::refused(format!("{name}: {e}")))?))
    };
    Ok(reader.lines().enumerate().filter(|(_, line)| line.as_ref().map_or(true, |line| !line.trim().is_empty())).map(
        move |(i, line)| {
            let refused = |what: String| Failure::refused(format!("{name}:{}: {what}", i + 1));
            let line = line.map_err(|e| refused(e.to_string()))?;
            let record: Record =
                serde_json::from_str(&line).map_err(|e| refused(format!("expected {{id,text}}: {e}")))?;
            let id = record.id.as_str().map_or_else(|| record.id.to_string(), str::to_owned);
            Ok((id, record.text))
        },
    ))
}
