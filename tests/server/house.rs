//! A server on a port of its own, and somebody who asks it.

use crate::{provider, world};
use async_trait::async_trait;
use attache::Attache;
use attache::engine::SystemClock;
use attache::journal::{Event, RunId};
use attache::models::Offline;
use attache::planner::{ChatModel, ModelError, ModelReply, ModelRequest};
use attache::policies::PolicySet;
use attache::prompts::Prompts;
use attache::server::{Oidc, OidcConfig, Parts, Settings, Staff, serve};
use reqwest::{Client, RequestBuilder, redirect};
use serde_json::{Value, json};
use std::fs;
use std::num::NonZeroU32;
use std::sync::Arc;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;

pub(crate) const PASSWORD: &str = "correct horse battery";

/// As many as no test asks for.
const MANY: NonZeroU32 = NonZeroU32::MAX;

pub(crate) struct House {
    pub(crate) attache: Arc<Attache>,
    data: TempDir,
    base: String,
    client: Client,
    staff: Arc<Staff>,
    stop: oneshot::Sender<()>,
    served: JoinHandle<()>,
    rules: Option<&'static str>,
}

/// An answer.
pub(crate) struct Seen {
    pub(crate) status: u16,
    pub(crate) kind: String,
    pub(crate) etag: String,
    pub(crate) location: String,
    pub(crate) policy: String,
    pub(crate) cookie: String,
    /// The first cookie with all that is said of it.
    pub(crate) whole_cookie: String,
    pub(crate) text: String,
}

impl Seen {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|e| panic!("{e}: {}", self.text))
    }
}

pub(crate) fn sample(name: &str) -> Value {
    serde_json::to_value(&*world::bundle(name)).unwrap()
}

impl House {
    pub(crate) async fn open() -> Self {
        Self::in_folder(tempfile::tempdir().unwrap(), None, MANY, None, None).await
    }

    /// One at which a provider vouches for people.
    pub(crate) async fn vouched(oidc: OidcConfig) -> Self {
        Self::in_folder(tempfile::tempdir().unwrap(), None, MANY, None, Some(oidc)).await
    }

    /// One that answers so many requests a second.
    pub(crate) async fn paced(requests_per_second: NonZeroU32) -> Self {
        Self::in_folder(tempfile::tempdir().unwrap(), None, requests_per_second, None, None).await
    }

    pub(crate) async fn with(model: Arc<dyn ChatModel>) -> Self {
        Self::in_folder(tempfile::tempdir().unwrap(), Some(model), MANY, None, None).await
    }

    pub(crate) async fn at(data: TempDir) -> Self {
        Self::in_folder(data, None, MANY, None, None).await
    }

    async fn in_folder(
        data: TempDir,
        model: Option<Arc<dyn ChatModel>>,
        requests_per_second: NonZeroU32,
        rules: Option<&'static str>,
        oidc: Option<OidcConfig>,
    ) -> Self {
        let builder = world::builder(data.path());
        let builder = match rules {
            Some(rules) => builder.policy("own.dw", rules),
            None => builder,
        };
        let builder = match model {
            Some(model) => builder.model(model),
            None => builder,
        };
        let attache = Arc::new(builder.build().unwrap());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let (store, clock) = (attache.store().clone(), Arc::new(SystemClock));
        let staff = Staff::open(store.clone(), clock.clone(), &data.path().join("desk"), 12).await.unwrap();
        let staff = Arc::new(staff);
        let parts = Parts {
            engine: attache.engine().clone(),
            store,
            registry: attache.registry().clone(),
            kb: world::kb(),
            outbox: attache.outbox().clone(),
            clock,
            staff: staff.clone(),
            oidc: oidc.map(|oidc| Oidc::new(oidc, provider::SECRET.to_owned(), &base).unwrap()),
            hooks: Vec::new(),
            examples: PolicySet::shipped_tests(),
            settings: Settings {
                public_url: base.clone(),
                trusted_proxy: false,
                requests_per_second,
                undo_seconds: 0,
                claim_minutes: 10,
                hours: None,
                folder: data.path().join("desk"),
                shown: Vec::new(),
            },
        };
        let (stop, stopped) = oneshot::channel::<()>();
        let served = tokio::spawn(async move {
            serve(listener, parts, async move { stopped.await.unwrap_or(()) }).await.unwrap();
        });
        let client = Client::builder().redirect(redirect::Policy::none()).build().unwrap();
        Self { attache, data, base, client, staff, stop, served, rules }
    }

    /// Stops, and gives the folder.
    pub(crate) async fn stop(self) -> TempDir {
        self.stop.send(()).unwrap();
        // Idle connections of ours would keep it waiting.
        drop(self.client);
        self.served.await.unwrap();
        self.data
    }

    /// The same folder in another process, as it were.
    pub(crate) async fn again(self) -> Self {
        let rules = self.rules;
        Self::in_folder(self.stop().await, None, MANY, rules, None).await
    }

