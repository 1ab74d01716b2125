use super::*;

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
