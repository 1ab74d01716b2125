use super::*;
use crate::vectors::unit;

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
        cohort: Vec::new(),
        sentences: Written::default(),
        recent: Recent::default(),
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
        cohort: Vec::new(),
        sentences: Written::default(),
        recent: Recent::default(),
    };
    let query = dense.direction(&[1.0, 0.0]);
    let likeness = dense.likeness(&query, &Scope::default());
    let ranked: Vec<_> = likeness.passages.iter().map(|(likeness, row)| (row.doc, *likeness > 0.9)).collect();
    assert_eq!(ranked, [(0, false), (1, true)], "by their texts");
    assert!(likeness.matters.of(0) > 0.9 && likeness.matters.beside(0) < 0.2, "{likeness:?}");
    let own = dense.likeness_of(&query, DocAddress::new(0, 0)).unwrap();
    assert!(own.text < 0.6 && own.matter > 0.9, "{own:?}");
}

#[test]
fn neighbours_are_texts_and_questions_within_scope_and_the_cohort() {
    let row = |n, of, internal| Row { address: DocAddress::new(0, n), of, doc: 0, internal, updated: None };
    let at = |degrees: f32| whole(&[degrees.to_radians().cos(), degrees.to_radians().sin()]).collect::<Vec<_>>();
    let all = |angles: &[f32]| angles.iter().copied().flat_map(at).collect::<Vec<_>>();
    let dense = Dense {
        docs: vec!["a".to_owned()],
        rows: vec![
            row(0, Of::Text, false),
            row(0, Of::Matter, false),
            row(0, Of::Asked, false),
            row(1, Of::Text, true),
        ],
        numbers: all(&[90.0, 0.0, 60.0, 0.0]),
        dimensions: 2,
        lengths: vec![1.0; 4],
        metric: Metric::default(),
        cohort: all(&[60.0, 90.0]),
        sentences: Written::default(),
        recent: Recent::default(),
    };
    let foreign = |scope: &Scope| dense.likeness(&dense.direction(&[1.0, 0.0]), scope).foreign;
    let near = |one: f32, other: f32| assert!((one - other).abs() < 1e-3, "{one} {other}");
    near(foreign(&Scope::default()), 0.5);
    let both = 4.0_f32.exp() + 1.0;
    // Three of ours are held against two.
    near(foreign(&Scope { readers: Readers::Internal, since: None }), 1.5 * both / (2.5 * both + 8.0_f32.exp()));
}
