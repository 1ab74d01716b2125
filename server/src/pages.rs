//! The review desk: pages for people, made here and readable without a script.

mod audit;
mod batch;
mod customer;
mod draft;
mod explain;
mod figures;
mod gaps;
mod guide;
mod handoff;
mod live;
mod policies;
mod queue;
mod run;
mod settings;
mod sign_in;

use crate::desk::Desk;
use crate::oidc::RETURN;
use crate::problem::Problem;
use crate::who::{self, Who};
use axum::Router;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use std::io;
use std::sync::Arc;
use tera::{Context, Tera};

/// The templates, by name. What they are given is text and is escaped.
const TEMPLATES: [(&str, &str); 18] = [
    ("audit.html", include_str!("../templates/audit.html")),
    ("base.html", include_str!("../templates/base.html")),
    ("batch.html", include_str!("../templates/batch.html")),
    ("customer.html", include_str!("../templates/customer.html")),
    ("diff.html", include_str!("../templates/diff.html")),
    ("draft.html", include_str!("../templates/draft.html")),
    ("explain.html", include_str!("../templates/explain.html")),
    ("figures.html", include_str!("../templates/figures.html")),
    ("gaps.html", include_str!("../templates/gaps.html")),
    ("guide.html", include_str!("../templates/guide.html")),
    ("handoff.html", include_str!("../templates/handoff.html")),
    ("now.html", include_str!("../templates/now.html")),
    ("policies.html", include_str!("../templates/policies.html")),
    ("problem.html", include_str!("../templates/problem.html")),
    ("queue.html", include_str!("../templates/queue.html")),
    ("run.html", include_str!("../templates/run.html")),
    ("settings.html", include_str!("../templates/settings.html")),
    ("sign_in.html", include_str!("../templates/sign_in.html")),
];

pub(crate) fn templates() -> io::Result<Tera> {
    let mut tera = Tera::default();
    tera.add_raw_templates(TEMPLATES).map_err(io::Error::other)?;
    Ok(tera)
}

pub(crate) fn routes() -> Router<Arc<Desk>> {
    Router::new()
        .route("/", get(queue::show))
        .route("/sign-in", get(sign_in::ask).post(sign_in::sign_in))
        .route("/sign-in/openid", get(sign_in::leave))
        .route(RETURN, get(sign_in::come_back))
        .route("/sign-out", post(sign_in::sign_out))
        .route("/welcome/{link}", get(sign_in::welcome).post(sign_in::take))
        .route("/drafts/{draft}", get(draft::show).post(draft::decide))
        .route("/batch", get(batch::show).post(batch::approve))
        .route("/drafts/{draft}/diff", post(draft::diff))
        .route("/drafts/{draft}/now", get(draft::now))
        .route("/drafts/{draft}/arrange", post(draft::arrange))
        .route("/handoffs/{run}", get(handoff::show).post(handoff::step))
        .route("/runs/{run}", get(run::show))
        .route("/runs/{run}/why", get(explain::show))
        .route("/customers/{customer}", get(customer::show).post(customer::erase))
        .route("/policies", get(policies::show).post(policies::try_out))
        .route("/views", post(queue::keep))
        .route("/gaps", get(gaps::show))
        .route("/figures", get(figures::show))
        .route("/audit", get(audit::show))
        .route("/settings", get(settings::show).post(settings::change))
        .route("/live", get(live::live))
        .route("/api", get(guide::show))
        .route("/assets/icon.svg", get(|| asset("image/svg+xml", include_str!("../assets/icon.svg"))))
        .route("/favicon.ico", get(|| asset("image/svg+xml", include_str!("../assets/icon.svg"))))
        .route("/assets/desk.css", get(|| asset("text/css; charset=utf-8", include_str!("../assets/desk.css"))))
        .route("/assets/desk.js", get(|| asset("text/javascript; charset=utf-8", include_str!("../assets/desk.js"))))
}

async fn asset(kind: &'static str, text: &'static str) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "max-age=300")], text)
}

/// Whoever looks at a page; nobody is sent to sign in.
pub(crate) struct Signed(pub(crate) Who);

impl FromRequestParts<Arc<Desk>> for Signed {
    type Rejection = Redirect;

    async fn from_request_parts(parts: &mut Parts, desk: &Arc<Desk>) -> Result<Self, Redirect> {
        who::find(&parts.headers, desk).map(Self).ok_or_else(|| Redirect::to("/sign-in"))
    }
}

/// A page for somebody who is signed in.
fn page(desk: &Desk, who: &Who, template: &str, mut context: Context) -> Result<Response, Problem> {
    context.insert("name", &who.name);
    context.insert("csrf", &who.csrf.clone().unwrap_or_default());
    let rights: Vec<&str> = who.rights.iter().map(|right| right.as_str()).collect();
    context.insert("rights", &rights);
    Ok(Html(desk.pages.render(template, &context).map_err(told)?).into_response())
}

/// A page, or the page that says why there is none.
fn shown(desk: &Desk, result: Result<Response, Problem>) -> Response {
    result.unwrap_or_else(|problem| {
        let mut context = Context::new();
        context.insert("detail", &problem.detail);
        match desk.pages.render("problem.html", &context) {
            Ok(text) => (problem.status, Html(text)).into_response(),
            Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, told(error)).into_response(),
        }
    })
}

fn told(error: tera::Error) -> Problem {
    // Tera puts what is wrong into the cause.
    let cause = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
    Problem::ours(format!("{error}: {cause}"))
}
