//! Says that something changed; what, a page asks for.

use super::Signed;
use crate::desk::Desk;
use axum::extract::State;
use axum::response::Sse;
use axum::response::sse::{Event, KeepAlive};
use futures::stream::{self, Stream};
use std::convert::Infallible;
use std::sync::Arc;
use tokio::sync::broadcast::error::RecvError;

/// An event whenever something changed, until the server stops. It says
/// nothing of what: whoever may not read learns nothing by listening.
pub(crate) async fn live(
    State(desk): State<Arc<Desk>>,
    Signed(_): Signed,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let state = (desk.changed.subscribe(), desk.stopping.clone());
    let events = stream::unfold(state, |(mut changed, mut stopping)| async move {
        let more = tokio::select! {
            _ = stopping.wait_for(|stopping| *stopping) => false,
            // Whoever missed some looks once for all of them.
            received = changed.recv() => !matches!(received, Err(RecvError::Closed)),
        };
        more.then(|| (Ok(Event::default().data("changed")), (changed, stopping)))
    });
    Sse::new(events).keep_alive(KeepAlive::default())
}
