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
    assert_eq!(read.by_content[&7], Vector { length: 1.0, numbers: vec![0.6, 0.8] });
    assert_eq!(read.by_content[&u64::MAX].numbers, [0.0, -1.0]);

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
    let head = |version: u32, dimensions: u64, learned: bool| {
        format!("{{\"version\":{version},\"model\":\"m\",\"dimensions\":{dimensions},\"learned\":{learned}}}\n")
    };
    let (huge, old) = (head(VERSION, 99_999_999_999, false), head(1, 1, false) + "abcdefghijklmnop");
    let cut = head(VERSION, 8_000, true) + "abcdefghijklmnop";
    for bytes in ["", "\n", "nothing", &huge, &old, &cut] {
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
        product(&one, &other)
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
        of: Of::Text,
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
        lengths: vec![1.0; count],
        metric: Metric::default(),
        sentences: Written::default(),
    };
    let query = dense.direction(&[1.0, 0.0]);
    let found = dense.likeness(&query, &Scope::default()).passages;
    let places: Vec<u32> = found.iter().map(|(_, row)| row.address.doc_id).collect();
    let public: Vec<u32> = (0_u32..).take(count).filter(|n| n % 3 != 0).collect();
    assert_eq!(places, public);
    for (likeness, row) in found {
        let exact = angle(row.address.doc_id as usize).cos();
        assert!((likeness - exact).abs() < 1e-3, "{} {exact}", likeness);
        let own = dense.likeness_of(&query, row.address).unwrap();
        assert_eq!(own, Own { text: likeness, matter: likeness, doc: 0 });
    }
}

#[test]
fn all_vectors_are_measured_by_what_was_learned_and_the_measure_is_kept() {
    let vector = |degrees: f32| vec![degrees.to_radians().cos(), degrees.to_radians().sin()];
    let spoken = |content, sentence| Spoken { content, sentence, text: String::new() };
    let passage = vec![spoken(1, false), spoken(2, false), spoken(3, true)];
    let mut vectors = Vectors::of("m");
    for (spoken, degrees) in passage.iter().zip([0.0, 40.0, -40.0]) {
        vectors.put(spoken, vector(degrees)).unwrap();
    }
    assert_eq!(vectors.by_content[&2].length, 1.0, "nothing is learned yet");
    vectors.learn(std::slice::from_ref(&passage));
    let length = vectors.metric.lengths(&[&vector(40.0)])[0];
    assert!(length < 0.99, "{length}");
    let near = |one: f32, other: f32| (one - other).abs() < 1e-5;
    assert!(near(vectors.by_content[&2].length, length));
    let held = vectors.metric.held(&vector(40.0));
    let of_sentence = |written: Written| written.likeness(3, &held).unwrap();
    let as_learned = of_sentence(vectors.of_sentences());
    let plainly = vectors.of_sentences().likeness(3, &vector(40.0)).unwrap();
    assert!(as_learned > plainly + 0.1, "{as_learned} {plainly}");

    // The middle of 0, 40 and -40 degrees.
    let middle = &vectors.by_content[&matter(1)].numbers;
    assert!(near(middle[0], 1.0) && middle[1].abs() < 0.01, "{middle:?}");

    let dir = tempfile::tempdir().unwrap();
    vectors.write(dir.path()).unwrap();
    let mut read = Vectors::read(dir.path(), "m").unwrap();
    assert_eq!(read.metric, vectors.metric);
    assert_eq!(read.by_content, vectors.by_content);
    assert_eq!(of_sentence(Written::open(dir.path(), "m").unwrap()), as_learned);
    read.keep(passage.iter().take(2));
    assert!(read.by_content.contains_key(&matter(1)), "it stays with its passage");
    // What comes before the next time it learns is measured by the same.
    read.put(&spoken(4, false), vector(40.0)).unwrap();
    assert!(near(read.by_content[&4].length, length));
}

#[test]
fn a_matter_tells_articles_apart_and_a_text_ranks() {
    let row = |doc, of| Row { address: DocAddress::new(0, doc as u32), of, doc, internal: false, updated: None };
    let at = |degrees: f32| whole(&[degrees.to_radians().cos(), degrees.to_radians().sin()]).collect::<Vec<_>>();
    let dense = Dense {
        docs: vec!["a".to_owned(), "b".to_owned()],
        rows: vec![row(0, Of::Text), row(0, Of::Matter), row(1, Of::Text), row(1, Of::Matter)],
        numbers: [60.0, 10.0, 20.0, 80.0].into_iter().flat_map(at).collect(),
        dimensions: 2,
        lengths: vec![1.0; 4],
        metric: Metric::default(),
        sentences: Written::default(),
    };
    let query = dense.direction(&[1.0, 0.0]);
    let likeness = dense.likeness(&query, &Scope::default());
    let ranked: Vec<_> = likeness.passages.iter().map(|(likeness, row)| (row.doc, *likeness > 0.9)).collect();
    assert_eq!(ranked, [(0, false), (1, true)], "by their texts");
    assert!(likeness.matters.of(0) > 0.9 && likeness.matters.beside(0) < 0.2, "{likeness:?}");
    let own = dense.likeness_of(&query, DocAddress::new(0, 0)).unwrap();
    assert!(own.text < 0.6 && own.matter > 0.9, "{own:?}");
}
