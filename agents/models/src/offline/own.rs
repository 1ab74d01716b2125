//! Questions about one account: what is, was or will be of the asker's own things.
//! No article knows that, however near it is: `Is my refund approved?` reads like
//! what the article on refunds answers.

/// What says so wherever it stands.
const STATES: [&str; 23] = [
    "am i on",
    "are we on",
    "did my",
    "did our",
    "do you have for me",
    "do you have on me",
    "does my subscription renew",
    "does our subscription renew",
    "has anyone",
    "has my",
    "has our",
    "is my current",
    "is our current",
    "was i charged",
    "was my",
    "was our",
    "were my",
    "were our",
    "were we charged",
    "what is my",
    "what is our",
    "which of my",
    "which of our",
];

/// What says so with somebody's own.
const TIMES: [&str; 8] =
    ["at the moment", "in this month", "last night", "last week", "right now", "so far", "this morning", "yesterday"];

/// Whoever begins like this asks how something is done, whenever that was.
const HOW: [&str; 9] = ["can i", "can we", "could", "how can", "how do", "how should", "how would", "may", "where"];

/// What somebody has of their own at a company: `Is my refund`.
const THINGS: [&str; 23] = [
    "account",
    "application",
    "backup",
    "booking",
    "card",
    "claim",
    "complaint",
    "contract",
    "credit",
    "export",
    "import",
    "invoice",
    "money",
    "order",
    "payment",
    "plan",
    "refund",
    "request",
    "subscription",
    "ticket",
    "transfer",
    "trial",
    "upload",
];

/// Under a condition it is asked in general: `Is my account closed if I …`.
const CONDITIONS: [&str; 5] = ["after", "if", "once", "when", "while"];

/// What begins a question for a number or a name.
const COUNTED: [&str; 6] = ["how many", "how much", "how often", "what", "when", "which"];

/// What asks for a value.
const VALUES: [&str; 4] = ["give me the", "show me the", "tell me the", "what is the"];

/// Whether a question is about one account.
pub(super) fn is_own(sentence: &str) -> bool {
    let words = sentence.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    let words: Vec<String> = words.map(str::to_lowercase).collect();
    let text = Text(format!(" {} ", words.join(" ")));
    let mine = ["i", "my", "our", "we"].iter().any(|word| text.says(word));
    text.any(&STATES)
        || (mine && text.any(&TIMES) && !text.begins(&HOW))
        || (text.any(&VALUES) && text.any(&["of my", "of our"]))
        || is_of_a_thing(&words)
        || text.begins(&["who changed", "who closed", "who deleted", "who opened"])
        || (text.begins(&COUNTED) && has_done(&words))
        || (text.begins(&["how many", "how much"]) && text.ends(&["do i have", "do we have", "do we have left"]))
        || (text.begins(&["what", "which"]) && text.ends(&["in my account", "in our account", "on our account"]))
}

/// A sentence in small letters, with one space around each word.
struct Text(String);

impl Text {
    fn says(&self, phrase: &str) -> bool {
        self.0.contains(&format!(" {phrase} "))
    }

    fn any(&self, phrases: &[&str]) -> bool {
        phrases.iter().any(|phrase| self.says(phrase))
    }

    fn begins(&self, phrases: &[&str]) -> bool {
        phrases.iter().any(|phrase| self.0.starts_with(&format!(" {phrase} ")))
    }

    fn ends(&self, phrases: &[&str]) -> bool {
        phrases.iter().any(|phrase| self.0.ends_with(&format!(" {phrase} ")))
    }
}

/// `Is my refund approved`, `When will our transfer arrive`, and not `Is my payment
/// data safe`.
fn is_of_a_thing(words: &[String]) -> bool {
    let is = |word: &String, of: &[&str]| of.contains(&word.as_str());
    let own = |at: usize| match words.get(at..).unwrap_or_default() {
        [verb, whose, thing, rest @ ..] => {
            is(verb, &["are", "is", "will"])
                && is(whose, &["my", "our"])
                && is(thing, &THINGS)
                && !rest.first().is_some_and(|next| is(next, &["data", "details", "information", "method", "methods"]))
        }
        _ => false,
    };
    (0..words.len()).any(own) && !words.iter().skip(1).any(|word| is(word, &CONDITIONS))
}

/// `have we made`, `did I last`, and not `have we to` or `did we need`.
fn has_done(words: &[String]) -> bool {
    words.windows(3).any(|run| match run {
        [verb, who, what] => {
            matches!(verb.as_str(), "did" | "have")
                && matches!(who.as_str(), "i" | "we")
                && !matches!(what.as_str(), "have" | "need" | "to")
        }
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::is_own;

    #[test]
    fn the_state_of_somebodys_own_things_is_in_no_article() {
        for asked in [
            "Is my refund approved?",
            "When will our transfer arrive?",
            "How many users do we have at the moment?",
            "How many API requests have we made today?",
            "How much credit do we have left?",
            "When did I last sign in?",
            "When was our last backup made?",
            "What is my customer number?",
            "Which card is stored in our account?",
            "What is the serial number of our boiler?",
            "Why was my card charged yesterday?",
            "Which of my technicians has not signed in?",
            "Who closed work order 2210?",
        ] {
            assert!(is_own(asked), "{asked}");
        }
    }

    #[test]
    fn how_something_is_done_with_ones_own_is_in_articles() {
        for asked in [
            "How do I send my entries right now?",
            "Will my colleague find out when I give him a task?",
            "Will my comments be lost if somebody works on the same ticket?",
            "Is my account closed if I do not pay?",
            "How much do we have to pay?",
            "What did we need to import?",
            "Is our data kept apart from that of others?",
            "Is my payment data safe?",
            "One of my technicians lost his phone, what now?",
            "How many assets can we have on Starter?",
            "Where do I see what we paid last week?",
        ] {
            assert!(!is_own(asked), "{asked}");
        }
    }
}
