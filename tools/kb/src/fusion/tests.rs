use super::*;

fn order(lexical: &[(f32, &'static str)], dense: &[(f32, &'static str)]) -> Vec<&'static str> {
    let mut ranked: Vec<_> = fuse(lexical, dense, 8, BESIDE_MODEL).into_iter().collect();
    ranked.sort_by(|one, other| other.1.total_cmp(&one.1).then(one.0.cmp(other.0)));
    ranked.into_iter().map(|(key, _)| key).collect()
}

#[test]
fn what_both_find_is_first() {
    assert_eq!(order(&[(9.0, "a"), (8.0, "b")], &[(0.8, "b"), (0.2, "c")]), ["b", "c", "a"]);
    assert_eq!(order(&[(9.0, "a"), (1.0, "b")], &[(0.51, "b"), (0.5, "a")]), ["a", "b"]);
}

#[test]
fn one_arm_alone_keeps_its_order() {
    assert_eq!(order(&[(9.0, "a"), (1.0, "b")], &[]), ["a", "b"]);
    assert_eq!(order(&[], &[(0.9, "a"), (0.1, "b"), (-0.5, "c")]), ["a", "b", "c"]);
    assert!(order(&[], &[]).is_empty());
}

#[test]
fn words_are_worth_what_they_can_tell() {
    let worth = |nearest: f32, others: f32, terms| {
        let mut dense = vec![(others, ()); 20];
        dense.insert(0, (nearest, ()));
        BESIDE_MODEL * worth_of_words(&dense, terms)
    };
    assert!(worth(0.6, 0.5, 5) > worth(0.9, 0.5, 5), "less to tell the nearest by");
    assert!(worth(0.6, 0.5, 9) > worth(0.6, 0.5, 5), "more terms to go by");
    assert_eq!(worth(0.6, 0.6, 5), worth(0.6, 0.59, 5));
    assert_eq!(worth(0.6, 0.5, 10), worth(0.6, 0.5, usize::MAX));
    assert_eq!(worth(0.6, 0.5, 0), worth(0.6, 0.5, 2));
    // Likeness alone decides where its order is clear.
    assert!(worth(0.9, 0.4, 5) * 20.0 < 0.05);
}
