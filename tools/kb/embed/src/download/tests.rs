use super::*;
use axum::Router;
use axum::routing::get;

async fn host() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let host = format!("http://{}", listener.local_addr().unwrap());
    let router = Router::new()
        .route(&format!("/{REPOSITORY}/resolve/main/{{name}}"), get(|| async { "what somebody put there" }));
    tokio::spawn(async move { axum::serve(listener, router).await });
    host
}

#[tokio::test]
async fn weights_that_are_not_the_known_ones_are_not_kept() {
    let dir = tempfile::tempdir().unwrap();
    let mut told = Vec::new();
    let fault = from(&host().await, dir.path(), &mut |file| told.push(file.to_owned())).await.unwrap_err().to_string();
    assert!(fault.contains("model.safetensors: not the file"), "{fault}");
    assert_eq!(told.len(), FILES.len());
    assert!(dir.path().join("config.json").exists());
    assert!(!dir.path().join("model.safetensors").exists());
}

#[tokio::test]
async fn a_host_that_is_away_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let fault = from("http://127.0.0.1:1", dir.path(), &mut |_| {}).await.unwrap_err().to_string();
    assert!(fault.contains("config.json"), "{fault}");
}

#[test]
fn the_cache_of_other_programs_is_looked_into() {
    let home = tempfile::tempdir().unwrap();
    assert_eq!(in_cache(home.path()), None);
    let dir = home.path().join("hub/models--sentence-transformers--all-MiniLM-L6-v2/snapshots/abc");
    fs::create_dir_all(&dir).unwrap();
    assert_eq!(in_cache(home.path()), None);
    for (name, _) in FILES {
        fs::write(dir.join(name), "").unwrap();
    }
    assert_eq!(in_cache(home.path()), Some(dir));
}
