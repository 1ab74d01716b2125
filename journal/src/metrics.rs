//! Figures of service, from what is never erased.
//!
//! Each figure is counted from [`Outline`]s alone, so that it stays the same when
//! a person is erased, and names the runs that it counts. The definitions are
//! those that vendors publish, side by side, since they differ in what they call
//! a resolution.

mod weeks;

pub use weeks::{Week, weeks};

use crate::{Decision, Entry, Outcome, Outline, RunId, SubjectId, Usage};
use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// The version of the definitions below: figures of two versions are not compared.
pub const DEFINITIONS: u32 = 1;

/// A message within this time of the last one belongs to the same episode, and a
/// customer who has been silent for it is taken to have what they asked for.
const SILENCE: SignedDuration = SignedDuration::from_hours(24);

/// A resolution that lasts this long is durable.
const DURABLE: SignedDuration = SignedDuration::from_hours(7 * 24);

/// The tool whose texts say that a colleague takes over: no answer.
const NOTICE: &str = "notify_customer";
/// The tool that asks the customer what they mean: that is no answer.
const QUESTION: &str = "ask_customer";

/// What figures need of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct RunFacts {
    run: RunId,
    subject: Option<SubjectId>,
    /// Whether the customer wrote.
    message: bool,
    at: Timestamp,
    answered: bool,
    /// The reason code.
    escalated: Option<String>,
    outcome: Option<Outcome>,
    drafts: Vec<Draft>,
    usage: Usage,
}

#[derive(Clone, Debug, PartialEq)]
struct Draft {
    created: Timestamp,
    due: Option<Timestamp>,
    decided: Option<(Timestamp, Decision)>,
}

impl RunFacts {
    /// Reads the entries of a run; nothing if it is no run of an agent, such as
    /// the record of what staff did.
    #[must_use]
    pub fn read(entries: &[Entry]) -> Option<Self> {
        let first = entries.first()?;
        let Outline::RunStarted { trigger, .. } = &first.outline else { return None };
        let mut facts = Self {
            run: first.run.clone(),
            subject: first.subject.clone(),
            message: trigger == "message",
            at: first.at,
            answered: false,
            escalated: None,
            outcome: None,
            drafts: Vec::new(),
            usage: Usage::default(),
        };
        let mut ids = Vec::new();
        for entry in entries {
            match &entry.outline {
                Outline::DraftCreated { draft } => {
                    ids.push(draft);
                    facts.drafts.push(Draft { created: entry.at, due: None, decided: None });
                }
                Outline::ReviewRequested { draft, due, .. } => {
                    let place = ids.iter().position(|id| *id == draft);
                    if let Some(found) = place.and_then(|place| facts.drafts.get_mut(place)) {
                        found.due = Some(*due);
                    }
                }
                Outline::ReviewDecided { draft, decision } => {
                    let place = ids.iter().position(|id| *id == draft);
                    if let Some(found) = place.and_then(|place| facts.drafts.get_mut(place)) {
                        found.decided = Some((entry.at, *decision));
                    }
                }
                Outline::MessageSent { tool, outreach, customer, .. } => {
                    facts.answered |= *customer && !*outreach && tool != NOTICE && tool != QUESTION;
                }
                Outline::Escalated { reason_code, .. } => facts.escalated = Some(reason_code.clone()),
                Outline::RunEnded { outcome, .. } => facts.outcome = Some(*outcome),
                Outline::ModelCalled { usage, .. } => facts.usage.add(*usage),
                _ => {}
            }
        }
        Some(facts)
    }

    /// Whether a person took part: they took over, or they decided on a text.
    fn person(&self) -> bool {
        self.escalated.is_some() || self.drafts.iter().any(|draft| draft.decided.is_some())
    }
}

/// What a figure is counted in.
#[derive(Clone, Copy, Debug, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Things.
    Count,
    /// Hours.
    Hours,
    /// Part of a whole, from 0 to 1.
    Share,
    /// US dollars.
    Usd,
}

