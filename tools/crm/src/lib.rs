//! The embedded CRM: customers, companies, deals and tickets from JSONL or CSV.
