use super::*;

#[test]
fn events_come_together_however_they_are_cut() {
    let text = b"\xEF\xBB\xBF: hi\r\n\r\ndata: {\"a\":1}\r\n\r\nevent: x\ndata:{\"b\":2}\n\nid: 1\n\ndata: [DONE]\n\ndata: {\"late\":1}\n\n";
    for size in 1..text.len() {
        let mut events = Events::default();
        text.chunks(size).for_each(|chunk| events.feed(chunk));
        assert_eq!(events.finish(), "[{\"a\":1},{\"b\":2}]");
    }
}

#[test]
fn a_cut_is_marked() {
    let finish = |text: &str| {
        let mut events = Events::default();
        events.feed(text.as_bytes());
        events.finish()
    };
    assert_eq!(finish(""), "[null]");
    assert_eq!(finish("data: {}\n\ndata: {\"a"), "[{},null]");
    assert_eq!(finish("data: {}\n\ndata: [DONE]"), "[{}]");
    assert_eq!(finish("data: [DONE]\n\n"), "[]");
}

#[test]
fn a_wait_is_seconds_or_a_date() {
    let wait = |value: &str| {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, value.parse().unwrap());
        headers.insert(DATE, "Fri, 20 Nov 2026 08:00:00 GMT".parse().unwrap());
        retry_after(&headers)
    };
    assert_eq!(wait("12"), Some(Duration::from_secs(12)));
    assert_eq!(wait("Fri, 20 Nov 2026 08:01:00 GMT"), Some(Duration::from_secs(60)));
    assert_eq!(wait("Fri, 20 Nov 2026 07:00:00 GMT"), Some(Duration::ZERO));
    assert_eq!(wait("soon"), None);
}
