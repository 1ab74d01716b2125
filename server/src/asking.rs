//! What every answer has: headers that keep browsers strict, and a time by which it is there.

use crate::desk::Desk;
use crate::problem::Problem;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
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
