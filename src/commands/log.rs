//! `attache log` and `attache replay`.

use super::{block_on, json};
use crate::app::{App, Wants, open_log, rules_of};
use crate::cli::{Global, Log};
use crate::failure::Failure;
use crate::tell;
use attache::journal::{Event, RunFilter, RunId, Store};
use attache::log::verify_export;
use attache::planner::{Run, actions, replay as decide_again};
use attache::policies::PolicySet;
use comfy_table::{Table, presets};
use indicatif::{ProgressBar, ProgressStyle};
use std::fs::File;
use std::io::{BufReader, IsTerminal, Write};
use std::path::Path;

pub(crate) fn run(global: &Global, log: &Log, out: &mut dyn Write) -> Result<(), Failure> {
    match log {
        Log::List { limit } => list(global, *limit, out),
        Log::Show { run } => show(global, run, out),
        Log::Verify { export: Some(file) } => {
            let reader = File::open(file).map_err(|e| Failure::refused(format!("{}: {e}", file.display())))?;
            let report = verify_export(BufReader::new(reader))
                .map_err(|e| Failure::check(format!("{}: {e}", file.display())))?;
            writeln!(out, "ok: {} entries of {} runs", report.entries, report.runs)?;
            Ok(())
        }
        Log::Verify { export: None } => verify(global, out),
        Log::Export { runs } => export(global, runs, out),
    }
}

fn list(global: &Global, limit: usize, out: &mut dyn Write) -> Result<(), Failure> {
    let store = open_log(&global.data)?;
    block_on(async {
        let runs = store.runs(&RunFilter { limit: Some(limit), ..RunFilter::default() }).await?;
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
                &tell::printable(run.customer.as_str()),
                &run.playbook,
                run.outcome.map_or("unfinished", |outcome| outcome.as_str()),
                run.reason_code.as_deref().unwrap_or_default(),
            ]);
        }
        Ok(writeln!(out, "{table}")?)
    })
}

fn show(global: &Global, run: &str, out: &mut dyn Write) -> Result<(), Failure> {
    let store = open_log(&global.data)?;
    block_on(async {
        let entries = store.entries(&RunId::new(run)).await?;
        if entries.is_empty() {
            return Err(Failure::refused(format!("there is no run {run}; `attache log list` shows those there are")));
        }
        if global.json {
            return super::json_lines(out, &entries);
        }
        tell::heading(out, run)?;
        Ok(tell::run(out, &entries)?)
    })
}

fn verify(global: &Global, out: &mut dyn Write) -> Result<(), Failure> {
    let bar = progress(global, "checking");
    let report = attache::log::verify_folder(&global.data, |done, all| {
        bar.set_length(all);
        bar.set_position(done);
    });
    bar.finish_and_clear();
    let report = report?;
    writeln!(
        out,
        "ok: {} entries of {} runs in {} records, {} segments",
        report.entries, report.runs, report.records, report.segments
    )?;
    Ok(())
}

fn progress(global: &Global, what: &'static str) -> ProgressBar {
    if global.quiet || global.json || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{msg} {bar:40} {bytes}/{total_bytes} {bytes_per_sec} {eta}");
    ProgressBar::new(0).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar())).with_message(what)
}

fn export(global: &Global, runs: &[String], out: &mut dyn Write) -> Result<(), Failure> {
    let store = open_log(&global.data)?;
    let runs = block_on(wanted(&store, runs))?;
    store.export(&runs, out).map_err(|e| Failure::unavailable(e.to_string()))?;
    Ok(())
}

async fn wanted(store: &dyn Store, runs: &[String]) -> Result<Vec<RunId>, Failure> {
    if !runs.is_empty() {
        return Ok(runs.iter().map(|run| RunId::new(run.as_str())).collect());
    }
    let mut all: Vec<_> = store.runs(&RunFilter::default()).await?.into_iter().map(|run| run.run).collect();
    all.reverse();
    Ok(all)
}

/// What stored runs would decide now, from their own records.
pub(crate) fn replay(
    global: &Global,
    runs: &[String],
    policies: Option<&Path>,
    expect_same: bool,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let app = App::open(global, Wants::default())?;
    let other = match policies {
        Some(dir) => {
            let files = PolicySet::overlay(&rules_of(dir)?);
            let set = PolicySet::load(&files, &actions(app.attache.registry()));
            Some(set.map_err(|e| Failure::refused(format!("{}/{e}", dir.display())))?)
        }
        None => None,
    };
    let policy = other.as_ref().unwrap_or(app.attache.policy());
    block_on(async {
        let (mut decisions, mut differ) = (0_usize, 0_usize);
        for id in wanted(&*app.log, runs).await? {
            let entries = app.attache.entries(&id).await?;
            let program = app.attache.engine().program_of(&entries)?;
            decisions += entries.iter().filter(|e| matches!(e.event, Event::PolicyDecided(_))).count();
            let found = decide_again(&mut Run::new(id.clone(), program), policy, &entries);
            for difference in found {
                // Another rule set has another digest; that alone is no difference.
                let verdict = |event: &Event| match event {
                    Event::PolicyDecided(e) => Some((e.action.clone(), e.verdict, e.policies.clone())),
                    _ => None,
                };
                let (was, is) = (verdict(&difference.recorded), difference.now.as_ref().and_then(verdict));
                if was == is && other.is_some() {
                    continue;
                }
                differ += 1;
                if let (Some((action, was, _)), Some((_, is, by))) = (was, is) {
                    writeln!(out, "{id} {}: {action} {was} → {is} [{}]", difference.seq, by.join(", "))?;
                } else {
                    writeln!(out, "{id} {}: {} differs", difference.seq, difference.recorded.kind())?;
                }
            }
        }
        writeln!(out, "{decisions} decisions, {differ} differ")?;
        if expect_same && differ > 0 {
            return Err(Failure::check(format!("{differ} decisions differ")));
        }
        Ok(())
    })
}
