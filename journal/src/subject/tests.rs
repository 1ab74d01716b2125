use super::*;
use proptest::prelude::*;

fn subject(secret: u8) -> Subject {
    Subject::new(SubjectId::new("00ff"), &[secret; 32])
}

#[test]
fn a_subject_never_shows_its_key() {
    assert_eq!(format!("{:?}", subject(7)), r#"Subject("00ff")"#);
}

#[test]
fn a_name_is_read_with_its_key_alone() {
    let name = CustomerId::new("cus_1042").unwrap();
    let sealed = subject(1).seal_name(&name);
    assert_eq!(subject(1).open_name(&sealed), Some(name));
    assert_eq!(subject(2).open_name(&sealed), None);
    assert!(!String::from_utf8_lossy(&sealed).contains("cus_1042"));
    assert_eq!(subject(1).open_name(&[1, 2, 3]), None);
}

#[test]
fn salts_differ_by_key_run_and_place() {
    let run = RunId::new("run_1");
    let salt = subject(1).salt(&run, 0);
    assert_ne!(salt, subject(2).salt(&run, 0));
    assert_ne!(salt, subject(1).salt(&run, 1));
    assert_ne!(salt, subject(1).salt(&RunId::new("run_2"), 0));
    assert_eq!(salt, subject(1).salt(&run, 0));
}

proptest! {
    #[test]
    fn what_is_encrypted_comes_back_and_no_changed_byte_does(
        text in prop::collection::vec(any::<u8>(), 0..200),
        at in any::<prop::sample::Index>(),
        flip in 1..=255_u8,
    ) {
        let (subject, commitment) = (subject(3), commit(Some(&[9; 32]), &text));
        let mut body = subject.encrypt(&commitment, text.clone()).unwrap();
        prop_assert_eq!(subject.decrypt(&commitment, &body), Some(text));
        let at = at.index(body.len());
        body[at] ^= flip;
        prop_assert_eq!(subject.decrypt(&commitment, &body), None);
    }
}
