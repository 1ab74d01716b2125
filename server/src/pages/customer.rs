//! A customer: what they agreed to, what we know, what we did.

use super::queue::ago;
use super::{Signed, page, shown};
use crate::api::{At, Filled, forget, known};
use crate::desk::Desk;
use crate::problem::Problem;
use crate::who::Who;
use attache_context::CustomerId;
use attache_journal::DraftState;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use tera::Context;

/// A run on one line.
#[derive(Serialize)]
struct Line {
    run: String,
    what: String,
    outcome: String,
    when: String,
}

pub(crate) async fn show(State(desk): State<Arc<Desk>>, Signed(who): Signed, At(id): At<CustomerId>) -> Response {
    shown(&desk, customer(&desk, &who, &id, None).await)
}

/// An order to forget, with the id typed again: it cannot be taken back.
#[derive(Deserialize)]
pub(crate) struct Order {
    csrf: String,
    again: String,
    #[serde(default)]
    reason: String,
}

pub(crate) async fn erase(
    State(desk): State<Arc<Desk>>,
    Signed(who): Signed,
    At(id): At<CustomerId>,
    Filled(order): Filled<Order>,
) -> Response {
    match erased(&desk, &who, &id, order).await {
        Ok(()) => Redirect::to("/").into_response(),
        Err(problem) => shown(&desk, customer(&desk, &who, &id, Some(problem)).await),
    }
}

async fn erased(desk: &Arc<Desk>, who: &Who, id: &CustomerId, order: Order) -> Result<(), Problem> {
    who.gave(&order.csrf)?;
    if order.again != id.as_str() {
        return Err(Problem::refused("type the customer's id again, exactly: what is erased does not come back"));
    }
    let reason = Some(order.reason.trim().to_owned()).filter(|reason| !reason.is_empty());
    forget(desk, who, id.clone(), reason).await.map(drop)
}

async fn customer(desk: &Desk, who: &Who, id: &CustomerId, wrong: Option<Problem>) -> Result<Response, Problem> {
    let known = known(desk, who, id).await?;
    let now = desk.parts.clock.now();
    let runs = known.runs.iter().map(|run| Line {
        run: run.run.to_string(),
        what: run.playbook.clone(),
        outcome: match (&run.outcome, &run.reason_code) {
            (Some(outcome), Some(code)) => format!("{outcome}: {}", code.replace('_', " ")),
            (Some(outcome), None) => outcome.to_string(),
            (None, _) => "goes on".to_owned(),
        },
        when: ago(now, run.started_at),
    });
    let mut context = Context::new();
    context.insert("runs", &runs.collect::<Vec<_>>());
    let drafts = || known.runs.iter().flat_map(|run| &run.drafts);
    context.insert("drafts", &drafts().count());
    context.insert("waiting", &drafts().filter(|draft| draft.state == DraftState::Pending).count());
    context.insert("here", &utf8_percent_encode(id.as_str(), NON_ALPHANUMERIC).to_string());
    context.insert("wrong", &wrong.as_ref().map(|problem| &problem.detail));
    context.insert("customer", &known);
    let mut response = page(desk, who, "customer.html", context)?;
    if let Some(problem) = wrong {
        *response.status_mut() = problem.status;
    }
    Ok(response)
}
