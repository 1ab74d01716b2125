//! Accounts and tokens.

use super::exchange::{At, Done, Given, Made};
use crate::desk::Desk;
use crate::problem::Problem;
use crate::staff;
use crate::who::Who;
use attache_journal::{Right, Role};
use axum::Json;
use axum::extract::State;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Who asks.
#[derive(JsonSchema, Serialize)]
pub(crate) struct Me {
    /// Their account.
    name: String,
    /// What they may do.
    rights: BTreeSet<Right>,
}

/// Somebody who works with the agent, or a program.
#[derive(JsonSchema, Serialize)]
pub(crate) struct Account {
    /// Their name.
    name: String,
    /// What they are for.
    roles: BTreeSet<Role>,
}

/// An account that is to be.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewAccount {
    /// 1 to 64 letters, digits, `.`, `-` or `_`.
    #[schemars(regex(pattern = r"^[A-Za-z0-9._-]{1,64}$"))]
    pub(crate) name: String,
    /// What it is for.
    pub(crate) roles: BTreeSet<Role>,
}

/// A link that sets a password, once.
#[derive(JsonSchema, Serialize)]
pub(crate) struct Link {
    /// To open in a browser within a day.
    pub(crate) link: String,
}

/// A token that is to be.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewToken {
    /// 1 to 128 characters that say what it is for.
    #[schemars(length(min = 1, max = 128))]
    pub(crate) label: String,
    /// What it may do, of what its owner may.
    pub(crate) scopes: BTreeSet<Right>,
}

/// A token; its secret is told this once.
#[derive(JsonSchema, Serialize)]
pub(crate) struct Token {
    /// Its id.
    token: String,
    /// What proves it.
    pub(crate) secret: String,
}

/// A token that there is.
#[derive(JsonSchema, Serialize)]
pub(crate) struct KnownToken {
    /// Its id.
    pub(crate) token: String,
    /// The account it acts for.
    pub(crate) name: String,
    /// What it is for, in its owner's words.
    pub(crate) label: String,
    /// What it may do, of what its account may.
    pub(crate) scopes: BTreeSet<Right>,
}

/// Names an account.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct AccountName {
    /// The account.
    pub(crate) name: String,
}

/// Names a token.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct TokenName {
    /// The token's id.
    pub(crate) token: String,
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
) -> Result<Made<Link>, Problem> {
    who.may(Right::Administer)?;
    let roles: Vec<_> = new.roles.into_iter().collect();
    let secret = desk.parts.staff.add(&who.name, &new.name, &roles).await?;
    Ok(Made { at: None, body: Link { link: whole(&desk, &secret) }, secret: true })
}

pub(crate) async fn link(
    State(desk): State<Arc<Desk>>,
    who: Who,
    At(AccountName { name }): At<AccountName>,
) -> Result<Made<Link>, Problem> {
    who.may(Right::Administer)?;
    let secret = desk.parts.staff.link(&name)?;
    Ok(Made { at: None, body: Link { link: whole(&desk, &secret) }, secret: true })
}

pub(crate) async fn close(
    State(desk): State<Arc<Desk>>,
    who: Who,
    At(AccountName { name }): At<AccountName>,
) -> Result<Done, Problem> {
    who.may(Right::Administer)?;
    desk.parts.staff.close(&who.name, &name).await?;
    Ok(Done)
}

pub(crate) async fn add_token(
    State(desk): State<Arc<Desk>>,
    who: Who,
    Given(new): Given<NewToken>,
) -> Result<Made<Token>, Problem> {
    if new.label.trim().is_empty() || new.label.chars().count() > 128 || new.label.chars().any(char::is_control) {
        return Err(Problem::refused("label: expected 1 to 128 characters that say what the token is for"));
    }
    // A token may do no more than whoever makes it, and makes no other that may.
    for scope in &new.scopes {
        who.may(*scope)?;
    }
    let (token, secret) = desk.parts.staff.add_token(&who.name, &new.label, &new.scopes).await?;
    Ok(Made { at: None, body: Token { token, secret }, secret: true })
}

/// One's own tokens; everybody's for an administrator.
pub(crate) async fn tokens(State(desk): State<Arc<Desk>>, who: Who) -> Json<Vec<KnownToken>> {
    let all = who.may(Right::Administer).is_ok();
    let tokens = desk.parts.staff.tokens((!all).then_some(&who.name)).into_iter();
    Json(
        tokens
            .map(|(token, staff::Token { name, label, scopes, .. })| KnownToken { token, name, label, scopes })
            .collect(),
    )
}

pub(crate) async fn revoke(
    State(desk): State<Arc<Desk>>,
    who: Who,
    At(TokenName { token }): At<TokenName>,
) -> Result<Done, Problem> {
    desk.parts.staff.revoke(&who.name, &token, who.may(Right::Administer).is_ok()).await?;
    Ok(Done)
}

fn whole(desk: &Desk, secret: &str) -> String {
    format!("{}/welcome/{secret}", desk.parts.settings.public_url.trim_end_matches('/'))
}
