//! The real sign-in test: people at a provider of OpenID Connect that is not ours.

use crate::check::Done;
use crate::house::{House, Tally};
use crate::server::{Server, free_port};
use crate::{Outcome, tools};

/// Starts the provider, runs the test named `real_sign_in` against it, stops it.
pub(crate) fn run(house: &House, tally: &mut Tally) -> Outcome<Done> {
    let node = house.command("node").arg("--version").output();
    let modules = node.map_err(|e| format!("Node cannot be started: {e}")).and_then(|_| tools::provider_modules(house));
    let modules = match modules {
        Ok(modules) => modules,
        Err(why) => return Ok(Done::Skipped { why, optional: Some("optional: not every machine has Node") }),
    };
    let (port, desk) = (free_port()?, format!("127.0.0.1:{}", free_port()?));
    let mut command = house.command("node");
    command.arg(house.path("tests/real_sign_in/serve.mjs")).env("PROVIDER_MODULES", modules);
    command.arg(port.to_string()).arg(format!("http://{desk}/sign-in/openid/done"));
    // Stopped when this returns.
    let _server = Server::start(house, &mut command, "real-sign-in.log")?;
    // The whole workspace, so that cargo builds it with the features it has built already.
    let mut test = house.cargo(["test", "--locked", "--workspace", "--test", "real_sign_in", "--", "--nocapture"]);
    house.run_tests(test.env("ATTACHE_REAL_PROVIDER", format!("http://127.0.0.1:{port}|{desk}")), tally)?;
    Ok(Done::Passed)
}
