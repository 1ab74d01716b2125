//! A knowledge base somewhere else: any search service that answers JSON.
//!
//! `cargo run --example remote_kb` starts a small service of its own, asks it,
//! and runs a customer's question against it.

#![expect(clippy::print_stdout, reason = "an example shows what it does")]
use async_trait::async_trait;
use attache::tools::{About, Ask, KnowledgeBase, Passage, PortError, Readers};
use attache::{Attache, Bundle};
use axum::{Json, Router, extract::RawQuery, routing::get};
use serde_json::{Value, json};
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// The whole adapter: a question out, passages in.
struct Remote {
    host: String,
}

#[async_trait]
impl KnowledgeBase for Remote {
    async fn search(&self, ask: &Ask<'_>) -> Result<Vec<Passage>, PortError> {
        let failed = |what: String| PortError { message: what, retry: attache::journal::Retry::Safe };
        let audience = if ask.scope.readers == Readers::Internal { "internal" } else { "public" };
        let path = format!("/search?top={}&audience={audience}&q={}", ask.top, escaped(ask.query));
        let body = fetch(&self.host, &path).await.map_err(|e| failed(e.to_string()))?;
        let found: Value = serde_json::from_str(&body).map_err(|e| failed(e.to_string()))?;
        let hits = found.get("hits").and_then(Value::as_array).cloned().unwrap_or_default();
        let text = |hit: &Value, field: &str| hit[field].as_str().unwrap_or_default().to_owned();
        Ok(hits
            .iter()
            .map(|hit| {
                let (doc, passage) = (text(hit, "doc"), text(hit, "text"));
                let end = passage.chars().count();
                Passage {
                    id: format!("{doc}#0-{end}"),
                    title: text(hit, "title"),
                    score: hit["score"].as_f64().unwrap_or_default() as f32,
                    fit: None,
                    about: About::default(),
                    start: 0,
                    end,
                    doc,
                    passage,
                }
            })
            .collect())
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let host = listener.local_addr()?.to_string();
    tokio::spawn(async move { axum::serve(listener, Router::new().route("/search", get(service))).await });

    let attache = Attache::builder().knowledge_base(Arc::new(Remote { host })).build()?;
    let bundle = Bundle::parse(
        br#"{ "version": 1, "customer": { "id": "cus_1" }, "consent": { "ai_interaction": true },
             "trigger": { "kind": "message", "channel": "chat", "at": "2026-11-20T09:00:00Z",
                          "text": "How long does a refund take?" } }"#,
    )?;
    let report = attache.run(bundle.into(), None).await?;
    println!("{}: {}", report.ended.outcome.as_str(), report.ended.reply.unwrap_or_default());
    Ok(())
}

/// The service at the other end.
async fn service(RawQuery(asked): RawQuery) -> Json<Value> {
    let text = "A refund takes 5 to 10 business days, depending on the bank.";
    let fits = asked.is_some_and(|query| query.contains("refund"));
    let hits =
        if fits { json!([{ "doc": "refunds", "title": "Refunds", "text": text, "score": 1.0 }]) } else { json!([]) };
    Json(json!({ "hits": hits }))
}

async fn fetch(host: &str, path: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(host).await?;
    stream.write_all(format!("GET {path} HTTP/1.0\r\nHost: {host}\r\n\r\n").as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default())
}

/// For the query of an address.
fn escaped(text: &str) -> String {
    text.bytes()
        .map(|b| if b.is_ascii_alphanumeric() { (b as char).to_string() } else { format!("%{b:02X}") })
        .collect()
}
