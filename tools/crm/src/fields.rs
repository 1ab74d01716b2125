//! From the columns of one row to a typed row.

use crate::rows::{Kind, Rows};
use attache_context::CustomerId;
use attache_tools::{Company, Deal, Money, Person, Ticket};
use jiff::Timestamp;
use serde_json::Value;
use std::collections::BTreeMap;

/// The column that says what a row is.
pub(crate) const OBJECT: &str = "object";

/// How long an id may be, in characters: as long as a customer's.
const MAX_ID: usize = 128;

/// What is wrong with a column of a row.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Wrong {
    pub(crate) column: Option<String>,
    pub(crate) what: String,
}

impl Wrong {
    pub(crate) fn row(what: impl Into<String>) -> Self {
        Self { column: None, what: what.into() }
    }

    pub(crate) fn column(column: &str, what: impl Into<String>) -> Self {
        Self { column: Some(column.to_owned()), what: what.into() }
    }

    fn expected(column: &str, value: &Value, expected: &str) -> Self {
        Self::column(column, format!("is {}, expected {expected}", shown(value)))
    }
}

/// A value as an error shows it: kinds rather than long contents.
fn shown(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "an object".to_owned(),
        Value::String(text) if text.chars().count() > 40 => {
            format!("{:?}", text.chars().take(40).chain(['…']).collect::<String>())
        }
        Value::Bool(_) | Value::Number(_) | Value::String(_) => value.to_string(),
    }
}

/// The columns of one row. What is not taken is an attribute.
#[derive(Debug)]
pub(crate) struct Fields(pub(crate) BTreeMap<String, Value>);

impl Fields {
    /// What the row is.
    pub(crate) fn kind(&mut self) -> Result<Kind, Wrong> {
        let expected = "\"customer\", \"company\", \"deal\" or \"ticket\"";
        let name = self.0.remove(OBJECT).unwrap_or(Value::Null);
        if name.is_null() {
            return Err(Wrong::column(OBJECT, format!("is missing, expected {expected}")));
        }
        Kind::ALL
            .into_iter()
            .find(|kind| name.as_str() == Some(kind.name()))
            .ok_or_else(|| Wrong::expected(OBJECT, &name, expected))
    }

    /// Makes a row of this kind and adds it to `rows`; gives its id.
    pub(crate) fn add(self, kind: Kind, rows: &mut Rows) -> Result<String, Wrong> {
        match kind {
            Kind::Company => {
                let row = self.company()?;
                let id = row.id.clone();
                rows.companies.push(row);
                Ok(id)
            }
            Kind::Customer => {
                let row = self.person()?;
                let id = row.id.to_string();
                rows.customers.push(row);
                Ok(id)
            }
            Kind::Deal => {
                let row = self.deal()?;
                let id = row.id.clone();
                rows.deals.push(row);
                Ok(id)
            }
            Kind::Ticket => {
                let row = self.ticket()?;
                let id = row.id.clone();
                rows.tickets.push(row);
                Ok(id)
            }
        }
    }

    fn person(mut self) -> Result<Person, Wrong> {
        Ok(Person {
            id: required("id", self.customer("id")?)?,
            name: required("name", self.text("name")?)?,
            emails: self.texts("emails")?,
            phones: self.texts("phones")?,
            company: self.id("company")?,
            locale: self.text("locale")?,
            stage: self.text("stage")?,
            owner: self.text("owner")?,
            attributes: self.rest(),
        })
    }

    fn company(mut self) -> Result<Company, Wrong> {
        Ok(Company {
            id: required("id", self.id("id")?)?,
            name: required("name", self.text("name")?)?,
            domain: self.text("domain")?,
            industry: self.text("industry")?,
            employees: self.count("employees")?,
            plan: self.text("plan")?,
            attributes: self.rest(),
        })
    }

    fn deal(mut self) -> Result<Deal, Wrong> {
        Ok(Deal {
            id: required("id", self.id("id")?)?,
            company: self.id("company")?,
            customer: self.customer("customer")?,
            stage: required("stage", self.text("stage")?)?,
            amount: self.money()?,
            closed_at: self.time("closed_at")?,
            attributes: self.rest(),
        })
    }

    fn ticket(mut self) -> Result<Ticket, Wrong> {
        Ok(Ticket {
            id: required("id", self.id("id")?)?,
            customer: required("customer", self.customer("customer")?)?,
            subject: required("subject", self.text("subject")?)?,
            body: self.text("body")?,
            status: required("status", self.text("status")?)?,
            sentiment: self.text("sentiment")?,
            created_at: required("created_at", self.time("created_at")?)?,
            attributes: self.rest(),
        })
    }

    fn rest(self) -> BTreeMap<String, Value> {
        self.0
    }

    /// The value of a column; an empty one is none.
    fn take(&mut self, column: &str) -> Option<Value> {
        self.0.remove(column).filter(|value| !value.is_null())
    }

