//! The `attache` command.

mod app;
mod channels;
mod cli;
mod commands;
mod config;
#[cfg(feature = "embed")]
mod embed;
mod failure;
mod hooks;
mod tell;
mod traces;

use anstream::AutoStream;
use attache::tools::traces::TARGET;
use clap::Parser;
use failure::Failure;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;
use traces::Traces;
use tracing_subscriber::filter::{EnvFilter, FilterExt as _, filter_fn};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer as _, fmt, registry};

/// A seventh of a busy server's time was the system's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    let filter = std::env::var("ATTACHE_LOG").unwrap_or_else(|_| "warn".to_owned());
    let plain = std::env::var_os("NO_COLOR").is_some() || !io::stderr().is_terminal();
    // What is meant for a collector is no log.
    let filter = EnvFilter::new(filter).and(filter_fn(|metadata| metadata.target() != TARGET));
    let log = fmt::layer().with_ansi(!plain).with_writer(io::stderr).with_filter(filter);
    let traces = Traces::open(&cli.global);
    let layer = traces.as_ref().ok().and_then(Option::as_ref).map(Traces::layer);
    registry().with(layer).with(log).init();
    if let Err(error) = &traces {
        tracing::warn!(%error, "nothing is traced");
    }
    let mut out = AutoStream::auto(io::stdout().lock());
    let done = commands::run(&cli, &mut out).and_then(|()| out.flush().map_err(Failure::from));
    if let Ok(Some(traces)) = traces {
        traces.close();
    }
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) if failure.is_broken_pipe() => ExitCode::SUCCESS,
        Err(failure) => {
            let mut err = AutoStream::auto(io::stderr().lock());
            // Nobody is left to be told if this fails.
            let _ = writeln!(err, "error: {}", failure.message);
            failure.exit_code()
        }
    }
}
