use super::*;

#[test]
fn an_action_is_read_in_its_usual_disguises() {
    let plain = r#"{"tool":"reply","arguments":{"text":"x"}}"#;
    for text in
        [plain.to_owned(), format!("{{\"action\":{plain}}}"), format!("```json\n{plain}\n```"), format!("\n {plain} ")]
    {
        let call = parse(&text, "action_1".into()).unwrap();
        assert_eq!((call.name.as_str(), call.arguments.as_str()), ("reply", r#"{"text":"x"}"#));
    }
    for text in ["", "null", "{}", "reply", "{\"tool\":\"x\"}", "[1]"] {
        assert_eq!(parse(text, String::new()), None, "{text}");
    }
}
