//! Real processes, a real disk: SIGKILL at random moments, a disk that is full,
//! and two processes that want the same folder.
#![cfg(unix)]
#![expect(
    clippy::indexing_slicing,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test stops where something is wrong, and says what it counted"
)]

mod child;
mod command;

use attache::journal::{Actor, DraftFilter, DraftState, Entry, Event, Outcome, RunFilter, Store};
use attache::log::{Against, LogOptions, LogStore, verify_folder};
use attache_testkit::block_on;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// How often the process is killed.
const KILLS: u64 = 50;

/// Not a test of its own: the process that the others kill. Among them it does nothing.
#[test]
fn the_process() {
    let Some(folder) = std::env::var_os(child::FOLDER) else { return };
    child::main(Path::new(&folder), std::env::var_os(child::LAST).is_some());
}

/// Starts it, and reads what it says.
fn start(folder: &Path, last: bool) -> (Child, Receiver<String>) {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["the_process", "--exact", "--nocapture"]).env(child::FOLDER, folder);
    if last {
        command.env(child::LAST, "1");
    }
    let mut process = command.stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn().unwrap();
    let out = BufReader::new(process.stdout.take().unwrap());
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        // A line that a kill cut through was told to nobody.
        for line in out.split(b'\n').map_while(Result::ok) {
            let line = String::from_utf8_lossy(&line).into_owned();
            // The harness writes the test's name before the first.
            if let Some((_, said)) = line.split_once("@ ") {
                let _ = sender.send(said.to_owned());
            }
        }
    });
    (process, receiver)
}

/// What the processes said.
#[derive(Default)]
struct Said {
    entries: BTreeMap<(String, u64), String>,
    ended: u64,
    resumed: u64,
    approved: BTreeMap<String, String>,
}

impl Said {
    fn hear(&mut self, line: &str) {
        match *line.split(' ').collect::<Vec<_>>() {
            ["entry", run, seq, hash] if hash.len() == 64 => {
                self.entries.insert((run.to_owned(), seq.parse().unwrap()), hash.to_owned());
            }
            ["ended", ..] => self.ended += 1,
            ["resumed", ..] => self.resumed += 1,
            ["approved", run, outcome] => drop(self.approved.insert(run.to_owned(), outcome.to_owned())),
            _ => {}
        }
    }
}

fn store(folder: &Path) -> LogStore {
    LogStore::open(folder, LogOptions::default()).unwrap()
}

/// The entries of all runs.
fn journal(folder: &Path) -> BTreeMap<String, Vec<Entry>> {
    let store = store(folder);
    let runs = block_on(store.runs(&RunFilter::default())).unwrap();
    runs.into_iter().map(|run| (run.run.to_string(), block_on(store.entries(&run.run)).unwrap())).collect()
}

#[test]
fn nothing_is_lost_and_nothing_leaves_twice() {
    let dir = tempfile::tempdir().unwrap();
    let mut chance = u64::from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().subsec_nanos());
    let mut below = |n: u64| {
        chance = chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (chance >> 33) % n
    };
    let began = Instant::now();
    let mut said = Said::default();
    for kill in 0..KILLS {
        let (mut process, lines) = start(dir.path(), false);
        // At work, or while it resumes; every fifth, while it opens its store.
        for _ in 0..if kill % 5 > 0 { 1 + below(120) } else { 0 } {
            said.hear(&lines.recv_timeout(Duration::from_secs(60)).unwrap());
        }
        let some = if kill % 5 > 0 { below(8_000) } else { below(100_000) };
        std::thread::sleep(Duration::from_micros(some));
        process.kill().unwrap();
        process.wait().unwrap();
        lines.iter().for_each(|line| said.hear(&line));
        if dir.path().join("log").exists() {
            verify_folder(dir.path(), &LogOptions::default(), &Against::default(), |_, _| {}).unwrap();
        }
        if kill % 10 == 9 {
            kept(&said, &journal(dir.path()));
            eprintln!(
                "{} kills, {} entries told, {:.0} s",
                kill + 1,
                said.entries.len(),
                began.elapsed().as_secs_f64()
            );
        }
    }
    let (mut process, lines) = start(dir.path(), true);
    lines.iter().for_each(|line| said.hear(&line));
    assert!(process.wait().unwrap().success());
    let runs = journal(dir.path());
    kept(&said, &runs);
    let store = store(dir.path());
    let unfinished = RunFilter { unfinished: true, ..RunFilter::default() };
    assert!(block_on(store.runs(&unfinished)).unwrap().is_empty(), "every run was resumed");
    let drafts = block_on(store.drafts(&DraftFilter::default())).unwrap();
    assert!(drafts.iter().all(|draft| draft.state == DraftState::Sent), "every draft was approved and left");
    let mails = mails(dir.path(), &runs, &said);
    let done = said.ended + said.resumed;
    assert!(done > KILLS && said.resumed > 0, "the processes did next to nothing: {done} runs");
    eprintln!(
        "{KILLS} kills: {} entries told, {} runs, {} ended, {} resumed, {} approvals told, {mails} mails",
        said.entries.len(),
        runs.len(),
        said.ended,
        said.resumed,
        said.approved.len()
    );
}

/// Every entry that was told is there, as it was told.
fn kept(said: &Said, runs: &BTreeMap<String, Vec<Entry>>) {
    for ((run, seq), hash) in &said.entries {
        let entry = runs.get(run).and_then(|entries| entries.iter().find(|entry| entry.seq == *seq));
        assert_eq!(entry.map(|entry| &entry.hash), Some(hash), "entry {seq} of {run} was told and lost");
    }
}

/// Every message that was allowed or approved is a file, once; there is no other.
fn mails(folder: &Path, runs: &BTreeMap<String, Vec<Entry>>, said: &Said) -> usize {
    let mut expected = BTreeSet::new();
    for (run, entries) in runs {
        let mut approved = false;
        for entry in entries {
            match entry.event.as_ref().unwrap() {
                Event::ReviewDecided(_) => approved = matches!(entry.actor, Actor::Human(_)),
                Event::ToolCalled(called) if called.tool == "send_email" || called.tool == "reply" => {
                    assert!(approved || called.tool == "reply", "{run}: sent, and nobody approved it");
                    assert!(
                        expected.insert(format!("{}.eml", called.key.as_str().get(..32).unwrap())),
                        "{run}: a key came twice"
                    );
                }
                Event::RunEnded(ended) => assert_ne!(ended.outcome, Outcome::Failed, "{run}: {ended:?}"),
                _ => {}
            }
        }
    }
    let files = std::fs::read_dir(folder.join("outbox")).unwrap();
    let found: BTreeSet<String> = files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(found, expected, "the messages that left are not those that were allowed");
    let mut readers = BTreeSet::new();
    for file in &found {
        let mail = std::fs::read_to_string(folder.join("outbox").join(file)).unwrap();
        let to = mail.lines().find_map(|line| line.strip_prefix("To: ")).unwrap().to_owned();
        // Each customer has one run.
        assert!(readers.insert(to.clone()), "{to} got two messages");
    }
    let sent = |run: &String| {
        let sent = |entry: &Entry| matches!(entry.event, Some(Event::MessageSent(_)));
        runs[run].iter().filter(|entry| sent(entry)).count()
    };
    for run in said.approved.keys() {
        assert_eq!(sent(run), 1, "{run}: an approval was told");
    }
    found.len()
}
