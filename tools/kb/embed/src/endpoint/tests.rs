use super::*;
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use serde_json::Value;

fn endpoint(port: u16) -> Endpoint {
    at(&format!("http://user:secret@127.0.0.1:{port}/v1/")).unwrap()
}

fn at(base_url: &str) -> Result<Endpoint, EmbedFault> {
    Endpoint::new(EndpointConfig {
        base_url: base_url.to_owned(),
        model: "m".into(),
        api_key: Some("key".to_owned().into()),
        timeout: Duration::from_secs(5),
    })
}

async fn answer(Json(asked): Json<Value>) -> (StatusCode, Json<Value>) {
    let texts = asked["input"].as_array().unwrap();
    if texts.iter().any(|text| text == "teapot") {
        return (StatusCode::IM_A_TEAPOT, Json(json!({})));
    }
    // In another order than asked, one missing where a text says so.
    let data = texts.iter().enumerate().rev().filter(|(_, text)| *text != "lost");
    let data: Vec<_> = data.map(|(i, t)| json!({ "index": i, "embedding": [t.as_str().unwrap().len(), 1] })).collect();
    (StatusCode::OK, Json(json!({ "data": data })))
}

#[tokio::test(flavor = "multi_thread")]
async fn vectors_come_in_the_order_of_the_texts() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move { axum::serve(listener, Router::new().route("/v1/embeddings", post(answer))).await });
    let endpoint = endpoint(port);
    assert_eq!(endpoint.embed(&["a", "bbb"]).unwrap(), [[1.0, 1.0], [3.0, 1.0]]);
    let many: Vec<String> = (0..150).map(|n| "x".repeat(n + 1)).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let vectors = endpoint.embed(&many).unwrap();
    assert!(vectors.iter().zip(1..).all(|(vector, n)| vector[0] == n as f32));
    assert!(endpoint.embed(&["teapot"]).unwrap_err().to_string().contains("418"));
    assert!(endpoint.embed(&["a", "lost"]).unwrap_err().to_string().contains("lacks a vector"));
}

#[test]
fn nobody_there_is_a_fault_without_the_key() {
    let fault = endpoint(1).embed(&["a"]).unwrap_err().to_string();
    assert!(fault.starts_with("embeddings endpoint http://127.0.0.1:1: "), "{fault}");
    assert!(fault.contains("refused") && !fault.contains("key") && !fault.contains("secret"), "{fault}");
    for address in ["models", "ftp://127.0.0.1/v1", "127.0.0.1:8080/v1"] {
        assert!(at(address).unwrap_err().to_string().contains("begins with http://"), "{address}");
    }
}
