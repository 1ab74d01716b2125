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
    live.listed(Listing::Reached, subject).map(|(run, _)| run.clone()).collect()
}

#[test]
fn a_run_is_listed_by_whom_it_reached_until_the_index_has_it() {
    let (dana, omar) = (SubjectId::new("dana"), SubjectId::new("omar"));
    let (first, second) = (RunId::new("first"), RunId::new("second"));
    let started = Outline::RunStarted {
        playbook: "support".to_owned(),
        stage: Stage::Support,
        trigger: "message".to_owned(),
        channel: Channel::Email,
    };
    let sent = |customer| Outline::MessageSent {
        channel: Channel::Email,
        tool: "reply".to_owned(),
        outreach: false,
        customer,
    };
    let ended =
        Outline::RunEnded { outcome: Outcome::Resolved, reason_code: None, usage: attache_journal::Usage::default() };

    let mut live = Live::new(Position::START);
    absorb(&mut live, &first, &dana, std::slice::from_ref(&started));
    // What colleagues read reached nobody.
    absorb(&mut live, &second, &omar, &[started, sent(false)]);
    assert!(runs(&live, &dana).is_empty() && runs(&live, &omar).is_empty());

    absorb(&mut live, &first, &dana, &[sent(true), ended]);
    absorb(&mut live, &second, &omar, &[sent(true)]);
    assert_eq!(runs(&live, &dana), std::slice::from_ref(&first));
    assert_eq!(runs(&live, &omar), std::slice::from_ref(&second));

    let snapshot = live.snapshot().expect("something is new");
    live.settle(&snapshot, |_| false);
    // The first has ended and is in the index; the second may go on.
    assert!(runs(&live, &dana).is_empty() && !live.listed.contains_key(&(Listing::Reached, dana.clone())));
    assert_eq!(runs(&live, &omar), std::slice::from_ref(&second));

    live.erase(&omar);
    assert!(runs(&live, &omar).is_empty());
}
