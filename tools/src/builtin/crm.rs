//! `crm_lookup`.

use crate::tool::{CallCx, Tool, ToolLabels};
use crate::{Crm, CrmRecord, Read, Unavailable};
use attache_context::FactKind;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::sync::Arc;

/// Looks up the run's customer. The input names no customer: the engine binds
/// it, so the model cannot choose whose data it reads. Policy decides on each
/// value that it returns; undeclared columns are hidden unless a rule shows them.
pub struct CrmLookup {
    crm: Arc<dyn Crm>,
}

impl CrmLookup {
    /// On this CRM.
    pub fn new(crm: Arc<dyn Crm>) -> Self {
        Self { crm }
    }
}

/// What to look up.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct CrmInput {
    /// Whether the company's deals are wanted.
    pub deals: bool,
    /// Whether the customer's tickets are wanted.
    pub tickets: bool,
}

/// How many deals and tickets are given, newest first: a model reads no more.
const MOST: usize = 10;

impl Tool for CrmLookup {
    const NAME: &'static str = "crm_lookup";
    type Effect = Read;
    type Input = CrmInput;
    type Output = CrmRecord;
    type Error = Unavailable;

    fn description(&self) -> Cow<'static, str> {
        "Looks up this customer in the CRM: who they are, their company, and on request its deals and their tickets."
            .into()
    }

    fn labels(&self) -> ToolLabels {
        ToolLabels { reads: &[], emits: &[FactKind::Identity, FactKind::Contextual] }
    }

    async fn call(&self, input: CrmInput, cx: CallCx<'_, Read>) -> Result<CrmRecord, Unavailable> {
        let found = self.crm.record(&cx.bundle().customer.id).await.map_err(|e| Unavailable {
            what: "the CRM",
            retry: e.retry,
            source: e.into(),
        })?;
        let mut record = found.unwrap_or_default();
        // Policy allowed this customer and nobody else, whatever a CRM of
        // somebody else makes of it.
        let own = &cx.bundle().customer.id;
        record.customer = record.customer.filter(|customer| customer.id == *own);
        let company = record.company.as_ref().map(|company| company.id.clone());
        record.deals.retain(|deal| {
            let shared = deal.company.is_some() && deal.company == company;
            shared || deal.customer.as_ref().is_none_or(|customer| customer == own)
        });
        record.tickets.retain(|ticket| ticket.customer == *own);
        record.deals.truncate(if input.deals { MOST } else { 0 });
        record.tickets.truncate(if input.tickets { MOST } else { 0 });
        Ok(record)
    }
}
