//! Our decision against Dogwood's own authorizer, which knows neither slices nor
//! compiled leaves.

use super::*;
use crate::history::{EVENTS, Timeline};
use dogwood::Value as Word;
use dogwood_language as dogwood;
use std::collections::{BTreeMap, BTreeSet};

/// Dogwood's engine with a way to forget: an authorizer is made once and keeps its history for ever.
#[derive(Default)]
struct Forgetful {
    engine: dogwood::InMemoryTemporalEngine,
    leaves: Vec<dogwood::TemporalField>,
    schema: Option<cedar_policy::Schema>,
}

impl dogwood::TemporalEngine for Forgetful {
    fn prepare(
        &mut self,
        leaves: &[dogwood::TemporalField],
        schema: &cedar_policy::Schema,
        events: &[dogwood::EventSignature],
    ) -> Result<(), dogwood::Error> {
        self.leaves = leaves.to_vec();
        self.schema = Some(schema.clone());
        self.engine.prepare(leaves, schema, events)
    }

    fn observe(&mut self, event: &dogwood::Event) {
        if event.action() == "forget" {
            self.engine = dogwood::InMemoryTemporalEngine::new();
            self.engine.prepare(&self.leaves, self.schema.as_ref().unwrap(), &[]).unwrap();
        } else {
            self.engine.observe(event);
        }
    }

    fn evaluate(&mut self) -> Result<dogwood::TemporalBindings, String> {
        self.engine.evaluate()
    }
}

