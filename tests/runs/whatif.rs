//! Recorded runs under other rules and other facts, and what turns them.

use crate::world::{World, builder, bundle, events, with_model};
use attache::engine::{Looked, Replanned, Review, RunError};
use attache::journal::{Decision, Entry, Event, Outcome, Verdict};
use attache::models::{FunctionModel, Scripted};
use attache::planner::{Change, Explanation, Run, WhatIf, actions, change_bundle, explain, what_if, what_if_changed};
use attache::policies::{PolicyFile, PolicySet};
use attache::{Attache, Bundle};
use proptest::prelude::*;
use std::sync::Arc;

fn explained(world: &World, entries: &[Entry]) -> Explanation {
    let program = world.attache.engine().program_of(entries).unwrap();
    explain(&program, world.attache.policy(), entries).unwrap()
}

fn again(attache: &Attache, policy: &PolicySet, changes: &[Change], entries: &[Entry]) -> WhatIf {
    let mut run = Run::new(entries[0].run.clone(), attache.engine().program_of(entries).unwrap());
    if changes.is_empty() {
        what_if(&mut run, policy, entries)
    } else {
        what_if_changed(&mut run, policy, changes, entries)
    }
}

/// The bundle that a change makes of another.
fn changed(bundle: &Bundle, changes: &[Change]) -> Arc<Bundle> {
    let mut bundle = bundle.clone();
    let at = bundle.trigger.at();
    change_bundle(changes, &mut bundle, at);
    for change in changes {
        if let Change::Sentiment { label, .. } = change {
            bundle.sentiment.retain(|fact| !fact.key.ends_with(".emotion"));
            for fact in bundle.sentiment.iter_mut().filter(|fact| fact.key.ends_with(".sentiment")) {
                fact.value = label.as_str().into();
            }
        }
    }
    Arc::new(bundle)
}

fn with_rules(attache: &Attache, name: &str, text: &str) -> PolicySet {
    let files = PolicySet::overlay(&[PolicyFile::new(name, text)]);
    PolicySet::load(&files, &actions(attache.registry())).unwrap()
}

#[tokio::test]
async fn the_same_rules_lead_every_run_the_same_way() {
    let world = crate::world::offline();
    for name in ["frustrated-prospect", "tier1-question", "wants-human", "usage-gap", "unanswerable", "injection"] {
        let entries = world.run(&format!("{name}.json")).await;
        let found = again(&world.attache, world.attache.policy(), &[], &entries);
        assert_eq!((found.flips.as_slice(), found.unreached), (&[][..], 0), "{name}");
        assert_eq!(found.before, found.after, "{name}");
        assert!(found.decisions > 1, "{name}");
    }
}

#[tokio::test]
async fn a_stricter_gate_takes_the_draft_away_and_sends_a_person() {
    let world = crate::world::offline();
    let entries = world.run("usage-gap.json").await;
    let policy = with_rules(
        &world.attache,
        "mine.dw",
        r#"@id("no_outreach") @verdict("escalate") @queue("sales") @reason_code("no_outreach") @reason("not any more")
           forbid (principal, action == Attache::Action::"engage", resource) when { context.case.outreach };"#,
    );
    let found = again(&world.attache, &policy, &[], &entries);
    assert_eq!(found.flips.len(), 1, "{:#?}", found.flips);
    assert_eq!(found.flips[0].verdicts(), Some((Verdict::Allow, Verdict::Escalate)));
    assert_eq!(found.flips[0].rules(), (vec!["no_outreach".to_owned()], vec!["engage".to_owned()]));
    assert_eq!(found.before.outcome, Some(Outcome::Drafted));
    assert_eq!(
        (found.after.outcome, found.after.escalated.as_slice()),
        (Some(Outcome::Escalated), &["sales".to_owned()][..])
    );
    assert_eq!((found.before.drafts.len(), found.after.drafts.len()), (1, 0));
    assert!(found.unreached > 0);
}

#[tokio::test]
async fn another_queue_is_no_other_way() {
    let world = crate::world::offline();
    let entries = world.run("usage-gap.json").await;
    let rules = PolicySet::shipped().into_iter().find(|file| file.text.contains("@id(\"outreach_review\")")).unwrap();
    let policy =
        with_rules(&world.attache, &rules.name, &rules.text.replace("@queue(\"outreach\")", "@queue(\"night\")"));
    let found = again(&world.attache, &policy, &[], &entries);
    assert_eq!(found.flips.len(), 1, "{:?}", found.flips);
    assert_eq!(found.unreached, 0);
    let queue = |course: &attache::planner::Course| course.drafts.values().next().unwrap().queue.clone();
    assert_eq!((queue(&found.before).as_str(), queue(&found.after).as_str()), ("outreach", "night"));
}

