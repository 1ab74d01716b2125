//! What a run knows of its customer, as its steps need it.

use crate::Program;
use crate::call::{Origin, for_each_text};
use crate::learned::{learned, withhold};
use attache_context::{Bundle, Consent, Fact, FactKind, Sensitivity, Source, Trigger};
use attache_guards::{
    FactValues, Pseudonyms, SentimentTrend, Stated, known_facts, known_values, stands_in, wants_human,
};
use attache_journal::{
    Asked, Assessed, Citation, Emotion, Event, Evidence, FactPermission, Json, Message, Past, Permission, RunStarted,
    Sentiment, SentimentLabel, Takeover,
};
use attache_policies::{Case, PolicySet, SinkOrigin};
use attache_prompts::{Brief, BriefAsked, BriefCustomer, BriefFact, BriefTrigger};
use attache_tools::ToolSpec;
use jiff::Timestamp;
use serde_json::Value;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

/// The key of the fact that stands for what fired a signal: policy decides on
/// it as on any behaviour.
const EVIDENCE: &str = "trigger.evidence";

/// A recorded class has no score: half way to the end of its side.
fn score_of(label: SentimentLabel) -> f64 {
    match label {
        SentimentLabel::Negative => -0.5,
        SentimentLabel::Neutral | SentimentLabel::Unknown => 0.0,
        SentimentLabel::Positive => 0.5,
    }
}

/// What a run knows of its customer.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) bundle: Arc<Bundle>,
    pub(crate) history: Vec<Past>,
    /// What we asked them when we last wrote to them.
    asked: Option<Asked>,
    /// What reviewers asked of another version.
    instructions: Vec<String>,
    pub(crate) pseudonyms: Pseudonyms,
    pub(crate) first_contact: bool,
    /// Whether a person took this customer over before.
    takeover: Option<Takeover>,
    /// Whether the customer wrote to us since the run began.
    pub(crate) wrote_since: bool,
    /// What they agree to, as it is known now.
    pub(crate) consent: Consent,
    pub(crate) assessed: Option<Assessed>,
    pub(crate) brief: Option<Brief>,
    /// What fired a signal, as a fact about behaviour.
    evidence: Option<Fact>,
    /// Passages that tools of this run returned, with their texts: what a text
    /// may cite.
    pub(crate) passages: BTreeMap<Citation, String>,
    /// Whether one of them is written for colleagues alone.
    pub(crate) internal: bool,
    /// The values that a text may state; compiled when the first is checked.
    said: OnceLock<FactValues>,
    /// The values that a text may not state, unless they are public.
    unsaid: OnceLock<FactValues>,
    /// What tools returned, for telling where a sink's value came from.
    heard: Vec<Heard>,
    /// The values of the customer's among it, and what may be done with them.
    learned: Vec<(FactKind, Fact, Permission)>,
}

/// What a tool returned.
#[derive(Debug)]
struct Heard {
    output: Json,
    /// Whether it is passages, which a text must cite to rest on them.
    passages: bool,
}

/// What a text may rest on.
#[derive(Debug)]
pub(crate) struct Basis<'a> {
    /// What it is evidence of.
    pub(crate) evidence: Option<Evidence>,
    pub(crate) text: Cow<'a, str>,
    /// Whether a claim may rest on it, a passage if it is cited. What a customer
    /// writes is no answer to them.
    pub(crate) supports: bool,
}

impl<'a> Basis<'a> {
    fn of(text: impl Into<Cow<'a, str>>, supports: bool) -> Self {
        Self { evidence: None, text: text.into(), supports }
    }
}

impl Context {
    pub(crate) fn new(started: &RunStarted, program: &Program) -> Self {
        let RunStarted { bundle, history, asked, takeover, .. } = started.clone();
        Self {
            asked,
            instructions: Vec::new(),
            takeover,
            wrote_since: false,
            evidence: evidence(&bundle, program),
            pseudonyms: Pseudonyms::new(&known_values(&bundle)),
            // History has what reached the customer, and nothing else.
            first_contact: history.is_empty() && bundle.fact("contact.last_at").is_none(),
            consent: bundle.consent,
            bundle,
            history,
            assessed: None,
            brief: None,
            passages: BTreeMap::new(),
            internal: false,
            said: OnceLock::new(),
            unsaid: OnceLock::new(),
            heard: Vec::new(),
            learned: Vec::new(),
        }
    }

    /// Whether we speak first.
    pub(crate) fn outreach(&self) -> bool {
        !matches!(self.bundle.trigger, Trigger::Message { .. })
    }

