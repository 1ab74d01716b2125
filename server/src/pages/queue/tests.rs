use super::*;

#[test]
fn times_are_told_as_people_say_them() {
    let now = Timestamp::UNIX_EPOCH;
    let after = |minutes| now + SignedDuration::from_mins(minutes);
    for (minutes, words) in [(38, "38 min"), (-12, "late 12 min"), (59, "59 min"), (60, "1 h"), (60 * 48, "2 days")] {
        assert_eq!(due(now, after(minutes)), words);
    }
    assert_eq!(ago(after(90), now), "1 h ago");
    assert_eq!(ago(now, after(5)), "0 min ago");
}
