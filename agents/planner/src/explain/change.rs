//! A change of what a run rests on: small enough for one sentence.

use crate::Run;
use crate::run::decided;
use attache_context::{Bundle, Consent, Fact, FactKind, Purpose, Sensitivity, Source};
use attache_journal::{Assessed, Emotion, Event, Past, ReviewDecided, RunStarted, SentimentLabel};
use attache_policies::{PolicyRequest, PolicySet, SinkOrigin};
use jiff::Timestamp;
use serde::Serialize;
use std::borrow::Cow;
use std::fmt;

/// One thing that could have been otherwise.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case", tag = "change")]
pub enum Change {
    /// The customer agrees to something, or does not.
    Consent {
        /// To what.
        to: Agreement,
        /// Whether they do.
        agreed: bool,
    },
    /// The customer asks for a person, or does not.
    WantsHuman {
        /// Whether they do.
        wants: bool,
    },
    /// The customer sounds otherwise.
    Sentiment {
        /// How they sound.
        was: SentimentLabel,
        /// How they would.
        label: SentimentLabel,
    },
    /// More or fewer of our messages reached the customer before.
    Contacts {
        /// The tool that sent them.
        tool: String,
        /// Whether we spoke first.
        outreach: bool,
        /// How many more; fewer if negative, the newest of them.
        by: i64,
    },
    /// A fact is another.
    Fact {
        /// Its kind.
        kind: FactKind,
        /// Its key.
        key: String,
        /// Its place among those of its kind.
        place: usize,
        /// How.
        to: FactChange,
    },
    /// What a tool was asked to write is another text, or for somebody else.
    Text {
        /// The tool.
        tool: String,
        /// How.
        to: TextChange,
    },
}

/// What a customer can agree to.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Agreement {
    /// An AI system may answer them.
    AiInteraction,
    /// They may be written to for marketing.
    MarketingEmail,
    /// What they do may choose what they are told.
    Profiling,
}

impl Agreement {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::AiInteraction, Self::MarketingEmail, Self::Profiling];

    /// Whether they agreed.
    #[must_use]
    pub fn of(self, consent: Consent) -> bool {
        match self {
            Self::AiInteraction => consent.ai_interaction,
            Self::MarketingEmail => consent.marketing_email,
            Self::Profiling => consent.profiling,
        }
    }

    fn flag(self, consent: &mut Consent) -> &mut bool {
        match self {
            Self::AiInteraction => &mut consent.ai_interaction,
            Self::MarketingEmail => &mut consent.marketing_email,
            Self::Profiling => &mut consent.profiling,
        }
    }
}

/// How a fact could be another.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FactChange {
    /// We do not know it.
    Unknown,
    /// We learned it just now.
    Fresh,
    /// It may be used for this as well.
    For(Purpose),
    /// The customer told us on purpose.
    ToldUs,
    /// It is known inside the company and not of a special category.
    Internal,
}

/// How a text could be another.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TextChange {
    /// It cites a passage.
    Cites,
    /// It says that an AI wrote it.
    Discloses,
    /// It holds no personal data.
    NoPersonalData,
    /// It states nothing that must stay unsaid.
    NothingUnsayable,
    /// Whom or what it reaches comes from the customer's record.
    TrustedTarget,
}

impl Change {
    /// How many elementary changes it is.
    #[must_use]
    pub fn size(&self) -> u64 {
        match self {
            Self::Contacts { by, .. } => by.unsigned_abs(),
            _ => 1,
        }
    }

    /// What it is a change of: two changes of one thing are no pair.
    pub(crate) fn target(&self) -> String {
        match self {
            Self::Consent { to, .. } => format!("consent {to:?}"),
            Self::WantsHuman { .. } => "wants_human".to_owned(),
            Self::Sentiment { .. } => "sentiment".to_owned(),
            Self::Contacts { tool, outreach, .. } => format!("contacts {tool} {outreach}"),
            Self::Fact { kind, place, .. } => format!("fact {kind} {place}"),
            Self::Text { tool, to } => format!("text {tool} {to:?}"),
        }
    }

