//! What is known of a customer: to read, to give to them, to forget.

use super::exchange::{At, Given, Kept};
use crate::desk::Desk;
use crate::forget_answers;
use crate::problem::Problem;
use crate::who::Who;
use attache_context::{Consent, CustomerId, FactKind, Sensitivity, Source};
use attache_engine::Erasure;
use attache_journal::{Actor, Entry, Event, Right, RunFilter, RunSummary};
use axum::Json;
use axum::extract::State;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Names a customer.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct CustomerName {
    /// The customer's id in your systems.
    customer: CustomerId,
}

/// An order to forget.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Why {
    /// Why; it is kept, so it must not name the person.
    reason: Option<String>,
}

/// Everything that the journal holds of a customer.
#[derive(JsonSchema, Serialize)]
pub(crate) struct Record {
    /// Their id.
    customer: CustomerId,
    /// The entries of each run for them, the newest run first.
    runs: Vec<Vec<Entry>>,
}

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

/// Gives everything that the journal holds of a customer, as a file to keep.
pub(crate) async fn export(
    State(desk): State<Arc<Desk>>,
    who: Who,
    At(CustomerName { customer }): At<CustomerName>,
) -> Result<Kept<Record>, Problem> {
    who.may(Right::Audit)?;
    let theirs = RunFilter { customer: Some(customer.clone()), ..RunFilter::default() };
    let mut runs = Vec::new();
    for run in desk.parts.store.runs(&theirs).await? {
        runs.push(desk.parts.store.entries(&run.run).await?);
    }
    if runs.is_empty() {
        return Err(Problem::unknown(format!("the journal holds nothing of customer {customer}")));
    }
    Ok(Kept(Record { customer, runs }))
}

/// Makes everything that the journal holds of a customer unreadable, for good.
pub(crate) async fn erase(
    State(desk): State<Arc<Desk>>,
    who: Who,
    At(CustomerName { customer }): At<CustomerName>,
    Given(why): Given<Why>,
) -> Result<Json<Erasure>, Problem> {
    forget(&desk, &who, customer, why.reason).await.map(Json)
}

pub(crate) async fn forget(
    desk: &Arc<Desk>,
    who: &Who,
    customer: CustomerId,
    reason: Option<String>,
) -> Result<Erasure, Problem> {
    who.may(Right::Administer)?;
    let (task, by) = (Arc::clone(desk), Actor::Human(who.name.clone()));
    let work = async move { task.parts.engine.erase(&customer, &by, reason, &*task.parts.outbox).await };
    let erasure = desk.finish(work).await.ok_or_else(|| Problem::ours("an erasure ended without a result"))??;
    forget_answers(&desk.parts.settings.folder)?;
    Ok(erasure)
}
