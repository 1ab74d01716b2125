//! A customer: what they agreed to, what we know, what we did.

use super::queue::ago;
use super::{Signed, page, shown};
use crate::api::{At, known};
use crate::desk::Desk;
use crate::problem::Problem;
use crate::who::Who;
use attache_context::CustomerId;
use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
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
    shown(&desk, customer(&desk, &who, &id).await)
}

async fn customer(desk: &Desk, who: &Who, id: &CustomerId) -> Result<Response, Problem> {
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
    context.insert("customer", &known);
    page(desk, who, "customer.html", context)
}