/// One figure.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
pub struct Figure {
    /// Its name, which stays the same.
    pub name: String,
    /// What it means.
    pub meaning: &'static str,
    /// What it is counted in.
    pub unit: Unit,
    /// The figure; absent if there is nothing to count it from yet.
    pub value: Option<f64>,
    /// How many things it was counted from: episodes, drafts or runs.
    pub of: usize,
    /// The runs that count for it.
    pub runs: Vec<RunId>,
}

/// What a customer wanted once: the runs of their messages until they were silent.
struct Episode<'a> {
    runs: Vec<&'a RunFacts>,
    /// When the same customer came back.
    next: Option<Timestamp>,
}

impl Episode<'_> {
    fn begun(&self) -> Option<Timestamp> {
        self.runs.first().map(|run| run.at)
    }

    fn last(&self) -> Option<Timestamp> {
        self.runs.last().map(|run| run.at)
    }

    fn answered(&self) -> bool {
        self.runs.iter().any(|run| run.answered)
    }

    fn escalated(&self) -> bool {
        self.runs.iter().any(|run| run.escalated.is_some())
    }

    /// Whether the agent did something with it.
    fn involved(&self) -> bool {
        self.answered() || self.escalated()
    }

    fn person(&self) -> bool {
        self.runs.iter().any(|run| run.person())
    }

    /// Whether the agent alone had the last word.
    fn autonomous(&self) -> bool {
        !self.person() && self.runs.last().is_some_and(|run| run.answered && run.outcome == Some(Outcome::Resolved))
    }

    /// Whether so much time has gone by since the last message.
    fn is_old(&self, time: SignedDuration, now: Timestamp) -> bool {
        self.last().is_some_and(|last| now.duration_since(last) >= time)
    }

    /// Whether the customer came back within that time.
    fn back_within(&self, time: SignedDuration) -> bool {
        self.last().zip(self.next).is_some_and(|(last, next)| next.duration_since(last) < time)
    }
}

/// The figures of the episodes and drafts that began at `since` or later, as
/// they stand at `now`. `facts` must hold the later runs of the same customers
/// too: who came back is counted from them.
#[must_use]
pub fn figures(facts: &[RunFacts], since: Option<Timestamp>, now: Timestamp) -> Vec<Figure> {
    let within = |at: Timestamp| since.is_none_or(|since| at >= since);
    let mut episodes = episodes(facts);
    episodes.retain(|episode| episode.begun().is_some_and(within));
    let all: Vec<&Episode<'_>> = episodes.iter().collect();
    let involved = some(&all, Episode::involved);
    let quiet = some(&all, |e| e.is_old(SILENCE, now));
    let quiet_involved = some(&all, |e| e.is_old(SILENCE, now) && e.involved());
    let settled = some(&all, |e| e.is_old(DURABLE, now));
    let settled_alone = some(&all, |e| e.is_old(DURABLE, now) && e.autonomous());
    let mut found = vec![
        Figure {
            name: "episodes".to_owned(),
            meaning: "what customers wanted: their messages until 24 hours of silence",
            unit: Unit::Count,
            value: Some(count(all.len())),
            of: all.len(),
            runs: rows(&all),
        },
        share("involvement", "of all episodes: the agent answered or handed over", &all, Episode::involved),
        share(
            "resolution_rate",
            "of involved episodes a day old: the agent alone answered and the customer asked no more",
            &quiet_involved,
            Episode::autonomous,
        ),
        share(
            "automation_rate",
            "of all episodes a day old: the agent alone answered and the customer asked no more",
            &quiet,
            Episode::autonomous,
        ),
        share(
            "durable_resolution",
            "of all episodes seven days old: the agent alone answered and the customer did not come back in that time",
            &settled,
            |e| e.autonomous() && !e.back_within(DURABLE),
        ),
        share(
            "deflection",
            "of all episodes a day old: answered, and no person had to do with it; a figure of cost, not of success",
            &quiet,
            |e| e.answered() && !e.person(),
        ),
        share("assisted", "of all episodes: answered, with a person's part in it", &all, |e| {
            e.answered() && e.person()
        }),
        share("escalation_rate", "of involved episodes: handed to a person", &involved, Episode::escalated),
    ];
    let reasons: BTreeSet<&str> =
        involved.iter().flat_map(|episode| &episode.runs).filter_map(|run| run.escalated.as_deref()).collect();
    found.extend(reasons.into_iter().map(|reason| {
        let meaning = "of involved episodes: handed to a person for this reason";
        share(&format!("escalation_rate.{reason}"), meaning, &involved, |e| {
            e.runs.iter().any(|run| run.escalated.as_deref() == Some(reason))
        })
    }));
    found.push(share(
        "reopen_rate",
        "of what the agent alone resolved, seven days old: the customer came back within that time",
        &settled_alone,
        |e| e.back_within(DURABLE),
    ));
    found.extend(reviews(facts, within, now));
    found.extend(costs(facts, within, &all));
    found
}

