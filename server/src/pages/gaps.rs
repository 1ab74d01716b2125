//! What articles are missing.

use super::{Signed, page, shown};
use crate::desk::Desk;
use crate::problem::Problem;
use crate::who::Who;
use attache_journal::Right;
use axum::extract::State;
use axum::response::Response;
use std::sync::Arc;
use tera::Context;

/// A page tells of at most so many.
const ROWS: usize = 50;

pub(crate) async fn show(State(desk): State<Arc<Desk>>, Signed(who): Signed) -> Response {
    shown(&desk, gaps(&desk, &who).await)
}

async fn gaps(desk: &Desk, who: &Who) -> Result<Response, Problem> {
    who.may(Right::Read)?;
    let (missing, more) = desk.gaps.find(&*desk.parts.store, &*desk.parts.kb, ROWS).await?;
    let mut context = Context::new();
    context.insert("tab", "gaps");
    context.insert("more", &more);
    context.insert("missing", &missing);
    page(desk, who, "gaps.html", context)
}
