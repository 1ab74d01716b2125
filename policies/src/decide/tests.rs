use super::*;
use crate::{ActionSpec, Case, PolicyFile, Sink, SinkOrigin};
use attache_context::{Channel, Consent, Purpose, Sensitivity, Source, Stage};
use attache_journal::{Emotion, Past, SentimentLabel};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use serde_json::json;

mod differential;
mod scenes;

use scenes::Dice;

fn now() -> Timestamp {
    "2026-11-23T09:00:00Z".parse().unwrap()
}

fn refund() -> ActionSpec {
    ActionSpec {
        name: "refund".into(),
        effect: "write".into(),
        input_schema: json!({"type": "object", "required": ["amount", "tags", "to", "fast", "note"], "properties": {
            "amount": {"type": "integer"},
            "tags": {"type": "array", "items": {"type": "string"}},
            "to": {"type": "object", "required": ["iban"], "properties": {"iban": {"type": "string"}}},
            "fast": {"type": "boolean"},
            "note": {"type": ["string", "null"]},
            "rate": {"type": "number"},
        }}),
    }
}

fn set(rules: &str) -> PolicySet {
    PolicySet::load(&[PolicyFile::new("mine.dw", rules)], &[refund()]).unwrap()
}

fn ask(set: &PolicySet, action: &str, case: &Case) -> PolicyDecision {
    set.decide(&PolicyRequest::new(action, case, now()))
}

#[test]
fn what_errs_denies() {
    let set = set("@id(\"all\") permit (principal, action, resource);\n\
         @id(\"mild\") @verdict(\"redact\") @reason(\"m\") forbid (principal, action == Attache::Action::\"engage\", resource);\n\
         @id(\"overflow\") @reason(\"r\") forbid (principal, action == Attache::Action::\"engage\", resource)\n\
         when { context.case.mood * 9223372036854775807 > 1 };");
    let calm = ask(&set, "engage", &Case::default());
    assert_eq!((calm.verdict, calm.policies), (Verdict::Redact, vec!["mild".to_owned()]));
    let case = Case { mood: 90, ..Case::default() };
    let decision = ask(&set, "engage", &case);
    assert_eq!((decision.verdict, decision.policies), (Verdict::Deny, vec!["policy_error".to_owned()]));
    assert!(decision.reasons[0].starts_with("`overflow`: integer overflow"), "{:?}", decision.reasons);
    let trace = set.trace(&PolicyRequest::new("engage", &case, now()));
    assert!(trace.iter().any(|rule| rule.id == "overflow" && rule.error.is_some() && !rule.fired));
}

/// Called at each decision of this crate's tests: whoever told it, the other tells the same. Rules as one expression
/// tell nothing where one errs.
pub(super) fn both_tell(set: &PolicySet, slice: &Slice, question: &Request, entities: &Entities, outcome: &Outcome) {
    let sorted = |mut fired: Vec<usize>| {
        fired.sort_unstable();
        fired
    };
    let theirs = set.authorize(slice, question, entities).unwrap();
    assert_eq!((sorted(theirs.fired), &theirs.errors), (sorted(outcome.fired.clone()), &outcome.errors));
    let as_one = slice.told(question, entities, &set.by_policy).map(sorted);
    assert_eq!(as_one, outcome.errors.is_empty().then(|| sorted(outcome.fired.clone())));
}

#[test]
fn the_authorizer_answers_first_and_then_the_rules_as_one_expression() {
    let set = PolicySet::embedded(&[]).unwrap();
    let upset = Case { sentiment: SentimentLabel::Negative, ..Case::default() };
    let first = [ask(&set, "engage", &Case::default()), ask(&set, "engage", &upset)];
    let slice = set.slice("engage").unwrap();
    assert!(!slice.is_asked_often());
    for _ in 0..8 {
        assert_eq!([ask(&set, "engage", &Case::default()), ask(&set, "engage", &upset)], first);
    }
    assert!(slice.is_asked_often());
    assert_eq!((first[0].verdict, first[1].verdict), (Verdict::Allow, Verdict::Escalate));
}

