//! `attache log`.

use super::{block_on, json, keep};
use crate::app::open_log;
use crate::cli::{Global, Log};
use crate::failure::Failure;
use crate::tell;
use attache::journal::{RunFilter, RunId, Store};
use attache::log::LogStore;
use comfy_table::{Table, presets};
use jiff::Timestamp;
use std::io::Write;

pub(crate) fn run(global: &Global, log: &Log, out: &mut dyn Write) -> Result<(), Failure> {
    match log {
        Log::List { limit, since } => list(global, limit.get(), *since, out),
        Log::Explain { run } => super::explain::run(global, run, out),
        Log::Show { run } => show(global, run, out),
        Log::Verify(args) => keep::verify(global, args, out),
        Log::Head => keep::head(global, out),
        Log::Backup { to } => keep::backup(global, to, out),
        Log::Erase { customer, by, reason } => keep::erase(global, customer, by, reason.clone(), out),
        Log::Export { customer: Some(customer), .. } => super::record::run(global, customer, out),
        Log::Export { runs, customer: None } => export(global, runs, out),
    }
}

fn list(global: &Global, limit: usize, since: Option<Timestamp>, out: &mut dyn Write) -> Result<(), Failure> {
    let store = open_log(global)?;
    block_on(async {
        // One more than is shown tells whether there are more.
        let asked = Some(limit.saturating_add(1));
        let mut runs = store.runs(&RunFilter { limit: asked, since, ..RunFilter::default() }).await?;
        let more = runs.len() > limit;
        runs.truncate(limit);
        if global.json {
            return runs.iter().try_for_each(|run| json(out, run));
        }
        if runs.is_empty() {
            return Ok(writeln!(out, "no runs")?);
        }
        let mut table = Table::new();
        table.load_preset(presets::NOTHING).set_header(["run", "started", "customer", "playbook", "outcome", "why"]);
        for run in &runs {
            table.add_row([
                run.run.as_str(),
                &run.started_at.to_string(),
                &tell::customer(run.customer.as_ref()),
                &run.playbook,
                match run.outcome {
                    Some(outcome) => outcome.as_str(),
                    None if run.erased => "erased",
                    None => "unfinished",
                },
                run.reason_code.as_deref().unwrap_or_default(),
            ]);
        }
        writeln!(out, "{table}")?;
        if more {
            tell::aside(out, "\nthere are older ones: --limit says how many to show")?;
        }
        Ok(())
    })
}

fn show(global: &Global, run: &str, out: &mut dyn Write) -> Result<(), Failure> {
    let store = open_log(global)?;
    block_on(async {
        let entries = store.entries(&RunId::new(run)).await?;
        if entries.is_empty() {
            return Err(no_run(run));
        }
        if global.json {
            return super::json_lines(out, &entries);
        }
        tell::heading(out, run)?;
        Ok(tell::run(out, &entries)?)
    })
}

fn export(global: &Global, runs: &[String], out: &mut dyn Write) -> Result<(), Failure> {
    let store = open_log(global)?;
    let named = !runs.is_empty();
    let runs = block_on(async {
        let runs = wanted(&store, runs, None).await?;
        // Those that the store lists are there.
        for run in runs.iter().filter(|_| named) {
            if store.entries(run).await?.is_empty() {
                return Err(no_run(run.as_str()));
            }
        }
        Ok(runs)
    })?;
    export_runs(&store, &runs, out)
}

/// Writes runs as lines of JSON, their head as the last.
pub(super) fn export_runs(store: &LogStore, runs: &[RunId], out: &mut dyn Write) -> Result<(), Failure> {
    let mut noting = Noting { out, kind: None };
    let exported = store.export(runs, &mut noting);
    match (exported, noting.kind) {
        (Ok(_), _) => Ok(()),
        (Err(_), Some(kind)) => Err(std::io::Error::from(kind).into()),
        (Err(e), None) => Err(e.into()),
    }
}

pub(super) fn no_run(run: &str) -> Failure {
    Failure::refused(format!("there is no run {run}; `attache log list` shows those there are"))
}

/// A writer that remembers what kind of fault it met.
struct Noting<'a> {
    out: &'a mut dyn Write,
    kind: Option<std::io::ErrorKind>,
}

impl Write for Noting<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.out.write(bytes).inspect_err(|e| self.kind = Some(e.kind()))
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.out.flush().inspect_err(|e| self.kind = Some(e.kind()))
    }
}

pub(super) async fn wanted(
    store: &dyn Store,
    runs: &[String],
    since: Option<Timestamp>,
) -> Result<Vec<RunId>, Failure> {
    if !runs.is_empty() {
        return Ok(runs.iter().map(|run| RunId::new(run.as_str())).collect());
    }
    let mut all: Vec<_> =
        store.runs(&RunFilter { since, ..RunFilter::default() }).await?.into_iter().map(|run| run.run).collect();
    all.reverse();
    Ok(all)
}
