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
        format!(
            "{{\"version\":{version},\"model\":\"m\",\"dimensions\":{dimensions},\"learned\":{learned},\"cohort\":\"{}\"}}\n",
            cohort::digest()
        )
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