#[test]
fn what_cannot_be_asked_denies() {
    let set = set("@id(\"all\") permit (principal, action, resource);");
    let good = json!({"amount": 3, "tags": ["a"], "to": {"iban": "X"}, "fast": true, "note": null, "rate": 0.5});
    let case = Case::default();
    let decide = |action: &str, input: &Value| {
        set.decide(&PolicyRequest { input: Some(input), ..PolicyRequest::new(action, &case, now()) })
    };
    assert_eq!(decide("refund", &good).verdict, Verdict::Allow);
    for (key, value, expected) in [
        ("amount", json!("3"), "`amount` of the input must be an integer"),
        ("amount", json!(1.5), "`amount` of the input must be an integer"),
        ("amount", json!(u64::MAX), "`amount` of the input must be an integer"),
        ("amount", json!(null), "`amount` of the input must be an integer"),
        ("tags", json!(["a", 1]), "`tags` of the input must be a list of texts"),
        ("to", json!({}), "`to` of the input lacks `iban`"),
        ("to", json!({"iban": "X", "bic": "Y"}), "`to` of the input has no `bic`"),
        ("fast", json!("yes"), "`fast` of the input must be true or false"),
        ("note", json!(7), "`note` of the input must be a text"),
        ("whom", json!("Y"), "`input` of the input has no `whom`"),
    ] {
        let mut input = good.clone();
        input[key] = value;
        let decision = decide("refund", &input);
        assert_eq!((decision.verdict, decision.policies), (Verdict::Deny, vec![POLICY_ERROR.to_owned()]));
        assert!(decision.reasons[0].starts_with(expected), "{:?}", decision.reasons);
    }
    for (action, expected) in [
        ("refund", "`input` of the input lacks `amount`"),
        ("fly", "no tool is called `fly`"),
        ("write", "no tool is called `write`"),
        ("see", "`see` is a question about a fact"),
    ] {
        let decision = ask(&set, action, &case);
        assert_eq!((decision.verdict, decision.policies), (Verdict::Deny, vec![POLICY_ERROR.to_owned()]), "{action}");
        assert_eq!(decision.reasons, [expected]);
    }
    let case = Case { trigger: "rumour".into(), ..Case::default() };
    assert_eq!(ask(&set, "engage", &case).reasons, ["`rumour` is no kind of trigger"]);
}

#[test]
fn input_reaches_the_rules() {
    let set = set("@id(\"all\") permit (principal, action, resource);\n\
         @id(\"large\") @verdict(\"escalate\") @queue(\"finance\") @reason(\"r\")\n\
         forbid (principal, action == Attache::Action::\"refund\", resource)\n\
         when { context.input.amount > 100 && context.input.tags.contains(\"vip\") && context.input.to.iban like \"DE*\" &&\n\
                context.input.fast && context.input has note && context.input.note != \"\" };");
    let case = Case::default();
    let decide = |amount: i64| {
        let input = json!({"amount": amount, "tags": ["vip", "x"], "to": {"iban": "DE1"}, "fast": true, "note": "n"});
        set.decide(&PolicyRequest { input: Some(&input), ..PolicyRequest::new("refund", &case, now()) })
    };
    assert_eq!(decide(100).verdict, Verdict::Allow);
    assert_eq!((decide(101).verdict, decide(101).queue.as_deref()), (Verdict::Escalate, Some("finance")));
}

#[test]
fn reasons_are_filled_in_once() {
    let set = PolicySet::embedded(&[]).unwrap();
    let text =
        TextFacts { citations: 1, unsayable: vec!["{pii}".into(), "score.churn".into()], ..TextFacts::default() };
    let case = Case::default();
    let decision = set.decide(&PolicyRequest { text: Some(&text), ..PolicyRequest::new("reply", &case, now()) });
    assert_eq!(decision.reasons, ["the text states what must stay unsaid: {pii}, score.churn"]);
}

#[test]
fn a_person_can_be_called_in_every_case() {
    let set = PolicySet::embedded(&[]).unwrap();
    let forbids = set.slices["escalate_to_human"].forbids.policies().count();
    assert_eq!(forbids, 0, "no shipped rule can forbid it");
    let mut dice = Dice(11);
    for _ in 0..300 {
        let scene = dice.scene("escalate_to_human");
        let decision = set.decide(&scene.request());
        assert_eq!((decision.verdict, decision.policies), (Verdict::Allow, vec!["escalations".to_owned()]));
    }
}

#[test]
fn the_same_question_has_the_same_answer_on_every_thread() {
    let set = PolicySet::embedded(&[]).unwrap();
    let mut dice = Dice(3);
    let actions = ["engage", "reply", "send_email", "draft_email", "publish_headline", "crm_lookup"];
    let scenes: Vec<_> = (0..120).map(|index| dice.scene(actions[index % actions.len()])).collect();
    let answer = || scenes.iter().map(|scene| set.decide(&scene.request())).collect::<Vec<_>>();
    let expected = answer();
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(answer)).collect();
        for thread in threads {
            assert_eq!(thread.join().unwrap(), expected);
        }
    });
}

/// A set where the letters of the signal say which rules fire: `p` the permit,
/// `a` to `h` the forbids, two of each verdict.
fn lettered() -> PolicySet {
    let mut rules = String::from(
        "@id(\"p\") permit (principal, action == Attache::Action::\"engage\", resource) when { context.case.signal like \"*p*\" };\n",
    );
    for (letter, verdict) in LETTERS {
        let queue = if matches!(verdict, Verdict::Review | Verdict::Escalate) {
            format!("@queue(\"{letter}\") @reason_code(\"{letter}\")")
        } else {
            String::new()
        };
        rules += &format!(
            "@id(\"{letter}\") @verdict(\"{verdict}\") @reason(\"{letter}\") @priority(\"{}\") {queue}\n\
             forbid (principal, action == Attache::Action::\"engage\", resource) when {{ context.case.signal like \"*{letter}*\" }};\n",
            u32::from(letter) % 3,
        );
    }
    set(&rules)
}