/// Those of `all` that `keep` holds for.
fn some<'a, 'e>(all: &[&'a Episode<'e>], keep: impl Fn(&Episode<'e>) -> bool) -> Vec<&'a Episode<'e>> {
    all.iter().copied().filter(|episode| keep(episode)).collect()
}

/// The part of `whole` for which `part` holds.
fn share<'e>(name: &str, meaning: &'static str, whole: &[&Episode<'e>], part: impl Fn(&Episode<'e>) -> bool) -> Figure {
    let part = some(whole, part);
    Figure {
        name: name.to_owned(),
        meaning,
        unit: Unit::Share,
        value: (!whole.is_empty()).then(|| count(part.len()) / count(whole.len())),
        of: whole.len(),
        runs: rows(&part),
    }
}

/// The episodes, each with when its customer came back.
fn episodes(facts: &[RunFacts]) -> Vec<Episode<'_>> {
    let mut by_subject: BTreeMap<(Option<&str>, Option<&str>), Vec<&RunFacts>> = BTreeMap::new();
    for run in facts.iter().filter(|run| run.message) {
        let subject = run.subject.as_ref().map(SubjectId::as_str);
        // A run of nobody is an episode of its own.
        let alone = if subject.is_none() { Some(run.run.as_str()) } else { None };
        by_subject.entry((subject, alone)).or_default().push(run);
    }
    let mut found: Vec<Episode<'_>> = Vec::new();
    for mut runs in by_subject.into_values() {
        runs.sort_by_key(|run| run.at);
        let mut last: Option<usize> = None;
        for run in runs {
            let open = last.and_then(|at| found.get_mut(at));
            match open {
                Some(open) if open.last().is_some_and(|last| run.at.duration_since(last) < SILENCE) => {
                    open.runs.push(run);
                }
                open => {
                    if let Some(open) = open {
                        open.next = Some(run.at);
                    }
                    last = Some(found.len());
                    found.push(Episode { runs: vec![run], next: None });
                }
            }
        }
    }
    found
}

