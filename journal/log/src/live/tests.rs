use super::*;
use attache_context::{Channel, Stage};
use attache_journal::Outcome;

fn absorb(live: &mut Live, run: &RunId, subject: &SubjectId, outlines: &[Outline]) {
    live.change(run, 10, |row| {
        for outline in outlines {
            let glance =
                Glance { seq: row.next, at: Timestamp::UNIX_EPOCH, subject: Some(subject), outline, hash: [0; 32] };
            row.absorb(run, glance);
        }
    });
}

fn started() -> Outline {
    let (playbook, trigger) = ("support".to_owned(), "message".to_owned());
    Outline::RunStarted { playbook, stage: Stage::Support, trigger, channel: Channel::Email }
}

fn sent() -> Outline {
    Outline::MessageSent { channel: Channel::Email, tool: "reply".to_owned(), outreach: false, customer: true }
}

fn ended(outcome: Outcome) -> Outline {
    Outline::RunEnded { outcome, reason_code: None, usage: attache_journal::Usage::default() }
}

fn runs(live: &Live, subject: &SubjectId) -> Vec<RunId> {
    live.of(subject).map(|(run, _)| run.clone()).collect()
}

#[test]
fn a_run_is_found_by_whom_it_is_for_until_the_index_has_it() {
    let (dana, omar) = (SubjectId::new("dana"), SubjectId::new("omar"));
    let (first, second) = (RunId::new("first"), RunId::new("second"));
    let mut live = Live::new(Position::START);
    absorb(&mut live, &first, &dana, &[started(), sent(), ended(Outcome::Resolved)]);
    absorb(&mut live, &second, &omar, &[started()]);
    assert_eq!(runs(&live, &dana), std::slice::from_ref(&first));
    assert_eq!(runs(&live, &omar), std::slice::from_ref(&second));

    assert_eq!((live.unindexed, live.ended), (20, 10));
    let snapshot = live.snapshot().expect("something is new");
    live.settle(&snapshot, |_| false);
    assert_eq!((live.unindexed, live.ended), (0, 0));
    // The first has ended and is in the index; the second may go on.
    assert!(runs(&live, &dana).is_empty() && !live.theirs.contains_key(&dana));
    assert_eq!(runs(&live, &omar), std::slice::from_ref(&second));

    live.erase(&omar);
    assert!(runs(&live, &omar).is_empty());
}

#[test]
fn a_list_has_the_runs_that_belong_on_it_now() {
    let (dana, run) = (SubjectId::new("dana"), RunId::new("run"));
    let mut live = Live::new(Position::START);
    let listed = |live: &Live| -> Vec<(Listing, RunId)> {
        let on = |listing| live.listed(listing, &dana).map(move |(run, _)| (listing, run.clone()));
        Listing::ALL.into_iter().flat_map(on).collect()
    };
    let (reached, handed_over) = ((Listing::Reached, run.clone()), (Listing::HandedOver, run.clone()));
    absorb(&mut live, &run, &dana, &[started()]);
    assert_eq!(listed(&live), []);
    absorb(&mut live, &run, &dana, &[ended(Outcome::Escalated)]);
    assert_eq!(listed(&live), std::slice::from_ref(&handed_over));
    // A person took it up: it reached the customer and is with nobody any more.
    absorb(&mut live, &run, &dana, &[sent(), ended(Outcome::Resolved)]);
    assert_eq!(listed(&live), std::slice::from_ref(&reached));
    assert_eq!((live.unindexed, live.ended), (30, 30));

    let snapshot = live.snapshot().expect("something is new");
    live.settle(&snapshot, |_| false);
    assert_eq!(listed(&live), []);
}

#[test]
fn what_the_index_has_of_an_open_run_is_not_counted_at_its_end() {
    let (dana, run) = (SubjectId::new("dana"), RunId::new("run"));
    let mut live = Live::new(Position::START);
    absorb(&mut live, &run, &dana, &[started()]);
    let snapshot = live.snapshot().expect("something is new");
    live.settle(&snapshot, |_| false);
    absorb(&mut live, &run, &dana, &[ended(Outcome::Resolved)]);
    assert_eq!((live.unindexed, live.ended), (10, 10));
}
