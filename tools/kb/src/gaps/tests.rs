use super::*;

fn grouped(questions: &[&str]) -> Vec<Vec<usize>> {
    let questions: Vec<_> = questions.iter().map(|&q| q.to_owned()).collect();
    gaps(&questions, None).into_iter().map(|gap| gap.members).collect()
}

#[test]
fn alike_questions_are_one_gap() {
    assert_eq!(
        grouped(&[
            "Do you support thermal imagery?",
            "Can I pay with Bitcoin?",
            "is thermal imagery supported",
            "how are you?",
            "paying by bitcoin, can I?",
            "Which thermal imagery do you support?",
        ]),
        [vec![0, 2, 5], vec![1, 4]]
    );
    assert_eq!(
        grouped(&["How can I get a refund?", "I want a reimbursement", "Please repay me", "Where is your shop?"]),
        [vec![0, 1, 2], vec![3]]
    );
    assert_eq!(grouped(&[]), Vec::<Vec<usize>>::new());
}

#[test]
fn no_more_questions_are_grouped_than_can_be_compared() {
    let questions: Vec<_> = (0..20_000).map(|n| format!("question {n} about part {}", n % 7)).collect();
    let embeddings = vec![vec![1.0, 0.0]; questions.len()];
    for embeddings in [None, Some(embeddings.as_slice())] {
        let found = gaps(&questions, embeddings);
        let members: BTreeSet<usize> = found.iter().flat_map(|gap| gap.members.clone()).collect();
        assert!(members.into_iter().eq(20_000 - MAX_QUESTIONS..20_000), "the last ones");
        assert!(found.iter().all(|gap| gap.members.contains(&gap.central)));
    }
}

#[test]
fn questions_with_like_embeddings_are_one_gap() {
    let questions = ["Can I pay with Bitcoin?", "is crypto taken", "how are you?", "Do you sell drones?"];
    let questions = questions.map(str::to_owned);
    let embeddings = [vec![1.0, 0.0], vec![0.8, 0.6], vec![1.0, 0.0], vec![0.0, 1.0]];
    let found = gaps(&questions, Some(&embeddings));
    // The third asks for nothing.
    assert_eq!(found.iter().map(|gap| gap.members.clone()).collect::<Vec<_>>(), [vec![0, 1], vec![3]]);
    assert_eq!(gaps(&questions, None).len(), 3);
    // The nearest group takes it, whichever came first.
    let embeddings = [vec![1.0, 0.0], vec![0.0, 1.0], vec![1.0, 0.0], vec![0.6, 0.8]];
    let members: Vec<_> = gaps(&questions, Some(&embeddings)).into_iter().map(|gap| gap.members).collect();
    assert_eq!(members, [vec![1, 3], vec![0]]);
    assert_eq!(gaps(&questions, Some(&[])), gaps(&questions, None), "each has one, or words are compared");
    let unlike = [vec![1.0, 0.0], vec![1.0], vec![], vec![1.0, 0.0, 0.0]];
    assert_eq!(gaps(&questions, Some(&unlike)).len(), 3, "of other dimensions are alike to nobody");
}

#[test]
fn what_has_no_embedding_is_compared_by_words() {
    let questions =
        ["Wo ist meine Lieferung?", "Where is my parcel?", "Wo ist meine Lieferung geblieben?", "Kann ich Bitcoin?"];
    let none = || vec![0.0, 0.0];
    let found = gaps(&questions.map(str::to_owned), Some(&[none(), vec![1.0, 0.0], none(), none()]));
    assert_eq!(found.into_iter().map(|gap| gap.members).collect::<Vec<_>>(), [vec![0, 2], vec![1], vec![3]]);
}

#[test]
fn the_one_in_the_middle_tells_of_a_gap() {
    let questions = ["Pay by coin?", "Pay by bitcoin?", "Pay by crypto?"].map(str::to_owned);
    let embeddings = [vec![1.0, 0.0], vec![0.8, 0.6], vec![0.28, 0.96]];
    let found = gaps(&questions, Some(&embeddings));
    assert_eq!(found, [Gap { central: 1, members: vec![0, 1, 2] }]);
}

#[test]
fn a_story_is_no_part_of_what_is_asked() {
    let story = "Our treasurer is new. We keep money in coins. Can we pay with Bitcoin?";
    assert_eq!(asked(story), "Can we pay with Bitcoin?");
    let two = "We own a drone. Can we fly by night? It is heavy. Where is your nearest shop?";
    assert_eq!(asked(two), "Can we fly by night? Where is your nearest shop?");
    assert_eq!(
        asked("Our scanner writes E57 files. Can you do that?"),
        "Our scanner writes E57 files. Can you do that?"
    );
    assert_eq!(asked("I want to pay with Bitcoin. It is urgent."), "I want to pay with Bitcoin. It is urgent.");
    let film = "Our scanner writes E57 files. Please help. Can you do that?";
    assert_eq!(asked(film), "Our scanner writes E57 files. Can you do that?", "to the last one that says something");
    assert_eq!(asked("Money is short. Can we pay with Bitcoin?! Yours"), "Can we pay with Bitcoin?!");
    assert_eq!(asked("Money is short. can we pay with Bitcoin"), "can we pay with Bitcoin");
    let thin = "I would like to pay with Bitcoin. Is that supported?";
    assert_eq!(asked(thin), thin);
    let first = "How are you? I want to pay with Bitcoin.";
    assert_eq!(asked(first), first, "nothing is asked there");
    assert_eq!(asked("thermal imagery"), "thermal imagery");
    assert_eq!(asked("How?"), "How?");
    assert_eq!(asked(""), "");
    let long = "a? ".repeat(100_000) + "Is zebra? ";
    assert!(asked(&long).ends_with("Is zebra?"), "however many there are");
}
