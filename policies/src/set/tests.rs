use super::*;
use crate::{Case, PolicyRequest};
use jiff::Timestamp;
use proptest::prelude::*;
use std::collections::HashSet;

const PERMIT: &str = "@id(\"all\") permit (principal, action == Attache::Action::\"engage\", resource);\n";

fn fault(text: &str) -> String {
    let files = [PolicyFile::new("mine.dw", text)];
    PolicySet::load(&files, &[]).map(|_| ()).unwrap_err().to_string()
}

/// A rule that is well-formed but for what `annotations` and `rest` say.
fn forbid(annotations: &str, rest: &str) -> String {
    format!("\n  {annotations}\nforbid (principal, action == Attache::Action::\"engage\", resource) {rest};")
}

#[test]
fn the_shipped_rules_load_and_name_themselves() {
    let set = PolicySet::embedded(&[]).unwrap();
    let rules: Vec<_> = set.rules().map(|rule| rule.id.as_str()).collect();
    for id in [
        "negative_sentiment",
        "angry_key_account",
        "still_confused",
        "one_clarification",
        "same_question",
        "simpler_for_confused",
        "claim_without_source",
        "others_data",
        "frustrated_prospect",
        "outreach_unhappy",
        "human_requested",
        "ai_consent",
        "unknown_language",
        "outreach_review",
        "marketing_consent",
        "profiling_consent",
        "contact_cap",
        "no_sales_when_unhappy",
        "special_hidden",
        "profiling_facts",
        "behaviour_unsaid",
        "third_party_unsaid",
        "inferred_unsaid",
        "unfounded_specific",
        "unsayable_fact",
        "leaks_secret",
        "reply_needs_source",
        "cites_unread",
        "reply_stands_in_sources",
        "ai_disclosure",
        "reply_to_message_only",
        "only_this_customer",
        "writes_review",
    ] {
        assert!(rules.contains(&id), "{id}");
    }
    let cap = set.rules().find(|rule| rule.id == "contact_cap").unwrap();
    assert_eq!(
        (cap.file.as_str(), cap.effect, cap.verdict),
        ("outreach.dw", Effect::Forbid, attache_journal::Verdict::Deny)
    );
    assert!(cap.source.starts_with("@id(\"contact_cap\")") && cap.source.ends_with("};"), "{}", cap.source);
    assert!(set.leaves.iter().all(Leaf::is_compiled));
}

