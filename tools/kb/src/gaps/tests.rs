use super::*;

fn grouped(questions: &[&str]) -> Vec<Vec<usize>> {
    let questions: Vec<_> = questions.iter().map(|&q| q.to_owned()).collect();
    gaps(&questions).into_iter().map(|gap| gap.members).collect()
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
    let found = gaps(&questions);
    assert_eq!(found.iter().map(|gap| gap.members.len()).sum::<usize>(), MAX_QUESTIONS);
}
