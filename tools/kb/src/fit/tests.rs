use super::*;

fn asked(query: &str) -> Asked {
    let word = |term: String| Ok::<_, ()>(Word { term, alike: BTreeSet::new(), weight: 3.0, unknown: false });
    Asked::read(query, word).unwrap()
}

fn terms(query: &str) -> Vec<String> {
    asked(query).words.into_iter().map(|word| word.term).collect()
}

fn passage(title: &str, text: &str) -> Passage {
    let at = Passage {
        id: String::new(),
        doc: title.into(),
        title: title.into(),
        passage: text.into(),
        start: 0,
        end: 0,
        score: 0.0,
        fit: None,
        about: Default::default(),
    };
    Passage { doc: at.title.split(" > ").next().unwrap().into(), ..at }
}

fn fit(query: &str, passages: &[Passage]) -> Vec<f32> {
    let read: Vec<_> = passages.iter().map(|passage| Read::new(passage, "")).collect();
    let candidates = passages.iter().zip(&read);
    let candidates: Vec<_> = candidates
        .map(|(passage, read)| Candidate { passage, read, score: 9.0, near: None, skimmed: None, odds: None })
        .collect();
    asked(query).signs(&candidates, 3.0).iter().map(Signs::fit).collect()
}

#[test]
fn a_question_is_asked_in_its_own_sentence() {
    assert_eq!(terms("We moved last year. How do we update our billing address?"), ["updat", "bill", "address"]);
    assert_eq!(terms("I want to cancel my plan. How do I do that?"), ["cancel", "plan"]);
    assert_eq!(terms("cancel my plan"), ["cancel", "plan"]);
    assert_eq!(terms("How do I?"), Vec::<String>::new());
    assert!(!asked("How do I?").asks());
}

#[test]
fn what_is_said_in_one_place_under_its_heading_fits_best() {
    let found = fit(
        "How do I export my invoices?",
        &[
            passage("Invoices > Export invoices", "Choose **Export** to export your invoices."),
            passage("Invoices > Print", "Print invoices.\n\nThe export of parts is elsewhere."),
            passage("Parts", "Parts are kept in stock."),
        ],
    );
    // Of one article the passage that says it goes first; below 0.5 nothing is answered.
    assert!(found[0] > found[1] && found[1] > 0.5 && 0.5 > found[2], "{found:?}");
}

#[test]
fn what_was_skimmed_counts_and_what_was_not_is_worse_than_the_worst() {
    let passages = [passage("Refunds", "We pay back within 14 days."), passage("Parts", "Parts are kept in stock.")];
    let read = passages.each_ref().map(|passage| Read::new(passage, ""));
    let seen = |odds: [Option<f32>; 2]| {
        let all = passages.iter().zip(&read).zip(odds);
        let candidate =
            |((passage, read), skimmed)| Candidate { passage, read, score: 9.0, near: None, skimmed, odds: None };
        asked("When do I see my cash?").signs(&all.map(candidate).collect::<Vec<_>>(), 3.0)
    };
    let (all, some, none) = (seen([Some(4.0), Some(-4.0)]), seen([Some(4.0), None]), seen([None, None]));
    assert!(all[0].skimmed && all[0].fit() > none[0].fit() && all[1].fit() < none[1].fit());
    assert_eq!([4.0, 3.5], [0, 1].map(|at: usize| *some[at].values.last().unwrap()));
    assert!(!none[0].skimmed && none[0].values.last() == Some(&UNSKIMMED));
}

#[test]
fn a_figure_is_looked_for_where_one_is_asked_for() {
    let text = |figure: &str| passage("Plans > Limits", &format!("A plan has {figure} sites."));
    let found = fit("How many sites does a plan have?", &[text("25"), text("several")]);
    assert!(found[0] > found[1], "{found:?}");
    let found = fit("Which sites does a plan have?", &[text("25"), text("several")]);
    assert_eq!(found[0], found[1]);
}

#[test]
fn a_word_is_explained_where_a_row_begins_with_it() {
    let row = |cell: &str| passage("Glossary > Words", &format!("| Word | Meaning |\n|---|---|\n{cell}\n"));
    let rows = [row("| Lead time | days before |"), row("| Days | before the lead time |")];
    let found = fit("What does lead time mean?", &rows);
    assert!(found[0] > found[1], "{found:?}");
}

#[test]
fn words_of_one_root_are_akin() {
    for (asked, said, same) in [
        ("invit", "invitat", true),
        ("encrypt", "encryption", true),
        ("plan", "plant", false),
        ("import", "improv", false),
    ] {
        assert_eq!(akin(asked, said), same, "{asked} {said}");
    }
}

#[test]
fn what_is_near_and_stands_out_fits_better() {
    let text = passage("Quiet hours", "Set the time when no message arrives.");
    let fit = |own, article, other| {
        let near = Some(Nearness { own, article, other, ..Nearness::default() });
        asked("How do I mute my phone?").signs(
            &[Candidate { passage: &text, read: &Read::new(&text, ""), score: 0.0, near, skimmed: None, odds: None }],
            3.0,
        )[0]
        .fit()
    };
    assert!(fit(0.7, 0.7, 0.3) > fit(0.7, 0.7, 0.7));
    assert!(fit(0.7, 0.7, 0.3) > fit(0.4, 0.4, 0.3));
    assert!(fit(0.7, 0.7, 0.3) > fit(0.4, 0.7, 0.3));
}

#[test]
fn each_sign_has_a_name_of_its_own_and_weighs_only_where_it_is_seen() {
    let names: BTreeSet<&str> = WEIGHTS.iter().map(|(name, ..)| *name).collect();
    assert_eq!(names.len(), SIGNS);
    let zero = |what: &str, of: &[usize]| {
        let those = WEIGHTS.iter().filter(|(name, _)| name.starts_with(what));
        those.flat_map(|(_, weights)| of.iter().map(|at| weights[*at])).all(|weight| weight == 0.0)
    };
    assert!(zero("near", &[0, 1, 4, 5]) && zero("sentence", &[0, 1, 4, 5]) && zero("asked", &[0, 1, 2, 3]));
    assert!(zero("skimmed", &[0, 4]) && [1, 2, 3, 5, 6, 7].iter().all(|at| !zero("skimmed", &[*at])));
    assert!(zero("odds", &[0, 1, 2, 4, 5, 6]) && !zero("odds", &[3]) && !zero("odds", &[7]));
}
