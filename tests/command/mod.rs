//! The built command, run in a folder.
#![allow(dead_code, reason = "each test file uses what it needs")]

use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};

pub(crate) fn attache(data: &Path, args: &[&str]) -> Output {
    feed(data, args, "")
}

pub(crate) fn feed(data: &Path, args: &[&str], input: impl AsRef<[u8]>) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_attache"))
        .args(args)
        .env("ATTACHE_DATA", data)
        .env_remove("OPENAI_API_KEY")
        .env_remove("OPENAI_BASE_URL")
        .env_remove("ATTACHE_MODEL")
        .env_remove("USER")
        .current_dir(data)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // The child may refuse without reading.
    let _ = child.stdin.take().unwrap().write_all(input.as_ref());
    child.wait_with_output().unwrap()
}

pub(crate) fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

pub(crate) fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

pub(crate) fn project() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let made = attache(dir.path(), &["init", "company"]);
    assert!(made.status.success(), "{}", err(&made));
    dir
}

pub(crate) fn bundle(name: &str) -> String {
    format!("{}/examples/bundles/{name}", env!("CARGO_MANIFEST_DIR"))
}
