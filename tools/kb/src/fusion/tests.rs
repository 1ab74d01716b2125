use super::*;

fn order(lexical: &[(f32, &'static str)], dense: &[(f32, &'static str)]) -> Vec<&'static str> {
    let mut ranked: Vec<_> = fuse(lexical, dense, 8).into_iter().collect();
    ranked.sort_by(|one, other| other.1.total_cmp(&one.1).then(one.0.cmp(other.0)));
    ranked.into_iter().map(|(key, _)| key).collect()
}

#[test]
fn what_both_find_is_first() {
    assert_eq!(order(&[(9.0, "a"), (8.0, "b")], &[(0.8, "b"), (0.2, "c")]), ["b", "a", "c"]);
}

#[test]
fn one_arm_alone_keeps_its_order() {
    assert_eq!(order(&[(9.0, "a"), (1.0, "b")], &[]), ["a", "b"]);
    assert_eq!(order(&[], &[(0.9, "a"), (0.1, "b"), (-0.5, "c")]), ["a", "b", "c"]);
    assert!(order(&[], &[]).is_empty());
}

#[test]
fn words_weigh_what_they_can_tell() {
    assert_eq!(words_weigh(0.9, 3), 0.0);
    assert_eq!(words_weigh(0.2, 3), 0.5);
    assert_eq!(words_weigh(0.9, 10), 0.5);
    assert!(words_weigh(0.5, 3) > words_weigh(0.6, 3));
    assert_eq!(words_weigh(0.5, usize::MAX), 0.5);
}
