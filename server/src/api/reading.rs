//! What the agent knows and may do, to read.

use super::exchange::Asked;
use crate::Missing;
use crate::desk::Desk;
use crate::measured::Measures;
use crate::problem::Problem;
use crate::who::Who;
use attache_journal::{Right, Verdict};
use attache_tools::{Ask, Passage, Readers, Scope, ToolSpec};
use axum::Json;
use axum::extract::State;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What is looked for.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Question {
    /// 1 to 1000 characters.
    #[schemars(length(min = 1, max = 1000))]
    q: String,
    /// How many passages: 1 to 50, 5 if not said.
    #[schemars(range(min = 1, max = 50))]
    top: Option<usize>,
}

/// A rule in force.
#[derive(JsonSchema, Serialize)]
pub(crate) struct Rule {
    /// Its name.
    id: String,
    /// The file it stands in.
    file: String,
    /// Where it begins there.
    line: usize,
    /// What it says where it fires.
    verdict: Verdict,
    /// What a reviewer reads.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// Its text.
    source: String,
}

/// The rules in force and the digest that decisions name them by.
#[derive(JsonSchema, Serialize)]
pub(crate) struct Rules {
    /// What decisions name them by.
    digest: String,
    /// The rules.
    rules: Vec<Rule>,
}

/// How many missing articles.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Most {
    /// At most so many: 1 to 200, 20 if not said.
    #[schemars(range(min = 1, max = 200))]
    top: Option<usize>,
}

/// Which figures.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Since {
    /// Only of what began then or later.
    #[schemars(with = "Option<String>")]
    since: Option<Timestamp>,
}

/// Figures of service, by the definitions of `attache metrics`.
pub(crate) async fn metrics(
    State(desk): State<Arc<Desk>>,
    who: Who,
    Asked(Since { since }): Asked<Since>,
) -> Result<Json<Measures>, Problem> {
    who.may(Right::Read)?;
    let store = &*desk.parts.store;
    Ok(Json(desk.measured.ask(store, since, desk.parts.clock.now()).await?))
}

/// What articles are missing, what most customers asked in front.
pub(crate) async fn gaps(
    State(desk): State<Arc<Desk>>,
    who: Who,
    Asked(Most { top }): Asked<Most>,
) -> Result<Json<Vec<Missing>>, Problem> {
    who.may(Right::Read)?;
    let top = top.unwrap_or(20);
    if !(1..=200).contains(&top) {
        return Err(Problem::refused("top: expected 1 to 200"));
    }
    Ok(Json(desk.gaps.find(&*desk.parts.store, &*desk.parts.kb, top).await?.0))
}

/// Searches the articles, those for colleagues included.
pub(crate) async fn search(
    State(desk): State<Arc<Desk>>,
    who: Who,
    Asked(question): Asked<Question>,
) -> Result<Json<Vec<Passage>>, Problem> {
    who.may(Right::Read)?;
    let top = question.top.unwrap_or(5);
    if !(1..=50).contains(&top) {
        return Err(Problem::refused("top: expected 1 to 50"));
    }
    if question.q.trim().is_empty() || question.q.chars().count() > 1000 {
        return Err(Problem::refused("q: expected 1 to 1000 characters"));
    }
    let scope = Scope { readers: Readers::Internal, since: None };
    Ok(Json(desk.parts.kb.search(&Ask { query: &question.q, top, scope }).await?))
}

pub(crate) async fn policies(State(desk): State<Arc<Desk>>, who: Who) -> Result<Json<Rules>, Problem> {
    who.may(Right::Read)?;
    let policy = desk.parts.engine.policy();
    let rules = policy.rules().map(|rule| Rule {
        id: rule.id.clone(),
        file: rule.file.clone(),
        line: rule.line,
        verdict: rule.verdict,
        reason: rule.reason.clone(),
        source: rule.source.clone(),
    });
    Ok(Json(Rules { digest: policy.digest().to_string(), rules: rules.collect() }))
}

pub(crate) async fn tools(State(desk): State<Arc<Desk>>, who: Who) -> Result<Json<Vec<Arc<ToolSpec>>>, Problem> {
    who.may(Right::Read)?;
    Ok(Json(desk.parts.registry.iter().map(|tool| Arc::clone(tool.spec())).collect()))
}
