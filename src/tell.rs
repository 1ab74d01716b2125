//! Telling a run to a person.

use anstyle::{AnsiColor, Style};
use attache::context::CustomerId;
use attache::journal::{Entry, Event, Outcome, Permission, Verdict};
use attache::tools::HandoffPackage;
use std::io::{self, Write};

const DIM: Style = Style::new().dimmed();
const BOLD: Style = Style::new().bold();

/// A style for words that a person should notice.
fn mood(good: bool) -> Style {
    let color = if good { AnsiColor::Green } else { AnsiColor::Yellow };
    Style::new().bold().fg_color(Some(color.into()))
}

/// A heading.
pub(crate) fn heading(out: &mut dyn Write, text: &str) -> io::Result<()> {
    writeln!(out, "{BOLD}{text}{BOLD:#}")
}

/// A quiet line.
pub(crate) fn aside(out: &mut dyn Write, text: &str) -> io::Result<()> {
    writeln!(out, "{DIM}{text}{DIM:#}")
}

/// What was found of a part, with a word for how it is.
pub(crate) fn found(out: &mut dyn Write, good: bool, state: &str, part: &str, text: &str) -> io::Result<()> {
    let style = mood(good);
    writeln!(out, "{style}{state:<7}{style:#} {part:<14} {}", printable(text))
}

/// Whom something was for.
pub(crate) fn customer(id: Option<&CustomerId>) -> String {
    id.map_or_else(|| "(erased)".to_owned(), |id| printable(id.as_str()))
}

/// A run step by step, one or few lines each.
pub(crate) fn run(out: &mut dyn Write, entries: &[Entry]) -> io::Result<()> {
    for entry in entries {
        step(out, entry)?;
    }
    Ok(())
}

fn line(out: &mut dyn Write, entry: &Entry, what: &str, text: &str) -> io::Result<()> {
    writeln!(out, "  {DIM}{:>3}{DIM:#} {what:<9} {}", entry.seq, printable(text))
}

