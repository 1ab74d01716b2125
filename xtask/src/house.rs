//! The workspace on disk, and the commands that are run in it.

use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::Outcome;

/// The workspace's folder.
pub(crate) struct House {
    root: PathBuf,
}

/// Tests counted from cargo's own `test result:` lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
}

impl House {
    /// Finds the workspace: the folder above this crate's.
    pub(crate) fn find() -> Outcome<Self> {
        let manifest = std::env::var_os("CARGO_MANIFEST_DIR").ok_or("start this as `cargo xtask …`")?;
        let root = Path::new(&manifest).parent().ok_or("the xtask folder has no parent")?.to_path_buf();
        Ok(Self { root })
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) fn path(&self, relative: impl AsRef<Path>) -> PathBuf {
        self.root.join(relative)
    }

    /// The folder for tools and logs that the chores make; git ignores it.
    pub(crate) fn work(&self, relative: impl AsRef<Path>) -> PathBuf {
        self.root.join("target/xtask").join(relative)
    }

    /// A file for the output of a quiet command.
    pub(crate) fn log(&self, name: &str) -> Outcome<(PathBuf, fs::File)> {
        let path = self.work("log").join(name);
        fs::create_dir_all(self.work("log")).map_err(|e| format!("{}: {e}", self.work("log").display()))?;
        let file = fs::File::create(&path).map_err(|e| format!("{}: {e}", path.display()))?;
        Ok((path, file))
    }

    /// A command in the root folder, without what `cargo run` set for this process alone.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.root).stdin(Stdio::null());
        for (name, _) in std::env::vars_os() {
            let name = name.to_string_lossy();
            if name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") {
                command.env_remove(&*name);
            }
        }
        command
    }

    /// The cargo that runs this.
    pub(crate) fn cargo<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> Command {
        let mut command = self.command(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command.args(args);
        command
    }

    /// `cargo metadata` of the workspace's own crates.
    pub(crate) fn metadata(&self) -> Outcome<Value> {
        let mut command = self.cargo(["metadata", "--format-version=1", "--no-deps"]);
        let output = command.stderr(Stdio::inherit()).output().map_err(|e| format!("{}: {e}", shown(&command)))?;
        judged(&command, output.status)?;
        serde_json::from_slice(&output.stdout).map_err(|e| format!("{}: {e}", shown(&command)))
    }

    /// Runs a command, its output shown as it comes.
    pub(crate) fn run(&self, command: &mut Command) -> Outcome {
        let start = announced(command);
        let status = command.status().map_err(|e| format!("{}: {e}", shown(command)))?;
        finished(start);
        judged(command, status)
    }

    /// Runs a command that runs tests: as [`House::run`], and counts them.
    pub(crate) fn run_tests(&self, command: &mut Command, tally: &mut Tally) -> Outcome {
        let start = announced(command);
        let mut child = command.stdout(Stdio::piped()).spawn().map_err(|e| format!("{}: {e}", shown(command)))?;
        if let Some(stdout) = child.stdout.take() {
            let mut out = std::io::stdout().lock();
            for line in BufReader::new(stdout).split(b'\n') {
                let line = line.map_err(|e| format!("{}: {e}", shown(command)))?;
                tally.add(&String::from_utf8_lossy(&line));
                // A closed terminal is no fault of the tests.
                let _ = out.write_all(&line).and_then(|()| out.write_all(b"\n"));
            }
        }
        let status = child.wait().map_err(|e| format!("{}: {e}", shown(command)))?;
        finished(start);
        judged(command, status)
    }

    /// Runs a command with its output in a log, for at most `limit`; the error is the log's last line.
    pub(crate) fn run_quietly(&self, command: &mut Command, name: &str, limit: Duration) -> Outcome {
        let start = announced(command);
        let (path, file) = self.log(name)?;
        let again = file.try_clone().map_err(|e| e.to_string())?;
        let mut child = command.stdout(file).stderr(again).spawn().map_err(|e| format!("{}: {e}", shown(command)))?;
        let status = waited(&mut child, limit)?;
        finished(start);
        match status {
            Some(status) if status.success() => Ok(()),
            Some(_) => Err(last_lines(&path, 1)),
            None => Err(format!("no answer in {} s", limit.as_secs())),
        }
    }
}

impl Tally {
    /// Adds what a line says, if it is `test result: ok. 3 passed; 0 failed; …`.
    fn add(&mut self, line: &str) {
        let Some((_, rest)) = line.split_once("test result: ") else { return };
        let mut words = rest.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
        let mut before = words.next();
        for word in words {
            let number = before.and_then(|text| text.parse::<u64>().ok()).unwrap_or(0);
            match word {
                "passed" => self.passed += number,
                "failed" => self.failed += number,
                _ => {}
            }
            before = Some(word);
        }
    }
}

/// The command as a person would type it.
pub(crate) fn shown(command: &Command) -> String {
    let mut words = Vec::new();
    for (name, value) in command.get_envs() {
        if let Some(value) = value {
            words.push(format!("{}={}", name.to_string_lossy(), quoted(&value.to_string_lossy())));
        }
    }
    let program = Path::new(command.get_program());
    let inside = command.get_current_dir().and_then(|root| program.strip_prefix(root).ok());
    let program = match inside {
        Some(inside) => inside.display().to_string(),
        None => program.file_name().unwrap_or(program.as_os_str()).to_string_lossy().into_owned(),
    };
    words.push(quoted(&program));
    words.extend(command.get_args().map(|arg| quoted(&arg.to_string_lossy())));
    words.join(" ")
}

/// The last lines of a file that say something, as one line.
pub(crate) fn last_lines(path: &Path, count: usize) -> String {
    let text = fs::read(path).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let skip = lines.len().saturating_sub(count);
    lines.into_iter().skip(skip).collect::<Vec<_>>().join(" / ")
}

fn quoted(word: &str) -> String {
    if word.is_empty() || word.contains(char::is_whitespace) { format!("'{word}'") } else { word.to_owned() }
}

fn announced(command: &Command) -> Instant {
    println!("$ {}", shown(command));
    Instant::now()
}

fn finished(start: Instant) {
    println!("  ({:.1} s)", start.elapsed().as_secs_f64());
}

fn judged(command: &Command, status: ExitStatus) -> Outcome {
    if status.success() { Ok(()) } else { Err(format!("`{}` ended with {status}", shown(command))) }
}

fn waited(child: &mut Child, limit: Duration) -> Outcome<Option<ExitStatus>> {
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait().map_err(|e| e.to_string())? {
            return Ok(Some(status));
        }
        if start.elapsed() >= limit {
            // It may have ended by itself just now; either way it is gone after this.
            let _ = child.kill();
            let _ = child.wait();
            return Ok(None);
        }
        thread::sleep(Duration::from_millis(100));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_line_is_counted_and_other_lines_are_not() {
        let mut tally = Tally::default();
        tally.add("test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 3 filtered out; finished in 0.01s");
        tally.add("test result: FAILED. 2 passed; 1 failed; 0 ignored");
        tally.add("test a::b ... ok");
        assert_eq!(tally, Tally { passed: 14, failed: 1 });
    }

    #[test]
    fn a_command_is_shown_as_typed() {
        let mut command = Command::new("/somewhere/bin/cargo");
        command.args(["doc", "--no-deps"]).env("RUSTDOCFLAGS", "-D warnings");
        assert_eq!(shown(&command), "RUSTDOCFLAGS='-D warnings' cargo doc --no-deps");
    }
}
