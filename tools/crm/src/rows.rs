//! Rows of a CRM.

use attache_tools::{Company, Deal, Person, Ticket};

/// Rows that were read from a file and are right one by one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rows {
    /// The customers.
    pub customers: Vec<Person>,
    /// The companies.
    pub companies: Vec<Company>,
    /// The deals.
    pub deals: Vec<Deal>,
    /// The tickets.
    pub tickets: Vec<Ticket>,
}

impl Rows {
    /// How many rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.customers.len() + self.companies.len() + self.deals.len() + self.tickets.len()
    }

    /// Whether there is no row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds the rows of another file after these: where both have a row, the
    /// later one counts when they are imported.
    pub fn extend(&mut self, later: Rows) {
        let Rows { customers, companies, deals, tickets } = later;
        self.customers.extend(customers);
        self.companies.extend(companies);
        self.deals.extend(deals);
        self.tickets.extend(tickets);
    }
}

/// How many rows an import wrote, by kind.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Imported {
    /// Customers.
    pub customers: usize,
    /// Companies.
    pub companies: usize,
    /// Deals.
    pub deals: usize,
    /// Tickets.
    pub tickets: usize,
    /// How many of all these took the place of an earlier row.
    pub replaced: usize,
}

/// A kind of row.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Kind {
    Company,
    Customer,
    Deal,
    Ticket,
}

impl Kind {
    pub(crate) const ALL: [Self; 4] = [Self::Company, Self::Customer, Self::Deal, Self::Ticket];

    /// Its name in a row.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Company => "company",
            Self::Customer => "customer",
            Self::Deal => "deal",
            Self::Ticket => "ticket",
        }
    }

    /// The name of a CSV file of such rows, without extension.
    pub(crate) fn file(self) -> &'static str {
        match self {
            Self::Company => "companies",
            Self::Customer => "customers",
            Self::Deal => "deals",
            Self::Ticket => "tickets",
        }
    }
}
