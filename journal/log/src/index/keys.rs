//! The keys of the index: how each is made, and which ones list a run.

use crate::live::{Listing, Row};
use attache_journal::{DraftId, DraftState, Outcome, RunId, SubjectId};
use jiff::Timestamp;
use std::collections::BTreeMap;

/// How long a time is in a key.
pub(super) const MOMENT: usize = 16;

/// A key of what is known of a run by its id alone: its row, or that it is open.
pub(super) fn of_run(kind: u8, run: &RunId) -> Vec<u8> {
    [&[kind], run.as_str().as_bytes()].concat()
}

/// The key of the run that made a draft.
pub(super) fn of_draft(draft: &DraftId) -> Vec<u8> {
    [b"d", draft.as_str().as_bytes()].concat()
}

/// What the keys of all runs begin with.
pub(super) const RUNS: &[u8] = b"t";

/// The first letter of the keys of runs by their last entry.
pub(super) const CHANGED: [u8; 1] = [b'l'];

/// What the keys of a subject's runs begin with.
pub(super) fn theirs(subject: &SubjectId) -> Vec<u8> {
    // No id has a control character in it, so none is another's prefix.
    [b"c", subject.as_str().as_bytes(), b"\0"].concat()
}

/// What the keys of the runs on a list of a subject's begin with.
pub(super) fn listed(listing: Listing, subject: &SubjectId) -> Vec<u8> {
    let kind = match listing {
        Listing::Reached => b"p",
        Listing::HandedOver => b"h",
    };
    [kind, subject.as_str().as_bytes(), b"\0"].concat()
}

/// What the keys of the runs that came to rest so begin with.
pub(super) fn rested(outcome: Outcome) -> Vec<u8> {
    vec![b'o', letter(Some(outcome))]
}

/// What the keys of the runs that came to rest so begin with, by their last entry.
pub(super) fn changed(outcome: Option<Outcome>) -> Vec<u8> {
    [&CHANGED[..], &[letter(outcome)]].concat()
}

fn letter(outcome: Option<Outcome>) -> u8 {
    match outcome {
        None => b'-',
        Some(Outcome::Drafted) => b'd',
        Some(Outcome::Escalated) => b'e',
        Some(Outcome::Failed) => b'f',
        Some(Outcome::Resolved) => b'r',
        Some(Outcome::Suppressed) => b's',
    }
}

/// What the keys of the drafts that stand there begin with.
pub(super) fn standing(state: DraftState) -> Vec<u8> {
    let state = match state {
        DraftState::Approved => b'a',
        DraftState::Escalated => b'e',
        DraftState::Pending => b'p',
        DraftState::Rejected => b'r',
        DraftState::Replaced => b'v',
        DraftState::Sent => b's',
        DraftState::Stopped => b't',
        DraftState::Withdrawn => b'w',
    };
    vec![b'q', state]
}

/// A key that sorts by a time and then by an id, among those with this prefix.
pub(super) fn timed(prefix: &[u8], at: Timestamp, id: &str) -> Vec<u8> {
    [prefix, &moment(at), id.as_bytes()].concat()
}

/// Sixteen bytes that sort as the time does.
pub(super) fn moment(at: Timestamp) -> [u8; MOMENT] {
    (at.as_nanosecond() as u128 ^ 1 << 127).to_be_bytes()
}

/// Every key that lists a run, with its value. What a run is no longer listed by
/// is what its row before gives and its row now does not.
pub(super) fn listing(run: &RunId, row: &Row) -> BTreeMap<Vec<u8>, Vec<u8>> {
    let id = run.as_str();
    let mut keys = BTreeMap::new();
    if !row.ended {
        keys.insert(of_run(b'u', run), Vec::new());
    }
    let Some(summary) = &row.summary else { return keys };
    keys.insert(timed(RUNS, summary.started_at, id), Vec::new());
    keys.insert(timed(&changed(summary.outcome), summary.updated_at, id), Vec::new());
    if let Some(outcome) = summary.outcome {
        keys.insert(timed(&rested(outcome), summary.started_at, id), Vec::new());
    }
    if let Some(subject) = &summary.subject {
        keys.insert(timed(&theirs(subject), summary.started_at, id), Vec::new());
        for list in Listing::of(summary) {
            keys.insert([&listed(list, subject)[..], id.as_bytes()].concat(), Vec::new());
        }
    }
    for draft in &summary.drafts {
        keys.insert(of_draft(&draft.draft), id.into());
        keys.insert(timed(&standing(draft.state), draft.due, draft.draft.as_str()), id.into());
    }
    keys
}
