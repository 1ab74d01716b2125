use super::*;
use crate::{Outcome, RunEnded, Usage};
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

fn seal(count: usize) -> Vec<Sealed> {
    let mut chain = Chain::new(RunId::new("run_1"));
    (0..count)
        .map(|i| chain.seal("2026-11-20T09:00:00Z".parse().unwrap(), &Actor::System, ended(&format!("n{i}"))).unwrap())
        .collect()
}

#[test]
fn a_sealed_line_has_the_shape_of_the_contract() {
    let line = String::from_utf8(seal(1).remove(0).line).unwrap();
    insta::assert_snapshot!(line);
}

#[test]
fn a_chain_goes_on_where_it_was_left() {
    let entries: Vec<_> = seal(3).iter().map(|sealed| verify(&sealed.line).unwrap()).collect();
    let chain = Chain::after(RunId::new("run_1"), &entries).unwrap();
    assert_eq!(chain.next_seq(), 3);
    assert_eq!(Some(chain.prev), decode(&entries[2].hash));
}

#[test]
fn dropped_and_swapped_entries_are_named() {
    let entries: Vec<_> = seal(3).iter().map(|sealed| verify(&sealed.line).unwrap()).collect();
    let run = || RunId::new("run_1");
    let dropped = [entries[0].clone(), entries[2].clone()];
    assert_eq!(Chain::after(run(), &dropped).unwrap_err(), EntryFault::Order { seq: 2, expected: 1 });
    let swapped = [entries[1].clone(), entries[0].clone()];
    assert_eq!(Chain::after(run(), &swapped).unwrap_err(), EntryFault::Order { seq: 1, expected: 0 });
    let mut forged = entries;
    forged[1].prev = forged[2].prev.clone();
    assert_eq!(Chain::after(run(), &forged).unwrap_err(), EntryFault::Chain { seq: 1 });
}

proptest! {
    #[test]
    fn any_changed_byte_is_found(at in any::<prop::sample::Index>(), flip in 1..=255_u8) {
        let mut line = seal(2).remove(1).line;
        let at = at.index(line.len());
        line[at] ^= flip;
        prop_assert!(verify(&line).is_err());
    }
}
