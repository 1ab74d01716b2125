//! People sign in at a provider of OpenID Connect that is not ours, by the built command.
//!
//! Skipped unless `ATTACHE_REAL_PROVIDER` names the issuer and the address that
//! the desk must listen on; `cargo xtask test` starts one.
#![expect(clippy::unwrap_used, reason = "a test stops where something is wrong")]

#[path = "../command/mod.rs"]
mod command;

use command::{err, out, project};
use reqwest::header::{CONTENT_TYPE, COOKIE, LOCATION, SET_COOKIE};
use reqwest::{Client, redirect};
use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// A browser, as far as signing in needs one.
struct Browser {
    client: Client,
    cookies: BTreeMap<String, String>,
}

impl Browser {
    fn new() -> Self {
        let client = Client::builder().redirect(redirect::Policy::none()).build().unwrap();
        Self { client, cookies: BTreeMap::new() }
    }

    /// Goes there and wherever it is sent, and signs in as `name` where it is asked to.
    async fn go(&mut self, address: &str, name: &str) -> (String, u16, String) {
        let (mut at, mut form) = (reqwest::Url::parse(address).unwrap(), None);
        for _ in 0..20 {
            let request = match form.take() {
                Some(form) => {
                    let kind = "application/x-www-form-urlencoded";
                    self.client.post(at.clone()).header(CONTENT_TYPE, kind).body(form)
                }
                None => self.client.get(at.clone()),
            };
            let cookies: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            let answer = request.header(COOKIE, cookies.join("; ")).send().await.unwrap();
            for cookie in answer.headers().get_all(SET_COOKIE) {
                let (name, value) = cookie.to_str().unwrap().split(';').next().unwrap().split_once('=').unwrap();
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
            if let Some(location) = answer.headers().get(LOCATION) {
                at = at.join(location.to_str().unwrap()).unwrap();
                continue;
            }
            let (status, text) = (answer.status().as_u16(), answer.text().await.unwrap());
            match ["login", "consent"].into_iter().find(|prompt| text.contains(&format!("value=\"{prompt}\""))) {
                Some(prompt) => form = Some(format!("prompt={prompt}&login={name}&password=any")),
                None => return (at.to_string(), status, text),
            }
            let action = text.split("action=\"").nth(1).unwrap().split('"').next().unwrap();
            at = at.join(action).unwrap();
        }
        (at.to_string(), 0, "it was sent on and on".to_owned())
    }
}

/// A server, stopped when it is dropped.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn attache(dir: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_attache"));
    command
        .args(args)
        .current_dir(dir)
        .env("ATTACHE_DATA", dir)
        .env("ATTACHE_CONFIG", dir.join("company/attache.toml"));
    command.env("ATTACHE_OIDC_SECRET", "a secret/of:the client").env_remove("ATTACHE_MODEL");
    command.env_remove("OPENAI_API_KEY").env_remove("OPENAI_BASE_URL").stdin(Stdio::null());
    command
}

#[tokio::test(flavor = "multi_thread")]
async fn people_sign_in_at_a_provider_that_is_not_ours() {
    let Ok(real) = std::env::var("ATTACHE_REAL_PROVIDER") else {
        println!("skipped: ATTACHE_REAL_PROVIDER is not set; `cargo xtask test` starts a provider and sets it");
        return;
    };
    let (issuer, listen) = real.split_once('|').unwrap();
    let dir = project();
    let settings = dir.path().join("company/attache.toml");
    let oidc = format!(
        "[server.oidc]\nissuer = \"{issuer}\"\nclient_id = \"desk\"\ndomain = \"example.com\"\n\
         scopes = [\"email\", \"groups\"]\nroles = {{ desk = [\"reviewer\"] }}\n\n[tracing]"
    );
    let text = fs::read_to_string(&settings).unwrap().replace("[tracing]", &oidc);
    fs::write(&settings, text).unwrap();

    let found = attache(dir.path(), &["doctor", "--json"]).output().unwrap();
    let line = out(&found).lines().find(|line| line.contains("\"sign-in\"")).map(str::to_owned).unwrap();
    assert!(line.contains("\"state\":\"ok\"") && line.contains("/sign-in/openid/done"), "{line}{}", err(&found));

    let mut command = attache(dir.path(), &["serve", "--listen", listen]);
    let mut server = Server(command.stdout(Stdio::piped()).spawn().unwrap());
    let lines = BufReader::new(server.0.stdout.take().unwrap()).lines();
    lines.map(Result::unwrap).find(|line| line.starts_with("serving at")).unwrap();

    let desk = format!("http://{listen}");
    let begin = format!("{desk}/sign-in/openid");
    let mut dana = Browser::new();
    let (at, status, page) = dana.go(&begin, "dana").await;
    assert_eq!((at, status), (format!("{desk}/"), 200), "{page}");
    assert!(page.contains("<span>dana</span>"), "{page}");
    // Who is signed in at the provider comes in without being asked again.
    let (_, status, page) = dana.go(&begin, "nobody").await;
    assert!(status == 200 && page.contains("<span>dana</span>"), "{page}");
    let (at, status, page) = Browser::new().go(&begin, "guest").await;
    assert!(at.starts_with(&begin) && status == 403 && page.contains("nobody here is known"), "{at} {status} {page}");

    drop(dana);
    drop(server);
    let log = attache(dir.path(), &["log", "show", "desk", "--json"]).output().unwrap();
    let acts: Vec<_> = out(&log).lines().filter(|line| line.contains("\"signed_in\"")).map(str::to_owned).collect();
    assert!(acts.len() == 2 && acts[0].contains(issuer) && acts[0].contains("human:dana"), "{acts:?}");
}
