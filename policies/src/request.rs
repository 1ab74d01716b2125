//! From a question to Cedar's request, without a detour through JSON or text.

use crate::schema::{Shape, TRIGGERS};
use crate::{Case, Sink, SinkOrigin, TextFacts};
use attache_context::{Channel, Fact, FactKind, Purpose, Sensitivity, Source, Stage};
use attache_journal::{Emotion, SentimentLabel};
use cedar_policy::{Entity, EntityId, EntityTypeName, EntityUid, RestrictedExpression};
use jiff::Timestamp;
use serde_json::Value;
use std::collections::{HashMap, HashSet};

/// The names and words of the schema, made once.
#[derive(Debug)]
pub(crate) struct Lexicon {
    action: EntityTypeName,
    agent: EntityTypeName,
    customer: EntityTypeName,
    fact: EntityTypeName,
    channels: Words,
    emotions: Words,
    kinds: Words,
    purposes: Words,
    sensitivities: Words,
    sentiments: Words,
    sinks: Words,
    sources: Words,
    stages: Words,
    triggers: Words,
    no: RestrictedExpression,
    yes: RestrictedExpression,
}

/// The words of one type, in the order of its enum.
type Words = Vec<RestrictedExpression>;

impl Lexicon {
    pub(crate) fn new() -> Result<Self, String> {
        let type_name =
            |name: &str| format!("Attache::{name}").parse::<EntityTypeName>().map_err(|fault| fault.to_string());
        let words = |name: &str, words: &[&str]| Ok::<_, String>(uids(&type_name(name)?, words));
        Ok(Self {
            action: type_name("Action")?,
            agent: type_name("Agent")?,
            customer: type_name("Customer")?,
            fact: type_name("Fact")?,
            channels: words("Channel", &Channel::ALL.map(Channel::as_str))?,
            emotions: words("Emotion", &Emotion::ALL.map(Emotion::as_str))?,
            kinds: words("FactKind", &FactKind::ALL.map(FactKind::as_str))?,
            purposes: words("Purpose", &Purpose::ALL.map(Purpose::as_str))?,
            sensitivities: words("Sensitivity", &Sensitivity::ALL.map(Sensitivity::as_str))?,
            sentiments: words("Sentiment", &SentimentLabel::ALL.map(SentimentLabel::as_str))?,
            sinks: words("Sink", &SinkOrigin::ALL.map(SinkOrigin::as_str))?,
            sources: words("Source", &Source::ALL.map(Source::as_str))?,
            stages: words("Stage", &Stage::ALL.map(Stage::as_str))?,
            triggers: words("Trigger", &TRIGGERS)?,
            no: RestrictedExpression::new_bool(false),
            yes: RestrictedExpression::new_bool(true),
        })
    }

    pub(crate) fn action(&self, name: &str) -> EntityUid {
        EntityUid::from_type_name_and_id(self.action.clone(), EntityId::new(name))
    }

    pub(crate) fn agent(&self, playbook: &str) -> EntityUid {
        EntityUid::from_type_name_and_id(self.agent.clone(), EntityId::new(playbook))
    }

    pub(crate) fn customer(&self, id: &str) -> EntityUid {
        EntityUid::from_type_name_and_id(self.customer.clone(), EntityId::new(id))
    }

    pub(crate) fn fact_uid(&self, key: &str) -> EntityUid {
        EntityUid::from_type_name_and_id(self.fact.clone(), EntityId::new(key))
    }

    pub(crate) fn bool(&self, value: bool) -> RestrictedExpression {
        if value { self.yes.clone() } else { self.no.clone() }
    }

