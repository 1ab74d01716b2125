use super::*;

const NOW: i64 = 1_763_629_200;

fn now() -> Timestamp {
    Timestamp::from_second(NOW).unwrap()
}

fn event(kind: &str, message_type: &str, status: &str, private: bool) -> String {
    serde_json::json!({
        "event": kind, "id": 7, "content": "Where is my invoice?", "message_type": message_type,
        "content_type": "text", "private": private, "created_at": "2025-11-20T09:00:00Z",
        "sender": { "id": 5, "name": "Dana", "email": "dana@example.com", "type": "contact" },
        "account": { "id": 1, "name": "Brightwater" },
        "conversation": { "id": 42, "status": status, "contact_inbox": { "hmac_verified": true } }
    })
    .to_string()
}

fn signature(body: &str, timestamp: i64) -> String {
    let timestamp = timestamp.to_string();
    let made = mac(b"secret", &[timestamp.as_bytes(), body.as_bytes()]).unwrap().finalize();
    format!("sha256={}", hex::encode(made.into_bytes()))
}

fn receive(body: &str, timestamp: i64) -> Result<FromChatwoot, Rejected> {
    let (signature, text) = (signature(body, timestamp), timestamp.to_string());
    let headers = ChatwootHeaders { signature: Some(&signature), timestamp: Some(&text), delivery: Some("d-1") };
    ChatwootHook::new(Some("secret".to_owned())).receive(headers, body.as_bytes(), now())
}

#[test]
fn a_message_in_a_pending_conversation_begins_a_run() {
    let FromChatwoot::Message(message) = receive(&event("message_created", "incoming", "pending", false), NOW).unwrap()
    else {
        panic!("it was not taken")
    };
    assert_eq!((message.conversation.account, message.conversation.id, message.delivery.as_str()), (1, 42, "d-1"));
    assert!(message.contact.verified);
    assert_eq!(message.trigger().message(), Some("Where is my invoice?"));
    assert_eq!(message.trigger().channel(), Channel::Chat);
}

#[test]
fn where_a_person_answers_the_bot_is_silent() {
    for (kind, from, status, private) in [
        ("message_created", "incoming", "open", false),
        ("message_created", "incoming", "resolved", false),
        ("message_created", "incoming", "snoozed", false),
        ("message_created", "outgoing", "pending", false),
        ("message_created", "incoming", "pending", true),
        ("message_updated", "incoming", "pending", false),
        ("conversation_resolved", "incoming", "pending", false),
    ] {
        let taken = receive(&event(kind, from, status, private), NOW).unwrap();
        assert!(matches!(taken, FromChatwoot::Ignored(_)), "{kind} {from} {status} {private}: {taken:?}");
    }
}

#[test]
fn nothing_is_taken_without_a_fresh_signature_of_the_body_as_it_came() {
    let body = event("message_created", "incoming", "pending", false);
    assert_eq!(receive(&body, NOW - 301), Err(Rejected::Stale));
    assert_eq!(receive(&body, NOW + 301), Err(Rejected::Stale));
    let (good, text) = (signature(&body, NOW), NOW.to_string());
    let headers = ChatwootHeaders { signature: Some(&good), timestamp: Some(&text), delivery: None };
    let hook = ChatwootHook::new(Some("secret".to_owned()));
    assert_eq!(hook.receive(headers, format!("{body} ").as_bytes(), now()), Err(Rejected::Forged));
    let other = ChatwootHook::new(Some("other".to_owned()));
    assert_eq!(other.receive(headers, body.as_bytes(), now()), Err(Rejected::Forged));
    for unset in [None, Some(String::new())] {
        let open = ChatwootHook::new(unset).receive(headers, body.as_bytes(), now());
        assert!(matches!(open, Err(Rejected::Malformed(_))), "no secret is no way in");
    }
    let bare = ChatwootHeaders { signature: None, ..headers };
    assert!(hook.receive(bare, body.as_bytes(), now()).is_err());
    let unnamed = hook.receive(headers, body.as_bytes(), now()).unwrap();
    assert!(matches!(unnamed, FromChatwoot::Message(message) if message.delivery == "chatwoot:1:7"));
}
