//! `attache tools`.

use super::{block_on, json};
use crate::app::{App, Wants, overrides};
use crate::cli::{Global, Tools};
use crate::config::Project;
use crate::failure::Failure;
use attache::journal::{CallRequest, Event, Reply};
use attache::models::Scripted;
use attache::tools::Registered;
use attache::{Attache, Bundle};
use comfy_table::{Table, presets};
use jiff::Timestamp;
use serde_json::json as object;
use std::io::Write;
use std::sync::Arc;

/// The playbook of calls by hand: what it offers can be called.
const PLAYBOOK: &str = "by_hand";

pub(crate) fn run(global: &Global, tools: &Tools, out: &mut dyn Write) -> Result<(), Failure> {
    let project = Project::read(global.config.as_deref())?;
    let attache = overrides(&project, Attache::builder())?.build()?;
    match tools {
        Tools::List if global.json => attache.registry().iter().try_for_each(|tool| json(out, tool.spec())),
        Tools::List => {
            let mut table = Table::new();
            table.load_preset(presets::NOTHING).set_header(["tool", "effect", "what it does"]);
            for tool in attache.registry().iter() {
                let spec = tool.spec();
                table.add_row([spec.name.as_str(), spec.effect.as_str(), &spec.description]);
            }
            Ok(writeln!(out, "{table}")?)
        }
        Tools::Call { name, input, customer } => {
            let (name, input) = (name.as_str(), input.as_str());
            let tool = tool(&attache, name)?;
            tool.admit(input).map_err(|e| Failure::refused(format!("the input of {name}: {e}")))?;
            call(global, name, input, customer, out)
        }
        Tools::Schema { name } => {
            let tool = tool(&attache, name)?;
            let text = serde_json::to_string_pretty(&tool.spec().input_schema);
            Ok(writeln!(out, "{}", text.map_err(|e| Failure::ours(e.to_string()))?)?)
        }
    }
}

fn tool<'a>(attache: &'a Attache, name: &str) -> Result<&'a Registered, Failure> {
    attache.registry().get(name).ok_or_else(|| {
        Failure::refused(format!("there is no tool `{name}`; `attache tools list` shows those there are"))
    })
}

/// Calls a tool as a run of its own whose planner asks for this and nothing else:
/// policy decides, and the journal has it.
fn call(global: &Global, name: &str, input: &str, customer: &str, out: &mut dyn Write) -> Result<(), Failure> {
    let bundle = object!({
        "version": 1,
        "customer": { "id": customer },
        "trigger": { "kind": "manual", "at": Timestamp::now(), "note": format!("attache tools call {name}") },
    });
    let bundle =
        Bundle::parse(bundle.to_string().as_bytes()).map_err(|e| Failure::refused(format!("--customer: {e}")))?;
    let asked = CallRequest { id: "by_hand".to_owned(), name: name.to_owned(), arguments: input.to_owned() };
    let replies =
        [Reply { text: None, calls: vec![asked] }, Reply { text: Some("Done.".to_owned()), calls: Vec::new() }];
    let app = App::open(global, Wants { planner: Some(Arc::new(Scripted::replies(replies))), ..Wants::default() })?;
    block_on(async {
        let report = app.attache.run(Arc::new(bundle), Some(PLAYBOOK)).await?;
        let entries = app.attache.entries(&report.run).await?;
        let events = || entries.iter().filter_map(|entry| entry.event.as_ref());
        let returned = events().find_map(|event| match event {
            Event::ToolReturned(back) if back.tool == name => Some(back),
            _ => None,
        });
        match returned.map(|back| (&back.output, &back.fault)) {
            Some((Some(output), _)) => Ok(writeln!(out, "{}", output.as_str())?),
            Some((None, Some(fault))) if fault.code == "unknown_tool" => {
                Err(Failure::refused(format!("{name} cannot be called by hand: {}", fault.feedback)))
            }
            Some((None, fault)) => {
                let why = fault.as_ref().map_or("no result", |fault| fault.feedback.as_str());
                Err(Failure::unavailable(format!("{name}: {why}")))
            }
            None => {
                let reasons = events().find_map(|event| match event {
                    Event::PolicyDecided(decided) if decided.action == name => Some(decided.reasons.join("; ")),
                    _ => None,
                });
                let why = reasons.unwrap_or_else(|| "the run ended before".to_owned());
                Err(Failure::refused(format!("policy does not allow {name}: {why} (run {})", report.run)))
            }
        }
    })
}
