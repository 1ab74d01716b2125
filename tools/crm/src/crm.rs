//! The CRM as its users see it.

use crate::fault::{CrmError, CrmFault, Damage};
use crate::parse;
use crate::rows::{Imported, Rows};
use crate::store::Store;
use async_trait::async_trait;
use attache_context::CustomerId;
use attache_tools::{Crm, CrmRecord, Deal, Person, PortError, Ticket};
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

/// A CRM in a folder, or in memory.
pub struct EmbeddedCrm {
    store: Store,
    damage: Option<Damage>,
}

impl EmbeddedCrm {
    /// Reads a file of rows. `file_name` tells what it holds: JSONL
    /// (`*.jsonl`), or CSV of one kind (`customers.csv`, `companies.csv`,
    /// `deals.csv`, `tickets.csv`).
    ///
    /// # Errors
    /// The first fault in the file, with its line.
    pub fn parse(file_name: &str, reader: impl Read) -> Result<Rows, CrmFault> {
        parse::parse(file_name, reader)
    }

    /// A CRM of these rows, in memory.
    #[must_use]
    pub fn in_memory(rows: Rows) -> Self {
        let store = Store::memory();
        // Memory is never unavailable; rows always become JSON.
        let _imported = store.import(&rows);
        Self { store, damage: None }
    }

    /// The CRM in the folder `dir`, which is made if it is not there.
    ///
    /// A damaged store is moved aside and [`damage`](Self::damage) tells so.
    ///
    /// # Errors
    /// [`CrmError::Busy`] if another process has it open, or
    /// [`CrmError::Unavailable`].
    pub fn open(dir: &Path) -> Result<Self, CrmError> {
        let (store, damage) = Store::open(dir)?;
        Ok(Self { store, damage })
    }

    /// Whether [`open`](Self::open) found the store damaged: the CRM is then
    /// empty until the user's files are imported again.
    #[must_use]
    pub fn damage(&self) -> Option<&Damage> {
        self.damage.as_ref()
    }

    /// Writes the rows: all of them, durably, or none. A row takes the place of
    /// the one of the same kind with the same id.
    ///
    /// # Errors
    /// If the store cannot be written.
    pub fn import(&self, rows: &Rows) -> Result<Imported, CrmError> {
        self.store.import(rows)
    }

    /// Everything about one customer: they, their company, the deals of the
    /// company and their own, and their tickets. Newest first: of deals, those
    /// that are open before those that are closed.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn record(&self, customer: &CustomerId) -> Result<Option<CrmRecord>, CrmError> {
        let tickets = self.store.tickets_of(customer)?;
        let mut deals = self.store.deals_of_customer(customer)?;
        let person = self.store.customer(customer)?;
        let company = match person.as_ref().and_then(|person| person.company.as_deref()) {
            Some(company) => {
                deals.extend(self.store.deals_of_company(company)?);
                self.store.company(company)?
            }
            None => None,
        };
        // Tickets alone say that there is somebody: files come one by one.
        if person.is_none() && tickets.is_empty() && deals.is_empty() {
            return Ok(None);
        }
        Ok(Some(CrmRecord { customer: person, company, deals: ordered_deals(deals), tickets: ordered(tickets) }))
    }

    /// Whose e-mail address this is, in upper or lower case; none if nobody's is
    /// known, or it is that of several.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn by_address(&self, address: &str) -> Result<Option<Person>, CrmError> {
        match self.store.addressed(address)? {
            Some(id) => self.store.customer(&id),
            None => Ok(None),
        }
    }

    /// The customers by id, at most `most`, after `after`: page by page.
    ///
    /// # Errors
    /// If the store cannot be read.
    pub fn customers(&self, after: Option<&CustomerId>, most: usize) -> Result<Vec<Person>, CrmError> {
        self.store.customers(after, most)
    }
}

/// Open deals first, then the newest; each once.
fn ordered_deals(deals: Vec<Deal>) -> Vec<Deal> {
    let once: BTreeMap<_, _> = deals.into_iter().map(|deal| (deal.id.clone(), deal)).collect();
    let mut deals: Vec<_> = once.into_values().collect();
    deals.sort_by_key(|deal| (deal.closed_at.is_some(), Reverse(deal.closed_at)));
    deals
}

/// The newest first.
fn ordered(mut tickets: Vec<Ticket>) -> Vec<Ticket> {
    tickets.sort_by(|one, other| other.created_at.cmp(&one.created_at).then_with(|| one.id.cmp(&other.id)));
    tickets
}

#[async_trait]
impl Crm for EmbeddedCrm {
    async fn record(&self, customer: &CustomerId) -> Result<Option<CrmRecord>, PortError> {
        Ok(EmbeddedCrm::record(self, customer)?)
    }

    async fn by_address(&self, address: &str) -> Result<Option<Person>, PortError> {
        Ok(EmbeddedCrm::by_address(self, address)?)
    }
}

#[cfg(test)]
mod tests;
