//! Accounts and tokens, and forgetting a customer.

use super::Given;
use crate::desk::Desk;
use crate::problem::Problem;
use crate::who::Who;
use attache_context::CustomerId;
use attache_engine::Erasure;
use attache_journal::{Actor, Right, Role};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::sync::Arc;

#[derive(Serialize)]
pub(crate) struct Me {
    name: String,
    rights: BTreeSet<Right>,
}

#[derive(Serialize)]
pub(crate) struct Account {
    name: String,
    roles: BTreeSet<Role>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewAccount {
    name: String,
    roles: BTreeSet<Role>,
}

/// A link that sets a password, once.
#[derive(Serialize)]
pub(crate) struct Link {
    link: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewToken {
    label: String,
    scopes: BTreeSet<Right>,
}

/// A token; its secret is told this once.
#[derive(Serialize)]
pub(crate) struct Token {
    token: String,
    secret: String,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Why {
    /// Why; it is kept, so it must not name the person.
    reason: Option<String>,
}

pub(crate) async fn me(who: Who) -> Json<Me> {
    Json(Me { name: who.name, rights: who.rights })
}

pub(crate) async fn accounts(State(desk): State<Arc<Desk>>, who: Who) -> Result<Json<Vec<Account>>, Problem> {
    who.may(Right::Administer)?;
    let accounts = desk.parts.staff.accounts().into_iter();
    Ok(Json(accounts.map(|(name, account)| Account { name, roles: account.roles }).collect()))
}

pub(crate) async fn add(
    State(desk): State<Arc<Desk>>,
    who: Who,
    Given(new): Given<NewAccount>,
) -> Result<(StatusCode, Json<Link>), Problem> {
    who.may(Right::Administer)?;
    let roles: Vec<_> = new.roles.into_iter().collect();
    let secret = desk.parts.staff.add(&who.name, &new.name, &roles).await?;
    Ok((StatusCode::CREATED, Json(Link { link: whole(&desk, &secret) })))
}

pub(crate) async fn link(
    State(desk): State<Arc<Desk>>,
    who: Who,
    Path(name): Path<String>,
) -> Result<(StatusCode, Json<Link>), Problem> {
    who.may(Right::Administer)?;
    let secret = desk.parts.staff.link(&name)?;
    Ok((StatusCode::CREATED, Json(Link { link: whole(&desk, &secret) })))
}

pub(crate) async fn close(
    State(desk): State<Arc<Desk>>,
    who: Who,
    Path(name): Path<String>,
) -> Result<StatusCode, Problem> {
    who.may(Right::Administer)?;
    desk.parts.staff.close(&who.name, &name).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn add_token(
    State(desk): State<Arc<Desk>>,
    who: Who,
    Given(new): Given<NewToken>,
) -> Result<(StatusCode, Json<Token>), Problem> {
    if new.label.trim().is_empty() || new.label.chars().count() > 128 || new.label.chars().any(char::is_control) {
        return Err(Problem::refused("label: expected 1 to 128 characters that say what the token is for"));
    }
    // A token may do no more than whoever makes it, and makes no other that may.
    for scope in &new.scopes {
        who.may(*scope)?;
    }
    let (token, secret) = desk.parts.staff.add_token(&who.name, &new.label, &new.scopes).await?;
    Ok((StatusCode::CREATED, Json(Token { token, secret })))
}

pub(crate) async fn revoke(
    State(desk): State<Arc<Desk>>,
    who: Who,
    Path(token): Path<String>,
) -> Result<StatusCode, Problem> {
    desk.parts.staff.revoke(&who.name, &token, who.may(Right::Administer).is_ok()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Makes everything that the journal holds of a customer unreadable, for good.
pub(crate) async fn erase(
    State(desk): State<Arc<Desk>>,
    who: Who,
    Path(customer): Path<String>,
    Given(why): Given<Why>,
) -> Result<Json<Erasure>, Problem> {
    who.may(Right::Administer)?;
    let customer = CustomerId::new(customer).map_err(|e| Problem::refused(format!("customer: {e}")))?;
    let task = Arc::clone(&desk);
    let done = desk.finish(async move {
        let by = Actor::Human(who.name);
        task.parts.engine.erase(&customer, &by, why.reason, &*task.parts.outbox).await
    });
    Ok(Json(done.await.ok_or_else(|| Problem::ours("an erasure ended without a result"))??))
}

fn whole(desk: &Desk, secret: &str) -> String {
    format!("{}/welcome/{secret}", desk.parts.settings.public_url.trim_end_matches('/'))
}
