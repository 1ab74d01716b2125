//! What people look things up in: views of the queue, gaps, rules with their examples.

use crate::house::{self, House, PASSWORD};
use serde_json::json;

fn csrf(page: &str) -> String {
    page.split("name=\"csrf\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned()
}

#[tokio::test]
async fn a_view_of_the_queue_is_narrowed_and_kept_for_oneself() {
    let house = House::open().await;
    let (admin, _) = (house.token("admin", "admin").await, house.token("lena", "reviewer").await);
    let draft = house.draft(&admin).await;
    let queue = house.get(&format!("/v1/drafts/{draft}"), &admin).await;
    let (shown, lenas) = (queue.json(), house.sign_in("lena", PASSWORD).await.cookie);
    let listed = house.get("/v1/drafts?state=pending", &admin).await.json();
    let queue = listed["items"][0]["queue"].as_str().unwrap();
    let (row, csrf) = (draft.clone(), csrf(&house.page("/", &lenas).await.text));
    let has = async |view: &str| {
        let page = house.page(&format!("/?tab=review{view}"), &lenas).await;
        assert_eq!(page.status, 200, "{view} {}", page.text);
        page.text.contains(&row)
    };
    assert!(has("").await && has(&format!("&queue={queue}")).await && has("&whose=nobody&queue=").await, "{shown}");
    assert!(!has("&queue=elsewhere").await && !has("&whose=mine").await);
    house.post(&format!("/v1/drafts/{draft}/assign"), &admin, &json!({ "to": "lena" })).await;
    assert!(has("&whose=mine").await && !has("&whose=nobody").await);
    assert_eq!(house.page("/?whose=someone", &lenas).await.status, 422);

    let view = [("tab", "review"), ("queue", queue), ("whose", "mine"), ("label", "My <own>")];
    let form = |csrf: &str| {
        [&[("csrf", csrf)][..], &view[..]]
            .concat()
            .iter()
            .map(|(k, v)| (k.to_string(), v.to_string()))
            .collect::<Vec<_>>()
    };
    let send = async |fields: Vec<(String, String)>| {
        let fields: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        house.form("/views", &lenas, &fields).await
    };
    assert_eq!(send(form("forged")).await.status, 403);
    assert_eq!(send(form(&csrf)).await.status, 303);
    let page = house.page(&format!("/?tab=review&queue={queue}&whose=mine"), &lenas).await.text;
    assert!(page.contains("aria-current=\"page\">My &lt;own&gt;</a>"), "{page}");
    let others = house.page("/", &house.sign_in("admin", PASSWORD).await.cookie).await.text;
    assert!(!others.contains("&lt;own&gt;"), "{others}");
    // It is there after a restart, until it is dropped.
    let house = house.again().await;
    let lenas = house.sign_in("lena", PASSWORD).await.cookie;
    let page = house.page("/", &lenas).await.text;
    assert!(page.contains("My &lt;own&gt;"), "{page}");
    let fields = [("csrf", &*self::csrf(&page)), ("label", "My <own>"), ("drop", "true")];
    assert_eq!(house.form("/views", &lenas, &fields).await.status, 303);
    assert!(!house.page("/", &lenas).await.text.contains("&lt;own&gt;"));
}

#[tokio::test]
async fn what_no_article_answers_is_a_gap_with_the_article_that_comes_nearest() {
    let house = House::open().await;
    let admin = house.token("admin", "admin").await;
    let cookie = house.sign_in("admin", PASSWORD).await.cookie;
    assert!(house.page("/gaps", &cookie).await.text.contains("No question was left unanswered"));
    assert_eq!(house.get("/v1/kb/gaps?top=0", &admin).await.status, 422);
    let mut runs = Vec::new();
    for _ in 0..2 {
        let run = house.post("/v1/runs", &admin, &house::sample("unanswerable.json")).await.json();
        assert_eq!(run["outcome"], "escalated", "{run}");
        runs.insert(0, run["run"].clone());
    }
    let gaps = house.get("/v1/kb/gaps", &admin).await.json();
    assert_eq!((&gaps[0]["count"], &gaps[0]["runs"]), (&json!(2), &json!(runs)), "{gaps}");
    assert_eq!(gaps.as_array().unwrap().len(), 1, "{gaps}");
    let page = house.page("/gaps", &cookie).await.text;
    assert!(page.contains(gaps[0]["question"].as_str().unwrap()) && page.contains(runs[0].as_str().unwrap()), "{page}");
    // Whoever is forgotten asked nothing.
    let customer = house::sample("unanswerable.json")["customer"]["id"].clone();
    let order = json!({ "reason": "asked" });
    house.delete_with(&format!("/v1/customers/{}", customer.as_str().unwrap()), &admin, &order).await;
    assert_eq!(house.get("/v1/kb/gaps", &admin).await.json(), json!([]));
}

#[tokio::test]
async fn rules_stand_with_their_examples_and_one_run_is_tried_alone() {
    let house = House::open().await;
    let admin = house.token("admin", "admin").await;
    let examples = house.get("/v1/policies/examples", &admin).await.json();
    let examples = examples.as_array().unwrap();
    assert!(examples.len() > 30 && examples.iter().all(|example| example["fault"].is_null()), "{examples:?}");
    let cookie = house.sign_in("admin", PASSWORD).await.cookie;
    let page = house.page("/policies", &cookie).await.text;
    assert!(page.contains(&format!("All {} examples of these rules hold", examples.len())), "{page}");
    let name = examples.iter().find(|example| example["rule"] == "contact_cap").unwrap()["name"].as_str().unwrap();
    assert!(page.contains(&format!("<li>{name}: holds</li>")), "{name} {page}");

    house.draft(&admin).await;
    let run = house.post("/v1/runs", &admin, &house::sample("usage-gap.json")).await.json()["run"].clone();
    let what_if = |text: &str, run: &serde_json::Value| json!({ "file": "own.dw", "text": text, "run": run });
    let rule = "@id(\"no_mail\") @reason(\"no e-mail today\")\nforbid (principal, action == Attache::Action::\"draft_email\", resource);";
    let found = house.post("/v1/policies/what-if", &admin, &what_if(rule, &run)).await.json();
    assert_eq!((&found["runs"], &found["flips"][0]["run"]), (&json!(1), &run), "{found}");
    // The examples of drafts do not hold under a rule that forbids them.
    let broken = found["broken"].as_array().unwrap();
    assert!(!broken.is_empty() && broken.iter().all(|example| example["fault"].is_string()), "{found}");
    let kept = house.post("/v1/policies/what-if", &admin, &what_if("", &run)).await.json();
    assert_eq!((&kept["differ"], &kept["broken"]), (&json!(0), &json!([])), "{kept}");
    assert_eq!(house.post("/v1/policies/what-if", &admin, &what_if("", &json!("run_none"))).await.status, 404);
    let page = house.page(&format!("/runs/{}", run.as_str().unwrap()), &cookie).await.text;
    let link = format!("/policies?run={}", run.as_str().unwrap());
    assert!(page.contains(&link), "{page}");
    assert!(house.page(&link, &cookie).await.text.contains(&format!("value=\"{}\"", run.as_str().unwrap())));
}

#[tokio::test]
async fn what_was_said_is_remembered_until_whoever_said_it_is_forgotten() {
    let house = House::open().await;
    let admin = house.token("admin", "admin").await;
    let opened = house.post("/v1/conversations", &admin, &house::sample("tier1-question.json")).await.json();
    let conversation = format!("/v1/conversations/{}", opened["conversation"].as_str().unwrap());
    let messages = format!("{conversation}/messages");
    for turns in 2..4 {
        let next = house.post(&messages, &admin, &json!({ "text": "How do I invite a colleague?" })).await;
        assert_eq!(next.status, 201, "{}", next.text);
        let said = house.get(&conversation, &admin).await.json();
        let texts: Vec<_> = said["turns"].as_array().unwrap().iter().map(|turn| turn["text"].clone()).collect();
        assert_eq!(texts.len(), turns, "{said}");
        assert_eq!(texts[1], "How do I invite a colleague?", "{said}");
        assert!(said["turns"].as_array().unwrap().iter().all(|turn| turn["outcome"].is_string()), "{said}");
    }
    let customer = house::sample("tier1-question.json")["customer"]["id"].as_str().unwrap().to_owned();
    let order = json!({ "reason": "asked" });
    let erased = house.delete_with(&format!("/v1/customers/{customer}"), &admin, &order).await;
    assert_eq!(erased.status, 200, "{}", erased.text);
    assert!(house.get(&conversation, &admin).await.status >= 400);
    assert!(house.post(&messages, &admin, &json!({ "text": "And now?" })).await.status >= 400);
}
