//! E-mail over a real socket: what leaves, how often, and what is known of it.
#![expect(
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test stops where something is wrong"
)]

mod kill;
mod sink;
mod smtp;

use attache_channels::{Encryption, Env, SmtpConfig, SmtpOutbox, Suppressions};
use attache_context::Channel;
use attache_journal::RunId;
use attache_tools::Outgoing;
use std::path::Path;

const FROM: &str = "Brightwater <team@brightwater.example>";

fn config(port: u16) -> SmtpConfig {
    serde_json::from_value(serde_json::json!({
        "host": "127.0.0.1", "port": port, "encryption": "none", "timeout_seconds": 5
    }))
    .unwrap()
}

fn outbox(config: &SmtpConfig, folder: &Path) -> SmtpOutbox {
    let env = |name: &str| (name == "ATTACHE_SMTP_PASSWORD").then(|| "secret".to_owned());
    let suppressions = Suppressions::new(folder.join("suppressed"));
    SmtpOutbox::new(config, FROM, folder.join("outbox"), suppressions, &Env::new(&env)).unwrap()
}

fn message(to: &str) -> Outgoing {
    Outgoing {
        channel: Channel::Email,
        name: Some("Dana Díaz".to_owned()),
        to: to.to_owned(),
        subject: "Your team".to_owned(),
        body: "Open Settings, then Team.\n.\nBye".to_owned(),
        at: "2026-11-20T09:00:00Z".parse().unwrap(),
        answers: None,
        outreach: false,
        shown: false,
        run: RunId::new("run_1"),
    }
}

#[test]
fn mail_in_the_open_goes_to_this_machine_alone() {
    let dir = tempfile::tempdir().unwrap();
    let open = SmtpConfig { host: "mail.example.com".to_owned(), encryption: Encryption::None, ..config(25) };
    let suppressions = Suppressions::new(dir.path());
    let fault = SmtpOutbox::new(&open, FROM, dir.path(), suppressions, &Env::new(&|_| None)).unwrap_err();
    assert_eq!(fault.to_string(), "mail.smtp.encryption: `none` is only for a server on this machine");
}
