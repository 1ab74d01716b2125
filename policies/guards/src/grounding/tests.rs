use super::*;
use crate::{PatternPii, PiiDetector};
use proptest::prelude::*;

mod planted;

fn unfounded(text: &str, sources: &[&str]) -> Vec<(&'static str, String)> {
    ground(text, &PatternPii.find(text), sources, |_| true, "")
        .unfounded
        .into_iter()
        .map(|found| (found.kind.as_str(), text.chars().skip(found.start).take(found.end - found.start).collect()))
        .collect()
}

#[test]
fn a_specific_stands_in_a_source_however_it_is_written() {
    for (text, source) in [
        ("That is $12,500.00 a year.", "price: 12500"),
        ("That is 12.500 € a year.", "12,500 EUR"),
        ("It costs 12.5k.", "12500"),
        ("You have twenty-five seats.", "seats: 25"),
        ("It takes 3 days.", "It takes three days."),
        ("You paid €1,200.00.", r#"{"amount":{"minor":120000,"currency":"EUR"}}"#),
        ("It renews on March 3, 2026.", "renewal 2026-03-03T00:00:00Z"),
        ("It renews on 3 Mar.", "renewal 2026-03-03"),
        ("Since 03/03/2026.", "3 March 2026"),
        ("Write to Help@Northwind.example.", "help@northwind.example"),
        ("See https://docs.example/a.", "at https://docs.example/a"),
        ("We will refund the charge.", "Charges are refunded within a week."),
        ("We cannot refund the charge.", ""),
        ("1. Open the page.\n2) Save it. We are here 24/7 [1].", ""),
        ("One of us will look at the two of them.", ""),
        ("You wrote <PERSON_9>, which is nobody.", "What the customer wrote: is <person_9> me?"),
    ] {
        assert_eq!(unfounded(text, &[source]), [], "{text:?}");
    }
}

#[test]
fn what_stands_nowhere_is_found() {
    for (text, kind, value) in [
        ("That is $12,501 a year.", "price", "12,501"),
        ("You get 15 % off.", "price", "15"),
        ("It takes 14 days.", "number", "14"),
        ("It takes fourteen days.", "number", "fourteen"),
        ("You came by twice.", "number", "twice"),
        ("It renews on March 4.", "date", "March 4"),
        ("It renews on 2026-03-04.", "date", "2026-03-04"),
        ("Write to sales@else.example.", "email", "sales@else.example"),
        ("See https://else.example/a.", "url", "https://else.example/a"),
        ("Call +1 415 555 2671.", "identifier", "+1 415 555 2671"),
        ("Ask for Mr. Whitfield.", "name", "Whitfield"),
        ("We will refund it.", "promise", "refund"),
        ("Ask <person_9> again.", "placeholder", "<person_9>"),
    ] {
        let source = "It renews on March 3, 2026 for $12,500. See https://docs.example, help@docs.example.";
        assert_eq!(unfounded(text, &[source]), [(kind, value.to_owned())], "{text:?}");
    }
}

#[test]
fn who_quotes_promises_no_more_than_the_source() {
    let source = "If a storm comes you will have your money back. You may have a full refund.";
    for text in [
        "If a storm comes you will have your money back.",
        "You may have a full refund.",
        "You can have your money back. If a storm comes you will have your money back!",
    ] {
        assert_eq!(unfounded(text, &[source]), [], "{text:?}");
    }
    for (text, value) in [
        ("You will have your money back.", "money back"),
        ("The team have already refunded you.", "refunded"),
        ("You have been refunded.", "refunded"),
        ("You have a full refund.", "refund"),
    ] {
        assert_eq!(unfounded(text, &[source]), [("promise", value.to_owned())], "{text:?}");
    }
}

#[test]
fn sentences_know_their_sources() {
    let sources = ["Exports are limited to 50,000 rows each.", "plan: Growth", "You can schedule exports nightly."];
    let text = "Exports are limited to 50,000 rows. You can schedule exports nightly! Kind regards";
    let grounding = ground(text, &[], &sources, |_| true, "");
    let of: Vec<_> = grounding.sentences.iter().map(|sentence| sentence.sources.clone()).collect();
    assert_eq!(of, [vec![0], vec![2], vec![]]);
    assert_eq!((grounding.sentences[1].start, grounding.sentences[1].end), (36, 69));
}

proptest! {
    #[test]
    fn fuzz_spans_fit(text in "\\PC{0,60}|([0-9]{1,4}[-./, ]){0,9}|((twenty|hundred|and|March|3rd|€) ){0,9}", source in "\\PC{0,40}") {
        let grounding = ground(&text, &PatternPii.find(&text), &[&source, &text], |_| true, "");
        let length = text.chars().count();
        prop_assert!(grounding.sentences.iter().all(|s| s.start < s.end && s.end <= length));
        // A text always rests on itself.
        prop_assert_eq!(grounding.unfounded, vec![]);
    }
}

/// The sentences of `text` that what is cited does not hold.
fn unsupported<'a>(text: &'a str, cited: &str, other: &str) -> Vec<&'a str> {
    let asked = "Do you accept bitcoin in Norway?";
    let grounding = ground(text, &PatternPii.find(text), &[cited, other], |source| source == 0, asked);
    let sentences = sentences(text);
    let places = grounding.unsupported.iter().filter_map(|place| sentences.get(*place));
    places.filter_map(|(start, end)| text.get(*start..*end)).collect()
}

#[test]
fn a_sentence_stands_in_what_is_cited_or_it_is_named() {
    let export = "Owners can export all data as a ZIP file under Settings > Data. The link is valid for 7 days.";
    let bitcoin = "Bitcoin payments are accepted in Norway. Refunds take 14 days.";
    for fine in [
        "As an owner, you can export your data: open Settings, then Data. You get a ZIP file.",
        "Hello,\n\nThanks for reaching out! The exported ZIP file has all of your data.",
        "Would you like to hear more about bitcoin payments in Norway?",
        "Hope that helps.",
        "The link works for seven days.",
    ] {
        assert_eq!(unsupported(fine, export, bitcoin), [""; 0], "{fine:?}");
    }
    for (text, sentence) in [
        (
            "You can export all data. Bitcoin payments are accepted in Norway.",
            "Bitcoin payments are accepted in Norway.",
        ),
        (
            "Exports contain attachments, comments and deleted invoices.",
            "Exports contain attachments, comments and deleted invoices.",
        ),
        ("Exports go out. Yes, you can export as bitcoin.", "Yes, you can export as bitcoin."),
        // The figure stands elsewhere, not in what is cited.
        ("The link is valid for 14 days.", "The link is valid for 14 days."),
    ] {
        assert_eq!(unsupported(text, export, bitcoin), [sentence], "{text:?}");
    }
    assert_eq!(unsupported("The link is valid for 7 days.", "", export), ["The link is valid for 7 days."]);
}
