//! What may be done with a fact.

use crate::decide::Outcome;
use crate::rule::DEFAULT_DENY;
use crate::{Case, FactAction, PolicyRequest, PolicySet};
use attache_context::{Fact, FactKind};
use attache_journal::{FactPermission, Permission, Verdict};
use cedar_policy::Context;
use jiff::Timestamp;
use lru::LruCache;
use std::num::NonZeroUsize;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How many answers a set keeps.
const ANSWERS: NonZeroUsize = NonZeroUsize::MIN.saturating_add(8_191);

impl PolicySet {
    /// What may be done with a fact: `hidden` if `see` is not allowed, else
    /// `usable`, else, if `mention` is allowed as well, `mentionable`.
    ///
    /// It names the rules that decided: those that hide it; or those that show it
    /// and then those that keep it from being said or allow that. Answers are
    /// kept, since a run asks for the same facts again and again.
    #[must_use]
    pub fn permit_fact(&self, case: &Case, kind: FactKind, fact: &Fact, now: Timestamp) -> FactPermission {
        let key = key(case, kind, fact, now);
        let kept = self.answers.kept().get(&key).cloned();
        let (permission, policies) = kept.unwrap_or_else(|| {
            let answer = self.judge(case, kind, fact, now);
            self.answers.kept().put(key, answer.clone());
            answer
        });
        FactPermission { key: fact.key.clone(), kind, permission, policies }
    }

    fn judge(&self, case: &Case, kind: FactKind, fact: &Fact, now: Timestamp) -> (Permission, Vec<String>) {
        let asked = |action: FactAction| PolicyRequest::new(action.as_str(), case, now);
        let answer = || -> Result<_, String> {
            let entities = self.fact_entities(kind, fact, now)?;
            let decide = |action| -> Result<(Verdict, Vec<String>), String> {
                let request = asked(action);
                let case = self.lexicon.case(case, &self.slice(request.action)?.needs)?;
                let context = Context::from_pairs([("case".to_owned(), case)]).map_err(|fault| fault.to_string())?;
                let outcome: Outcome = self.ask_fact(&request, fact, context, &entities)?;
                let decision = self.conclude(&request, outcome);
                Ok((decision.verdict, decision.policies))
            };
            let (seen, mut policies) = decide(FactAction::See)?;
            if seen != Verdict::Allow {
                return Ok((Permission::Hidden, policies));
            }
            let (said, also) = decide(FactAction::Mention)?;
            policies.extend(also);
            Ok(match said {
                Verdict::Allow => (Permission::Mentionable, policies),
                Verdict::Redact | Verdict::Review | Verdict::Escalate | Verdict::Deny => (Permission::Usable, policies),
            })
        };
        let (permission, mut policies) =
            answer().unwrap_or_else(|_| (Permission::Hidden, vec![crate::rule::POLICY_ERROR.to_owned()]));
        policies.retain(|id| id != DEFAULT_DENY);
        (permission, policies)
    }
}

/// Answers about facts. Only a memory: what it says is what would be computed.
#[derive(Debug)]
pub(crate) struct Answers(Mutex<LruCache<Box<[u8]>, Answer>>);

type Answer = (Permission, Vec<String>);

impl Default for Answers {
    fn default() -> Self {
        Self(Mutex::new(LruCache::new(ANSWERS)))
    }
}

impl Answers {
    fn kept(&self) -> MutexGuard<'_, LruCache<Box<[u8]>, Answer>> {
        // A panic elsewhere cannot leave half an answer behind.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Everything that the answer depends on, each text preceded by its length. The
/// customer is not among it, see [`Case`].
fn key(case: &Case, kind: FactKind, fact: &Fact, now: Timestamp) -> Box<[u8]> {
    // Taken apart by name, so that a new field must be given a place here.
    let Case {
        playbook,
        stage,
        purpose,
        channel,
        trigger,
        signal,
        sentiment,
        mood,
        emotion,
        wants_human,
        account_value,
        consent,
        hour,
        first_contact,
        outreach,
        approved,
        by_run,
        with_person,
        wrote_since,
        customer: _,
    } = case;
    let Fact { key, value: _, source, system, observed_at: _, purposes, sensitivity } = fact;
    let mut bytes = Vec::with_capacity(192);
    for text in [playbook, trigger, signal, key, system] {
        bytes.extend_from_slice(&(text.len() as u64).to_le_bytes());
        bytes.extend_from_slice(text.as_bytes());
    }
    bytes.extend_from_slice(&[
        *stage as u8,
        *purpose as u8,
        *channel as u8,
        *sentiment as u8,
        *emotion as u8,
        u8::from(*wants_human),
        u8::from(consent.ai_interaction),
        u8::from(consent.marketing_email),
        u8::from(consent.profiling),
        u8::from(*first_contact),
        u8::from(*outreach),
        u8::from(*approved),
        u8::from(*by_run),
        u8::from(*with_person),
        u8::from(*wrote_since),
        kind as u8,
        *source as u8,
        *sensitivity as u8,
        purposes.iter().fold(0, |set, purpose| set | 1_u8 << (*purpose as u8)),
    ]);
    bytes.extend_from_slice(&hour.to_le_bytes());
    bytes.extend_from_slice(&mood.to_le_bytes());
    bytes.extend_from_slice(&account_value.to_le_bytes());
    bytes.extend_from_slice(&fact.age_days(now).to_le_bytes());
    bytes.into_boxed_slice()
}

#[cfg(test)]
mod tests;
