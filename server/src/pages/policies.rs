//! The rules in force, as they are written, and what others would have done.

use super::{Signed, page, shown};
use crate::api::{Asked, Filled, Proposed, examples_of, project};
use crate::desk::Desk;
use crate::problem::Problem;
use crate::who::Who;
use attache_journal::{Right, RunId};
use attache_policies::PolicyFile;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
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

/// Rules to try on what was decided.
#[derive(Deserialize)]
pub(crate) struct Tried {
    csrf: String,
    file: String,
    text: String,
    last: usize,
    /// One run, instead of the newest.
    #[serde(default)]
    run: String,
}

/// A file to begin with.
#[derive(Deserialize)]
pub(crate) struct Which {
    file: Option<String>,
    /// The run to decide again.
    run: Option<RunId>,
}

pub(crate) async fn show(State(desk): State<Arc<Desk>>, Signed(who): Signed, Asked(which): Asked<Which>) -> Response {
    let files = desk.parts.engine.policy().files();
    let begun = which.file.and_then(|name| files.iter().find(|file| file.name == name));
    let mut context = Context::new();
    if let Some(PolicyFile { name, text }) = begun {
        context.insert("file", name);
        context.insert("text", text);
    }
    if let Some(run) = which.run {
        context.insert("run", &run);
    }
    shown(&desk, policies(&desk, &who, context))
}

pub(crate) async fn try_out(
    State(desk): State<Arc<Desk>>,
    Signed(who): Signed,
    Filled(tried): Filled<Tried>,
) -> Response {
    let mut context = Context::new();
    context.insert("file", &tried.file);
    context.insert("text", &tried.text);
    context.insert("last", &tried.last);
    let run = Some(tried.run.trim()).filter(|run| !run.is_empty()).map(RunId::new);
    context.insert("run", &run);
    let found = match who.gave(&tried.csrf) {
        Ok(()) => {
            let text = tried.text.replace("\r\n", "\n");
            project(&desk, &who, Proposed { file: tried.file, text, last: Some(tried.last), run }).await
        }
        Err(problem) => Err(problem),
    };
    let status = match found {
        Ok(found) => {
            context.insert("found", &found);
            StatusCode::OK
        }
        Err(problem) => {
            context.insert("wrong", &problem.detail);
            problem.status
        }
    };
    let mut response = shown(&desk, policies(&desk, &who, context));
    if response.status() == StatusCode::OK {
        *response.status_mut() = status;
    }
    response
}

fn policies(desk: &Desk, who: &Who, mut context: Context) -> Result<Response, Problem> {
    who.may(Right::Read)?;
    let policy = desk.parts.engine.policy();
    let mut files: BTreeMap<&str, Vec<Rule<'_>>> = BTreeMap::new();
    for rule in policy.rules() {
        let (verdict, reason) = (rule.verdict.as_str(), rule.reason.as_deref());
        files.entry(&rule.file).or_default().push(Rule { id: &rule.id, verdict, reason, source: &rule.source });
    }
    let examples = examples_of(desk, policy).map_err(Problem::ours)?;
    context.insert("failed", &examples.iter().filter(|example| example.fault.is_some()).count());
    context.insert("examples", &examples);
    context.insert("digest", &policy.digest().as_str().chars().take(12).collect::<String>());
    context.insert("files", &files);
    page(desk, who, "policies.html", context)
}
