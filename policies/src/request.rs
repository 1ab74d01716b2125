//! From a question to Cedar's request, without a detour through JSON or text.

use crate::schema::{Shape, TRIGGERS};
use crate::{Case, SinkOrigin, TextFacts};
use attache_context::{Channel, Fact, FactKind, Purpose, Sensitivity, Source, Stage};
use attache_journal::{Emotion, SentimentLabel};
use cedar_policy::{Entity, EntityId, EntityTypeName, EntityUid, ParseErrors, RestrictedExpression};
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
    pub(crate) fn new() -> Result<Self, ParseErrors> {
        Ok(Self {
            action: "Attache::Action".parse()?,
            agent: "Attache::Agent".parse()?,
            customer: "Attache::Customer".parse()?,
            fact: "Attache::Fact".parse()?,
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

    /// `context.case`.
    pub(crate) fn case(&self, case: &Case) -> Result<RestrictedExpression, String> {
        let trigger = TRIGGERS
            .iter()
            .position(|word| *word == case.trigger)
            .ok_or_else(|| format!("`{}` is no kind of trigger", case.trigger))?;
        let consent = record([
            ("ai_interaction", self.bool(case.consent.ai_interaction)),
            ("marketing_email", self.bool(case.consent.marketing_email)),
            ("profiling", self.bool(case.consent.profiling)),
        ])?;
        record([
            ("approved", self.bool(case.approved)),
            ("channel", word(&self.channels, case.channel as usize)?),
            ("consent", consent),
            ("emotion", word(&self.emotions, case.emotion as usize)?),
            ("first_contact", self.bool(case.first_contact)),
            ("mood", RestrictedExpression::new_long(case.mood)),
            ("outreach", self.bool(case.outreach)),
            ("playbook", text(&case.playbook)),
            ("purpose", word(&self.purposes, case.purpose as usize)?),
            ("sentiment", word(&self.sentiments, case.sentiment as usize)?),
            ("signal", text(&case.signal)),
            ("stage", word(&self.stages, case.stage as usize)?),
            ("trigger", word(&self.triggers, trigger)?),
            ("wants_human", self.bool(case.wants_human)),
        ])
    }

    /// `context.text`.
    pub(crate) fn text(&self, facts: &TextFacts) -> Result<RestrictedExpression, String> {
        record([
            ("citations", RestrictedExpression::new_long(facts.citations.into())),
            ("discloses_ai", self.bool(facts.discloses_ai)),
            ("length", RestrictedExpression::new_long(facts.length.into())),
            ("pii", RestrictedExpression::new_set(facts.pii.iter().map(|kind| text(kind)))),
            ("unfounded", RestrictedExpression::new_long(facts.unfounded.into())),
            ("unsayable", RestrictedExpression::new_set(facts.unsayable.iter().map(|key| text(key)))),
        ])
    }

    /// `context.sinks`.
    pub(crate) fn sinks(&self, sinks: &[SinkOrigin]) -> Result<RestrictedExpression, String> {
        let words: Result<Vec<_>, _> =
            sinks.iter().map(|sink| word(&self.sinks, *sink as usize)).collect();
        Ok(RestrictedExpression::new_set(words?))
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

/// `context.input`: what rules may read of a tool's input. A value that the
/// tool's schema does not admit is an error, and an error is a deny.
pub(crate) fn input(shape: &Shape, value: &Value, path: &str) -> Result<RestrictedExpression, String> {
    let wrong = |expected: &str| format!("`{path}` of the input must be {expected}");
    match shape {
        Shape::Bool => value
            .as_bool()
            .map(RestrictedExpression::new_bool)
            .ok_or_else(|| wrong("true or false")),
        Shape::Long => value
            .as_i64()
            .map(RestrictedExpression::new_long)
            .ok_or_else(|| wrong("an integer of 64 bits")),
        Shape::Text => value.as_str().map(text).ok_or_else(|| wrong("a text")),
        Shape::Strings => {
            let items: Option<Vec<_>> = value
                .as_array()
                .and_then(|items| items.iter().map(|item| item.as_str().map(text)).collect());
            items.map(RestrictedExpression::new_set).ok_or_else(|| wrong("a list of texts"))
        }
        Shape::Record(fields) => {
            let object = value.as_object().ok_or_else(|| wrong("an object"))?;
            if let Some(name) = object.keys().find(|name| fields.iter().all(|field| field.name != **name)) {
                return Err(format!("`{path}` of the input has no `{name}`"));
            }
            let mut pairs = Vec::with_capacity(fields.len());
            for field in fields {
                let Some(shape) = &field.shape else { continue };
                match object.get(&field.name) {
                    None | Some(Value::Null) if field.optional => {}
                    None => return Err(format!("`{path}` of the input lacks `{}`", field.name)),
                    Some(value) => pairs.push((field.name.clone(), input(shape, value, &field.name)?)),
                }
            }
            RestrictedExpression::new_record(pairs).map_err(|fault| fault.to_string())
        }
    }
}

fn words(name: &str, words: &[&str]) -> Result<Words, ParseErrors> {
    let name: EntityTypeName = format!("Attache::{name}").parse()?;
    Ok(words
        .iter()
        .map(|word| {
            RestrictedExpression::new_entity_uid(EntityUid::from_type_name_and_id(
                name.clone(),
                EntityId::new(word),
            ))
        })
        .collect())
}

fn word(words: &Words, index: usize) -> Result<RestrictedExpression, String> {
    words.get(index).cloned().ok_or_else(|| "a word is not in the schema".to_owned())
}

fn text(text: &str) -> RestrictedExpression {
    RestrictedExpression::new_string(text.to_owned())
}

fn record<const N: usize>(
    fields: [(&'static str, RestrictedExpression); N],
) -> Result<RestrictedExpression, String> {
    RestrictedExpression::new_record(fields.map(|(name, value)| (name.to_owned(), value)))
        .map_err(|fault| fault.to_string())
}
