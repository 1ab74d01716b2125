use super::*;

#[test]
fn what_words_found_keeps_its_likeness_and_others_must_be_related() {
    let near: Vec<(f32, usize)> = (0..100).map(|n| (0.6 - 0.004 * n as f32, n)).collect();
    // One that many are nearer than, one without a direction, and one that is hardly near.
    let likeness = |key: usize| (key == 200).then_some(0.19);
    let lexical = [(1.0, 200), (1.0, 201), (0.1, 99)];
    let found = fused_by_gist(near, likeness, &lexical, 1);
    let score = |key: usize| found.iter().find(|(_, other)| *other == key).map(|(score, _)| *score);
    assert!(score(200).unwrap() > 0.19);
    assert_eq!(score(201).map(|score| score > 0.2), Some(true), "as the last of those that are near");
    assert!(score(74).is_some() && score(76).is_none(), "0.304 and 0.296, and no words");
    assert!(score(99).is_some(), "by words");
}