#[test]
fn faults_name_file_line_and_column() {
    let ok = "@id(\"a\") @reason(\"b\")";
    for (text, expected) in [
        ("permit (principal, action, resource);".into(), "mine.dw:1:1: a rule must have an `@id`"),
        (forbid("@id(\"a\")", ""), "mine.dw:2:3: `a` must have a `@reason`"),
        (forbid("@id(\"a\") @reason(\"b\") @note(\"c\")", ""), "mine.dw:2:25: unknown annotation `@note`"),
        (forbid("@id(\"a\") @reason(\"b\") @verdict(\"maybe\")", ""), "mine.dw:2:25: unknown verdict `maybe`"),
        (forbid("@id(\"a\") @reason(\"b\") @verdict(\"allow\")", ""), "mine.dw:2:25: unknown verdict `allow`"),
        (forbid("@id(\"a\") @reason(\"b\") @queue(\"q\")", ""), "mine.dw:2:25: `@queue` needs"),
        (forbid("@id(\"a\") @reason(\"b\") @verdict(\"redact\") @queue(\"q\")", ""), "`@queue` needs"),
        (forbid("@id(\"a\") @reason(\"b\") @alert(\"q\")", ""), "mine.dw:2:25: `@alert` needs"),
        (forbid("@id(\"a\") @reason(\"b\") @approvers(\"2\")", ""), "mine.dw:2:25: `@approvers` needs"),
        (
            forbid("@id(\"a\") @reason(\"b\") @verdict(\"review\") @approvers(\"1\")", ""),
            "mine.dw:2:44: `@approvers` must be 2 to 9, not `1`",
        ),
        (forbid("@id(\"a\") @reason(\"b\") @reason_code(\"q\")", ""), "mine.dw:2:25: `@reason_code` needs"),
        (
            forbid("@id(\"a\") @reason(\"b\") @priority(\"high\")", ""),
            "mine.dw:2:25: `@priority` must be a whole number",
        ),
        (forbid("@id(\"a\") @reason(\"{salary}\")", ""), "mine.dw:2:12: unknown placeholder `{salary}`"),
        (forbid("@id(\"a\") @reason(\"\")", ""), "mine.dw:2:12: `@reason` is empty"),
        (forbid("@id(\"policy_error\") @reason(\"b\")", ""), "mine.dw:2:3: `policy_error` is not for rules"),
        (forbid("@id(\"a b\") @reason(\"b\")", ""), "mine.dw:2:3: `@id` has letters"),
        (format!("{PERMIT}{PERMIT}"), "mine.dw:2:1: the id `all` is taken by mine.dw:1"),
        (
            "@id(\"a\") @verdict(\"deny\") permit (principal, action == Attache::Action::\"engage\", resource);".into(),
            "mine.dw:1:10: `@verdict` is for `forbid` rules",
        ),
        (forbid(ok, "when { context.case.mood > }"), "mine.dw:3:"),
        (forbid(ok, "when { context.case.stage == Attache::Stage::\"suport\" }"), "mine.dw:3:"),
        (forbid(ok, "when { context.case.moood > 3 }"), "mine.dw:3:"),
        (forbid(ok, "when { context.case.mood > \"3\" }"), "mine.dw:3:"),
        (forbid(ok, "when { context.text.citations == 0 }"), "mine.dw:3:"),
        ("@id(\"a\")\npermit (principal, action == Attache::Action::\"fly\", resource);".into(), "mine.dw:2:"),
        ("@id(\"a\")\npermit (principal == Attache::Person::\"x\", action, resource);".into(), "mine.dw:2:"),
        (
            "@id(\"a\")\npermit (principal, action == Attache::Action::\"engage\", resource) when { false };".into(),
            "mine.dw:1:1: ",
        ),
        (forbid(ok, "when temporal { formerly within 7d Attache::Action::\"fly\"::response{} }"), "mine.dw:3:"),
        (forbid(ok, "when temporal { formerly within 7d Attache::Action::\"reply\"::answer{} }"), "mine.dw:3:"),
        (forbid(ok, "when temporal { formerly within 91d Attache::Action::\"reply\"::response{} }"), "mine.dw:3:"),
        (
            forbid(
                ok,
                "when temporal { formerly within 7d Attache::Action::\"reply\"::response{ input.text: \"x\" } }",
            ),
            "mine.dw:3:",
        ),
        (
            forbid(
                ok,
                "when temporal { formerly within 7d Attache::Action::\"reply\"::response{ outreach: context.case.outreach } }",
            ),
            "mine.dw:2:3: history has no input",
        ),
        (
            forbid(ok, "")
                .replace("\"engage\"", "\"see\"")
                .replace(") ;", ") when temporal { formerly within 7d Attache::Action::\"reply\"::response{} };"),
            "mine.dw:2:3: history is not asked about facts",
        ),
        ("@id(\"a\") permit (principal, action, resource)".into(), "mine.dw:1:"),
        (forbid(ok, "when guardrail { Risk::Level(1).high == true }"), "mine.dw"),
    ] {
        let fault = fault(&text);
        assert!(fault.contains(expected), "{text}\n{fault}\n{expected}");
        assert!(!fault.contains('\n'), "{fault}");
        assert!(fault.starts_with("mine.dw:"), "{text}\n{fault}");
    }
}

#[test]
fn the_second_file_is_named_if_the_second_is_at_fault() {
    let files = [
        PolicyFile::new("b.dw", "\n@id(\"b\") permit (principal, action == Attache::Action::\"fly\", resource);"),
        PolicyFile::new("a.dw", PERMIT),
    ];
    let fault = PolicySet::load(&files, &[]).unwrap_err();
    assert_eq!((fault.file.as_str(), fault.line), ("b.dw", 2));
    let twice = [PolicyFile::new("a.dw", PERMIT), PolicyFile::new("a.dw", "")];
    assert!(PolicySet::load(&twice, &[]).unwrap_err().to_string().contains("two files"));
}

