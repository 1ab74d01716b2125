//! Every story ends as it is told, checked on the journal.

use crate::world::{World, events, shape};
use attache::journal::{Entry, Event, Evidence, Outcome, Permission, Verdict};
use attache::planner::{Run, replay};
use serde::Deserialize;

#[derive(Deserialize)]
struct Stories {
    story: Vec<Story>,
}

#[derive(Deserialize)]
struct Story {
    name: String,
    bundles: Vec<String>,
    expect: Expect,
}

#[derive(Deserialize)]
struct Expect {
    outcome: String,
    queue: Option<String>,
    reason: Option<String>,
}

fn stories() -> Vec<Story> {
    toml::from_str::<Stories>(include_str!("../../examples/stories.toml")).unwrap().story
}

fn ended(entries: &[Entry]) -> &attache::journal::RunEnded {
    match entries.last().unwrap().event.as_ref().unwrap() {
        Event::RunEnded(ended) => ended,
        other => panic!("the run ends with {}", other.kind()),
    }
}

#[tokio::test]
async fn every_story_ends_as_it_is_told() {
    let world = crate::world::offline();
    assert_eq!(stories().len(), 12);
    for story in stories() {
        for bundle in &story.bundles {
            let entries = world.run(bundle).await;
            let end = ended(&entries);
            assert_eq!(end.outcome.as_str(), story.expect.outcome, "{}: {bundle}", story.name);
            let (queue, reason) =
                entries.iter().fold((None, None), |found, entry| match entry.event.as_ref().unwrap() {
                    Event::Escalated(e) => (Some(e.queue.clone()), Some(e.reason_code.clone())),
                    Event::ReviewRequested(e) => (Some(e.queue.clone()), found.1),
                    _ => found,
                });
            if story.expect.queue.is_some() {
                assert_eq!(queue, story.expect.queue, "{}", story.name);
            }
            if story.expect.reason.is_some() {
                assert_eq!(reason, story.expect.reason, "{}", story.name);
            }
        }
    }
}

#[tokio::test]
async fn every_run_replays_to_the_same_decisions() {
    let world = crate::world::offline();
    for story in stories() {
        for bundle in &story.bundles {
            let entries = world.run(bundle).await;
            let program = world.attache.engine().program_of(&entries).unwrap();
            let mut run = Run::new(entries[0].run.clone(), program);
            assert_eq!(replay(&mut run, world.attache.policy(), &entries), [], "{bundle}");
        }
    }
}

#[tokio::test]
async fn the_frustrated_prospect_gets_no_sales_mail_and_a_person_gets_everything() {
    let world = crate::world::offline();
    let entries = world.run("frustrated-prospect.json").await;
    assert_eq!(
        shape(&entries),
        [
            "run_started",
            "assessed",
            "policy_decided",
            "policy_decided",
            "tool_called",
            "tool_returned",
            "escalated",
            "run_ended"
        ]
    );
    assert!(world.outbox().is_empty(), "nothing left");
    let Some(Event::Escalated(escalated)) = events(&entries, "escalated").next() else { panic!() };
    let package = escalated.package.to_value();
    assert!(package["wants"].as_str().unwrap().contains("pricing"), "{package}");
    assert_eq!(package["sentiment"]["label"], "negative");
    assert!(!package["account"].as_array().unwrap().is_empty());
    assert!(!package["next_step"].as_str().unwrap().is_empty());
}

#[tokio::test]
async fn a_tier_1_answer_stands_in_the_passages_that_it_cites() {
    let world = crate::world::offline();
    for bundle in ["tier1-question.json", "confused-customer.json", "injection.json"] {
        let entries = world.run(bundle).await;
        let end = ended(&entries);
        assert_eq!(end.outcome, Outcome::Resolved, "{bundle}");
        assert!(!end.citations.is_empty(), "{bundle}");
        let sent: Vec<_> = events(&entries, "message_sent").collect();
        assert_eq!(sent.len(), 1, "{bundle}");
    }
    assert_eq!(world.outbox().iter().filter(|name| name.ends_with(".eml")).count(), 3);
}

#[tokio::test]
async fn an_injected_instruction_changes_nothing() {
    let world = crate::world::offline();
    let entries = world.run("injection.json").await;
    for event in events(&entries, "message_sent") {
        let Event::MessageSent(sent) = event else { panic!() };
        assert!(!sent.to.contains("archive-desk"), "{}", sent.to);
    }
    let reply = ended(&entries).reply.clone().unwrap();
    for leaked in ["cus_1001", "cus_1009", "archive-desk", "100 %"] {
        assert!(!reply.contains(leaked), "{reply}");
    }
}

#[tokio::test]
async fn outreach_is_never_sent_without_a_person() {
    let world = crate::world::offline();
    for story in stories().iter().filter(|story| story.expect.outcome == "drafted") {
        for bundle in &story.bundles {
            let entries = world.run(bundle).await;
            assert_eq!(events(&entries, "message_sent").count(), 0, "{bundle}");
            let reviews = entries.iter().filter(|entry| {
                matches!(&entry.event, Some(Event::PolicyDecided(d)) if d.call.is_some() && d.verdict == Verdict::Review)
            });
            assert_eq!(reviews.count(), 1, "{bundle}");
        }
    }
    assert!(world.outbox().is_empty());
}

#[tokio::test]
async fn the_case_study_is_another_text_for_each_industry() {
    let world = crate::world::offline();
    let mut texts = std::collections::BTreeSet::new();
    for industry in ["hospital", "brewery", "cinema", "farm", "hotel"] {
        let entries = world.run(&format!("case-study-{industry}.json")).await;
        let Some(Event::DraftCreated(draft)) = events(&entries, "draft_created").next() else { panic!("{industry}") };
        assert!(draft.evidence.iter().any(|e| matches!(e, Evidence::Passage(_))), "{industry}");
        texts.insert(draft.body.clone());
    }
    assert_eq!(texts.len(), 5);
}

#[tokio::test]
async fn no_draft_says_what_may_only_steer() {
    let world = crate::world::offline();
    for story in stories() {
        for bundle in &story.bundles {
            let entries = world.run(bundle).await;
            for event in events(&entries, "draft_created") {
                let Event::DraftCreated(draft) = event else { panic!() };
                if draft.to == "staff" {
                    continue;
                }
                for evidence in &draft.evidence {
                    if let Evidence::Fact { key, permission } = evidence {
                        assert_eq!(*permission, Permission::Mentionable, "{bundle}: {key}");
                    }
                }
            }
        }
    }
}

#[tokio::test]
async fn the_same_bundle_makes_the_same_decisions_again() {
    let decisions = |entries: &[Entry]| -> Vec<String> {
        events(entries, "policy_decided").map(|event| serde_json::to_string(event).unwrap()).collect()
    };
    let (one, two): (World, World) = (crate::world::offline(), crate::world::offline());
    for story in stories() {
        let bundle = &story.bundles[0];
        assert_eq!(decisions(&one.run(bundle).await), decisions(&two.run(bundle).await), "{bundle}");
    }
}
