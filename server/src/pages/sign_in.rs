//! Coming in and going out.

use super::{shown, told};
use crate::api::{At, Filled};
use crate::desk::Desk;
use crate::oidc::Returned;
use crate::problem::Problem;
use crate::who::{self, Who};
use crate::{Oidc, OidcFault};
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{AppendHeaders, Html, IntoResponse, Redirect, Response};
use serde::Deserialize;
use std::sync::Arc;
use tera::Context;

#[derive(Deserialize)]
pub(crate) struct Proof {
    name: String,
    password: String,
}

#[derive(Deserialize)]
pub(crate) struct New {
    password: String,
}

#[derive(Deserialize)]
pub(crate) struct Out {
    csrf: String,
}

pub(crate) async fn ask(State(desk): State<Arc<Desk>>) -> Response {
    shown(&desk, form(&desk, None, None, None))
}

pub(crate) async fn sign_in(State(desk): State<Arc<Desk>>, Filled(proof): Filled<Proof>) -> Response {
    let result = desk.parts.staff.sign_in(&proof.name, proof.password).await;
    match result {
        Ok(secret) => come_in(&desk, secret),
        Err(error) => shown(&desk, form(&desk, None, Some(&proof.name), Some(error.into()))),
    }
}

/// Sends somebody to the provider that vouches for them.
pub(crate) async fn leave(State(desk): State<Arc<Desk>>) -> Response {
    let oidc = match provider(&desk) {
        Ok(oidc) => oidc,
        Err(problem) => return shown(&desk, Err(problem)),
    };
    match oidc.begin().await {
        Ok((address, secret)) => {
            let held = who::held_away(&desk, Some(secret));
            ([(header::SET_COOKIE, held)], Redirect::to(&address)).into_response()
        }
        Err(fault) => refused(&desk, fault),
    }
}

/// Takes in whom the provider sends back.
pub(crate) async fn come_back(
    State(desk): State<Arc<Desk>>,
    headers: HeaderMap,
    returned: Result<Query<Returned>, QueryRejection>,
) -> Response {
    let oidc = match provider(&desk) {
        Ok(oidc) => oidc,
        Err(problem) => return shown(&desk, Err(problem)),
    };
    // What cannot be read is no answer to anything that was begun here.
    let Ok(Query(returned)) = returned else { return refused(&desk, OidcFault::Elsewhere) };
    let away = who::away(&headers);
    match oidc.finish(away.as_deref(), returned).await {
        Ok(vouched) => match desk.parts.staff.vouched(vouched).await {
            Ok(secret) => {
                let cookies = [who::cookie(&desk, Some(secret)), who::held_away(&desk, None)];
                let cookies = AppendHeaders(cookies.map(|cookie| (header::SET_COOKIE, cookie)));
                (cookies, Redirect::to("/")).into_response()
            }
            Err(error) => {
                tracing::warn!(why = %error, "whom the provider vouches for was not signed in");
                shown(&desk, form(&desk, None, None, Some(error.into())))
            }
        },
        Err(fault) => refused(&desk, fault),
    }
}

fn provider(desk: &Desk) -> Result<&Oidc, Problem> {
    let none = || Problem::unknown("no provider is set that vouches for anybody: `server.oidc`");
    desk.parts.oidc.as_ref().ok_or_else(none)
}

fn refused(desk: &Desk, fault: OidcFault) -> Response {
    tracing::warn!(why = %fault, "nobody was signed in by the provider");
    shown(desk, form(desk, None, None, Some(fault.into())))
}

pub(crate) async fn sign_out(
    State(desk): State<Arc<Desk>>,
    who: Who,
    headers: HeaderMap,
    Filled(out): Filled<Out>,
) -> Result<Response, Problem> {
    who.gave(&out.csrf)?;
    if let Some(secret) = who::secret(&headers) {
        desk.parts.staff.sessions.close(&secret);
    }
    Ok(([(header::SET_COOKIE, who::cookie(&desk, None))], Redirect::to("/sign-in")).into_response())
}

pub(crate) async fn welcome(State(desk): State<Arc<Desk>>, At(link): At<String>) -> Response {
    let staff = &desk.parts.staff;
    shown(
        &desk,
        match staff.whose_link(&link) {
            Ok(name) => form(&desk, Some(&link), Some(&name), None),
            Err(error) => Err(error.into()),
        },
    )
}

pub(crate) async fn take(State(desk): State<Arc<Desk>>, At(link): At<String>, Filled(new): Filled<New>) -> Response {
    match desk.parts.staff.take_link(&link, new.password).await {
        Ok(secret) => come_in(&desk, secret),
        Err(error) => match desk.parts.staff.whose_link(&link) {
            Ok(name) => shown(&desk, form(&desk, Some(&link), Some(&name), Some(error.into()))),
            Err(_) => shown(&desk, Err(error.into())),
        },
    }
}

fn come_in(desk: &Desk, secret: String) -> Response {
    ([(header::SET_COOKIE, who::cookie(desk, Some(secret)))], Redirect::to("/")).into_response()
}

fn form(desk: &Desk, link: Option<&str>, name: Option<&str>, wrong: Option<Problem>) -> Result<Response, Problem> {
    let mut context = Context::new();
    context.insert("link", &link);
    context.insert("account", &name);
    context.insert("openid", &desk.parts.oidc.as_ref().map(Oidc::label));
    context.insert("wrong", &wrong.as_ref().map(|problem| &problem.detail));
    let status = wrong.map_or(StatusCode::OK, |problem| problem.status);
    Ok((status, Html(desk.pages.render("sign_in.html", &context).map_err(told)?)).into_response())
}