    /// The situation as rules see it, of a call that somebody wants.
    pub(crate) fn case(&self, program: &Program, by: Option<&Origin>, now: Timestamp) -> Case {
        let playbook = &program.playbook;
        let assessed = self.assessed.as_ref();
        let sentiment = assessed.map(|a| &a.sentiment);
        Case {
            playbook: playbook.name.clone(),
            stage: playbook.stage,
            purpose: playbook.purpose,
            channel: self.bundle.trigger.channel(),
            trigger: self.bundle.trigger.kind().to_owned(),
            signal: match &self.bundle.trigger {
                Trigger::Signal { signal, .. } => signal.clone(),
                Trigger::Manual { .. } | Trigger::Message { .. } | Trigger::StageChange { .. } => String::new(),
            },
            sentiment: sentiment.map_or(SentimentLabel::Unknown, |s| s.label),
            mood: sentiment.map_or(0, |s| mood(s.score)),
            emotion: sentiment.map_or(Emotion::None, |s| s.emotion),
            wants_human: assessed.is_some_and(|a| a.wants_human),
            account_value: account_value(&self.bundle),
            consent: self.consent,
            hour: self.bundle.customer.zone().map_or(-1, |zone| now.to_zoned_datetime(zone).hour().into()),
            first_contact: self.first_contact,
            outreach: self.outreach(),
            approved: by == Some(&Origin::Approval),
            by_run: by == Some(&Origin::System),
            with_person: self.takeover.as_ref().is_some_and(|takeover| takeover.ended_at.is_none()),
            wrote_since: self.wrote_since,
            customer: self.bundle.customer.id.to_string(),
        }
    }

    /// Looks at the context: how the customer sounds, what personal data they
    /// wrote, and what policy says of each fact.
    pub(crate) fn assess(&self, program: &Program, policy: &PolicySet, now: Timestamp) -> Event {
        let message = self.bundle.trigger.message();
        let sentiment = match message {
            Some(text) => program.guards.sentiment.assess(text),
            None => self.last_sentiment(),
        };
        let assessed = Assessed {
            trend: self.trend(message.map(|_| &sentiment), now),
            sentiment,
            wants_human: message.is_some_and(wants_human),
            facts: Vec::new(),
            pii_kinds: message.map_or_else(Vec::new, |text| {
                let kinds: BTreeSet<_> =
                    program.guards.pii.find(text).iter().map(|span| span.kind.to_string()).collect();
                kinds.into_iter().collect()
            }),
            policy_digest: policy.digest().clone(),
        };
        self.permit(program, policy, now, assessed).into()
    }

    /// What policy says of each fact of a customer who sounds like this.
    pub(crate) fn permit(
        &self,
        program: &Program,
        policy: &PolicySet,
        now: Timestamp,
        mut assessed: Assessed,
    ) -> Assessed {
        let mut case = self.case(program, None, now);
        case.sentiment = assessed.sentiment.label;
        case.mood = mood(assessed.sentiment.score);
        case.emotion = assessed.sentiment.emotion;
        case.wants_human = assessed.wants_human;
        assessed.facts = self
            .bundle
            .facts()
            .chain(self.evidence.iter().map(|fact| (FactKind::Intent, fact)))
            .map(|(kind, fact)| policy.permit_fact(&case, kind, fact, now))
            .collect();
        assessed
    }

    /// How the customer sounded last, from the facts of kind `sentiment`: keys
    /// that end in `.sentiment` and `.emotion`.
    fn last_sentiment(&self) -> Sentiment {
        let newest = |suffix: &str| {
            self.bundle
                .of(FactKind::Sentiment)
                .iter()
                .filter(|fact| fact.key.ends_with(suffix) && !self.is_settled(fact))
                .max_by_key(|fact| fact.observed_at)
                .map(|fact| fact.value.clone())
        };
        let label = newest(".sentiment").and_then(|v| serde_json::from_value(v).ok());
        let emotion = newest(".emotion").and_then(|v| serde_json::from_value(v).ok());
        let label = label.unwrap_or(SentimentLabel::Neutral);
        Sentiment { label, score: score_of(label), emotion: emotion.unwrap_or(Emotion::None) }
    }

    /// Whether a person dealt with what it tells: how somebody sounded before is
    /// no reason to hand them over again.
    fn is_settled(&self, fact: &Fact) -> bool {
        let ended_at = self.takeover.as_ref().and_then(|takeover| takeover.ended_at);
        ended_at.is_some_and(|ended_at| fact.observed_at <= ended_at)
    }

