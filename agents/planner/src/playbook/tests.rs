use super::*;

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
