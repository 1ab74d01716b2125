use super::*;

fn fact(key: &str) -> Evidence {
    Evidence::Fact { key: key.to_owned(), permission: attache_journal::Permission::Mentionable }
}

#[test]
fn sentences_are_cut_by_characters_and_nothing_is_lost() {
    // Offsets count the subject and its line feed: `Hé` and one.
    let (body, rests) = ("Ünïté. Zwei.\nEnd", fact("a"));
    let support = [
        Support { start: 0, end: 2, evidence: vec![] },
        Support { start: 3, end: 9, evidence: vec![rests.clone()] },
        Support { start: 10, end: 15, evidence: vec![] },
    ];
    let flagged: Vec<_> = std::iter::once(4..6).collect();
    let cut = pieces(body, 3, &support, &[&rests], &flagged);
    let told: Vec<_> = cut.iter().map(|p| (p.text.as_str(), p.sentence, p.rests_on.as_slice())).collect();
    assert_eq!(cut.iter().map(|p| p.flagged).collect::<Vec<_>>(), [true, false, false, false]);
    assert_eq!(told, [("Ünïté.", true, &[1][..]), (" ", false, &[]), ("Zwei.", true, &[]), ("\nEnd", false, &[])]);
}

#[test]
fn spans_that_are_out_of_place_do_not_repeat_text() {
    let support = [Support { start: 5, end: 90, evidence: vec![] }, Support { start: 2, end: 7, evidence: vec![] }];
    let text: String = pieces("abcdef", 1, &support, &[], &[]).into_iter().map(|piece| piece.text).collect();
    assert_eq!(text, "abcdef");
}

#[test]
fn a_change_is_told_by_word() {
    let changed = words("we deliver on Monday", "we deliver on Tuesday");
    let told: Vec<_> = changed.iter().filter(|c| !c.tag.is_empty()).map(|c| (c.tag, c.text.as_str())).collect();
    assert_eq!(told, [("del", "Monday"), ("ins", "Tuesday")]);
}
