//! `attache kb gaps`: what customers asked and no article answered.

use super::{block_on, json};
use crate::app::{open_kb, open_log};
use crate::cli::Global;
use crate::failure::Failure;
use crate::tell;
use attache::server::Gaps;
use std::io::Write;

pub(crate) fn gaps(global: &Global, top: usize, out: &mut dyn Write) -> Result<(), Failure> {
    let (store, kb) = (open_log(global)?, open_kb(global)?);
    let (missing, _) = block_on(async { Ok(Gaps::default().find(&store, &kb, top).await?) })?;
    if missing.is_empty() && !global.json {
        return Ok(writeln!(out, "no question was left unanswered")?);
    }
    for gap in &missing {
        if global.json {
            json(out, gap)?;
            continue;
        }
        tell::heading(out, &format!("{:>4}  {}", gap.count, gap.question))?;
        let near =
            gap.nearest.as_ref().map_or("no article comes near".to_owned(), |near| format!("nearest: {}", near.doc));
        tell::aside(out, &format!("      {near}"))?;
    }
    if !global.json {
        writeln!(
            out,
            "\nWhere the nearest article answers, write the question into it: `attache kb add --help` says how."
        )?;
    }
    Ok(())
}