fn step(out: &mut dyn Write, entry: &Entry) -> io::Result<()> {
    let Some(event) = &entry.event else {
        let outline = serde_json::to_string(&entry.outline).unwrap_or_default();
        return line(out, entry, "erased", &outline);
    };
    match event {
        Event::Erased(e) => {
            let reason = e.reason.as_ref().map_or_else(String::new, |reason| format!(" · {reason}"));
            line(out, entry, "erased", &format!("subject {} · {} runs · by {}{reason}", e.subject, e.runs, entry.actor))
        }
        Event::StaffActed(e) => {
            let act = serde_json::to_string(&e.act).unwrap_or_default();
            line(out, entry, "staff", &format!("{act} · by {}", entry.actor))
        }
        Event::RunStarted(e) => {
            let trigger = e.bundle.trigger.kind();
            let text = format!("{} · {trigger} · playbook {}", e.bundle.customer.id, e.playbook);
            line(out, entry, "start", &text)
        }
        Event::Assessed(e) => {
            let count = |permission| e.facts.iter().filter(|fact| fact.permission == permission).count();
            let mut text = format!(
                "sounds {} ({}) · facts: {} mentionable, {} usable, {} hidden",
                e.sentiment.label,
                e.sentiment.emotion,
                count(Permission::Mentionable),
                count(Permission::Usable),
                count(Permission::Hidden)
            );
            if e.wants_human {
                text.push_str(" · asks for a person");
            }
            line(out, entry, "assess", &text)
        }
        Event::ModelCalled(e) => {
            let said = match (&e.reply, &e.fault) {
                (Some(reply), _) if reply.calls.is_empty() => short(reply.text.as_deref().unwrap_or("nothing")),
                (Some(reply), _) => {
                    let names: Vec<_> = reply.calls.iter().map(|call| call.name.as_str()).collect();
                    format!("wants {}", names.join(", "))
                }
                (None, Some(fault)) => format!("no reply: {}", fault.code),
                (None, None) => "no reply".to_owned(),
            };
            line(out, entry, "model", &format!("{} {said}", e.model))
        }
        Event::PolicyDecided(e) => {
            let style = mood(e.verdict == Verdict::Allow);
            let reasons = if e.reasons.is_empty() { String::new() } else { format!(": {}", e.reasons.join("; ")) };
            writeln!(
                out,
                "  {DIM}{:>3}{DIM:#} {:<9} {} → {style}{}{style:#} {DIM}[{}]{DIM:#}{}",
                entry.seq,
                "policy",
                printable(&e.action),
                e.verdict,
                e.policies.join(", "),
                printable(&reasons)
            )
        }
        Event::ToolCalled(e) => line(out, entry, "call", &format!("{} {}", e.tool, short(e.input.as_str()))),
        Event::ToolReturned(e) => {
            let text = match (&e.output, &e.fault) {
                (Some(output), _) => short(output.as_str()),
                (None, Some(fault)) => format!("{}: {}", fault.code, fault.feedback),
                (None, None) => "nothing".to_owned(),
            };
            line(out, entry, "result", &text)
        }
        Event::DraftCreated(e) => {
            line(out, entry, "draft", &format!("{} to {} by {}", e.draft, e.to, e.channel))?;
            text(out, &format!("{}\n\n{}", e.subject, e.body))
        }
        Event::ReviewRequested(e) => line(out, entry, "review", &format!("asked of queue {} until {}", e.queue, e.due)),
        Event::ReviewDecided(e) => line(out, entry, "review", &format!("{} by {}", e.decision, e.by)),
        Event::MessageSent(e) => line(out, entry, "sent", &format!("to {} by {}", e.to, e.channel)),
        Event::Escalated(e) => {
            line(out, entry, "handoff", &format!("queue {} · {}", e.queue, e.reason_code))?;
            match serde_json::from_str::<HandoffPackage>(e.package.as_str()) {
                Ok(package) => handoff(out, &package),
                Err(_) => text(out, e.package.as_str()),
            }
        }
        Event::RunEnded(e) => {
            let style = mood(e.outcome == Outcome::Resolved);
            let reason = e.reason_code.as_ref().map_or_else(String::new, |reason| format!(" · {reason}"));
            writeln!(out, "  {DIM}{:>3}{DIM:#} {:<9} {style}{}{style:#}{reason}", entry.seq, "end", e.outcome)?;
            if let Some(reply) = &e.reply {
                text(out, reply)?;
            }
            for citation in &e.citations {
                aside(out, &format!("      cites {} [{}..{}]", citation.doc, citation.start, citation.end))?;
            }
            Ok(())
        }
    }
}

fn handoff(out: &mut dyn Write, package: &HandoffPackage) -> io::Result<()> {
    let mut tell = |name: &str, value: &str| {
        if value.is_empty() { Ok(()) } else { writeln!(out, "      {DIM}{name:<10}{DIM:#} {}", printable(value)) }
    };
    tell("customer", &package.customer)?;
    tell("wants", &short(&package.wants))?;
    tell("trend", &package.sentiment_trend.join(" · "))?;
    tell("why", &package.reasons.join("; "))?;
    tell("promised", &package.promises.join("; "))?;
    tell("reach by", package.preferred_channel.as_deref().unwrap_or_default())?;
    tell("next", &package.next_step)
}

/// A text of a customer's or model's, indented.
pub(crate) fn text(out: &mut dyn Write, text: &str) -> io::Result<()> {
    for line in text.lines() {
        writeln!(out, "      {DIM}│{DIM:#} {}", printable(line))?;
    }
    Ok(())
}

fn short(text: &str) -> String {
    const MOST: usize = 110;
    let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if flat.chars().count() <= MOST { flat } else { flat.chars().take(MOST).chain(['…']).collect() }
}

/// What comes from outside cannot move the cursor or colour the screen.
pub(crate) fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\t' { '\u{fffd}' } else { c }).collect()
}
