use super::*;
use axum::http::HeaderValue;

#[test]
fn whoever_asks_says_how_to_be_told() {
    let way = |name: &'static str, value: &'static str| {
        Way::of(&HeaderMap::from_iter([(header::HeaderName::from_static(name), HeaderValue::from_static(value))]))
    };
    assert_eq!(way("accept", "*/*"), Way::Now);
    assert_eq!(way("accept", "text/event-stream;q=0.9, application/json"), Way::Live);
    assert_eq!(way("prefer", "wait=10, respond-async"), Way::Later);
    assert_eq!(way("prefer", "respond-asynchronously"), Way::Now);
}
