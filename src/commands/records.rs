//! `attache crm` and `attache scan`.

use super::{bar, json};
use crate::app::{import, open_crm};
use crate::cli::{Crm, Global};
use crate::failure::Failure;
use attache::guards::{Scan, scan as look};
use indicatif::ProgressBar;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{self, BufRead, BufReader, IsTerminal, Read, Write};
use std::path::Path;

/// From how many bytes on somebody waits long enough to ask how far it is.
const LONG: u64 = 1 << 20;

/// One text to look at.
#[derive(Deserialize)]
struct Record {
    id: serde_json::Value,
    text: String,
}

#[derive(Serialize)]
struct Scanned {
    id: String,
    #[serde(flatten)]
    scan: Scan,
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

pub(crate) fn scan(global: &Global, file: &Path, out: &mut dyn Write) -> Result<(), Failure> {
    let length = file.metadata().map_or(0, |data| data.len());
    // A bar between the records on one screen would tear both.
    let watched = length >= LONG && !io::stdout().is_terminal();
    let bar = if watched { bar(global, "{bar:30} {bytes}/{total_bytes}, {eta} left") } else { ProgressBar::hidden() };
    bar.set_length(length);
    for record in parsed(file, bar.wrap_read(input(file)?)) {
        let (id, text) = record?;
        json(out, &Scanned { id, scan: look(&text) })?;
    }
    bar.finish_and_clear();
    Ok(())
}

/// The records of a JSONL file {id,text}, as id and text; a fault names file,
/// line and what it can of the column.
pub(super) fn records(file: &Path) -> Result<impl Iterator<Item = Result<(String, String), Failure>>, Failure> {
    Ok(parsed(file, input(file)?))
}

/// A file, or what comes in for `-`.
fn input(file: &Path) -> Result<Box<dyn Read>, Failure> {
    if file == Path::new("-") {
        return Ok(Box::new(io::stdin().lock()));
    }
    let opened = File::open(file).map_err(|e| Failure::refused(format!("{}: {e}", file.display())))?;
    Ok(Box::new(opened))
}

fn parsed(file: &Path, input: impl Read) -> impl Iterator<Item = Result<(String, String), Failure>> {
    let name = file.display().to_string();
    let lines = BufReader::new(input).split(b'\n').enumerate();
    lines.filter(|(_, line)| line.as_ref().map_or(true, |line| !line.trim_ascii().is_empty())).map(move |(i, line)| {
        let refused = |what: String| Failure::refused(format!("{name}:{}: {what}", i + 1));
        let line = line.map_err(|e| refused(e.to_string()))?;
        let line = str::from_utf8(&line).map_err(|e| {
            let column = e.valid_up_to() + 1;
            Failure::refused(format!("{name}:{}:{column}: not UTF-8 from this byte of the line on", i + 1))
        })?;
        let record: Record = serde_json::from_str(line).map_err(|e| refused(format!("expected {{id,text}}: {e}")))?;
        let id = record.id.as_str().map_or_else(|| record.id.to_string(), str::to_owned);
        Ok((id, record.text))
    })
}

#[cfg(test)]
mod tests;
