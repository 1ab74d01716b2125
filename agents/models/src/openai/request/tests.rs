use super::*;
use crate::testing::{World, user};
use serde_json::json;

#[test]
fn only_words_of_the_schema_are_left_out_not_names_of_inputs() {
    let schema = json!({
        "type": "object",
        "properties": {
            "title": {"type": "string", "title": "T", "minLength": 1, "maxLength": 2_000},
            "maxLength": {"type": "array", "items": {"type": "string", "default": "x", "maxLength": 9}},
        },
        "required": ["title", "maxLength"],
    });
    let openai = json!({
        "type": "object",
        "properties": {
            "title": {"type": "string"},
            "maxLength": {"type": "array", "items": {"type": "string"}},
        },
        "required": ["title", "maxLength"],
    });
    assert_eq!(schema_for(Profile::OpenAi, &schema), openai);
    assert_eq!(schema_for(Profile::Compatible, &schema), schema);
    let llama = schema_for(Profile::LlamaCpp, &schema);
    assert_eq!(llama["properties"]["title"], json!({"type": "string", "title": "T", "minLength": 1}));
    assert_eq!(llama["properties"]["maxLength"], schema["properties"]["maxLength"]);
}

#[test]
fn a_request_that_goes_on_is_the_same_bytes_and_some_more() {
    let mut world = World::new("support");
    let config = OpenAiConfig { profile: Profile::Compatible, ..OpenAiConfig::default() };
    let derived = Cache::default().get(&config, &world.tools).unwrap();
    let write = |page: Page, world: &World| {
        let mut page = page.write(&derived, &world.transcript).unwrap();
        let body = page.body(Rest::new(&config, &world.request(), &derived).to("m")).unwrap();
        page.turn(body.clone());
        (page, body)
    };
    let (page, first) = write(Page::default(), &world);
    let messages = first.slice(..page.end);
    world.did("c1", "kb_search", "{}", &json!({"hits": []}));
    let (page, second) = write(page, &world);
    assert!(second.starts_with(&messages));
    assert_eq!(second, write(Page::default(), &world).1);
    let sent: Value = serde_json::from_slice(&second).unwrap();
    assert_eq!((&sent["messages"][3]["tool_call_id"], &sent["model"]), (&json!("c1"), &json!("m")));
    // What was not sent may be taken back, and something else said in its place.
    world.transcript.truncate(1);
    world.transcript.push(user("something else"));
    assert_eq!(write(page, &world).1, write(Page::default(), &world).1);
}
