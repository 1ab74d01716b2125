//! A write with an `Idempotency-Key` is done once, and its answer told as often as it is asked for.

use crate::answers::{Answer, Became, Before};
use crate::api::ToldOnce;
use crate::asking::MOST_BYTES;
use crate::desk::Desk;
use crate::problem::Problem;
use crate::who;
use attache_journal::Digest;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::sync::Arc;

const KEY: &str = "idempotency-key";
/// What an answer that was told before says of itself.
const AGAIN: HeaderName = HeaderName::from_static("idempotency-replayed");
/// The headers that belong to an answer wherever it is told.
const KEPT: [HeaderName; 3] = [header::CONTENT_TYPE, header::ETAG, header::LOCATION];

pub(crate) async fn once(State(desk): State<Arc<Desk>>, request: Request, next: Next) -> Response {
    let ours = request.uri().path().starts_with("/v1/") && !request.method().is_safe();
    let (Some(key), true) = (request.headers().get(KEY).cloned(), ours) else { return next.run(request).await };
    // Who proves nothing is told so; nothing is kept of them.
    let Some(who) = who::find(request.headers(), &desk) else { return next.run(request).await };
    match done(desk, &who.name, &key, request, next).await {
        Ok(response) => response,
        Err(problem) => problem.into_response(),
    }
}

async fn done(
    desk: Arc<Desk>,
    who: &str,
    key: &HeaderValue,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let key =
        key.to_str().ok().filter(|key| (1..=255).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_graphic()));
    let key = key.ok_or_else(|| {
        Problem::new(StatusCode::BAD_REQUEST, "key", "`Idempotency-Key`: expected 1 to 255 visible ASCII characters")
    })?;
    let name = Digest::of(&[who.as_bytes(), key.as_bytes()]).to_string();
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, MOST_BYTES).await.map_err(|_| {
        let detail = format!("the body has more than {MOST_BYTES} bytes, or was cut");
        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body", detail)
    })?;
    let target = parts.uri.path_and_query().map_or("", |target| target.as_str());
    let matched = parts.headers.get(header::IF_MATCH).map(HeaderValue::as_bytes).unwrap_or_default();
    let asked = Digest::of(&[parts.method.as_str().as_bytes(), target.as_bytes(), matched, &body]);
    let now = desk.parts.clock.now();
    match desk.answers.begin(&name, &asked, now)? {
        Before::New => {}
        Before::Now => return Err(Problem::conflict("in-progress", "the same request is being answered; ask again")),
        Before::Other => return Err(Problem::refused("`Idempotency-Key`: it was used for another request")),
        Before::Was(Became::Told(answer)) => return Ok(again(answer)),
        Before::Was(Became::Forgotten) => {
            let detail = "this was done before, and what it was answered is not kept";
            return Err(Problem::new(StatusCode::GONE, "forgotten", detail));
        }
        Before::Was(Became::Begun) => {
            let detail = "this was begun before and cut; look what became of it, then ask with another key";
            return Err(Problem::conflict("unfinished", detail));
        }
    }
    let request = Request::from_parts(parts, Body::from(body));
    let task = Arc::clone(&desk);
    let told = desk.finish(async move {
        let (response, became) = keep(next.run(request).await).await;
        let now = task.parts.clock.now();
        task.answers.end(&name, asked, became, now).map(|()| response)
    });
    Ok(told.await.ok_or_else(|| Problem::ours("a request ended without an answer"))??)
}

/// An answer that is told, and what is kept of it: nothing of a no that changed
/// nothing.
async fn keep(response: Response) -> (Response, Option<Became>) {
    let status = response.status();
    if status.is_client_error() {
        return (response, None);
    }
    let secret = response.extensions().get::<ToldOnce>().is_some();
    let (parts, body) = response.into_parts();
    // What this server makes of one request fits into memory: it is there already.
    let Ok(body) = to_bytes(body, usize::MAX).await else {
        return (Problem::ours("an answer that was cut").into_response(), Some(Became::Forgotten));
    };
    let headers = KEPT.iter().filter_map(|name| {
        let value = parts.headers.get(name)?.to_str().ok()?;
        Some((name.as_str().to_owned(), value.to_owned()))
    });
    let became = match std::str::from_utf8(&body) {
        Ok(text) if !secret => {
            Became::Told(Answer { status: status.as_u16(), headers: headers.collect(), body: text.to_owned() })
        }
        Ok(_) | Err(_) => Became::Forgotten,
    };
    (Response::from_parts(parts, Body::from(body)), Some(became))
}

fn again(answer: Answer) -> Response {
    let mut response = Response::new(Body::from(answer.body));
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = answer
        .headers
        .into_iter()
        .filter_map(|(name, value)| Some((HeaderName::try_from(name).ok()?, HeaderValue::try_from(value).ok()?)));
    response.headers_mut().extend(headers);
    response.headers_mut().insert(AGAIN, HeaderValue::from_static("true"));
    response
}
