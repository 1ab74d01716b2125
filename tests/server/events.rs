//! Events over real HTTP: each begins one run, however often it comes.

use crate::house::{House, sample};
use serde_json::{Value, json};

const ONE: &str = "application/cloudevents+json";
const BATCH: &str = "application/cloudevents-batch+json";

fn event(id: &str, kind: &str) -> Value {
    let mut data = sample("pricing-three-times.json");
    data.as_object_mut().unwrap().remove("trigger");
    let time = "2026-11-20T09:36:00Z";
    json!({ "specversion": "1.0", "id": id, "source": "/web", "type": kind, "time": time, "data": data, "traceparent": "x" })
}

/// What became of each event, and the runs.
async fn told(house: &House, token: &str, kind: &str, body: &Value) -> (Vec<String>, Vec<Value>) {
    let seen = house.typed("/v1/events", token, kind, &body.to_string()).await;
    assert_eq!(seen.status, 202, "{}", seen.text);
    let items = seen.json()["items"].as_array().unwrap().clone();
    let status = |item: &Value| item["status"].as_str().unwrap().to_owned();
    (items.iter().map(status).collect(), items.iter().map(|item| item["run"].clone()).collect())
}

/// The outcome of a run, once it has one.
async fn outcome(house: &House, token: &str, run: &Value) -> String {
    let path = format!("/v1/runs/{}", run.as_str().unwrap());
    loop {
        let seen = house.get(&path, token).await;
        if let Some(outcome) = seen.json()["outcome"].as_str() {
            return outcome.to_owned();
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn an_event_begins_the_run_that_its_type_triggers_and_begins_it_once() {
    let house = House::open().await;
    let admin = house.token("admin", "admin").await;
    let pricing = event("e1", "pricing_page_repeat");
    let (status, runs) = told(&house, &admin, ONE, &pricing).await;
    assert_eq!(status, ["begun"]);
    assert_eq!(outcome(&house, &admin, &runs[0]).await, "drafted");
    let entries = house.get(&format!("/v1/runs/{}/entries", runs[0].as_str().unwrap()), &admin).await.json();
    let started = &entries["items"][0]["event"];
    assert_eq!((&started["playbook"], &started["bundle"]["trigger"]["signal"]), (&json!("decision"), &pricing["type"]));
    assert_eq!(started["bundle"]["trigger"]["at"], pricing["time"]);

    let batch = json!([
        pricing,
        event("e2", "pricing_page_repeat"),
        event("e2", "pricing_page_repeat"),
        event("e3", "weather")
    ]);
    let (status, again) = told(&house, &admin, BATCH, &batch).await;
    assert_eq!(status, ["known", "begun", "known", "ignored"]);
    assert_eq!((&again[0], &again[1], &again[3]), (&runs[0], &again[2], &Value::Null));
    outcome(&house, &admin, &again[1]).await;

    // Also in another process, and after the customer was forgotten.
    let house = house.again().await;
    let admin = house.token("admin", "admin").await;
    assert_eq!(told(&house, &admin, ONE, &pricing).await.0, ["known"]);
    assert_eq!(house.delete_with("/v1/customers/cus_1012", &admin, &json!({ "reason": "asked" })).await.status, 200);
    assert_eq!(told(&house, &admin, ONE, &pricing).await.0, ["known"]);
    assert_eq!(house.get("/v1/runs", &admin).await.json()["items"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn what_is_wrong_with_an_event_is_named_and_none_of_its_batch_is_taken() {
    let house = House::open().await;
    let (admin, reviewer) = (house.token("admin", "admin").await, house.token("lena", "reviewer").await);
    let good = event("e1", "pricing_page_repeat");
    let changed = |place: &str, value: Value| {
        let mut event = event("e2", "pricing_page_repeat");
        *event.pointer_mut(place).unwrap() = value;
        event
    };
    let mut triggered = good.clone();
    triggered["data"]["trigger"] = json!({ "kind": "manual", "at": "2026-11-20T09:36:00Z", "note": "x" });
    for (event, place) in [
        (changed("/specversion", json!("0.3")), "/1/specversion"),
        (changed("/id", json!("")), "/1/id"),
        (changed("/data/customer/id", json!(7)), "/1/data: /customer/id"),
        (triggered, "/1/data: /trigger"),
    ] {
        let seen = house.typed("/v1/events", &admin, BATCH, &json!([good, event]).to_string()).await;
        assert_eq!(seen.status, 422, "{}", seen.text);
        assert!(seen.text.contains(place), "{place}: {}", seen.text);
    }
    let many = vec![good.clone(); 101];
    assert_eq!(house.typed("/v1/events", &admin, BATCH, &json!(many).to_string()).await.status, 422);
    assert_eq!(house.typed("/v1/events", &admin, "application/json", &good.to_string()).await.status, 415);
    assert_eq!(house.typed("/v1/events", &reviewer, ONE, &good.to_string()).await.status, 403);
    assert_eq!(house.get("/v1/runs", &admin).await.json()["items"], json!([]));
}
