use super::*;
use proptest::prelude::*;

fn words(text: &str) -> String {
    let plain = Plain::new(text);
    plain.tokens.iter().map(|token| plain.get(*token)).collect::<Vec<_>>().join(" ")
}

#[test]
fn a_text_is_words_and_marks() {
    for (text, tokens) in [
        ("Don't you DARE!!", "dont you dare !!"),
        ("sooooo slow...", "soo slow ..."),
        ("Paid $40.50, 2 hours on hold?!", "paid <money> , <n> hours on hold ?!"),
        ("@AnyAir see https://t.example/x now", "<at> see <url> now"),
        ("flight AA1182 at 9:40.", "flight <id> at <n> ."),
        ("sh1t, f**k, what a sc4m", "shit , <curse> , what a scam"),
        (">:( not ok :)", "\u{1F621} not ok \u{1F642}"),
        ("line one\nline two", "line one . line two"),
        ("Ünïted", "ünïted"),
    ] {
        assert_eq!(words(text), tokens, "{text:?}");
    }
}

#[test]
fn tricks_of_spelling_are_undone() {
    for text in [
        "s\u{200B}c\u{200D}a\u{2060}m",
        "ѕсаm",
        "\u{202E}scam\u{202C}",
        "ｓｃａｍ",
        "s\u{336}c\u{336}a\u{336}m\u{336}",
        "𝓼𝓬𝓪𝓶",
    ] {
        assert_eq!(words(&format!("what a {text} this is")), "what a scam this is", "{text:?}");
    }
    // A text of another script stays what it is.
    assert_eq!(words("Почему не работает"), "почему не работает");
}

#[test]
fn shouting_and_stretching_are_counted() {
    let plain = Plain::new("WHY is it SOOO slow??? \"great\" service!!");
    assert_eq!((plain.stretched, plain.asks, plain.bangs, plain.quoted), (1, 3, 2, 1));
    let shouts = plain.tokens.iter().filter(|token| token.kind == Kind::Shout).count();
    assert_eq!((plain.capitals, shouts), (7, 2));
}

proptest! {
    #[test]
    fn fuzz_any_text_comes_apart(text in any::<String>()) {
        let plain = Plain::new(&text);
        let mut end = 0;
        for token in &plain.tokens {
            prop_assert!(token.start >= end && token.end > token.start);
            prop_assert!(!plain.get(*token).is_empty());
            end = token.end;
        }
        prop_assert!(plain.tokens.len() <= text.nfkc().count() + 1);
    }
}