    /// Makes the change in a bundle and in what reached the customer before.
    fn make(&self, bundle: &mut Bundle, at: Timestamp) {
        match self {
            Self::Consent { to, agreed } => *to.flag(&mut bundle.consent) = *agreed,
            Self::Fact { kind, place, to, .. } => {
                let Some(fact) = of_mut(bundle, *kind).get_mut(*place) else { return };
                match to {
                    FactChange::Unknown => {}
                    FactChange::Fresh => fact.observed_at = at,
                    FactChange::For(purpose) => fact.purposes.push(*purpose),
                    FactChange::ToldUs => fact.source = Source::ZeroParty,
                    FactChange::Internal => fact.sensitivity = Sensitivity::Internal,
                }
            }
            Self::WantsHuman { .. } | Self::Sentiment { .. } | Self::Contacts { .. } | Self::Text { .. } => {}
        }
    }
}

/// Makes changes in a bundle, as far as they are of it.
pub fn change_bundle(changes: &[Change], bundle: &mut Bundle, at: Timestamp) {
    changes.iter().for_each(|change| change.make(bundle, at));
    // What goes away goes last, from the end: the places of the others hold.
    let mut gone: Vec<_> = changes
        .iter()
        .filter_map(|change| match change {
            Change::Fact { kind, place, to: FactChange::Unknown, .. } => Some((*kind, *place)),
            _ => None,
        })
        .collect();
    gone.sort_by_key(|(_, place)| std::cmp::Reverse(*place));
    for (kind, place) in gone {
        let facts = of_mut(bundle, kind);
        if place < facts.len() {
            facts.remove(place);
        }
    }
}

fn of_mut(bundle: &mut Bundle, kind: FactKind) -> &mut Vec<Fact> {
    match kind {
        FactKind::Identity => &mut bundle.identity,
        FactKind::ZeroParty => &mut bundle.zero_party,
        FactKind::Intent => &mut bundle.intent,
        FactKind::Contextual => &mut bundle.contextual,
        FactKind::Sentiment => &mut bundle.sentiment,
    }
}

fn history(changes: &[Change], history: &mut Vec<Past>, at: Timestamp) {
    for change in changes {
        let Change::Contacts { tool, outreach, by } = change else { continue };
        let same = |past: &Past| past.action == *tool && past.outreach == *outreach;
        for _ in 0..by.unsigned_abs() {
            if *by > 0 {
                history.push(Past { at, action: tool.clone(), outreach: *outreach });
            } else if let Some(newest) = history.iter().rposition(same) {
                history.remove(newest);
            }
        }
    }
}

/// The beginning of a run with changes made.
pub(crate) fn started<'a>(changes: &[Change], past: &'a Event) -> Cow<'a, Event> {
    let Event::RunStarted(started) = past else { return Cow::Borrowed(past) };
    if changes.is_empty() {
        return Cow::Borrowed(past);
    }
    let at = started.bundle.trigger.at();
    let mut bundle = (*started.bundle).clone();
    change_bundle(changes, &mut bundle, at);
    let mut past = started.history.clone();
    history(changes, &mut past, at);
    Cow::Owned(RunStarted { bundle: bundle.into(), history: past, ..started.clone() }.into())
}

/// A person's decision with changes made in what policy then knew.
pub(crate) fn reviewed<'a>(changes: &[Change], past: &'a Event, at: Timestamp) -> Cow<'a, Event> {
    let Event::ReviewDecided(decided) = past else { return Cow::Borrowed(past) };
    if changes.is_empty() {
        return Cow::Borrowed(past);
    }
    let mut past = decided.history.clone();
    history(changes, &mut past, at);
    Cow::Owned(ReviewDecided { history: past, ..decided.clone() }.into())
}

/// Rules, and what is otherwise.
pub(crate) struct World<'a> {
    pub(crate) policy: &'a PolicySet,
    pub(crate) changes: &'a [Change],
    /// Whether the customer sounds as is recorded, whatever today's guards say.
    pub(crate) frozen: bool,
}

