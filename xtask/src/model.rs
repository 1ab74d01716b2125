//! Tests over real models: a small language model behind an OpenAI-compatible server on loopback, and a sentence model.

use crate::check::Done;
use crate::house::{House, Tally};
use crate::server::{Server, free_port};
use crate::{Outcome, tools};

const SERVE: &str = "agents/models/tests/real_model/serve.py";

/// Runs the tests named `real_reader` and `real_gaps` over the real sentence model.
pub(crate) fn reader(house: &House, tally: &mut Tally) -> Outcome<Done> {
    let model = match tools::sentence_model(house) {
        Ok(model) => model,
        Err(why) => return Ok(Done::Skipped { why, optional: None }),
    };
    let tests = ["--test", "real_reader", "--test", "real_gaps"];
    let mut test = house.cargo(["test", "--locked", "--workspace"]);
    test.args(tests).args(["--", "--nocapture"]);
    house.run_tests(test.env("ATTACHE_REAL_SENTENCE_MODEL", model), tally)?;
    Ok(Done::Passed)
}

/// Starts the server, runs the tests named `real_model` against it, stops it.
pub(crate) fn run(house: &House, tally: &mut Tally) -> Outcome<Done> {
    if !house.path(SERVE).exists() {
        return Err(format!("{SERVE} is missing"));
    }
    let python = match tools::model_python(house) {
        Ok(python) => python,
        Err(why) => return Ok(Done::Skipped { why, optional: None }),
    };
    let port = free_port()?;
    // Stopped when this returns.
    let _server = Server::start(house, house.command(python).arg(SERVE).arg(port.to_string()), "real-model.log")?;
    let url = format!("http://127.0.0.1:{port}/v1");
    // The whole workspace, so that cargo builds it with the features it has built already.
    let mut test = house.cargo(["test", "--locked", "--workspace", "--test", "real_model", "--", "--nocapture"]);
    house.run_tests(test.env("ATTACHE_REAL_MODEL_URL", &url), tally)?;
    Ok(Done::Passed)
}
