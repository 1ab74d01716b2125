//! A server that a test needs, started for it and stopped after it.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use crate::Outcome;
use crate::house::{House, last_lines, shown};

const PATIENCE: Duration = Duration::from_secs(180);

/// So long a server may take to end by itself.
const FAREWELL: Duration = Duration::from_secs(5);

/// Stops the server when the test is over, however it ended.
pub(crate) struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        // It ends with its standard input, and takes what it started with it.
        drop(self.0.stdin.take());
        let begin = Instant::now();
        while begin.elapsed() < FAREWELL && matches!(self.0.try_wait(), Ok(None)) {
            thread::sleep(Duration::from_millis(20));
        }
        // It may have ended by itself; either way it is gone after this.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Server {
    /// Starts it and waits until it prints a line that begins with `READY`.
    pub(crate) fn start(house: &House, command: &mut Command, log: &str) -> Outcome<Self> {
        let (path, log) = house.log(log)?;
        // The server ends with its standard input, so it cannot outlive this process.
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(log);
        println!("$ {} &", shown(command));
        let start = Instant::now();
        let mut server = Self(command.spawn().map_err(|e| format!("{}: {e}", shown(command)))?);
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
        Ok(server)
    }
}

pub(crate) fn free_port() -> Outcome<u16> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).map_err(|e| format!("no free port: {e}"))?;
    listener.local_addr().map(|address| address.port()).map_err(|e| format!("no free port: {e}"))
}