#[tokio::test]
async fn the_frustrated_prospect_would_have_been_written_to_in_another_mood() {
    let world = crate::world::offline();
    let entries = world.run("frustrated-prospect.json").await;
    let told = explained(&world, &entries);
    let turn = &told.counterfactuals[0];
    assert!(matches!(turn.changes[..], [Change::Sentiment { .. }]), "{turn:?}");
    assert_eq!(turn.decision.as_ref().map(|d| (d.was, d.now)), Some((Verdict::Escalate, Verdict::Allow)));
    // The change made in earnest: another bundle, another run.
    let other = world.run_bundle(changed(&bundle("frustrated-prospect.json"), &turn.changes)).await;
    assert_eq!(outcome(&other), Outcome::Drafted);
}

#[tokio::test]
async fn outreach_without_consent_needs_the_consent() {
    let world = crate::world::offline();
    let mut without = (*bundle("pricing-three-times.json")).clone();
    without.consent.marketing_email = false;
    let entries = world.run_bundle(Arc::new(without.clone())).await;
    assert_ne!(outcome(&entries), Outcome::Drafted);
    let told = explained(&world, &entries);
    let turn = &told.counterfactuals[0];
    assert_eq!(turn.said, "the customer agreed to e-mail for marketing", "{:?}", told.counterfactuals);
    assert_eq!(turn.course.stands(), "drafted");
    let other = world.run_bundle(changed(&without, &turn.changes)).await;
    assert_eq!(outcome(&other), Outcome::Drafted);
}

#[tokio::test]
async fn one_contact_too_many_is_one_contact_fewer() {
    let world = crate::world::offline();
    for _ in 0..3 {
        let entries = world.run("usage-gap.json").await;
        let Some(Event::DraftCreated(draft)) = events(&entries, "draft_created").next() else { panic!() };
        let review = Review {
            by: "dana".into(),
            decision: Decision::Approve,
            digest: draft.digest.clone(),
            reason: None,
            subject: None,
            body: None,
        };
        world.attache.engine().review(&draft.draft, review).await.unwrap();
    }
    let entries = world.run("usage-gap.json").await;
    assert_ne!(outcome(&entries), Outcome::Drafted);
    let told = explained(&world, &entries);
    let turn = &told.counterfactuals[0];
    assert!(
        matches!(&turn.changes[..], [Change::Contacts { tool, outreach: true, by: -1 }] if tool == "send_email"),
        "{turn:?}"
    );
    assert_eq!(turn.course.stands(), "drafted");
}

#[tokio::test]
async fn who_asks_for_a_person_would_have_had_an_answer_otherwise() {
    let world = crate::world::offline();
    let entries = world.run("wants-human.json").await;
    let told = explained(&world, &entries);
    assert_eq!(told.counterfactuals[0].changes, [Change::WantsHuman { wants: false }]);
    assert_eq!(told.counterfactuals[0].course.needs.as_deref(), Some("model"));
    let engage = &told.decisions[0];
    assert!(engage.near.iter().any(|near| near.rule == "negative_sentiment"), "{:?}", engage.near);
}

#[tokio::test]
async fn two_reasons_take_two_changes() {
    let world = crate::world::offline();
    let mut both = (*bundle("wants-human.json")).clone();
    both.consent.ai_interaction = false;
    let entries = world.run_bundle(Arc::new(both)).await;
    let told = explained(&world, &entries);
    assert_eq!(
        told.counterfactuals[0].said,
        "the customer did not ask for a person and the customer agreed to an AI that answers"
    );
}

fn outcome(entries: &[Entry]) -> Outcome {
    let Some(Event::RunEnded(ended)) = events(entries, "run_ended").last() else { panic!("no end") };
    ended.outcome
}

