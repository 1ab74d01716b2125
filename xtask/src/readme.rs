//! The README's commands are those that exist.

use std::fs;

use clap::CommandFactory;

use crate::house::House;
use crate::{Cli, Outcome};

/// What a reader must find, word for word.
const NAMED: [(&str, &str); 3] =
    [("README.md", "cargo xtask test"), ("README.md", "cargo run -- demo"), (".ci/run", "cargo xtask test")];

/// Fails when a command is not named, or a named chore does not exist.
pub(crate) fn run(house: &House) -> Outcome {
    let mut faults = Vec::new();
    for (file, command) in NAMED {
        match fs::read_to_string(house.path(file)) {
            Ok(text) if text.contains(command) => {}
            Ok(_) => faults.push(format!("{file}: does not name `{command}`")),
            Err(e) => faults.push(format!("{file}: {e}")),
        }
    }
    let text = fs::read_to_string(house.path("README.md")).unwrap_or_default();
    let verbs: Vec<String> = Cli::command().get_subcommands().map(|verb| verb.get_name().to_owned()).collect();
    for verb in verbs_named(&text) {
        if !verbs.iter().any(|known| known == verb) {
            faults.push(format!("README.md: `cargo xtask {verb}` does not exist"));
        }
    }
    for fault in &faults {
        eprintln!("{fault}");
    }
    if faults.is_empty() { Ok(()) } else { Err(faults.join("; ")) }
}

/// The words that follow `cargo xtask` in a text.
fn verbs_named(text: &str) -> impl Iterator<Item = &str> {
    text.split("cargo xtask ").skip(1).filter_map(|rest| {
        let word = rest.split(|c: char| !(c.is_ascii_lowercase() || c == '-')).next()?;
        (!word.is_empty() && !word.starts_with('-')).then_some(word)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verbs_are_read_out_of_prose() {
        let text = "Run `cargo xtask test`, or cargo xtask fuzz --seconds 9; `cargo xtask --help` lists all, `cargo xtask VERB`.";
        assert_eq!(verbs_named(text).collect::<Vec<_>>(), ["test", "fuzz"]);
    }
}
