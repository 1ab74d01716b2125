//! What a reviewer can do with a draft besides sending it: another version, a person instead, taking it back.

use crate::house::{House, PASSWORD, sample};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

async fn draft(house: &House, token: &str) -> Value {
    let run = house.post("/v1/runs", token, &sample("usage-gap.json")).await.json();
    shown(house, token, run["draft"].as_str().unwrap()).await
}

async fn shown(house: &House, token: &str, draft: &str) -> Value {
    house.get(&format!("/v1/drafts/{draft}"), token).await.json()
}

fn path(draft: &Value, act: &str) -> String {
    format!("/v1/drafts/{}/{act}", draft["draft"].as_str().unwrap())
}

#[tokio::test]
async fn another_version_follows_the_reviewers_words_and_takes_the_place_of_the_one_before() {
    let house = House::open().await;
    let (admin, lena) = (house.token("admin", "admin").await, house.token("lena", "reviewer").await);
    let first = draft(&house, &admin).await;
    let revise = path(&first, "revise");
    let digest = &first["digest"];
    // As its description says: a list that is empty is there.
    assert_eq!((&first["changed"], first["obstacles"].is_array()), (&json!([]), true), "{first}");
    let mute = house.post(&revise, &lena, &json!({ "digest": digest, "reason": " " })).await;
    assert_eq!((mute.status, mute.text.contains("what the other version is to be")), (422, true), "{}", mute.text);
    assert_eq!(house.post(&revise, &lena, &json!({ "digest": "00", "reason": "shorter" })).await.status, 412);
    let asked = json!({ "digest": digest, "reason": "Tell them how to print QR labels for their assets" });
    let revised = house.post(&revise, &lena, &asked).await;
    assert_eq!((revised.status, revised.json()["outcome"].as_str()), (200, Some("drafted")), "{}", revised.text);
    let second = shown(&house, &lena, revised.json()["draft"].as_str().unwrap()).await;
    assert_eq!((&second["replaces"], &second["state"]), (&first["draft"], &json!("pending")), "{second}");
    assert_ne!(second["body"], first["body"]);
    assert!(second["body"].as_str().unwrap().contains("Labels > Print"), "{second}");
    // The one before is closed, whatever somebody still has on their screen.
    assert_eq!(shown(&house, &lena, first["draft"].as_str().unwrap()).await["state"], "replaced");
    let late = house.post(&path(&first, "approve"), &lena, &json!({ "digest": digest })).await;
    let told = late.json();
    assert_eq!((late.status, &told["type"]), (409, &json!("urn:attache:problem:replaced")), "{}", late.text);
    let body = told["changed"].as_array().unwrap().iter().find(|changed| changed["name"] == "body").unwrap().clone();
    assert_eq!(body, json!({ "part": "text", "name": "body", "was": first["body"], "is": second["body"] }));
    let cookie = house.sign_in("lena", PASSWORD).await.cookie;
    let page = house.page(&format!("/drafts/{}", second["draft"].as_str().unwrap()), &cookie).await.text;
    assert!(page.contains("revise by lena") && page.contains("<del>") && page.contains("QR labels"), "{page}");
    let sent = house.post(&path(&second, "approve"), &lena, &json!({ "digest": second["digest"] })).await;
    assert_eq!(sent.json()["outcome"], "resolved", "{}", sent.text);
    assert_eq!(house.outbox().len(), 1);
}

#[tokio::test]
async fn whoever_has_no_other_version_says_so_and_a_person_writes() {
    let house = House::open().await;
    let admin = house.token("admin", "admin").await;
    let mut now = draft(&house, &admin).await;
    let mut outcomes = Vec::new();
    for _ in 0..2 {
        let asked = json!({ "digest": now["digest"], "reason": "Tell them how to print QR labels for their assets" });
        let came = house.post(&path(&now, "revise"), &admin, &asked).await.json();
        outcomes.push(came["outcome"].as_str().unwrap().to_owned());
        if let Some(next) = came["draft"].as_str() {
            now = shown(&house, &admin, next).await;
        }
    }
    assert_eq!(outcomes, ["drafted", "escalated"]);
    assert_eq!(shown(&house, &admin, now["draft"].as_str().unwrap()).await["state"], "replaced");
}

