use crate::secrets;
use crate::server::{Say, Server, status};
use attache_channels::{Escalation, How, SlackAlerts, SlackConfig, State};
use attache_journal::Digest;
use std::path::Path;

fn alerts(url: &str, folder: &Path) -> SlackAlerts {
    let config = SlackConfig {
        webhook_env: format!("URL:{url}"),
        desk: Some("https://desk.example/".to_owned()),
        timeout_seconds: 1,
        ..SlackConfig::default()
    };
    SlackAlerts::new(&config, folder, &secrets()).unwrap()
}

fn escalation() -> Escalation {
    Escalation {
        key: Digest::of(&[b"key"]),
        at: "2026-11-20T09:00:00Z".parse().unwrap(),
        queue: "retention".to_owned(),
        reason_code: "negative_sentiment".to_owned(),
        alerts: Vec::new(),
        customer: "Dana <!channel> & Co".to_owned(),
        run: "run_1".to_owned(),
    }
}

#[tokio::test]
async fn an_alert_says_who_needs_a_person_and_mentions_nobody() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start([]).await;
    let alerts = alerts(&server.url, dir.path());
    alerts.alert(&escalation()).await.unwrap();
    alerts.alert(&escalation()).await.unwrap();
    let got = server.got();
    assert_eq!(got.len(), 1, "the same escalation is told once");
    insta::assert_json_snapshot!(got[0].json());
}

#[tokio::test]
async fn whoever_is_alerted_is_named_first() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start([]).await;
    let told = Escalation { alerts: vec!["success_manager".to_owned()], ..escalation() };
    alerts(&server.url, dir.path()).alert(&told).await.unwrap();
    let text = server.got()[0].json()["text"].as_str().unwrap().to_owned();
    assert!(text.starts_with("success_manager: Dana"), "{text}");
}

#[tokio::test]
async fn an_alert_that_may_stand_there_is_not_posted_again() {
    for (say, how, state, count) in [
        (Say::Silence, How::Unknown, State::Unknown, 1),
        (status(500), How::Unknown, State::Unknown, 1),
        (status(404), How::Never, State::Dead, 1),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let server = Server::start([say.clone()]).await;
        let alerts = alerts(&server.url, dir.path());
        assert_eq!(alerts.alert(&escalation()).await.unwrap_err().how, how, "{say:?}");
        assert_eq!(alerts.alert(&escalation()).await.unwrap_err().how, how, "{say:?}");
        assert_eq!(server.got().len(), count, "{say:?}");
        assert_eq!(alerts.spool().list().unwrap()[0].state, state);
    }
    // What certainly does not stand there is tried again.
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start([status(429)]).await;
    alerts(&server.url, dir.path()).alert(&escalation()).await.unwrap();
    assert_eq!(server.got().len(), 2);
}
