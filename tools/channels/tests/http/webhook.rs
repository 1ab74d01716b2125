use crate::secrets;
use crate::server::{Say, Server, status};
use attache_channels::{
    Announcer, ChannelFault, CloudEvent, How, Signed, State, WebhookConfig, WebhookKeys, WebhookSender,
};
use attache_journal::{Decision, MemoryStore, Store};
use attache_testkit::{RunWriter, drafted_run, review, sent};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use std::path::Path;
use std::sync::Arc;

fn sender(url: &str, events: &[&str], folder: &Path) -> Result<WebhookSender, ChannelFault> {
    let config: WebhookConfig = serde_json::from_value(json!({
        "endpoints": [{ "url": url, "events": events }],
        "attempts": 3, "backoff_ms": 1, "backoff_cap_ms": 5, "timeout_seconds": 2
    }))
    .unwrap();
    WebhookSender::new(&config, folder, &secrets())
}

fn event() -> CloudEvent {
    let at = "2026-11-20T09:00:00Z".parse().unwrap();
    CloudEvent::new("run_1-4", "/attache", "draft.created", at, json!({ "draft": "draft_1" }))
}

#[tokio::test]
async fn an_event_arrives_signed_and_once() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start([]).await;
    let sender = sender(&server.url, &[], dir.path()).unwrap();
    assert_eq!(sender.send(&event()).await, []);
    assert_eq!(sender.send(&event()).await, []);
    let got = server.got();
    assert_eq!(got.len(), 1, "the same event is not told twice");
    insta::assert_snapshot!(got[0].body);
    assert_eq!(got[0].header("content-type"), "application/cloudevents+json");
    let keys = WebhookKeys::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
    let signed = Signed {
        id: got[0].header("webhook-id"),
        timestamp: got[0].header("webhook-timestamp"),
        signature: got[0].header("webhook-signature"),
    };
    assert_eq!(signed.id, "run_1-4");
    assert_eq!(keys.verify(&signed, got[0].body.as_bytes(), Timestamp::now()), Ok(()));
}

#[tokio::test]
async fn it_is_tried_again_under_the_same_id_and_then_it_is_a_dead_letter() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start([status(500), Say::Silence, status(429)]).await;
    let sender = sender(&server.url, &[], dir.path()).unwrap();
    let failed = sender.send(&event()).await;
    assert_eq!((failed.len(), failed[0].how), (1, How::Later));
    let got = server.got();
    assert_eq!(got.len(), 3);
    assert!(got.iter().all(|got| got.header("webhook-id") == "run_1-4" && got.body == server.got()[0].body));
    let listed = sender.spool().list().unwrap();
    assert_eq!((listed.len(), listed[0].state, listed[0].letter.tries), (1, State::Dead, 3));
    assert_eq!(listed[0].letter.last.as_deref(), Some("the endpoint says 429"));
    // Told again by a program, it is dead; by a person, it is sent.
    assert_eq!(sender.send(&event()).await.len(), 1);
    assert_eq!(server.got().len(), 3);
    assert_eq!(sender.resend(&listed[0].id).await.unwrap(), "run_1-4");
    assert_eq!(server.got().len(), 4);
    assert!(sender.spool().list().unwrap().is_empty());
    assert!(sender.resend(&listed[0].id).await.is_err(), "it has left");
}

#[tokio::test]
async fn what_waited_when_a_process_stopped_is_told_by_the_next() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start([Say::Silence]).await;
    let sender_one = sender(&server.url, &[], dir.path()).unwrap();
    let stopped = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    stopped.spawn(async move { sender_one.send(&event()).await });
    while server.got().is_empty() {
        tokio::task::yield_now().await;
    }
    stopped.shutdown_background();
    let sender = sender(&server.url, &[], dir.path()).unwrap();
    assert_eq!(sender.send(&event()).await, []);
    let got = server.got();
    assert!(got.len() >= 2 && got.iter().all(|got| got.header("webhook-id") == "run_1-4"));
    assert!(sender.spool().list().unwrap().is_empty());
}

#[tokio::test]
async fn an_endpoint_gets_what_it_asked_for_and_says_when_it_wants_no_more() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start([status(410)]).await;
    let picky = sender(&server.url, &["conversation.escalated"], dir.path()).unwrap();
    assert_eq!(picky.send(&event()).await, []);
    assert_eq!(server.got().len(), 0);
    let sender = sender(&server.url, &[], dir.path()).unwrap();
    assert_eq!(sender.send(&event()).await[0].how, How::Never);
    assert_eq!(server.got().len(), 1);
}

#[tokio::test]
async fn nothing_goes_where_it_was_not_configured_to_go() {
    let dir = tempfile::tempdir().unwrap();
    let inner = Server::start([]).await;
    let server = Server::start((0..3).map(|_| Say::Redirect(inner.url.clone()))).await;
    let sender_one = sender(&server.url, &[], dir.path()).unwrap();
    assert_eq!(sender_one.send(&event()).await.len(), 1);
    assert_eq!(inner.got().len(), 0);
    for url in ["http://example.com/hook", "http://10.0.0.1/", "ftp://127.0.0.1/", "https://user:pw@example.com/", "x"]
    {
        let fault = sender(url, &[], dir.path()).unwrap_err();
        assert_eq!(fault.key, "webhooks.endpoints.url", "{url}");
    }
}

#[tokio::test]
async fn the_next_process_hears_what_changed_since_everything_was_told_and_no_more() {
    let (dir, store) = (tempfile::tempdir().unwrap(), Arc::new(MemoryStore::new()));
    let began = Timestamp::now() - SignedDuration::from_hours(72);
    let mut writer = RunWriter::of(&*store, "ada", "run_1", &began.to_string()).await;
    let due = (began + SignedDuration::from_hours(90)).to_string();
    store.append(writer.batch(drafted_run("ada", "run_1", "call_2", &due))).await.unwrap();
    writer.wait(SignedDuration::from_hours(71));
    store.append(writer.batch([review("run_1", "call_2", Decision::Approve), sent("call_3", true)])).await.unwrap();
    // Each process has a memory of its own of what was told: nothing but the journal tells them.
    let process = async |name: &str, url: &str| {
        let webhooks = sender(url, &[], &dir.path().join(name)).unwrap();
        let announcer = Announcer::new(store.clone(), "/attache", dir.path()).webhooks(Some(webhooks));
        announcer.hear_again().await.unwrap();
        announcer.flush().await
    };
    let told = |server: &Server| -> Vec<String> {
        let mut told: Vec<_> = server.got().iter().map(|got| got.json()["type"].as_str().unwrap().to_owned()).collect();
        told.sort();
        told
    };
    let server = Server::start([]).await;
    assert_eq!(process("one", &server.url).await, []);
    // What the run did three days ago is old, what happened to it an hour ago is not.
    assert_eq!(told(&server), ["draft.approved", "message.sent"]);
    assert_eq!(process("two", &server.url).await, []);
    assert_eq!(told(&server).len(), 2, "everything was told before");
    writer.wait(SignedDuration::from_secs(59 * 60 + 50));
    store.append(writer.batch([sent("call_4", true)])).await.unwrap();
    assert_eq!(process("three", &server.url).await, []);
    assert_eq!(told(&server), ["draft.approved", "message.sent", "message.sent"]);
}