    /// How the customer sounded over time: the facts of kind `sentiment` that are
    /// a label or a score, and what they wrote now.
    fn trend(&self, written: Option<&Sentiment>, now: Timestamp) -> Option<f64> {
        let mut trend = SentimentTrend::default();
        for fact in self.bundle.of(FactKind::Sentiment).iter().filter(|fact| fact.key.ends_with(".sentiment")) {
            let label = || serde_json::from_value(fact.value.clone()).ok().filter(|l| *l != SentimentLabel::Unknown);
            let days = (now.as_second() - fact.observed_at.as_second()) as f64 / 86_400.0;
            if let Some(score) = fact.value.as_f64().or_else(|| label().map(score_of)) {
                trend.add(score, days);
            }
        }
        if let Some(sentiment) = written.filter(|sentiment| sentiment.label != SentimentLabel::Unknown) {
            trend.add(sentiment.score, 0.0);
        }
        trend.mean()
    }

    /// Takes in the assessment and gives the messages a conversation starts with.
    pub(crate) fn open(&mut self, program: &Program, assessed: &Assessed) -> Vec<Arc<Message>> {
        self.assessed = Some(assessed.clone());
        let bundle = self.bundle.clone();
        let evidence = self.evidence.clone();
        let permissions: Vec<Permission> = self.given().map(|(.., permission)| permission).collect();
        let facts = bundle.facts().chain(evidence.iter().map(|fact| (FactKind::Intent, fact)));
        let permitted = facts.zip(permissions).map(|((kind, fact), permission)| (kind, fact, permission));
        let mut brief_facts: Vec<BriefFact> = Vec::new();
        let mut newest: Vec<Timestamp> = Vec::new();
        for (kind, fact, permission) in permitted {
            if permission == Permission::Hidden {
                continue;
            }
            let value = self.hidden(&fact.value, program);
            let known =
                BriefFact { kind, key: fact.key.clone(), value, may_say: permission == Permission::Mentionable };
            match brief_facts.iter().position(|f| f.key == fact.key) {
                Some(i) => {
                    if let (Some(slot), Some(at)) = (brief_facts.get_mut(i), newest.get_mut(i))
                        && *at <= fact.observed_at
                    {
                        (*slot, *at) = (known, fact.observed_at);
                    }
                }
                None => {
                    brief_facts.push(known);
                    newest.push(fact.observed_at);
                }
            }
        }
        let brief = self.brief(program, assessed, brief_facts);
        let text = format!("The brief, as data:\n{}", serde_json::to_string(&brief).unwrap_or_default());
        self.brief = Some(brief);
        vec![program.system.clone(), Arc::new(Message::User { text })]
    }

    /// A value with placeholders where personal data stood: in texts, in keys,
    /// and in numbers, which may be phone or account numbers.
    fn hidden(&mut self, value: &Value, program: &Program) -> Value {
        let mut hide = |text: &str| self.pseudonyms.hide(text, &*program.guards.pii);
        match value {
            Value::Null | Value::Bool(_) => value.clone(),
            Value::Number(number) => {
                let (plain, hidden) = (number.to_string(), hide(&number.to_string()));
                if plain == hidden { value.clone() } else { Value::String(hidden) }
            }
            Value::String(text) => Value::String(hide(text)),
            Value::Array(items) => items.iter().map(|item| self.hidden(item, program)).collect(),
            Value::Object(fields) => {
                let hidden = fields.iter().map(|(key, field)| {
                    let key = self.pseudonyms.hide(key, &*program.guards.pii);
                    (key, self.hidden(field, program))
                });
                Value::Object(hidden.collect())
            }
        }
    }

