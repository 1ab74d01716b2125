//! `attache metrics`: figures of service from the journal.

use super::{bar, block_on, json};
use crate::app::open_log;
use crate::cli::Global;
use crate::failure::Failure;
use crate::tell;
use attache::journal::metrics::{DEFINITIONS, Figure, RunFacts, Unit, figures};
use attache::journal::{RunFilter, Store};
use comfy_table::{CellAlignment, Table, presets};
use jiff::Timestamp;
use serde::Serialize;
use std::io::Write;

/// A figure with the version of what it means.
#[derive(Serialize)]
struct Line<'a> {
    definitions: u32,
    #[serde(flatten)]
    figure: &'a Figure,
}

pub(crate) fn run(global: &Global, since: Option<Timestamp>, out: &mut dyn Write) -> Result<(), Failure> {
    let store = open_log(global)?;
    let progress = bar(global, "{bar:32} {pos}/{len} runs, {eta} left");
    let facts = block_on(async {
        let runs = store.runs(&RunFilter { since, ..RunFilter::default() }).await?;
        progress.set_length(runs.len().try_into().unwrap_or(u64::MAX));
        let mut facts = Vec::with_capacity(runs.len());
        for run in runs {
            facts.extend(RunFacts::read(&store.entries(&run.run).await?));
            progress.inc(1);
        }
        Ok(facts)
    })?;
    progress.finish_and_clear();
    let found = figures(&facts, since, Timestamp::now());
    if global.json {
        return found.iter().try_for_each(|figure| json(out, &Line { definitions: DEFINITIONS, figure }));
    }
    let mut table = Table::new();
    table.load_preset(presets::NOTHING).set_header(["figure", "value", "of", "what it is"]);
    for figure in &found {
        table.add_row([figure.name.clone(), shown(figure), figure.of.to_string(), figure.meaning.to_owned()]);
    }
    for column in [1, 2] {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    writeln!(out, "{table}")?;
    tell::aside(out, &format!("definitions {DEFINITIONS}; --json names the runs behind each figure"))?;
    Ok(())
}

fn shown(figure: &Figure) -> String {
    let Some(value) = figure.value else { return "–".to_owned() };
    match figure.unit {
        Unit::Count => format!("{value:.0}"),
        Unit::Hours => format!("{value:.1} h"),
        Unit::Share => format!("{:.1} %", value * 100.0),
        Unit::Usd => format!("{value:.4} USD"),
    }
}
