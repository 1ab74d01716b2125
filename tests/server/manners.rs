//! What every answer of the interface has, and what the interface says of itself.

use crate::house::{House, PASSWORD, sample};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::num::NonZeroU32;

#[tokio::test]
async fn every_no_is_a_problem_document() {
    let house = House::open().await;
    let admin = house.token("admin", "admin").await;
    let seen = [
        ("GET", "/v1/nothing", "", 404),
        ("PUT", "/v1/runs", "", 405),
        ("GET", "/v1/runs?limit=many", "", 400),
        ("GET", "/v1/runs?colour=red", "", 400),
        ("GET", "/v1/runs/%ff", "", 400),
        ("POST", "/v1/accounts", "{", 400),
        ("POST", "/v1/accounts", "{\"name\":1}", 422),
        ("POST", "/v1/accounts", "", 415),
        ("POST", "/v1/runs", "{}", 422),
        ("POST", "/v1/runs", &"x".repeat(1_200_000), 413),
    ];
    for (method, path, body, status) in seen {
        let answer = house.raw(method, path, &admin, body).await;
        let what = format!("{method} {path}: {}", answer.text);
        assert_eq!((answer.status, answer.kind.as_str()), (status, "application/problem+json"), "{what}");
        let problem = answer.json();
        assert_eq!(problem["status"], status, "{what}");
        assert!(problem["type"].as_str().unwrap().starts_with("urn:attache:problem:"), "{what}");
        assert!(!problem["detail"].as_str().unwrap().is_empty(), "{what}");
    }
}

#[tokio::test]
async fn a_key_does_a_write_once_and_tells_it_again() {
    let house = House::open().await;
    let admin = house.token("admin", "admin").await;
    let bundle = sample("tier1-question.json");
    let first = house.keyed("/v1/runs", &admin, "key-1", &bundle).await;
    let again = house.keyed("/v1/runs", &admin, "key-1", &bundle).await;
    assert_eq!((first.status, again.status), (201, 201), "{}", again.text);
    assert_eq!((&first.text, &first.location), (&again.text, &again.location));
    assert_eq!(house.get("/v1/runs", &admin).await.json()["items"].as_array().unwrap().len(), 1);
    let other = house.keyed("/v1/runs", &admin, "key-1", &sample("usage-gap.json")).await;
    assert_eq!(other.status, 422, "{}", other.text);
    assert_eq!(house.keyed("/v1/runs", &admin, "a b", &bundle).await.status, 400);
    // A key is its owner's: somebody else's is another.
    let otto = house.token("otto", "agent-operator").await;
    assert_ne!(house.keyed("/v1/runs", &otto, "key-1", &bundle).await.json()["run"], first.json()["run"]);
    let house = house.again().await;
    let after = house.keyed("/v1/runs", &admin, "key-1", &bundle).await;
    assert_eq!(after.text, first.text, "an answer outlasts a restart");
}

#[tokio::test]
async fn a_secret_is_told_once_and_an_erasure_forgets_answers() {
    let house = House::open().await;
    let admin = house.token("admin", "admin").await;
    let body = json!({ "label": "x", "scopes": ["read"] });
    let made = house.keyed("/v1/tokens", &admin, "key-1", &body).await;
    assert_eq!(made.status, 201, "{}", made.text);
    assert_eq!(house.keyed("/v1/tokens", &admin, "key-1", &body).await.status, 410);
    let bundle = sample("tier1-question.json");
    let run = house.keyed("/v1/runs", &admin, "key-2", &bundle).await;
    let reply = run.json()["reply"].as_str().unwrap().to_owned();
    let customer = bundle["customer"]["id"].as_str().unwrap();
    assert_eq!(house.delete_with(&format!("/v1/customers/{customer}"), &admin, &json!({})).await.status, 200);
    let again = house.keyed("/v1/runs", &admin, "key-2", &bundle).await;
    assert_eq!((again.status, again.text.contains(&reply)), (410, false), "{}", again.text);
}

#[tokio::test]
async fn who_asks_too_often_is_told_when_to_come_again() {
    let house = House::paced(NonZeroU32::new(20).unwrap()).await;
    let mut statuses = Vec::new();
    for _ in 0..200 {
        statuses.push(house.get("/healthz", "").await.status);
    }
    assert!(statuses.contains(&429) && statuses.first() == Some(&200), "{statuses:?}");
}

#[tokio::test]
async fn monitoring_reads_counts_and_no_names() {
    let house = House::open().await;
    let admin = house.token("admin", "admin").await;
    house.draft(&admin).await;
    assert_eq!(house.get("/metrics", "").await.status, 401);
    let seen = house.get("/metrics", &admin).await;
    assert_eq!(seen.status, 200, "{}", seen.text);
    for line in ["attache_drafts{state=\"pending\"} 1", "attache_runs{outcome=\"drafted\"} 1"] {
        assert!(seen.text.contains(line), "{line}: {}", seen.text);
    }
    assert!(seen.text.contains("route=\"/v1/runs\",status=\"201\""), "{}", seen.text);
    assert!(!seen.text.contains("cus_"), "{}", seen.text);
}

