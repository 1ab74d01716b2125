//! `attache policy`.

use super::json;
use crate::app::{overrides, rules_of};
use crate::cli::{Global, Policy};
use crate::config::{Project, files};
use crate::failure::Failure;
use attache::Attache;
use attache::planner::actions;
use attache::policies::{PolicyFile, PolicySet, run_tests};
use std::io::Write;
use std::path::{Path, PathBuf};

pub(crate) fn run(global: &Global, policy: &Policy, out: &mut dyn Write) -> Result<(), Failure> {
    match policy {
        Policy::Check { dir } => {
            let set = load(global, dir.as_deref())?;
            let rules = set.rules().count();
            if global.json {
                return json(out, &serde_json::json!({ "rules": rules, "digest": set.digest() }));
            }
            Ok(writeln!(out, "ok: {rules} rules, digest {}", set.digest())?)
        }
        Policy::Test { dir } => test(global, dir.as_deref(), out),
        Policy::Explain { run, seq } => super::why::explain(global, run, *seq, out),
    }
}

/// The shipped rules with those of `dir`, or of the project, laid over them.
fn load(global: &Global, dir: Option<&Path>) -> Result<PolicySet, Failure> {
    let project = Project::read(global.config.as_deref())?;
    let asked = dir.is_some();
    let dir = dir.map_or_else(|| project.path(&project.config.project.policies), Path::to_owned);
    // A project need not have rules of its own; a folder that is named must be there.
    let own = if asked || dir.is_dir() { rules_of(&dir)? } else { Vec::new() };
    // The project's own tools are not known to the command; built-in ones are.
    let attache = overrides(&project, Attache::builder())?.build()?;
    let files = PolicySet::overlay(&own);
    PolicySet::load(&files, &actions(attache.registry()))
        .map_err(|e| Failure::refused(format!("{}/{e}", dir.display())))
}

fn test(global: &Global, dir: Option<&Path>, out: &mut dyn Write) -> Result<(), Failure> {
    let set = load(global, dir)?;
    let project = Project::read(global.config.as_deref())?;
    let dir = dir.map_or_else(|| project.path(&project.config.project.policies), PathBuf::from);
    let own = files(&dir.join("tests"), "toml")?;
    let mut examples = PolicySet::shipped_tests();
    for (name, text) in own {
        examples.retain(|file| file.name != name);
        examples.push(PolicyFile::new(name, text));
    }
    let results = run_tests(&set, &examples).map_err(|e| Failure::refused(format!("{}/tests/{e}", dir.display())))?;
    let failed: Vec<_> = results.iter().filter(|result| !result.passed()).collect();
    if global.json {
        results.iter().try_for_each(|result| json(out, result))?;
    }
    for result in failed.iter().filter(|_| !global.json) {
        let fault = result.fault.as_deref().unwrap_or_default();
        writeln!(out, "failed: {}:{}: {}: {fault}", result.file, result.line, result.name)?;
    }
    if !global.json {
        writeln!(out, "{} examples, {} failed", results.len(), failed.len())?;
    }
    if failed.is_empty() { Ok(()) } else { Err(Failure::check(format!("{} examples failed", failed.len()))) }
}