    fn brief(&mut self, program: &Program, assessed: &Assessed, facts: Vec<BriefFact>) -> Brief {
        let bundle = self.bundle.clone();
        let mut hide = |text: &str| self.pseudonyms.hide(text, &*program.guards.pii);
        let name = bundle.customer.name.as_deref();
        let mut trigger = BriefTrigger { kind: bundle.trigger.kind().to_owned(), ..BriefTrigger::default() };
        match &bundle.trigger {
            Trigger::Manual { note, .. } => trigger.text = Some(hide(note)),
            Trigger::Message { text, .. } => trigger.text = Some(hide(text)),
            Trigger::Signal { signal, .. } => trigger.signal = Some(signal.clone()),
            Trigger::StageChange { from, to, .. } => (trigger.from, trigger.to) = (Some(*from), Some(*to)),
        }
        trigger.asked = self
            .asked
            .as_ref()
            .filter(|_| bundle.trigger.message().is_some())
            .map(|asked| BriefAsked { message: hide(&asked.message), question: hide(&asked.question) });
        Brief {
            playbook: program.playbook.name.clone(),
            stage: program.playbook.stage,
            goal: program.playbook.goal.clone(),
            channel: bundle.trigger.channel(),
            first_contact: self.first_contact,
            customer: BriefCustomer {
                first_name: name.and_then(|n| n.split_whitespace().next()).map(&mut hide),
                name: name.map(&mut hide),
                locale: bundle.customer.locale.clone(),
            },
            trigger,
            sentiment: format!("{}, {}", assessed.sentiment.label, assessed.sentiment.emotion),
            facts,
            instructions: Vec::new(),
        }
    }

