use super::*;

fn list(text: &str) -> Vec<String> {
    terms(text).into_iter().collect()
}

#[test]
fn words_are_stemmed_folded_and_without_stop_words() {
    assert_eq!(list("How do I get my REFUNDS?"), ["get", "refund"]);
    assert_eq!(list("I don't, can't, won't; it's"), Vec::<String>::new());
    assert_eq!(list("Crème brûlée"), ["brule", "creme"]);
    assert_eq!(list("refunding refunded refunds"), ["refund"]);
    assert_eq!(
        list("\"title:\" AND (body^2 OR *) ~ [a TO b]"),
        ["b", "bodi", "titl", "2"].into_iter().collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>()
    );
}

#[test]
fn a_long_question_is_read_in_part() {
    let long = format!("refund {}needle", "x ".repeat(MAX_QUERY));
    let terms = query_terms(&long);
    assert!(terms.contains("refund"));
    assert!(!terms.contains("needl"));
}