#[tokio::test]
async fn the_document_names_every_route_and_what_it_may_answer() {
    let house = House::open().await;
    let admin = house.token("admin", "admin").await;
    let document = house.get("/openapi.json", "").await.json();
    assert_eq!(document["openapi"], "3.1.0");
    let paths = document["paths"].as_object().unwrap();
    // Whatever path the source names is in the document.
    let source = include_str!("../../server/src/api.rs");
    let named: BTreeSet<&str> = source.split('"').filter(|text| text.starts_with("/v1/")).collect();
    let told: BTreeSet<&str> = paths.keys().map(String::as_str).filter(|path| path.starts_with("/v1/")).collect();
    assert_eq!(named, told);
    let mut ids = BTreeSet::new();
    for (path, item) in paths {
        for (method, operation) in item.as_object().unwrap() {
            let what = format!("{method} {path}: {operation}");
            assert!(operation["summary"].as_str().is_some_and(|summary| !summary.is_empty()), "{what}");
            assert!(ids.insert(operation["operationId"].as_str().unwrap().to_owned()), "{what}");
            let answers = operation["responses"].as_object().unwrap();
            assert!(answers.contains_key("429") && answers.keys().any(|status| status.starts_with('2')), "{what}");
            // What the document says is there is there, and asks who asks.
            let answer = house.raw(&method.to_uppercase(), &path.replace(['{', '}'], ""), "", "").await;
            let open = ["/healthz", "/readyz"].contains(&path.as_str());
            assert_eq!(answer.status, if open { 200 } else { 401 }, "{what}");
            assert!(answers.contains_key(&answer.status.to_string()), "{what}");
        }
    }
    assert!(references(&document).iter().all(|to| document.pointer(to).is_some()), "{document}");
    let page = house.page("/api", "").await;
    assert_eq!(page.status, 200);
    assert!(ids.iter().all(|id| page.text.contains(&format!("id=\"{id}\""))), "{}", page.text);
    assert!(!page.text.contains("https://") && !page.text.contains("http://"), "it loads nothing from elsewhere");
    assert_eq!(house.get("/favicon.ico", &admin).await.kind, "image/svg+xml");
}

/// Where the references of a document lead, as pointers.
fn references(value: &Value) -> Vec<String> {
    match value {
        Value::Array(items) => items.iter().flat_map(references).collect(),
        Value::Object(fields) => {
            let here = fields.get("$ref").and_then(Value::as_str).map(|to| to.trim_start_matches('#').to_owned());
            here.into_iter().chain(fields.values().flat_map(references)).collect()
        }
        _ => Vec::new(),
    }
}

#[tokio::test]
async fn messages_that_belong_together_are_one_conversation() {
    let house = House::open().await;
    let admin = house.token("admin", "admin").await;
    let bundle = sample("tier1-question.json");
    let first = house.post("/v1/conversations", &admin, &bundle).await;
    assert_eq!(first.status, 201, "{}", first.text);
    let conversation = first.json()["conversation"].as_str().unwrap().to_owned();
    assert_eq!(first.location, format!("/v1/conversations/{conversation}"));
    let messages = format!("/v1/conversations/{conversation}/messages");
    let next = house.post(&messages, &admin, &json!({ "text": "How do I invite a colleague?" })).await;
    assert_eq!(next.status, 201, "{}", next.text);
    let told = house.get(&format!("/v1/conversations/{conversation}"), &admin).await.json();
    let turns = told["turns"].as_array().unwrap();
    assert_eq!(turns.len(), 2, "{told}");
    assert_eq!(turns[1]["text"], "How do I invite a colleague?");
    assert_eq!(turns[0]["reply"], first.json()["reply"]);
    // What was said before is among what the second run knows.
    let entries = house.get(&format!("/v1/runs/{}/entries", next.json()["run"].as_str().unwrap()), &admin).await;
    assert!(entries.text.contains("conversation.1.customer_wrote"), "{}", entries.text);
    assert_eq!(house.post("/v1/conversations/none/messages", &admin, &json!({ "text": "?" })).await.status, 404);
    assert_eq!(house.post(&messages, &admin, &json!({ "text": " " })).await.status, 422);
    assert_eq!(house.post("/v1/conversations", &admin, &sample("usage-gap.json")).await.status, 422);
    assert_eq!(house.outbox().len(), 2, "answers to mail leave as mail");
}

