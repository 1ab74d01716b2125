//! What a record can answer in the place of a tool.

use crate::PendingCall;
use attache_journal::{Digest, Entry, Event, Fault, Json, Retry, ToolCalled};
use attache_tools::{Delivered, EffectKind, destination};
use std::collections::{BTreeMap, HashMap};

/// What tools returned in a recorded run, by tool and canonical input.
///
/// It stands in for the tools when a run is decided or planned again: nothing
/// is called, so nothing is read, sent or handed over a second time.
#[derive(Debug, Default)]
pub struct Record<'a> {
    results: HashMap<(&'a str, &'a str), Result<&'a Json, &'a Fault>>,
}

/// What stands in for a tool's answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// The tool was called with this input, and this is what it returned.
    Recorded(Result<Json, Fault>),
    /// The record does not have the call, and it was not made. What it would
    /// return does not come from outside: a draft is filed, a package handed
    /// over, a message of ours delivered.
    Assumed(Json),
    /// The record does not have the call, it was not made, and nobody can tell
    /// what it would return.
    Missing,
}

impl<'a> Record<'a> {
    /// What is recorded in these entries of one run.
    #[must_use]
    pub fn new(entries: &'a [Entry]) -> Self {
        let mut called: BTreeMap<&str, &ToolCalled> = BTreeMap::new();
        let mut results = HashMap::new();
        for event in entries.iter().filter_map(|entry| entry.event.as_ref()) {
            match event {
                Event::ToolCalled(call) => {
                    called.insert(call.call.as_str(), call);
                }
                Event::ToolReturned(returned) => {
                    let Some(call) = called.get(returned.call.as_str()) else { continue };
                    let result = match (&returned.output, &returned.fault) {
                        (Some(output), _) => Ok(output),
                        (None, Some(fault)) => Err(fault),
                        (None, None) => continue,
                    };
                    results.insert((call.tool.as_str(), call.input.as_str()), result);
                }
                _ => {}
            }
        }
        Self { results }
    }

    /// What stands in for the answer to this call.
    #[must_use]
    pub fn answer(&self, call: &PendingCall<'_>) -> Answer {
        let called = call.called();
        match self.results.get(&(called.tool.as_str(), called.input.as_str())) {
            Some(result) => Answer::Recorded(result.cloned().map_err(Clone::clone)),
            None => assumed(call).map_or(Answer::Missing, Answer::Assumed),
        }
    }
}

/// The fault that a model reads for a call that the record does not have.
#[must_use]
pub fn not_recorded() -> Fault {
    let feedback = "this call is not in the record, and nothing is called when a run is planned again".to_owned();
    Fault { code: "not_recorded".into(), retry: Retry::Never, feedback }
}

fn assumed(call: &PendingCall<'_>) -> Option<Json> {
    match call.tool().spec().effect {
        EffectKind::Read => None,
        EffectKind::Draft => Json::of("The draft is filed for review.").ok(),
        EffectKind::Escalate => Json::of(call.package.as_ref()?).ok(),
        EffectKind::Write => {
            let preview = call.tool().admit(call.input().as_str()).ok()?.preview?;
            let channel = preview.channel.unwrap_or_else(|| call.bundle.trigger.channel());
            let to = destination(call.bundle, channel, preview.audience);
            let digest = Digest::of(&[preview.subject.as_bytes(), preview.body.as_bytes()]);
            Json::of(&Delivered { channel, to, digest, receipt: String::new() }).ok()
        }
    }
}
