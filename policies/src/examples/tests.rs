use super::*;
use crate::ActionSpec;

fn embedded() -> PolicySet {
    PolicySet::embedded(&[]).unwrap()
}

#[test]
fn the_shipped_rules_pass_their_examples() {
    let results = run_tests(&embedded(), &PolicySet::shipped_tests()).unwrap();
    let failed: Vec<_> = results
        .iter()
        .filter(|result| !result.passed())
        .map(|result| format!("{}:{}: {}: {}", result.file, result.line, result.name, result.fault.clone().unwrap()))
        .collect();
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[test]
fn every_shipped_rule_has_three_examples_on_both_sides() {
    let set = embedded();
    let results = run_tests(&set, &PolicySet::shipped_tests()).unwrap();
    for rule in set.rules() {
        let about: Vec<_> = results.iter().filter(|result| result.rule == rule.id).collect();
        assert!(about.len() >= 3, "`{}` has {} examples", rule.id, about.len());
        let fired = |result: &&&TestResult| result.decision.policies.contains(&rule.id);
        assert!(about.iter().any(|result| fired(&result)), "`{}` never fires", rule.id);
        assert!(about.iter().any(|result| !fired(&result)), "`{}` always fires", rule.id);
    }
}

#[test]
fn a_failing_example_says_what_came_instead() {
    let file = PolicyFile::new(
        "mine.toml",
        "\n[[example]]\nrule = \"engage\"\nname = \"no\"\naction = \"engage\"\nexpect = { verdict = \"deny\", rules = [] , queue = \"x\" }\n",
    );
    let results = run_tests(&embedded(), &[file]).unwrap();
    let [result] = results.as_slice() else { panic!("{results:?}") };
    assert_eq!((result.line, result.passed()), (3, false));
    assert_eq!(
        result.fault.as_deref(),
        Some(
            "the verdict is allow, expected deny; the rules are [\"engage\"], expected []; \
             the queue is None, expected Some(\"x\")"
        )
    );
}

#[test]
fn faults_of_examples_have_a_place() {
    for (text, expected) in [
        ("[[example]]\nrule = 1", "mine.toml:2:8: "),
        (
            "[[example]]\nrule = \"none\"\nname = \"\"\naction = \"engage\"\nexpect = { verdict = \"deny\" }",
            "mine.toml:2:8: there is no rule `none`",
        ),
        (
            "[[example]]\nrule = \"engage\"\nname = \"\"\naction = \"fly\"\nexpect = { verdict = \"deny\" }",
            "mine.toml:4:10: no tool is called `fly`",
        ),
        (
            "[[example]]\nrule = \"engage\"\nname = \"\"\naction = \"engage\"\nfact = {}\nexpect = { verdict = \"deny\" }",
            "`engage` is not about a fact",
        ),
        (
            "[[example]]\nrule = \"engage\"\nname = \"\"\naction = \"engage\"\nhistory = [{ ago = \"3w\", action = \"reply\" }]\nexpect = { verdict = \"deny\" }",
            "mine.toml:5:20: expected a time",
        ),
        (
            "[[example]]\nrule = \"engage\"\nname = \"\"\naction = \"engage\"\nexpect = { verdict = \"perhaps\" }",
            "mine.toml:5:22: ",
        ),
    ] {
        let fault = run_tests(&embedded(), &[PolicyFile::new("mine.toml", text)]).unwrap_err().to_string();
        assert!(fault.contains(expected), "{fault}");
    }
}

#[test]
fn an_input_that_is_left_out_says_nothing() {
    let action = ActionSpec {
        name: "refund".into(),
        effect: "write".into(),
        input_schema: serde_json::json!({"type": "object", "required": ["amount", "to"], "properties": {
            "amount": {"type": "integer"}, "to": {"type": "object", "required": ["iban"], "properties": {"iban": {"type": "string"}}},
            "note": {"type": ["string", "null"]},
        }}),
    };
    let rules = PolicyFile::new(
        "refund.dw",
        "@id(\"small\") permit (principal, action == Attache::Action::\"refund\", resource)\n\
         when { context.input.amount < 100 && context.input.to.iban == \"\" && !(context.input has note) };",
    );
    let set = PolicySet::load(&[rules], &[action]).unwrap();
    let example = "[[example]]\nrule = \"small\"\nname = \"\"\naction = \"refund\"\nexpect = { verdict = \"allow\" }\n\
        [[example]]\nrule = \"small\"\nname = \"\"\naction = \"refund\"\ninput = { amount = 100, to = { iban = \"\" } }\n\
        expect = { verdict = \"deny\" }\n";
    let results = run_tests(&set, &[PolicyFile::new("t.toml", example)]).unwrap();
    assert!(results.iter().all(TestResult::passed), "{results:#?}");
}
