use super::asks_again;
use proptest::prelude::*;

#[test]
fn the_same_question_is_known_in_other_words() {
    let asked = ["Which browser do you use?", "Could you send us the number of your order?"];
    for text in [
        "Which browser do you use?",
        "Hello Dana. What browsers are you using? Thank you.",
        "WHICH  BR\u{f6}WSER do you use?",
        "Can you tell us your order number, please?",
    ] {
        assert!(asks_again(text, &asked), "{text}");
    }
}

#[test]
fn another_question_and_no_question_are_new() {
    let asked = ["Which browser do you use?"];
    for text in
        ["Which site is it about?", "You said which browser you use. Thank you.", "Shall we call you?", "Which?", ""]
    {
        assert!(!asks_again(text, &asked), "{text}");
    }
    assert!(!asks_again("Which browser do you use?", &[]));
    assert!(!asks_again("Which browser do you use?", &["", "?"]));
}

proptest! {
    #[test]
    fn fuzz_a_question_is_itself_and_none_is_nothing(text in "\\PC{0,60}", word in "[a-z]{4,9}") {
        let _ = asks_again(&text, &[&text]);
        let question = format!("Which {word}?");
        prop_assume!(word != "which");
        prop_assert!(asks_again(&question, &[&question]) || super::EMPTY.contains(&word.as_str()));
    }
}
