//! `attache log explain`.

use super::log::no_run;
use super::{block_on, json};
use crate::app::{open_log_of, overrides};
use crate::cli::Global;
use crate::config::Project;
use crate::failure::Failure;
use crate::tell;
use attache::Attache;
use attache::journal::{Permission, RunId, Store};
use attache::log::LogStore;
use attache::planner::{Course, Explanation, explain};
use std::io::Write;
use std::sync::Arc;

/// The journal, and the project's rules and playbooks with no way to call
/// anything.
pub(super) fn open(global: &Global) -> Result<(Attache, Arc<LogStore>), Failure> {
    let project = Project::read(global.config.as_deref())?;
    let log = Arc::new(open_log_of(global, &project)?);
    let attache = overrides(&project, Attache::builder())?.store(log.clone()).build()?;
    Ok((attache, log))
}

pub(crate) fn run(global: &Global, run: &str, out: &mut dyn Write) -> Result<(), Failure> {
    let (attache, log) = open(global)?;
    let entries = block_on(async { Ok(log.entries(&RunId::new(run)).await?) })?;
    if entries.is_empty() {
        return Err(no_run(run));
    }
    if entries.iter().any(|entry| entry.event.is_none()) {
        return Err(Failure::refused(format!("run {run}: the customer's data was erased")));
    }
    let program = attache.engine().program_of(&entries)?;
    let explanation = explain(&program, attache.policy(), &entries)
        .ok_or_else(|| Failure::refused(format!("run {run} has no beginning")))?;
    if global.json {
        return json(out, &explanation);
    }
    tell_all(&explanation, out)
}

fn tell_all(explanation: &Explanation, out: &mut dyn Write) -> Result<(), Failure> {
    tell::heading(out, explanation.run.as_str())?;
    let Explanation { trigger, channel, playbook, at, course, .. } = explanation;
    writeln!(out, "  {trigger} by {channel}, playbook {playbook}, {at}")?;
    writeln!(out, "  {}", came_to(course))?;
    tell::heading(out, "What was used")?;
    for (permission, said) in [
        (Permission::Mentionable, "might be said"),
        (Permission::Usable, "might steer and not be said"),
        (Permission::Hidden, "was hidden from the model"),
    ] {
        for fact in explanation.facts.iter().filter(|fact| fact.permission == permission) {
            let key = tell::printable(&fact.key);
            let (system, days) = (tell::printable(&fact.system), fact.age_days);
            writeln!(out, "  {key}: {said} [{}] · {system}, {days} days old", fact.policies.join(", "))?;
        }
    }
    for passage in &explanation.passages {
        writeln!(out, "  passage {} [{}..{}]", tell::printable(&passage.doc), passage.start, passage.end)?;
    }
    for used in &explanation.tools {
        let came = used.fault.as_ref().map_or_else(|| "answered".to_owned(), |fault| format!("failed: {fault}"));
        writeln!(out, "  tool {} {came}", tell::printable(&used.tool))?;
    }
    tell::heading(out, "What was decided")?;
    for decision in &explanation.decisions {
        let (seq, action, verdict) = (decision.seq, tell::printable(&decision.action), decision.verdict);
        writeln!(out, "  {seq:>3} {action} → {verdict} [{}]", decision.policies.join(", "))?;
        for reason in &decision.reasons {
            writeln!(out, "        because {}", tell::printable(reason))?;
        }
        for near in &decision.near {
            tell::aside(out, &format!("        nearly {}: it would have fired if {}", near.rule, near.said))?;
        }
    }
    tell_turns(explanation, out)?;
    let short = if explanation.cut_short { ", and gave up there" } else { "" };
    tell::aside(out, &format!("  decided again {} times to find out{short}", explanation.tried))?;
    Ok(())
}

/// What would have changed where the run stands.
pub(super) fn tell_turns(explanation: &Explanation, out: &mut dyn Write) -> Result<(), Failure> {
    tell::heading(out, "What would have changed it")?;
    if explanation.other_rules {
        tell::aside(out, "  the rules have changed since; this is by today's")?;
    }
    if explanation.counterfactuals.is_empty() {
        writeln!(out, "  nothing that was tried")?;
    }
    for turn in &explanation.counterfactuals {
        writeln!(out, "  If {}: {}", tell::printable(&turn.said), would(&turn.course))?;
        if let Some(decision) = &turn.decision {
            let (seq, action) = (decision.seq, tell::printable(&decision.action));
            tell::aside(out, &format!("      {seq} {action}: {} → {}", decision.was, decision.now))?;
        }
    }
    Ok(())
}

/// How a run went.
pub(super) fn came_to(course: &Course) -> String {
    let reason = course.reason_code.as_ref().map_or_else(String::new, |reason| format!(" ({reason})"));
    let queue = course.escalated.last().map_or_else(String::new, |queue| format!(", handed to {queue}"));
    format!("{}{reason}{queue}", course.stands())
}

/// How a run would have gone.
fn would(course: &Course) -> String {
    match (course.stands(), &course.needs) {
        (_, Some(_)) => "the agent would have gone on".to_owned(),
        ("drafted", None) => {
            let queues: Vec<_> = course.drafts.values().map(|draft| draft.queue.as_str()).collect();
            format!("a draft would await {}", queues.join(", "))
        }
        ("escalated", None) => format!("a person of {} would have taken over", course.escalated.join(", ")),
        ("resolved", None) => "the customer would have had an answer".to_owned(),
        ("suppressed", None) => "nothing would have been sent".to_owned(),
        (other, None) => format!("the run would be {other}"),
    }
}
