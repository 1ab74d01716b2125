//! `cargo xtask test`: the steps that must pass, in the order in which they say most for the least time.

use std::time::{Duration, Instant};

use clap::ValueEnum;

use crate::house::{House, Tally};
use crate::{Outcome, desk, mail, model, readme, sign_in, tidy, tools};

/// One thing that must pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Step {
    /// rustfmt has nothing to change
    Fmt,
    /// the shape of the tree
    Tidy,
    /// the README's commands exist
    Readme,
    /// no warning, in any target
    Clippy,
    /// unit, integration and documentation tests
    Test,
    /// the documentation builds without a warning
    Doc,
    /// spelling
    Typos,
    /// licences, bans and sources of everything we depend on
    Deny,
    /// known advisories of everything we depend on
    Advisories,
    /// mail to a real mail server
    RealMail,
    /// signing in at a real provider of OpenID Connect
    RealSignIn,
    /// mail that comes in, from a real IMAP server
    RealImap,
    /// the interface under requests made up from its document
    Interface,
    /// the desk in a real browser
    Desk,
    /// a real small model behind a real HTTP server
    RealModel,
    /// a real sentence model, and what reads over it
    RealReader,
}

/// How a step that did not fail ended.
pub(crate) enum Done {
    Passed,
    /// Not run, because something it needs cannot be had here.
    Skipped {
        why: String,
        /// Why CI may pass without it; without this, CI fails.
        optional: Option<&'static str>,
    },
}

const QUICK: [Step; 4] = [Step::Fmt, Step::Tidy, Step::Clippy, Step::Test];

/// Runs the steps, stops at the first failure.
pub(crate) fn run(house: &House, quick: bool, only: &[Step]) -> Outcome {
    let steps: Vec<Step> = Step::value_variants()
        .iter()
        .copied()
        .filter(|step| if quick { QUICK.contains(step) } else { only.is_empty() || only.contains(step) })
        .collect();
    let ci = std::env::var("CI").is_ok_and(|value| value == "true");
    let begin = Instant::now();
    let mut tally = Tally::default();
    let mut lines = Vec::new();
    let mut skipped = 0;
    for (index, step) in steps.iter().enumerate() {
        let name = step.name();
        println!("\n== {}/{} {name}", index + 1, steps.len());
        let start = Instant::now();
        let done = step.run(house, &mut tally).and_then(|done| match done {
            Done::Skipped { why, optional: None } if ci => Err(format!("cannot be run in CI: {why}")),
            done => Ok(done),
        });
        let took = start.elapsed();
        match done {
            Ok(Done::Passed) => lines.push(format!("  {name:<11} passed   {}", time(took))),
            Ok(Done::Skipped { why, optional }) => {
                skipped += 1;
                let leave = optional.map(|reason| format!(" ({reason})")).unwrap_or_default();
                println!("warning: {name} was skipped: {why}");
                lines.push(format!("  {name:<11} SKIPPED  {why}{leave}"));
            }
            Err(why) => {
                return Err(format!("{name} after {}: {why} · again: cargo xtask test --only {name}", time(took)));
            }
        }
    }
    println!("\n== summary");
    for line in &lines {
        println!("{line}");
    }
    if tally != Tally::default() {
        println!("tests: {} passed, {} failed", tally.passed, tally.failed);
    }
    let rest = if skipped == 0 { String::new() } else { format!(", {skipped} skipped (above)") };
    println!("PASSED: {} steps{rest} in {}", steps.len() - skipped, time(begin.elapsed()));
    Ok(())
}

impl Step {
    fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }

    fn run(self, house: &House, tally: &mut Tally) -> Outcome<Done> {
        match self {
            Self::Fmt => house.run(&mut house.cargo(["fmt", "--all", "--check"]))?,
            Self::Tidy => tidy::run(house)?,
            Self::Readme => readme::run(house)?,
            Self::Clippy => house.run(&mut house.cargo([
                "clippy",
                "--workspace",
                "--all-targets",
                "--locked",
                "--",
                "-D",
                "warnings",
            ]))?,
            Self::Test => house.run_tests(&mut house.cargo(["test", "--workspace", "--locked"]), tally)?,
            Self::Doc => {
                let mut command =
                    house.cargo(["doc", "--workspace", "--no-deps", "--document-private-items", "--locked"]);
                house.run(command.env("RUSTDOCFLAGS", "-D warnings"))?;
            }
            Self::Typos => return typos(house),
            Self::Deny => return deny(house),
            Self::Advisories => return advisories(house),
            Self::Interface => return desk::interface(house),
            Self::Desk => return desk::run(house, tally),
            Self::RealMail => return mail::run(house, tally),
            Self::RealSignIn => return sign_in::run(house, tally),
            Self::RealImap => return mail::imap(house, tally),
            Self::RealModel => return model::run(house, tally),
            Self::RealReader => return model::reader(house, tally),
        }
        Ok(Done::Passed)
    }
}

fn typos(house: &House) -> Outcome<Done> {
    let typos = match tools::typos(house) {
        Ok(path) => path,
        Err(why) => return Ok(Done::Skipped { why, optional: None }),
    };
    house.run(house.command(typos).args(["--config", "typos.toml"]))?;
    Ok(Done::Passed)
}

fn deny(house: &House) -> Outcome<Done> {
    let deny = match tools::cargo_deny(house) {
        Ok(path) => path,
        Err(why) => return Ok(Done::Skipped { why, optional: None }),
    };
    house.run(house.command(deny).args([
        "--locked",
        "check",
        "--hide-inclusion-graph",
        "licenses",
        "bans",
        "sources",
    ]))?;
    Ok(Done::Passed)
}

fn advisories(house: &House) -> Outcome<Done> {
    let deny = match tools::cargo_deny(house) {
        Ok(path) => path,
        Err(why) => return Ok(Done::Skipped { why, optional: None }),
    };
    let mut fetch = house.command(&deny);
    fetch.args(["fetch", "db"]);
    if let Err(why) = house.run_quietly(&mut fetch, "advisories.log", Duration::from_secs(120)) {
        let why = format!("the advisory database cannot be fetched here: {why}");
        return Ok(Done::Skipped { why, optional: Some("optional: CI has no way to the database") });
    }
    house.run(house.command(&deny).args(["--locked", "check", "--hide-inclusion-graph", "advisories"]))?;
    Ok(Done::Passed)
}

fn time(took: Duration) -> String {
    let seconds = took.as_secs();
    if seconds < 60 {
        format!("{:.1} s", took.as_secs_f64())
    } else {
        format!("{} min {} s", seconds / 60, seconds % 60)
    }
}
