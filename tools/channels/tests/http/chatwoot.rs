use crate::secrets;
use crate::server::{Say, Server, status};
use attache_channels::{Chatwoot, Conversation, How, State};
use attache_context::{Channel, CustomerId};
use attache_journal::{Digest, Retry, RunId};
use attache_tools::{Outbox, Outgoing};
use axum::http::Method;
use serde_json::json;
use std::path::Path;

const CONVERSATION: Conversation = Conversation { account: 1, id: 42 };

fn chatwoot(url: &str, folder: &Path) -> Chatwoot {
    let config = json!({ "url": url, "labels": ["handoff"], "team": 3, "timeout_seconds": 1 });
    Chatwoot::new(&serde_json::from_value(config).unwrap(), folder, &secrets()).unwrap()
}

fn key() -> Digest {
    Digest::of(&[b"key"])
}

fn mark() -> String {
    key().as_str().chars().take(32).collect()
}

fn message() -> Outgoing {
    Outgoing {
        channel: Channel::Chat,
        name: None,
        to: "cus_1".to_owned(),
        subject: String::new(),
        body: "Open Settings.".to_owned(),
        at: "2026-11-20T09:00:00Z".parse().unwrap(),
        answers: None,
        outreach: false,
        shown: false,
        run: RunId::new("run_1"),
    }
}

fn said(body: serde_json::Value) -> Say {
    Say::Status(200, body.to_string())
}

#[tokio::test]
async fn an_answer_goes_to_the_conversation_of_the_customer_and_once() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start([said(json!({ "id": 99 }))]).await;
    let bot = chatwoot(&server.url, dir.path());
    let nowhere = bot.deliver(&message(), &key()).await.unwrap_err();
    assert_eq!(nowhere.retry, Retry::Never);
    bot.remember(&CustomerId::new("cus_1").unwrap(), CONVERSATION).unwrap();
    assert_eq!(bot.deliver(&message(), &key()).await.unwrap().receipt, "99");
    assert_eq!(bot.deliver(&message(), &key()).await.unwrap().receipt, "99");
    let got = server.got();
    assert_eq!(got.len(), 1);
    assert_eq!((&got[0].method, got[0].path.as_str()), (&Method::POST, "/api/v1/accounts/1/conversations/42/messages"));
    assert_eq!(got[0].header("api_access_token"), "token");
    insta::assert_json_snapshot!(got[0].json());
}

#[tokio::test]
async fn what_may_have_been_posted_is_looked_for_before_it_is_posted_again() {
    let at = message().at;
    let ours = json!({ "payload": [
        { "id": 8, "created_at": at.as_second() + 5, "content_attributes": {} },
        { "id": 9, "created_at": at.as_second() + 6, "content_attributes": { "attache": mark() } },
    ] });
    let others = json!({ "payload": [{ "id": 8, "created_at": at.as_second() - 5, "content_attributes": {} }] });
    for (there, posts) in [(ours, 1), (others, 2)] {
        let dir = tempfile::tempdir().unwrap();
        let server = Server::start([Say::Silence, status(503), said(there)]).await;
        let bot = chatwoot(&server.url, dir.path());
        let key = key();
        let post = || bot.post(CONVERSATION, "Open Settings.", false, at, &key);
        assert_eq!(post().await.unwrap_err().how, How::Unknown);
        assert_eq!(bot.spool().list().unwrap()[0].state, State::Unknown);
        assert_eq!(post().await.unwrap_err().how, How::Later, "nobody could look");
        post().await.unwrap();
        post().await.unwrap();
        let posted = server.got().iter().filter(|got| got.method == Method::POST).count();
        assert_eq!(posted, posts);
    }
}

#[tokio::test]
async fn a_handover_is_a_note_labels_an_assignment_and_last_the_open_door() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start([said(json!({ "id": 1 })), said(json!({ "payload": ["vip"] })), status(500)]).await;
    let bot = chatwoot(&server.url, dir.path());
    let (at, key) = (message().at, key());
    let hand_over = || bot.hand_over(CONVERSATION, "Dana wants a refund.", at, &key);
    assert_eq!(hand_over().await.unwrap_err().how, How::Later);
    server.will(said(json!({ "payload": ["vip", "handoff"] })));
    hand_over().await.unwrap();
    let told: Vec<String> = server
        .got()
        .iter()
        .map(|got| {
            let what = got.path.rsplit('/').next().unwrap().to_owned();
            let body = if got.body.is_empty() { String::new() } else { got.json().to_string() };
            format!("{} {what} {body}", got.method)
        })
        .collect();
    insta::assert_snapshot!(told.join("\n"));
}
