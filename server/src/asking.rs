//! What every answer has: headers that keep browsers strict, a time by which it is there, a limit to how many there are.

use crate::desk::Desk;
use crate::problem::Problem;
use crate::who;
use axum::extract::connect_info::Connected;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::serve::{IncomingStream, Listener};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// A body may have so many bytes: a bundle of a mebibyte and what goes with it.
pub(crate) const MOST_BYTES: usize = 1_100_000;

/// The longest that whoever asks waits; what was begun goes on.
const PATIENCE: Duration = Duration::from_secs(60);

/// Nothing but our own files runs or styles; nobody frames a page or is told where it is.
const STRICT: [(header::HeaderName, &str); 5] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; \
         form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::CACHE_CONTROL, "no-store"),
];

/// Whose connection it is.
#[derive(Clone, Copy)]
pub(crate) struct Peer(SocketAddr);

impl<L: Listener<Addr = SocketAddr>> Connected<IncomingStream<'_, Door<L>>> for Peer {
    fn connect_info(stream: IncomingStream<'_, Door<L>>) -> Self {
        Self(*stream.remote_addr())
    }
}

/// A listener of any kind, as a type of ours: only so can a [`Peer`] be told of it.
pub(crate) struct Door<L>(pub(crate) L);

impl<L: Listener> Listener for Door<L> {
    type Io = L::Io;
    type Addr = L::Addr;

    async fn accept(&mut self) -> (L::Io, L::Addr) {
        self.0.accept().await
    }

    fn local_addr(&self) -> io::Result<L::Addr> {
        self.0.local_addr()
    }
}

pub(crate) async fn strict(State(desk): State<Arc<Desk>>, request: Request, next: Next) -> Response {
    let late = || {
        let detail = "no answer in time; what was begun goes on, look again";
        Problem::new(StatusCode::GATEWAY_TIMEOUT, "timeout", detail).into_response()
    };
    let mut response = tokio::time::timeout(PATIENCE, next.run(request)).await.unwrap_or_else(|_| late());
    let headers = response.headers_mut();
    for (name, value) in STRICT {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    if desk.is_secure() {
        let value = HeaderValue::from_static("max-age=31536000");
        headers.insert(header::STRICT_TRANSPORT_SECURITY, value);
    }
    response
}

/// Lets nobody ask too often: an account as a whole, others by their address.
pub(crate) async fn paced(
    State(desk): State<Arc<Desk>>,
    ConnectInfo(Peer(peer)): ConnectInfo<Peer>,
    request: Request,
    next: Next,
) -> Response {
    let asker = match who::find(request.headers(), &desk) {
        Some(who) => format!("account {}", who.name),
        None => address(request.headers(), peer, desk.parts.settings.trusted_proxy),
    };
    match desk.pace.check(&asker) {
        Ok(()) => next.run(request).await,
        Err(early) => *early,
    }
}

/// Where somebody asks from. Only the last proxy is ours to believe: what stands
/// before its word in the header anybody can write.
fn address(headers: &HeaderMap, peer: SocketAddr, trusted_proxy: bool) -> String {
    let last = || headers.get("x-forwarded-for")?.to_str().ok()?.rsplit(',').next().map(|last| last.trim().to_owned());
    last().filter(|_| trusted_proxy).unwrap_or_else(|| peer.ip().to_string())
}

pub(crate) async fn nothing_here(uri: Uri) -> Problem {
    Problem::unknown(format!("nothing is at {}; /api tells what there is", uri.path()))
}

pub(crate) async fn not_so(method: Method, uri: Uri) -> Problem {
    let detail = format!("{} does not take {method}; /api tells what there is", uri.path());
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method", detail)
}
