//! `attache schema` and `attache completions`.

use crate::cli::{Cli, Document};
use crate::config::Config;
use crate::failure::Failure;
use attache::Bundle;
use attache::journal::{Entry, Event};
use clap::CommandFactory;
use schemars::schema_for;
use std::io::Write;

pub(crate) fn run(document: Document, out: &mut dyn Write) -> Result<(), Failure> {
    let schema = match document {
        Document::Bundle => schema_for!(Bundle),
        Document::Entry => schema_for!(Entry),
        Document::Event => schema_for!(Event),
        Document::Config => schema_for!(Config),
    };
    let text = serde_json::to_string_pretty(&schema).map_err(|e| Failure::ours(e.to_string()))?;
    Ok(writeln!(out, "{text}")?)
}

pub(crate) fn completions(shell: clap_complete::Shell, out: &mut dyn Write) -> Result<(), Failure> {
    // Into memory first: the generator panics when its writer fails.
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "attache", &mut script);
    Ok(out.write_all(&script)?)
}
