//! `attache log export --customer`: a person's own record.

use super::block_on;
use super::explain::{came_to, open, tell_turns};
use super::log::export_runs;
use crate::cli::Global;
use crate::failure::Failure;
use crate::tell;
use attache::context::{CustomerId, Fact, FactKind};
use attache::engine::RunError;
use attache::journal::{Actor, Assessed, Entry, Event, Outcome, Permission, RunFilter, RunStarted, Store};
use attache::planner::{Course, explain};
use attache::tools::{EscalateToHuman, Tool};
use std::io::Write;

pub(crate) fn run(global: &Global, customer: &str, out: &mut dyn Write) -> Result<(), Failure> {
    let unknown = || Failure::refused(format!("the journal holds nothing of customer {customer}"));
    let id = CustomerId::new(customer).map_err(|_| unknown())?;
    let (attache, log) = open(global)?;
    block_on(async {
        let mut runs = log.runs(&RunFilter { customer: Some(id), ..RunFilter::default() }).await?;
        if runs.is_empty() {
            return Err(unknown());
        }
        runs.reverse();
        if global.json {
            let runs: Vec<_> = runs.into_iter().map(|run| run.run).collect();
            return export_runs(&log, &runs, out);
        }
        tell::heading(out, &format!("What is recorded of {}", tell::printable(customer)))?;
        let count = runs.len();
        writeln!(
            out,
            "{count} times our agent had to do with you. Each time is told below: what it rested on, what was"
        )?;
        writeln!(out, "decided and why, who looked at it, and what was sent.")?;
        for run in runs {
            let entries = log.entries(&run.run).await?;
            if entries.iter().any(|entry| entry.event.is_none()) {
                continue;
            }
            writeln!(out)?;
            tell::heading(out, &format!("{} ({})", entries.first().map_or(run.started_at, |e| e.at), run.run))?;
            entries.iter().try_for_each(|entry| tell_entry(&entries, entry, out))?;
            let course = Course::of(&entries);
            writeln!(out, "  It ended: {}", came_to(&course))?;
            if !matches!(course.outcome, Some(Outcome::Resolved)) {
                match attache.engine().program_of(&entries) {
                    Ok(program) => {
                        if let Some(explanation) = explain(&program, attache.policy(), &entries) {
                            tell_turns(&explanation, out)?;
                        }
                    }
                    Err(RunError::NoPlaybook(_)) => tell::aside(out, "  The rules it followed are no longer kept.")?,
                    Err(other) => return Err(other.into()),
                }
            }
        }
        Ok(())
    })
}

