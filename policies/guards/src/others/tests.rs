use super::other_ids;
use proptest::prelude::*;

#[test]
fn another_customer_is_found_where_they_stand() {
    assert_eq!(other_ids("See cus_1001 and CUS_1042.", "cus_1042"), [(4, 12)]);
    assert_eq!(other_ids("\u{e4}: cus_10420", "cus_1042"), [(3, 12)]);
    assert_eq!(other_ids("cus\u{200b}_10\u{200d}01", "cus_1042"), [(0, 10)]);
    assert_eq!(
        other_ids("c\u{443}s_1001", "cus_1042"),
        [],
        "another letter is another prefix where nothing is Latin alone"
    );
}

#[test]
fn ones_own_id_and_other_words_are_not() {
    for text in ["cus_1042", "discus_7 and cus_", "focus_1001", "customer 1001", ""] {
        assert_eq!(other_ids(text, "cus_1042"), [], "{text}");
    }
    for own in ["4711", "dana", "", "x9"] {
        assert_eq!(other_ids("4712 dana2 x8", own), [], "{own}");
    }
}

proptest! {
    #[test]
    fn fuzz_places_lie_in_the_text(text in "\\PC{0,40}", own in "[a-z]{0,3}_?[0-9]{0,3}") {
        for (start, end) in other_ids(&text, &own) {
            prop_assert!(start < end && end <= text.chars().count());
        }
    }
}
