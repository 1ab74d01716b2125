//! A rule: what its annotations say beyond Cedar's `permit` and `forbid`.

use crate::{Effect, PolicyFault, PolicyFile, PolicyRequest, SinkOrigin, TextFacts};
use attache_journal::Verdict;
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::Range;

/// The annotations that a rule may have.
const ANNOTATIONS: [&str; 8] = ["alert", "approvers", "id", "priority", "queue", "reason", "reason_code", "verdict"];

/// So many people may be asked to approve one text.
const MOST_APPROVERS: u8 = 9;

/// What `{…}` in a reason may name.
const PLACEHOLDERS: [&str; 10] =
    ["action", "foreign", "pii", "playbook", "purpose", "signal", "sinks", "stage", "unfounded", "unsayable"];

/// A rule of a [`PolicySet`](crate::PolicySet).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Rule {
    /// Its `@id`, unique in the set.
    pub id: String,
    /// The file it is in.
    pub file: String,
    /// The line it starts on, from 1.
    pub line: usize,
    /// Whether it permits or forbids.
    pub effect: Effect,
    /// What it gives if it fires: `allow` for a permit.
    pub verdict: Verdict,
    /// Who takes over or reviews.
    pub queue: Option<String>,
    /// Why, as a code.
    pub reason_code: Option<String>,
    /// Who else is told at once, beside the queue.
    pub alert: Option<String>,
    /// How many people must approve what it has reviewed, each another one.
    pub approvers: u8,
    /// Why, for a person; `{unsayable}` and the like stand for what the request says.
    pub reason: Option<String>,
    /// Among rules of one verdict the higher goes first; 0 if it says nothing.
    pub priority: i64,
    /// Its text.
    pub source: String,
}

impl Rule {
    /// Reads the rule at `place` of `file`.
    pub(crate) fn read<'a>(
        file: &PolicyFile,
        place: &Range<usize>,
        effect: Effect,
        annotations: impl Iterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, PolicyFault> {
        let source = file.text.get(place.clone()).unwrap_or_default();
        let here = |name: &str, message: String| {
            // The annotations come first, so the first `@name` is the annotation.
            let offset = source.find(&format!("@{name}")).unwrap_or(0);
            PolicyFault::at(file, place.start.saturating_add(offset), message)
        };
        let mut rule = Self {
            id: String::new(),
            file: file.name.clone(),
            line: PolicyFault::at(file, place.start, "").line,
            effect,
            verdict: match effect {
                Effect::Forbid => Verdict::Deny,
                Effect::Permit => Verdict::Allow,
            },
            queue: None,
            reason_code: None,
            alert: None,
            approvers: 1,
            reason: None,
            priority: 0,
            source: source.to_owned(),
        };
        let mut verdict = None;
        for (name, value) in annotations {
            if !ANNOTATIONS.contains(&name) {
                return Err(here(
                    name,
                    format!("unknown annotation `@{name}`, expected one of {}", list(&ANNOTATIONS)),
                ));
            }
            if value.trim().is_empty() {
                return Err(here(name, format!("`@{name}` is empty")));
            }
            if effect == Effect::Permit && !matches!(name, "id" | "reason") {
                return Err(here(name, format!("`@{name}` is for `forbid` rules")));
            }
            match name {
                "alert" => rule.alert = Some(value.to_owned()),
                "approvers" => {
                    let number = value.parse().ok().filter(|number| (2..=MOST_APPROVERS).contains(number));
                    rule.approvers = number.ok_or_else(|| {
                        here(name, format!("`@approvers` must be 2 to {MOST_APPROVERS}, not `{value}`"))
                    })?;
                }
                "id" => value.clone_into(&mut rule.id),
                "priority" => {
                    rule.priority = value
                        .parse()
                        .map_err(|_| here(name, format!("`@priority` must be a whole number, not `{value}`")))?;
                }
                "queue" => rule.queue = Some(value.to_owned()),
                "reason" => rule.reason = Some(value.to_owned()),
                "reason_code" => rule.reason_code = Some(value.to_owned()),
                _ => verdict = Some(value),
            }
        }
        if rule.id.is_empty() {
            return Err(PolicyFault::at(file, place.start, "a rule must have an `@id`"));
        }
        if !rule.id.chars().all(|char| char.is_ascii_alphanumeric() || "_-.".contains(char)) {
            return Err(here("id", "`@id` has letters, digits, `_`, `-` and `.` only".into()));
        }
        if RESERVED.contains(&rule.id.as_str()) {
            return Err(here("id", format!("`{}` is not for rules", rule.id)));
        }
        if let Some(word) = verdict {
            rule.verdict = Verdict::ALL
                .into_iter()
                .find(|verdict| *verdict != Verdict::Allow && verdict.as_str() == word)
                .ok_or_else(|| {
                    here("verdict", format!("unknown verdict `{word}`, expected one of redact, review, escalate, deny"))
                })?;
        }
        if effect == Effect::Forbid && rule.reason.is_none() {
            return Err(PolicyFault::at(
                file,
                place.start,
                format!("`{}` must have a `@reason`: a person will read why", rule.id),
            ));
        }
        let handed_over = matches!(rule.verdict, Verdict::Review | Verdict::Escalate);
        if rule.queue.is_some() && !handed_over {
            return Err(here("queue", "`@queue` needs `@verdict(\"review\")` or `@verdict(\"escalate\")`".into()));
        }
        if rule.reason_code.is_some() && !handed_over {
            return Err(here(
                "reason_code",
                "`@reason_code` needs `@verdict(\"review\")` or `@verdict(\"escalate\")`".into(),
            ));
        }
        if rule.approvers > 1 && rule.verdict != Verdict::Review {
            return Err(here("approvers", "`@approvers` needs `@verdict(\"review\")`".into()));
        }
        if rule.alert.is_some() && rule.verdict != Verdict::Escalate {
            return Err(here("alert", "`@alert` needs `@verdict(\"escalate\")`".into()));
        }
        for name in rule.reason.iter().flat_map(|reason| placeholders(reason)) {
            if !PLACEHOLDERS.contains(&name) {
                return Err(here(
                    "reason",
                    format!("unknown placeholder `{{{name}}}`, expected one of {}", list(&PLACEHOLDERS)),
                ));
            }
        }
        Ok(rule)
    }

