//! The command itself: killed while it runs a bundle, on a full disk, and twice
//! on one folder.

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

fn attache(data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_attache"));
    command.env("ATTACHE_DATA", data).current_dir(data).stdin(Stdio::null());
    for variable in ["OPENAI_API_KEY", "OPENAI_BASE_URL", "ATTACHE_MODEL"] {
        command.env_remove(variable);
    }
    command
}

fn run(data: &Path, args: &[&str]) -> Output {
    attache(data).args(args).output().unwrap()
}

fn bundle(name: &str) -> String {
    format!("{}/examples/bundles/{name}", env!("CARGO_MANIFEST_DIR"))
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn project() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    assert!(run(dir.path(), &["init", "."]).status.success());
    dir
}

/// How many messages left.
fn mails(data: &Path) -> usize {
    std::fs::read_dir(data.join("outbox")).map_or(0, Iterator::count)
}

#[test]
fn the_killed_command_is_finished_by_resume() {
    let dir = project();
    assert!(run(dir.path(), &["run", &bundle("wants-human.json"), "--quiet"]).status.success());
    let mut told = 0;
    for wait in [0, 1, 3, 10, 30, 100] {
        // It says each entry when it is durable; it dies soon after the first.
        let mut command = attache(dir.path());
        command.args(["run", &bundle("wants-human.json"), "--json"]).stdout(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let mut out = std::io::BufReader::new(process.stdout.take().unwrap());
        let mut said = String::new();
        std::io::BufRead::read_line(&mut out, &mut said).unwrap();
        std::thread::sleep(Duration::from_millis(wait));
        process.kill().unwrap();
        process.wait().unwrap();
        std::io::Read::read_to_string(&mut out, &mut said).unwrap();
        told += said.lines().count();
        let resumed = run(dir.path(), &["run", "--resume", "--quiet"]);
        assert_eq!(resumed.status.code(), Some(0), "{}", err(&resumed));
        let verified = run(dir.path(), &["log", "verify"]);
        assert_eq!(verified.status.code(), Some(0), "{}", err(&verified));
        let exported = String::from_utf8(run(dir.path(), &["log", "export"]).stdout).unwrap();
        for line in said.lines().filter(|line| line.ends_with('}')) {
            assert!(exported.contains(line), "told and lost: {line}");
        }
        // Each asks for a person and is told once that one takes over.
        let runs = String::from_utf8(run(dir.path(), &["log", "list", "--json"]).stdout).unwrap().lines().count();
        assert_eq!(mails(dir.path()), runs, "one message a run");
    }
    assert!(told > 0);
}

#[test]
fn the_second_process_on_a_folder_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let (mut first, lines) = crate::start(dir.path(), false);
    assert_eq!(lines.recv_timeout(Duration::from_secs(60)).unwrap(), "up");
    for args in [&["log", "list"][..], &["run", "--resume"], &["review", "list"]] {
        let second = run(dir.path(), args);
        assert_eq!(second.status.code(), Some(3), "{args:?}: {}", err(&second));
        assert!(err(&second).contains("in use by another process"), "{args:?}: {}", err(&second));
    }
    first.kill().unwrap();
    first.wait().unwrap();
    assert_eq!(run(dir.path(), &["log", "verify"]).status.code(), Some(0), "and harmed nothing");
}

/// Runs bundles until one stops, makes room, and goes on. `$1` is the command,
/// `$2` the bundle; the last line says what the statuses were.
const FILL: &str = r#"
for i in $(seq 200); do
    "$1" run "$2" --quiet; status=$?
    [ $status -eq 0 ] || break
done
"#;

const GO_ON: &str = r#"
"$1" run --resume --quiet; resumed=$?
"$1" log verify --json >/dev/null; verified=$?
echo "statuses $status $resumed $verified after $i"
"#;

fn fill(data: &Path, wrapper: &[&str], script: &str) -> Option<String> {
    let mut command = Command::new(wrapper[0]);
    command.args(&wrapper[1..]).args(["sh", "-c", script, "sh", env!("CARGO_BIN_EXE_attache")]);
    command.arg(bundle("wants-human.json")).env("DATA", data).env("ATTACHE_DATA", data).current_dir(data);
    for variable in ["OPENAI_API_KEY", "OPENAI_BASE_URL", "ATTACHE_MODEL"] {
        command.env_remove(variable);
    }
    let output = command.output().ok()?;
    let out = String::from_utf8_lossy(&output.stdout).into_owned();
    let last = out.lines().find(|line| line.starts_with("statuses")).map(str::to_owned);
    if last.is_none() {
        eprintln!("{}: {}", wrapper[0], err(&output));
    }
    Some(format!("{}\n{}", last?, err(&output)))
}

#[test]
fn a_full_disk_stops_the_run_with_status_3_and_it_goes_on_with_room() {
    let dir = project();
    // A small file system of its own, in a namespace of its own.
    let mount = r#"mkdir -p "$DATA/small" && mount -t tmpfs -o size=1400k none "$DATA/small" || exit 9
export ATTACHE_DATA="$DATA/small"
head -c 200000 /dev/zero > "$ATTACHE_DATA/ballast""#;
    let script = format!("{mount}\n{FILL}\nrm \"$ATTACHE_DATA/ballast\"\n{GO_ON}");
    let wrapper = ["unshare", "--user", "--map-root-user", "--mount"];
    match fill(dir.path(), &wrapper, &script) {
        Some(told) => {
            assert!(told.starts_with("statuses 3 0 0 "), "{told}");
            assert!(told.contains("the disk is full"), "{told}");
        }
        None => eprintln!("SKIPPED: no file system can be mounted here; the limit of a file's size stands for it"),
    }
}

#[test]
fn a_log_that_may_not_grow_stops_the_run_with_status_3_and_it_goes_on() {
    let dir = project();
    // Everything that is not the log is there already: nothing else needs room.
    assert!(run(dir.path(), &["run", &bundle("wants-human.json"), "--quiet"]).status.success());
    let segment = std::fs::read_dir(dir.path().join("log")).unwrap().next().unwrap().unwrap();
    // In blocks of 512 bytes, as POSIX has it; some shells count in 1024.
    let blocks = segment.metadata().unwrap().len().div_ceil(1_024) + 8;
    let script = format!("trap '' XFSZ\n(ulimit -f {blocks}\n{FILL}\nexit $status)\nstatus=$?\n{GO_ON}");
    let told = fill(dir.path(), &["env"], &script).unwrap();
    assert!(told.starts_with("statuses 3 0 0 "), "{told}");
}