const MORE: &str = "
@id(\"since\") @verdict(\"review\") @reason(\"r\") forbid (principal, action in Attache::Action::\"write\", resource)
when temporal { !Attache::Action::\"reply\"::response{} since within 30d Attache::Action::\"send_email\"::response{} };
@id(\"often\") @verdict(\"escalate\") @reason(\"r\") forbid (principal, action, resource)
when { context.case.mood < -50 };
@id(\"agent\") @reason(\"r\") forbid (principal == Attache::Agent::\"success\", action in [Attache::Action::\"read\", Attache::Action::\"engage\"], resource)
when { context.case.mood > 60 };
@id(\"both\") @reason(\"r\") forbid (principal, action == Attache::Action::\"reply\", resource == Attache::Customer::\"cus_1\")
when temporal { count_within(2d, Attache::Action::\"reply\"::response{}) >= 2 }
unless temporal { previous within 90d Attache::Action::\"send_email\"::response{ outreach: true } };
";

#[test]
fn we_decide_as_dogwood_does() {
    decided_alike(vec![PolicyFile::new("more.dw", MORE)]);
}

#[test]
fn the_shipped_rules_as_they_are_kept_decide_as_dogwood_does() {
    decided_alike(Vec::new());
}

/// The shipped rules and `more` of them.
fn decided_alike(more: Vec<PolicyFile>) {
    let mut files = PolicySet::shipped();
    files.extend(more);
    files.sort_by(|a, b| a.name.cmp(&b.name));
    let set = PolicySet::load(&files, &[]).unwrap();

    for slice in set.slices.values() {
        let odd: Vec<_> = slice
            .forbids
            .policies()
            .chain(slice.permits.policies())
            .filter(|policy| crate::slice::condition(policy).is_none())
            .map(ToString::to_string)
            .collect();
        assert!(odd.is_empty() && slice.is_compiled(&set.by_policy), "{}: {odd:#?}", slice.action);
    }

    let service = dogwood::ServiceSchema::builder().event_schema_str(EVENTS).build().unwrap();
    let schema = crate::schema::tools(&[]).unwrap().schema(true);
    let schema = dogwood::PolicySchema::from_cedarschema_str(&schema).unwrap();
    let sources: Vec<_> = files
        .iter()
        .enumerate()
        .map(|(index, file)| (file.text.as_str(), format!("f{index}").parse().unwrap()))
        .collect();
    let lowered = dogwood::LoweredPolicySet::from_many_str(&sources, &service, &schema).unwrap();
    let mut authorizer = dogwood::Authorizer::builder(lowered).temporal_engine(Forgetful::default()).build().unwrap();

    let mut dice = Dice(42);
    let mut actions: Vec<_> = set.slices.keys().cloned().collect();
    actions.sort();
    let mut tally = BTreeMap::<(bool, bool), u32>::new();
    for round in 0..1_200 {
        let scene = dice.scene(&actions[round % actions.len()]);
        let request = scene.request();
        let fact = dice.fact();
        let kind = dice.pick(&FactKind::ALL);
        let about_fact = ["see", "mention"].contains(&scene.action.as_str());
        let ours = if about_fact { set.evaluate_fact(&request, kind, &fact) } else { set.evaluate(&request) }.unwrap();
        assert_eq!(ours.errors, BTreeMap::new());

        authorizer.is_authorized(&dogwood::Event::builder("forget", "response").build());
        let timeline = Timeline::new(&scene.history, request.now);
        let mut events: Vec<_> = timeline.events(&scene.action).collect();
        let decision = events.pop().unwrap();
        for event in &events {
            assert!(authorizer.is_authorized(event).is_none());
        }
        let mut event = decision
            .into_builder()
            .principal_for("Attache::Agent", &scene.case.playbook)
            .request_context_field("case", case(&scene.case));
        event = if about_fact {
            event.resource_for("Attache::Fact", &fact.key).entity_for(
                "Attache::Fact",
                &fact.key,
                attributes(kind, &fact),
            )
        } else {
            event.resource_for("Attache::Customer", &scene.case.customer)
        };
        if !about_fact && scene.action != "engage" {
            event = event
                .request_context_field("input", Word::Object(BTreeMap::new()))
                .request_context_field("text", text(&scene.text))
                .request_context_field(
                    "sinks",
                    Word::Array(scene.sinks.iter().map(|sink| word("Sink", sink.origin.as_str())).collect()),
                )
                .request_context_field("nowhere", pointers(&scene, SinkOrigin::Nowhere))
                .request_context_field("untrusted", pointers(&scene, SinkOrigin::Untrusted));
        }
        let theirs = authorizer.is_authorized(&event.build()).unwrap();
        assert_eq!(theirs.diagnostics().errors().collect::<Vec<_>>(), Vec::<&str>::new());
        let determining: BTreeSet<_> = theirs
            .diagnostics()
            .reason()
            .map(|rule| set.rules[set.by_policy[&cedar_policy::PolicyId::new(&rule.cedar_policy_id)]].id.clone())
            .collect();
        let fired = |effect| -> BTreeSet<String> {
            ours.fired
                .iter()
                .map(|index| &set.rules[*index])
                .filter(|rule| rule.effect == effect)
                .map(|rule| rule.id.clone())
                .collect()
        };
        let (forbids, permits) = (fired(Effect::Forbid), fired(Effect::Permit));
        let forbidden = !forbids.is_empty();
        assert_eq!(determining, if forbidden { forbids } else { permits }, "{scene:?}");
        let ours = set.conclude(&request, ours);
        assert_eq!(ours.verdict == Verdict::Allow, theirs.allowed(), "{scene:?}");
        *tally.entry((forbidden, theirs.allowed())).or_default() += 1;
    }
    assert!(tally.values().all(|count| *count > 5) && tally.len() == 3, "{tally:?}");
}

fn pointers(scene: &scenes::Scene, origin: SinkOrigin) -> Word {
    Word::Array(scene.sinks.iter().filter(|s| s.origin == origin).map(|s| string(&s.pointer)).collect())
}

fn word(name: &str, id: &str) -> Word {
    Word::Entity { ty: format!("Attache::{name}"), id: id.into() }
}

fn string(text: &str) -> Word {
    Word::String(text.into())
}

fn object<const N: usize>(fields: [(&str, Word); N]) -> Word {
    Word::Object(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

fn case(case: &Case) -> Word {
    object([
        ("account_value", Word::Int(case.account_value)),
        ("approved", Word::Bool(case.approved)),
        ("by_run", Word::Bool(case.by_run)),
        ("channel", word("Channel", case.channel.as_str())),
        (
            "consent",
            object([
                ("ai_interaction", Word::Bool(case.consent.ai_interaction)),
                ("marketing_email", Word::Bool(case.consent.marketing_email)),
                ("profiling", Word::Bool(case.consent.profiling)),
            ]),
        ),
        ("emotion", word("Emotion", case.emotion.as_str())),
        ("first_contact", Word::Bool(case.first_contact)),
        ("hour", Word::Int(case.hour)),
        ("mood", Word::Int(case.mood)),
        ("outreach", Word::Bool(case.outreach)),
        ("playbook", string(&case.playbook)),
        ("purpose", word("Purpose", case.purpose.as_str())),
        ("sentiment", word("Sentiment", case.sentiment.as_str())),
        ("signal", string(&case.signal)),
        ("stage", word("Stage", case.stage.as_str())),
        ("trigger", word("Trigger", &case.trigger)),
        ("wants_human", Word::Bool(case.wants_human)),
        ("with_person", Word::Bool(case.with_person)),
        ("wrote_since", Word::Bool(case.wrote_since)),
    ])
}

fn text(text: &TextFacts) -> Word {
    object([
        ("asked_before", Word::Bool(text.asked_before)),
        ("citations", Word::Int(text.citations.into())),
        ("discloses_ai", Word::Bool(text.discloses_ai)),
        ("foreign", Word::Array(text.foreign.iter().map(|kind| string(kind)).collect())),
        ("internal", Word::Bool(text.internal)),
        ("length", Word::Int(text.length.into())),
        ("pii", Word::Array(text.pii.iter().map(|kind| string(kind)).collect())),
        ("unfounded", Word::Array(text.unfounded.iter().map(|kind| string(kind)).collect())),
        ("unread", Word::Int(text.unread.into())),
        ("unsayable", Word::Array(text.unsayable.iter().map(|key| string(key)).collect())),
        ("unsupported", Word::Int(text.unsupported.into())),
    ])
}

fn attributes(kind: FactKind, fact: &Fact) -> [(&'static str, Word); 7] {
    [
        ("age_days", Word::Int(fact.age_days(now()))),
        ("key", string(&fact.key)),
        ("kind", word("FactKind", kind.as_str())),
        ("purposes", Word::Array(fact.purposes.iter().map(|purpose| word("Purpose", purpose.as_str())).collect())),
        ("sensitivity", word("Sensitivity", fact.sensitivity.as_str())),
        ("source", word("Source", fact.source.as_str())),
        ("system", string(&fact.system)),
    ]
}
