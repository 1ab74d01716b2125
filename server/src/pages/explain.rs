//! Why a run came out as it did: rules that nearly fired, and what would have changed it.

use super::{Signed, page, shown};
use crate::api::{At, read};
use crate::desk::Desk;
use crate::problem::Problem;
use crate::who::Who;
use attache_engine::RunError;
use attache_journal::{RunId, StoreError};
use attache_planner::{Explanation, explain};
use axum::extract::State;
use axum::response::Response;
use std::sync::Arc;
use tera::Context;

pub(crate) async fn show(State(desk): State<Arc<Desk>>, Signed(who): Signed, At(run): At<String>) -> Response {
    shown(&desk, why(&desk, &who, &run).await)
}

async fn why(desk: &Arc<Desk>, who: &Who, run: &str) -> Result<Response, Problem> {
    let explanation = explained(desk, who, run).await?;
    let mut context = Context::new();
    context.insert("run", run);
    context.insert("explanation", &explanation);
    page(desk, who, "explain.html", context)
}

/// Decides the run again and again, which takes a while: beside what answers requests.
async fn explained(desk: &Arc<Desk>, who: &Who, run: &str) -> Result<Explanation, Problem> {
    let entries = read(desk, who, run).await?;
    if entries.iter().any(|entry| entry.event.is_none()) {
        return Err(Problem::from(StoreError::Erased { run: RunId::new(run) }));
    }
    let engine = Arc::clone(&desk.parts.engine);
    let work = move || {
        let program = engine.program_of(&entries)?;
        Ok::<_, RunError>(explain(&program, engine.policy(), &entries))
    };
    let explained = tokio::task::spawn_blocking(work).await.map_err(Problem::ours)??;
    explained.ok_or_else(|| Problem::refused(format!("run {run} is not a whole beginning of a run")))
}
