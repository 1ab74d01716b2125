//! What is known of runs without reading the log.

use crate::segment::Position;
use attache_journal::{Outcome, Outline, RunId, RunSummary, SubjectId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, HashSet};

/// Where a record stands: segment, byte offset, length of its payload.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Place(pub(crate) u64, pub(crate) u64, pub(crate) u32);

/// The next entry's place in a run, and the hash it must name as `prev`.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Head {
    pub(crate) next: u64,
    pub(crate) hash: [u8; 32],
}

/// All that the index holds of a run: only what is durable.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub(crate) struct Row {
    /// Absent if the run does not begin with `run_started`. It names nobody:
    /// whom it was for, the ring knows.
    pub(crate) summary: Option<RunSummary>,
    /// How many entries it has.
    pub(crate) next: u64,
    /// The hash of its last entry.
    #[serde(with = "hexadecimal")]
    pub(crate) hash: [u8; 32],
    /// Whether its last entry is `run_ended`, or nobody can go on with it.
    pub(crate) ended: bool,
    /// Its records, oldest first.
    pub(crate) places: Vec<Place>,
    /// Whether the index does not have it like this yet.
    #[serde(skip)]
    pub(crate) dirty: bool,
    /// How many bytes of it the index does not have, while it has not ended.
    #[serde(skip)]
    fresh: u64,
}

impl Row {
    /// Where the run goes on.
    pub(crate) fn head(&self) -> Head {
        Head { next: self.next, hash: self.hash }
    }

    /// Takes in the run's next entry.
    pub(crate) fn absorb(&mut self, run: &RunId, entry: Glance<'_>) {
        // A run whose first entry is no `run_started` stays without a summary.
        if self.summary.is_some() || entry.seq == 0 {
            RunSummary::fold(&mut self.summary, run, entry.subject, entry.seq, entry.at, entry.outline);
        }
        self.next = entry.seq + 1;
        self.hash = entry.hash;
        self.ended =
            matches!(entry.outline, Outline::RunEnded { .. } | Outline::Erased { .. } | Outline::StaffActed {});
        self.dirty = true;
    }

    /// Counts the bytes of its newest record, and gives those that came to an end.
    fn grow(&mut self, bytes: u64) -> u64 {
        self.fresh += bytes;
        if self.ended { std::mem::take(&mut self.fresh) } else { 0 }
    }

    /// Takes in that what the run held cannot be read any more, if it was
    /// about `subject`.
    pub(crate) fn erase(&mut self, subject: &SubjectId) {
        if let Some(summary) = self.summary.as_mut().filter(|summary| summary.subject.as_ref() == Some(subject)) {
            summary.erase();
            self.ended = true;
            self.dirty = true;
        }
    }
}

/// What a row takes from an entry.
#[derive(Clone, Copy)]
pub(crate) struct Glance<'a> {
    pub(crate) seq: u64,
    pub(crate) at: Timestamp,
    pub(crate) subject: Option<&'a SubjectId>,
    pub(crate) outline: &'a Outline,
    pub(crate) hash: [u8; 32],
}

/// What each run asks of its customer's other runs.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(crate) enum Listing {
    /// Those that reached the customer.
    Reached,
    /// Those that a person was given.
    HandedOver,
}

impl Listing {
    const ALL: [Self; 2] = [Self::Reached, Self::HandedOver];

    /// Whether this run is one of them.
    pub(crate) fn holds(self, summary: &RunSummary) -> bool {
        match self {
            Self::Reached => !summary.past.is_empty(),
            Self::HandedOver => summary.outcome == Some(Outcome::Escalated),
        }
    }

    /// The lists that this run is on.
    pub(crate) fn of(summary: &RunSummary) -> impl Iterator<Item = Self> + '_ {
        Self::ALL.into_iter().filter(|listing| listing.holds(summary))
    }
}

/// The runs that are open, and those that the index does not have yet.
pub(crate) struct Live {
    pub(crate) runs: HashMap<RunId, Row>,
    /// The same by whom they are for: every run asks for its customer's others.
    theirs: HashMap<SubjectId, Theirs>,
    /// The durable end of the log.
    pub(crate) end: Position,
    /// How many bytes of the log the index does not cover.
    pub(crate) unindexed: u64,
    /// How many of them are of runs that came to their end: those are written
    /// once, while a run that goes on is written again.
    pub(crate) ended: u64,
}

/// The runs in memory that are about one subject.
#[derive(Default)]
struct Theirs {
    runs: HashSet<RunId>,
    /// Those on each list: a run that begins looks at no other.
    listed: HashMap<Listing, HashSet<RunId>>,
}

/// What is to be written to the index in one step.
pub(crate) struct Snapshot {
    pub(crate) rows: Vec<(RunId, Row)>,
    pub(crate) end: Position,
    unindexed: u64,
    ended: u64,
}

