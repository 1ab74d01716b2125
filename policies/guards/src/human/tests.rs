use super::*;
use proptest::prelude::*;

#[test]
fn asks_for_a_person() {
    for text in [
        "Can I talk to a human?",
        "I want to speak with an agent.",
        "HUMAN",
        "human please",
        "Human, please!",
        "Representative",
        "I need a real person, not a bot",
        "please connect me to one of your agents",
        "Put me through to someone",
        "let me speak to your manager",
        "I'd like to talk to somebody from support",
        "Is there a real person I can talk to?",
        "transfer me to a live agent",
        "No more bots! Agent please",
        "I don't want a bot, I want a human",
        "I don't want to talk to a bot I want a person",
        "why can't I talk to a human",
        "I can't reach a human",
        "give me a human being",
        "get me a supervisor",
        "I would prefer a human agent",
        "Could someone from your team help? I want to chat with a live person",
        "please escalate this to a manager",
        "can i have a representative call me",
        "stop this robot, live agent now",
        "I\u{2019}d rather speak to a person",
    ] {
        assert!(wants_human(text), "{text:?}");
    }
}

#[test]
fn does_not_ask_for_a_person() {
    for text in [
        "",
        "How do I invite a new agent to my team?",
        "No need for a human, the article solved it.",
        "I don't want to talk to a human.",
        "you do not need to connect me to an agent",
        "I solved it without talking to a person",
        "The human resources module is empty.",
        "Our agents cannot log in.",
        "I'm not a robot captcha fails",
        "Are you a real person?",
        "Am I talking to a real person?",
        "The person field is required on import",
        "Our sales representative told us about the Pro plan.",
        "How do I reset my password?",
        "which user agent do you send with webhooks?",
    ] {
        assert!(!wants_human(text), "{text:?}");
    }
}

#[test]
fn discloses() {
    for text in [
        "You are writing with our AI assistant.",
        "I'm an AI, and a colleague will read this.",
        "This message was written by an AI agent of Northwind.",
        "This is an automated message.",
        "Hi, I am the virtual assistant of Acme.",
        "Diese Antwort wurde automatisch erstellt.",
    ] {
        assert!(discloses_ai(text), "{text:?}");
    }
    for text in [
        "",
        "Dana here from support.",
        "I am not an AI.",
        "This is not an automated message.",
        "We said that it rained in Mainz.",
        "We offer an AI feature for planning.",
    ] {
        assert!(!discloses_ai(text), "{text:?}");
    }
}

#[test]
fn a_mebibyte_takes_no_longer_than_its_length() {
    for text in ["a", "human ", "talk to ", " ", "not ", "am i ", "human, ", "want a human i am "] {
        let long = crate::tests::long(text);
        let _ = (wants_human(&long), discloses_ai(&long));
    }
}

proptest! {
    #[test]
    fn fuzz_any_text_has_an_answer(text in "\\PC*") {
        let _ = (wants_human(&text), discloses_ai(&text));
    }
}

#[test]
fn a_wish_is_heard_through_letters_that_stand_apart() {
    for text in ["I want a h u m a n", "h.u.m.a.n please", "get me a  r-e-a-l  p-e-r-s-o-n", "A G E N T"] {
        assert!(wants_human(text), "{text:?}");
    }
    for text in ["plan a b c d", "no h u m a n needed", "", "a b"] {
        assert!(!wants_human(text), "{text:?}");
    }
}
