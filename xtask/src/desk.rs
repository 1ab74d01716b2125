//! The desk in a real browser, and the interface under requests that are made up from its document.

use crate::check::Done;
use crate::house::{House, Tally};
use crate::{Outcome, tools};
use std::path::PathBuf;
use std::process::Command;

/// Drives the desk with Chromium; screenshots stay in `target/xtask/desk-shots`.
pub(crate) fn run(house: &House, tally: &mut Tally) -> Outcome<Done> {
    let found = chromium().and_then(|chromium| Ok((chromium, tools::desk_modules(house)?)));
    let (chromium, modules) = match found {
        Ok(found) => found,
        Err(why) => return Ok(Done::Skipped { why, optional: Some("optional: not every machine has a browser") }),
    };
    let mut node = script(house, "tests/desk/desk.mjs")?;
    node.env("CHROMIUM", chromium).env("DESK_MODULES", modules).env("DESK_SHOTS", house.work("desk-shots"));
    house.run_tests(&mut node, tally)?;
    Ok(Done::Passed)
}

/// Asks the interface what its document says can be asked, and much that cannot.
pub(crate) fn interface(house: &House) -> Outcome<Done> {
    let schemathesis = match tools::schemathesis(house) {
        Ok(path) => path,
        Err(why) => return Ok(Done::Skipped { why, optional: None }),
    };
    let mut node = match script(house, "tests/desk/api.mjs") {
        Ok(node) => node,
        Err(why) => return Ok(Done::Skipped { why, optional: Some("optional: not every machine has Node") }),
    };
    house.run(node.env("SCHEMATHESIS", schemathesis))?;
    Ok(Done::Passed)
}

/// A script that starts our own server, which is built first.
fn script(house: &House, path: &str) -> Outcome<Command> {
    // Only a Node that answers is there.
    let version = house.command("node").arg("--version").output();
    version.map_err(|e| format!("Node cannot be started: {e}"))?;
    // As the tests build it: another set of features would build all that it rests on again.
    house.run(&mut house.cargo(["test", "--workspace", "--locked", "--no-run", "--test", "cli"]))?;
    let mut node = house.command("node");
    node.arg(house.path(path)).env("ATTACHE", house.path("target/debug/attache"));
    Ok(node)
}

/// The browser of the system.
fn chromium() -> Outcome<PathBuf> {
    let places = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].map(PathBuf::from);
    let found = places.into_iter().find(|place| place.exists());
    found.ok_or_else(|| "there is no Chromium; install the package `chromium`".to_owned())
}
