//! Accounts, tokens, and what the installation is set to.

use super::{Signed, page, shown};
use crate::api::people::{self, AccountName, KnownToken, NewAccount, NewToken, TokenName};
use crate::api::{At, Filled, Given};
use crate::desk::Desk;
use crate::problem::Problem;
use crate::who::Who;
use attache_journal::{Right, Role};
use axum::Json;
use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use std::collections::BTreeSet;
use std::sync::Arc;
use tera::Context;

/// An account on one line.
#[derive(Serialize)]
struct Line {
    name: String,
    roles: Vec<&'static str>,
}

/// What came of a change.
#[derive(Default, Serialize)]
struct Told {
    /// Why it was not done.
    wrong: Option<String>,
    /// What it is that is told only now.
    what: &'static str,
    secret: Option<String>,
}

pub(crate) async fn show(State(desk): State<Arc<Desk>>, Signed(who): Signed) -> Response {
    let shows = settings(&desk, who, Told::default()).await;
    shown(&desk, shows)
}

/// Does what a form of the page asks.
pub(crate) async fn change(
    State(desk): State<Arc<Desk>>,
    Signed(who): Signed,
    Filled(fields): Filled<Vec<(String, String)>>,
) -> Response {
    let done = made(&desk, &who, &fields).await;
    let status = done.as_ref().err().map(|problem| problem.status);
    let told = done.unwrap_or_else(|problem| Told { wrong: Some(problem.detail), ..Told::default() });
    let mut response = shown(&desk, settings(&desk, who, told).await);
    if let Some(status) = status {
        *response.status_mut() = status;
    }
    response
}

async fn made(desk: &Arc<Desk>, who: &Who, fields: &[(String, String)]) -> Result<Told, Problem> {
    let all = |field: &'static str| fields.iter().filter(move |(name, _)| name == field).map(|(_, value)| value);
    let one = |field: &'static str| all(field).next().cloned().unwrap_or_default();
    who.gave(&one("csrf"))?;
    let (state, who) = (State(Arc::clone(desk)), who.clone());
    let secret = |what, secret| Told { wrong: None, what, secret: Some(secret) };
    Ok(match one("act").as_str() {
        "add" => {
            let roles = words::<Role>("role", all("role"))?;
            let new = NewAccount { name: one("name"), roles };
            secret("The link that sets its password", people::add(state, who, Given(new)).await?.body.link)
        }
        "link" => {
            let link = people::link(state, who, At(AccountName { name: one("name") })).await?;
            secret("Another link that sets its password", link.body.link)
        }
        "close" => {
            people::close(state, who, At(AccountName { name: one("name") })).await?;
            Told::default()
        }
        "token" => {
            let new = NewToken { label: one("label"), scopes: words::<Right>("scope", all("scope"))? };
            secret("The new token", people::add_token(state, who, Given(new)).await?.body.secret)
        }
        "revoke" => {
            people::revoke(state, who, At(TokenName { token: one("token") })).await?;
            Told::default()
        }
        _ => return Err(Problem::refused("act: this page has no such form")),
    })
}

/// The words of a field.
fn words<'a, T: serde::de::DeserializeOwned + Ord>(
    field: &str,
    words: impl Iterator<Item = &'a String>,
) -> Result<BTreeSet<T>, Problem> {
    let word = |word: &String| serde_json::from_value(word.as_str().into());
    words.map(word).collect::<Result<_, _>>().map_err(|e| Problem::refused(format!("{field}: {e}")))
}

async fn settings(desk: &Arc<Desk>, who: Who, told: Told) -> Result<Response, Problem> {
    who.may(Right::Read)?;
    let accounts = who.may(Right::Administer).is_ok().then(|| {
        let accounts = desk.parts.staff.accounts().into_iter();
        let line = |(name, account): (String, crate::staff::Account)| Line {
            name,
            roles: account.roles.iter().map(|role| role.as_str()).collect(),
        };
        accounts.map(line).collect::<Vec<_>>()
    });
    let Json(tokens): Json<Vec<KnownToken>> = people::tokens(State(Arc::clone(desk)), who.clone()).await;
    let mut context = Context::new();
    context.insert("tab", "settings");
    context.insert("told", &told);
    context.insert("accounts", &accounts);
    context.insert("tokens", &tokens);
    context.insert("roles", &Role::ALL.iter().map(|role| role.as_str()).collect::<Vec<_>>());
    context.insert("settings", &desk.parts.settings.shown);
    page(desk, &who, "settings.html", context)
}
