use super::*;

fn at(minute: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_mins(minute)
}

#[test]
fn the_fifth_guess_locks_one_name_for_a_quarter_of_an_hour() {
    let lockout = Lockout::default();
    let locking: Vec<bool> = (0..5).map(|_| lockout.guess("dana", at(0))).collect();
    assert_eq!(locking, [false, false, false, false, true]);
    assert!(lockout.is_locked("dana", at(14)));
    assert!(!lockout.is_locked("dana", at(15)));
    assert!(!lockout.is_locked("lena", at(0)));
}

#[test]
fn whoever_knew_starts_anew() {
    let lockout = Lockout::default();
    for _ in 0..4 {
        lockout.guess("dana", at(0));
    }
    lockout.forgive("dana");
    assert!(!lockout.guess("dana", at(0)));
    assert!(!lockout.is_locked("dana", at(0)));
}

#[test]
fn names_that_nobody_has_take_no_more_room_than_there_is() {
    let lockout = Lockout::default();
    for i in 0..NAMES + 5 {
        lockout.guess(&format!("n{i}"), at(0));
    }
    assert_eq!(lockout.lock().len(), NAMES);
}
