//! `attache kb gaps`: what customers asked and no article answered.

use super::{block_on, json};
use crate::app::{open_kb, open_log};
use crate::cli::Global;
use crate::failure::Failure;
use crate::tell;
use attache::journal::RunId;
use attache::server::Gaps;
use std::io::Write;

/// A gap tells of at most so many runs.
const RUNS: usize = 3;

pub(crate) fn gaps(global: &Global, top: usize, out: &mut dyn Write) -> Result<(), Failure> {
    let (store, kb) = (open_log(global)?, open_kb(global)?);
    let (missing, more) = block_on(async { Ok(Gaps::default().find(&store, &kb, top).await?) })?;
    if missing.is_empty() && !global.json {
        return Ok(writeln!(out, "no question was left unanswered")?);
    }
    for gap in &missing {
        if global.json {
            json(out, gap)?;
            continue;
        }
        tell::heading(out, &format!("{:>4}  {}", gap.count, tell::printable(&gap.question)))?;
        let near = match &gap.nearest {
            Some(near) if gap.answered => format!("answered since: {}", near.doc),
            Some(near) => format!("nearest: {}", near.doc),
            None => "no article comes near".to_owned(),
        };
        tell::aside(out, &format!("      {}", tell::printable(&near)))?;
        let runs: Vec<&str> = gap.runs.iter().take(RUNS).map(RunId::as_str).collect();
        let others = gap.runs.len() - runs.len();
        let others = if others == 0 { String::new() } else { format!(" and {others} more") };
        tell::aside(out, &format!("      {}{others}", runs.join(" ")))?;
    }
    if global.json {
        return Ok(());
    }
    if more > 0 {
        tell::aside(out, &format!("\n{more} more were asked less often: --top says how many to show"))?;
    }
    Ok(writeln!(
        out,
        "\nWhere the nearest article answers, write the question into it: `attache kb add --help` says how. \
         Where none does, `attache kb draft RUN kb/` begins one."
    )?)
}
