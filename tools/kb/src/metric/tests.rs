use super::*;
use crate::vectors::unit;

/// The likeness of two vectors of length 1.
fn likeness(metric: &Metric, query: &[f32], other: &[f32]) -> f32 {
    let held = metric.held(query);
    let product = held.iter().zip(other).map(|(one, other)| one * other).sum();
    by_length(product, metric.lengths(&[other])[0])
}

fn at(degrees: f32) -> Vec<f32> {
    vec![degrees.to_radians().cos(), degrees.to_radians().sin(), 0.0]
}

#[test]
fn directions_in_which_wordings_differ_count_less() {
    // Wordings differ in the second number and not in the third.
    let passages = [vec![at(-20.0), at(0.0), at(20.0)], vec![at(70.0), at(95.0)]];
    let metric = Metric::learned(3, passages.into_iter());
    let other_wording = at(30.0);
    let other_matter = unit(vec![30_f32.to_radians().cos(), 0.0, 30_f32.to_radians().sin()]).unwrap();
    let likeness = |other: &[f32]| likeness(&metric, &at(0.0), other);
    assert!(likeness(&other_wording) > 0.9, "{}", likeness(&other_wording));
    assert!(likeness(&other_matter) < likeness(&other_wording) - 0.05, "{}", likeness(&other_matter));
    assert!((likeness(&at(0.0)) - 1.0).abs() < 1e-5, "the same is as like as can be");
}

#[test]
fn it_is_the_cosine_of_vectors_times_the_inverse_root_of_the_shrunk_covariance() {
    // Wordings differ by 2 in the first direction, and the mean variance of both is
    // half of that in one: so 1 is added to 2 and to 0.
    let metric = Metric::learned(2, [vec![vec![1.0, 0.0], vec![-1.0, 0.0]]].into_iter());
    let numbers = metric.numbers().unwrap();
    let expected = [1.0 / 3.0, 0.0, 0.0, 1.0];
    assert!(numbers.iter().zip(expected).all(|(one, other)| (one - other).abs() < 1e-6), "{numbers:?}");
    let (one, other) = ([0.6_f32, 0.8], [0.8_f32, 0.6]);
    let shortened = |v: [f32; 2]| [v[0] / 3_f32.sqrt(), v[1]];
    let (a, b) = (shortened(one), shortened(other));
    let exact = (a[0] * b[0] + a[1] * b[1]) / (a[0].hypot(a[1]) * b[0].hypot(b[1]));
    assert!((likeness(&metric, &one, &other) - exact).abs() < 1e-6);
    assert!((metric.lengths(&[&one])[0] - a[0].hypot(a[1])).abs() < 1e-6);
}

#[test]
fn without_wordings_that_differ_it_is_the_cosine() {
    let alone = vec![vec![1.0, 0.0, 0.0]];
    let twice = vec![at(10.0), at(10.0)];
    for passages in [vec![], vec![alone.clone()], vec![twice], vec![vec![vec![f32::NAN; 3], at(1.0)]]] {
        let metric = Metric::learned(3, passages.clone().into_iter());
        assert_eq!(metric, Metric::default(), "{passages:?}");
        assert_eq!(likeness(&metric, &at(0.0), &at(60.0)), at(60.0)[0]);
    }
    let long = vec![vec![1.0; MOST_DIMENSIONS + 1], vec![0.0; MOST_DIMENSIONS + 1]];
    assert_eq!(Metric::learned(MOST_DIMENSIONS + 1, [long].into_iter()), Metric::default());
}

#[test]
fn many_wordings_are_learned_from_as_few_are() {
    let passage = |n: usize| vec![at(n as f32), at(n as f32 + 25.0), at(n as f32 + 60.0)];
    let once = Metric::learned(3, (0..90).map(passage));
    // Several batches.
    let often = Metric::learned(3, (0..90 * 40).map(|n| passage(n % 90)));
    let (once, often) = (once.numbers().unwrap(), often.numbers().unwrap());
    assert!(once.iter().zip(often).all(|(one, other)| (one - other).abs() < 1e-5), "{once:?} {often:?}");
}

#[test]
fn what_was_written_is_read_and_what_is_damaged_is_the_cosine() {
    let metric = Metric::learned(3, [vec![at(0.0), at(50.0)]].into_iter());
    let numbers = metric.numbers().unwrap().to_vec();
    assert_eq!(Metric::of(3, numbers.clone()), metric);
    assert_eq!(Metric::of(3, numbers[1..].to_vec()), Metric::default());
    assert_eq!(Metric::of(3, vec![f32::NAN; 9]), Metric::default());
    assert_eq!(metric.held(&[1.0]), [1.0], "of another length");
    assert_eq!(metric.lengths(&[&[1.0]]), [1.0], "of another length");
    for length in [0.0, f32::NAN, -0.0] {
        let likeness = by_length(0.5, length);
        assert!((-1.0..=1.0).contains(&likeness), "{likeness}");
    }
}
