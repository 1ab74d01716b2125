//! A search over what was decided.

use super::{Signed, page, shown};
use crate::api::{Asked, Decided, WhichDecisions, search_decisions};
use crate::desk::Desk;
use crate::problem::Problem;
use crate::who::Who;
use attache_context::CustomerId;
use attache_journal::{Decision, Verdict};
use axum::extract::State;
use axum::response::Response;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use tera::Context;

/// What the form asks; an empty field asks nothing.
#[derive(Clone, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Form {
    rule: String,
    action: String,
    decision: String,
    by: String,
    customer: String,
    /// A day in UTC.
    since: String,
    /// The last day, in UTC.
    until: String,
    cursor: String,
}

/// A decision on one line.
#[derive(Serialize)]
struct Line {
    run: String,
    seq: u64,
    at: String,
    customer: String,
    /// The same, as a part of a path.
    theirs: String,
    by: String,
    action: String,
    decision: Decided,
    rules: String,
}

pub(crate) async fn show(State(desk): State<Arc<Desk>>, Signed(who): Signed, Asked(form): Asked<Form>) -> Response {
    shown(&desk, audit(&desk, &who, &form).await)
}

async fn audit(desk: &Desk, who: &Who, form: &Form) -> Result<Response, Problem> {
    let found = search_decisions(desk, who, &form.asks()?).await?;
    let lines = found.items.into_iter().map(|found| Line {
        run: found.run.to_string(),
        seq: found.seq,
        at: found.at.strftime("%Y-%m-%d %H:%M:%S").to_string(),
        theirs: found.customer.iter().flat_map(|id| utf8_percent_encode(id.as_str(), NON_ALPHANUMERIC)).collect(),
        customer: found.customer.map(|customer| customer.to_string()).unwrap_or_default(),
        by: found.by,
        action: found.action,
        decision: found.decision,
        rules: found.rules.join(", "),
    });
    let rules: Vec<&str> = desk.parts.engine.policy().rules().map(|rule| rule.id.as_str()).collect();
    let decisions = Verdict::ALL.iter().map(|verdict| verdict.as_str());
    let decisions = decisions.chain(Decision::ALL.iter().map(|decision| decision.as_str()));
    let next = found.next.map(|cursor| {
        serde_urlencoded::to_string(Form { cursor, ..form.clone() }).map(|fields| format!("/audit?{fields}"))
    });
    let mut context = Context::new();
    context.insert("tab", "audit");
    context.insert("asked", form);
    context.insert("lines", &lines.collect::<Vec<_>>());
    context.insert("next", &next.transpose().map_err(|e| Problem::ours(e.to_string()))?);
    context.insert("rules", &rules);
    context.insert("decisions", &decisions.collect::<Vec<_>>());
    page(desk, who, "audit.html", context)
}

impl Form {
    /// What it asks; a field that is none is named.
    fn asks(&self) -> Result<WhichDecisions, Problem> {
        let some = |text: &String| Some(text.trim()).filter(|text| !text.is_empty()).map(str::to_owned);
        let refused = |field: &str, fault: String| Problem::refused(format!("{field}: {fault}"));
        let day = |field: &str, text: &String, days: i64| {
            let day = some(text).map(|text| text.parse::<Date>()).transpose();
            let day = day.map_err(|_| refused(field, "expected a day such as 2026-11-20".to_owned()))?;
            let moment = |day: Date| -> Result<Timestamp, jiff::Error> {
                TimeZone::UTC.to_timestamp(day.checked_add(jiff::Span::new().try_days(days)?)?.at(0, 0, 0, 0))
            };
            day.map(moment).transpose().map_err(|e| refused(field, e.to_string()))
        };
        let decision = some(&self.decision).map(|word| serde_json::from_value(word.into())).transpose();
        let customer = some(&self.customer).map(CustomerId::new).transpose();
        Ok(WhichDecisions {
            rule: some(&self.rule),
            action: some(&self.action),
            decision: decision.map_err(|_| refused("decision", "no decision comes out so".to_owned()))?,
            by: some(&self.by),
            customer: customer.map_err(|e| refused("customer", e.to_string()))?,
            since: day("since", &self.since, 0)?,
            until: day("until", &self.until, 1)?,
            cursor: some(&self.cursor),
            limit: None,
        })
    }
}
