//! `attache tools`.

use super::json;
use crate::app::overrides;
use crate::cli::{Global, Tools};
use crate::config::Project;
use crate::failure::Failure;
use attache::Attache;
use comfy_table::{Table, presets};
use std::io::Write;

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
        Tools::Schema { name } => {
            let tool = attache.registry().get(name);
            let tool = tool.ok_or_else(|| {
                Failure::refused(format!("there is no tool `{name}`; `attache tools list` shows those there are"))
            })?;
            let text = serde_json::to_string_pretty(&tool.spec().input_schema);
            Ok(writeln!(out, "{}", text.map_err(|e| Failure::ours(e.to_string()))?)?)
        }
    }
}
