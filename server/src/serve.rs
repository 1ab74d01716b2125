//! A server from its first request to its last.

use crate::answers::Answers;
use crate::desk::{Desk, Parts};
use crate::docket::Docket;
use crate::gauges::{self, Gauges};
use crate::pace::Pace;
use crate::views::Views;
use crate::{api, asking, hooks, once, pages};
use axum::extract::DefaultBodyLimit;
use axum::middleware;
use axum::serve::Listener;
use futures::StreamExt as _;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{broadcast, oneshot, watch};

/// How long a server that stops waits for what was begun. A run that takes
/// longer is journaled up to there and goes on at the next start.
const LAST_WORDS: Duration = Duration::from_secs(30);

/// An address that others reach, without anything that keeps what is said from them.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "{0} can be reached from other machines and nothing keeps what is said from them: listen on 127.0.0.1, set \
     `server.tls`, or put a proxy with TLS before it and set `server.trusted_proxy = true`"
)]
pub struct Exposed(pub SocketAddr);

/// Whether a server may listen there; `kept` says that TLS of its own or a proxy
/// keeps what is said from others.
///
/// # Errors
/// [`Exposed`] if others reach the address and nothing does.
pub fn check_exposure(listen: SocketAddr, kept: bool) -> Result<(), Exposed> {
    if listen.ip().is_loopback() || kept { Ok(()) } else { Err(Exposed(listen)) }
}

/// Answers on a [`TcpListener`](tokio::net::TcpListener) or a
/// [`TlsListener`](crate::TlsListener) until `stop` ends; then finishes what was begun. Runs that a crash or
/// an earlier stop left are gone on with first.
///
/// # Errors
/// If the listener fails.
pub async fn serve(
    listener: impl Listener<Addr = SocketAddr>,
    parts: Parts,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let (stopped, stopping) = watch::channel(false);
    let (changed, _) = broadcast::channel(1);
    let (interface, document) = api::routes();
    let settings = &parts.settings;
    let desk = Arc::new(Desk {
        answers: Answers::open(&settings.folder, parts.clock.now()).map_err(io::Error::other)?,
        docket: Docket::default(),
        gaps: Default::default(),
        handoffs: Default::default(),
        pace: Pace::new(settings.requests_per_second),
        gauges: Gauges::new(),
        measured: Default::default(),
        views: Views::open(&settings.folder).map_err(io::Error::other)?,
        pages: pages::templates()?,
        document,
        parts,
        changed,
        stopping,
        begun: Default::default(),
    });
    let (resuming, (tell, listed)) = (Arc::clone(&desk), oneshot::channel());
    desk.begun.lock().await.spawn(async move { resume(&resuming, tell).await });
    // A run that begins now is none of those: nobody else goes on with it. Told or not, nothing more is listed.
    let _ = listed.await;
    desk.docket.read(&*desk.parts.store).await.map_err(io::Error::other)?;
    let punctual = tokio::spawn(carry_out(Arc::clone(&desk)));
    let watching = tokio::spawn(hooks::watch(Arc::clone(&desk)));
    // The last layer is the first that a request meets.
    let router = interface
        .merge(pages::routes())
        .merge(hooks::routes())
        .fallback(asking::nothing_here)
        .method_not_allowed_fallback(asking::not_so)
        .layer(middleware::from_fn_with_state(Arc::clone(&desk), once::once))
        .layer(DefaultBodyLimit::max(asking::MOST_BYTES))
        .layer(middleware::from_fn_with_state(Arc::clone(&desk), asking::paced))
        .layer(middleware::from_fn_with_state(Arc::clone(&desk), asking::strict))
        .layer(middleware::from_fn_with_state(Arc::clone(&desk), gauges::counted))
        .with_state(Arc::clone(&desk))
        .into_make_service_with_connect_info::<asking::Peer>();
    let stop = async move {
        stop.await;
        tracing::info!("stopping");
        // Whoever watches for changes is let go: they would never be done.
        let _ = stopped.send(true);
    };
    axum::serve(asking::Door(listener), router).with_graceful_shutdown(stop).await?;
    // One that is being carried out goes on: `begun` has it.
    punctual.abort();
    // What it had not taken in is asked for at the next start.
    watching.abort();
    let mut begun = std::mem::take(&mut *desk.begun.lock().await);
    let all_done = async { while begun.join_next().await.is_some() {} };
    if tokio::time::timeout(LAST_WORDS, all_done).await.is_err() {
        tracing::warn!("runs that are not done are journaled and go on at the next start");
    }
    Ok(())
}

/// Carries approvals out when their time comes. Each is begun for good: a stop
/// waits for it.
async fn carry_out(desk: Arc<Desk>) {
    loop {
        let (draft, review) = desk.docket.due(|| desk.parts.clock.now()).await;
        let (engine, task) = (Arc::clone(&desk.parts.engine), Arc::clone(&desk));
        let work = async move {
            match engine.review(&draft, review).await {
                Ok(report) => {
                    tracing::info!(%draft, outcome = %report.ended.outcome, "an approval was carried out");
                    task.docket.decided(&draft, report.ended.outcome);
                }
                // It stays where it can be seen: awaiting a decision, or in a run that is resumed.
                Err(error) => tracing::warn!(%draft, %error, "an approval could not be carried out"),
            }
        };
        // Its end is told by the journal.
        drop(desk.begin(work).await);
    }
}

/// Goes on with the runs that did not reach their end, and tells when it knows which.
async fn resume(desk: &Desk, listed: oneshot::Sender<()>) {
    let mut resumed = match desk.parts.engine.resume_all().await {
        Ok(resumed) => resumed,
        Err(error) => return tracing::error!(%error, "unfinished runs cannot be listed"),
    };
    // The server may have stopped meanwhile.
    let _ = listed.send(());
    while let Some((run, result)) = resumed.next().await {
        match result {
            Ok(report) => tracing::info!(%run, outcome = %report.ended.outcome, "resumed"),
            Err(error) => tracing::warn!(%run, %error, "not resumed"),
        }
        // Nobody looks at a page, then nobody is told.
        let _ = desk.changed.send(());
    }
}
