use super::*;
use attache_journal::Role;

#[test]
fn what_a_colleague_did_is_a_sentence() {
    let act = StaffAct::AccountAdded { name: "kim".to_owned(), roles: vec![Role::Auditor, Role::Reviewer] };
    assert_eq!(acted(&act), "account added · name: kim · roles: auditor, reviewer");
}
