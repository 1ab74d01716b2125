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
        // Dots that go on end no sentence, in no language.
        "Ich will nicht.. mit einem Menschen sprechen",
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
    for text in
        ["a", "human ", "talk to ", " ", "not ", "am i ", "human, ", "want a human i am ", "m3nsch will ", "h\u{200b}u"]
    {
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

#[test]
fn a_wish_is_heard_in_any_spelling() {
    for text in [
        "i WaNt A hUmAn",
        "I want a hum4n",
        "t4lk t0 a p3r50n pl3a$e, real p3rson",
        "TALK TO AN 4GENT",
        "I need a huuuuman",
        "I  want\ta\nhuman!!!",
        "i...want...a...human",
        "I w\u{e4}nt a h\u{fa}man",
        "I want a h\u{200b}um\u{200b}an",
        "I want a hum\u{430}n",
        "\u{ff28}\u{ff35}\u{ff2d}\u{ff21}\u{ff2e}",
        "I want a h-u-m-4-n",
        "speak_to_a_human",
    ] {
        assert!(wants_human(text), "{text:?}");
    }
    for text in ["asset 4711 at site 0", "no hum4n needed", "humane 3 pumps", "Our 4gents cannot log in."] {
        assert!(!wants_human(text), "{text:?}");
    }
}

#[test]
fn a_wish_is_heard_in_other_languages() {
    for text in [
        "Ich m\u{f6}chte mit einem Menschen sprechen.",
        "Kann ich bitte mit einem Mitarbeiter reden?",
        "Ich will keinen Bot, ich will einen Menschen",
        "ICH WILL EINEN M3NSCHEN",
        "Je voudrais parler \u{e0} un conseiller",
        "je veux un humain",
        "Quiero hablar con una persona",
        "Necesito un humano, por favor",
        "Vorrei parlare con un operatore",
        "Quero falar com um atendente",
        "Ik wil graag een medewerker spreken",
        "Chc\u{119} porozmawia\u{107} z cz\u{142}owiekiem",
        "Jag vill prata med en m\u{e4}nniska",
        "Chci mluvit s \u{10d}lov\u{11b}kem",
        "Bir insanla konu\u{15f}mak istiyorum",
        "Хочу поговорить с человеком",
        "Соедините меня с оператором",
        "Хочу говорити з людиною",
        "转人工客服",
        "人間と話したいです",
        "상담원 연결해 주세요",
        "أريد التحدث مع شخص",
        "मुझे किसी इंसान से बात करनी है",
        "Saya mau bicara dengan manusia",
    ] {
        assert!(wants_human(text), "{text:?}");
    }
    for text in [
        "Ich m\u{f6}chte einen neuen Mitarbeiter anlegen.",
        "Ich will nicht mit einem Menschen sprechen.",
        "Wie viele Personen passen in einen Plan?",
        "Je ne veux pas un humain",
        "No quiero hablar con una persona",
        "Quiero agregar una persona a mi equipo",
        "Как добавить сотрудника в команду?",
        "我想导出数据",
        "Le module des ressources humaines est vide.",
    ] {
        assert!(!wants_human(text), "{text:?}");
    }
}
