//! The server over real HTTP: who may do what, what an approval is bound to, and what a stop leaves.
#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test stops where something is wrong"
)]

#[path = "../runs/world.rs"]
#[expect(dead_code, reason = "each test file uses what it needs")]
mod world;

mod arranging;
mod deciding;
mod events;
mod house;
mod manners;
mod openid;
mod provider;
mod reading;

use attache::journal::{Event, RunId, StaffAct};
use futures::StreamExt;
use house::{House, PASSWORD, Seen};
use serde_json::{Value, json};

#[tokio::test]
async fn who_is_nobody_gets_a_problem_and_learns_nothing() {
    let house = House::open().await;
    assert_eq!(house.get("/healthz", "").await.status, 200);
    assert_eq!(house.get("/readyz", "").await.status, 200);
    for path in ["/v1/drafts", "/v1/runs", "/v1/escalations", "/v1/accounts", "/v1/policies", "/v1/me"] {
        for token in ["", "att_made-up"] {
            let seen = house.get(path, token).await;
            assert_eq!((seen.status, seen.kind.as_str()), (401, "application/problem+json"), "{path}");
        }
    }
    let seen = house.page("/", "").await;
    assert_eq!((seen.status, seen.location.as_str()), (303, "/sign-in"));
}

#[tokio::test]
async fn the_first_link_is_good_once() {
    let house = House::open().await;
    let link = house.staff().first_link().await.unwrap().unwrap();
    let welcome = format!("/welcome/{link}");
    let weak = house.form(&welcome, "", &[("password", "short")]).await;
    assert_eq!((weak.status, weak.cookie.is_empty()), (422, true), "{}", weak.text);
    let first = house.form(&welcome, "", &[("password", PASSWORD)]).await;
    assert_eq!((first.status, first.cookie.is_empty()), (303, false), "{}", first.text);
    let again = house.form(&welcome, "", &[("password", "another long password")]).await;
    assert_eq!((again.status, again.cookie.is_empty()), (403, true), "{}", again.text);
    let cookie = house.sign_in("admin", PASSWORD).await.cookie;
    assert_eq!(house.page("/", &cookie).await.status, 200);
    assert_eq!(house.staff().first_link().await.unwrap(), None);
}

#[tokio::test]
async fn guessing_locks_a_name_and_the_journal_says_so() {
    let house = House::open().await;
    house.administrator().await;
    for _ in 0..5 {
        assert_eq!(house.sign_in("admin", "wrong password").await.status, 403);
        assert_eq!(house.sign_in("nobody", "wrong password").await.status, 403);
    }
    // The right one too, and a name that nobody has does not look different.
    assert_eq!(house.sign_in("admin", PASSWORD).await.status, 429);
    assert_eq!(house.sign_in("nobody", PASSWORD).await.status, 429);
    let locked: Vec<_> = house.acts("desk").await.into_iter().filter(|act| act.contains("sign_in_locked")).collect();
    assert_eq!(locked.len(), 1, "{locked:?}");
}

#[tokio::test]
async fn an_approval_is_of_what_was_seen_by_whom_the_token_is() {
    let house = House::open().await;
    let (admin, reviewer) = (house.token("admin", "admin").await, house.token("lena", "reviewer").await);
    let operator = house.token("otto", "agent-operator").await;
    let draft = house.draft(&admin).await;
    let shown = house.get(&format!("/v1/drafts/{draft}"), &reviewer).await;
    let digest = shown.json()["digest"].as_str().unwrap().to_owned();
    assert_eq!(shown.etag, format!("\"{digest}\""));
    let approve = format!("/v1/drafts/{draft}/approve");
    assert_eq!(house.post(&approve, &operator, &json!({ "digest": digest })).await.status, 403);
    assert_eq!(house.post(&approve, &reviewer, &json!({})).await.status, 428);
    assert_eq!(house.post(&approve, &reviewer, &json!({ "digest": "00" })).await.status, 412);
    let named = house.post(&approve, &reviewer, &json!({ "digest": digest, "by": "somebody else" })).await;
    assert_eq!(named.status, 422, "{}", named.text);
    assert!(house.outbox().is_empty());
    let done = house.post(&approve, &reviewer, &json!({ "digest": digest })).await;
    assert_eq!((done.status, done.json()["outcome"].as_str()), (200, Some("resolved")), "{}", done.text);
    assert_eq!(house.post(&approve, &reviewer, &json!({ "digest": digest })).await.status, 409);
    assert_eq!(house.outbox().len(), 1);
    let run = RunId::new(done.json()["run"].as_str().unwrap());
    let entries = house.attache.entries(&run).await.unwrap();
    let by = entries.iter().find(|entry| matches!(entry.event, Some(Event::ReviewDecided(_)))).unwrap();
    assert_eq!(by.actor.to_string(), "human:lena");
}

