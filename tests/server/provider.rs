//! A provider of OpenID Connect that says what a test wants it to say.

use axum::extract::{Form, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD, Engine as _};
use ed25519_dalek::{Signer as _, SigningKey};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{SystemTime, UNIX_EPOCH};
use tokio::net::TcpListener;

pub(crate) const SECRET: &str = "secret/of the:client";
const CLIENT: &str = "desk";

/// How a token is signed.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Signed {
    /// By the provider's key.
    Well,
    /// By the key of somebody else, under the name of the provider's.
    ByAnother,
    /// By another key of the provider's, which it publishes from now on.
    ByItsNext,
    /// With the secret of the client.
    WithTheSecret,
    /// Not at all.
    Not,
}

/// What it says of whoever signs in.
pub(crate) struct Script {
    /// Claims of the token, over those that are right; `null` takes one out.
    pub(crate) token: Value,
    /// What it says when asked with the access token.
    pub(crate) asked: Value,
    pub(crate) signed: Signed,
    /// The query that it sends the browser back with, over the right one.
    pub(crate) back: Vec<(&'static str, &'static str)>,
    codes: HashMap<String, HashMap<String, String>>,
    pub(crate) described: u32,
}

#[derive(Clone)]
pub(crate) struct Provider {
    pub(crate) issuer: String,
    script: Arc<Mutex<Script>>,
}

impl Provider {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let script = Script {
            token: json!({ "email": "lena@example.com", "email_verified": true }),
            asked: json!({}),
            signed: Signed::Well,
            back: Vec::new(),
            codes: HashMap::new(),
            described: 0,
        };
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let provider = Self { issuer, script: Arc::new(Mutex::new(script)) };
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(describe))
            .route("/keys", get(keys))
            .route("/authorize", get(authorize))
            .route("/token", post(token))
            .route("/userinfo", get(userinfo))
            .with_state(provider.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        provider
    }

    /// Settings for it, with these keys over the usual ones.
    pub(crate) fn config(&self, more: Value) -> attache::server::OidcConfig {
        let mut config = json!({ "issuer": self.issuer, "client_id": CLIENT, "domain": "example.com" });
        config.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        serde_json::from_value(config).unwrap()
    }

    pub(crate) fn script(&self) -> MutexGuard<'_, Script> {
        self.script.lock().unwrap()
    }
}

async fn describe(State(provider): State<Provider>) -> Json<Value> {
    provider.script().described += 1;
    let at = |path: &str| format!("{}{path}", provider.issuer);
    Json(json!({
        "issuer": provider.issuer,
        "authorization_endpoint": at("/authorize"),
        "token_endpoint": at("/token"),
        "userinfo_endpoint": at("/userinfo"),
        "jwks_uri": at("/keys"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["EdDSA", "HS256", "none"],
    }))
}

fn key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

async fn keys(State(provider): State<Provider>) -> Json<Value> {
    let seed = if provider.script().signed == Signed::ByItsNext { 2 } else { 1 };
    let x = BASE64_URL_SAFE_NO_PAD.encode(key(seed).verifying_key().as_bytes());
    let key =
        json!({ "kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": format!("k{seed}"), "x": x });
    Json(json!({ "keys": [key] }))
}

/// Signs in whoever comes, and sends them back.
async fn authorize(State(provider): State<Provider>, Query(asked): Query<HashMap<String, String>>) -> Response {
    assert_eq!((&*asked["response_type"], &*asked["client_id"]), ("code", CLIENT));
    assert_eq!(asked["code_challenge_method"], "S256");
    assert!(asked["scope"].split(' ').any(|scope| scope == "openid"), "{}", asked["scope"]);
    let mut script = provider.script();
    let code = format!("code-{}", script.codes.len());
    let mut back = vec![("code", code.as_str()), ("state", &asked["state"]), ("iss", &provider.issuer)];
    back.retain(|(name, _)| script.back.iter().all(|(other, _)| other != name));
    back.extend(script.back.iter().filter(|(_, value)| !value.is_empty()));
    let query: Vec<_> = back.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let location = format!("{}?{}", asked["redirect_uri"], query.join("&"));
    script.codes.insert(code, asked.clone());
    Redirect::to(&location).into_response()
}

async fn token(
    State(provider): State<Provider>,
    headers: HeaderMap,
    Form(given): Form<HashMap<String, String>>,
) -> Response {
    // As RFC 6749 has it: both parts are encoded as in a form.
    let basic = format!("Basic {}", BASE64_STANDARD.encode(format!("{CLIENT}:secret%2Fof+the%3Aclient")));
    assert_eq!(headers["authorization"], basic);
    assert_eq!(given["grant_type"], "authorization_code");
    let mut script = provider.script();
    let Some(asked) = script.codes.insert(given["code"].clone(), HashMap::new()).filter(|asked| !asked.is_empty())
    else {
        return (StatusCode::BAD_REQUEST, Json(json!({ "error": "invalid_grant" }))).into_response();
    };
    assert_eq!(given["redirect_uri"], asked["redirect_uri"]);
    let challenge = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(given["code_verifier"].as_bytes()));
    assert_eq!(challenge, asked["code_challenge"]);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let mut claims = json!({
        "iss": provider.issuer, "sub": "u-7", "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": asked["nonce"],
    });
    for (name, value) in script.token.as_object().unwrap() {
        claims[name] = value.clone();
    }
    claims.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    let token = written(&claims, script.signed);
    Json(json!({ "access_token": "access", "token_type": "Bearer", "expires_in": 300, "id_token": token }))
        .into_response()
}

fn written(claims: &Value, signed: Signed) -> String {
    let (alg, kid) = match signed {
        Signed::Well | Signed::ByAnother => ("EdDSA", Some("k1")),
        Signed::ByItsNext => ("EdDSA", Some("k2")),
        Signed::WithTheSecret => ("HS256", None),
        Signed::Not => ("none", None),
    };
    let encoded = |part: &Value| BASE64_URL_SAFE_NO_PAD.encode(part.to_string());
    let text = format!("{}.{}", encoded(&json!({ "alg": alg, "typ": "JWT", "kid": kid })), encoded(claims));
    let signature = match signed {
        Signed::Well => key(1).sign(text.as_bytes()).to_bytes().to_vec(),
        Signed::ByItsNext => key(2).sign(text.as_bytes()).to_bytes().to_vec(),
        Signed::ByAnother => key(9).sign(text.as_bytes()).to_bytes().to_vec(),
        Signed::WithTheSecret => {
            let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
            mac.update(text.as_bytes());
            mac.finalize().into_bytes().to_vec()
        }
        Signed::Not => Vec::new(),
    };
    format!("{text}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature))
}

async fn userinfo(State(provider): State<Provider>, headers: HeaderMap) -> Json<Value> {
    assert_eq!(headers["authorization"], "Bearer access");
    Json(provider.script().asked.clone())
}