#[test]
fn whatever_is_told_turns_the_run() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let world = crate::world::offline();
    let names =
        ["frustrated-prospect", "pricing-three-times", "wants-human", "usage-gap", "tier1-question", "angry-ticket"];
    // Each decides the run again some hundred times.
    let config = ProptestConfig { cases: 10, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(config, |(name in prop::sample::select(names.to_vec()), ai: bool, mail: bool, profiling: bool, drop in 0..6_usize)| {
        let mut given = (*bundle(&format!("{name}.json"))).clone();
        (given.consent.ai_interaction, given.consent.marketing_email, given.consent.profiling) = (ai, mail, profiling);
        given.contextual.truncate(drop);
        let entries = runtime.block_on(world.run_bundle(Arc::new(given)));
        let told = explained(&world, &entries);
        prop_assert_eq!(again(&world.attache, world.attache.policy(), &[], &entries).flips, []);
        for turn in &told.counterfactuals {
            let there = again(&world.attache, world.attache.policy(), &turn.changes, &entries);
            prop_assert_ne!(there.after.stands(), told.course.stands(), "{}", turn.said);
            prop_assert_eq!(&there.after, &turn.course);
        }
    });
}

async fn replanned(attache: &Attache, entries: &[Entry]) -> Replanned {
    let looked = attache.engine().replan(&entries[0].run, entries, attache.policy()).await;
    match looked.unwrap() {
        Looked::Again(replanned) => replanned,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn the_same_model_plans_the_same_and_finds_every_call() {
    let world = crate::world::offline();
    for name in ["tier1-question.json", "usage-gap.json", "unanswerable.json"] {
        let entries = world.run(name).await;
        let sent = world.outbox();
        let found = replanned(&world.attache, &entries).await;
        assert_eq!(found.unmatched, [], "{name}");
        assert_eq!(found.before, found.after, "{name}");
        assert_eq!(world.outbox(), sent, "nothing leaves");
    }
}

#[tokio::test]
async fn a_call_that_is_not_recorded_is_told_and_not_made() {
    let world = crate::world::offline();
    let entries = world.run("tier1-question.json").await;
    let before = world.outbox();
    let script = [
        ("kb_search", r#"{"query":"something else"}"#),
        ("escalate_to_human", r#"{"reason":"no_answer","next_step":""}"#),
    ];
    let other = with_model(Arc::new(Scripted::calls(script)));
    let found = replanned(&other.attache, &entries).await;
    let told: Vec<_> = found.unmatched.iter().map(|m| (m.call.tool.as_str(), m.assumed)).collect();
    assert_eq!(told[..2], [("kb_search", false), ("escalate_to_human", true)]);
    assert_eq!(found.before.outcome, Some(Outcome::Resolved));
    assert_eq!(found.after.outcome, Some(Outcome::Escalated));
    assert!(other.outbox().is_empty() && world.outbox() == before);
    assert!(other.attache.store().runs(&Default::default()).await.unwrap().is_empty(), "nothing is stored");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_runs_come_in_order_and_one_without_a_playbook_does_not_stop_them() {
    let data = tempfile::tempdir().unwrap();
    let playbook = "name = \"mine\"\nstage = \"support\"\npurpose = \"support\"\ngoal = \"g\"\ntools = [\"kb_search\"]\nprompt = \"system.tera\"\n";
    let shipped = attache::planner::Playbooks::load(Default::default()).unwrap();
    let playbook = playbook.replace("system.tera", &shipped.get("support").unwrap().prompt);
    let model = || Arc::new(FunctionModel::new("none", |_| Ok(crate::world::call("kb_search", "{\"query\":\"x\"}"))));
    let one = builder(data.path()).playbook("mine.toml", playbook).model(model()).build().unwrap();
    let mut runs = Vec::new();
    for i in 0..40 {
        let name = (i == 17).then_some("mine");
        runs.push(one.run(bundle("wants-human.json"), name).await.unwrap().run);
    }
    let store = one.store().clone();
    let two = Attache::builder().store(store).build().unwrap();
    let mut seen = Vec::new();
    let handle = tokio::runtime::Handle::current();
    two.engine()
        .what_if(&runs, two.policy(), &handle, |run, looked| {
            seen.push((run.clone(), matches!(looked, Looked::Again(_))));
            Ok::<(), RunError>(())
        })
        .unwrap();
    assert_eq!(seen.iter().map(|(run, _)| run.clone()).collect::<Vec<_>>(), runs);
    assert_eq!(seen.iter().position(|(_, had)| !had), Some(17));
    assert_eq!(seen.iter().filter(|(_, had)| !had).count(), 1);
}
