//! What is known of a customer: what they agreed to, what we know, what we did.

use super::exchange::At;
use super::people::CustomerName;
use crate::desk::Desk;
use crate::problem::Problem;
use crate::who::Who;
use attache_context::{Consent, CustomerId, FactKind, Sensitivity, Source};
use attache_journal::{Event, Right, RunFilter, RunSummary};
use axum::Json;
use axum::extract::State;
use schemars::JsonSchema;
use serde::Serialize;
use std::sync::Arc;

/// A customer as their newest run knows them.
#[derive(JsonSchema, Serialize)]
pub(crate) struct Customer {
    /// Their id.
    pub(crate) customer: CustomerId,
    /// Their name, if it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
    /// What they agree to.
    pub(crate) consent: Consent,
    /// What is known of them, special categories left out.
    pub(crate) facts: Vec<Known>,
    /// What was done for them, newest first.
    pub(crate) runs: Vec<RunSummary>,
}

/// One thing that is known.
#[derive(JsonSchema, Serialize)]
pub(crate) struct Known {
    /// What it is.
    pub(crate) key: String,
    /// Its value as text.
    pub(crate) value: String,
    /// What kind of knowledge it is.
    pub(crate) kind: FactKind,
    /// Who told it.
    pub(crate) source: Source,
    /// The system it is from.
    pub(crate) system: String,
    /// How many days ago it was observed.
    pub(crate) age_days: i64,
}

pub(crate) async fn show(
    State(desk): State<Arc<Desk>>,
    who: Who,
    At(CustomerName { customer }): At<CustomerName>,
) -> Result<Json<Customer>, Problem> {
    known(&desk, &who, &customer).await.map(Json)
}

/// What the journal knows of a customer.
pub(crate) async fn known(desk: &Desk, who: &Who, customer: &CustomerId) -> Result<Customer, Problem> {
    who.may(Right::Read)?;
    let theirs = RunFilter { customer: Some(customer.clone()), ..RunFilter::default() };
    let runs = desk.parts.store.runs(&theirs).await?;
    let unknown = || Problem::unknown(format!("the journal holds nothing of customer {customer}"));
    let newest = runs.first().ok_or_else(unknown)?;
    let first = desk.parts.store.entries(&newest.run).await?.into_iter().next().and_then(|entry| entry.event);
    let Some(Event::RunStarted(started)) = first else { return Err(unknown()) };
    let (bundle, now) = (started.bundle, desk.parts.clock.now());
    let facts = bundle.facts().filter(|(_, fact)| fact.sensitivity != Sensitivity::Special);
    let facts = facts.map(|(kind, fact)| Known {
        key: fact.key.clone(),
        value: fact.value.as_str().map_or_else(|| fact.value.to_string(), str::to_owned),
        kind,
        source: fact.source,
        system: fact.system.clone(),
        age_days: fact.age_days(now),
    });
    Ok(Customer {
        customer: customer.clone(),
        name: bundle.customer.name.clone(),
        consent: bundle.consent,
        facts: facts.collect(),
        runs,
    })
}