    /// What a text may rest on, each with what it is evidence of: facts that may
    /// be said (to staff: seen), passages, what the customer wrote and tools
    /// returned, and what the operator wrote.
    pub(crate) fn sources(&self, program: &Program, staff: bool) -> Vec<Basis<'_>> {
        let mut sources: Vec<Basis<'_>> = Vec::new();
        for (_, fact, permission) in self.permitted() {
            if permission == Permission::Mentionable || (staff && permission == Permission::Usable) {
                let text = format!("{} {} {}", fact.key.replace(['.', '_'], " "), fact.value, fact.observed_at);
                let evidence = Some(Evidence::Fact { key: fact.key.clone(), permission });
                sources.push(Basis { evidence, ..Basis::of(text, true) });
            }
        }
        sources.extend(self.passages.iter().map(|(citation, text)| Basis {
            evidence: Some(Evidence::Passage(citation.clone())),
            ..Basis::of(text, true)
        }));
        let customer = &self.bundle.customer;
        let who = customer.name.iter().chain(&customer.emails).chain(&customer.phones).map(String::as_str);
        sources.push(Basis::of(who.collect::<Vec<_>>().join("\n"), true));
        sources.push(Basis::of(self.bundle.trigger.at().to_string(), true));
        sources.extend(self.instructions.iter().map(|text| Basis::of(text, true)));
        sources.extend(self.written().map(|text| Basis::of(text, false)));
        sources.extend(self.heard.iter().map(|heard| Basis::of(heard.output.as_str(), !heard.passages)));
        let playbook = &program.playbook;
        let ours = format!("{}\n{}\n{}", playbook.name, playbook.goal, program.disclosure);
        sources.push(Basis::of(ours, true));
        sources
    }

    /// Where the values of facts stand in `text`: of those that may be said, or
    /// of all others.
    pub(crate) fn stated(&self, text: &str, permission: Permission) -> Vec<Stated> {
        if permission == Permission::Mentionable {
            self.said.get_or_init(|| self.values(|permission| permission == Permission::Mentionable)).stated(text)
        } else {
            // Nearly every text states none: what is public is looked up where one does.
            let unsaid = self.unsaid.get_or_init(|| self.values(|permission| permission != Permission::Mentionable));
            if unsaid.stated(text).is_empty() {
                return Vec::new();
            }
            // What the customer wrote, and what anybody can read in the knowledge
            // base, tells nothing of what we know about them.
            let public: Vec<&str> = self.written().chain(self.passages.values().map(String::as_str)).collect();
            let facts = self.given().map(|(_, fact, p)| (fact.key.as_str(), &fact.value, p));
            let mut stated = FactValues::new(facts, &public).stated(text);
            if !self.learned.is_empty() {
                stated.extend(self.stated_of_learned(text, &public));
            }
            stated
        }
    }

    /// The values of facts with such a permission, wherever they stand.
    fn values(&self, such: impl Fn(Permission) -> bool) -> FactValues {
        let facts = self.permitted().filter(|(.., permission)| such(*permission));
        // Looked for as if they might not be said: that is what it finds.
        FactValues::new(facts.map(|(_, fact, _)| (fact.key.as_str(), &fact.value, Permission::Usable)), &[])
    }

    /// What the customer wrote, now and before we asked what they mean.
    fn written(&self) -> impl Iterator<Item = &str> {
        self.bundle.trigger.message().into_iter().chain(self.asked.as_ref().map(|asked| asked.message.as_str()))
    }

    /// Where the values stand that a tool told and that may not be said. What
    /// stands in a value that may be said is no secret: a town in a firm's name.
    fn stated_of_learned(&self, text: &str, public: &[&str]) -> Vec<Stated> {
        let said = self.permitted().filter(|(.., permission)| *permission == Permission::Mentionable);
        let said: Vec<String> = said
            .map(|(_, fact, _)| fact.value.as_str().map_or_else(|| fact.value.to_string(), str::to_owned))
            .collect();
        let public: Vec<&str> = public.iter().copied().chain(said.iter().map(String::as_str)).collect();
        let facts = self.learned.iter().map(|(_, fact, permission)| (fact.key.as_str(), &fact.value, *permission));
        FactValues::new(facts, &public).stated(text)
    }

    /// The facts that the run began with, and those that tools told.
    fn permitted(&self) -> impl Iterator<Item = (FactKind, &Fact, Permission)> {
        self.given().chain(self.learned.iter().map(|(kind, fact, permission)| (*kind, fact, *permission)))
    }

    /// The facts that the run began with. Permissions stand in their order; one
    /// that does not fit leaves its fact hidden.
    fn given(&self) -> impl Iterator<Item = (FactKind, &Fact, Permission)> {
        let said = self.assessed.iter().flat_map(|assessed| &assessed.facts).map(Some);
        let facts = self.bundle.facts().chain(self.evidence.iter().map(|fact| (FactKind::Intent, fact)));
        facts.zip(said.chain(std::iter::repeat(None))).map(|((kind, fact), said)| {
            let same = said.filter(|said: &&FactPermission| said.key == fact.key && said.kind == kind);
            (kind, fact, same.map_or(Permission::Hidden, |said| said.permission))
        })
    }

    /// What may be done with the fact of this key: the least of all its values.
    pub(crate) fn permission(&self, key: &str) -> Permission {
        self.assessed
            .iter()
            .flat_map(|assessed| &assessed.facts)
            .filter(|fact| fact.key == key)
            .map(|fact| fact.permission)
            .chain(self.learned.iter().filter(|(_, fact, _)| fact.key == key).map(|(.., permission)| *permission))
            .min()
            .unwrap_or(Permission::Hidden)
    }

    /// Takes in what a reviewer asks of another version, and gives it as a model
    /// may read it.
    pub(crate) fn instruct(&mut self, words: &str, program: &Program) -> String {
        self.instructions.push(words.to_owned());
        let hidden = self.pseudonyms.hide(words, &*program.guards.pii);
        if let Some(brief) = &mut self.brief {
            brief.instructions.push(hidden.clone());
        }
        hidden
    }

    /// Remembers what a tool returned.
    pub(crate) fn hear(&mut self, output: &Json, passages: bool) {
        self.heard.push(Heard { output: output.clone(), passages });
    }

    /// Takes in the values of an output as facts, and gives the output without
    /// those that may not be seen. One without its permission is hidden.
    pub(crate) fn learn(
        &mut self,
        spec: &ToolSpec,
        output: &Json,
        said: &[FactPermission],
        program: &Program,
    ) -> String {
        if said.is_empty() {
            return output.as_str().to_owned();
        }
        let mut tree = output.to_value();
        let facts = learned(spec, &tree, program.playbook.purpose, self.bundle.trigger.at());
        let facts = facts.into_iter().zip(said.iter().map(Some).chain(std::iter::repeat(None)));
        let facts = facts.map(|((kind, fact), said)| {
            let same = said.filter(|said| said.key == fact.key && said.kind == kind);
            (kind, fact, same.map_or(Permission::Hidden, |said| said.permission))
        });
        let facts: Vec<_> = facts.collect();
        withhold(&mut tree, &mut facts.iter().map(|(.., permission)| *permission));
        self.pseudonyms.learn(&known_facts(facts.iter().map(|(_, fact, _)| fact)));
        self.learned.extend(facts);
        (self.said, self.unsaid) = (OnceLock::new(), OnceLock::new());
        tree.to_string()
    }

    /// What a tool returned as the model may read it: without the values of
    /// facts that policy hides, which another system may hold as well.
    pub(crate) fn readable(&self, output: &str) -> String {
        let hidden = self.given().filter(|(.., permission)| *permission == Permission::Hidden);
        let mut hidden = hidden.map(|(_, fact, p)| (fact.key.as_str(), &fact.value, p)).peekable();
        if hidden.peek().is_none() {
            return output.to_owned();
        }
        let values = FactValues::new(hidden, &[]);
        if values.stated(output).is_empty() {
            return output.to_owned();
        }
        let Ok(mut tree) = serde_json::from_str::<Value>(output) else { return "(withheld)".to_owned() };
        for_each_text(&mut tree, &mut |text| {
            if !values.stated(text).is_empty() {
                "(withheld)".clone_into(text);
            }
        });
        let text = tree.to_string();
        // A number or a key may carry it still.
        if values.stated(&text).is_empty() { text } else { "(withheld)".to_owned() }
    }

    /// What the customer was asked before.
    pub(crate) fn asked(&self) -> Vec<&str> {
        let facts = self.bundle.facts().filter(|(_, fact)| fact.key.starts_with("asked."));
        let facts = facts.filter_map(|(_, fact)| fact.value.as_str());
        facts.chain(self.asked.as_ref().map(|asked| asked.question.as_str())).collect()
    }

    /// Where the value of a sink came from; of several values the worst.
    pub(crate) fn origin_of(&self, value: &Value) -> SinkOrigin {
        let worst = |values: &mut dyn Iterator<Item = SinkOrigin>| {
            let rank = |origin: &SinkOrigin| match origin {
                SinkOrigin::Trusted => 0,
                SinkOrigin::Nowhere => 1,
                SinkOrigin::Untrusted => 2,
            };
            values.max_by_key(rank).unwrap_or(SinkOrigin::Trusted)
        };
        match value {
            Value::Null => SinkOrigin::Trusted,
            Value::Array(items) => worst(&mut items.iter().map(|item| self.origin_of(item))),
            Value::Object(fields) => worst(&mut fields.values().map(|field| self.origin_of(field))),
            Value::String(text) => self.origin_of_text(text),
            Value::Bool(_) | Value::Number(_) => self.origin_of_text(&value.to_string()),
        }
    }

    fn origin_of_text(&self, text: &str) -> SinkOrigin {
        let customer = &self.bundle.customer;
        let record = self
            .given()
            .filter(|(_, fact, permission)| fact.source == Source::FirstParty && *permission != Permission::Hidden);
        let own = customer.id.as_str() == text
            || customer.name.as_deref() == Some(text)
            || customer.emails.iter().chain(&customer.phones).any(|known| known.eq_ignore_ascii_case(text))
            || record.map(|(_, fact, _)| &fact.value).any(|value| is(value, text));
        if own {
            return SinkOrigin::Trusted;
        }
        let read = |source: &str| source.contains(text) || stands_in(text, source);
        let told = self.bundle.facts().any(|(_, fact)| is(&fact.value, text));
        if told || self.written().any(read) || self.heard.iter().any(|heard| read(heard.output.as_str())) {
            SinkOrigin::Untrusted
        } else {
            SinkOrigin::Nowhere
        }
    }
}

