//! What people arrange about drafts: later, aside, whose, several at once.

use crate::house::{House, PASSWORD, sample};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::time::Duration;

fn after(seconds: i64) -> String {
    Timestamp::now().checked_add(SignedDuration::from_secs(seconds)).unwrap().to_string()
}

/// A draft for a customer of that id.
async fn draft(house: &House, token: &str, customer: &str) -> String {
    let mut bundle = sample("usage-gap.json");
    bundle["customer"]["id"] = customer.into();
    let run = house.post("/v1/runs", token, &bundle).await.json();
    let listed = house.get("/v1/drafts?limit=200", token).await.json();
    let items = listed["items"].as_array().unwrap();
    items.iter().find(|draft| draft["run"] == run["run"]).unwrap()["draft"].as_str().unwrap().to_owned()
}

async fn shown(house: &House, token: &str, draft: &str) -> Value {
    house.get(&format!("/v1/drafts/{draft}"), token).await.json()
}

/// Waits until a draft stands there.
async fn until(house: &House, token: &str, draft: &str, state: &str) {
    for _ in 0..200 {
        if shown(house, token, draft).await["state"] == state {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("not {state}: {}", shown(house, token, draft).await);
}

#[tokio::test]
async fn an_approval_for_later_is_carried_out_then_and_not_before() {
    let house = House::open().await;
    let admin = house.token("admin", "admin").await;
    let one = draft(&house, &admin, "cus_1").await;
    let digest = shown(&house, &admin, &one).await["digest"].clone();
    let schedule = format!("/v1/drafts/{one}/schedule");
    let stale = json!({ "digest": "00", "at": after(60) });
    assert_eq!(house.post(&schedule, &admin, &stale).await.status, 412);
    let late = json!({ "digest": digest, "at": after(100 * 24 * 3600) });
    assert_eq!(house.post(&schedule, &admin, &late).await.status, 422, "not after it is due");
    let set = house.post(&schedule, &admin, &json!({ "digest": digest, "at": after(3600) })).await;
    assert_eq!(set.status, 200, "{}", set.text);
    let again = json!({ "digest": digest, "at": after(60) });
    assert_eq!(house.post(&schedule, &admin, &again).await.status, 409);
    let seen = shown(&house, &admin, &one).await;
    assert_eq!((&seen["state"], &seen["scheduled"]["by"]), (&json!("pending"), &json!("admin")), "{seen}");
    assert!(house.outbox().is_empty());
    // Taken back, a restart knows it; given anew, a restart carries it out.
    assert_eq!(house.post(&format!("/v1/drafts/{one}/cancel"), &admin, &json!(null)).await.status, 204);
    assert_eq!(house.post(&format!("/v1/drafts/{one}/cancel"), &admin, &json!(null)).await.status, 409);
    let house = house.again().await;
    assert_eq!(shown(&house, &admin, &one).await["scheduled"], Value::Null);
    let soon = json!({ "digest": digest, "at": after(2) });
    assert_eq!(house.post(&schedule, &admin, &soon).await.status, 200);
    let house = house.again().await;
    until(&house, &admin, &one, "sent").await;
    assert_eq!(house.outbox().len(), 1);
}

#[tokio::test]
async fn a_draft_is_somebodys_and_can_be_put_aside() {
    let house = House::open().await;
    let (admin, lena) = (house.token("admin", "admin").await, house.token("lena", "reviewer").await);
    let (one, two) = (draft(&house, &admin, "cus_1").await, draft(&house, &admin, "cus_2").await);
    let assign = |draft: &str| format!("/v1/drafts/{draft}/assign");
    assert_eq!(house.post(&assign(&one), &admin, &json!({ "to": "nobody" })).await.status, 422);
    assert_eq!(house.post(&assign(&one), &admin, &json!({ "to": "lena" })).await.status, 204);
    let snooze = format!("/v1/drafts/{one}/snooze");
    assert_eq!(house.post(&snooze, &lena, &json!({ "until": after(-5), "reason": "x" })).await.status, 422);
    assert_eq!(house.post(&snooze, &lena, &json!({ "until": after(600), "reason": " " })).await.status, 422);
    let set = house.post(&snooze, &lena, &json!({ "until": after(600), "reason": "the price list comes today" })).await;
    assert_eq!(set.status, 204, "{}", set.text);
    let house = house.again().await;
    let seen = shown(&house, &admin, &one).await;
    let arranged = (seen["assigned"].as_str(), seen["snoozed"]["reason"].as_str());
    assert_eq!(arranged, (Some("lena"), Some("the price list comes today")), "{seen}");
    let cookie = house.sign_in("lena", PASSWORD).await.cookie;
    let queue = house.page("/", &cookie).await.text;
    let (first, last) = (queue.find(&two), queue.find(&one));
    assert!(first.unwrap() < last.unwrap(), "what is put aside stands last: {queue}");
    assert!(queue.contains("lena has it"), "{queue}");
}

#[tokio::test]
async fn drafts_go_together_only_if_they_are_alike_and_a_sample_was_opened() {
    let house = House::open().await;
    let (admin, lena) = (house.token("admin", "admin").await, house.token("lena", "reviewer").await);
    let drafts = [draft(&house, &admin, "cus_1").await, draft(&house, &admin, "cus_2").await];
    let mut ones = Vec::new();
    for draft in &drafts {
        ones.push(json!({ "draft": draft, "digest": shown(&house, &admin, draft).await["digest"] }));
    }
    let batch = json!({ "drafts": ones });
    assert_eq!(house.post("/v1/drafts/batch", &lena, &json!({ "drafts": [ones[0]] })).await.status, 422);
    let unseen = house.post("/v1/drafts/batch", &lena, &batch).await;
    assert_eq!((unseen.status, unseen.text.contains("open this sample first")), (409, true), "{}", unseen.text);
    // What somebody else opened is not what they saw.
    for draft in &drafts {
        house.post(&format!("/v1/drafts/{draft}/viewed"), &admin, &json!(null)).await;
    }
    assert_eq!(house.post("/v1/drafts/batch", &lena, &batch).await.status, 409);
    let mut other = sample("closed-won-handoff.json");
    other["customer"]["id"] = "cus_3".into();
    let other = house.post("/v1/runs", &admin, &other).await.json();
    assert_eq!(other["outcome"], "drafted", "{other}");
    let unlike = house.get("/v1/drafts?limit=200", &admin).await.json();
    let unlike = unlike["items"].as_array().unwrap().iter().find(|draft| draft["run"] == other["run"]).unwrap().clone();
    let digest = shown(&house, &admin, unlike["draft"].as_str().unwrap()).await["digest"].clone();
    let mixed = json!({ "drafts": [ones[0], { "draft": unlike["draft"], "digest": digest }] });
    let mixed = house.post("/v1/drafts/batch", &lena, &mixed).await;
    assert_eq!((mixed.status, mixed.text.contains("not alike")), (409, true), "{}", mixed.text);
    for draft in &drafts {
        house.post(&format!("/v1/drafts/{draft}/viewed"), &lena, &json!(null)).await;
    }
    let done = house.post("/v1/drafts/batch", &lena, &batch).await;
    assert_eq!(done.status, 200, "{}", done.text);
    assert!(done.json().as_array().unwrap().iter().all(|each| each["came"]["outcome"] == "resolved"), "{}", done.text);
    assert_eq!(house.outbox().len(), 2);
}

#[tokio::test]
async fn a_draft_is_theirs_who_works_on_it_until_they_leave_it() {
    let house = House::open().await;
    let admin = house.token("admin", "admin").await;
    let (lena, otto) = (house.token("lena", "reviewer").await, house.token("otto", "reviewer").await);
    let one = draft(&house, &admin, "cus_1").await;
    let (claim, nothing) = (format!("/v1/drafts/{one}/claim"), json!(null));
    let (first, second) = tokio::join!(house.post(&claim, &lena, &nothing), house.post(&claim, &otto, &nothing));
    let ((holder, token), (other, loser)) = match (first.status, second.status) {
        (200, 409) => (("lena", &lena), (&otto, &second)),
        (409, 200) => (("otto", &otto), (&lena, &first)),
        _ => panic!("{} / {}", first.text, second.text),
    };
    assert!(loser.text.contains(&format!("{holder} has draft")) && loser.text.contains("claimed"), "{}", loser.text);
    let house = house.again().await;
    let seen = shown(&house, &admin, &one).await;
    assert_eq!(seen["claimed"]["by"], json!(holder), "{seen}");
    let (approve, body) = (format!("/v1/drafts/{one}/approve"), json!({ "digest": seen["digest"] }));
    let refused = house.post(&approve, other, &body).await;
    assert_eq!((refused.status, refused.text.contains("claimed")), (409, true), "{}", refused.text);
    let snooze = json!({ "until": after(600), "reason": "later" });
    assert_eq!(house.post(&format!("/v1/drafts/{one}/snooze"), other, &snooze).await.status, 409);
    assert!(house.outbox().is_empty());
    // Nobody leaves it for them, and once they left it anybody decides.
    let release = format!("/v1/drafts/{one}/release");
    assert_eq!(house.post(&release, other, &nothing).await.status, 409);
    assert_eq!(house.post(&release, token, &nothing).await.status, 204);
    assert_eq!(shown(&house, &admin, &one).await["claimed"], Value::Null);
    let done = house.post(&approve, other, &body).await;
    assert_eq!(done.status, 200, "{}", done.text);
}

#[tokio::test]
async fn a_page_claims_what_it_shows_and_a_late_leave_ends_no_later_claim() {
    let house = House::open().await;
    let admin = house.token("admin", "admin").await;
    let (_, otto) = (house.token("lena", "reviewer").await, house.token("otto", "reviewer").await);
    let one = draft(&house, &admin, "cus_1").await;
    let (lenas, ottos) = (house.sign_in("lena", PASSWORD).await.cookie, house.sign_in("otto", PASSWORD).await.cookie);
    let path = format!("/drafts/{one}");
    let field = |page: &str, name: &str| page.split(name).nth(1).unwrap().split('"').next().unwrap().to_owned();
    let first = house.page(&path, &lenas).await.text;
    let early = field(&first, "data-until=\"");
    let csrf = field(&first, "data-csrf=\"");
    let again = house.page(&path, &lenas).await.text;
    let leave = async |until: &str| {
        let fields = [("csrf", csrf.as_str()), ("act", "leave"), ("until", until)];
        assert_eq!(house.form(&format!("{path}/arrange"), &lenas, &fields).await.status, 204);
    };
    leave(&early).await;
    let other = house.page(&path, &ottos).await.text;
    assert!(other.contains("lena has it open: you can read it") && !other.contains("data-key=\"a\""), "{other}");
    assert!(house.page("/", &ottos).await.text.contains("lena has it open"));
    leave(&field(&again, "data-until=\"")).await;
    assert!(house.page(&path, &ottos).await.text.contains("data-key=\"a\""));
    assert_eq!(shown(&house, &otto, &one).await["claimed"]["by"], json!("otto"));
}