/// How drafts were decided.
fn reviews(facts: &[RunFacts], within: impl Fn(Timestamp) -> bool, now: Timestamp) -> Vec<Figure> {
    let drafts: Vec<(&RunFacts, &Draft)> = facts
        .iter()
        .flat_map(|run| run.drafts.iter().map(move |draft| (run, draft)))
        .filter(|(_, draft)| within(draft.created))
        .collect();
    let decided: Vec<(&RunFacts, &Draft)> =
        drafts.iter().copied().filter(|(_, draft)| draft.decided.is_some()).collect();
    let mut hours: Vec<f64> = decided
        .iter()
        .filter_map(|(_, draft)| Some(draft.decided?.0.duration_since(draft.created).as_secs_f64() / 3600.0))
        .collect();
    hours.sort_by(f64::total_cmp);
    let runs = |of: &[(&RunFacts, &Draft)]| of.iter().map(|(run, _)| run.run.clone()).collect::<Vec<_>>();
    let turnaround = |name: &str, meaning, share: f64| Figure {
        name: name.to_owned(),
        meaning,
        unit: Unit::Hours,
        value: percentile(&hours, share),
        of: decided.len(),
        runs: runs(&decided),
    };
    let part = |name: &str, meaning, whole: &[(&RunFacts, &Draft)], keep: &dyn Fn(&Draft) -> bool| {
        let kept: Vec<_> = whole.iter().copied().filter(|(_, draft)| keep(draft)).collect();
        Figure {
            name: name.to_owned(),
            meaning,
            unit: Unit::Share,
            value: (!whole.is_empty()).then(|| count(kept.len()) / count(whole.len())),
            of: whole.len(),
            runs: runs(&kept),
        }
    };
    let with = |decision: Decision| move |draft: &Draft| draft.decided.is_some_and(|(_, made)| made == decision);
    vec![
        turnaround("review_turnaround_p50", "half of the drafts were decided on within so many hours", 0.5),
        turnaround("review_turnaround_p95", "of twenty drafts nineteen were decided on within so many hours", 0.95),
        part("review_approved", "of decided drafts: sent as they were", &decided, &with(Decision::Approve)),
        part("review_edited", "of decided drafts: sent with changes", &decided, &with(Decision::Edit)),
        part("review_escalated", "of decided drafts: given to a person", &decided, &with(Decision::Escalate)),
        part("review_rejected", "of decided drafts: not sent", &decided, &with(Decision::Reject)),
        part("review_revised", "of decided drafts: sent back for another version", &decided, &with(Decision::Revise)),
        part("review_withdrawn", "of decided drafts: taken back", &decided, &with(Decision::Withdraw)),
        part("review_expired", "of all drafts: nobody decided in time", &drafts, &|draft| {
            draft.decided.is_none() && draft.due.is_some_and(|due| due < now)
        }),
    ]
}

/// What models cost.
fn costs(facts: &[RunFacts], within: impl Fn(Timestamp) -> bool, episodes: &[&Episode<'_>]) -> Vec<Figure> {
    let usd = |runs: &[&RunFacts]| runs.iter().map(|run| run.usage.micro_usd).fold(0, u64::saturating_add) as f64 / 1e6;
    let runs: Vec<&RunFacts> = facts.iter().filter(|run| within(run.at)).collect();
    let resolved = episodes.iter().filter(|episode| episode.autonomous()).count();
    let ids = || runs.iter().map(|run| run.run.clone()).collect();
    let figure = |name: &str, meaning, of: usize| Figure {
        name: name.to_owned(),
        meaning,
        unit: Unit::Usd,
        value: (of > 0).then(|| usd(&runs) / count(of)),
        of,
        runs: ids(),
    };
    vec![
        figure("cost_per_run", "what models cost, over all runs", runs.len()),
        figure(
            "cost_per_resolution",
            "what models cost in all runs, over the episodes that the agent alone resolved",
            resolved,
        ),
    ]
}

fn rows(episodes: &[&Episode<'_>]) -> Vec<RunId> {
    episodes.iter().flat_map(|episode| &episode.runs).map(|run| run.run.clone()).collect()
}

/// The value that this share of a sorted list does not exceed: the nearest rank.
fn percentile(sorted: &[f64], share: f64) -> Option<f64> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a rank within the list")]
    let rank = (share * count(sorted.len())).ceil() as usize;
    sorted.get(rank.saturating_sub(1)).copied()
}

fn count(of: usize) -> f64 {
    of as f64
}

#[cfg(test)]
mod tests;