/// Whether a value of our records is this text and nothing else.
fn is(value: &Value, text: &str) -> bool {
    match value {
        Value::String(known) => known == text,
        Value::Number(known) => known.to_string() == text,
        Value::Array(known) => known.iter().any(|known| is(known, text)),
        Value::Object(known) => known.values().any(|known| is(known, text)),
        Value::Bool(_) | Value::Null => false,
    }
}

fn evidence(bundle: &Bundle, program: &Program) -> Option<Fact> {
    let Trigger::Signal { at, evidence, .. } = &bundle.trigger else { return None };
    Some(Fact {
        key: EVIDENCE.to_owned(),
        value: evidence.iter().map(|e| Value::String(e.clone())).collect(),
        source: Source::FirstParty,
        system: "trigger".to_owned(),
        observed_at: *at,
        purposes: vec![program.playbook.purpose],
        sensitivity: Sensitivity::Internal,
    })
}

/// What an account pays in a year, in minor units: what `account.arr` says, else
/// twelve times `account.mrr`; 0 where nobody says.
fn account_value(bundle: &Bundle) -> i64 {
    let minor = |key: &str| {
        let value = &bundle.fact(key)?.value;
        value.as_i64().or_else(|| value.get("minor")?.as_i64())
    };
    minor("account.arr").or_else(|| minor("account.mrr").map(|month| month.saturating_mul(12))).unwrap_or(0)
}

/// A score from -1 to 1 as whole hundredths, which rules can compare.
fn mood(score: f64) -> i64 {
    #[expect(clippy::cast_possible_truncation, reason = "clamped to -100..=100")]
    let mood = (score.clamp(-1.0, 1.0) * 100.0).round() as i64;
    mood
}
