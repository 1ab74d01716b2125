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
    let found = gaps(&questions, None);
    assert_eq!(found.iter().map(|gap| gap.members.len()).sum::<usize>(), MAX_QUESTIONS);
}

#[test]
fn questions_of_one_meaning_are_one_gap() {
    let questions = ["Can I pay with Bitcoin?", "is crypto taken", "how are you?", "Do you sell drones?"];
    let questions = questions.map(str::to_owned);
    let meanings = [vec![1.0, 0.0], vec![0.8, 0.6], vec![1.0, 0.0], vec![0.0, 1.0]];
    let found = gaps(&questions, Some(&meanings));
    // The third asks for nothing.
    assert_eq!(found.iter().map(|gap| gap.members.clone()).collect::<Vec<_>>(), [vec![0, 1], vec![3]]);
    assert_eq!(gaps(&questions, None).len(), 3);
    // The nearest group takes it, whichever came first.
    let meanings = [vec![1.0, 0.0], vec![0.0, 1.0], vec![1.0, 0.0], vec![0.6, 0.8]];
    let members: Vec<_> = gaps(&questions, Some(&meanings)).into_iter().map(|gap| gap.members).collect();
    assert_eq!(members, [vec![1, 3], vec![0]]);
    assert_eq!(gaps(&questions, Some(&[])).len(), 3, "of unknown meaning are alike to nobody");
}

#[test]
fn the_one_in_the_middle_tells_of_a_gap() {
    let questions = ["Pay by coin?", "Pay by bitcoin?", "Pay by crypto?"].map(str::to_owned);
    let meanings = [vec![1.0, 0.0], vec![0.8, 0.6], vec![0.28, 0.96]];
    let found = gaps(&questions, Some(&meanings));
    assert_eq!(found, [Gap { central: 1, members: vec![0, 1, 2] }]);
}

#[test]
fn a_story_is_no_part_of_what_is_asked() {
    let story = "Our treasurer is new. We keep money in coins. Can we pay with Bitcoin?";
    assert_eq!(asked(story), "Can we pay with Bitcoin?");
    assert_eq!(
        asked("We own a drone. Can we fly? It is heavy. Where is your shop?"),
        "Can we fly? Where is your shop?"
    );
    assert_eq!(
        asked("Our scanner writes E57 files. Can you do that?"),
        "Our scanner writes E57 files. Can you do that?"
    );
    assert_eq!(asked("I want to pay with Bitcoin. It is urgent."), "I want to pay with Bitcoin. It is urgent.");
    assert_eq!(asked("thermal imagery"), "thermal imagery");
    assert_eq!(asked("How?"), "How?");
    assert_eq!(asked(""), "");
}
