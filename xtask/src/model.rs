//! The real model test: a small language model behind an OpenAI-compatible server on loopback.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::{Child, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use crate::check::Done;
use crate::house::{House, Tally, last_lines, shown};
use crate::{Outcome, tools};

const SERVE: &str = "agents/models/tests/real_model/serve.py";
const PATIENCE: Duration = Duration::from_secs(180);

/// Stops the server when the test is over, however it ended.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself; either way it is gone after this.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
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
    let (path, log) = house.log("real-model.log")?;
    let mut command = house.command(python);
    // The server ends with its standard input, so it cannot outlive this process.
    command.arg(SERVE).arg(port.to_string()).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(log);
    println!("$ {} &", shown(&command));
    let start = Instant::now();
    let mut server = Server(command.spawn().map_err(|e| format!("{}: {e}", shown(&command)))?);
    let stdout = server.0.stdout.take().ok_or("the server has no output")?;
    let (ready, wait) = mpsc::channel();
    thread::spawn(move || {
        // Reads on to the end, or the server would stop at a full pipe.
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            if line.starts_with("READY") {
                // Nobody waits any more when the test has failed meanwhile.
                let _ = ready.send(line);
            }
        }
    });
    let line = wait.recv_timeout(PATIENCE).map_err(|e| match e {
        mpsc::RecvTimeoutError::Timeout => format!("the server was not ready in {} s", PATIENCE.as_secs()),
        mpsc::RecvTimeoutError::Disconnected => {
            format!("the server ended before it was ready: {}", last_lines(&path, 5))
        }
    })?;
    println!("{line} ({:.1} s)", start.elapsed().as_secs_f64());
    let url = format!("http://127.0.0.1:{port}/v1");
    // The whole workspace, so that cargo builds it with the features it has built already.
    let mut test = house.cargo(["test", "--locked", "--workspace", "--test", "real_model", "--", "--nocapture"]);
    house.run_tests(test.env("ATTACHE_REAL_MODEL_URL", &url), tally)?;
    Ok(Done::Passed)
}

fn free_port() -> Outcome<u16> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).map_err(|e| format!("no free port: {e}"))?;
    listener.local_addr().map(|address| address.port()).map_err(|e| format!("no free port: {e}"))
}
