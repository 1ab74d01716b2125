//! `attache run`.

use super::block_on;
use crate::app::{App, Observer, Wants};
use crate::cli::Global;
use crate::failure::Failure;
use crate::tell;
use attache::Bundle;
use attache::context::MAX_BYTES;
use attache::journal::RunId;
use futures::StreamExt;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;
use std::sync::Arc;

/// Runs one bundle.
pub(crate) fn bundle(
    global: &Global,
    file: &Path,
    playbook: Option<&str>,
    model: Option<&str>,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let bundle = Arc::new(read(file)?);
    let app = open(global, model)?;
    block_on(async {
        let report = app.attache.run(bundle, playbook).await;
        app.announce().await;
        let report = report?;
        tell_run(global, &app, &report.run, out).await
    })
}

/// Finishes the runs that something left unfinished.
pub(crate) fn resume(global: &Global, model: Option<&str>, out: &mut dyn Write) -> Result<(), Failure> {
    let app = open(global, model)?;
    block_on(async {
        let mut resumed = app.attache.engine().resume_all().await?;
        let (mut failures, mut nothing) = (Vec::new(), true);
        while let Some((run, result)) = resumed.next().await {
            nothing = false;
            match result {
                Ok(_) => tell_run(global, &app, &run, out).await?,
                Err(e) => failures.push(Failure::from(e)),
            }
        }
        drop(resumed);
        app.catch_up().await?;
        if nothing && !global.quiet && !global.json {
            writeln!(out, "nothing to resume")?;
        }
        Failure::all(failures)
    })
}

fn open(global: &Global, model: Option<&str>) -> Result<App, Failure> {
    let observer: Option<Observer> = if global.json {
        Some(Box::new(|line: &[u8]| {
            let mut out = io::stdout().lock();
            // A reader that has gone away does not stop a run.
            let _ = out.write_all(line).and_then(|()| out.write_all(b"\n")).and_then(|()| out.flush());
        }))
    } else {
        None
    };
    App::open(global, Wants { model, observer, ..Wants::default() })
}

async fn tell_run(global: &Global, app: &App, run: &RunId, out: &mut dyn Write) -> Result<(), Failure> {
    if global.json || global.quiet {
        return Ok(());
    }
    let entries = app.attache.entries(run).await?;
    tell::heading(out, run.as_str())?;
    tell::run(out, &entries)?;
    tell::aside(out, &format!("attache log show {run}"))?;
    Ok(())
}

/// Reads a bundle and names file and place of a fault.
fn read(file: &Path) -> Result<Bundle, Failure> {
    let refused = |what: String| Failure::refused(format!("{}: {what}", file.display()));
    let mut bytes = Vec::new();
    // One more than is allowed: enough to tell, and no more memory.
    let most = MAX_BYTES as u64 + 1;
    let read = if file == Path::new("-") {
        io::stdin().lock().take(most).read_to_end(&mut bytes)
    } else {
        File::open(file).and_then(|file| file.take(most).read_to_end(&mut bytes))
    };
    read.map_err(|e| refused(e.to_string()))?;
    Bundle::parse(&bytes).map_err(|e| refused(e.to_string()))
}
