use super::*;
use crate::{Key, Outcome, RunEnded, Usage, open, verify};
use proptest::prelude::*;

fn ended(reply: &str) -> Event {
    RunEnded {
        outcome: Outcome::Resolved,
        reason_code: None,
        reply: Some(reply.to_owned()),
        citations: Vec::new(),
        usage: Usage::default(),
    }
    .into()
}

fn at() -> Timestamp {
    "2026-11-20T09:00:00Z".parse().unwrap()
}

fn ada() -> Subject {
    Subject::new(SubjectId::new("00ff"), &[7; 32])
}

/// So many sealed entries, with their lines.
fn seal(count: usize, subject: Option<&Subject>) -> Vec<(Sealed, Vec<u8>)> {
    let mut chain = Chain::new(RunId::new("run_1"), subject.cloned());
    let mut seal = |event: Event| {
        let sealed = chain.seal(at(), &Actor::System, &event).unwrap();
        let line = chain.line(&sealed, &event).unwrap();
        (sealed, line)
    };
    (0..count).map(|i| seal(ended(&format!("n{i}")))).collect()
}

#[test]
fn a_sealed_line_has_the_shape_of_the_contract() {
    insta::assert_snapshot!(String::from_utf8(seal(1, None).remove(0).1).unwrap());
}

#[test]
fn a_subjects_line_has_a_salt_and_its_head_no_event() {
    let (sealed, line) = seal(1, Some(&ada())).remove(0);
    insta::assert_snapshot!(String::from_utf8(line).unwrap());
    insta::assert_snapshot!(String::from_utf8(sealed.head.clone()).unwrap());
    assert!(!sealed.body.windows(2).any(|window| window == b"n0"), "the body is encrypted");
}

#[test]
fn a_chain_goes_on_where_it_was_left() {
    let entries: Vec<_> = seal(3, None).iter().map(|(_, line)| verify(line).unwrap()).collect();
    let chain = Chain::after(RunId::new("run_1"), None, &entries).unwrap();
    assert_eq!(chain.next_seq(), 3);
    assert_eq!(Some(chain.prev), decode(&entries[2].hash));
}

#[test]
fn dropped_and_swapped_entries_are_named() {
    let entries: Vec<_> = seal(3, None).iter().map(|(_, line)| verify(line).unwrap()).collect();
    let after = |entries: &[Entry]| Chain::after(RunId::new("run_1"), None, entries).unwrap_err();
    let dropped = [entries[0].clone(), entries[2].clone()];
    assert_eq!(after(&dropped), EntryFault::Order { seq: 2, expected: 1 });
    let swapped = [entries[1].clone(), entries[0].clone()];
    assert_eq!(after(&swapped), EntryFault::Order { seq: 1, expected: 0 });
    let mut forged = entries;
    forged[1].prev = forged[2].prev.clone();
    assert_eq!(after(&forged), EntryFault::Chain { seq: 1 });
}

#[test]
fn an_entry_is_opened_with_its_key_and_checked_without() {
    let (sealed, line) = seal(2, Some(&ada())).remove(1);
    let (entry, opened) = open(&sealed.head, &sealed.body, |_| Key::Of(ada())).unwrap();
    assert_eq!((&entry, &opened), (&verify(&line).unwrap(), &line));
    assert_eq!(entry.event, Some(ended("n1")));
    let (erased, head) = open(&sealed.head, &sealed.body, |_| Key::Destroyed).unwrap();
    assert_eq!((erased.event.clone(), &head), (None, &sealed.head));
    assert_eq!(verify(&head).unwrap(), erased);
    assert_eq!(erased.hash, entry.hash, "the chain does not break");
    let missing = open(&sealed.head, &sealed.body, |_| Key::Missing).unwrap_err();
    assert_eq!(missing.to_string(), "entry 1 cannot be read: the key of subject 00ff is missing");
    let other = Subject::new(SubjectId::new("00ff"), &[8; 32]);
    assert_eq!(open(&sealed.head, &sealed.body, |_| Key::Of(other)).unwrap_err(), EntryFault::Hash { seq: 1 });
}

#[test]
fn what_was_nobodys_cannot_have_been_erased() {
    let (sealed, _) = seal(1, None).remove(0);
    assert_eq!(verify(&sealed.head), Err(EntryFault::Hash { seq: 0 }));
    let (entry, _) = open(&sealed.head, &sealed.body, |_| Key::Missing).unwrap();
    assert_eq!(entry.event, Some(ended("n0")));
}

#[test]
fn another_event_than_was_sealed_is_found() {
    // A body of the right key that was sealed for another place.
    let entries = seal(2, Some(&ada()));
    let swapped = open(&entries[1].0.head, &entries[0].0.body, |_| Key::Of(ada()));
    assert_eq!(swapped.unwrap_err(), EntryFault::Hash { seq: 1 });
    let line = String::from_utf8(entries[0].1.clone()).unwrap();
    assert!(verify(line.replace("n0", "n1").as_bytes()).is_err());
}

proptest! {
    #[test]
    fn any_changed_byte_is_found(at in any::<prop::sample::Index>(), flip in 1..=255_u8) {
        let mut line = seal(2, Some(&ada())).remove(1).1;
        let at = at.index(line.len());
        line[at] ^= flip;
        prop_assert!(verify(&line).is_err());
    }

    #[test]
    fn any_changed_byte_of_what_is_kept_is_found(at in any::<prop::sample::Index>(), flip in 1..=255_u8) {
        let Sealed { mut head, mut body, .. } = seal(2, Some(&ada())).remove(1).0;
        let at = at.index(head.len() + body.len());
        match at.checked_sub(head.len()) {
            None => head[at] ^= flip,
            Some(at) => body[at] ^= flip,
        }
        prop_assert!(open(&head, &body, |_| Key::Of(ada())).is_err());
    }
}