#[test]
fn comments_strings_and_definitions_are_no_rules() {
    let file = PolicyFile::new(
        "odd.dw",
        "// one; two\ndef cedar happy() { context.case.mood > 0 };\n\
         @id(\"a\") @reason(\"semi;colon \\\" // quote\") // why;\n\
         forbid (principal, action == Attache::Action::\"engage\", resource) when { happy() };\n\
         def temporal often(?w) { count for ($t: Timepoint). where (formerly within ?w (Attache::Action::\"reply\"::response{} && tp($t))) };\n\
         @id(\"b\") @reason(\"c\") forbid (principal, action == Attache::Action::\"engage\", resource)\n\
         when temporal { often(1d) > 2 };",
    );
    let set = PolicySet::load(&[file], &[]).unwrap();
    let rules: Vec<_> = set.rules().map(|rule| (rule.id.as_str(), rule.line)).collect();
    assert_eq!(rules, [("a", 3), ("b", 6)]);
}

#[test]
fn nothing_is_permitted_without_rules() {
    let set = PolicySet::load(&[], &[]).unwrap();
    let case = Case::default();
    let decision = set.decide(&PolicyRequest::new("engage", &case, Timestamp::UNIX_EPOCH));
    assert_eq!(decision.policies, ["default_deny"]);
}

#[test]
fn a_project_overrides_file_by_file() {
    let files = PolicySet::overlay(&[
        PolicyFile::new("replies.dw", ""),
        PolicyFile::new("ours.dw", "@id(\"ours\") permit (principal, action == Attache::Action::\"reply\", resource);"),
    ]);
    let set = PolicySet::load(&files, &[]).unwrap();
    let ids: Vec<_> = set.rules().map(|rule| rule.id.as_str()).collect();
    assert!(ids.contains(&"ours") && ids.contains(&"engage") && !ids.contains(&"reply_needs_source"), "{ids:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]

    #[test]
    fn the_order_of_files_does_not_matter(shuffled in Just(PolicySet::shipped()).prop_shuffle()) {
        let set = PolicySet::load(&shuffled, &[]).unwrap();
        let other = PolicySet::embedded(&[]).unwrap();
        prop_assert_eq!(set.digest(), other.digest());
        prop_assert_eq!(set.rules().collect::<Vec<_>>(), other.rules().collect::<Vec<_>>());
    }

    #[test]
    fn the_digest_changes_with_any_byte(position in any::<prop::sample::Index>()) {
        let before = PolicySet::load(&[PolicyFile::new("a.dw", PERMIT)], &[]).unwrap();
        // A space is the one byte that can go anywhere between two tokens.
        let gaps: Vec<usize> = PERMIT.char_indices().filter(|(_, char)| *char == ' ').map(|(at, _)| at).collect();
        let mut text = PERMIT.to_owned();
        text.insert(gaps[position.index(gaps.len())], ' ');
        let after = PolicySet::load(&[PolicyFile::new("a.dw", text)], &[]).unwrap();
        prop_assert_ne!(before.digest(), after.digest());
    }
}

#[test]
fn the_digest_covers_names_and_tools() {
    let load = |name: &str, tools: &[ActionSpec]| {
        PolicySet::load(&[PolicyFile::new(name, PERMIT)], tools).unwrap().digest().clone()
    };
    let tool = ActionSpec {
        name: "refund".into(),
        effect: "write".into(),
        input_schema: serde_json::json!({"type": "object"}),
    };
    let digests = [load("a.dw", &[]), load("b.dw", &[]), load("a.dw", &[tool])];
    assert_eq!(digests.iter().collect::<HashSet<_>>().len(), 3);
    assert_eq!(load("a.dw", &[]), digests[0]);
}

#[test]
fn a_set_is_shared_between_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<PolicySet>();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn fuzz_no_rule_panics(at in any::<prop::sample::Index>(), with in "(@id|\"|\\(|\\)|;|\\{|temporal|formerly within 7d|::|[ -~]|é){0,6}") {
        let mut text = PolicySet::shipped().remove(0).text;
        let at = at.index(text.len());
        if text.is_char_boundary(at) {
            text.insert_str(at, &with);
        }
        if let Err(fault) = PolicySet::load(&[PolicyFile::new("mine.dw", text)], &[]) {
            prop_assert_eq!(fault.to_string().lines().count(), 1, "{}", fault);
        }
    }
}