    /// `context.case`, as far as rules read it.
    pub(crate) fn case(&self, case: &Case, needs: &Needs) -> Result<RestrictedExpression, String> {
        let trigger = TRIGGERS
            .iter()
            .position(|word| *word == case.trigger)
            .ok_or_else(|| format!("`{}` is no kind of trigger", case.trigger))?;
        let consent = || {
            needs.record([
                ("ai_interaction", &|| Ok(self.bool(case.consent.ai_interaction))),
                ("marketing_email", &|| Ok(self.bool(case.consent.marketing_email))),
                ("profiling", &|| Ok(self.bool(case.consent.profiling))),
            ])
        };
        needs.record([
            ("account_value", &|| Ok(RestrictedExpression::new_long(case.account_value))),
            ("approved", &|| Ok(self.bool(case.approved))),
            ("by_run", &|| Ok(self.bool(case.by_run))),
            ("channel", &|| word(&self.channels, case.channel as usize)),
            ("consent", &consent),
            ("emotion", &|| word(&self.emotions, case.emotion as usize)),
            ("first_contact", &|| Ok(self.bool(case.first_contact))),
            ("hour", &|| Ok(RestrictedExpression::new_long(case.hour))),
            ("mood", &|| Ok(RestrictedExpression::new_long(case.mood))),
            ("outreach", &|| Ok(self.bool(case.outreach))),
            ("playbook", &|| Ok(text(&case.playbook))),
            ("purpose", &|| word(&self.purposes, case.purpose as usize)),
            ("sentiment", &|| word(&self.sentiments, case.sentiment as usize)),
            ("signal", &|| Ok(text(&case.signal))),
            ("stage", &|| word(&self.stages, case.stage as usize)),
            ("trigger", &|| word(&self.triggers, trigger)),
            ("wants_human", &|| Ok(self.bool(case.wants_human))),
            ("with_person", &|| Ok(self.bool(case.with_person))),
            ("wrote_since", &|| Ok(self.bool(case.wrote_since))),
        ])
    }

    /// `context.text`, as far as rules read it.
    pub(crate) fn text(&self, facts: &TextFacts, needs: &Needs) -> Result<RestrictedExpression, String> {
        needs.record([
            ("asked_before", &|| Ok(self.bool(facts.asked_before))),
            ("citations", &|| Ok(RestrictedExpression::new_long(facts.citations.into()))),
            ("discloses_ai", &|| Ok(self.bool(facts.discloses_ai))),
            ("foreign", &|| Ok(RestrictedExpression::new_set(facts.foreign.iter().map(|kind| text(kind))))),
            ("internal", &|| Ok(self.bool(facts.internal))),
            ("length", &|| Ok(RestrictedExpression::new_long(facts.length.into()))),
            ("pii", &|| Ok(RestrictedExpression::new_set(facts.pii.iter().map(|kind| text(kind))))),
            ("unfounded", &|| Ok(RestrictedExpression::new_set(facts.unfounded.iter().map(|kind| text(kind))))),
            ("unread", &|| Ok(RestrictedExpression::new_long(facts.unread.into()))),
            ("unsayable", &|| Ok(RestrictedExpression::new_set(facts.unsayable.iter().map(|key| text(key))))),
            ("unsupported", &|| Ok(RestrictedExpression::new_long(facts.unsupported.into()))),
        ])
    }

    /// `context.sinks`.
    pub(crate) fn sinks(&self, sinks: &[Sink]) -> Result<RestrictedExpression, String> {
        let words: Result<Vec<_>, _> = sinks.iter().map(|sink| word(&self.sinks, sink.origin as usize)).collect();
        Ok(RestrictedExpression::new_set(words?))
    }

    /// `context.untrusted` and `context.nowhere`: which sinks came from there.
    pub(crate) fn sinks_of(&self, sinks: &[Sink], origin: SinkOrigin) -> RestrictedExpression {
        let these = sinks.iter().filter(|sink| sink.origin == origin);
        RestrictedExpression::new_set(these.map(|sink| text(&sink.pointer)))
    }

    /// The resource of `see` and `mention`.
    pub(crate) fn fact(&self, kind: FactKind, fact: &Fact, now: Timestamp) -> Result<Entity, String> {
        let purposes: Result<Vec<_>, _> =
            fact.purposes.iter().map(|purpose| word(&self.purposes, *purpose as usize)).collect();
        let attributes = HashMap::from([
            ("age_days".to_owned(), RestrictedExpression::new_long(fact.age_days(now))),
            ("key".to_owned(), text(&fact.key)),
            ("kind".to_owned(), word(&self.kinds, kind as usize)?),
            ("purposes".to_owned(), RestrictedExpression::new_set(purposes?)),
            ("sensitivity".to_owned(), word(&self.sensitivities, fact.sensitivity as usize)?),
            ("source".to_owned(), word(&self.sources, fact.source as usize)?),
            ("system".to_owned(), text(&fact.system)),
        ]);
        Entity::new(self.fact_uid(&fact.key), attributes, HashSet::new()).map_err(|fault| fault.to_string())
    }
}

