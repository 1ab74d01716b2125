//! E-mail to a mail server that is not ours.
//!
//! Skipped unless `ATTACHE_REAL_MAIL` names the port of one and the file in
//! which it writes what it has; `cargo xtask test` starts one.

use attache_channels::{Env, SmtpOutbox, State, Suppressions};
use attache_context::Channel;
use attache_journal::{Digest, Retry, RunId};
use attache_tools::{Outbox, Outgoing};
use serde_json::{Value, json};

#[tokio::test]
async fn a_mail_server_gets_each_message_once_and_signed() {
    let Ok(real) = std::env::var("ATTACHE_REAL_MAIL") else {
        println!("skipped: ATTACHE_REAL_MAIL is not set; `cargo xtask test` starts a server and sets it");
        return;
    };
    let (port, file) = real.split_once('|').unwrap();
    let dir = tempfile::tempdir().unwrap();
    let config = json!({
        "host": "127.0.0.1", "port": port.parse::<u16>().unwrap(), "encryption": "none",
        "dkim": { "domain": "brightwater.example", "selector": "mail" },
        "unsubscribe": "https://brightwater.example/unsubscribe/{message}",
    });
    let key = std::fs::read_to_string(format!("{file}.key")).unwrap();
    let suppressions = Suppressions::new(dir.path().join("suppressed"));
    let outbox = SmtpOutbox::new(
        &serde_json::from_value(config).unwrap(),
        "Brightwater <team@brightwater.example>",
        dir.path().join("outbox"),
        suppressions.clone(),
        &Env::new(&|name| (name == "ATTACHE_DKIM_KEY").then(|| key.clone())),
    );
    let outbox = outbox.unwrap();
    let mut outcomes = Vec::new();
    for name in ["dana", "bounce", "later", "cut"] {
        let message = Outgoing {
            channel: Channel::Email,
            name: Some("Dana Díaz".to_owned()),
            to: format!("{name}@example.com"),
            subject: format!("Grüße an {name}"),
            body: ".\nÖffnen Sie die Einstellungen.\n".to_owned(),
            at: "2026-11-20T09:00:00Z".parse().unwrap(),
            answers: None,
            outreach: true,
            shown: false,
            run: RunId::new("run_1"),
        };
        let key = Digest::of(&[name.as_bytes()]);
        let first = outbox.deliver(&message, &key).await.err().map(|fault| fault.retry);
        let second = outbox.deliver(&message, &key).await.err().map(|fault| fault.retry);
        outcomes.push((name, first, second));
    }
    use Retry::{AfterCheck, Never, Safe};
    assert_eq!(
        outcomes,
        [
            ("dana", None, None),
            ("bounce", Some(Never), Some(Never)),
            ("later", Some(Safe), Some(Safe)),
            ("cut", Some(AfterCheck), Some(AfterCheck)),
        ]
    );
    assert!(suppressions.get("bounce@example.com").unwrap().is_some());
    let got: Vec<Value> =
        std::fs::read_to_string(file).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let to: Vec<_> = got.iter().map(|message| message["to"].clone()).collect();
    assert_eq!(to, [json!(["dana@example.com"]), json!(["cut@example.com"])], "each one once");
    let first = got.first().unwrap();
    let text = first["text"].as_str().unwrap().replace("\r\n", "\n");
    assert_eq!(text.trim_end(), ".\nÖffnen Sie die Einstellungen.");
    assert_eq!(
        (first["subject"].as_str(), first["automatic"].as_str()),
        (Some("Grüße an dana"), Some("auto-generated"))
    );
    assert_eq!((&first["signed"], &first["signed_if_changed"]), (&json!(true), &json!(false)), "{first}");
    assert!(first["unsubscribe"].as_str().unwrap().contains("https://brightwater.example/unsubscribe/"), "{first}");
    let left: Vec<_> = outbox.spool().list().unwrap().into_iter().map(|listed| listed.state).collect();
    assert_eq!(left.len(), 3);
    assert!(left.contains(&State::Unknown) && left.contains(&State::Dead) && left.contains(&State::Reserved));
}
