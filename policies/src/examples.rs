//! Rules carry their own examples.

use crate::rule::{DEFAULT_DENY, POLICY_ERROR};
use crate::slice::SliceKind;
use crate::{
    Case, FactAction, PolicyDecision, PolicyFault, PolicyFile, PolicyRequest, PolicySet, Sink, SinkOrigin, TextFacts,
};
use attache_context::{Fact, FactKind, Purpose, Sensitivity, Source};
use attache_journal::{Past, Verdict};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::ops::Range;
use toml::Spanned;

/// How one example went.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct TestResult {
    /// The file it is in.
    pub file: String,
    /// The line it starts on.
    pub line: usize,
    /// What it says.
    pub name: String,
    /// The rule it is about.
    pub rule: String,
    /// The action it asks for.
    pub action: String,
    /// What came out.
    pub decision: PolicyDecision,
    /// What is wrong with that; absent if nothing is.
    pub fault: Option<String>,
}

impl TestResult {
    /// Whether the decision is the expected one.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.fault.is_none()
    }
}

/// Runs examples against a set. A file is TOML:
///
/// ```toml
/// [[example]]
/// rule = "contact_cap"
/// name = "the fourth contact of a week is one too many"
/// action = "send_email"
/// case = { outreach = true, approved = true, purpose = "success" }
/// history = [{ ago = "6d", action = "send_email", outreach = true, times = 3 }]
/// expect = { verdict = "deny", rules = ["contact_cap"] }
/// ```
///
/// `case` overrides [`Case::default`], `text` is [`TextFacts`], `sinks` a list of
/// [`SinkOrigin`] or which has which (`{ "/to" = "untrusted" }`); `input` may be left out if the example is not about it. `see` and `mention` take a
/// `fact`. In `expect` the `verdict` is a must, `rules` (all of them, in order), `queue`,
/// `reason_code` and `alerts` are compared if they are there.
///
/// # Errors
/// A [`PolicyFault`] if a file cannot be read or names an action or a rule that
/// does not exist.
pub fn run_tests(set: &PolicySet, files: &[PolicyFile]) -> Result<Vec<TestResult>, PolicyFault> {
    let mut results = Vec::new();
    for file in files {
        let examples: Examples = toml::from_str(&file.text)
            .map_err(|fault| PolicyFault::at(file, fault.span().map_or(0, |span| span.start), fault.message()))?;
        for example in examples.example {
            results.push(run(set, file, example)?);
        }
    }
    Ok(results)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Examples {
    #[serde(default)]
    example: Vec<Spanned<Example>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Example {
    rule: Spanned<String>,
    name: String,
    action: Spanned<String>,
    #[serde(default)]
    case: Case,
    input: Option<serde_json::Value>,
    text: Option<TextFacts>,
    #[serde(default)]
    sinks: Sinks,
    #[serde(default)]
    history: Vec<PastForm>,
    fact: Option<FactForm>,
    expect: Expect,
}

/// Where the values of sinks came from, with or without saying which.
#[derive(Deserialize)]
#[serde(untagged)]
enum Sinks {
    List(Vec<SinkOrigin>),
    Named(BTreeMap<String, SinkOrigin>),
}

impl Default for Sinks {
    fn default() -> Self {
        Self::List(Vec::new())
    }
}

impl From<Sinks> for Vec<Sink> {
    fn from(sinks: Sinks) -> Self {
        let sink = |(pointer, origin)| Sink { pointer, origin };
        match sinks {
            Sinks::List(origins) => origins.into_iter().map(|origin| sink((String::new(), origin))).collect(),
            Sinks::Named(origins) => origins.into_iter().map(sink).collect(),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PastForm {
    ago: Spanned<String>,
    action: String,
    #[serde(default)]
    outreach: bool,
    #[serde(default = "once")]
    times: usize,
}

fn once() -> usize {
    1
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct FactForm {
    key: String,
    kind: FactKind,
    source: Source,
    system: String,
    sensitivity: Sensitivity,
    purposes: Vec<Purpose>,
    age_days: i64,
}

impl Default for FactForm {
    fn default() -> Self {
        Self {
            key: "company.industry".into(),
            kind: FactKind::Identity,
            source: Source::FirstParty,
            system: "crm".into(),
            sensitivity: Sensitivity::Internal,
            purposes: vec![Purpose::Support],
            age_days: 0,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expect {
    verdict: Verdict,
    rules: Option<Vec<Spanned<String>>>,
    queue: Option<String>,
    reason_code: Option<String>,
    alerts: Option<Vec<String>>,
}

fn run(set: &PolicySet, file: &PolicyFile, example: Spanned<Example>) -> Result<TestResult, PolicyFault> {
    let start = example.span().start;
    let example = example.into_inner();
    // Any moment will do: an example says how long ago, not when.
    let now = Timestamp::UNIX_EPOCH + SignedDuration::from_hours(24 * 20_000);
    let names = example.expect.rules.iter().flatten().chain([&example.rule]);
    for name in names {
        let known = [DEFAULT_DENY, POLICY_ERROR].contains(&name.get_ref().as_str())
            || set.rules().any(|rule| rule.id == *name.get_ref());
        if !known {
            return Err(PolicyFault::at(file, name.span().start, format!("there is no rule `{}`", name.get_ref())));
        }
    }
    let action = example.action.get_ref();
    let decision = match (fact_action(action), example.fact) {
        (Some(action), form) => {
            let form = form.unwrap_or_default();
            let fact = Fact {
                key: form.key,
                value: serde_json::Value::Null,
                source: form.source,
                system: form.system,
                observed_at: before(now, form.age_days.saturating_mul(86_400)),
                purposes: form.purposes,
                sensitivity: form.sensitivity,
            };
            set.decide_fact(action, &example.case, form.kind, &fact, now)
        }
        (None, Some(_)) => {
            return Err(PolicyFault::at(file, start, format!("`{action}` is not about a fact")));
        }
        (None, None) => {
            let Some(slice) = set.slices.get(action) else {
                return Err(PolicyFault::at(
                    file,
                    example.action.span().start,
                    format!("no tool is called `{action}`"),
                ));
            };
            let input = example.input.or_else(|| match &slice.kind {
                SliceKind::Tool(shape) => Some(shape.blank()),
                SliceKind::Engage | SliceKind::Fact => None,
            });
            let sinks: Vec<Sink> = example.sinks.into();
            let mut history = Vec::new();
            for past in example.history {
                let seconds = seconds(past.ago.get_ref()).ok_or_else(|| {
                    PolicyFault::at(file, past.ago.span().start, "expected a time such as `30m`, `12h` or `7d`")
                })?;
                let at = before(now, seconds);
                let event = Past { at, action: past.action, outreach: past.outreach };
                history.extend(std::iter::repeat_n(event, past.times));
            }
            set.decide(&PolicyRequest {
                action,
                case: &example.case,
                input: input.as_ref(),
                text: example.text.as_ref(),
                sinks: &sinks,
                now,
                history: &history,
            })
        }
    };
    let fault = compare(&example.expect, &decision);
    let Range { start: rule, .. } = example.rule.span();
    Ok(TestResult {
        file: file.name.clone(),
        line: PolicyFault::at(file, rule, "").line,
        name: example.name,
        rule: example.rule.into_inner(),
        action: example.action.into_inner(),
        decision,
        fault,
    })
}

fn fact_action(action: &str) -> Option<FactAction> {
    [FactAction::See, FactAction::Mention].into_iter().find(|known| known.as_str() == action)
}

fn before(now: Timestamp, seconds: i64) -> Timestamp {
    now.checked_sub(SignedDuration::from_secs(seconds)).unwrap_or(Timestamp::MIN)
}

fn seconds(text: &str) -> Option<i64> {
    let unit = text.chars().next_back()?;
    let amount: i64 = text.strip_suffix(unit)?.parse().ok()?;
    let unit = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        _ => return None,
    };
    amount.checked_mul(unit).filter(|seconds| *seconds >= 0)
}

fn compare(expect: &Expect, decision: &PolicyDecision) -> Option<String> {
    let mut faults = Vec::new();
    if expect.verdict != decision.verdict {
        faults.push(format!("the verdict is {}, expected {}", decision.verdict, expect.verdict));
    }
    if let Some(rules) = &expect.rules {
        let rules: Vec<_> = rules.iter().map(|rule| rule.get_ref().as_str()).collect();
        if rules != decision.policies {
            faults.push(format!("the rules are {:?}, expected {rules:?}", decision.policies));
        }
    }
    for (what, expected, found) in
        [("queue", &expect.queue, &decision.queue), ("reason code", &expect.reason_code, &decision.reason_code)]
    {
        if expected.is_some() && expected != found {
            faults.push(format!("the {what} is {found:?}, expected {expected:?}"));
        }
    }
    if let Some(alerts) = expect.alerts.as_ref().filter(|alerts| **alerts != decision.alerts) {
        faults.push(format!("the alerts are {:?}, expected {alerts:?}", decision.alerts));
    }
    if decision.policies.first().is_some_and(|id| id == POLICY_ERROR) {
        faults.extend(decision.reasons.iter().cloned());
        if expect.verdict == Verdict::Deny && expect.rules.is_some() {
            // An example that expects the error is content with it.
            faults.truncate(faults.len().saturating_sub(decision.reasons.len()));
        }
    }
    if faults.is_empty() { None } else { Some(faults.join("; ")) }
}

#[cfg(test)]
mod tests;