    fn text(&mut self, column: &str) -> Result<Option<String>, Wrong> {
        match self.take(column) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => Err(Wrong::expected(column, &other, "a text")),
        }
    }

    fn texts(&mut self, column: &str) -> Result<Vec<String>, Wrong> {
        let Some(value) = self.take(column) else { return Ok(Vec::new()) };
        let texts = value.as_array().and_then(|values| {
            values.iter().map(|value| value.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>()
        });
        texts.ok_or_else(|| Wrong::expected(column, &value, "a list of texts"))
    }

    fn id(&mut self, column: &str) -> Result<Option<String>, Wrong> {
        let Some(id) = self.text(column)? else { return Ok(None) };
        let length = id.chars().count();
        if !(1..=MAX_ID).contains(&length) {
            return Err(Wrong::column(column, format!("has {length} characters, an id has 1 to {MAX_ID}")));
        }
        if id.trim() != id || id.chars().any(char::is_control) {
            return Err(Wrong::column(column, "an id has no control characters and no white space at its ends"));
        }
        Ok(Some(id))
    }

    fn customer(&mut self, column: &str) -> Result<Option<CustomerId>, Wrong> {
        let id = self.text(column)?.map(CustomerId::new).transpose();
        id.map_err(|fault| Wrong::column(column, fault.to_string()))
    }

    fn count(&mut self, column: &str) -> Result<Option<u64>, Wrong> {
        let Some(value) = self.take(column) else { return Ok(None) };
        value.as_u64().map(Some).ok_or_else(|| Wrong::expected(column, &value, "a whole number from 0"))
    }

    fn time(&mut self, column: &str) -> Result<Option<Timestamp>, Wrong> {
        let Some(value) = self.take(column) else { return Ok(None) };
        let time = value.as_str().and_then(|text| text.parse().ok());
        let expected = "a time such as \"2026-11-20T09:12:00Z\"";
        time.map(Some).ok_or_else(|| Wrong::expected(column, &value, expected))
    }

    /// `amount`, or `amount_minor` with `amount_currency`.
    fn money(&mut self) -> Result<Option<Money>, Wrong> {
        let flat = (self.take("amount_minor"), self.take("amount_currency"));
        let nested = self.take("amount");
        let ((minor_column, minor), (currency_column, currency)) = match (nested, flat) {
            (None, (None, None)) => return Ok(None),
            (None, (minor, currency)) => (("amount_minor", minor), ("amount_currency", currency)),
            (Some(Value::Object(mut amount)), (None, None)) => {
                let parts = (("amount.minor", amount.remove("minor")), ("amount.currency", amount.remove("currency")));
                if let Some(unknown) = amount.keys().next() {
                    return Err(Wrong::column("amount", format!("has an unknown field {unknown:?}")));
                }
                parts
            }
            (Some(other), (None, None)) => {
                return Err(Wrong::expected("amount", &other, "{\"minor\":120000,\"currency\":\"EUR\"}"));
            }
            (Some(_), _) => {
                return Err(Wrong::column("amount", "is given twice, with `amount_minor` or `amount_currency`"));
            }
        };
        let whole = "a whole number of minor units, such as cents";
        let minor = required_as(minor_column, minor, whole)?;
        let currency = required_as(currency_column, currency, "an ISO 4217 code such as \"EUR\"")?;
        let code = currency.as_str().filter(|code| code.len() == 3 && code.bytes().all(|b| b.is_ascii_uppercase()));
        Ok(Some(Money {
            minor: minor.as_i64().ok_or_else(|| Wrong::expected(minor_column, &minor, whole))?,
            currency: code
                .ok_or_else(|| Wrong::expected(currency_column, &currency, "an ISO 4217 code such as \"EUR\""))?
                .to_owned(),
        }))
    }
}

fn required<T>(column: &str, value: Option<T>) -> Result<T, Wrong> {
    let expected = if column.ends_with("_at") { "a time such as \"2026-11-20T09:12:00Z\"" } else { "a text" };
    required_as(column, value, expected)
}

fn required_as<T>(column: &str, value: Option<T>, expected: &str) -> Result<T, Wrong> {
    value.ok_or_else(|| Wrong::column(column, format!("is missing, expected {expected}")))
}

/// The value of a CSV cell: typed where the column is known, else its text. An
/// empty cell is no value.
pub(crate) fn cell(kind: Kind, column: &str, text: &str) -> Option<Value> {
    let text = if matches!(column, "body" | "subject") { text } else { text.trim() };
    if text.trim().is_empty() {
        return None;
    }
    // A number that is none stays a text, and is refused as one.
    let number = |number: Option<Value>| Some(number.unwrap_or_else(|| text.into()));
    match (kind, column) {
        (Kind::Customer, "emails" | "phones") => {
            Some(text.split(';').map(str::trim).filter(|part| !part.is_empty()).map(Value::from).collect())
        }
        (Kind::Company, "employees") => number(text.parse::<u64>().ok().map(Value::from)),
        (Kind::Deal, "amount_minor") => number(text.parse::<i64>().ok().map(Value::from)),
        _ => Some(text.into()),
    }
}
