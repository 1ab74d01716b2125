//! What the agent tried, as sentences.

use attache_journal::{Entry, Event, ToolCalled, ToolReturned, Verdict};
use attache_tools::{CrmRecord, KbHits};
use serde_json::Value;

/// One sentence for each call that came back or was not allowed, in order.
pub(super) fn tried(entries: &[Entry]) -> Vec<String> {
    let mut calls: Vec<&ToolCalled> = Vec::new();
    let mut sentences = Vec::new();
    for entry in entries {
        match &entry.event {
            Some(Event::ToolCalled(called)) => calls.push(called),
            Some(Event::ToolReturned(returned)) => {
                let called = calls.iter().rev().find(|called| called.call == returned.call);
                // Handing over is not something that was tried before handing over.
                if let Some(called) = called.filter(|called| called.tool != "escalate_to_human") {
                    sentences.push(sentence(called, returned));
                }
            }
            Some(Event::PolicyDecided(decided)) if decided.call.is_some() && decided.verdict == Verdict::Deny => {
                let why = decided.reasons.join("; ");
                sentences.push(format!("Was not allowed to {}: {why}.", deed(&decided.action)));
            }
            _ => {}
        }
    }
    sentences
}

fn sentence(called: &ToolCalled, returned: &ToolReturned) -> String {
    if let Some(fault) = &returned.fault {
        return format!("Tried to {}, which failed: {}.", deed(&called.tool), fault.feedback);
    }
    let output = returned.output.as_ref().map_or("null", |output| output.as_str());
    let input = called.input.to_value();
    match called.tool.as_str() {
        "kb_search" | "kb_search_internal" => searched(&input, serde_json::from_str(output).ok()),
        "crm_lookup" => looked_up(serde_json::from_str(output).ok()),
        other => format!("Did {}.", deed(other)),
    }
}

fn searched(input: &Value, found: Option<KbHits>) -> String {
    let query = input.get("query").and_then(Value::as_str).unwrap_or_default();
    let hits = found.map(|found| found.hits).unwrap_or_default();
    match hits.first() {
        Some(best) => format!(
            "Searched the articles for “{query}” and read {}, the best from “{}”.",
            counted(hits.len(), "passage"),
            best.title
        ),
        None => format!("Searched the articles for “{query}” and found nothing that fits."),
    }
}

fn looked_up(record: Option<CrmRecord>) -> String {
    match record {
        Some(CrmRecord { customer: Some(_), deals, tickets, .. }) => format!(
            "Looked the customer up in the CRM: {} and {}.",
            counted(deals.len(), "deal"),
            counted(tickets.len(), "ticket")
        ),
        Some(_) | None => "Looked the customer up in the CRM, which does not know them.".to_owned(),
    }
}

/// `1 deal`, `2 deals`.
fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

/// What a tool does, in words: tools are named by what they do.
fn deed(tool: &str) -> String {
    tool.replace('_', " ")
}

#[cfg(test)]
mod tests;
