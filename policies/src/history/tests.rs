use super::*;
use crate::{PolicyFile, PolicySet};
use dogwood_language::LoweredPolicySet;

fn now() -> Timestamp {
    Timestamp::from_second(1_000_000_000).unwrap()
}

fn past(ago: i64, action: &str, outreach: bool) -> Past {
    Past { at: Timestamp::from_second(1_000_000_000 - ago).unwrap(), action: action.into(), outreach }
}

/// Rules that ask these of history, and nothing else.
fn rules(conditions: &[&str]) -> PolicyFile {
    let rules: String = conditions
        .iter()
        .enumerate()
        .map(|(index, condition)| {
            format!(
                "@id(\"r{index}\") @reason(\"r\") forbid (principal, action == Attache::Action::\"engage\", resource) \
                 when temporal {{ {condition} }};\n"
            )
        })
        .collect();
    PolicyFile::new("asking.dw", rules)
}

fn asking(conditions: &[&str]) -> PolicySet {
    PolicySet::load(&[rules(conditions)], &[]).unwrap()
}

/// What the interpreter says of every leaf.
fn interpreted(lowered: &LoweredPolicySet, history: &[Past]) -> Vec<(String, bool)> {
    let mut engine = InMemoryTemporalEngine::new();
    let fields: Vec<_> = lowered.temporal_fields().cloned().collect();
    engine.prepare(&fields, lowered.cedar_schema(), &[]).unwrap();
    for event in Timeline::new(history, now()).events("engage") {
        engine.observe(&event);
    }
    let bindings = engine.evaluate().unwrap();
    fields.iter().map(|field| (field.id.clone(), bindings[&field.id])).collect()
}

fn ours(set: &PolicySet, history: &[Past]) -> Vec<(String, bool)> {
    let leaves: Vec<_> = set.leaves.iter().collect();
    evaluate(&leaves, "engage", history, now()).unwrap().into_iter().map(|(id, holds)| (id.to_owned(), holds)).collect()
}

const COMPILED: [&str; 12] = [
    "formerly within 7d Attache::Action::\"send_email\"::response{ outreach: true }",
    "formerly within 7d Attache::Action::\"send_email\"::response{}",
    "formerly within 10s Attache::Action::\"reply\"::response{ outreach: false }",
    "!formerly within 1h Attache::Action::\"reply\"::response{}",
    "count_within(1d, Attache::Action::\"send_email\"::response{ outreach: true }) >= 3",
    "count_within(1d, Attache::Action::\"send_email\"::response{}) > 3",
    "count_within(1d, Attache::Action::\"send_email\"::response{}) == 2",
    "count_within(1d, Attache::Action::\"send_email\"::response{}) != 2",
    "count_within(30d, Attache::Action::\"reply\"::response{}) < 4",
    "count_within(30d, Attache::Action::\"reply\"::response{}) <= 4",
    "2 < count_within(2h, Attache::Action::\"reply\"::response{})",
    "formerly within 7d Attache::Action::\"reply\"::response{} && count_within(2h, Attache::Action::\"reply\"::response{}) == 0",
];

const INTERPRETED: [&str; 5] = [
    "previous within 1d Attache::Action::\"reply\"::response{}",
    "!Attache::Action::\"reply\"::response{} since within 30d Attache::Action::\"send_email\"::response{}",
    "formerly within 7d (Attache::Action::\"send_email\"::response{} && formerly within 2d Attache::Action::\"reply\"::response{})",
    "exists (o: Bool). (formerly within 7d Attache::Action::\"send_email\"::response{ outreach: o })",
    "count_within(1d, Attache::Action::\"send_email\"::response{}) > count_within(1d, Attache::Action::\"reply\"::response{})",
];

#[test]
fn common_leaves_are_compiled_and_others_are_not() {
    assert!(asking(&COMPILED).leaves.iter().all(Leaf::is_compiled));
    assert!(!asking(&INTERPRETED).leaves.iter().any(Leaf::is_compiled));
}

#[test]
fn compiled_leaves_and_the_interpreter_agree() {
    let conditions = [COMPILED.as_slice(), INTERPRETED.as_slice()].concat();
    let set = asking(&conditions);
    let schema = crate::schema::tools(&[]).unwrap().schema(true);
    let (lowered, _) = crate::lower::checked(&[&rules(&conditions)], &schema).unwrap();
    let mut seed = 7_u64;
    let mut next = move |below: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % below
    };
    let mut seen = std::collections::BTreeMap::<(String, bool), u32>::new();
    for _ in 0..400 {
        let span = [5, 100, 90_000, 3_000_000][usize::try_from(next(4)).unwrap()];
        let history: Vec<_> = (0..next(14))
            .map(|_| {
                let action = ["reply", "send_email", "gone_tool"][usize::try_from(next(3)).unwrap()];
                past(i64::try_from(next(span)).unwrap() - 2, action, next(2) == 0)
            })
            .collect();
        let expected = interpreted(&lowered, &history);
        assert_eq!(ours(&set, &history), expected, "{history:?}");
        for answer in expected {
            *seen.entry(answer).or_default() += 1;
        }
    }
    // Otherwise the test would say nothing about a leaf.
    assert_eq!(seen.len(), 2 * set.leaves.len(), "{seen:?}");
}

#[test]
fn a_window_includes_its_last_second() {
    let set = asking(&COMPILED[..1]);
    let asked = |ago| ours(&set, &[past(ago, "send_email", true)])[0].1;
    assert!(asked(7 * 86_400));
    assert!(!asked(7 * 86_400 + 1));
}

#[test]
fn time_strictly_increases_and_ends_now() {
    let history = [past(0, "b", false), past(-500, "a", false), past(0, "a", true), past(9, "c", false)];
    let timeline = Timeline::new(&history, now());
    let at: Vec<_> = timeline.events("engage").map(|event| event.timestamp() - 1_000_000_000).collect();
    assert_eq!(at, [-9, 0, 1, 2, 3]);
    assert_eq!(timeline.now(), 1_000_000_003);
    let order: Vec<_> = timeline.points.iter().map(|(_, past)| past.action.as_str()).collect();
    let mut shuffled = history.to_vec();
    shuffled.reverse();
    let other = Timeline::new(&shuffled, now());
    assert_eq!(order, other.points.iter().map(|(_, past)| past.action.as_str()).collect::<Vec<_>>());
}