    /// The same with these rules beside the shipped ones.
    pub(crate) async fn under(self, rules: &'static str) -> Self {
        Self::in_folder(self.stop().await, None, MANY, Some(rules), None).await
    }

    pub(crate) fn staff(&self) -> &Staff {
        &self.staff
    }

    /// Makes sure that `admin` has a password.
    pub(crate) async fn administrator(&self) {
        if let Some(link) = self.staff.first_link().await.unwrap() {
            let set = self.form(&format!("/welcome/{link}"), "", &[("password", PASSWORD)]).await;
            assert_eq!(set.status, 303, "{}", set.text);
        }
    }

    /// A token that may do everything that this role may, of an account of that
    /// name, which is made if it is not there.
    pub(crate) async fn token(&self, name: &str, role: &str) -> String {
        self.administrator().await;
        let admin = self.session("admin").await;
        if name != "admin" {
            let made = self.post_in("/v1/accounts", &admin, &json!({ "name": name, "roles": [role] })).await;
            assert_eq!(made.status, 201, "{}", made.text);
            let link = made.json()["link"].as_str().unwrap().replace(&self.base, "");
            assert_eq!(self.form(&link, "", &[("password", PASSWORD)]).await.status, 303);
        }
        let session = self.session(name).await;
        let me = self.send(self.client.get(format!("{}/v1/me", self.base)).header("cookie", &session.0)).await.json();
        let made = self.post_in("/v1/tokens", &session, &json!({ "label": "test", "scopes": me["rights"] })).await;
        made.json()["secret"].as_str().unwrap().to_owned()
    }

    /// A cookie and the form token that goes with it.
    async fn session(&self, name: &str) -> (String, String) {
        let cookie = self.sign_in(name, PASSWORD).await.cookie;
        let page = self.page("/runs/none", &cookie).await;
        assert_eq!(page.status, 404);
        let page = self.page("/", &cookie).await;
        let csrf = page.text.split("name=\"csrf\" value=\"").nth(1).unwrap().split('"').next().unwrap();
        (cookie, csrf.to_owned())
    }

    pub(crate) async fn sign_in(&self, name: &str, password: &str) -> Seen {
        self.form("/sign-in", "", &[("name", name), ("password", password)]).await
    }

    /// Runs the example that makes a draft, and gives the draft's id.
    pub(crate) async fn draft(&self, token: &str) -> String {
        let run = self.post("/v1/runs", token, &sample("usage-gap.json")).await;
        assert_eq!((run.status, run.json()["outcome"].as_str()), (201, Some("drafted")), "{}", run.text);
        self.drafts(token).await.remove(0)
    }

    pub(crate) async fn drafts(&self, token: &str) -> Vec<String> {
        let listed = self.get("/v1/drafts?state=pending", token).await.json();
        let items = listed["items"].as_array().unwrap().clone();
        items.iter().map(|draft| draft["draft"].as_str().unwrap().to_owned()).collect()
    }

    /// What staff did in a run, as JSON.
    pub(crate) async fn acts(&self, run: &str) -> Vec<String> {
        let entries = self.attache.entries(&RunId::new(run)).await.unwrap();
        let act = |entry: attache::journal::Entry| match entry.event {
            Some(Event::StaffActed(acted)) => serde_json::to_string(&acted.act).unwrap(),
            other => panic!("{other:?}"),
        };
        entries.into_iter().map(act).collect()
    }