impl World<'_> {
    pub(crate) fn assess(&self, run: &Run, past: Option<&Event>, at: Timestamp) -> Option<Event> {
        let Some(Event::Assessed(recorded)) = past.filter(|_| self.frozen) else { return run.assess(self.policy, at) };
        let mut assessed = Assessed { policy_digest: self.policy.digest().clone(), ..recorded.clone() };
        for change in self.changes {
            match change {
                Change::WantsHuman { wants } => assessed.wants_human = *wants,
                Change::Sentiment { label, .. } => {
                    assessed.sentiment.label = *label;
                    assessed.sentiment.emotion = Emotion::None;
                    assessed.sentiment.score = match label {
                        SentimentLabel::Negative => -0.5,
                        SentimentLabel::Neutral | SentimentLabel::Unknown => 0.0,
                        SentimentLabel::Positive => 0.5,
                    };
                }
                Change::Consent { .. } | Change::Contacts { .. } | Change::Fact { .. } | Change::Text { .. } => {}
            }
        }
        let context = run.context.as_ref()?;
        Some(context.permit(&run.program, self.policy, at, assessed).into())
    }

    pub(crate) fn decide(&self, run: &Run, at: Timestamp) -> Option<Event> {
        let texts: Vec<_> = self
            .changes
            .iter()
            .filter_map(|change| match change {
                Change::Text { tool, to } => Some((tool, *to)),
                _ => None,
            })
            .collect();
        if texts.is_empty() {
            return run.decide(self.policy, at);
        }
        run.asking(at, |action, call, request| {
            let mut text = request.text.cloned();
            let mut sinks = request.sinks.to_vec();
            for (_, to) in texts.iter().filter(|(tool, _)| *tool == action) {
                match (to, &mut text) {
                    (TextChange::TrustedTarget, _) => {
                        sinks.iter_mut().for_each(|sink| sink.origin = SinkOrigin::Trusted)
                    }
                    (TextChange::Cites, Some(text)) => text.citations = text.citations.max(1),
                    (TextChange::Discloses, Some(text)) => text.discloses_ai = true,
                    (TextChange::NoPersonalData, Some(text)) => text.pii.clear(),
                    (TextChange::NothingUnsayable, Some(text)) => text.unsayable.clear(),
                    (_, None) => {}
                }
            }
            let request = PolicyRequest { text: text.as_ref(), sinks: &sinks, ..*request };
            decided(self.policy, action, call, &request).into()
        })
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Consent { to, agreed } => {
                let what = match to {
                    Agreement::AiInteraction => "an AI that answers",
                    Agreement::MarketingEmail => "e-mail for marketing",
                    Agreement::Profiling => "the use of what they do",
                };
                write!(f, "the customer {} to {what}", if *agreed { "agreed" } else { "did not agree" })
            }
            Self::WantsHuman { wants: true } => f.write_str("the customer asked for a person"),
            Self::WantsHuman { wants: false } => f.write_str("the customer did not ask for a person"),
            Self::Sentiment { was, label } => write!(f, "the customer sounded {label} instead of {was}"),
            Self::Contacts { tool, outreach, by } => {
                let (count, way) = (by.unsigned_abs(), if *by < 0 { "fewer" } else { "more" });
                let messages = if count == 1 { "message" } else { "messages" };
                let unasked = if *outreach { " unasked" } else { "" };
                write!(f, "{count} {messages} {way} had reached the customer{unasked} by `{tool}`")
            }
            Self::Fact { key, to, .. } => match to {
                FactChange::Unknown => write!(f, "we did not know `{key}`"),
                FactChange::Fresh => write!(f, "we had learned `{key}` just then"),
                FactChange::For(purpose) => write!(f, "`{key}` might be used for {purpose}"),
                FactChange::ToldUs => write!(f, "the customer had told us `{key}` on purpose"),
                FactChange::Internal => write!(f, "`{key}` was not a fact of a more sensitive kind"),
            },
            Self::Text { tool, to } => match to {
                TextChange::Cites => write!(f, "the text of `{tool}` cited a passage"),
                TextChange::Discloses => write!(f, "the text of `{tool}` said that an AI wrote it"),
                TextChange::NoPersonalData => write!(f, "the text of `{tool}` held no personal data"),
                TextChange::NothingUnsayable => write!(f, "the text of `{tool}` stated nothing that must stay unsaid"),
                TextChange::TrustedTarget => write!(f, "what `{tool}` reaches came from the customer's record"),
            },
        }
    }
}
