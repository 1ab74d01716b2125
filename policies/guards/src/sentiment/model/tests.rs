use super::*;
use crate::sentiment::features::hashed;

fn bytes() -> Vec<u8> {
    let numbers = ModelNumbers { care: 0.5, sharpness: [1.5, 0.7], ..ModelNumbers::default() };
    let words = [("good".to_owned(), 1.9), ("bad".to_owned(), -2.5), ("table".to_owned(), 0.0)];
    write_model(&numbers, &words, &[[1; OUTS], [-2; OUTS], [3; OUTS], [0; OUTS]])
}

#[test]
fn what_is_written_is_read() {
    let bytes = bytes();
    let model = SentimentModel::new(&bytes).unwrap();
    assert_eq!((model.numbers().care, model.numbers().sharpness), (0.5, [1.5, 0.7]));
    for (word, valence) in [("good", Some(1.9)), ("bad", Some(-2.5)), ("table", Some(0.0)), ("chair", None)] {
        let found = model.word(hashed(word.as_bytes()));
        assert_eq!(found.map(|v| (v * 10.0).round() / 10.0), valence, "{word}");
    }
}

#[test]
fn other_bytes_are_no_model() {
    let bytes = bytes();
    let fault = |bytes: &[u8]| SentimentModel::new(bytes).unwrap_err();
    assert_eq!(fault(b""), NotAModel::Magic);
    assert_eq!(fault(&[0; 4_096]), NotAModel::Magic);
    assert_eq!(fault(&bytes[..bytes.len() - 1]), NotAModel::Size);
    assert_eq!(fault(&[bytes.as_slice(), &[0]].concat()), NotAModel::Size);
    let mut newer = bytes;
    newer[12] += 1;
    assert_eq!(fault(&newer), NotAModel::Version { layout: VERSION, features: FEATURE_VERSION + 1 });
}

#[test]
fn sums_of_grams_are_scaled_by_their_number() {
    let numbers = ModelNumbers { steps: [[0.5; OUTS], [0.25; OUTS]], ..ModelNumbers::default() };
    let bytes = write_model(&numbers, &[], &[[4; OUTS], [-8; OUTS]]);
    let model = SentimentModel::new(&bytes).unwrap();
    let features = Features { grams: [vec![0, 2, 4, 6], vec![1]], ..Features::default() };
    // 16 steps of 0.5 over the root of 4, and -8 steps of 0.25.
    assert_eq!(model.outputs(&features), [16.0 * 0.5 / 2.0 - 8.0 * 0.25; OUTS]);
}
