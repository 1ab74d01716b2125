use super::*;

fn of(content: u64) -> Spoken {
    Spoken { content, sentence: false, text: String::new() }
}

#[test]
fn vectors_come_back_as_they_were_and_a_torn_end_is_left() {
    let dir = tempfile::tempdir().unwrap();
    let mut vectors = Vectors::of("m");
    vectors.put(&of(7), vec![3.0, 4.0]).unwrap();
    vectors.put(&of(u64::MAX), vec![0.0, -2.0]).unwrap();
    vectors.write(dir.path()).unwrap();
    let read = Vectors::read(dir.path(), "m").unwrap();
    assert_eq!(read.by_content[&7], [0.6, 0.8]);
    assert_eq!(read.by_content[&u64::MAX], [0.0, -1.0]);

    let mut bytes = fs::read(dir.path().join(FILE)).unwrap();
    bytes.truncate(bytes.len() - 1);
    fs::write(dir.path().join(FILE), bytes).unwrap();
    assert_eq!(Vectors::read(dir.path(), "m").unwrap().by_content.len(), 1);
}

#[test]
fn vectors_of_another_model_or_without_sense_are_none() {
    let dir = tempfile::tempdir().unwrap();
    assert!(Vectors::read(dir.path(), "m").unwrap().by_content.is_empty());
    let mut vectors = Vectors::of("m");
    vectors.put(&of(1), vec![1.0]).unwrap();
    vectors.write(dir.path()).unwrap();
    assert!(Vectors::read(dir.path(), "other").unwrap().by_content.is_empty());
    let huge = "{\"version\":1,\"model\":\"m\",\"dimensions\":99999999999}\n";
    for bytes in ["", "\n", "nothing", huge, "{\"version\":2,\"model\":\"m\",\"dimensions\":1}\nabcdefghijkl"] {
        fs::write(dir.path().join(FILE), bytes).unwrap();
        assert!(Vectors::read(dir.path(), "m").unwrap().by_content.is_empty(), "{bytes}");
    }
    for bad in [vec![], vec![0.0], vec![f32::NAN], vec![f32::INFINITY], vec![1.0, 1.0]] {
        assert!(vectors.put(&of(2), bad.clone()).is_err(), "{bad:?}");
    }
}

#[test]
fn likeness_is_the_cosine_to_four_digits() {
    let vector = |from: f32| unit((0..384).map(|n| (n as f32 * from).sin()).collect()).unwrap();
    let (one, other) = (vector(0.7), vector(0.71));
    let exact: f32 = one.iter().zip(&other).map(|(one, other)| one * other).sum();
    let near = |one: &[f32], other: &[f32]| {
        let [one, other] = [one, other].map(|vector| whole(vector).collect::<Vec<_>>());
        likeness(&one, &other)
    };
    assert!((near(&one, &other) - exact).abs() < 1e-4, "{} {exact}", near(&one, &other));
    assert!((near(&one, &one) - 1.0).abs() < 1e-4);
    // What a damaged file may hold.
    assert!(near(&[9e9, -9e9, f32::NAN], &[1.0, 1.0, 1.0]).abs() <= 1.0);
}

#[test]
fn many_vectors_are_compared_like_few_and_in_their_order() {
    let count = 3 * A_THREADS + 1;
    let rows = (0_u32..).take(count).map(|n| Row {
        address: DocAddress::new(0, n),
        doc: 0,
        asked: false,
        internal: n % 3 == 0,
        updated: None,
    });
    let angle = |n: usize| n as f32 / count as f32;
    let numbers = (0..count).flat_map(|n| whole(&[angle(n).cos(), angle(n).sin()]).collect::<Vec<_>>());
    let dense = Dense {
        docs: vec!["a".to_owned()],
        rows: rows.collect(),
        numbers: numbers.collect(),
        dimensions: 2,
        sentences: Written::default(),
    };
    let found = dense.likeness(&[1.0, 0.0], &Scope::default()).passages;
    let places: Vec<u32> = found.iter().map(|(_, row)| row.address.doc_id).collect();
    let public: Vec<u32> = (0_u32..).take(count).filter(|n| n % 3 != 0).collect();
    assert_eq!(places, public);
    for (likeness, row) in found {
        let exact = angle(row.address.doc_id as usize).cos();
        assert!((likeness - exact).abs() < 1e-3, "{} {exact}", likeness);
        assert_eq!(dense.likeness_of(&[1.0, 0.0], row.address).unwrap().0, likeness);
    }
}
