//! `attache log` and `attache replay`.

use super::{block_on, json, keep};
use crate::app::{App, Wants, open_log, rules_of};
use crate::cli::{Global, Log};
use crate::failure::Failure;
use crate::tell;
use attache::journal::{Digest, Event, RunFilter, RunId, Store};
use attache::planner::{Run, actions, replay as decide_again};
use attache::policies::PolicySet;
use comfy_table::{Table, presets};
use std::io::Write;
use std::path::Path;

pub(crate) fn run(global: &Global, log: &Log, out: &mut dyn Write) -> Result<(), Failure> {
    match log {
        Log::List { limit } => list(global, *limit, out),
        Log::Show { run } => show(global, run, out),
        Log::Verify(args) => keep::verify(global, args, out),
        Log::Head => keep::head(global, out),
        Log::Backup { to } => keep::backup(global, to, out),
        Log::Erase { customer, by, reason } => keep::erase(global, customer, by, reason.clone(), out),
        Log::Export { runs } => export(global, runs, out),
    }
}

fn list(global: &Global, limit: usize, out: &mut dyn Write) -> Result<(), Failure> {
    let store = open_log(global)?;
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
        Ok(writeln!(out, "{table}")?)
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
        let runs = wanted(&store, runs).await?;
        // Those that the store lists are there.
        for run in runs.iter().filter(|_| named) {
            if store.entries(run).await?.is_empty() {
                return Err(no_run(run.as_str()));
            }
        }
        Ok(runs)
    })?;
    let mut noting = Noting { out, kind: None };
    let exported = store.export(&runs, &mut noting);
    match (exported, noting.kind) {
        (Ok(_), _) => Ok(()),
        (Err(_), Some(kind)) => Err(std::io::Error::from(kind).into()),
        (Err(e), None) => Err(e.into()),
    }
}

fn no_run(run: &str) -> Failure {
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
            let decided = |e: &Option<Event>| matches!(e, Some(Event::Assessed(_) | Event::PolicyDecided(_)));
            decisions += entries.iter().filter(|entry| decided(&entry.event)).count();
            for difference in decide_again(&mut Run::new(id.clone(), program), policy, &entries) {
                let was = undigested(&difference.recorded, policy.digest());
                let is = difference.now.as_ref().map(|now| undigested(now, policy.digest()));
                if is.as_ref() == Some(&was) {
                    continue;
                }
                differ += 1;
                let told = told(&was, is.as_ref());
                if global.json {
                    let line = serde_json::json!({
                        "run": id, "seq": difference.seq, "recorded": was, "now": is, "told": told,
                    });
                    json(out, &line)?;
                } else {
                    writeln!(out, "{id} {}: {told}", difference.seq)?;
                }
            }
        }
        if global.json {
            json(out, &serde_json::json!({ "decisions": decisions, "differ": differ }))?;
        } else {
            writeln!(out, "{decisions} decisions, {differ} differ")?;
        }
        if expect_same && differ > 0 {
            return Err(Failure::check(format!("{differ} decisions differ")));
        }
        Ok(())
    })
}

/// An event as if these rules had made it: another text of the rules alone is
/// no other decision.
fn undigested(event: &Event, digest: &Digest) -> Event {
    let mut event = event.clone();
    match &mut event {
        Event::Assessed(e) => e.policy_digest = digest.clone(),
        Event::PolicyDecided(e) => e.policy_digest = digest.clone(),
        _ => {}
    }
    event
}

/// A difference in words.
fn told(was: &Event, is: Option<&Event>) -> String {
    match (was, is) {
        (Event::PolicyDecided(was), Some(Event::PolicyDecided(is))) => {
            format!("{} {} → {} [{}]", is.action, was.verdict, is.verdict, is.policies.join(", "))
        }
        (Event::Assessed(was), Some(Event::Assessed(is))) => {
            let changes = was.facts.iter().zip(&is.facts).filter(|(was, is)| was.permission != is.permission);
            let told: Vec<_> =
                changes.map(|(was, is)| format!("{} {} → {}", is.key, was.permission, is.permission)).collect();
            format!("facts: {}", if told.is_empty() { "other rules decide".to_owned() } else { told.join(", ") })
        }
        (was, Some(is)) => format!("{} → {}", was.kind(), is.kind()),
        (was, None) => format!("{}: the run would not come here", was.kind()),
    }
}
