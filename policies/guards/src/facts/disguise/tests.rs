use super::*;

#[test]
fn codes_are_read() {
    assert_eq!(hex("6e6f727468"), Some("north".into()));
    assert_eq!(hex("0x4E6F727468"), Some("North".into()));
    assert_eq!(hex("6e6f72746"), None);
    for token in ["bm9ydGggd2luZA==", "bm9ydGggd2luZA"] {
        assert_eq!(base64(token), Some("north wind".into()), "{token}");
    }
    assert_eq!(base64("bm9ydGgg!"), None);
}

#[test]
fn a_place_of_a_reading_is_one_of_the_text() {
    let text = "é ltd dniw htron";
    let backwards = readings(text).into_iter().find(|one| one.text.letters.starts_with("north")).unwrap();
    assert_eq!(backwards.place(0, 10), (6, 16));
    let text = "so 6e 6f 72 74 68 it is";
    let code = readings(text).into_iter().find(|one| one.text.letters == "north").unwrap();
    assert_eq!(code.place(0, 5), (3, 17));
}

#[test]
fn any_text_is_read() {
    for text in ["", "\u{202e}", "=", "0x", "aGVsbG8gd29ybGQ=\u{0}", &"4".repeat(5_000)] {
        let length = text.chars().count();
        for reading in readings(text) {
            let (start, end) = reading.place(0, length);
            assert!(start <= end && end <= length, "{text:?}");
        }
    }
}
