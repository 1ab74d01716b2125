//! `attache policy explain`: why a decision came out as it did.

use super::{block_on, json};
use crate::app::{App, Wants};
use crate::cli::Global;
use crate::failure::Failure;
use crate::tell;
use attache::journal::{Entry, Event, FactPermission, PolicyDecided, RunId, Verdict};
use attache::planner::{Run, Situation};
use attache::policies::{Effect, PolicySet, RuleTrace, TextFacts};
use std::io::Write;

/// Explains the decision at `seq`: one on an action, or what was decided of each
/// fact when the customer was looked at and when a tool returned.
pub(crate) fn explain(global: &Global, run: &str, seq: u64, out: &mut dyn Write) -> Result<(), Failure> {
    let app = App::open(global, Wants::default())?;
    block_on(async {
        let id = RunId::new(run);
        let entries = app.attache.entries(&id).await?;
        let place = usize::try_from(seq).unwrap_or(usize::MAX);
        let Some(entry) = entries.get(place) else {
            return Err(Failure::refused(format!("run {run} has no entry {seq}")));
        };
        let before = entries.get(..place).unwrap_or_default();
        match &entry.event {
            Some(Event::PolicyDecided(decided)) => action(global, &app, (entry, before), decided, out),
            Some(Event::Assessed(assessed)) => {
                if !global.json {
                    let sounds = &assessed.sentiment;
                    let asks = if assessed.wants_human { ", asks for a person" } else { "" };
                    let heading = format!("sounds {}, {} ({:+.2}){asks}", sounds.label, sounds.emotion, sounds.score);
                    tell::heading(out, &heading)?;
                }
                facts(global, app.attache.policy(), &assessed.facts, out)
            }
            Some(Event::ToolReturned(back)) if !back.facts.is_empty() => {
                if !global.json {
                    tell::heading(out, &format!("what {} returned", tell::printable(&back.tool)))?;
                }
                facts(global, app.attache.policy(), &back.facts, out)
            }
            event => {
                let kind = event.as_ref().map_or("erased", Event::kind);
                let expected = "policy_decided, assessed, or tool_returned with facts";
                Err(Failure::refused(format!(
                    "entry {seq} is `{kind}`, and no decision was made in it: expected {expected}"
                )))
            }
        }
    })
}

fn action(
    global: &Global,
    app: &App,
    (entry, before): (&Entry, &[Entry]),
    decided: &PolicyDecided,
    out: &mut dyn Write,
) -> Result<(), Failure> {
    let policy = app.attache.policy();
    let mut again = Run::new(entry.run.clone(), app.attache.engine().program_of(before)?);
    again.fold(before);
    let (Some(trace), Some(situation)) = (again.trace(policy, entry.at), again.situation(entry.at)) else {
        let seq = entry.seq;
        return Err(Failure::refused(format!("entry {seq} cannot be decided again under today's playbook")));
    };
    if global.json {
        trace.iter().try_for_each(|rule| json(out, rule))?;
        return json(out, &serde_json::json!({ "situation": situation }));
    }
    tell::heading(out, &format!("{} → {} [{}]", decided.action, decided.verdict, decided.policies.join(", ")))?;
    if decided.policy_digest != *policy.digest() {
        tell::aside(out, "the rules have changed since; this is what today's say")?;
    }
    for line in told(&situation) {
        writeln!(out, "  {}", tell::printable(&line))?;
    }
    for finding in &decided.findings {
        let place = format!("[{}..{}]", finding.start, finding.end);
        writeln!(out, "  found    {} {} {place}", finding.guard, tell::printable(&finding.what))?;
    }
    for rule in &trace {
        rule_line(rule, out)?;
    }
    Ok(())
}

/// What policy was told, a line each.
fn told(situation: &Situation) -> Vec<String> {
    let case = &situation.case;
    let asks = if case.wants_human { ", asks for a person" } else { "" };
    let mut lines = vec![format!("customer sounds {}, {} ({:+}){asks}", case.sentiment, case.emotion, case.mood)];
    if case.account_value != 0 {
        lines.push(format!("account  pays {} a year, in minor units", case.account_value));
    }
    for sink in &situation.sinks {
        lines.push(format!("sink     {} is {}", sink.pointer, sink.origin.as_str()));
    }
    lines.extend(situation.text.as_ref().map(|text| format!("text     {}", facts_of(text))));
    lines
}

fn facts_of(text: &TextFacts) -> String {
    let words = |words: &mut dyn Iterator<Item = &String>| words.map(String::as_str).collect::<Vec<_>>().join(", ");
    let mut said = vec![format!("{} characters, {} passages cited", text.length, text.citations)];
    let lists = [
        ("states what must stay unsaid", words(&mut text.unsayable.iter())),
        ("stands in no evidence", words(&mut text.unfounded.iter())),
        ("belongs to somebody else", words(&mut text.foreign.iter())),
        ("personal data", words(&mut text.pii.iter())),
    ];
    said.extend(lists.into_iter().filter(|(_, list)| !list.is_empty()).map(|(what, list)| format!("{what}: {list}")));
    let counts = [("citations of what was not read", text.unread), ("sentences without a source", text.unsupported)];
    said.extend(counts.into_iter().filter(|(_, count)| *count > 0).map(|(what, count)| format!("{count} {what}")));
    let flags = [
        ("asks what was asked before", text.asked_before),
        ("says that an AI wrote it", text.discloses_ai),
        ("after reading what is for colleagues", text.internal),
    ];
    said.extend(flags.into_iter().filter(|(_, set)| *set).map(|(what, _)| what.to_owned()));
    said.join("; ")
}

fn rule_line(rule: &RuleTrace, out: &mut dyn Write) -> Result<(), Failure> {
    let effect = match rule.effect {
        Effect::Permit => Verdict::Allow,
        Effect::Forbid => rule.verdict,
    };
    let fired = if rule.fired { "fired" } else { "  -  " };
    Ok(writeln!(out, "  {fired} {:<24} {effect:<9} {}", rule.id, tell::printable(&rule.reason))?)
}

/// Each fact with what may be done with it, the rules that said so, and why.
fn facts(global: &Global, policy: &PolicySet, facts: &[FactPermission], out: &mut dyn Write) -> Result<(), Failure> {
    for fact in facts {
        let rules = policy.rules().filter(|rule| fact.policies.contains(&rule.id));
        let reasons: Vec<&str> = rules.filter_map(|rule| rule.reason.as_deref()).collect();
        if global.json {
            let (key, permission) = (&fact.key, fact.permission);
            json(
                out,
                &serde_json::json!({ "key": key, "kind": fact.kind, "permission": permission, "policies": fact.policies, "reasons": reasons }),
            )?;
            continue;
        }
        let rules = if fact.policies.is_empty() { "no rule shows it".to_owned() } else { fact.policies.join(", ") };
        let why = if reasons.is_empty() { rules } else { format!("{rules}: {}", reasons.join("; ")) };
        writeln!(out, "  {:<12} {:<32} {}", fact.permission, tell::printable(&fact.key), tell::printable(&why))?;
    }
    Ok(())
}
