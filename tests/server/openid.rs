//! Signing in at a provider of OpenID Connect.

use crate::house::{House, Seen};
use crate::provider::{Provider, Signed};
use serde_json::{Value, json};

/// Goes to the provider and back, as a browser does that holds nothing yet.
async fn sign_in(house: &House) -> Seen {
    let (cookie, back) = away(house).await;
    house.page(&back, &cookie).await
}

/// Goes to the provider: what the browser holds, and where it is sent back to.
async fn away(house: &House) -> (String, String) {
    let left = house.page("/sign-in/openid", "").await;
    assert_eq!(left.status, 303, "{}", left.text);
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let signed = client.get(&left.location).send().await.unwrap();
    let back = signed.headers()["location"].to_str().unwrap();
    let path = back.split_once("/sign-in/").unwrap().1;
    (left.cookie, format!("/sign-in/{path}"))
}

async fn signed_in(house: &House) -> Vec<Value> {
    let acts = house.acts("desk").await.into_iter().map(|act| serde_json::from_str::<Value>(&act).unwrap());
    acts.filter(|act| act["kind"] == "signed_in" && act["by"] == "openid").collect()
}

#[tokio::test]
async fn whom_the_provider_vouches_for_comes_in_and_the_journal_says_so() {
    let provider = Provider::start().await;
    let house = House::vouched(provider.config(json!({ "label": "Sign in at Example" }))).await;
    house.token("lena", "reviewer").await;
    let page = house.page("/sign-in", "").await;
    assert!(page.text.contains("href=\"/sign-in/openid\">Sign in at Example<"), "{}", page.text);

    let left = house.page("/sign-in/openid", "").await;
    for part in ["attache_sign_in=", "; HttpOnly", "; SameSite=Lax", "; Path=/sign-in", "; Max-Age=600"] {
        assert!(left.whole_cookie.contains(part), "{part}: {}", left.whole_cookie);
    }
    let come = sign_in(&house).await;
    assert_eq!((come.status, come.location.as_str()), (303, "/"), "{}", come.text);
    assert!(come.whole_cookie.contains("; HttpOnly; SameSite=Lax; Path=/"), "{}", come.whole_cookie);
    let desk = house.page("/", &come.cookie).await;
    assert_eq!(desk.status, 200);
    assert!(desk.text.contains("<span>lena</span>"), "{}", desk.text);
    let entry =
        json!({ "kind": "signed_in", "name": "lena", "by": "openid", "issuer": provider.issuer, "subject": "u-7" });
    assert_eq!(signed_in(&house).await, [entry]);

    // Whoever was closed here is nobody, whatever the provider says.
    let admin = house.token("admin", "admin").await;
    assert_eq!(house.delete("/v1/accounts/lena", &admin).await.status, 204);
    assert_eq!(house.page("/", &come.cookie).await.status, 303);
    assert_eq!(sign_in(&house).await.status, 403);
}

