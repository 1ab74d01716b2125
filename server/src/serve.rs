//! A server from its first request to its last.

use crate::desk::{Desk, Parts};
use crate::{api, asking, pages};
use axum::extract::DefaultBodyLimit;
use axum::middleware;
use futures::StreamExt as _;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::{broadcast, watch};

/// How long a server that stops waits for what was begun. A run that takes
/// longer is journaled up to there and goes on at the next start.
const LAST_WORDS: Duration = Duration::from_secs(30);

/// An address that others reach, without anything that keeps what is said from them.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "{0} can be reached from other machines and this server speaks no TLS: listen on 127.0.0.1, or put a proxy with \
     TLS before it and set `server.trusted_proxy = true`"
)]
pub struct Exposed(pub SocketAddr);

/// Whether a server may listen there.
///
/// # Errors
/// [`Exposed`] if others reach the address and no proxy is said to stand before.
pub fn check_exposure(listen: SocketAddr, trusted_proxy: bool) -> Result<(), Exposed> {
    if listen.ip().is_loopback() || trusted_proxy { Ok(()) } else { Err(Exposed(listen)) }
}

/// Answers until `stop` ends; then finishes what was begun. Runs that a crash or
/// an earlier stop left are gone on with first.
///
/// # Errors
/// If the listener fails.
pub async fn serve(
    listener: TcpListener,
    parts: Parts,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let (stopped, stopping) = watch::channel(false);
    let (changed, _) = broadcast::channel(1);
    let desk = Arc::new(Desk { parts, pages: pages::templates()?, changed, stopping, begun: Default::default() });
    let resuming = Arc::clone(&desk);
    desk.begun.lock().await.spawn(async move { resume(&resuming).await });
    let router = api::routes()
        .merge(pages::routes())
        .layer(middleware::from_fn_with_state(Arc::clone(&desk), asking::strict))
        .layer(DefaultBodyLimit::max(asking::MOST_BYTES))
        .with_state(Arc::clone(&desk));
    let stop = async move {
        stop.await;
        tracing::info!("stopping");
        // Whoever watches for changes is let go: they would never be done.
        let _ = stopped.send(true);
    };
    axum::serve(listener, router).with_graceful_shutdown(stop).await?;
    let mut begun = std::mem::take(&mut *desk.begun.lock().await);
    let all_done = async { while begun.join_next().await.is_some() {} };
    if tokio::time::timeout(LAST_WORDS, all_done).await.is_err() {
        tracing::warn!("runs that are not done are journaled and go on at the next start");
    }
    Ok(())
}

async fn resume(desk: &Desk) {
    let mut resumed = match desk.parts.engine.resume_all().await {
        Ok(resumed) => resumed,
        Err(error) => return tracing::error!(%error, "unfinished runs cannot be listed"),
    };
    while let Some((run, result)) = resumed.next().await {
        match result {
            Ok(report) => tracing::info!(%run, outcome = %report.ended.outcome, "resumed"),
            Err(error) => tracing::warn!(%run, %error, "not resumed"),
        }
        // Nobody looks at a page, then nobody is told.
        let _ = desk.changed.send(());
    }
}
