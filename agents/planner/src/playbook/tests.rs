use super::*;
use proptest::prelude::*;

#[test]
fn each_of_the_seven_stages_has_a_shipped_playbook() {
    let playbooks = Playbooks::load(BTreeMap::new()).unwrap();
    let stages: Vec<_> = playbooks.iter().map(|playbook| playbook.stage).collect();
    for stage in Stage::ALL {
        assert!(stages.contains(&stage), "{stage}");
    }
}

#[test]
fn a_fault_names_file_line_and_column() {
    let own = [("mine.toml".to_owned(), "name = \"mine\"\nstage = \"nowhere\"\n".to_owned())].into();
    let fault = Playbooks::load(own).unwrap_err().to_string();
    assert!(fault.starts_with("playbooks/mine.toml: 2:9: unknown variant `nowhere`"), "{fault}");
}

proptest! {
    #[test]
    fn fuzz_no_playbook_panics(at in any::<prop::sample::Index>(), with in "[\\x00-\u{2fff}]{0,8}") {
        let mut text = Playbooks::shipped()["support.toml"].clone();
        let at = at.index(text.len());
        if text.is_char_boundary(at) {
            text.insert_str(at, &with);
        }
        if let Err(fault) = Playbooks::load([("support.toml".to_owned(), text)].into()) {
            prop_assert_eq!(fault.to_string().lines().count(), 1);
        }
    }
}