    /// The reason for this request.
    pub(crate) fn reason_for(&self, request: &PolicyRequest<'_>) -> Cow<'_, str> {
        let reason = self.reason.as_deref().unwrap_or_default();
        if !reason.contains('{') {
            return Cow::Borrowed(reason);
        }
        let mut filled = String::new();
        let mut rest = reason;
        // In one pass, so that what is put in is never itself a placeholder.
        while let Some((before, name, after)) = next_placeholder(rest) {
            filled.push_str(before);
            filled.push_str(&value(name, request));
            rest = after;
        }
        filled.push_str(rest);
        Cow::Owned(filled)
    }

    /// Strictest first, then by priority, then by id: the order of a decision.
    pub(crate) fn rank(&self) -> (std::cmp::Reverse<Verdict>, std::cmp::Reverse<i64>, &str) {
        (std::cmp::Reverse(self.verdict), std::cmp::Reverse(self.priority), &self.id)
    }
}

/// Ids that decisions use themselves.
const RESERVED: [&str; 2] = [DEFAULT_DENY, POLICY_ERROR];

/// The id in a decision that no rule allows.
pub(crate) const DEFAULT_DENY: &str = "default_deny";

/// The id in a decision that could not be made.
pub(crate) const POLICY_ERROR: &str = "policy_error";

fn value(name: &str, request: &PolicyRequest<'_>) -> String {
    let case = request.case;
    let kinds = |of: fn(&TextFacts) -> &BTreeSet<String>| {
        let kinds = request.text.map(|text| of(text).iter().map(String::as_str).collect::<Vec<_>>().join(", "));
        kinds.unwrap_or_default()
    };
    match name {
        "action" => request.action.to_owned(),
        "foreign" => kinds(|text| &text.foreign),
        "pii" => kinds(|text| &text.pii),
        "playbook" => case.playbook.clone(),
        "purpose" => case.purpose.as_str().to_owned(),
        "signal" => case.signal.clone(),
        "stage" => case.stage.as_str().to_owned(),
        "sinks" => {
            let suspect = request.sinks.iter().filter(|sink| sink.origin != SinkOrigin::Trusted);
            suspect.map(|sink| sink.pointer.as_str()).collect::<Vec<_>>().join(", ")
        }
        "unfounded" => kinds(|text| &text.unfounded),
        _ => request.text.map(|text| text.unsayable.join(", ")).unwrap_or_default(),
    }
}

fn placeholders(reason: &str) -> Vec<&str> {
    let mut names = Vec::new();
    let mut rest = reason;
    while let Some((_, name, after)) = next_placeholder(rest) {
        names.push(name);
        rest = after;
    }
    names
}

fn next_placeholder(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once('{')?;
    let (name, after) = rest.split_once('}')?;
    Some((before, name, after))
}

fn list(words: &[&str]) -> String {
    words.join(", ")
}
