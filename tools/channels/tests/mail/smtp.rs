//! One conversation each, with a server that does what the address says.

use crate::sink::start;
use crate::{config, message, outbox};
use attache_channels::{SmtpConfig, State, Suppression, Suppressions};
use attache_journal::{Digest, Retry};
use attache_tools::{Answered, Outbox, Outgoing};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use std::sync::Arc;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

fn key() -> Digest {
    Digest::of(&[b"key"])
}

/// What `deliver` comes to, and the state that is left.
async fn tried(to: &str) -> (Option<Retry>, String, Option<State>, usize) {
    let dir = tempfile::tempdir().unwrap();
    let sink = start(None).await;
    let outbox = outbox(&config(sink.port), dir.path());
    let fault = outbox.deliver(&message(to), &key()).await.err();
    let state = outbox.spool().state(&key().as_str()[..32]).unwrap();
    let (retry, what) = fault.map_or((None, String::new()), |fault| (Some(fault.retry), fault.message));
    (retry, what, state, sink.seen.count())
}

#[tokio::test]
async fn a_message_arrives_as_it_was_written_and_once() {
    let dir = tempfile::tempdir().unwrap();
    let sink = start(None).await;
    let outbox = outbox(&config(sink.port), dir.path());
    let delivered = outbox.deliver(&message("dana@example.com"), &key()).await.unwrap();
    assert_eq!(delivered.receipt, format!("<{}@brightwater.example>", &key().as_str()[..32]));
    assert_eq!(outbox.deliver(&message("dana@example.com"), &key()).await.unwrap(), delivered);
    assert_eq!(sink.seen.count(), 1, "the same key does not leave twice");
    insta::assert_snapshot!(sink.seen.message(0).replace('\r', ""));
    // What is left holds neither text nor reader.
    let left = std::fs::read_to_string(dir.path().join(format!("outbox/{}.sent", &key().as_str()[..32]))).unwrap();
    assert!(!left.contains("dana") && !left.contains("Settings"), "{left}");
    assert_eq!(std::fs::read_dir(dir.path().join("outbox")).unwrap().count(), 1);
}

#[tokio::test]
async fn an_answer_stands_in_its_thread_and_outreach_can_be_ended() {
    let dir = tempfile::tempdir().unwrap();
    let sink = start(None).await;
    let config =
        SmtpConfig { unsubscribe: Some("https://brightwater.example/u/{message}".to_owned()), ..config(sink.port) };
    let outbox = outbox(&config, dir.path());
    let references = (0..20).map(|n| format!("<{n}@example.com>")).chain(["<a>\r\nBcc: x@y".to_owned()]).collect();
    let answers = Some(Answered { message_id: "<last@example.com>".to_owned(), references });
    let answer = Outgoing { answers, outreach: true, ..message("dana@example.com") };
    outbox.deliver(&answer, &key()).await.unwrap();
    insta::assert_snapshot!(sink.seen.message(0).replace('\r', ""));
}

#[tokio::test]
async fn a_refusal_says_whether_trying_again_can_help() {
    use Retry::{AfterCheck, Never, Safe};
    let told = |what: &str| what.to_owned();
    let dead = Some(State::Dead);
    let waits = Some(State::Reserved);
    assert_eq!(tried("bounce@example.com").await, (Some(Never), told("RCPT: the mail server says 550"), dead, 0));
    assert_eq!(tried("later@example.com").await, (Some(Safe), told("RCPT: the mail server says 451"), waits, 0));
    assert_eq!(tried("cut-early@example.com").await, (Some(Safe), told("RCPT: the connection broke"), waits, 0));
    assert_eq!(tried("spam@example.com").await, (Some(Never), told("the message: the mail server says 554"), dead, 0));
    assert_eq!(tried("full@example.com").await, (Some(Safe), told("the message: the mail server says 452"), waits, 0));
    assert_eq!(
        tried("cut@example.com").await,
        (Some(AfterCheck), told("the message: the connection broke"), Some(State::Unknown), 1)
    );
}

#[tokio::test]
async fn what_may_have_left_is_not_sent_again_unless_a_person_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let sink = start(None).await;
    let outbox = outbox(&config(sink.port), dir.path());
    outbox.deliver(&message("cut@example.com"), &key()).await.unwrap_err();
    let again = outbox.deliver(&message("cut@example.com"), &key()).await.unwrap_err();
    assert_eq!(again.retry, Retry::AfterCheck);
    assert_eq!(sink.seen.count(), 1);
    let listed = outbox.spool().list().unwrap();
    assert_eq!((listed.len(), listed[0].state, listed[0].letter.tries), (1, State::Unknown, 1));
    outbox.resend(&listed[0].id).await.unwrap_err();
    assert_eq!(sink.seen.count(), 2, "the person said so, and the server cut the line again");
    assert_eq!(sink.seen.message(0), sink.seen.message(1), "under the same id");
}

#[tokio::test]
async fn who_does_not_exist_is_not_written_to_again() {
    let dir = tempfile::tempdir().unwrap();
    let sink = start(None).await;
    let outbox = outbox(&config(sink.port), dir.path());
    for (name, hard) in [("bounce", true), ("plain-bounce", true), ("blocked", false), ("later", false)] {
        let first = message(&format!("{name}@example.com"));
        outbox.deliver(&first, &Digest::of(&[name.as_bytes()])).await.unwrap_err();
        let before = sink.seen.commands().len();
        let other = Outgoing { to: format!("{}@Example.com", name.to_uppercase()), ..first };
        let fault = outbox.deliver(&other, &Digest::of(&[name.as_bytes(), b"again"])).await.err();
        assert_eq!(outbox.suppressed(&other, &key()).await.unwrap().is_some(), hard, "{name}");
        assert_eq!(sink.seen.commands().len() == before, hard, "{name}: nobody is asked about it");
        if hard {
            let fault = fault.unwrap();
            assert_eq!((fault.retry, fault.message.starts_with("suppressed")), (Retry::Never, true), "{fault}");
        }
    }
}