#[tokio::test]
async fn an_answer_on_our_own_interface_is_in_its_conversation_and_nowhere_else() {
    let house = House::open().await;
    let admin = house.token("admin", "admin").await;
    let mut bundle = sample("tier1-question.json");
    bundle["trigger"]["channel"] = "chat".into();
    let answered = house.post("/v1/conversations", &admin, &bundle).await.json();
    assert_eq!(answered["outcome"], "resolved", "{answered}");
    let conversation = answered["conversation"].as_str().unwrap();
    let told = house.get(&format!("/v1/conversations/{conversation}"), &admin).await.json();
    assert_eq!((&told["turns"][0]["reply"], &told["turns"][0]["channel"]), (&answered["reply"], &json!("chat")));
    assert!(answered["reply"].as_str().is_some_and(|reply| !reply.is_empty()), "{answered}");
    assert!(house.outbox().is_empty(), "{:?}", house.outbox());
}

#[tokio::test]
async fn a_message_is_answered_as_it_comes_or_later() {
    let house = House::open().await;
    let admin = house.token("admin", "admin").await;
    let bundle = sample("tier1-question.json");
    let live = house.preferring("/v1/conversations", &admin, ("accept", "text/event-stream"), &bundle).await;
    assert_eq!((live.status, live.kind.as_str()), (200, "text/event-stream"), "{}", live.text);
    let (begun, answer) = (live.text.find("event: begun").unwrap(), live.text.find("event: answer").unwrap());
    assert!(begun < answer && live.text.contains("\"outcome\":\"resolved\""), "{}", live.text);
    let later = house.preferring("/v1/conversations", &admin, ("prefer", "respond-async"), &bundle).await;
    assert_eq!(later.status, 202, "{}", later.text);
    let run = later.json()["run"].as_str().unwrap().to_owned();
    let data = house.stop().await;
    let house = House::at(data).await;
    let shown = house.get(&format!("/v1/runs/{run}"), &admin).await.json();
    assert_eq!(shown["outcome"], "resolved", "a stop finishes what was begun: {shown}");
}

#[tokio::test]
async fn while_a_person_has_the_customer_the_agent_is_silent() {
    let house = House::open().await;
    let (admin, lena) = (house.token("admin", "admin").await, house.token("lena", "reviewer").await);
    let first = house.post("/v1/conversations", &admin, &sample("wants-human.json")).await.json();
    assert_eq!(first["outcome"], "escalated", "{first}");
    let (run, conversation) = (first["run"].as_str().unwrap(), first["conversation"].as_str().unwrap());
    let messages = format!("/v1/conversations/{conversation}/messages");
    let step = |step: &str| format!("/v1/escalations/{run}/{step}");
    assert_eq!(house.post(&step("accept"), &lena, &json!(null)).await.status, 204);
    let silent = house.post(&messages, &admin, &json!({ "text": "How do I invite a colleague?" })).await.json();
    let came = (silent["outcome"].as_str(), silent["reason_code"].as_str(), &silent["reply"]);
    assert_eq!(came, (Some("suppressed"), Some("with_person"), &Value::Null), "{silent}");
    // Any other way in is as silent.
    let mut bundle = sample("tier1-question.json");
    bundle["customer"] = sample("wants-human.json")["customer"].clone();
    assert_eq!(house.post("/v1/runs", &admin, &bundle).await.json()["reason_code"], "with_person");
    let cookie = house.sign_in("lena", PASSWORD).await.cookie;
    let page = house.page(&format!("/handoffs/{run}"), &cookie).await;
    assert!(page.text.contains("How do I invite a colleague?"), "whoever has them reads it: {}", page.text);
    assert_eq!(house.post(&step("return"), &lena, &json!(null)).await.status, 204);
    let question = &sample("tier1-question.json")["trigger"]["text"];
    let again = house.post(&messages, &admin, &json!({ "text": question })).await.json();
    assert_eq!(again["outcome"], "resolved", "{again}");
}

#[tokio::test]
async fn what_was_drafted_does_not_leave_once_the_customer_wrote() {
    let house = House::open().await;
    let admin = house.token("admin", "admin").await;
    let draft = house.draft(&admin).await;
    let mut bundle = sample("tier1-question.json");
    bundle["customer"] = sample("usage-gap.json")["customer"].clone();
    assert_eq!(house.post("/v1/runs", &admin, &bundle).await.status, 201);
    let before = house.outbox().len();
    let digest = house.get(&format!("/v1/drafts/{draft}"), &admin).await.json()["digest"].clone();
    let held = house.post(&format!("/v1/drafts/{draft}/approve"), &admin, &json!({ "digest": digest })).await;
    let told = (held.status, held.text.contains("held-back"), held.text.contains("the customer wrote to us"));
    assert_eq!(told, (409, true, true), "{}", held.text);
    assert_eq!(house.outbox().len(), before);
}
