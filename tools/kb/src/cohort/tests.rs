use super::*;

#[test]
fn the_nearest_have_a_say_and_the_nearer_the_more() {
    let share = |own: &[f32], cohort: &[f32]| share(own.iter().copied(), cohort.iter().copied());
    assert_eq!(share(&[], &[]), 0.0);
    assert_eq!(share(&[0.1], &[]), 0.0);
    assert_eq!(share(&[0.5], &[0.5]), 0.5);
    assert!((share(&[0.5], &[0.4]) - 1.0 / (1.0 + 0.8_f32.exp())).abs() < 1e-6);
    // However many are farther off.
    let (near, far) = ([0.6; NEIGHBOURS], [0.5; 10 * NEIGHBOURS]);
    assert_eq!(share(&near, &far), 0.0);
    assert_eq!(share(&far, &near), 1.0);
    // Few wordings are not outnumbered.
    assert_eq!(share(&[0.5; 3], &[0.5; 9]), 0.5);
    assert_eq!(share(&[0.5; 9], &[0.5; 3]), 0.5);
    // A fourth of the nearest, where there are four times as many.
    let (many, few) = ([vec![0.5; 24], vec![0.1; 96]].concat(), [vec![0.5; 6], vec![0.1; 24]].concat());
    assert!((share(&many, &few) - 0.5).abs() < 1e-6 && (share(&few, &many) - 0.5).abs() < 1e-6);
    assert_eq!(share(&[], &[0.1]), 0.0);
}

#[test]
fn each_line_is_there_once() {
    let lines: Vec<Spoken> = lines().collect();
    assert_eq!(lines.len(), 600);
    let contents: std::collections::BTreeSet<u64> = lines.iter().map(|line| line.content).collect();
    assert_eq!(contents.len(), lines.len());
    assert!(lines.iter().all(|line| !line.text.trim().is_empty() && !line.text.starts_with('#')));
}