fn tell_entry(entries: &[Entry], entry: &Entry, out: &mut dyn Write) -> Result<(), Failure> {
    let Some(event) = &entry.event else { return Ok(()) };
    let at = entry.at;
    match event {
        Event::RunStarted(started) => {
            writeln!(out, "  It began with: {}", began(started))?;
            if let Some(text) = started.bundle.trigger.message() {
                tell::text(out, text)?;
            }
            let consent = started.bundle.consent;
            writeln!(out, "  You had agreed: {}", agreed(consent))?;
            let customer = &started.bundle.customer;
            let known = customer.name.iter().chain(&customer.emails).chain(&customer.phones);
            let known: Vec<_> = known.map(|known| tell::printable(known)).collect();
            writeln!(out, "  How we know you: {}", known.join(", "))?;
        }
        Event::Assessed(assessed) => tell_data(entries, entry, assessed, out)?,
        Event::PolicyDecided(decided) => {
            let action = tell::printable(&decided.action);
            let rules = decided.policies.join(", ");
            writeln!(out, "  {at} Our rules decided on `{action}`: {} [{rules}]", decided.verdict)?;
            for reason in &decided.reasons {
                writeln!(out, "      because {}", tell::printable(reason))?;
            }
        }
        Event::ModelCalled(called) => {
            let model = tell::printable(&called.model);
            writeln!(out, "  {at} The language model {model} was asked for the next step, under placeholders")?;
        }
        Event::ToolReturned(back) => {
            writeln!(out, "  {at} `{}` was used", tell::printable(&back.tool))?;
            // What a person was given is told where they were given it.
            if let Some(output) = back.output.as_ref().filter(|_| back.tool != EscalateToHuman::NAME) {
                tell::text(out, output.as_str())?;
            }
        }
        Event::DraftCreated(draft) => {
            writeln!(out, "  {at} A text to {} was written", tell::printable(&draft.to))?;
            tell::text(out, &format!("{}\n\n{}", draft.subject, draft.body))?;
        }
        Event::ReviewRequested(asked) => {
            writeln!(out, "  {at} A person of {} was asked to look at it", tell::printable(&asked.queue))?;
        }
        Event::ReviewDecided(decided) => {
            let by = match &entry.actor {
                Actor::Human(name) => name.as_str(),
                Actor::Agent(_) | Actor::System => &decided.by,
            };
            writeln!(out, "  {at} {} saw it and decided: {}", tell::printable(by), decided.decision)?;
            if let Some(reason) = &decided.reason {
                tell::text(out, reason)?;
            }
        }
        Event::MessageSent(sent) => {
            writeln!(out, "  {at} It was sent to {} by {}", tell::printable(&sent.to), sent.channel)?;
        }
        Event::Escalated(escalated) => {
            let queue = tell::printable(&escalated.queue);
            writeln!(
                out,
                "  {at} A person of {queue} took over ({}) and was given:",
                tell::printable(&escalated.reason_code)
            )?;
            tell::text(out, escalated.package.as_str())?;
        }
        Event::RunEnded(ended) => {
            if let Some(reply) = &ended.reply {
                writeln!(out, "  {at} You were told:")?;
                tell::text(out, reply)?;
            }
        }
        Event::ToolCalled(_) | Event::Erased(_) | Event::StaffActed(_) => {}
    }
    Ok(())
}

fn tell_data(entries: &[Entry], entry: &Entry, assessed: &Assessed, out: &mut dyn Write) -> Result<(), Failure> {
    let bundle = entries.iter().find_map(|entry| match &entry.event {
        Some(Event::RunStarted(started)) => Some(&started.bundle),
        _ => None,
    });
    let Some(bundle) = bundle else { return Ok(()) };
    let sentiment = &assessed.sentiment;
    writeln!(out, "  How you sounded to us: {} ({})", sentiment.label, sentiment.emotion)?;
    writeln!(out, "  What we knew:")?;
    let given: Vec<(FactKind, &Fact)> = bundle.facts().collect();
    for ((_, fact), said) in given.into_iter().zip(&assessed.facts) {
        let done = match said.permission {
            Permission::Mentionable => "might be told to you",
            Permission::Usable => "might steer the answer and not be told",
            Permission::Hidden => "was not used",
        };
        let value = fact.value.as_str().map_or_else(|| fact.value.to_string(), str::to_owned);
        let (key, value, system) = (&fact.key, tell::printable(&value), &fact.system);
        let line =
            format!("{key}: {value} ({}, from {system}, {} days old): {done}", fact.source, fact.age_days(entry.at));
        writeln!(out, "    {}", tell::printable(&line))?;
    }
    Ok(())
}

fn began(started: &RunStarted) -> String {
    use attache::context::Trigger;
    match &started.bundle.trigger {
        Trigger::Manual { at, note } => format!("a colleague's note of {at}: {}", tell::printable(note)),
        Trigger::Message { at, channel, .. } => format!("your message of {at} by {channel}:"),
        Trigger::Signal { at, signal, evidence } => {
            format!("what you did ({}) until {at}: {}", tell::printable(signal), tell::printable(&evidence.join("; ")))
        }
        Trigger::StageChange { at, from, to } => format!("your move from {from} to {to} on {at}"),
    }
}

fn agreed(consent: attache::context::Consent) -> String {
    let flags = [
        (consent.ai_interaction, "an AI may answer"),
        (consent.marketing_email, "e-mail for marketing"),
        (consent.profiling, "what you do may choose what you are told"),
    ];
    let given: Vec<_> = flags.into_iter().filter(|(given, _)| *given).map(|(_, what)| what).collect();
    if given.is_empty() { "to nothing".to_owned() } else { given.join(", ") }
}
