//! The search for the smallest change: one, then two, then more of one kind.

use super::change::{Agreement, Change, FactChange, TextChange};
use super::{Counterfactual, Turn};
use crate::{Flip, WhatIf};
use attache_context::{FactKind, Purpose, Sensitivity, Source};
use attache_journal::{Entry, Event, RunStarted, SentimentLabel};
use std::collections::BTreeSet;

/// How often a run is decided again at most.
const MOST: usize = 2_000;
/// How many changes are told at most.
const MOST_TOLD: usize = 6;
/// How many messages more or fewer are tried at most.
const MOST_CONTACTS: i64 = 8;

/// What was found.
#[derive(Default)]
pub(super) struct Found {
    pub(super) turns: Vec<Counterfactual>,
    /// What each single change does to the decisions.
    pub(super) flips: Vec<(Change, Vec<Flip>)>,
    pub(super) tried: usize,
    pub(super) cut_short: bool,
}

/// Tries changes, the smallest first and always in the same order, until one
/// size of them changes where the run stands. `again` decides it again.
pub(super) fn search(started: &RunStarted, entries: &[Entry], mut again: impl FnMut(&[Change]) -> WhatIf) -> Found {
    let base = again(&[]);
    let mut found = Found { tried: 1, ..Found::default() };
    let all = candidates(started, entries);
    let of_size = |size: u64| all.iter().filter(move |change| change.size() == size);
    // What changes something alone is likelier to do so with another.
    let (mut first, mut rest) = (Vec::new(), Vec::new());
    for change in of_size(1) {
        let Some(there) = found.attempt(&base, std::slice::from_ref(change), &mut again) else { break };
        let flips: Vec<Flip> = there.flips.into_iter().filter(|flip| !base.flips.contains(flip)).collect();
        if flips.is_empty() {
            rest.push(change)
        } else {
            first.push(change)
        }
        found.flips.push((change.clone(), flips));
    }
    first.append(&mut rest);
    for size in 2..=MOST_CONTACTS.unsigned_abs() {
        if !found.turns.is_empty() {
            break;
        }
        for change in of_size(size) {
            found.attempt(&base, std::slice::from_ref(change), &mut again);
        }
        let ones = if size == 2 { first.as_slice() } else { &[] };
        for (place, one) in ones.iter().enumerate() {
            for other in ones.iter().skip(place + 1).filter(|other| other.target() != one.target()) {
                found.attempt(&base, &[(*one).clone(), (*other).clone()], &mut again);
            }
        }
    }
    found.turns.sort_by_key(|turn| rank(turn.course.stands()) <= rank(base.after.stands()));
    found.turns.truncate(MOST_TOLD);
    found
}

impl Found {
    /// Decides the run again with these changes, and keeps them if they turn it:
    /// the first of each target and each direction.
    fn attempt(
        &mut self,
        base: &WhatIf,
        changes: &[Change],
        again: &mut impl FnMut(&[Change]) -> WhatIf,
    ) -> Option<WhatIf> {
        self.cut_short |= self.tried >= MOST;
        if self.cut_short {
            return None;
        }
        self.tried += 1;
        let there = again(changes);
        if there.after.stands() == base.after.stands() {
            return Some(there);
        }
        let target = |changes: &[Change]| changes.iter().map(Change::target).collect::<Vec<_>>();
        let better = |stands: &str| rank(stands) > rank(base.after.stands());
        let known = |turn: &Counterfactual| {
            target(&turn.changes) == target(changes) && better(turn.course.stands()) == better(there.after.stands())
        };
        if !self.turns.iter().any(known) {
            let new = there.flips.iter().filter(|flip| !base.flips.contains(flip));
            let decision = new.clone().find_map(|flip| {
                let (was, now) = flip.verdicts().filter(|(was, now)| was != now)?;
                Some(Turn { seq: flip.seq, action: flip.action().to_owned(), was, now })
            });
            let said: Vec<_> = changes.iter().map(ToString::to_string).collect();
            let (changes, said) = (changes.to_vec(), said.join(" and "));
            self.turns.push(Counterfactual { changes, said, decision, course: there.after.clone() });
        }
        Some(there)
    }
}

