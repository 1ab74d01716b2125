//! What stands beside a draft: how its reader sounded, what was done for them, and what is checked when it leaves.

use super::super::queue::ago;
use crate::desk::Desk;
use crate::problem::Problem;
use attache_context::{Bundle, FactKind};
use attache_journal::{Entry, Event, RunFilter, RunId, SentimentLabel};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use std::fmt::Write as _;

/// So many of a customer's other runs are told.
const RUNS: usize = 6;
/// How far back what we sent unasked is counted.
const RECENT: SignedDuration = SignedDuration::from_hours(7 * 24);
/// The drawing of the trend, in its own units.
const WIDE: f64 = 320.0;
const HIGH: f64 = 44.0;

/// How a customer sounded, as a line to draw and in words.
#[derive(Debug, PartialEq, Serialize)]
pub(super) struct Trend {
    points: String,
    /// Where the line ends.
    last: (f64, f64),
    told: String,
}

/// The trend of what is recorded and of the message, if there are two of them.
pub(super) fn trend(bundle: &Bundle, entries: &[Entry]) -> Option<Trend> {
    let recorded = bundle.of(FactKind::Sentiment).iter().filter(|fact| fact.key.ends_with(".sentiment"));
    let mut scores: Vec<(Timestamp, f64)> = recorded
        .filter_map(|fact| {
            let label = serde_json::from_value(fact.value.clone()).ok()?;
            let score = match label {
                SentimentLabel::Negative => -0.5,
                SentimentLabel::Neutral => 0.0,
                SentimentLabel::Positive => 0.5,
                SentimentLabel::Unknown => return None,
            };
            Some((fact.observed_at, score))
        })
        .collect();
    if bundle.trigger.message().is_some() {
        scores.extend(entries.iter().find_map(|entry| match &entry.event {
            Some(Event::Assessed(assessed)) => Some((bundle.trigger.at(), assessed.sentiment.score)),
            _ => None,
        }));
    }
    scores.sort_by_key(|(at, _)| *at);
    drawn(&scores.into_iter().map(|(_, score)| score).collect::<Vec<_>>())
}

fn drawn(scores: &[f64]) -> Option<Trend> {
    let (first, last) = (scores.first()?, scores.last()?);
    let steps = scores.len().checked_sub(1).filter(|steps| *steps > 0)?;
    let place = |at: usize, score: f64| {
        let margin = 6.0;
        let x = margin + (WIDE - 2.0 * margin) * at as f64 / steps as f64;
        (x.round(), (HIGH / 2.0 - score.clamp(-1.0, 1.0) * (HIGH / 2.0 - margin)).round())
    };
    let mut points = String::new();
    for (at, score) in scores.iter().enumerate() {
        let (x, y) = place(at, *score);
        // Writing to a `String` cannot fail.
        let _ = write!(points, "{x},{y} ");
    }
    let way = match last - first {
        change if change > 0.1 => "better",
        change if change < -0.1 => "worse",
        _ => "steady",
    };
    let told = format!("{} times, from {first:+.2} to {last:+.2}: {way}", scores.len());
    Some(Trend { points: points.trim_end().to_owned(), last: place(steps, *last), told })
}

/// Something else that was done for a customer.
#[derive(Serialize)]
pub(super) struct Before {
    run: String,
    what: String,
    when: String,
}

/// What was done for a customer besides this run, newest first.
pub(super) async fn history(desk: &Desk, bundle: &Bundle, but: &RunId) -> Result<Vec<Before>, Problem> {
    let customer = Some(bundle.customer.id.clone());
    let latest = RunFilter { customer, limit: Some(RUNS + 1), ..RunFilter::default() };
    let runs = desk.parts.store.runs(&latest).await?.into_iter().filter(|run| run.run != *but).take(RUNS);
    let now = desk.parts.clock.now();
    Ok(runs
        .map(|run| Before {
            what: match &run.outcome {
                Some(outcome) => format!("{}: {outcome}", run.playbook),
                None => format!("{} goes on", run.playbook),
            },
            when: ago(now, run.started_at),
            run: run.run.to_string(),
        })
        .collect())
}

/// What is checked again at the moment when a text leaves, as it is now.
pub(super) async fn checks(desk: &Desk, bundle: &Bundle, now: Timestamp) -> Result<Vec<String>, Problem> {
    let since = now.checked_sub(RECENT).unwrap_or(Timestamp::MIN);
    let past = desk.parts.store.history(&bundle.customer.id, since).await?;
    let unasked = past.iter().filter(|past| past.outreach).count();
    let yes = |agrees: bool| if agrees { "yes" } else { "no" };
    let consent = &bundle.consent;
    Ok(vec![
        local(bundle, now),
        format!(
            "They agree to answers by an AI: {}, to e-mail that sells: {}, to profiling: {}",
            yes(consent.ai_interaction),
            yes(consent.marketing_email),
            yes(consent.profiling)
        ),
        format!("Sent unasked in seven days: {unasked}"),
        "Whether they wrote since, and whether their address is one that is not written to".to_owned(),
    ])
}

/// What time it is for a customer.
pub(super) fn local(bundle: &Bundle, at: Timestamp) -> String {
    match (bundle.customer.zone(), &bundle.customer.timezone) {
        (Some(zone), Some(name)) => format!("{} in {name}, their time", clock(at, zone)),
        _ => format!("{} UTC; their time zone is not known", clock(at, TimeZone::UTC)),
    }
}

fn clock(at: Timestamp, zone: TimeZone) -> String {
    at.to_zoned_datetime(zone).strftime("%A %H:%M").to_string()
}

#[cfg(test)]
mod tests;