const LETTERS: [(char, Verdict); 8] = [
    ('a', Verdict::Redact),
    ('b', Verdict::Review),
    ('c', Verdict::Escalate),
    ('d', Verdict::Deny),
    ('e', Verdict::Redact),
    ('f', Verdict::Review),
    ('g', Verdict::Escalate),
    ('h', Verdict::Deny),
];

#[test]
fn the_lattice_holds_for_every_subset_of_rules() {
    let set = lettered();
    let decide = |permit: bool, subset: u32| {
        let mut signal = String::from(if permit { "p" } else { "" });
        signal.extend(
            LETTERS.iter().enumerate().filter(|(bit, _)| subset >> bit & 1 == 1).map(|(_, (letter, _))| *letter),
        );
        ask(&set, "engage", &Case { signal, ..Case::default() })
    };
    for subset in 0..1_u32 << LETTERS.len() {
        let fired: Vec<_> =
            LETTERS.iter().enumerate().filter(|(bit, _)| subset >> bit & 1 == 1).map(|(_, rule)| *rule).collect();
        let strictest = fired.iter().map(|(_, verdict)| *verdict).max();
        let allowed = decide(true, subset);
        assert_eq!(allowed.verdict, strictest.unwrap_or(Verdict::Allow));
        assert_eq!(allowed.policies.len(), fired.len().max(1));
        let verdicts: Vec<_> = allowed
            .policies
            .iter()
            .filter_map(|id| LETTERS.iter().find(|(letter, _)| id == &letter.to_string()))
            .map(|(_, verdict)| *verdict)
            .collect();
        assert!(verdicts.is_sorted_by(|a, b| a >= b), "{:?}", allowed.policies);
        // The queue is of the strictest rule that has one.
        let queue = allowed.policies.iter().find(|id| "bcfg".contains(id.as_str()));
        assert_eq!(allowed.queue.as_ref(), queue);
        assert_eq!(allowed.reason_code, allowed.queue);
        let denied = decide(false, subset);
        assert_eq!(denied.verdict, Verdict::Deny);
        assert!(denied.policies.contains(&DEFAULT_DENY.to_owned()));
        for bit in 0..LETTERS.len() {
            let more = decide(true, subset | 1 << bit);
            assert!(more.verdict >= allowed.verdict, "a forbid more is never milder");
        }
    }
}

#[test]
fn priority_orders_rules_of_one_verdict() {
    let set = lettered();
    let case = Case { signal: "pbcfg".into(), ..Case::default() };
    // c % 3 == 0 and g % 3 == 1; b % 3 == 2 and f % 3 == 0.
    assert_eq!(ask(&set, "engage", &case).policies, ["g", "c", "b", "f"]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]

    #[test]
    fn a_forbid_more_is_never_milder(
        verdict in prop::sample::select(&["redact", "review", "escalate", "deny"][..]),
        condition in prop::sample::select(&[
            "true", "context.case.outreach", "context.case.mood < 0", "context.text.citations == 0",
            "context.sinks.contains(Attache::Sink::\"trusted\")", "context.case.approved",
        ][..]),
        seed in any::<u64>(),
    ) {
        let mut files = PolicySet::shipped();
        files.push(PolicyFile::new("zz.dw", format!(
            "@id(\"zz\") @verdict(\"{verdict}\") @reason(\"r\") forbid (principal, \
             action in [Attache::Action::\"write\", Attache::Action::\"draft\"], resource) when {{ {condition} }};",
        )));
        let (without, with) = (PolicySet::embedded(&[]).unwrap(), PolicySet::load(&files, &[]).unwrap());
        let mut dice = Dice(seed);
        for action in ["reply", "send_email", "draft_email", "publish_headline"] {
            for _ in 0..8 {
                let scene = dice.scene(action);
                prop_assert!(with.decide(&scene.request()).verdict >= without.decide(&scene.request()).verdict);
            }
        }
    }
}

#[test]
fn a_trace_tells_every_rule_that_can_apply() {
    let set = PolicySet::embedded(&[]).unwrap();
    let case = Case { sentiment: SentimentLabel::Negative, wants_human: true, ..Case::default() };
    let trace = set.trace(&PolicyRequest::new("engage", &case, now()));
    let fired: Vec<_> = trace.iter().filter(|rule| rule.fired).map(|rule| rule.id.as_str()).collect();
    assert_eq!(fired, ["negative_sentiment", "human_requested", "engage"]);
    assert_eq!(trace.len(), 10);
    assert!(trace.iter().all(|rule| rule.source.contains(&format!("@id(\"{}\")", rule.id))));
    assert_eq!(set.trace(&PolicyRequest::new("fly", &case, now())), []);
}
