use super::*;
use attache_context::{Channel, Stage};
use attache_journal::Outcome;

fn absorb(live: &mut Live, run: &RunId, subject: &SubjectId, outlines: &[Outline]) {
    live.change(run, |row| {
        for outline in outlines {
            let glance =
                Glance { seq: row.next, at: Timestamp::UNIX_EPOCH, subject: Some(subject), outline, hash: [0; 32] };
            row.absorb(run, glance);
        }
    });
    live.unindexed += 1;
}

fn runs(live: &Live, subject: &SubjectId) -> Vec<RunId> {
    live.of(subject).map(|(run, _)| run.clone()).collect()
}

#[test]
fn a_run_is_found_by_whom_it_is_for_until_the_index_has_it() {
    let (dana, omar) = (SubjectId::new("dana"), SubjectId::new("omar"));
    let (first, second) = (RunId::new("first"), RunId::new("second"));
    let started = Outline::RunStarted {
        playbook: "support".to_owned(),
        stage: Stage::Support,
        trigger: "message".to_owned(),
        channel: Channel::Email,
    };
    let sent =
        Outline::MessageSent { channel: Channel::Email, tool: "reply".to_owned(), outreach: false, customer: true };
    let ended =
        Outline::RunEnded { outcome: Outcome::Resolved, reason_code: None, usage: attache_journal::Usage::default() };

    let mut live = Live::new(Position::START);
    absorb(&mut live, &first, &dana, &[started.clone(), sent, ended]);
    absorb(&mut live, &second, &omar, &[started]);
    assert_eq!(runs(&live, &dana), std::slice::from_ref(&first));
    assert_eq!(runs(&live, &omar), std::slice::from_ref(&second));

    let snapshot = live.snapshot().expect("something is new");
    live.settle(&snapshot, |_| false);
    // The first has ended and is in the index; the second may go on.
    assert!(runs(&live, &dana).is_empty() && !live.theirs.contains_key(&dana));
    assert_eq!(runs(&live, &omar), std::slice::from_ref(&second));

    live.erase(&omar);
    assert!(runs(&live, &omar).is_empty());
}
