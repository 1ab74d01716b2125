use super::*;
use proptest::prelude::*;

#[test]
fn words_lose_their_marks() {
    for (marked, read) in [
        ("Open **Settings > Data** and _wait_.", "Open Settings > Data and wait."),
        ("Send `Retry-After` and ``a`b``.", "Send Retry-After and a`b."),
        ("See [the plans](https://help.example/plans).", "See the plans (https://help.example/plans)."),
        ("See **[the plans](https://help.example/plans)**.", "See the plans (https://help.example/plans)."),
        ("See [**bold** plans](https://help.example).", "See bold plans (https://help.example)."),
        ("See [imports](import.md#rows).", "See imports."),
        (
            "Write to <help@flow.example> or [us](mailto:us@flow.example).",
            "Write to help@flow.example or us (us@flow.example).",
        ),
        (
            "<https://flow.example> and [https://flow.example](https://flow.example)",
            "https://flow.example and https://flow.example",
        ),
        ("![A green tick](tick.png) is fine", "A green tick is fine"),
        (
            "~~Old~~ new, 2 * 3 * 4, snake_case_name, 5 &lt; 6, \\*as is\\*",
            "Old new, 2 * 3 * 4, snake_case_name, 5 < 6, *as is*",
        ),
        ("A<br>B <b>C</b>", "A B C"),
        ("```sh\ncurl -X POST\n```", "curl -X POST\n"),
    ] {
        assert_eq!(plain(marked), read, "{marked}");
    }
}

#[test]
fn what_a_passage_is_made_of_stays() {
    let text = "1. Open **Data**.\n2. Choose `CSV`.\n\n- a\n- *b*\n\n| **Plan** | Users |\n|---|---|\n| Team | 15 |\n\n> **Note:** Never *twice*.\n";
    let read = "1. Open Data.\n2. Choose CSV.\n\n- a\n- b\n\n| Plan | Users |\n|---|---|\n| Team | 15 |\n\n> Note: Never twice.\n";
    assert_eq!(plain(text), read);
}

proptest! {
    /// Whatever an article is, its words are there, in order.
    #[test]
    fn no_word_is_lost(text in "([a-z]{1,6}|[*_`~<>\\[\\]()!#|\\\\ \n-]|\\*\\*|é|1\\. ){0,40}") {
        let words = |text: &str| text.split(|c: char| !c.is_alphanumeric()).collect::<String>();
        let plain = words(&plain(&text));
        let mut rest = words(&text).chars().collect::<Vec<_>>().into_iter();
        // Addresses and tags may go, and an address may follow its text.
        prop_assert!(text.contains(['<', '[', '`', '~']) || plain.chars().all(|c| rest.any(|other| other == c)), "{plain:?}");
    }
}
