//! The rules in force, as they are written.

use super::{Signed, page, shown};
use crate::desk::Desk;
use crate::problem::Problem;
use crate::who::Who;
use attache_journal::Right;
use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;
use tera::Context;

/// A rule.
#[derive(Serialize)]
struct Rule<'a> {
    id: &'a str,
    verdict: &'static str,
    reason: Option<&'a str>,
    source: &'a str,
}

pub(crate) async fn show(State(desk): State<Arc<Desk>>, Signed(who): Signed) -> Response {
    shown(&desk, policies(&desk, &who))
}

fn policies(desk: &Desk, who: &Who) -> Result<Response, Problem> {
    who.may(Right::Read)?;
    let policy = desk.parts.engine.policy();
    let mut files: BTreeMap<&str, Vec<Rule<'_>>> = BTreeMap::new();
    for rule in policy.rules() {
        let (verdict, reason) = (rule.verdict.as_str(), rule.reason.as_deref());
        files.entry(&rule.file).or_default().push(Rule { id: &rule.id, verdict, reason, source: &rule.source });
    }
    let mut context = Context::new();
    context.insert("digest", &policy.digest().as_str().chars().take(12).collect::<String>());
    context.insert("files", &files);
    page(desk, who, "policies.html", context)
}
