use super::Spellings;
use proptest::prelude::*;

fn starts(letters: &[&str], text: &str) -> Vec<(usize, usize)> {
    let spellings = Spellings::new(letters.iter().map(|text| (*text).to_owned()));
    spellings.starts(text.as_bytes()).collect()
}

#[test]
fn all_that_a_text_begins_with_is_found_the_longest_first() {
    let letters = ["danawhitfield", "dana", "", "danube", "d", "dana", "whitfield"];
    assert_eq!(starts(&letters, "danawhitfieldwrites").first(), Some(&(0, 13)));
    let mut found = starts(&letters, "danawhitfieldwrites");
    found.sort_unstable();
    assert_eq!(found, [(0, 13), (1, 4), (4, 1), (5, 4)]);
    // What sorts last before the text need not be what it begins with.
    assert_eq!(starts(&letters, "danazzz").len(), 3);
    assert_eq!(starts(&letters, "xdana"), []);
    assert_eq!(starts(&letters, ""), []);
    assert!(Spellings::new([String::new()]).is_empty());
}

proptest! {
    #[test]
    fn it_finds_what_a_look_at_each_finds(letters in prop::collection::vec("[ab]{0,5}", 0..12), text in "[abc]{0,8}") {
        let spellings = Spellings::new(letters.clone());
        let mut found: Vec<_> = spellings.starts(text.as_bytes()).collect();
        found.sort_unstable();
        let each = letters.iter().enumerate().filter(|(_, l)| !l.is_empty() && text.starts_with(l.as_str()));
        prop_assert_eq!(found, each.map(|(at, l)| (at, l.len())).collect::<Vec<_>>());
    }
}
