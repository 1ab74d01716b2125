use super::*;

#[test]
fn words_are_stemmed_and_empty_ones_dropped() {
    let words = Words::new().of("How do I print 12 QR-labels, and what’s printing? Café's");
    assert_eq!(words.into_iter().collect::<Vec<_>>(), ["café", "label", "print", "qr"]);
}

#[test]
fn a_sentence_ends_where_it_does() {
    let text = "Version 2.5 is out. See app.example, e.g. the page.\nIs it? Yes!\n\nNo stop here\n\n1. Go on.";
    let expected =
        ["Version 2.5 is out.", "See app.example, e.g. the page.", "Is it?", "Yes!", "No stop here", "1. Go on."];
    assert_eq!(sentences(text), expected);
}
