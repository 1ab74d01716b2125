//! The decision.

use crate::rule::{DEFAULT_DENY, POLICY_ERROR, Rule};
use crate::slice::{Slice, SliceKind};
use crate::{Effect, FactAction, PolicyDecision, PolicyRequest, PolicySet, RuleTrace, SinkOrigin, TextFacts};
use crate::{history, request};
use attache_context::{Fact, FactKind};
use attache_journal::Verdict;
use cedar_policy::{AuthorizationError, Authorizer, Context, Entities, EntityUid, Request, Response};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Which rules fired and which erred, by their index in the set.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) fired: Vec<usize>,
    pub(crate) errors: BTreeMap<usize, String>,
}

impl PolicySet {
    /// The decision on a request: a pure function of the rules and the request.
    #[must_use]
    pub fn decide(&self, request: &PolicyRequest<'_>) -> PolicyDecision {
        match self.evaluate(request) {
            Ok(outcome) => self.conclude(request, outcome),
            Err(message) => policy_error(message),
        }
    }

    /// How each rule that can apply to the action took part in the decision, in
    /// the order of the decision.
    #[must_use]
    pub fn trace(&self, request: &PolicyRequest<'_>) -> Vec<RuleTrace> {
        let outcome = self.evaluate(request).unwrap_or_default();
        let Some(slice) = self.slices.get(request.action) else {
            return Vec::new();
        };
        let mut rules: Vec<usize> = slice
            .forbids
            .policies()
            .chain(slice.permits.policies())
            .filter_map(|policy| self.by_policy.get(policy.id()).copied())
            .collect();
        self.sort(&mut rules);
        rules
            .into_iter()
            .filter_map(|index| {
                let rule = self.rules.get(index)?;
                Some(RuleTrace {
                    id: rule.id.clone(),
                    effect: rule.effect,
                    verdict: rule.verdict,
                    reason: rule.reason_for(request).into_owned(),
                    fired: outcome.fired.contains(&index),
                    error: outcome.errors.get(&index).cloned(),
                    source: rule.source.clone(),
                })
            })
            .collect()
    }

    /// The decision on seeing or mentioning one fact, as [`permit_fact`] makes it
    /// and without its cache. Any verdict but `allow` means no.
    ///
    /// [`permit_fact`]: Self::permit_fact
    #[must_use]
    pub fn decide_fact(
        &self,
        action: FactAction,
        case: &crate::Case,
        kind: FactKind,
        fact: &Fact,
        now: jiff::Timestamp,
    ) -> PolicyDecision {
        let request = PolicyRequest::new(action.as_str(), case, now);
        match self.evaluate_fact(&request, kind, fact) {
            Ok(outcome) => self.conclude(&request, outcome),
            Err(message) => policy_error(message),
        }
    }

    fn evaluate(&self, request: &PolicyRequest<'_>) -> Result<Outcome, String> {
        let slice = self.slice(request.action)?;
        let lexicon = &self.lexicon;
        let mut pairs = Vec::with_capacity(slice.leaves.len().saturating_add(4));
        pairs.push(("case".to_owned(), lexicon.case(request.case, &slice.needs)?));
        match &slice.kind {
            SliceKind::Engage => {}
            SliceKind::Fact => {
                return Err(format!("`{}` is a question about a fact", request.action));
            }
            SliceKind::Tool(shape) => {
                let nothing = Value::Object(Map::new());
                let input = request.input.unwrap_or(&nothing);
                let silence = TextFacts::default();
                let needs = &slice.needs;
                if let Some(input) = request::input(shape, input, "input", needs.has("input"))? {
                    pairs.push(("input".to_owned(), input));
                }
                if needs.has("sinks") {
                    pairs.push(("sinks".to_owned(), lexicon.sinks(request.sinks)?));
                }
                for (name, origin) in [("nowhere", SinkOrigin::Nowhere), ("untrusted", SinkOrigin::Untrusted)] {
                    if needs.has(name) {
                        pairs.push((name.to_owned(), lexicon.sinks_of(request.sinks, origin)));
                    }
                }
                if needs.has("text") {
                    let text = request.text.unwrap_or(&silence);
                    pairs.push(("text".to_owned(), lexicon.text(text, needs)?));
                }
            }
        }
        let leaves: Vec<_> = slice.leaves.iter().filter_map(|leaf| self.leaves.get(*leaf)).collect();
        let values = history::evaluate(&leaves, request.action, request.history, request.now)?;
        pairs.extend(values.into_iter().map(|(id, holds)| (id.to_owned(), lexicon.bool(holds))));
        let context = Context::from_pairs(pairs).map_err(|fault| fault.to_string())?;
        let resource = lexicon.customer(&request.case.customer);
        self.ask(slice, request, resource, context, &slice.entities)
    }

    fn evaluate_fact(&self, request: &PolicyRequest<'_>, kind: FactKind, fact: &Fact) -> Result<Outcome, String> {
        let case = self.lexicon.case(request.case, &self.slice(request.action)?.needs)?;
        let context = Context::from_pairs([("case".to_owned(), case)]).map_err(|fault| fault.to_string())?;
        let entities = self.fact_entities(kind, fact, request.now)?;
        self.ask_fact(request, fact, context, &entities)
    }

    /// The fact with its attributes, alone: `see` and `mention` are in no group.
    pub(crate) fn fact_entities(&self, kind: FactKind, fact: &Fact, now: jiff::Timestamp) -> Result<Entities, String> {
        let entity = self.lexicon.fact(kind, fact, now)?;
        Entities::from_entities([entity], None).map_err(|fault| fault.to_string())
    }

