use super::*;

fn read(json: serde_json::Value) -> Answer {
    serde_json::from_value(json).unwrap()
}

#[test]
fn calls_are_told_apart_whatever_the_server_numbers() {
    let piece = |index: Option<u64>, id: Option<&str>, name: Option<&str>, arguments: &str| {
        serde_json::json!({"choices": [{"delta": {"tool_calls": [
            {"index": index, "id": id, "function": {"name": name, "arguments": arguments}}
        ]}}]})
    };
    for (indexes, ids) in [
        ([Some(0), Some(1)], [Some("a"), Some("b")]),
        ([Some(0), Some(0)], [Some("a"), Some("b")]),
        ([None, None], [Some("a"), Some("b")]),
    ] {
        let answer = read(serde_json::json!([
            piece(indexes[0], ids[0], Some("one"), "{"),
            piece(indexes[0], None, indexes[0].map(|_| "one"), "}"),
            piece(indexes[1], ids[1], Some("two"), "[]"),
        ]));
        let calls: Vec<_> = answer.calls.iter().map(|c| (&*c.id, &*c.name, &*c.arguments)).collect();
        assert_eq!(calls, [("a", "one", "{}"), ("b", "two", "[]")]);
    }
}

#[test]
fn arguments_that_are_an_object_become_text() {
    let call = serde_json::json!({"function": {"name": "x", "arguments": {"a": 1}}});
    let answer = read(serde_json::json!({"choices": [{"message": {"content": "", "tool_calls": [call]}}]}));
    assert_eq!(answer.calls[0].arguments, "{\"a\":1}");
}