#[tokio::test]
async fn a_draft_goes_to_a_person_with_the_reviewers_reason() {
    let house = House::open().await;
    let admin = house.token("admin", "admin").await;
    let one = draft(&house, &admin).await;
    let cookie = house.sign_in("admin", PASSWORD).await.cookie;
    let page = house.page(&format!("/drafts/{}", one["draft"].as_str().unwrap()), &cookie).await.text;
    let csrf = page.split("name=\"csrf\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    let digest = one["digest"].as_str().unwrap();
    let fields = [("csrf", csrf), ("digest", digest), ("decision", "escalate"), ("reason", "they need a call")];
    let gone = house.form(&format!("/drafts/{}", one["draft"].as_str().unwrap()), &cookie, &fields).await;
    assert_eq!(gone.status, 303, "{}", gone.text);
    assert!(gone.location.starts_with("/handoffs/"), "{}", gone.location);
    let handoff = house.page(&gone.location, &cookie).await.text;
    assert!(handoff.contains("admin: they need a call"), "{handoff}");
    assert_eq!(shown(&house, &admin, one["draft"].as_str().unwrap()).await["state"], "escalated");
    assert!(house.outbox().is_empty());
}

#[tokio::test]
async fn an_approval_that_waits_is_withdrawn_for_good() {
    let house = House::open().await;
    let admin = house.token("admin", "admin").await;
    let one = draft(&house, &admin).await;
    let at = Timestamp::now().checked_add(SignedDuration::from_secs(2)).unwrap().to_string();
    let set = house.post(&path(&one, "schedule"), &admin, &json!({ "digest": one["digest"], "at": at })).await;
    assert_eq!(set.status, 200, "{}", set.text);
    let withdraw = json!({ "digest": one["digest"], "reason": "they called us" });
    let gone = house.post(&path(&one, "withdraw"), &admin, &withdraw).await;
    assert_eq!((gone.status, gone.json()["reason_code"].as_str()), (200, Some("withdrawn")), "{}", gone.text);
    let house = house.again().await;
    tokio::time::sleep(std::time::Duration::from_millis(2500)).await;
    assert_eq!(shown(&house, &admin, one["draft"].as_str().unwrap()).await["state"], "withdrawn");
    assert!(house.outbox().is_empty());
    assert_eq!(house.post(&path(&one, "withdraw"), &admin, &withdraw).await.status, 409);
}

#[tokio::test]
async fn an_approval_of_what_has_changed_is_refused_with_the_difference() {
    let house = House::open().await;
    let admin = house.token("admin", "admin").await;
    let one = draft(&house, &admin).await;
    let page = format!("/drafts/{}", one["draft"].as_str().unwrap());
    let evidence = one["evidence"].as_array().unwrap().iter().find(|evidence| evidence["kind"] == "fact");
    let key = evidence.unwrap_or_else(|| panic!("{one}"))["key"].clone();
    // The next thing that comes in of this customer knows that fact otherwise.
    let mut since = sample("usage-gap.json");
    for kind in ["identity", "zero_party", "intent", "contextual"] {
        for fact in since[kind].as_array_mut().into_iter().flatten().filter(|fact| fact["key"] == key) {
            fact["value"] = "quite another".into();
        }
    }
    assert_eq!(house.post("/v1/runs", &admin, &since).await.status, 201);
    let stale = house.post(&path(&one, "approve"), &admin, &json!({ "digest": one["digest"] })).await;
    let changed = stale.json()["changed"].clone();
    assert_eq!((stale.status, &changed[0]["part"], &changed[0]["name"]), (412, &json!("evidence"), &key), "{changed}");
    assert_eq!(changed[0]["is"], "quite another");
    let cookie = house.sign_in("admin", PASSWORD).await.cookie;
    let live = house.page(&format!("{page}/now?digest={}", one["digest"].as_str().unwrap()), &cookie).await;
    assert!(live.text.contains("changed since you opened it") && live.text.contains("<ins>quite"), "{}", live.text);
    // Seen as it is now, it can be approved.
    let seen = shown(&house, &admin, one["draft"].as_str().unwrap()).await;
    assert_eq!(seen["changed"], changed, "{seen}");
    assert_ne!(seen["digest"], one["digest"]);
    let sent = house.post(&path(&one, "approve"), &admin, &json!({ "digest": seen["digest"] })).await;
    assert_eq!(sent.json()["outcome"], "resolved", "{}", sent.text);
}

#[tokio::test]
async fn other_rules_make_an_approval_stale_and_are_told_on_the_page() {
    let house = House::open().await;
    let admin = house.token("admin", "admin").await;
    let one = draft(&house, &admin).await;
    let house = house.under(TWO_EYES_MORE).await;
    let cookie = house.sign_in("admin", PASSWORD).await.cookie;
    let page = house.page(&format!("/drafts/{}", one["draft"].as_str().unwrap()), &cookie).await.text;
    let csrf = page.split("name=\"csrf\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    let fields = [("csrf", csrf), ("digest", one["digest"].as_str().unwrap()), ("decision", "approve")];
    let stale = house.form(&format!("/drafts/{}", one["draft"].as_str().unwrap()), &cookie, &fields).await;
    assert_eq!(stale.status, 412, "{}", stale.text);
    assert!(stale.text.contains("<code>draft_email</code>") && stale.text.contains("two_must"), "{}", stale.text);
    assert!(house.outbox().is_empty());
}

const TWO_EYES_MORE: &str = r#"
@id("two_must") @verdict("review") @approvers("2") @reason("two people approve what we send unasked")
forbid (principal, action == Attache::Action::"draft_email", resource)
when { context.case.outreach && !context.case.approved };
"#;

#[tokio::test]
async fn where_policy_asks_for_two_the_second_is_another_person_who_sees_what_the_first_saw() {
    let house = House::open().await.under(TWO_EYES_MORE).await;
    let admin = house.token("admin", "admin").await;
    let (lena, otto) = (house.token("lena", "reviewer").await, house.token("otto", "reviewer").await);
    let one = draft(&house, &admin).await;
    assert_eq!((&one["approvers"], &one["approved_by"]), (&json!(2), &json!([])), "{one}");
    let approve = path(&one, "approve");
    let first = house.post(&approve, &lena, &json!({ "digest": one["digest"] })).await;
    assert_eq!((first.status, &first.json()["outcome"]), (200, &json!("drafted")), "{}", first.text);
    let again = house.post(&approve, &lena, &json!({ "digest": one["digest"] })).await;
    assert_eq!((again.status, again.text.contains("another person")), (409, true), "{}", again.text);
    assert!(house.outbox().is_empty());
    // A text that somebody edits is theirs alone: the first approval was of another.
    let edit = json!({ "digest": one["digest"], "body": format!("{}\n\nKind regards", one["body"].as_str().unwrap()) });
    let edited = house.post(&path(&one, "edit"), &otto, &edit).await;
    assert_eq!(edited.json()["outcome"], "drafted", "{}", edited.text);
    let house = house.again().await;
    let now = shown(&house, &admin, one["draft"].as_str().unwrap()).await;
    assert_eq!((&now["approved_by"], &now["state"]), (&json!(["otto"]), &json!("pending")), "{now}");
    assert!(now["body"].as_str().unwrap().ends_with("Kind regards"), "{now}");
    let old = house.post(&approve, &lena, &json!({ "digest": one["digest"] })).await;
    assert_eq!(old.status, 412, "{}", old.text);
    let sent = house.post(&approve, &lena, &json!({ "digest": now["digest"] })).await;
    assert_eq!(sent.json()["outcome"], "resolved", "{}", sent.text);
    assert_eq!(house.outbox().len(), 1);
    assert_eq!(shown(&house, &admin, one["draft"].as_str().unwrap()).await["state"], "sent");
}

#[tokio::test]
async fn what_is_sent_unasked_waits_for_the_customers_day() {
    let house = House::open().await;
    let admin = house.token("admin", "admin").await;
    // Where it is night now, and where it is noon.
    let hour = i64::from(Timestamp::now().to_zoned_datetime(jiff::tz::TimeZone::UTC).hour());
    // In the names of that database the sign is the other way round.
    let zone = |wanted: i64| match (wanted - hour).rem_euclid(24) {
        east @ 0..=14 => format!("Etc/GMT-{east}"),
        west => format!("Etc/GMT+{}", 24 - west),
    };
    let mut bundle = sample("usage-gap.json");
    bundle["customer"]["timezone"] = "Nowhere/Land".into();
    let unknown = house.post("/v1/runs", &admin, &bundle).await;
    assert_eq!((unknown.status, unknown.text.contains("/customer/timezone")), (422, true), "{}", unknown.text);
    let mut outcomes = Vec::new();
    for (customer, there) in [("cus_night", 3), ("cus_noon", 12)] {
        bundle["customer"]["id"] = customer.into();
        bundle["customer"]["timezone"] = zone(there).into();
        let run = house.post("/v1/runs", &admin, &bundle).await.json();
        let one = shown(&house, &admin, run["draft"].as_str().unwrap()).await;
        let sent = house.post(&path(&one, "approve"), &admin, &json!({ "digest": one["digest"] })).await;
        let state = shown(&house, &admin, run["draft"].as_str().unwrap()).await["state"].clone();
        outcomes.push((sent.status, sent.text.contains("it is night where the customer is"), state));
        if there == 3 {
            // For their morning it can be approved.
            let at = Timestamp::now().checked_add(SignedDuration::from_hours(7)).unwrap().to_string();
            let set = house.post(&path(&one, "schedule"), &admin, &json!({ "digest": one["digest"], "at": at })).await;
            assert_eq!(set.status, 200, "{}", set.text);
        }
    }
    assert_eq!(outcomes, [(409, true, json!("pending")), (200, false, json!("sent"))]);
}
