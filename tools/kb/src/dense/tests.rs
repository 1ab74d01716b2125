use super::*;
use crate::rows::A_THREADS;
use crate::vectors::unit;
use attache_tools::Readers;

/// Rows of vectors of two numbers, each at an angle to the question's, in degrees.
fn rows(docs: usize, all: impl IntoIterator<Item = (Row, f32)>) -> Rows<i16> {
    let mut rows = Rows::empty(2);
    rows.docs.ids = (0..docs).map(|n| n.to_string()).collect();
    all.into_iter().for_each(|(row, degrees)| rows.put(row, at(degrees)));
    rows
}

fn at(degrees: f32) -> Vec<i16> {
    whole(&[degrees.to_radians().cos(), degrees.to_radians().sin()]).collect()
}

fn row(entry: u32, doc: usize, of: Of, internal: bool) -> Row {
    Row { address: DocAddress::new(0, entry), of, doc, length: 1.0, internal, updated: None }
}

fn dense(rows: Rows<i16>, cohort: Vec<i16>) -> Dense {
    Dense { rows, metric: Metric::default(), cohort, sentences: Written::default(), recent: Recent::default() }
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
    let angle = |n: u32| n as f32 / count as f32 * 57.0;
    let all = (0_u32..).take(count).map(|n| (row(n, 0, Of::Text, n % 3 == 0), angle(n)));
    let dense = dense(rows(1, all), Vec::new());
    let query = dense.direction(&[1.0, 0.0]);
    let found = dense.likeness(&query, &Scope::default()).passages;
    let places: Vec<u32> = found.iter().map(|(_, row)| row.address.doc_id).collect();
    let public: Vec<u32> = (0_u32..).take(count).filter(|n| n % 3 != 0).collect();
    assert_eq!(places, public);
    for (likeness, row) in found {
        let exact = angle(row.address.doc_id).to_radians().cos();
        assert!((likeness - exact).abs() < 1e-3, "{} {exact}", likeness);
        let own = dense.likeness_of(&query, row.address).unwrap();
        assert_eq!(own, Own { text: likeness, matter: likeness, doc: 0 });
    }
}

#[test]
fn a_matter_tells_articles_apart_and_a_text_ranks() {
    let all = [
        (row(0, 0, Of::Text, false), 60.0),
        (row(0, 0, Of::Matter, false), 10.0),
        (row(1, 1, Of::Text, false), 20.0),
        (row(1, 1, Of::Matter, false), 80.0),
    ];
    let dense = dense(rows(2, all), Vec::new());
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
    let all = [
        (row(0, 0, Of::Text, false), 90.0),
        (row(0, 0, Of::Matter, false), 0.0),
        (row(0, 0, Of::Asked, false), 60.0),
        (row(1, 0, Of::Text, true), 0.0),
    ];
    let dense = dense(rows(1, all), [at(60.0), at(90.0)].concat());
    let foreign = |scope: &Scope| dense.likeness(&dense.direction(&[1.0, 0.0]), scope).foreign;
    let near = |one: f32, other: f32| assert!((one - other).abs() < 1e-3, "{one} {other}");
    near(foreign(&Scope::default()), 0.5);
    let both = 4.0_f32.exp() + 1.0;
    // Three of ours are held against two.
    near(foreign(&Scope { readers: Readers::Internal, since: None }), 1.5 * both / (2.5 * both + 8.0_f32.exp()));
}