impl Live {
    /// Nothing but an index that is complete up to `end`.
    pub(crate) fn new(end: Position) -> Self {
        Self { runs: HashMap::new(), theirs: HashMap::new(), end, unindexed: 0, ended: 0 }
    }

    /// Takes in a run that the index knew.
    pub(crate) fn insert(&mut self, run: RunId, row: Row) {
        list(&mut self.theirs, &run, &row);
        self.runs.insert(run, row);
    }

    /// Lets `change` take in a record of so many bytes of a run, one that nobody
    /// knew if need be.
    pub(crate) fn change<T>(&mut self, run: &RunId, bytes: u64, change: impl FnOnce(&mut Row) -> T) -> T {
        self.unindexed += bytes;
        // Not `entry`, which would copy the id of every batch's run.
        if let Some(row) = self.runs.get_mut(run) {
            let changed = change(row);
            self.ended += row.grow(bytes);
            list(&mut self.theirs, run, row);
            return changed;
        }
        let mut row = Row::default();
        let changed = change(&mut row);
        self.ended += row.grow(bytes);
        self.insert(run.clone(), row);
        changed
    }

    /// The runs that are about this subject.
    pub(crate) fn of(&self, subject: &SubjectId) -> impl Iterator<Item = (&RunId, &Row)> {
        let runs = self.theirs.get(subject).into_iter().flat_map(|theirs| &theirs.runs);
        runs.filter_map(|run| self.runs.get_key_value(run))
    }

    /// The runs that are about this subject and on this list.
    pub(crate) fn listed(&self, listing: Listing, subject: &SubjectId) -> impl Iterator<Item = (&RunId, &Row)> {
        let listed = self.theirs.get(subject).and_then(|theirs| theirs.listed.get(&listing));
        listed.into_iter().flatten().filter_map(|run| self.runs.get_key_value(run))
    }

    /// Takes in that nothing can be read any more of what is about `subject`.
    pub(crate) fn erase(&mut self, subject: &SubjectId) {
        self.theirs.remove(subject);
        self.runs.values_mut().for_each(|row| row.erase(subject));
    }

    /// What the index does not have yet; nothing if it has everything.
    pub(crate) fn snapshot(&self) -> Option<Snapshot> {
        let dirty = self.runs.iter().filter(|(_, row)| row.dirty);
        let rows: Vec<_> = dirty.map(|(run, row)| (run.clone(), row.clone())).collect();
        let Self { end, unindexed, ended, .. } = *self;
        (unindexed > 0).then_some(Snapshot { rows, end, unindexed, ended })
    }

    /// Forgets what is in the index now, except the runs that are open and
    /// those that `busy` names.
    pub(crate) fn settle(&mut self, snapshot: &Snapshot, busy: impl Fn(&RunId) -> bool) {
        self.unindexed -= snapshot.unindexed;
        self.ended -= snapshot.ended;
        for (run, written) in &snapshot.rows {
            let Some(row) = self.runs.get_mut(run) else {
                continue;
            };
            if row.next != written.next || row.ended != written.ended {
                // It went on meanwhile and stays dirty.
                continue;
            }
            row.dirty = false;
            row.fresh = 0;
            if row.ended && !busy(run) {
                self.remove(run);
            }
        }
    }

    fn remove(&mut self, run: &RunId) {
        let removed = self.runs.remove(run);
        let Some(subject) = removed.and_then(|row| row.summary).and_then(|summary| summary.subject) else { return };
        if let Some(theirs) = self.theirs.get_mut(&subject) {
            theirs.runs.remove(run);
            for listed in theirs.listed.values_mut() {
                listed.remove(run);
            }
            if theirs.runs.is_empty() {
                self.theirs.remove(&subject);
            }
        }
    }
}

/// Counts a run among those of whom it is for, and on the lists that it is on now.
fn list(theirs: &mut HashMap<SubjectId, Theirs>, run: &RunId, row: &Row) {
    let Some(summary) = &row.summary else { return };
    let Some(subject) = &summary.subject else { return };
    // Not `entry`, which would copy the id at every change.
    if !theirs.contains_key(subject) {
        theirs.insert(subject.clone(), Theirs::default());
    }
    let Some(theirs) = theirs.get_mut(subject) else { return };
    let count = |runs: &mut HashSet<RunId>, here: bool| {
        if !here {
            runs.remove(run);
        } else if !runs.contains(run) {
            runs.insert(run.clone());
        }
    };
    count(&mut theirs.runs, true);
    for listing in Listing::ALL {
        count(theirs.listed.entry(listing).or_default(), listing.holds(summary));
    }
}

/// A hash as text in the index.
pub(crate) mod hexadecimal {
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    pub(crate) fn serialize<S: Serializer>(hash: &[u8; 32], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hex::encode(hash))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<[u8; 32], D::Error> {
        let text = String::deserialize(deserializer)?;
        let mut hash = [0; 32];
        hex::decode_to_slice(text, &mut hash).map(|()| hash).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests;