#[tokio::test]
async fn of_two_reviewers_at_once_one_sends_and_one_is_told() {
    let house = House::open().await;
    let (lena, otto) = (house.token("lena", "reviewer").await, house.token("otto", "reviewer").await);
    let admin = house.token("admin", "admin").await;
    let draft = house.draft(&admin).await;
    let digest = house.get(&format!("/v1/drafts/{draft}"), &lena).await.json()["digest"].clone();
    let (approve, body) = (format!("/v1/drafts/{draft}/approve"), json!({ "digest": digest }));
    let (one, two) = tokio::join!(house.post(&approve, &lena, &body), house.post(&approve, &otto, &body));
    let mut statuses = [one.status, two.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409], "{} / {}", one.text, two.text);
    assert_eq!(house.outbox().len(), 1);
}

#[tokio::test]
async fn a_form_of_another_session_changes_nothing() {
    let house = House::open().await;
    let admin = house.token("admin", "admin").await;
    let draft = house.draft(&admin).await;
    let digest = house.get(&format!("/v1/drafts/{draft}"), &admin).await.json()["digest"].clone();
    let cookie = house.sign_in("admin", PASSWORD).await.cookie;
    let path = format!("/drafts/{draft}");
    let fields = [("csrf", "forged"), ("decision", "approve"), ("digest", digest.as_str().unwrap())];
    assert_eq!(house.form(&path, &cookie, &fields).await.status, 403);
    let scripted = house.post_as(&format!("/v1/drafts/{draft}/approve"), &cookie, &json!({ "digest": digest })).await;
    assert_eq!(scripted.status, 403, "{}", scripted.text);
    assert!(house.outbox().is_empty());
    // With the token of its own page it goes through: what was refused was the forgery.
    let page = house.page(&path, &cookie).await;
    let csrf = page.text.split("name=\"csrf\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    let fields = [("csrf", csrf), ("decision", "approve"), ("digest", digest.as_str().unwrap())];
    assert_eq!(house.form(&path, &cookie, &fields).await.status, 303);
    assert_eq!(house.outbox().len(), 1);
    let opened = house.acts(&format!("review_{draft}")).await;
    assert!(opened.iter().any(|act| act.contains("draft_opened")), "{opened:?}");
}

#[tokio::test]
async fn what_a_customer_is_called_is_text_on_every_page() {
    let house = House::open().await;
    let admin = house.token("admin", "admin").await;
    let hostile = "\"><script>alert(1)</script>{{ csrf }}";
    let mut bundle: Value = house::sample("usage-gap.json");
    bundle["customer"]["name"] = hostile.into();
    bundle["zero_party"][1]["value"] = hostile.into();
    let run = house.post("/v1/runs", &admin, &bundle).await;
    assert_eq!(run.status, 201, "{}", run.text);
    let draft = house.drafts(&admin).await.remove(0);
    let cookie = house.sign_in("admin", PASSWORD).await.cookie;
    for path in [format!("/drafts/{draft}"), format!("/runs/{}", run.json()["run"].as_str().unwrap()), "/".to_owned()] {
        let page = house.page(&path, &cookie).await;
        assert_eq!(page.status, 200, "{path}");
        assert!(!page.text.contains("<script>alert"), "{path}: {}", page.text);
        assert!(page.policy.contains("script-src 'self'") && !page.policy.contains("unsafe"), "{}", page.policy);
    }
    assert!(house.page(&format!("/drafts/{draft}"), &cookie).await.text.contains("&lt;script&gt;alert(1)"));
}

#[tokio::test]
async fn tokens_outlast_a_restart_until_they_are_taken_back() {
    let house = House::open().await;
    let admin = house.token("admin", "admin").await;
    let cookie = house.sign_in("admin", PASSWORD).await.cookie;
    let made = house.post("/v1/tokens", &admin, &json!({ "label": "reads", "scopes": ["read"] })).await.json();
    let secret = made["secret"].as_str().unwrap().to_owned();
    assert!(house.secrets().iter().all(|file| !file.contains(&secret) && !file.contains(PASSWORD)));
    let house = house.again().await;
    assert_eq!(house.page("/", &cookie).await.status, 303, "a restart signs everybody out");
    let me = house.get("/v1/me", &secret).await.json();
    assert_eq!(me, json!({ "name": "admin", "rights": ["read"] }));
    assert_eq!(house.get("/v1/accounts", &secret).await.status, 403);
    let wider = house.post("/v1/tokens", &secret, &json!({ "label": "more", "scopes": ["review"] })).await;
    assert_eq!(wider.status, 403, "a token makes none that may do more than itself");
    assert_eq!(house.delete(&format!("/v1/tokens/{}", made["token"].as_str().unwrap()), &admin).await.status, 204);
    assert_eq!(house.get("/v1/me", &secret).await.status, 401);
    assert_eq!(house.again().await.get("/v1/me", &secret).await.status, 401);
}

#[tokio::test]
async fn an_account_that_is_closed_is_nobody_and_the_last_administrator_stays() {
    let house = House::open().await;
    let admin = house.token("admin", "admin").await;
    let lena = house.token("lena", "reviewer").await;
    assert_eq!(house.get("/v1/me", &lena).await.status, 200);
    assert_eq!(house.delete("/v1/accounts/lena", &admin).await.status, 204);
    assert_eq!(house.get("/v1/me", &lena).await.status, 401);
    assert_eq!(house.sign_in("lena", PASSWORD).await.status, 403);
    assert_eq!(house.delete("/v1/accounts/admin", &admin).await.status, 409);
    assert_eq!(house.get("/v1/me", &admin).await.status, 200);
}

#[tokio::test]
async fn a_handoff_has_one_taker_who_gives_it_back() {
    let house = House::open().await;
    let admin = house.token("admin", "admin").await;
    let (lena, otto) = (house.token("lena", "reviewer").await, house.token("otto", "reviewer").await);
    let run = house.post("/v1/runs", &admin, &house::sample("wants-human.json")).await.json();
    assert_eq!(run["outcome"], "escalated");
    let at = format!("/v1/escalations/{}", run["run"].as_str().unwrap());
    let (accept, nothing) = (format!("{at}/accept"), json!(null));
    let (one, two) = tokio::join!(house.post(&accept, &lena, &nothing), house.post(&accept, &otto, &nothing));
    let mut statuses = [one.status, two.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [204, 409], "{} / {}", one.text, two.text);
    let (holder, other) = if one.status == 204 { (&lena, &otto) } else { (&otto, &lena) };
    assert_eq!(house.post(&format!("{at}/close"), other, &nothing).await.status, 409);
    assert_eq!(house.post(&format!("{at}/return"), holder, &nothing).await.status, 204);
    let listed = house.get("/v1/escalations", &lena).await.json();
    assert_eq!(listed["items"][0]["status"], "returned");
    assert_eq!(house.post(&accept, other, &nothing).await.status, 204);
}

#[tokio::test]
async fn lists_come_in_pages_and_wrong_questions_are_refused() {
    let house = House::open().await;
    let admin = house.token("admin", "admin").await;
    for name in ["usage-gap.json", "wants-human.json", "tier1-question.json"] {
        house.post("/v1/runs", &admin, &house::sample(name)).await;
    }
    let first = house.get("/v1/runs?limit=2", &admin).await.json();
    let next = first["next"].as_str().unwrap();
    let second = house.get(&format!("/v1/runs?limit=2&cursor={next}"), &admin).await.json();
    assert_eq!(first["items"].as_array().unwrap().len(), 2);
    assert_eq!((second["items"].as_array().unwrap().len(), &second["next"]), (1, &Value::Null));
    let escalated = house.get("/v1/runs?outcome=escalated", &admin).await.json();
    assert_eq!(escalated["items"].as_array().unwrap().len(), 1);
    for (path, status) in [
        ("/v1/runs?limit=0", 422),
        ("/v1/runs?limit=many", 400),
        ("/v1/runs?since=yesterday", 400),
        ("/v1/runs/none", 404),
        ("/v1/runs/none/entries", 404),
        ("/v1/drafts/none", 404),
        ("/v1/kb/search?q=%20", 422),
    ] {
        let seen = house.get(path, &admin).await;
        assert_eq!((seen.status, seen.kind.as_str()), (status, "application/problem+json"), "{path}: {}", seen.text);
    }
    assert_eq!(house.post("/v1/runs", &admin, &json!({ "version": 1 })).await.status, 422);
    let search = house.get("/v1/kb/search?q=plan%20an%20inspection", &admin).await.json();
    assert_eq!(search[0]["doc"], "inspections-and-checklists");
}

#[tokio::test]
async fn who_watches_hears_of_a_change() {
    let house = House::open().await;
    let admin = house.token("admin", "admin").await;
    let cookie = house.sign_in("admin", PASSWORD).await.cookie;
    let mut live = house.stream("/live", &cookie).await;
    house.post("/v1/runs", &admin, &house::sample("usage-gap.json")).await;
    let heard = live.next().await.unwrap().unwrap();
    assert_eq!(heard.as_ref(), b"data: changed\n\n");
    // A stop lets go of whoever watches, or it would never end.
    house.stop().await;
}

#[tokio::test]
async fn a_stop_finishes_what_was_begun_for_somebody_who_went_away() {
    let (model, gate) = house::Slow::gated();
    let house = House::with(model).await;
    let admin = house.token("admin", "admin").await;
    let asked = house.request("/v1/runs", &admin, &house::sample("usage-gap.json"));
    let gone = tokio::spawn(asked);
    gate.asked().await;
    gone.abort();
    let store = house.attache.store().clone();
    let stopped = tokio::spawn(house.stop());
    gate.open();
    let data = stopped.await.unwrap();
    let runs = store.runs(&attache::journal::RunFilter::default()).await.unwrap();
    assert!(runs.iter().all(|run| run.outcome.is_some()) && runs.len() == 1, "{runs:?}");
    drop(data);
}

#[test]
fn it_listens_beyond_this_machine_only_behind_a_proxy() {
    use attache::server::check_exposure;
    for (listen, proxy, may) in [
        ("127.0.0.1:8420", false, true),
        ("[::1]:8420", false, true),
        ("0.0.0.0:8420", false, false),
        ("[::]:8420", false, false),
        ("192.0.2.1:8420", false, false),
        ("0.0.0.0:8420", true, true),
    ] {
        assert_eq!(check_exposure(listen.parse().unwrap(), proxy).is_ok(), may, "{listen}");
    }
}

#[tokio::test]
async fn a_forgotten_customer_is_gone_from_the_desk() {
    let house = House::open().await;
    let (admin, lena) = (house.token("admin", "admin").await, house.token("lena", "reviewer").await);
    let draft = house.draft(&admin).await;
    let path = "/v1/customers/cus_1021";
    assert_eq!(house.delete_with(path, &lena, &json!({})).await.status, 403);
    let erased = house.delete_with(path, &admin, &json!({ "reason": "asked" })).await;
    assert_eq!((erased.status, &erased.json()["runs"]), (200, &json!(1)), "{}", erased.text);
    assert_eq!(house.get(&format!("/v1/drafts/{draft}"), &admin).await.status, 410);
    assert_eq!(house.delete_with(path, &admin, &json!({})).await.status, 404);
    let acts: Vec<Seen> = vec![house.get("/v1/runs/desk/entries", &lena).await];
    assert_eq!(acts[0].status, 403, "what colleagues did is for auditors");
    assert!(house.acts("desk").await.iter().all(|act| serde_json::from_str::<StaffAct>(act).is_ok()));
}

#[tokio::test]
async fn a_customer_and_the_rules_are_pages() {
    let house = House::open().await;
    let admin = house.token("admin", "admin").await;
    house.draft(&admin).await;
    let known = house.get("/v1/customers/cus_1021", &admin).await.json();
    assert_eq!(known["runs"].as_array().unwrap().len(), 1, "{known}");
    assert_eq!(known["consent"]["ai_interaction"], house::sample("usage-gap.json")["consent"]["ai_interaction"]);
    assert!(known["facts"].as_array().unwrap().iter().any(|fact| fact["key"] == "goal.primary"), "{known}");
    assert_eq!(house.get("/v1/customers/nobody", &admin).await.status, 404);
    assert_eq!(house.get("/v1/customers/cus_1021", "").await.status, 401);
    let cookie = house.sign_in("admin", PASSWORD).await.cookie;
    let page = house.page("/customers/cus_1021", &cookie).await;
    assert!(page.status == 200 && page.text.contains("goal.primary"), "{}", page.text);
    let rules = house.page("/policies", &cookie).await;
    assert!(rules.status == 200 && rules.text.contains("id=\"with_person\""), "{}", rules.text);
}

#[tokio::test]
async fn figures_are_told_and_drawn_from_what_was_done() {
    let house = House::open().await;
    let admin = house.token("admin", "admin").await;
    let value = async |name: &str| {
        let told = house.get("/v1/metrics", &admin).await.json();
        let figures = told["figures"].as_array().unwrap().clone();
        let figure = figures.into_iter().find(|figure| figure["name"] == name).unwrap();
        (figure["value"].as_f64(), told["weeks"].as_array().unwrap()[11]["handed_over"].as_u64())
    };
    assert_eq!(value("episodes").await, (Some(0.0), Some(0)));
    for (bundle, runs) in [("wants-human.json", 1.0), ("angry-ticket.json", 2.0)] {
        assert_eq!(house.post("/v1/runs", &admin, &house::sample(bundle)).await.status, 201);
        let (episodes, handed_over) = value("episodes").await;
        assert_eq!((episodes, handed_over.map(|runs| runs as f64)), (Some(runs), Some(runs)), "{bundle}");
    }
    assert_eq!(value("escalation_rate").await.0, Some(1.0));
    // A run that goes on counts anew.
    let draft = house.draft(&admin).await;
    assert_eq!(value("review_approved").await.0, None);
    let digest = house.get(&format!("/v1/drafts/{draft}"), &admin).await.json()["digest"].clone();
    let approved = house.post(&format!("/v1/drafts/{draft}/approve"), &admin, &json!({ "digest": digest })).await;
    assert_eq!((approved.status, value("review_approved").await.0), (200, Some(1.0)), "{}", approved.text);
    assert_eq!(house.get("/v1/metrics?since=yesterday", &admin).await.status, 400);
    assert_eq!(house.get("/v1/metrics", "").await.status, 401);
    let cookie = house.sign_in("admin", PASSWORD).await.cookie;
    let page = house.page("/figures?days=7", &cookie).await;
    assert!(
        page.status == 200 && page.text.contains("<svg ") && page.text.contains("fill=\"#030000\""),
        "{}",
        page.text
    );
    assert!(!page.text.contains("fill=\"#020000\""), "nothing was answered with a person, no draft was changed");
}

#[tokio::test]
async fn decisions_are_searched_by_what_made_them() {
    let house = House::open().await;
    let (admin, lena) = (house.token("admin", "admin").await, house.token("lena", "reviewer").await);
    for bundle in ["wants-human.json", "angry-ticket.json"] {
        assert_eq!(house.post("/v1/runs", &admin, &house::sample(bundle)).await.status, 201);
    }
    let draft = house.draft(&admin).await;
    let digest = house.get(&format!("/v1/drafts/{draft}"), &lena).await.json()["digest"].clone();
    let refused = json!({ "digest": digest, "reason": "too soon" });
    assert_eq!(house.post(&format!("/v1/drafts/{draft}/reject"), &lena, &refused).await.status, 200);
    let search = async |asked: &str| {
        let found = house.get(&format!("/v1/decisions?{asked}"), &admin).await;
        assert_eq!(found.status, 200, "{asked}: {}", found.text);
        found.json()["items"].as_array().unwrap().clone()
    };
    let by_rule = search("rule=negative_sentiment").await;
    assert!(
        by_rule.len() == 1 && by_rule[0]["decision"] == "escalate" && by_rule[0]["action"] == "engage",
        "{by_rule:?}"
    );
    let by_lena = search("by=lena&decision=reject").await;
    assert!(by_lena.len() == 1 && by_lena[0]["action"] == "review", "{by_lena:?}");
    let run = by_lena[0]["run"].as_str().unwrap();
    let entry = house.get(&format!("/v1/runs/{run}/entries"), &admin).await.json();
    let seq = usize::try_from(by_lena[0]["seq"].as_u64().unwrap()).unwrap();
    assert_eq!(entry["items"][seq]["hash"], by_lena[0]["hash"], "it names the entry");
    assert_eq!(search("by=otto").await.len() + search("until=2020-01-01T00:00:00Z").await.len(), 0);
    assert_eq!(search("since=2020-01-01T00:00:00Z").await, search("").await);
    // A page ends with a whole run; all pages together are everything.
    let (mut paged, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = house.get(&format!("/v1/decisions?limit=1{cursor}"), &admin).await.json();
        paged.extend(page["items"].as_array().unwrap().clone());
        let Some(next) = page["next"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert!(!cursor.is_empty() && paged == search("").await, "{paged:?}");
    assert_eq!(house.get("/v1/decisions", &lena).await.status, 403, "whoever may read is no auditor");
    assert_eq!(house.get("/v1/decisions?decision=perhaps", &admin).await.status, 400);
    let cookie = house.sign_in("admin", PASSWORD).await.cookie;
    let page = house.page("/audit?rule=&action=review&decision=reject&since=2020-01-01", &cookie).await;
    assert!(page.status == 200 && page.text.contains(&format!("/runs/{run}#e{seq}")), "{}", page.text);
    let page = house.page("/audit?since=tomorrow", &cookie).await;
    assert!(page.status == 422 && page.text.contains("since: expected a day"), "{}", page.text);
}

#[tokio::test]
async fn accounts_and_tokens_are_made_and_closed_on_a_page() {
    let house = House::open().await;
    let (admin, _) = (house.token("admin", "admin").await, house.token("lena", "reviewer").await);
    let cookie = house.sign_in("admin", PASSWORD).await.cookie;
    let csrf = async |cookie: &str| {
        let page = house.page("/settings", cookie).await;
        page.text.split("name=\"csrf\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned()
    };
    let form = csrf(&cookie).await;
    let ask = async |fields: &[(&str, &str)]| house.form("/settings", &cookie, fields).await;
    let names = async || house.get("/v1/accounts", &admin).await.text;
    let add = [("act", "add"), ("name", "kim"), ("role", "auditor")];
    assert_eq!(ask(&add).await.status, 403, "without the token of the form");
    let made = ask(&[&add[..], &[("csrf", &form)]].concat()).await;
    assert!(made.status == 200 && made.text.contains("&#x2F;welcome&#x2F;"), "{}", made.text);
    assert!(names().await.contains("\"kim\",\"roles\":[\"auditor\"]"), "{}", names().await);
    let again = ask(&[&add[..], &[("csrf", &form)]].concat()).await;
    assert!(again.status == 409 && again.text.contains("there is an account `kim` already"), "{}", again.text);
    assert_eq!(ask(&[("csrf", &form), ("act", "close"), ("name", "kim")]).await.status, 200);
    assert!(!names().await.contains("kim"));
    let token = ask(&[("csrf", &form), ("act", "token"), ("label", "nightly"), ("scope", "read")]).await;
    let secret = token.text.split("<code>att_").nth(1).unwrap().split('<').next().unwrap();
    let secret = format!("att_{secret}");
    assert_eq!(house.get("/v1/me", &secret).await.json()["rights"], json!(["read"]));
    let tokens = house.get("/v1/tokens", &admin).await;
    assert!(!tokens.text.contains("att_"), "{}", tokens.text);
    let tokens = tokens.json();
    let nightly = tokens.as_array().unwrap().iter().find(|token| token["label"] == "nightly").unwrap()["token"].clone();
    assert_eq!(ask(&[("csrf", &form), ("act", "revoke"), ("token", nightly.as_str().unwrap())]).await.status, 200);
    assert_eq!(house.get("/v1/me", &secret).await.status, 401);
    // A reviewer sees their own tokens and nobody's account.
    let lena = house.sign_in("lena", PASSWORD).await.cookie;
    let page = house.page("/settings", &lena).await.text;
    assert!(!page.contains("Accounts") && !page.contains("<td>admin</td>"), "{page}");
    let form = csrf(&lena).await;
    let close = [("csrf", form.as_str()), ("act", "close"), ("name", "admin")];
    assert_eq!(house.form("/settings", &lena, &close).await.status, 403);
}

#[tokio::test]
async fn a_customer_takes_what_is_kept_of_them_and_is_forgotten_once_the_id_is_typed_again() {
    let house = House::open().await;
    let (admin, lena) = (house.token("admin", "admin").await, house.token("lena", "reviewer").await);
    house.draft(&admin).await;
    assert_eq!(house.get("/v1/customers/cus_1021/export", &lena).await.status, 403);
    let record = house.get("/v1/customers/cus_1021/export", &admin).await.json();
    assert_eq!(record["runs"][0][0]["event"]["type"], "run_started", "{record}");
    assert_eq!(house.get("/v1/customers/nobody/export", &admin).await.status, 404);
    let cookie = house.sign_in("admin", PASSWORD).await.cookie;
    let page = house.page("/customers/cus_1021", &cookie).await.text;
    assert!(page.contains("1 run, 1 draft, 1 of which await a person"), "{page}");
    let csrf = page.split("name=\"csrf\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    let order = |again| [("csrf", csrf), ("again", again), ("reason", "asked")];
    let mistyped = house.form("/customers/cus_1021", &cookie, &order("cus_102")).await;
    assert_eq!((mistyped.status, mistyped.text.contains("exactly")), (422, true), "{}", mistyped.text);
    assert_eq!(house.get("/v1/customers/cus_1021", &admin).await.status, 200);
    assert_eq!(house.form("/customers/cus_1021", &cookie, &order("cus_1021")).await.status, 303);
    assert_eq!(house.get("/v1/customers/cus_1021", &admin).await.status, 404);
}

#[tokio::test]
async fn why_a_run_came_out_so_is_a_page_with_the_rules_that_nearly_fired() {
    let house = House::open().await;
    let admin = house.token("admin", "admin").await;
    let run = house.post("/v1/runs", &admin, &house::sample("usage-gap.json")).await.json();
    let cookie = house.sign_in("admin", PASSWORD).await.cookie;
    let run = run["run"].as_str().unwrap();
    let page = house.page(&format!("/runs/{run}/why"), &cookie).await;
    let nearly =
        page.text.contains("<code>outreach_unhappy</code></a>: it would have fired if the customer sounded negative");
    assert_eq!((page.status, nearly), (200, true), "{}", page.text);
    assert!(page.text.contains("profiling_consent"), "{}", page.text);
    assert_eq!(house.page("/runs/none/why", &cookie).await.status, 404);
}

#[tokio::test]
async fn other_rules_are_tried_on_what_was_decided_and_change_nothing() {
    let house = House::open().await;
    let admin = house.token("admin", "admin").await;
    house.draft(&admin).await;
    let rule = "@id(\"no_mail\") @reason(\"no e-mail today\")\nforbid (principal, action == Attache::Action::\"draft_email\", resource);";
    let what_if = |text: &str| json!({ "file": "own.dw", "text": text, "last": 10 });
    let wrong = house.post("/v1/policies/what-if", &admin, &what_if("forbid (principal")).await;
    assert_eq!((wrong.status, wrong.text.contains("own.dw:1:")), (422, true), "{}", wrong.text);
    let same = house.post("/v1/policies/what-if", &admin, &what_if("")).await.json();
    assert_eq!((&same["runs"], &same["differ"]), (&json!(1), &json!(0)), "{same}");
    let found = house.post("/v1/policies/what-if", &admin, &what_if(rule)).await.json();
    let flip = &found["flips"][0];
    assert_eq!(
        (&flip["was"], &flip["now"], &flip["came"]),
        (&json!("review"), &json!("deny"), &json!(["no_mail"])),
        "{found}"
    );
    assert_eq!(found["before"]["outcomes"], json!({ "drafted": 1 }), "{found}");
    assert_ne!(found["after"], found["before"], "{found}");
    // On the page the same, and the rules in force are what they were.
    let cookie = house.sign_in("admin", PASSWORD).await.cookie;
    let page = house.page("/policies?file=engage.dw", &cookie).await.text;
    assert!(page.contains("value=\"engage.dw\"") && !page.contains("no_mail"), "{page}");
    let csrf = page.split("name=\"csrf\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    let rule = rule.replace('"', "%22").replace('\n', " ").replace('=', "%3D");
    let fields = [("csrf", csrf), ("file", "own.dw"), ("text", rule.as_str()), ("last", "10")];
    let tried = house.form("/policies", &cookie, &fields).await;
    assert!(tried.status == 200 && tried.text.contains("<ins>no_mail</ins>"), "{}", tried.text);
    assert!(!house.get("/v1/policies", &admin).await.text.contains("no_mail"));
}
