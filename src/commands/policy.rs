//! `attache policy`.

use super::json;
use crate::app::{examples_of, overrides, policy_of};
use crate::cli::{Global, Policy};
use crate::config::Project;
use crate::failure::Failure;
use attache::Attache;
use attache::policies::{PolicySet, run_tests};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

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
fn load(global: &Global, dir: Option<&Path>) -> Result<Arc<PolicySet>, Failure> {
    let project = Project::read(global.config.as_deref())?;
    // The project's own tools are not known to the command; built-in ones are.
    let attache = overrides(&project, Attache::builder())?.build()?;
    match dir {
        Some(dir) => Ok(Arc::new(policy_of(dir, attache.registry())?)),
        None => Ok(attache.policy().clone()),
    }
}

fn test(global: &Global, dir: Option<&Path>, out: &mut dyn Write) -> Result<(), Failure> {
    let set = load(global, dir)?;
    let project = Project::read(global.config.as_deref())?;
    let dir = dir.map_or_else(|| project.path(&project.config.project.policies), PathBuf::from);
    let results =
        run_tests(&set, &examples_of(&dir)?).map_err(|e| Failure::refused(format!("{}/tests/{e}", dir.display())))?;
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