#[tokio::test]
async fn what_left_before_its_reader_was_suppressed_has_left() {
    let dir = tempfile::tempdir().unwrap();
    let sink = start(None).await;
    let outbox = outbox(&config(sink.port), dir.path());
    let message = message("dana@example.com");
    let delivered = outbox.deliver(&message, &key()).await.unwrap();
    let suppressions = Suppressions::new(dir.path().join("suppressed"));
    suppressions.add(&message.to, &Suppression::asked(message.at)).unwrap();
    // A run that a crash stopped before it wrote that down is resumed.
    assert_eq!(outbox.suppressed(&message, &key()).await.unwrap(), None);
    assert_eq!(outbox.deliver(&message, &key()).await.unwrap(), delivered);
    let other = Digest::of(&[b"other"]);
    assert!(outbox.suppressed(&message, &other).await.unwrap().is_some());
    assert!(outbox.deliver(&message, &other).await.is_err());
    assert_eq!(sink.seen.count(), 1);
}

#[tokio::test]
async fn a_message_that_was_forgotten_is_gone_and_does_not_leave() {
    let dir = tempfile::tempdir().unwrap();
    let sink = start(None).await;
    let outbox = outbox(&config(sink.port), dir.path());
    outbox.deliver(&message("later@example.com"), &key()).await.unwrap_err();
    assert!(outbox.forget(&key()).await.unwrap());
    assert!(!outbox.forget(&key()).await.unwrap());
    outbox.deliver(&message("dana@example.com"), &key()).await.unwrap();
    assert_eq!(sink.seen.count(), 0, "it is not sent after it was forgotten");
    let files: Vec<_> =
        std::fs::read_dir(dir.path().join("outbox")).unwrap().map(|file| file.unwrap().path()).collect();
    assert_eq!(files.len(), 1, "{files:?}");
    assert_eq!(std::fs::read(&files[0]).unwrap(), b"", "nothing of it is left");
}

#[tokio::test]
async fn two_who_send_the_same_at_once_send_it_once() {
    let dir = tempfile::tempdir().unwrap();
    let sink = start(None).await;
    let outbox = outbox(&config(sink.port), dir.path());
    let (message, key) = (message("dana@example.com"), key());
    let sent = futures::future::join_all((0..8).map(|_| outbox.deliver(&message, &key))).await;
    assert!(sent.iter().all(Result::is_ok), "{sent:?}");
    assert_eq!(sink.seen.count(), 1);
}

#[tokio::test]
async fn a_caller_who_goes_away_does_not_cut_the_conversation() {
    let dir = tempfile::tempdir().unwrap();
    let sink = start(None).await;
    let outbox = outbox(&config(sink.port), dir.path());
    let (message, key) = (message("dana@example.com"), key());
    {
        let mut deliver = Box::pin(outbox.deliver(&message, &key));
        // Once around, and the caller is gone.
        assert!(futures::poll!(&mut deliver).is_pending());
    }
    outbox.deliver(&message, &key).await.unwrap();
    assert_eq!(sink.seen.count(), 1);
}

#[tokio::test]
async fn a_connection_is_encrypted_before_anything_is_said() {
    let dir = tempfile::tempdir().unwrap();
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let ca = dir.path().join("ca.pem");
    std::fs::write(&ca, cert.pem()).unwrap();
    let private = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(signing_key.serialize_der()));
    let provider = Arc::new(tokio_rustls::rustls::crypto::aws_lc_rs::default_provider());
    let tls = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], private)
        .unwrap();
    let sink = start(Some(TlsAcceptor::from(Arc::new(tls)))).await;
    let open = config(sink.port);
    let strict: SmtpConfig = serde_json::from_value(serde_json::json!({
        "host": "localhost", "port": sink.port, "username": "user", "ca": ca, "timeout_seconds": 5
    }))
    .unwrap();
    outbox(&strict, dir.path()).deliver(&message("dana@example.com"), &key()).await.unwrap();
    assert_eq!(sink.seen.count(), 1);
    let commands = sink.seen.commands();
    assert_eq!(commands[1], "STARTTLS");
    assert_eq!(commands[3], "AUTH PLAIN AHVzZXIAc2VjcmV0");

    // A server that nobody vouches for hears nothing.
    let stranger = SmtpConfig { ca: None, host: "localhost".to_owned(), ..strict };
    let fault =
        outbox(&stranger, dir.path()).deliver(&message("a@example.com"), &Digest::of(&[b"2"])).await.unwrap_err();
    assert_eq!(fault.retry, Retry::Safe);
    assert_eq!(sink.seen.count(), 1);

    // One that does not offer encryption is not talked to.
    let plain = start(None).await;
    let downgraded = SmtpConfig { port: Some(plain.port), encryption: attache_channels::Encryption::Starttls, ..open };
    outbox(&downgraded, dir.path()).deliver(&message("b@example.com"), &Digest::of(&[b"3"])).await.unwrap_err();
    assert_eq!(plain.seen.count(), 0);
    assert!(!plain.seen.commands().iter().any(|command| command.starts_with("MAIL")));
}
