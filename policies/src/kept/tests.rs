use super::*;
use crate::ActionSpec;
use crate::lower::lower;

fn shipped() -> Vec<PolicyFile> {
    let mut files = PolicySet::shipped();
    files.sort_by(|a, b| a.name.cmp(&b.name));
    files
}

fn tool(name: &str, effect: &str) -> ActionSpec {
    let properties = serde_json::json!({"text": {"type": "string"}, "case": {"type": "object"}});
    let input_schema = serde_json::json!({"type": "object", "required": ["text"], "properties": properties});
    ActionSpec { name: name.into(), effect: effect.into(), input_schema }
}

#[test]
fn what_is_kept_is_what_the_shipped_rules_are_lowered_to() {
    let [(_, policies), (_, history)] = lower_shipped().unwrap();
    let advice = "the rules have changed: run `cargo xtask lower-rules`";
    assert_eq!(policies, POLICIES, "{advice}");
    assert_eq!(history, HISTORY, "{advice}");
}

#[test]
fn tools_of_a_project_change_nothing_of_it() {
    let files = shipped();
    let files: Vec<_> = files.iter().collect();
    let tools = ["draft", "escalate", "read", "write"].map(|effect| tool(&format!("our_{effect}"), effect));
    let tools = schema::tools(&tools).unwrap();
    let fresh = lower(&files, &tools.schema(true)).unwrap();
    let kept = lowered(&files, &tools).unwrap();
    let texts = |lowered: &Lowered| {
        let policies = lowered.policies.policies().map(|policy| (policy.id().to_string(), policy.to_string()));
        policies.collect::<std::collections::BTreeMap<_, _>>()
    };
    assert_eq!(texts(&kept), texts(&fresh));
    assert_eq!(serde_json::to_value(&kept.leaves).unwrap(), serde_json::to_value(&fresh.leaves).unwrap());
    assert_eq!(kept.places, fresh.places);
}

#[test]
fn other_files_and_a_known_tool_of_another_effect_are_lowered_now() {
    let files = shipped();
    let taken = |files: &[PolicyFile], tools: &[ActionSpec]| {
        lowered(&files.iter().collect::<Vec<_>>(), &schema::tools(tools).unwrap()).is_some()
    };
    assert!(taken(&files, &[]) && taken(&files, &[tool("reply", "write")]));
    assert!(!taken(&files, &[tool("reply", "read")]));
    assert!(!taken(files.get(1..).unwrap(), &[]));
    let mut changed = files.clone();
    changed[0].text.push(' ');
    assert!(!taken(&changed, &[]));
    let mut renamed = files;
    renamed[0].name.insert(0, 'a');
    assert!(!taken(&renamed, &[]));
}
