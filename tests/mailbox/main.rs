//! Mail that customers send, as a served project takes it in: posted by another
//! system, and from a mailbox of a real IMAP server.
#![expect(
    clippy::indexing_slicing,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test stops where something is wrong, and says what it left out"
)]
#![cfg(unix)]

#[path = "../command/mod.rs"]
mod command;
mod fetched;
mod office;
mod posted;
#[path = "../../tools/channels/tests/mail/sink.rs"]
#[expect(dead_code, reason = "the counterpart can do more than is needed here")]
mod sink;

use attache::channels::WebhookKeys;
use command::{err, out, project};
use jiff::Timestamp;
use serde_json::Value;
use sink::Sink;
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

pub(crate) const KEY: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// A question that an article of the sample project answers.
pub(crate) const QUESTION: &str = "Which columns are required to import our assets from a CSV file, and how many rows \
    may one file hold?";

/// A served project with a mail server that takes what leaves.
pub(crate) struct Served {
    pub(crate) dir: tempfile::TempDir,
    pub(crate) sink: Sink,
    server: Option<Child>,
    pub(crate) url: String,
}

impl Served {
    /// A project with these settings besides.
    pub(crate) async fn with(settings: &str) -> Self {
        let (dir, sink) = (project(), sink::start(None).await);
        let settings = format!(
            "[mail.smtp]\nhost = \"127.0.0.1\"\nport = {}\nencryption = \"none\"\ntimeout_seconds = 60\n\
             [mail.inbound]\nai_interaction = true\nauthenticated_by = \"mx.brightwater.example\"\n{settings}",
            sink.port
        );
        let file = dir.path().join("company/attache.toml");
        let text = fs::read_to_string(&file).unwrap();
        fs::write(&file, text.replace("[project]", &format!("{settings}\n[project]"))).unwrap();
        let mut served = Self { dir, sink, server: None, url: String::new() };
        served.start();
        served
    }

    pub(crate) fn start(&mut self) {
        let mut server = calling(self.dir.path(), &["serve", "--listen", "127.0.0.1:0"]);
        let mut server = server.stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = std::io::BufRead::lines(std::io::BufReader::new(server.stdout.take().unwrap()));
        let url = lines.find_map(|line| line.unwrap().strip_prefix("serving at ").map(str::to_owned));
        // What it says later is read, or it would stop at a full pipe.
        std::thread::spawn(move || lines.for_each(drop));
        (self.server, self.url) = (Some(server), url.unwrap());
    }

    /// As a power cut would.
    pub(crate) fn kill(&mut self) {
        if let Some(mut server) = self.server.take() {
            server.kill().unwrap();
            server.wait().unwrap();
        }
    }

    /// Kills it and gives the journal: each run by its entries.
    pub(crate) async fn runs(&mut self) -> Vec<Vec<Value>> {
        self.kill();
        let exported = attache(self.dir.path(), &["log", "export"]).await;
        assert!(exported.status.success(), "{}", err(&exported));
        let mut runs: Vec<Vec<Value>> = Vec::new();
        let text = out(&exported);
        for entry in text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()) {
            if entry["run"] == "desk" || entry.get("seq").is_none() {
                continue;
            }
            match runs.iter_mut().find(|run| run[0]["run"] == entry["run"]) {
                Some(run) => run.push(entry),
                None => runs.push(vec![entry]),
            }
        }
        runs.retain(|run| run[0]["event"]["type"] == "run_started");
        runs
    }

    /// Waits until so many messages left.
    pub(crate) async fn answers(&self, count: usize) {
        for _ in 0..600 {
            if self.sink.seen.count() >= count {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert_eq!(self.sink.seen.count(), count, "it was not answered");
    }

    /// The id of a message that left.
    pub(crate) fn id(&self, at: usize) -> String {
        let mail = self.sink.seen.message(at);
        mail.lines().find_map(|line| line.strip_prefix("Message-ID: ")).unwrap().trim().to_owned()
    }

    /// Posts a message as the delivery `id`; the status and what is said.
    pub(crate) async fn post(&self, id: &str, mail: &str) -> (u16, String) {
        let now = Timestamp::now();
        let signature = WebhookKeys::parse(KEY).unwrap().sign(id, now, mail.as_bytes());
        let request = reqwest::Client::new().post(format!("{}/hooks/mail", self.url));
        let request = request.header("content-type", "message/rfc822").header("webhook-id", id);
        let request = request.header("webhook-timestamp", now.as_second()).header("webhook-signature", signature);
        let answer = request.body(mail.to_owned()).send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.kill();
    }
}

pub(crate) async fn attache(dir: &Path, args: &[&str]) -> Output {
    let mut command = calling(dir, args);
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
}

fn calling(dir: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_attache"));
    command.args(args).current_dir(dir).stdin(Stdio::null());
    command.env("ATTACHE_DATA", dir).env("ATTACHE_CONFIG", dir.join("company/attache.toml"));
    command.env("ATTACHE_MAIL_SECRET", KEY).env("ATTACHE_IMAP_PASSWORD", office::PASSWORD);
    for name in ["OPENAI_API_KEY", "OPENAI_BASE_URL", "ATTACHE_MODEL"] {
        command.env_remove(name);
    }
    command
}

/// What our mail server says of a message that is whose it says.
pub(crate) const PASS: &str =
    "Authentication-Results: mx.brightwater.example; dmarc=pass header.from=grindlebeck.example";

/// An e-mail of a customer of the sample project, with these headers besides.
pub(crate) fn mail(id: &str, headers: &str, text: &str) -> String {
    let headers = if headers.is_empty() { String::new() } else { format!("{headers}\n") };
    let mail = format!(
        "{headers}From: Owen Tarrant <owen@grindlebeck.example>\nTo: support@brightwater.example\n\
         Subject: Re: Import\nMessage-ID: {id}\nDate: Fri, 20 Nov 2026 09:00:00 +0000\nMIME-Version: 1.0\n\
         Content-Type: text/plain; charset=utf-8\n\n{text}\n"
    );
    mail.replace('\n', "\r\n")
}
