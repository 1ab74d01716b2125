use super::*;
use proptest::prelude::*;

#[test]
fn disguises_fall() {
    for (text, plain) in [
        ("４１１１", "4111"),
        ("4\u{200b}1\u{202e}1", "411"),
        ("٤١", "41"),
        ("dаna", "dana"),
        ("𝐝𝐚𝐧𝐚", "dana"),
        ("4111\u{2011}1111\u{a0}1", "4111-1111 1"),
    ] {
        assert_eq!(Unmasked::new(text).unwrap().text, plain, "{text:?}");
    }
    for text in ["Größe", "Привет", "plain", "日本"] {
        assert!(Unmasked::new(text).is_none_or(|unmasked| unmasked.text == text), "{text:?}");
    }
}

#[test]
fn diacritics_and_case_go() {
    assert_eq!(plain("Jürgen Łuksza Ærø İpek"), "jurgen luksza aero ipek");
}

proptest! {
    #[test]
    fn fuzz_places_are_on_chars(text in "[a-zа-я０-９\\u{200b}\\u{202e}é 1]{0,40}|\\PC{0,40}") {
        if let Some(unmasked) = Unmasked::new(&text) {
            for (at, c) in unmasked.text.char_indices() {
                prop_assert!(text.is_char_boundary(unmasked.start(at)));
                let end = unmasked.end(&text, at + c.len_utf8());
                prop_assert!(text.is_char_boundary(end) && end > unmasked.start(at) && end <= text.len());
            }
        }
    }
}
