//! Drafts that are alike, on one page, approved together.

use super::{Signed, page, shown};
use crate::api::{Asked, Filled, One, approve_all, class_of};
use crate::desk::Desk;
use crate::problem::Problem;
use crate::who::Who;
use attache_journal::{Digest, DraftId, Right};
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};
use serde::Serialize;
use std::collections::BTreeSet;
use std::sync::Arc;
use tera::Context;

/// A page shows at most so many.
const MOST: usize = 50;

/// One draft as it would leave.
#[derive(Serialize)]
struct Shown {
    draft: String,
    digest: String,
    to: String,
    subject: String,
    body: String,
}

pub(crate) async fn show(
    State(desk): State<Arc<Desk>>,
    Signed(who): Signed,
    Asked(asked): Asked<Vec<(String, String)>>,
) -> Response {
    let drafts = asked.into_iter().filter(|(name, _)| name == "draft").map(|(_, draft)| DraftId::new(draft));
    shown(&desk, batch(&desk, &who, drafts.collect(), None).await)
}

pub(crate) async fn approve(
    State(desk): State<Arc<Desk>>,
    Signed(who): Signed,
    Filled(fields): Filled<Vec<(String, String)>>,
) -> Response {
    let csrf = fields.iter().find(|(name, _)| name == "csrf").map(|(_, csrf)| csrf.clone()).unwrap_or_default();
    let ones: Vec<One> = fields
        .iter()
        .filter(|(name, _)| name == "one")
        .filter_map(|(_, one)| one.split_once(' '))
        .map(|(draft, digest)| One { draft: DraftId::new(draft), digest: Digest::new(digest) })
        .collect();
    let ids = ones.iter().map(|one| one.draft.clone()).collect();
    let done = match who.gave(&csrf) {
        Ok(()) => approve_all(&desk, &who, ones).await,
        Err(problem) => Err(problem),
    };
    match done {
        Ok(each) => match each.iter().filter_map(|each| each.problem()).next() {
            Some(problem) => shown(&desk, Err(Problem::conflict("some", format!("not all were sent: {problem}")))),
            None => Redirect::to("/?tab=sent").into_response(),
        },
        Err(problem) => shown(&desk, batch(&desk, &who, ids, Some(problem)).await),
    }
}

async fn batch(desk: &Desk, who: &Who, ids: Vec<DraftId>, wrong: Option<Problem>) -> Result<Response, Problem> {
    who.may(Right::Read)?;
    if ids.len() > MOST {
        return Err(Problem::refused(format!("at most {MOST} drafts are approved at once")));
    }
    let (mut drafts, mut classes) = (Vec::new(), BTreeSet::new());
    for id in ids {
        let (run, created) = desk.parts.engine.draft(&id).await?;
        classes.insert(class_of(&desk.parts.store.entries(&run).await?, &created));
        drafts.push(Shown {
            draft: created.draft.to_string(),
            digest: created.digest.to_string(),
            to: created.to,
            subject: created.subject,
            body: created.body,
        });
    }
    let mut context = Context::new();
    context.insert("drafts", &drafts);
    context.insert("alike", &(classes.len() == 1));
    context.insert("wrong", &wrong.as_ref().map(|problem| &problem.detail));
    let mut response = page(desk, who, "batch.html", context)?;
    if let Some(problem) = wrong {
        *response.status_mut() = problem.status;
    }
    Ok(response)
}
