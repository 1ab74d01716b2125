use super::*;

#[test]
fn what_was_dealt_with_is_known_also_after_a_crash() {
    let dir = tempfile::tempdir().unwrap();
    let seen = Seen::open(dir.path(), "seen", 10).unwrap();
    let claim = seen.claim("a").unwrap();
    assert!(seen.claim("a").is_none(), "somebody deals with it");
    drop(claim);
    seen.claim("a").unwrap().keep().unwrap();
    assert!(seen.claim("a").is_none());
    drop(seen);
    // A crash in the middle of a line.
    let file = dir.path().join("seen");
    let mut text = fs::read_to_string(&file).unwrap();
    text.push_str("0123");
    fs::write(&file, text).unwrap();
    let seen = Seen::open(dir.path(), "seen", 10).unwrap();
    assert!(seen.claim("a").is_none());
    seen.claim("b").unwrap().keep().unwrap();
    let seen = Seen::open(dir.path(), "seen", 10).unwrap();
    assert!(seen.claim("b").is_none(), "what comes after half a line is read");
}

#[test]
fn it_forgets_the_oldest_and_the_file_stays_small() {
    let dir = tempfile::tempdir().unwrap();
    let seen = Seen::open(dir.path(), "seen", 3).unwrap();
    for n in 0..50 {
        seen.claim(&n.to_string()).unwrap().keep().unwrap();
        assert!(fs::read_to_string(dir.path().join("seen")).unwrap().lines().count() <= 6);
    }
    let seen = Seen::open(dir.path(), "seen", 3).unwrap();
    let known = |n: i32| seen.claim(&n.to_string()).is_none();
    assert_eq!([46, 47, 48, 49].map(known), [false, true, true, true]);
}