    pub(crate) fn ask_fact(
        &self,
        request: &PolicyRequest<'_>,
        fact: &Fact,
        context: Context,
        entities: &Entities,
    ) -> Result<Outcome, String> {
        let slice = self.slice(request.action)?;
        let resource = self.lexicon.fact_uid(&fact.key);
        self.ask(slice, request, resource, context, entities)
    }

    pub(crate) fn slice(&self, action: &str) -> Result<&Slice, String> {
        self.slices.get(action).ok_or_else(|| format!("no tool is called `{action}`"))
    }

    fn ask(
        &self,
        slice: &Slice,
        request: &PolicyRequest<'_>,
        resource: EntityUid,
        context: Context,
        entities: &Entities,
    ) -> Result<Outcome, String> {
        let agent = self.lexicon.agent(&request.case.playbook);
        // Not checked against the schema here: it was built by it, and an
        // attribute that lacks would be an error of the rule that reads it.
        let question =
            Request::new(agent, slice.action.clone(), resource, context, None).map_err(|fault| fault.to_string())?;
        let outcome = match slice.fired(&question, entities, &self.by_policy) {
            Some(fired) => Outcome { fired, ..Outcome::default() },
            None => self.authorize(slice, &question, entities)?,
        };
        #[cfg(test)]
        tests::both_tell(self, slice, &question, entities, &outcome);
        Ok(outcome)
    }

    fn authorize(&self, slice: &Slice, question: &Request, entities: &Entities) -> Result<Outcome, String> {
        let authorizer = Authorizer::new();
        let mut outcome = Outcome::default();
        for side in [&slice.forbids, &slice.permits] {
            self.collect(&authorizer.is_authorized(question, side, entities), &mut outcome)?;
        }
        Ok(outcome)
    }

    fn collect(&self, response: &Response, outcome: &mut Outcome) -> Result<(), String> {
        let diagnostics = response.diagnostics();
        for id in diagnostics.reason() {
            outcome.fired.push(*self.by_policy.get(id).ok_or("a rule fired that is not in the set")?);
        }
        // Cedar skips what errs and decides without it; we must not.
        for error in diagnostics.errors() {
            let AuthorizationError::PolicyEvaluationError(error) = error;
            let rule = self.by_policy.get(error.policy_id()).ok_or("a rule erred that is not in the set")?;
            outcome.errors.insert(*rule, error.inner().to_string());
        }
        Ok(())
    }

    pub(crate) fn conclude(&self, request: &PolicyRequest<'_>, outcome: Outcome) -> PolicyDecision {
        if !outcome.errors.is_empty() {
            let messages: Vec<_> = outcome
                .errors
                .iter()
                .filter_map(|(index, message)| Some(format!("`{}`: {message}", self.rules.get(*index)?.id)))
                .collect();
            return policy_error(messages.join("; "));
        }
        let mut fired = outcome.fired;
        self.sort(&mut fired);
        let rules: Vec<&Rule> = fired.iter().filter_map(|index| self.rules.get(*index)).collect();
        let permitted = rules.iter().any(|rule| rule.effect == Effect::Permit);
        let forbids = || rules.iter().copied().filter(|rule| rule.effect == Effect::Forbid);
        let strictest = forbids().next().map(|rule| rule.verdict);
        let mut decision = PolicyDecision {
            verdict: if permitted { strictest.unwrap_or(Verdict::Allow) } else { Verdict::Deny },
            policies: Vec::new(),
            reasons: Vec::new(),
            queue: forbids().find_map(|rule| rule.queue.clone()),
            reason_code: forbids().find_map(|rule| rule.reason_code.clone()),
            alerts: Vec::new(),
            approvers: forbids().map(|rule| rule.approvers).max().unwrap_or(1),
        };
        for alert in forbids().filter_map(|rule| rule.alert.as_ref()) {
            if !decision.alerts.contains(alert) {
                decision.alerts.push(alert.clone());
            }
        }
        let mut name = |rule: &Rule| {
            decision.policies.push(rule.id.clone());
            if rule.reason.is_some() {
                decision.reasons.push(rule.reason_for(request).into_owned());
            }
        };
        match (permitted, strictest) {
            (true, None) => rules.iter().for_each(|rule| name(rule)),
            (true, Some(_)) => forbids().for_each(name),
            (false, _) => {
                forbids().filter(|rule| rule.verdict == Verdict::Deny).for_each(&mut name);
                decision.policies.push(DEFAULT_DENY.to_owned());
                decision.reasons.push(format!("no rule permits `{}` here", request.action));
                for rule in forbids().filter(|rule| rule.verdict != Verdict::Deny) {
                    decision.policies.push(rule.id.clone());
                    decision.reasons.push(rule.reason_for(request).into_owned());
                }
            }
        }
        decision
    }

    fn sort(&self, rules: &mut [usize]) {
        rules.sort_by_key(|index| self.ranks.get(*index).copied().unwrap_or(usize::MAX));
    }
}

fn policy_error(message: String) -> PolicyDecision {
    PolicyDecision {
        verdict: Verdict::Deny,
        policies: vec![POLICY_ERROR.to_owned()],
        reasons: vec![message],
        queue: None,
        reason_code: None,
        alerts: Vec::new(),
        approvers: 1,
    }
}

#[cfg(test)]
mod tests;
