//! The handoff package: what a person needs to take over.

use crate::Program;
use crate::context::Context;
use attache_context::{FactKind, Sensitivity, Trigger};
use attache_journal::PolicyDecided;
use attache_tools::{HandoffPackage, Tried};
use serde::Serialize;
use serde_json::Value;

/// Why a person is asked.
#[derive(Clone, Debug)]
pub(crate) struct Handoff {
    pub(crate) reason_code: String,
    /// Who takes over; the playbook says if no rule did.
    pub(crate) queue: Option<String>,
    pub(crate) alerts: Vec<String>,
    pub(crate) reasons: Vec<String>,
}

impl Handoff {
    /// For a reason that no rule gave.
    pub(crate) fn because(reason_code: impl Into<String>) -> Self {
        Self { reason_code: reason_code.into(), queue: None, alerts: Vec::new(), reasons: Vec::new() }
    }

    /// Since policy decided so.
    pub(crate) fn decided(decided: &PolicyDecided) -> Self {
        let reason = decided.reason_code.clone();
        Self {
            reason_code: reason.unwrap_or_else(|| first_policy(decided)),
            queue: decided.queue.clone(),
            alerts: decided.alerts.clone(),
            reasons: decided.reasons.clone(),
        }
    }
}

/// The rule that counts most in a decision.
pub(crate) fn first_policy(decided: &PolicyDecided) -> String {
    decided.policies.first().cloned().unwrap_or_else(|| "default_deny".to_owned())
}

#[derive(Serialize)]
struct NextStep<'a> {
    reason_code: &'a str,
    preferred_channel: Option<&'a str>,
}

/// Puts the package together. It is for colleagues: it holds no special-category
/// fact, and everything else that matters of the account.
pub(crate) fn package(program: &Program, context: &Context, handoff: &Handoff, tried: &[Tried]) -> HandoffPackage {
    let bundle = &context.bundle;
    let preferred = bundle.text("pref.channel");
    let of_key = |prefix: &str| -> Vec<String> {
        bundle.facts().filter(|(_, fact)| fact.key.starts_with(prefix)).map(|(_, fact)| plain(&fact.value)).collect()
    };
    let mut sentiments: Vec<_> = bundle.of(FactKind::Sentiment).iter().collect();
    sentiments.sort_by_key(|fact| fact.observed_at);
    let trend = context.assessed.as_ref().and_then(|assessed| assessed.trend);
    let next = NextStep { reason_code: &handoff.reason_code, preferred_channel: preferred };
    HandoffPackage {
        customer: match &bundle.customer.name {
            Some(name) => format!("{} ({name})", bundle.customer.id),
            None => bundle.customer.id.to_string(),
        },
        wants: match &bundle.trigger {
            Trigger::Message { text, .. } => text.clone(),
            Trigger::Manual { note, .. } => note.clone(),
            Trigger::Signal { signal, evidence, .. } => format!("{signal}: {}", evidence.join("; ")),
            Trigger::StageChange { from, to, .. } => format!("moved from {from} to {to}"),
        },
        sentiment: context.assessed.as_ref().map(|assessed| assessed.sentiment.clone()),
        sentiment_trend: sentiments
            .into_iter()
            .map(|fact| format!("{} {}: {}", fact.observed_at, fact.key, plain(&fact.value)))
            .chain(trend.map(|trend| format!("trend {trend:+.2}")))
            .collect(),
        tried: tried.to_vec(),
        promises: of_key("promise."),
        asked: of_key("asked."),
        preferred_channel: preferred.map(str::to_owned),
        account: bundle
            .facts()
            .filter(|(kind, fact)| {
                matches!(kind, FactKind::Identity | FactKind::Contextual | FactKind::ZeroParty)
                    && fact.sensitivity != Sensitivity::Special
            })
            .map(|(_, fact)| format!("{}: {}", fact.key, plain(&fact.value)))
            .collect(),
        reasons: handoff.reasons.clone(),
        // The template is ours and tested; a project's own that fails leaves the line empty
        // rather than the customer without a person.
        next_step: program.prompts.render_for("staff/next_step", &handoff.reason_code, &next).unwrap_or_default(),
    }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
