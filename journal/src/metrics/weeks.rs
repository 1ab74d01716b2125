//! What became of each week, for a plot.

use super::{RunFacts, episodes};
use crate::Decision;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use schemars::JsonSchema;
use serde::Serialize;

/// A week, from Monday in UTC, and what became of the episodes and drafts that
/// began in it. Each counts once.
#[derive(Clone, Debug, Eq, JsonSchema, PartialEq, Serialize)]
pub struct Week {
    /// Its Monday.
    #[schemars(with = "String")]
    pub monday: Date,
    /// Episodes that the agent alone resolved.
    pub alone: usize,
    /// Episodes with an answer in which a person took part.
    pub assisted: usize,
    /// Episodes that a person was given, without an answer before.
    pub handed_over: usize,
    /// Episodes without either, those that go on among them.
    pub open: usize,
    /// Drafts that were sent as they were.
    pub approved: usize,
    /// Drafts that were sent with changes.
    pub edited: usize,
    /// Drafts that were not sent.
    pub rejected: usize,
    /// Drafts that nobody decided on, those that may still be among them.
    pub undecided: usize,
}

/// The last `weeks` weeks, oldest first; the last is the one of `now`.
#[must_use]
pub fn weeks(facts: &[RunFacts], weeks: usize, now: Timestamp) -> Vec<Week> {
    let this = monday(now);
    let begins = (0..weeks).rev().filter_map(|ago| this.checked_sub(i64::try_from(ago).ok()?.weeks()).ok());
    let mut found: Vec<Week> = begins.map(Week::of).collect();
    for episode in episodes(facts) {
        let Some(week) = episode.begun().and_then(|at| at_week(&mut found, at)) else { continue };
        *match (episode.autonomous(), episode.answered(), episode.person(), episode.escalated()) {
            (true, ..) => &mut week.alone,
            (_, true, true, _) => &mut week.assisted,
            (_, _, _, true) => &mut week.handed_over,
            _ => &mut week.open,
        } += 1;
    }
    for draft in facts.iter().flat_map(|run| &run.drafts) {
        let Some(week) = at_week(&mut found, draft.created) else { continue };
        *match draft.decided {
            Some((_, Decision::Approve)) => &mut week.approved,
            Some((_, Decision::Edit)) => &mut week.edited,
            Some((_, Decision::Escalate | Decision::Reject | Decision::Revise | Decision::Withdraw)) => {
                &mut week.rejected
            }
            None => &mut week.undecided,
        } += 1;
    }
    found
}

impl Week {
    fn of(monday: Date) -> Self {
        Self {
            monday,
            alone: 0,
            assisted: 0,
            handed_over: 0,
            open: 0,
            approved: 0,
            edited: 0,
            rejected: 0,
            undecided: 0,
        }
    }
}

fn at_week(weeks: &mut [Week], at: Timestamp) -> Option<&mut Week> {
    let monday = monday(at);
    weeks.iter_mut().find(|week| week.monday == monday)
}

fn monday(at: Timestamp) -> Date {
    let date = TimeZone::UTC.to_datetime(at).date();
    let past = date.weekday().to_monday_zero_offset();
    // Only the first days of all time have no Monday before them.
    date.checked_sub(i64::from(past).days()).unwrap_or(date)
}
