//! Keeping the journal: check it, sign it, copy it, forget a person.

use super::{bar, block_on, json};
use crate::app::{App, Wants, log_options, open_log};
use crate::cli::{Global, VerifyArgs};
use crate::config::Project;
use crate::failure::Failure;
use attache::context::CustomerId;
use attache::engine::EraseError;
use attache::journal::Actor;
use attache::log::{Against, VerifyReport, backup_folder, read_heads, verify_export, verify_folder};
use indicatif::ProgressBar;
use std::fs::File;
use std::io::{BufReader, Write};
use std::path::Path;

pub(crate) fn verify(global: &Global, args: &VerifyArgs, out: &mut dyn Write) -> Result<(), Failure> {
    if let Some(file) = &args.export {
        return verify_file(global, file, args.key.as_deref(), out);
    }
    let heads = match &args.heads {
        Some(file) => read_heads(file)?,
        None => Vec::new(),
    };
    let against = Against { heads, key: args.key.clone() };
    let options = log_options(&Project::read(global.config.as_deref())?)?;
    let bar = progress(global, "checking");
    let report = verify_folder(&global.data, &options, &against, |done, all| show(&bar, done, all));
    bar.finish_and_clear();
    told(global, &report?, "ok", out)
}

fn verify_file(global: &Global, file: &Path, key: Option<&str>, out: &mut dyn Write) -> Result<(), Failure> {
    let reader = File::open(file).map_err(|e| Failure::refused(format!("{}: {e}", file.display())))?;
    let len = reader.metadata().map_or(0, |file| file.len());
    let bar = progress(global, "checking");
    bar.set_length(len);
    let report = verify_export(BufReader::new(bar.wrap_read(reader)));
    bar.finish_and_clear();
    let report = report.map_err(|e| Failure::check(format!("{}: {e}", file.display())))?;
    if key.is_some_and(|key| key != report.key) {
        return Err(Failure::check(format!("{}: it is signed with another key, {}", file.display(), report.key)));
    }
    if global.json {
        return json(out, &report);
    }
    Ok(writeln!(out, "ok: {} entries of {} runs, signed with {}", report.entries, report.runs, report.key)?)
}

fn told(global: &Global, report: &VerifyReport, what: &str, out: &mut dyn Write) -> Result<(), Failure> {
    if global.json {
        return json(out, report);
    }
    let VerifyReport { entries, runs, records, segments, erased, heads, .. } = report;
    let erased = if *erased > 0 { format!(", {erased} of them erased") } else { String::new() };
    let heads = if *heads == 1 { "1 signed head".to_owned() } else { format!("{heads} signed heads") };
    Ok(writeln!(
        out,
        "{what}: {entries} entries{erased} of {runs} runs in {records} records, {segments} segments; {heads}"
    )?)
}

pub(crate) fn head(global: &Global, out: &mut dyn Write) -> Result<(), Failure> {
    json(out, &open_log(global)?.sign()?)
}

pub(crate) fn backup(global: &Global, to: &Path, out: &mut dyn Write) -> Result<(), Failure> {
    let options = log_options(&Project::read(global.config.as_deref())?)?;
    let bar = progress(global, "copying");
    let report = backup_folder(&global.data, &options, to, |done, all| show(&bar, done, all));
    bar.finish_and_clear();
    told(global, &report?, "copied and checked", out)
}

pub(crate) fn erase(
    global: &Global,
    customer: &str,
    by: &str,
    reason: Option<String>,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let customer = CustomerId::new(customer).map_err(|e| Failure::refused(format!("{customer}: {e}")))?;
    let app = App::open(global, Wants::default())?;
    block_on(async {
        let erased = app.attache.erase(&customer, &Actor::Human(by.to_owned()), reason).await?;
        attache::server::forget_answers(&global.data.join("desk"))?;
        if global.json {
            return json(out, &erased);
        }
        writeln!(
            out,
            "erased: {} runs and {} messages of {customer} can no longer be read; entry 0 of run {} says so",
            erased.runs, erased.messages, erased.run
        )?;
        if !global.quiet {
            writeln!(
                out,
                "The CRM and copies that were made before are yours to clear: the journal does not reach them."
            )?;
        }
        Ok(())
    })
}

impl From<EraseError> for Failure {
    fn from(error: EraseError) -> Self {
        match error {
            EraseError::Store(error) => error.into(),
            EraseError::Unknown(_) => Self::refused(error.to_string()),
            EraseError::Outbox(_) => Self::unavailable(error.to_string()),
            _ => Self::ours(error.to_string()),
        }
    }
}

fn show(bar: &ProgressBar, done: u64, all: u64) {
    bar.set_length(all);
    bar.set_position(done);
}

fn progress(global: &Global, what: &str) -> ProgressBar {
    bar(global, &format!("{what} {{bar:40}} {{bytes}}/{{total_bytes}} {{bytes_per_sec}} {{eta}}"))
}
