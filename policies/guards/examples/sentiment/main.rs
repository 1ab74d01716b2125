//! Trains the shipped sentiment model and measures it; `cargo xtask
//! train-sentiment` and `cargo xtask quality` start it.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "what a command prints is what it is for")]

mod card;
mod data;
mod figures;
mod grammar;
mod learn;
mod quality;
mod train;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// What fails says why in one line.
type Outcome<T = ()> = Result<T, String>;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let outcome = match args.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["train", data] => train::run(Path::new(data)),
        ["quality"] => quality::run(None),
        ["quality", data] => quality::run(Some(Path::new(data))),
        _ => Err("usage: sentiment train DATA | sentiment quality [DATA]".to_owned()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("error: {why}");
            ExitCode::FAILURE
        }
    }
}

/// A path inside the crate.
fn here(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}
