//! Coming in and going out.

use super::{shown, told};
use crate::api::{At, Filled};
use crate::desk::Desk;
use crate::problem::Problem;
use crate::who::{self, Who};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
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
    context.insert("wrong", &wrong.as_ref().map(|problem| &problem.detail));
    let status = wrong.map_or(StatusCode::OK, |problem| problem.status);
    Ok((status, Html(desk.pages.render("sign_in.html", &context).map_err(told)?)).into_response())
}