/// How far a run gets for the customer.
fn rank(stands: &str) -> u8 {
    match stands {
        "open" => 1,
        "drafted" => 2,
        "resolved" => 3,
        _ => 0,
    }
}

/// Everything that is tried, in the order of trying.
fn candidates(started: &RunStarted, entries: &[Entry]) -> Vec<Change> {
    let bundle = &started.bundle;
    let mut all = Vec::new();
    let assessed = entries.iter().find_map(|entry| match &entry.event {
        Some(Event::Assessed(assessed)) => Some(assessed),
        _ => None,
    });
    if let Some(assessed) = assessed {
        let was = assessed.sentiment.label;
        let labels =
            [SentimentLabel::Neutral, SentimentLabel::Positive, SentimentLabel::Negative, SentimentLabel::Unknown];
        all.extend(labels.into_iter().filter(|l| *l != was).map(|label| Change::Sentiment { was, label }));
        all.push(Change::WantsHuman { wants: !assessed.wants_human });
    }
    all.extend(Agreement::ALL.map(|to| Change::Consent { to, agreed: !to.of(bundle.consent) }));
    contacts(started, entries, &mut all);
    texts(entries, &mut all);
    for kind in FactKind::ALL {
        for (place, fact) in bundle.of(kind).iter().enumerate() {
            let mut change = |to| all.push(Change::Fact { kind, key: fact.key.clone(), place, to });
            if fact.source != Source::ZeroParty {
                change(FactChange::ToldUs);
            }
            if fact.sensitivity > Sensitivity::Internal {
                change(FactChange::Internal);
            }
            if fact.age_days(bundle.trigger.at()) > 0 {
                change(FactChange::Fresh);
            }
            change(FactChange::Unknown);
            let more = Purpose::ALL.into_iter().filter(|purpose| !fact.purposes.contains(purpose));
            more.map(FactChange::For).for_each(change);
        }
    }
    all
}

/// Fewer and more of what reached the customer before.
fn contacts(started: &RunStarted, entries: &[Entry], all: &mut Vec<Change>) {
    let reviews = entries.iter().filter_map(|entry| match &entry.event {
        Some(Event::ReviewDecided(decided)) => Some(&decided.history),
        _ => None,
    });
    let histories: Vec<_> = std::iter::once(&started.history).chain(reviews).collect();
    let mut ways: BTreeSet<(&str, bool)> =
        histories.iter().flat_map(|history| history.iter().map(|past| (past.action.as_str(), past.outreach))).collect();
    let outreach = started.bundle.trigger.message().is_none();
    for entry in entries {
        if let Some(Event::DraftCreated(created)) = &entry.event {
            ways.insert((&created.tool, outreach));
        }
    }
    for (tool, outreach) in ways {
        let count = |history: &Vec<attache_journal::Past>| {
            history.iter().filter(|past| past.action == tool && past.outreach == outreach).count()
        };
        let most = histories.iter().map(|history| count(history)).max().unwrap_or_default();
        let most = i64::try_from(most).unwrap_or(MOST_CONTACTS).min(MOST_CONTACTS);
        let change = |by| Change::Contacts { tool: tool.to_owned(), outreach, by };
        all.extend((1..=most).map(|by| change(-by)));
        all.extend((1..=3).map(change));
    }
}

/// Other texts, and other targets, of what was decided on.
fn texts(entries: &[Entry], all: &mut Vec<Change>) {
    let mut tools = BTreeSet::new();
    for entry in entries {
        if let Some(Event::PolicyDecided(decided)) = &entry.event
            && decided.call.is_some()
        {
            tools.insert(&decided.action);
        }
    }
    for tool in tools {
        let ways = [
            TextChange::Cites,
            TextChange::Discloses,
            TextChange::NoPersonalData,
            TextChange::NothingUnsayable,
            TextChange::TrustedTarget,
        ];
        all.extend(ways.map(|to| Change::Text { tool: tool.clone(), to }));
    }
}
