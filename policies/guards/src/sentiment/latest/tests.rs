use super::*;
use proptest::prelude::*;

#[test]
fn the_newest_message_of_a_thread_is_kept() {
    for (thread, own) in [
        ("> old\nnew", "new\n"),
        ("new\n\nOn Monday, Dana <d@x.example> wrote:\n> old\n> older", "new\n\n"),
        ("On Monday, Dana wrote:\n> old\n\nnew, below", "\nnew, below\n"),
        ("new\n-----Original Message-----\nFrom: us\nold", "new\n"),
        ("new\n\nFrom: Dana <d@x.example>\nSent: Monday\nold", "new\n\n"),
        ("new\n-- \nDana, Head of Rooms", "new\n"),
        ("new\nSent from my phone", "new\n"),
        ("one line, On Monday Dana wrote: x", "one line, On Monday Dana wrote: x"),
        ("> nothing but\n> quotes", "> nothing but\n> quotes"),
        ("a rule\n---\nis no divider", "a rule\n---\nis no divider\n"),
    ] {
        assert_eq!(latest(thread), own, "{thread:?}");
    }
}

proptest! {
    #[test]
    fn fuzz_no_thread_is_left_without_words(thread in "(>? ?[a-z]{1,4}|On x wrote:|-{3,12}|From: a@b|\n| ){0,24}") {
        let has_words = |text: &str| text.contains(char::is_alphanumeric);
        prop_assert_eq!(has_words(&thread), has_words(&latest(&thread)));
    }
}
