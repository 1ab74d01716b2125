//! Figures of service, drawn and listed.

mod plot;

use super::{Signed, page, shown};
use crate::api::Asked;
use crate::desk::Desk;
use crate::problem::Problem;
use crate::who::Who;
use attache_journal::Right;
use attache_journal::metrics::{Figure, Unit, Week};
use axum::extract::State;
use axum::response::Response;
use jiff::SignedDuration;
use plot::{Band, stacked};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use tera::Context;

/// Most runs that a figure links to.
const LINKED: usize = 20;

/// What became of episodes, from what is best to what is not.
const EPISODES: [Band; 4] = [
    Band { name: "resolved by the agent alone", count: |week| week.alone },
    Band { name: "answered, with a person", count: |week| week.assisted },
    Band { name: "handed to a person", count: |week| week.handed_over },
    Band { name: "open", count: |week| week.open },
];

const DRAFTS: [Band; 4] = [
    Band { name: "sent as they were", count: |week| week.approved },
    Band { name: "sent with changes", count: |week| week.edited },
    Band { name: "rejected", count: |week| week.rejected },
    Band { name: "undecided", count: |week| week.undecided },
];

/// How far back the figures go.
#[derive(Clone, Copy, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Back {
    /// So many days; all of them if absent.
    days: Option<u16>,
}

/// A figure on one line.
#[derive(Serialize)]
struct Line<'a> {
    name: &'a str,
    value: String,
    of: usize,
    meaning: &'static str,
    runs: Vec<&'a str>,
    more: usize,
}

/// A plot with the table that says the same.
#[derive(Serialize)]
struct Drawn {
    title: &'static str,
    svg: String,
    bands: Vec<&'static str>,
    rows: Vec<(String, Vec<usize>)>,
}

pub(crate) async fn show(State(desk): State<Arc<Desk>>, Signed(who): Signed, Asked(back): Asked<Back>) -> Response {
    shown(&desk, figures(&desk, &who, back).await)
}

async fn figures(desk: &Desk, who: &Who, back: Back) -> Result<Response, Problem> {
    who.may(Right::Read)?;
    let now = desk.parts.clock.now();
    let since = back.days.and_then(|days| now.checked_sub(SignedDuration::from_hours(24 * i64::from(days))).ok());
    let measures = desk.measured.ask(&*desk.parts.store, since, now).await?;
    let drawn = [("What became of what customers wanted", &EPISODES), ("What became of drafts", &DRAFTS)]
        .into_iter()
        .map(|(title, bands)| drawn(title, bands, &measures.weeks))
        .collect::<Result<Vec<_>, _>>()?;
    let mut context = Context::new();
    context.insert("tab", "figures");
    context.insert("days", &back.days);
    context.insert("plots", &drawn);
    context.insert("figures", &measures.figures.iter().map(Line::of).collect::<Vec<_>>());
    page(desk, who, "figures.html", context)
}

fn drawn(title: &'static str, bands: &[Band], weeks: &[Week]) -> Result<Drawn, Problem> {
    let row = |week: &Week| (week.monday.to_string(), bands.iter().map(|band| (band.count)(week)).collect());
    Ok(Drawn {
        title,
        svg: stacked(bands, weeks).map_err(|e| Problem::ours(format!("{title}: {e}")))?,
        bands: bands.iter().map(|band| band.name).collect(),
        rows: weeks.iter().map(row).collect(),
    })
}

impl<'a> Line<'a> {
    fn of(figure: &'a Figure) -> Self {
        let value = figure.value.map(|value| match figure.unit {
            Unit::Count => format!("{value:.0}"),
            Unit::Hours => format!("{value:.1} h"),
            Unit::Share => format!("{:.1} %", value * 100.0),
            Unit::Usd => format!("{value:.4} USD"),
        });
        Self {
            name: &figure.name,
            value: value.unwrap_or_else(|| "–".to_owned()),
            of: figure.of,
            meaning: figure.meaning,
            runs: figure.runs.iter().take(LINKED).map(|run| run.as_str()).collect(),
            more: figure.runs.len().saturating_sub(LINKED),
        }
    }
}
