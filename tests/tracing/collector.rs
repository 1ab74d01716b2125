//! A collector of traces: OTLP over HTTP, decoded with the types of the protocol.

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::routing::post;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use prost::Message as _;
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

type Kept = Arc<Mutex<Vec<(String, Bytes)>>>;

pub(crate) struct Collector {
    pub(crate) address: String,
    kept: Kept,
    _runtime: Runtime,
}

impl Collector {
    pub(crate) fn start() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let (address, kept) = (format!("http://{}", listener.local_addr().unwrap()), Kept::default());
        let router = Router::new().route("/v1/traces", post(keep)).with_state(kept.clone());
        runtime.spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { address, kept, _runtime: runtime }
    }

    /// What came until now.
    pub(crate) fn got(&self) -> Got {
        let kept = self.kept.lock().unwrap().clone();
        let requests = kept.iter().map(|(_, body)| ExportTraceServiceRequest::decode(body.clone()).unwrap());
        Got {
            requests: requests.collect(),
            headers: kept.iter().map(|(header, _)| header.clone()).collect(),
            bytes: kept.into_iter().map(|(_, body)| body).collect(),
        }
    }
}

async fn keep(State(kept): State<Kept>, headers: HeaderMap, body: Bytes) {
    assert_eq!(headers["content-type"], "application/x-protobuf");
    let header = headers.get("authorization").map(|value| value.to_str().unwrap().to_owned());
    kept.lock().unwrap().push((header.unwrap_or_default(), body));
}

pub(crate) struct Got {
    requests: Vec<ExportTraceServiceRequest>,
    /// The `authorization` of each request.
    pub(crate) headers: Vec<String>,
    bytes: Vec<Bytes>,
}

#[derive(Debug)]
pub(crate) struct Span {
    pub(crate) name: String,
    pub(crate) id: String,
    pub(crate) parent: String,
    /// 1 internal, 3 client.
    pub(crate) kind: i32,
    /// 0 unset, 2 error.
    pub(crate) status: i32,
    pub(crate) events: Vec<Event>,
    attributes: Vec<KeyValue>,
}

#[derive(Debug)]
pub(crate) struct Event {
    pub(crate) name: String,
    attributes: Vec<KeyValue>,
}

impl Got {
    pub(crate) fn spans(&self) -> Vec<Span> {
        let scopes = self.requests.iter().flat_map(|request| &request.resource_spans).flat_map(|of| &of.scope_spans);
        let spans = scopes.flat_map(|scope| scope.spans.clone());
        let span = |span: opentelemetry_proto::tonic::trace::v1::Span| Span {
            name: span.name,
            id: hex::encode(span.span_id),
            parent: hex::encode(span.parent_span_id),
            kind: span.kind,
            status: span.status.map_or(0, |status| status.code),
            events: span.events.into_iter().map(|e| Event { name: e.name, attributes: e.attributes }).collect(),
            attributes: span.attributes,
        };
        spans.map(span).collect()
    }

    /// The version of the conventions that the spans say they follow.
    pub(crate) fn schema(&self) -> &str {
        &self.requests[0].resource_spans[0].scope_spans[0].schema_url
    }

    pub(crate) fn resource(&self, key: &str) -> String {
        text(&self.requests[0].resource_spans[0].resource.as_ref().unwrap().attributes, key)
    }

    /// Whether these characters were sent, in whatever field.
    pub(crate) fn holds(&self, text: &str) -> bool {
        self.bytes.iter().any(|body| body.windows(text.len()).any(|window| window == text.as_bytes()))
    }
}

impl Span {
    pub(crate) fn text(&self, key: &str) -> String {
        text(&self.attributes, key)
    }

    pub(crate) fn number(&self, key: &str) -> Option<i64> {
        match find(&self.attributes, key) {
            Some(Value::IntValue(number)) => Some(*number),
            None => None,
            other => panic!("{key}: {other:?}"),
        }
    }
}

impl Event {
    pub(crate) fn text(&self, key: &str) -> String {
        text(&self.attributes, key)
    }
}

fn find<'a>(attributes: &'a [KeyValue], key: &str) -> Option<&'a Value> {
    attributes.iter().find(|attribute| attribute.key == key)?.value.as_ref()?.value.as_ref()
}

/// Empty if there is none.
fn text(attributes: &[KeyValue], key: &str) -> String {
    match find(attributes, key) {
        Some(Value::StringValue(text)) => text.clone(),
        None => String::new(),
        other => panic!("{key}: {other:?}"),
    }
}
