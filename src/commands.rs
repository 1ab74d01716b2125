//! What each command does.

mod demo;
mod doctor;
mod draft;
mod explain;
mod gaps;
mod init;
mod kb;
mod keep;
mod log;
mod metrics;
mod outbox;
mod policy;
mod record;
mod records;
mod replay;
mod review;
mod run;
mod schema;
mod serve;
mod tools;
mod why;

use crate::cli::{Cli, Command, Global};
use crate::failure::Failure;
use attache::journal::Entry;
use indicatif::{ProgressBar, ProgressStyle};
use std::io::{IsTerminal, Write};

pub(crate) fn run(cli: &Cli, out: &mut dyn Write) -> Result<(), Failure> {
    let global = &cli.global;
    match &cli.command {
        Command::Init { dir } => init::run(global, dir, out),
        Command::Demo { story, model } => demo::run(global, story.as_deref(), model.as_deref(), out),
        Command::Run { file: Some(file), playbook, model, .. } => {
            run::bundle(global, file, playbook.as_deref(), model.as_deref(), out)
        }
        Command::Run { file: None, model, .. } => run::resume(global, model.as_deref(), out),
        Command::Review(review) => review::run(global, review, out),
        Command::Outbox(outbox) => outbox::run(global, outbox, out),
        Command::Log(log) => log::run(global, log, out),
        Command::Metrics { since } => metrics::run(global, *since, out),
        Command::Replay { runs, since, policies, prompts, playbooks, model, expect_same } => {
            let asked = replay::Asked {
                runs,
                since: *since,
                policies: policies.as_deref(),
                prompts: prompts.as_deref(),
                playbooks: playbooks.as_deref(),
                model: model.as_deref(),
                expect_same: *expect_same,
            };
            replay::run(global, &asked, out)
        }
        Command::Doctor => doctor::run(global, out),
        Command::Policy(policy) => policy::run(global, policy, out),
        Command::Tools(tools) => tools::run(global, tools, out),
        Command::Kb(kb) => kb::run(global, kb, out),
        Command::Crm(crm) => records::crm(global, crm, out),
        Command::Scan { file } => records::scan(global, file, out),
        Command::Serve { listen, model } => serve::run(global, *listen, model.as_deref(), out),
        Command::Schema { document } => schema::run(*document, out),
        Command::Completions { shell } => schema::completions(*shell, out),
    }
}

/// Runs a future to its end on a fresh runtime.
fn block_on<T>(future: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|e| Failure::ours(format!("no runtime: {e}")))?;
    runtime.block_on(future)
}

/// A progress bar of that form on standard error; none where nobody watches.
fn bar(global: &Global, template: &str) -> ProgressBar {
    if global.quiet || global.json || !std::io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template(template);
    ProgressBar::new(0).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

/// A line of JSON.
fn json(out: &mut dyn Write, value: &impl serde::Serialize) -> Result<(), Failure> {
    let line = serde_json::to_string(value).map_err(|e| Failure::ours(e.to_string()))?;
    Ok(writeln!(out, "{line}")?)
}

/// Entries as lines of JSON.
fn json_lines(out: &mut dyn Write, entries: &[Entry]) -> Result<(), Failure> {
    entries.iter().try_for_each(|entry| json(out, entry))
}