    pub(crate) fn outbox(&self) -> Vec<String> {
        let Ok(listing) = fs::read_dir(self.data.path().join("outbox")) else { return Vec::new() };
        listing.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    /// What the files of secrets say.
    pub(crate) fn secrets(&self) -> Vec<String> {
        let files: Vec<_> = fs::read_dir(self.data.path().join("desk")).unwrap().collect();
        assert!(!files.is_empty());
        files.into_iter().map(|file| fs::read_to_string(file.unwrap().path()).unwrap()).collect()
    }

    pub(crate) async fn get(&self, path: &str, token: &str) -> Seen {
        self.send(bearing(self.client.get(format!("{}{path}", self.base)), token)).await
    }

    pub(crate) async fn post(&self, path: &str, token: &str, body: &Value) -> Seen {
        self.request(path, token, body).await
    }

    /// A request that does not borrow the house.
    pub(crate) fn request(&self, path: &str, token: &str, body: &Value) -> impl Future<Output = Seen> + Send + use<> {
        let request = bearing(self.client.post(format!("{}{path}", self.base)), token).json(body);
        async move { answer(request).await }
    }

    pub(crate) async fn delete(&self, path: &str, token: &str) -> Seen {
        self.send(bearing(self.client.delete(format!("{}{path}", self.base)), token)).await
    }

    pub(crate) async fn delete_with(&self, path: &str, token: &str, body: &Value) -> Seen {
        self.send(bearing(self.client.delete(format!("{}{path}", self.base)), token).json(body)).await
    }

    /// A request of any kind, with its body as it is.
    pub(crate) async fn raw(&self, method: &str, path: &str, token: &str, body: &str) -> Seen {
        let request = self.client.request(method.parse().unwrap(), format!("{}{path}", self.base));
        let request = if body.is_empty() { request } else { request.header("content-type", "application/json") };
        self.send(bearing(request, token).body(body.to_owned())).await
    }

    /// A body of that content type.
    pub(crate) async fn typed(&self, path: &str, token: &str, kind: &str, body: &str) -> Seen {
        let request = self.client.post(format!("{}{path}", self.base)).header("content-type", kind);
        self.send(bearing(request, token).body(body.to_owned())).await
    }

    pub(crate) async fn keyed(&self, path: &str, token: &str, key: &str, body: &Value) -> Seen {
        self.preferring(path, token, ("idempotency-key", key), body).await
    }

    /// With one more header.
    pub(crate) async fn preferring(&self, path: &str, token: &str, (name, value): (&str, &str), body: &Value) -> Seen {
        let request = self.client.post(format!("{}{path}", self.base)).header(name, value);
        self.send(bearing(request, token).json(body)).await
    }

    pub(crate) async fn page(&self, path: &str, cookie: &str) -> Seen {
        self.send(self.client.get(format!("{}{path}", self.base)).header("cookie", cookie)).await
    }

    pub(crate) async fn form(&self, path: &str, cookie: &str, fields: &[(&str, &str)]) -> Seen {
        let body: Vec<_> = fields.iter().map(|(name, value)| format!("{name}={}", value.replace(' ', "+"))).collect();
        let request = self.client.post(format!("{}{path}", self.base)).header("cookie", cookie);
        let kind = "application/x-www-form-urlencoded";
        self.send(request.header("content-type", kind).body(body.join("&"))).await
    }

    /// As a script of somebody else's page would: with the cookie and no token.
    pub(crate) async fn post_as(&self, path: &str, cookie: &str, body: &Value) -> Seen {
        self.send(self.client.post(format!("{}{path}", self.base)).header("cookie", cookie).json(body)).await
    }

    async fn post_in(&self, path: &str, (cookie, csrf): &(String, String), body: &Value) -> Seen {
        let request = self.client.post(format!("{}{path}", self.base)).header("cookie", cookie);
        self.send(request.header("x-csrf-token", csrf).json(body)).await
    }

    pub(crate) async fn stream(
        &self,
        path: &str,
        cookie: &str,
    ) -> impl futures::Stream<Item = reqwest::Result<impl AsRef<[u8]> + use<>>> + Unpin + use<> {
        let request = self.client.get(format!("{}{path}", self.base)).header("cookie", cookie);
        Box::pin(request.send().await.unwrap().bytes_stream())
    }

    async fn send(&self, request: RequestBuilder) -> Seen {
        answer(request).await
    }
}

fn bearing(request: RequestBuilder, token: &str) -> RequestBuilder {
    if token.is_empty() { request } else { request.bearer_auth(token) }
}

async fn answer(request: RequestBuilder) -> Seen {
    let response = request.send().await.unwrap();
    let header = |name: &str| {
        let value = response.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        value.unwrap_or_default()
    };
    Seen {
        status: response.status().as_u16(),
        kind: header("content-type"),
        etag: header("etag"),
        location: header("location"),
        policy: header("content-security-policy"),
        cookie: header("set-cookie").split(';').next().unwrap_or_default().to_owned(),
        whole_cookie: header("set-cookie"),
        text: response.text().await.unwrap(),
    }
}

/// A model that answers when it is let.
pub(crate) struct Slow {
    model: Offline,
    gate: Arc<Gate>,
}

#[derive(Default)]
pub(crate) struct Gate {
    asked: Notify,
    open: Notify,
}

impl Slow {
    pub(crate) fn gated() -> (Arc<dyn ChatModel>, Arc<Gate>) {
        let gate = Arc::new(Gate::default());
        let prompts = Arc::new(Prompts::with_overrides(Default::default()).unwrap());
        (Arc::new(Self { model: Offline::new(prompts), gate: gate.clone() }), gate)
    }
}

impl Gate {
    pub(crate) async fn asked(&self) {
        self.asked.notified().await;
    }

    pub(crate) fn open(&self) {
        self.open.notify_one();
    }
}

#[async_trait]
impl ChatModel for Slow {
    fn name(&self) -> &str {
        self.model.name()
    }

    async fn complete(&self, request: &ModelRequest<'_>) -> Result<ModelReply, ModelError> {
        self.gate.asked.notify_one();
        self.gate.open.notified().await;
        // Later turns go on at once.
        self.gate.open.notify_one();
        self.model.complete(request).await
    }
}
