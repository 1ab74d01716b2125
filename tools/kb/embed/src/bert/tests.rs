use super::*;
use std::collections::HashMap;

const SIZE: usize = 8;
const WORDS: [&str; 8] = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "refund", "money", "password", "the"];

/// A tiny model with fixed weights, in the usual layout.
fn model() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let put = |name: &str, text: String| fs::write(dir.path().join(name), text).unwrap();
    put(
        "config.json",
        format!(
            r#"{{"hidden_act":"gelu","hidden_size":{SIZE},"intermediate_size":16,"layer_norm_eps":1e-12,
            "max_position_embeddings":12,"model_type":"bert","num_attention_heads":2,"num_hidden_layers":1,
            "type_vocab_size":2,"vocab_size":{}}}"#,
            WORDS.len()
        ),
    );
    let vocabulary: Vec<String> = WORDS.iter().enumerate().map(|(id, word)| format!("\"{word}\":{id}")).collect();
    put(
        "tokenizer.json",
        format!(
            r#"{{"version":"1.0","truncation":null,"padding":null,"added_tokens":[],"normalizer":{{"type":"Lowercase"}},
            "pre_tokenizer":{{"type":"Whitespace"}},"post_processor":null,"decoder":null,
            "model":{{"type":"WordLevel","vocab":{{{}}},"unk_token":"[UNK]"}}}}"#,
            vocabulary.join(",")
        ),
    );
    let mut weights = HashMap::new();
    let mut put = |name: &str, shape: &[usize]| {
        let count: usize = shape.iter().product();
        // Numbers without a pattern that a wrong order of things would keep.
        let numbers: Vec<f32> = (0..count).map(|n| ((n * 37 + name.len() * 11) % 101) as f32 / 101.0 - 0.5).collect();
        weights.insert(name.to_owned(), Tensor::from_vec(numbers, shape, &Device::Cpu).unwrap());
    };
    put("embeddings.word_embeddings.weight", &[WORDS.len(), SIZE]);
    put("embeddings.position_embeddings.weight", &[12, SIZE]);
    put("embeddings.token_type_embeddings.weight", &[2, SIZE]);
    let layer = "encoder.layer.0";
    for (name, out, inside) in [
        ("attention.self.query", SIZE, SIZE),
        ("attention.self.key", SIZE, SIZE),
        ("attention.self.value", SIZE, SIZE),
        ("attention.output.dense", SIZE, SIZE),
        ("intermediate.dense", 16, SIZE),
        ("output.dense", SIZE, 16),
    ] {
        put(&format!("{layer}.{name}.weight"), &[out, inside]);
        put(&format!("{layer}.{name}.bias"), &[out]);
    }
    let inside = ["attention.output.LayerNorm", "output.LayerNorm"].map(|name| format!("{layer}.{name}"));
    for name in inside.into_iter().chain(["embeddings.LayerNorm".to_owned()]) {
        put(&format!("{name}.weight"), &[SIZE]);
        put(&format!("{name}.bias"), &[SIZE]);
    }
    candle_core::safetensors::save(&weights, dir.path().join("model.safetensors")).unwrap();
    dir
}

#[test]
fn a_vector_is_the_same_alone_and_among_others() {
    let dir = model();
    let bert = Bert::open(dir.path()).unwrap();
    let texts = ["refund the money", "password", "the the the the the the password", "Refund THE money"];
    let together = bert.embed(&texts).unwrap();
    for (text, vector) in texts.iter().zip(&together) {
        assert_eq!(vector.len(), SIZE);
        assert!((vector.iter().map(|n| n * n).sum::<f32>() - 1.0).abs() < 1e-5);
        let alone = bert.embed(&[text]).unwrap().remove(0);
        assert!(vector.iter().zip(&alone).all(|(a, b)| (a - b).abs() < 1e-5), "{text}: {vector:?} {alone:?}");
    }
    assert_eq!(together[0], together[3]);
    assert_ne!(together[0], together[1]);
    let order: Vec<_> = bert.embed(&["password", "refund the money"]).unwrap();
    assert!(order[1].iter().zip(&together[0]).all(|(a, b)| (a - b).abs() < 1e-5));
}

#[test]
fn long_and_odd_texts_get_a_vector() {
    let dir = model();
    let bert = Bert::open(dir.path()).unwrap();
    let long = "money ".repeat(50_000);
    assert_eq!(bert.embed(&[&long, "é\u{0}💥", "x"]).unwrap().len(), 3);
    assert!(bert.embed(&[]).unwrap().is_empty());
}

#[test]
fn a_model_that_does_not_fit_is_named() {
    let dir = model();
    let fault = |name: &str, bytes: &[u8]| {
        let path = dir.path().join(name);
        let whole = fs::read(&path).unwrap();
        fs::write(&path, bytes).unwrap();
        let fault = Bert::open(dir.path()).unwrap_err().to_string();
        fs::write(&path, whole).unwrap();
        assert!(fault.contains(name), "{fault}");
    };
    for name in ["config.json", "tokenizer.json", "model.safetensors"] {
        fault(name, b"");
        fault(name, b"{}");
        fault(name, &[0xff; 100]);
    }
    assert!(Bert::open(Path::new("/nowhere")).unwrap_err().to_string().contains("config.json"));
    Bert::open(dir.path()).unwrap();
}

#[test]
fn only_the_model_that_a_reader_was_trained_over_reads() {
    let dir = model();
    let bert = Bert::open(dir.path()).unwrap();
    assert_eq!(bert.read("refund?", &["the money"]).unwrap(), None);
}
