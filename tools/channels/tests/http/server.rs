//! A server on loopback that answers as it is told, and keeps what it got.

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// One answer.
#[derive(Clone, Debug)]
pub(crate) enum Say {
    /// A status and a body.
    Status(u16, String),
    /// Nothing, after the request was read.
    Silence,
    /// Elsewhere.
    Redirect(String),
}

#[derive(Clone, Debug)]
pub(crate) struct Got {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Got {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    /// The body, its keys in the order of their names whatever serde_json was built with.
    pub(crate) fn json(&self) -> serde_json::Value {
        let mut body: serde_json::Value = serde_json::from_str(&self.body).unwrap();
        body.sort_all_objects();
        body
    }
}

#[derive(Clone, Default)]
struct Shared {
    got: Arc<Mutex<Vec<Got>>>,
    answers: Arc<Mutex<VecDeque<Say>>>,
}

pub(crate) struct Server {
    pub(crate) url: String,
    shared: Shared,
}

impl Server {
    /// Gives these answers, one to each request, and then 200 for ever.
    pub(crate) async fn start(answers: impl IntoIterator<Item = Say>) -> Self {
        let shared = Shared { answers: Arc::new(Mutex::new(answers.into_iter().collect())), ..Shared::default() };
        let app = Router::new().fallback(answer).with_state(shared.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { url, shared }
    }

    pub(crate) fn got(&self) -> Vec<Got> {
        self.shared.got.lock().unwrap().clone()
    }

    pub(crate) fn will(&self, say: Say) {
        self.shared.answers.lock().unwrap().push_back(say);
    }
}

pub(crate) fn status(code: u16) -> Say {
    Say::Status(code, String::new())
}

async fn answer(
    State(shared): State<Shared>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, HeaderMap, String) {
    let body = String::from_utf8(body.to_vec()).unwrap();
    shared.got.lock().unwrap().push(Got { method, path: uri.to_string(), headers, body });
    let say = shared.answers.lock().unwrap().pop_front();
    let mut headers = HeaderMap::new();
    match say.unwrap_or(Say::Status(200, "ok".to_owned())) {
        Say::Status(code, body) => (StatusCode::from_u16(code).unwrap(), headers, body),
        Say::Silence => {
            tokio::time::sleep(Duration::from_secs(600)).await;
            (StatusCode::OK, headers, String::new())
        }
        Say::Redirect(to) => {
            headers.insert("location", to.parse().unwrap());
            (StatusCode::TEMPORARY_REDIRECT, headers, String::new())
        }
    }
}
