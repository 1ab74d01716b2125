use super::*;
use crate::{Actor, DraftId, Verdict};
use attache_context::{Channel, Stage};

fn at(text: &str) -> Timestamp {
    format!("2026-11-{text}Z").parse().unwrap()
}

/// The entries of a run with these outlines, an hour apart.
fn run(id: &str, subject: Option<&str>, start: &str, outlines: Vec<Outline>) -> RunFacts {
    let started = Outline::RunStarted {
        playbook: "support".into(),
        stage: Stage::Support,
        trigger: "message".into(),
        channel: Channel::Email,
    };
    let entries: Vec<Entry> = [started]
        .into_iter()
        .chain(outlines)
        .zip(0..)
        .map(|(outline, seq)| Entry {
            v: crate::VERSION,
            run: RunId::new(id),
            seq,
            at: at(start) + SignedDuration::from_hours(i64::try_from(seq).unwrap()),
            actor: Actor::System,
            subject: subject.map(SubjectId::new),
            outline,
            commitment: String::new(),
            prev: String::new(),
            hash: String::new(),
            salt: None,
            event: None,
        })
        .collect();
    RunFacts::read(&entries).unwrap()
}

fn sent(tool: &str) -> Outline {
    Outline::MessageSent { channel: Channel::Email, tool: tool.into(), outreach: false, customer: true }
}

fn ended(outcome: Outcome) -> Outline {
    Outline::RunEnded { outcome, reason_code: None, usage: Usage::default() }
}

fn cost(micro_usd: u64) -> Outline {
    Outline::ModelCalled { model: "m".into(), usage: Usage { micro_usd, ..Usage::default() }, fault: None }
}

fn answered(id: &str, subject: Option<&str>, start: &str) -> RunFacts {
    run(id, subject, start, vec![cost(2_000_000), sent("reply"), ended(Outcome::Resolved)])
}

fn escalated(id: &str, subject: &str, start: &str, reason: &str) -> RunFacts {
    let handed = Outline::Escalated { queue: "support".into(), reason_code: reason.into() };
    run(id, Some(subject), start, vec![cost(1_000_000), handed, sent("notify_customer"), ended(Outcome::Escalated)])
}

fn reviewed() -> Vec<Outline> {
    let decided = Outline::ReviewDecided { draft: DraftId::new("d"), decision: Decision::Approve };
    vec![Outline::DraftCreated { draft: DraftId::new("d") }, decided, sent("reply"), ended(Outcome::Resolved)]
}

