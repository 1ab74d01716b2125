//! `attache crm` and `attache scan`.

use super::json;
use crate::app::{import, open_crm};
use crate::cli::{Crm, Global};
use crate::failure::Failure;
use attache::guards::{Scan, scan as look};
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

pub(crate) fn scan(_: &Global, file: &Path, out: &mut dyn Write) -> Result<(), Failure> {
    for record in records(file)? {
        let (id, text) = record?;
        json(out, &Scanned { id, scan: look(&text) })?;
    }
    Ok(())
}

/// The records of a JSONL file {id,text}, as id and text; a fault names file
/// and line.
pub(super) fn records(file: &Path) -> Result<impl Iterator<Item = Result<(String, String), Failure>>, Failure> {
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
