use super::*;
use crate::vectors::VERSION;
use std::fs;

fn head(dimensions: usize) -> Head {
    Head { version: VERSION, model: "m".to_owned(), dimensions, learned: false, cohort: crate::cohort::digest() }
}

#[test]
fn a_sentence_is_found_among_many_with_its_likeness_to_two_digits() {
    let vector =
        |of: u64| crate::vectors::unit((1_u8..=96).map(|n| (f32::from(n) * of as f32).sin()).collect()).unwrap();
    let mut sentences = Sentences::default();
    for of in 1..=300_u64 {
        sentences.put(of.wrapping_mul(0x9e37_79b9_7f4a_7c15), 1.0, &vector(of));
    }
    let dir = tempfile::tempdir().unwrap();
    sentences.write(dir.path(), &head(96)).unwrap();
    let read = Written::open(dir.path(), "m").unwrap();
    let query = vector(7);
    for of in 1..=300_u64 {
        let exact: f32 = vector(of).iter().zip(&query).map(|(one, other)| one * other).sum();
        let found = read.likeness(of.wrapping_mul(0x9e37_79b9_7f4a_7c15), &query).unwrap();
        assert!((found - exact).abs() < 0.02, "{of}: {found} {exact}");
    }
    assert_eq!(read.likeness(1, &query), None, "nobody wrote it");
    assert_eq!(read.likeness(0x9e37_79b9_7f4a_7c15, &[1.0]), None, "of another length");
    assert_eq!(read.all().by_content, sentences.by_content);
}

#[test]
fn what_is_damaged_or_of_another_model_is_none() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(Written::open(dir.path(), "m").unwrap().likeness(1, &[1.0]), None, "there is no file");
    let mut sentences = Sentences::default();
    sentences.put(1, 1.0, &[1.0]);
    sentences.write(dir.path(), &head(1)).unwrap();
    assert!(Written::open(dir.path(), "m").unwrap().likeness(1, &[1.0]).is_some());
    assert_eq!(Written::open(dir.path(), "other").unwrap().likeness(1, &[1.0]), None);
    let whole = fs::read(dir.path().join(FILE)).unwrap();
    let huge = b"{\"version\":2,\"model\":\"m\",\"dimensions\":99999999999,\"learned\":false}\n".as_slice();
    for bytes in [b"".as_slice(), b"\n", b"nothing", huge, &whole[..whole.len() - 1]] {
        fs::write(dir.path().join(FILE), bytes).unwrap();
        assert_eq!(Written::open(dir.path(), "m").unwrap().likeness(1, &[1.0]), None, "{bytes:?}");
    }
}
