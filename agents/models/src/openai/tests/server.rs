//! A server that plays what it is told and keeps what it was asked.

use super::*;
use axum::Router;
use axum::body::{Body as HttpBody, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Response, StatusCode};
use serde_json::Value;
use std::collections::VecDeque;
use std::sync::Mutex;

/// What the server plays for one request.
pub(super) enum Play {
    /// Status, headers, body.
    Say(u16, Vec<(&'static str, &'static str)>, String),
    /// Status 200, this beginning, then the connection breaks.
    Break(&'static str, String),
    /// Nothing, for ever.
    Hang,
    /// This again and again.
    Endless(&'static str),
}

#[derive(Clone, Default)]
pub(super) struct Server {
    pub(super) plays: Arc<Mutex<VecDeque<Play>>>,
    pub(super) seen: Arc<Mutex<Vec<(HeaderMap, Bytes)>>>,
    waits: Arc<Mutex<Vec<u64>>>,
}

impl Server {
    pub(super) async fn play(plays: impl IntoIterator<Item = Play>) -> (Self, String) {
        let server = Self { plays: Arc::new(Mutex::new(plays.into_iter().collect())), ..Self::default() };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        let app = Router::new().fallback(answer).with_state(server.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        (server, url)
    }

    pub(super) fn bodies(&self) -> Vec<Value> {
        self.seen.lock().unwrap().iter().map(|(_, body)| serde_json::from_slice(body).unwrap()).collect()
    }

    /// A model on this server whose waits are counted and not waited.
    pub(super) fn model(&self, config: OpenAiConfig) -> OpenAi {
        let mut model = OpenAi::new(config).unwrap();
        let waits = self.waits.clone();
        model.sleep = Arc::new(move |time| {
            waits.lock().unwrap().push(u64::try_from(time.as_millis()).unwrap());
            Box::pin(async {})
        });
        model
    }

    pub(super) fn waits(&self) -> Vec<u64> {
        self.waits.lock().unwrap().clone()
    }
}

async fn answer(State(server): State<Server>, headers: HeaderMap, body: Bytes) -> Response<HttpBody> {
    server.seen.lock().unwrap().push((headers, body));
    let play = server.plays.lock().unwrap().pop_front().expect("the server is not asked more often");
    match play {
        Play::Say(status, headers, body) => {
            let mut response = Response::builder().status(status);
            for (name, value) in headers {
                response = response.header(name, value);
            }
            response.body(body.into()).unwrap()
        }
        Play::Break(kind, body) => {
            let chunks = [Ok(Bytes::from(body)), Err(std::io::Error::other("broken"))];
            let body = HttpBody::from_stream(futures::stream::iter(chunks));
            Response::builder().status(StatusCode::OK).header("content-type", kind).body(body).unwrap()
        }
        Play::Hang => std::future::pending().await,
        Play::Endless(kind) => {
            let chunk = || Ok::<_, std::io::Error>(Bytes::from_static(&[b'a'; 1024]));
            let body = HttpBody::from_stream(futures::stream::iter(std::iter::repeat_with(chunk)));
            Response::builder().status(StatusCode::OK).header("content-type", kind).body(body).unwrap()
        }
    }
}
