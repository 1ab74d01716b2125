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

use anstream::AutoStream;
use clap::Parser;
use failure::Failure;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    let filter = std::env::var("ATTACHE_LOG").unwrap_or_else(|_| "warn".to_owned());
    let plain = std::env::var_os("NO_COLOR").is_some() || !io::stderr().is_terminal();
    tracing_subscriber::fmt().with_env_filter(filter).with_ansi(!plain).with_writer(io::stderr).init();
    let mut out = AutoStream::auto(io::stdout().lock());
    let done = commands::run(&cli, &mut out).and_then(|()| out.flush().map_err(Failure::from));
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