/// What the rules of a slice can read. A field is read by its name, so a name
/// that is nowhere in the text of the rules need not be given to them.
#[derive(Debug)]
pub(crate) struct Needs(Vec<&'static str>);

/// A field that is made if it is needed.
type Lazy<'a> = (&'static str, &'a dyn Fn() -> Result<RestrictedExpression, String>);

impl Needs {
    pub(crate) fn new(rules: &[&str]) -> Self {
        let read = |name: &&&str| rules.iter().any(|rule| rule.contains(**name));
        Self(NAMES.iter().filter(read).copied().collect())
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.binary_search(&name).is_ok()
    }

    fn record<const N: usize>(&self, fields: [Lazy<'_>; N]) -> Result<RestrictedExpression, String> {
        let needed = fields.into_iter().filter(|(name, _)| self.has(name));
        let pairs: Result<Vec<_>, String> = needed.map(|(name, make)| Ok((name.to_owned(), make()?))).collect();
        RestrictedExpression::new_record(pairs?).map_err(|fault| fault.to_string())
    }
}

/// Every name of a field that can be left out, in order.
const NAMES: [&str; 39] = [
    "account_value",
    "ai_interaction",
    "approved",
    "asked_before",
    "by_run",
    "case",
    "channel",
    "citations",
    "consent",
    "discloses_ai",
    "emotion",
    "first_contact",
    "foreign",
    "hour",
    "input",
    "internal",
    "length",
    "marketing_email",
    "mood",
    "nowhere",
    "outreach",
    "pii",
    "playbook",
    "profiling",
    "purpose",
    "sentiment",
    "signal",
    "sinks",
    "stage",
    "text",
    "trigger",
    "unfounded",
    "unread",
    "unsayable",
    "unsupported",
    "untrusted",
    "wants_human",
    "with_person",
    "wrote_since",
];

/// `context.input`: what rules may read of a tool's input. A value that the
/// tool's schema does not admit is an error, and an error is a deny, whether
/// rules read it (`build`) or not.
pub(crate) fn input(
    shape: &Shape,
    value: &Value,
    path: &str,
    build: bool,
) -> Result<Option<RestrictedExpression>, String> {
    let wrong = |expected: &str| format!("`{path}` of the input must be {expected}");
    Ok(match shape {
        Shape::Bool => {
            let value = value.as_bool().ok_or_else(|| wrong("true or false"))?;
            build.then(|| RestrictedExpression::new_bool(value))
        }
        Shape::Long => {
            let value = value.as_i64().ok_or_else(|| wrong("an integer of 64 bits"))?;
            build.then(|| RestrictedExpression::new_long(value))
        }
        Shape::Text => {
            let value = value.as_str().ok_or_else(|| wrong("a text"))?;
            build.then(|| text(value))
        }
        Shape::Strings => {
            let items = value.as_array().filter(|items| items.iter().all(Value::is_string));
            let items = items.ok_or_else(|| wrong("a list of texts"))?;
            build.then(|| RestrictedExpression::new_set(items.iter().filter_map(Value::as_str).map(text)))
        }
        Shape::Record(fields) => {
            let object = value.as_object().ok_or_else(|| wrong("an object"))?;
            if let Some(name) = object.keys().find(|name| fields.iter().all(|field| field.name != **name)) {
                return Err(format!("`{path}` of the input has no `{name}`"));
            }
            let mut pairs = Vec::new();
            for field in fields {
                let Some(shape) = &field.shape else { continue };
                match object.get(&field.name) {
                    None | Some(Value::Null) if field.optional => {}
                    None => return Err(format!("`{path}` of the input lacks `{}`", field.name)),
                    Some(value) => {
                        if let Some(value) = input(shape, value, &field.name, build)? {
                            pairs.push((field.name.clone(), value));
                        }
                    }
                }
            }
            if !build {
                return Ok(None);
            }
            Some(RestrictedExpression::new_record(pairs).map_err(|fault| fault.to_string())?)
        }
    })
}

fn uids(name: &EntityTypeName, words: &[&str]) -> Words {
    words
        .iter()
        .map(|word| {
            let uid = EntityUid::from_type_name_and_id(name.clone(), EntityId::new(word));
            RestrictedExpression::new_entity_uid(uid)
        })
        .collect()
}

fn word(words: &Words, index: usize) -> Result<RestrictedExpression, String> {
    words.get(index).cloned().ok_or_else(|| "a word is not in the schema".to_owned())
}

fn text(text: &str) -> RestrictedExpression {
    RestrictedExpression::new_string(text.to_owned())
}