fn value(figures: &[Figure], name: &str) -> (Option<f64>, usize, Vec<String>) {
    let figure = figures.iter().find(|figure| figure.name == name).unwrap_or_else(|| panic!("{name}"));
    (figure.value, figure.of, figure.runs.iter().map(ToString::to_string).collect())
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn each_definition_of_a_resolution_has_its_own_whole() {
    let facts = vec![
        // Ada asks, is answered, and comes back three days later: resolved for a
        // day, not for seven.
        answered("a1", Some("ada"), "01T09:00:00"),
        answered("a2", Some("ada"), "04T09:00:00"),
        // Bo asks twice in one conversation; the second time a person takes over.
        answered("b1", Some("bo"), "02T09:00:00"),
        escalated("b2", "bo", "02T15:00:00", "angry"),
        // Cy was answered yesterday evening: nothing can be said yet.
        answered("c1", Some("cy"), "19T20:00:00"),
        // Nobody knows who these two were.
        answered("n1", None, "03T09:00:00"),
        answered("n2", None, "03T10:00:00"),
        // A person read this answer before it left.
        run("e1", Some("ed"), "06T09:00:00", reviewed()),
        // Nothing came of this one.
        run("f1", Some("di"), "05T09:00:00", vec![ended(Outcome::Failed)]),
    ];
    let found = figures(&facts, None, at("20T09:00:00"));
    let v = |name| value(&found, name);
    assert_eq!(v("episodes").0, Some(8.0));
    assert_eq!((v("involvement").0, v("involvement").1), (Some(7.0 / 8.0), 8));
    // a1, a2, n1 and n2 of those, bo's and ed's.
    assert_eq!(v("resolution_rate"), (Some(4.0 / 6.0), 6, names(&["n1", "n2", "a1", "a2"])));
    assert_eq!(v("automation_rate").0, Some(4.0 / 7.0));
    assert_eq!(v("durable_resolution"), (Some(3.0 / 7.0), 7, names(&["n1", "n2", "a2"])));
    assert_eq!(v("deflection").0, Some(4.0 / 7.0));
    assert_eq!(v("assisted"), (Some(2.0 / 8.0), 8, names(&["b1", "b2", "e1"])));
    assert_eq!(v("escalation_rate"), (Some(1.0 / 7.0), 7, names(&["b1", "b2"])));
    assert_eq!(v("escalation_rate.angry").0, Some(1.0 / 7.0));
    assert_eq!(v("reopen_rate"), (Some(1.0 / 4.0), 4, names(&["a1"])));
    // Six answers at 2 dollars, one handover at 1, over 9 runs and 5 lone resolutions (cy's too).
    assert_eq!(v("cost_per_run").0, Some(13.0 / 9.0));
    assert_eq!(v("cost_per_resolution").0, Some(13.0 / 5.0));
}

#[test]
fn a_window_counts_what_began_in_it_and_sees_who_came_back() {
    let facts = vec![answered("a1", Some("ada"), "01T09:00:00"), answered("a2", Some("ada"), "04T09:00:00")];
    let found = figures(&facts, Some(at("02T00:00:00")), at("20T09:00:00"));
    assert_eq!(value(&found, "episodes").2, names(&["a2"]));
    assert_eq!(value(&found, "reopen_rate").0, Some(0.0));
}

#[test]
fn what_cannot_be_told_yet_has_no_value() {
    let found = figures(&[], None, at("20T09:00:00"));
    for figure in &found {
        let counted = figure.name == "episodes";
        assert_eq!(figure.value, counted.then_some(0.0), "{}", figure.name);
    }
    let fresh = [answered("a1", Some("ada"), "20T08:00:00")];
    let found = figures(&fresh, None, at("20T09:00:00"));
    assert_eq!(value(&found, "involvement").0, Some(1.0));
    assert_eq!(value(&found, "resolution_rate"), (None, 0, vec![]));
}

#[test]
fn drafts_are_counted_by_decision_and_time() {
    let draft = |id: &str| Outline::DraftCreated { draft: DraftId::new(id) };
    let asked = |id: &str, due: &str| Outline::ReviewRequested {
        draft: DraftId::new(id),
        queue: "q".into(),
        due: at(due),
        approvers: 1,
    };
    let decided = |id: &str, decision| Outline::ReviewDecided { draft: DraftId::new(id), decision };
    let verdict = || Outline::PolicyDecided { action: "send_email".into(), verdict: Verdict::Review, policies: vec![] };
    let facts = vec![
        // Each outline is an hour after the one before.
        run(
            "a",
            Some("ada"),
            "01T09:00:00",
            vec![draft("d1"), asked("d1", "05T09:00:00"), decided("d1", Decision::Approve)],
        ),
        run(
            "b",
            Some("bo"),
            "01T09:00:00",
            vec![draft("d2"), asked("d2", "05T09:00:00"), verdict(), decided("d2", Decision::Edit)],
        ),
        run("c", Some("cy"), "01T09:00:00", vec![draft("d3"), asked("d3", "05T09:00:00")]),
        run("d", Some("di"), "01T09:00:00", vec![draft("d4"), asked("d4", "25T09:00:00")]),
    ];
    let found = figures(&facts, None, at("20T09:00:00"));
    let v = |name| value(&found, name);
    assert_eq!(v("review_turnaround_p50"), (Some(2.0), 2, names(&["a", "b"])));
    assert_eq!(v("review_turnaround_p95").0, Some(3.0));
    assert_eq!(v("review_approved"), (Some(0.5), 2, names(&["a"])));
    assert_eq!(v("review_edited").0, Some(0.5));
    assert_eq!(v("review_rejected").0, Some(0.0));
    assert_eq!(v("review_expired"), (Some(0.25), 4, names(&["c"])));
}

#[test]
fn a_question_back_is_no_answer() {
    let asked = run("b1", Some("bo"), "01T09:00:00", vec![cost(1), sent("ask_customer"), ended(Outcome::Resolved)]);
    assert!(!asked.answered);
}

#[test]
fn each_episode_and_draft_counts_once_in_the_week_it_began() {
    // 2026-11-16 is a Monday.
    let facts = [
        answered("run_1", Some("ada"), "15T23:00:00"),
        answered("run_2", Some("bob"), "16T00:00:00"),
        escalated("run_3", "cid", "17T09:00:00", "no_answer"),
        run("run_4", Some("dan"), "18T09:00:00", Vec::new()),
        run("run_5", Some("eve"), "23T09:00:00", reviewed()),
    ];
    let found = weeks(&facts, 3, at("24T09:00:00"));
    let of = |week: &Week| (week.monday.to_string(), week.alone, week.assisted, week.handed_over, week.open);
    let expected = [
        ("2026-11-09".to_owned(), 1, 0, 0, 0),
        ("2026-11-16".to_owned(), 1, 0, 1, 1),
        ("2026-11-23".to_owned(), 0, 1, 0, 0),
    ];
    assert_eq!(found.iter().map(of).collect::<Vec<_>>(), expected);
    let drafts: usize = found.iter().map(|week| week.approved + week.edited + week.rejected + week.undecided).sum();
    assert_eq!(drafts, facts.iter().map(|run| run.drafts.len()).sum::<usize>(), "a draft is in one week");
    assert!(weeks(&facts, 0, at("24T09:00:00")).is_empty());
}
