use super::*;
use proptest::prelude::*;

fn trend(messages: &[(f64, f64)]) -> Option<f64> {
    let mut trend = SentimentTrend::default();
    for (score, days) in messages {
        trend.add(*score, *days);
    }
    trend.mean()
}

#[test]
fn the_latest_weighs_most() {
    assert_eq!(trend(&[]), None);
    assert_eq!(trend(&[(-0.4, 300.0)]), Some(-0.4));
    assert!(trend(&[(0.9, 60.0), (-0.9, 0.0)]).unwrap() < -0.5);
    assert!(trend(&[(-0.9, 60.0), (0.9, 0.0)]).unwrap() > 0.5);
    assert_eq!(trend(&[(1.0, HALF_LIFE_DAYS), (-1.0, 0.0)]), Some(-0.3333));
}

#[test]
fn what_is_no_number_does_no_harm() {
    assert_eq!(trend(&[(f64::NAN, f64::INFINITY), (7.0, -3.0)]), Some(0.5));
}

proptest! {
    #[test]
    fn a_trend_stays_between_its_messages(messages in proptest::collection::vec((-1.0..1.0, 0.0..1_000.0), 1..20)) {
        let mean = trend(&messages).unwrap();
        let scores = || messages.iter().map(|(score, _)| *score);
        prop_assert!(mean <= scores().fold(-1.0, f64::max) + 1e-4 && mean >= scores().fold(1.0, f64::min) - 1e-4);
    }
}
