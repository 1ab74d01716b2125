use super::*;

#[test]
fn a_configuration_is_read_and_hides_its_key() {
    let text = r#"{"base_url": "http://127.0.0.1:8080/v1", "api_key": "sk-1", "models": [{"name": "a", "input_price": 0.15}],
                   "profile": "llama_cpp", "planning": "tools", "stream": true}"#;
    let config: OpenAiConfig = serde_json::from_str(text).unwrap();
    assert_eq!((config.profile, config.planning(), config.attempts), (Profile::LlamaCpp, Planning::Tools, 3));
    assert_eq!(config.models[0], ModelSpec { name: "a".into(), input_price: 0.15, output_price: 0.0 });
    assert!(!format!("{config:?}").contains("sk-1"));
    let error = serde_json::from_str::<OpenAiConfig>(r#"{"base": "x"}"#).unwrap_err().to_string();
    assert!(error.contains("unknown field `base`"), "{error}");
    assert_eq!(serde_json::from_str::<Profile>("\"openai\"").unwrap(), Profile::OpenAi);
}

#[test]
fn money_is_rounded_up() {
    let model = ModelSpec { name: "m".into(), input_price: 0.15, output_price: 0.6 };
    assert_eq!(model.micro_usd(0, 0), 0);
    assert_eq!(model.micro_usd(1, 0), 1);
    assert_eq!(model.micro_usd(1_000_000, 500_000), 450_000);
}