#[tokio::test]
async fn a_sign_in_by_password_is_an_entry_too() {
    let house = House::open().await;
    house.token("lena", "reviewer").await;
    let acts = house.acts("desk").await;
    assert!(acts.contains(&r#"{"kind":"signed_in","name":"lena","by":"password"}"#.to_owned()), "{acts:?}");
    // Where no provider is set there is no way to one.
    assert_eq!(house.page("/sign-in/openid", "").await.status, 404);
    assert_eq!(house.page("/sign-in/openid/done?code=x&state=y", "").await.status, 404);
    assert!(!house.page("/sign-in", "").await.text.contains("/sign-in/openid"));
}

#[tokio::test]
async fn what_is_not_proved_signs_nobody_in() {
    let provider = Provider::start().await;
    let house = House::vouched(provider.config(json!({}))).await;
    house.token("lena", "reviewer").await;
    let right = provider.script().token.clone();
    for (wrong, says) in [
        (json!({ "nonce": "another" }), "of another sign-in"),
        (json!({ "nonce": null }), "of another sign-in"),
        (json!({ "aud": "somebody" }), "for somebody else"),
        (json!({ "aud": ["desk", "somebody"] }), "for somebody else"),
        (json!({ "azp": "somebody" }), "given to somebody else"),
        (json!({ "iss": "https://id.evil.example" }), "of another issuer"),
        (json!({ "exp": 1_700_000_000 }), "too old"),
        (json!({ "at_hash": "AAAAAAAAAAAAAAAAAAAAAA" }), "the access token is of another sign-in"),
        (json!({ "email_verified": false }), "not verified"),
        (json!({ "email_verified": "false" }), "not verified"),
        (json!({ "email": "lena@evil.example" }), "nobody here is known"),
        (json!({ "email": "otto@example.com" }), "nobody here is known"),
        (json!({ "email": "l ena@example.com" }), "nobody here is known"),
    ] {
        let mut token = right.clone();
        token.as_object_mut().unwrap().extend(wrong.as_object().unwrap().clone());
        provider.script().token = token;
        let refused = sign_in(&house).await;
        assert_eq!((refused.status, refused.whole_cookie.as_str()), (403, ""), "{wrong}: {}", refused.text);
        assert!(refused.text.contains(says), "{wrong}: {}", refused.text);
    }
    provider.script().token = right;
    for (signed, says) in [
        (Signed::Not, "not signed in a way that proves"),
        (Signed::WithTheSecret, "not signed in a way that proves"),
        (Signed::ByAnother, "its signature is wrong"),
    ] {
        provider.script().signed = signed;
        let refused = sign_in(&house).await;
        assert_eq!((refused.status, refused.whole_cookie.as_str()), (403, ""), "{}", refused.text);
        assert!(refused.text.contains(says), "{says}: {}", refused.text);
    }
    assert_eq!(signed_in(&house).await, Vec::<Value>::new());
    // What was wrong was what we made wrong.
    provider.script().signed = Signed::Well;
    assert_eq!(sign_in(&house).await.status, 303);
}

#[tokio::test]
async fn a_sign_in_belongs_to_the_browser_that_began_it_and_is_good_once() {
    let provider = Provider::start().await;
    let house = House::vouched(provider.config(json!({}))).await;
    house.token("lena", "reviewer").await;
    let (cookie, back) = away(&house).await;
    let (other, _) = away(&house).await;
    for browser in ["", "attache_sign_in=made-up", &other] {
        let refused = house.page(&back, browser).await;
        assert_eq!((refused.status, refused.whole_cookie.as_str()), (403, ""), "{browser}: {}", refused.text);
        assert!(refused.text.contains("another browser"), "{}", refused.text);
    }
    let come = house.page(&back, &cookie).await;
    assert_eq!(come.status, 303);
    let again = house.page(&back, &cookie).await;
    assert_eq!((again.status, again.whole_cookie.as_str()), (403, ""), "the code was used");
    for (back, says) in [
        (vec![("state", "forged")], "another browser"),
        (vec![("state", "")], "another browser"),
        (vec![("code", "")], "another browser"),
        (vec![("code", "made-up")], "invalid_grant"),
        (vec![("iss", "https://id.evil.example")], "of another issuer"),
        (vec![("code", ""), ("error", "access_denied")], "access_denied"),
        (vec![("code", ""), ("error", "%3Cscript%3E")], "`error`"),
        (vec![("state", "twice"), ("state", "twice")], "another browser"),
    ] {
        provider.script().back = back;
        let refused = sign_in(&house).await;
        assert_eq!((refused.status, refused.whole_cookie.as_str()), (403, ""), "{says}: {}", refused.text);
        assert!(refused.text.replace("&#x60;", "`").contains(says), "{says}: {}", refused.text);
    }
    assert_eq!(signed_in(&house).await.len(), 1);
}

#[tokio::test]
async fn groups_say_who_comes_in_and_what_for() {
    let provider = Provider::start().await;
    let roles = json!({ "desk": ["reviewer"], "heads": ["admin", "reviewer"] });
    let house = House::vouched(provider.config(json!({ "roles": roles }))).await;
    house.administrator().await;
    let groups = |groups: Value| provider.script().token["groups"] = groups;
    for nobody in [json!(null), json!([]), json!(["Desk"]), json!({ "desk": true })] {
        groups(nobody.clone());
        assert_eq!(sign_in(&house).await.status, 403, "{nobody}");
    }
    groups(json!(["all", "desk"]));
    let lena = sign_in(&house).await.cookie;
    assert_eq!(house.page("/", &lena).await.status, 200);
    let me = |cookie: String| async { house.page("/v1/me", &{ cookie }).await.json()["rights"].clone() };
    assert_eq!(me(lena.clone()).await, json!(["read", "review"]));
    groups(json!("heads"));
    let again = sign_in(&house).await.cookie;
    let rights = json!(["administer", "audit", "operate", "read", "review"]);
    assert_eq!((me(again).await, me(lena).await), (rights.clone(), rights), "it is one account");
    let acts = house.acts("desk").await;
    assert!(acts.iter().any(|act| act.contains("account_added") && act.contains("lena")), "{acts:?}");
    assert!(acts.iter().any(|act| act.contains("roles_set") && act.contains("lena")), "{acts:?}");
}

#[tokio::test]
async fn what_the_token_does_not_say_is_asked_for_and_must_be_of_the_same_person() {
    let provider = Provider::start().await;
    let house = House::vouched(provider.config(json!({}))).await;
    house.token("lena", "reviewer").await;
    provider.script().token = json!({});
    let mail = json!({ "sub": "u-7", "email": "lena@example.com", "email_verified": true });
    for (asked, status) in [
        (mail.clone(), 303),
        (json!({ "sub": "u-8", "email": "lena@example.com", "email_verified": true }), 403),
        (json!({ "sub": "u-7", "email": "lena@example.com" }), 403),
        (json!({ "email": "lena@example.com", "email_verified": true }), 403),
        (json!([]), 403),
    ] {
        provider.script().asked = asked.clone();
        let seen = sign_in(&house).await;
        assert_eq!(seen.status, status, "{asked}: {}", seen.text);
    }
    // An address from here and its verification from there is nobody's word.
    provider.script().token = json!({ "email": "lena@example.com" });
    provider.script().asked = json!({ "sub": "u-7", "email_verified": true });
    assert_eq!(sign_in(&house).await.status, 403);
}

#[tokio::test]
async fn another_claim_and_single_accounts() {
    let provider = Provider::start().await;
    let settings = json!({ "claim": "sub", "domain": null, "accounts": { "u-7": "lena" }, "scopes": [] });
    let house = House::vouched(provider.config(settings)).await;
    house.token("lena", "reviewer").await;
    provider.script().token = json!({});
    assert_eq!(sign_in(&house).await.status, 303);
    provider.script().token = json!({ "sub": "u-8" });
    assert_eq!(sign_in(&house).await.status, 403);
}

#[tokio::test]
async fn keys_are_asked_for_anew_when_one_is_not_known_and_not_all_the_time() {
    let provider = Provider::start().await;
    let house = House::vouched(provider.config(json!({}))).await;
    house.token("lena", "reviewer").await;
    assert_eq!(sign_in(&house).await.status, 303);
    assert_eq!(sign_in(&house).await.status, 303);
    assert_eq!(provider.script().described, 1);
    provider.script().signed = Signed::ByItsNext;
    assert_eq!(sign_in(&house).await.status, 303);
    assert_eq!(provider.script().described, 2);
    // An old key, which is not published any more.
    provider.script().signed = Signed::Well;
    for _ in 0..3 {
        assert_eq!(sign_in(&house).await.status, 403);
    }
    assert_eq!(provider.script().described, 2);
}

#[tokio::test]
async fn a_provider_that_is_gone_is_told_as_such_and_passwords_still_do() {
    let config = json!({ "issuer": "http://127.0.0.1:1", "client_id": "desk", "domain": "example.com" });
    let house = House::vouched(serde_json::from_value(config).unwrap()).await;
    house.administrator().await;
    let gone = house.page("/sign-in/openid", "").await;
    assert_eq!((gone.status, gone.whole_cookie.as_str()), (503, ""), "{}", gone.text);
    assert_eq!(house.sign_in("admin", crate::house::PASSWORD).await.status, 303);
}
