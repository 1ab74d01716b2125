//! The interface for programs, version 1.

mod drafts;
mod handoffs;
mod paging;
mod people;
mod reading;
mod runs;

pub(crate) use drafts::{opened, review_draft};
pub(crate) use handoffs::{handoffs, move_handoff, status};
pub(crate) use runs::read;

use crate::desk::Desk;
use crate::problem::Problem;
use attache_journal::Decision;
use axum::Router;
use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::extract::{FromRequest, FromRequestParts, Query, Request, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::routing::{delete, get, post};
use serde::de::DeserializeOwned;
use std::sync::Arc;

/// The body of a request, as JSON; what is wrong with it is a [`Problem`].
pub(crate) struct Given<T>(pub(crate) T);

/// The question of a request; what is wrong with it is a [`Problem`].
pub(crate) struct Asked<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Given<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let axum::Json(given) = axum::Json::from_request(request, state).await?;
        Ok(Self(given))
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Asked<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let Query(asked) = Query::from_request_parts(parts, state).await?;
        Ok(Self(asked))
    }
}

impl From<JsonRejection> for Problem {
    fn from(rejection: JsonRejection) -> Self {
        Self::new(rejection.status(), "body", rejection.body_text())
    }
}

impl From<QueryRejection> for Problem {
    fn from(rejection: QueryRejection) -> Self {
        Self::new(rejection.status(), "query", rejection.body_text())
    }
}

pub(crate) fn routes() -> Router<Arc<Desk>> {
    Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .route("/v1/me", get(people::me))
        .route("/v1/accounts", get(people::accounts).post(people::add))
        .route("/v1/accounts/{name}", delete(people::close))
        .route("/v1/accounts/{name}/link", post(people::link))
        .route("/v1/tokens", post(people::add_token))
        .route("/v1/tokens/{token}", delete(people::revoke))
        .route("/v1/runs", get(runs::list).post(runs::start))
        .route("/v1/runs/{run}", get(runs::show))
        .route("/v1/runs/{run}/entries", get(runs::entries))
        .route("/v1/drafts", get(drafts::list))
        .route("/v1/drafts/{draft}", get(drafts::show))
        .route("/v1/drafts/{draft}/viewed", post(drafts::viewed))
        .route("/v1/drafts/{draft}/approve", drafts::decide(Decision::Approve))
        .route("/v1/drafts/{draft}/edit", drafts::decide(Decision::Edit))
        .route("/v1/drafts/{draft}/reject", drafts::decide(Decision::Reject))
        .route("/v1/escalations", get(handoffs::list))
        .route("/v1/escalations/{run}/{step}", post(handoffs::step))
        .route("/v1/customers/{customer}", delete(people::erase))
        .route("/v1/kb/search", get(reading::search))
        .route("/v1/policies", get(reading::policies))
        .route("/v1/tools", get(reading::tools))
}

/// Whether the journal can be read.
async fn ready(State(desk): State<Arc<Desk>>) -> Result<&'static str, Problem> {
    let one = attache_journal::RunFilter { limit: Some(1), ..Default::default() };
    match desk.parts.store.runs(&one).await {
        Ok(_) => Ok("ok\n"),
        Err(error) => {
            tracing::error!(%error, "the journal cannot be read");
            Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "the journal cannot be read"))
        }
    }
}
