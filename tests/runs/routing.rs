//! Who takes over by how somebody sounds, and that nobody is asked in circles.

use crate::world::{World, builder, bundle, call, events, shape};
use attache::Bundle;
use attache::context::Trigger;
use attache::guards::{CustomerSentiment, SentimentDetector};
use attache::journal::{Emotion, Entry, Escalated, Event, Outcome, RunEnded, Sentiment, SentimentLabel};
use attache::models::Scripted;
use std::sync::Arc;

fn escalated(entries: &[Entry]) -> &Escalated {
    match events(entries, "escalated").next() {
        Some(Event::Escalated(escalated)) => escalated,
        _ => panic!("nobody took over: {:?}", shape(entries)),
    }
}

fn ended(entries: &[Entry]) -> &RunEnded {
    match events(entries, "run_ended").last() {
        Some(Event::RunEnded(ended)) => ended,
        _ => panic!("{:?}", shape(entries)),
    }
}

/// A customer who writes this, with an account that pays so much a month.
fn writes(text: &str, mrr: Option<i64>) -> Arc<Bundle> {
    let mut bundle = (*bundle("tier1-question.json")).clone();
    if let Trigger::Message { text: said, .. } = &mut bundle.trigger {
        *said = text.to_owned();
    }
    if let Some(mrr) = mrr {
        let mut fact = bundle.identity[0].clone();
        (fact.key, fact.value) = ("account.mrr".to_owned(), mrr.into());
        bundle.contextual.push(fact);
    }
    Arc::new(bundle)
}

const ANGRY: &str = "I am furious. This is the third time your app lost our records and nobody answers. This is \
                     unacceptable, the worst service ever!";

#[tokio::test]
async fn whoever_is_unhappy_goes_to_retention_with_the_package() {
    let world = crate::world::offline();
    let entries = world.run_bundle(writes(ANGRY, None)).await;
    let taken = escalated(&entries);
    assert_eq!((taken.queue.as_str(), taken.reason_code.as_str()), ("retention", "negative_sentiment"));
    assert_eq!(taken.alerts, Vec::<String>::new());
    let package = taken.package.to_value();
    assert_eq!(package["wants"], ANGRY);
    assert_eq!(package["sentiment"]["label"], "negative");
    assert!(package["next_step"].as_str().unwrap().contains("No offers"), "{package}");
    assert!(ended(&entries).reply.as_ref().unwrap().contains("sorry for the trouble"), "{:?}", ended(&entries));
    assert_eq!(events(&entries, "model_called").count(), 0, "no model is asked");
}

#[tokio::test]
async fn an_angry_large_account_alerts_the_success_manager_at_once() {
    let world = crate::world::offline();
    let entries = world.run_bundle(writes(ANGRY, Some(100_000))).await;
    let Some(Event::Assessed(assessed)) = events(&entries, "assessed").next() else { panic!() };
    assert_eq!((assessed.sentiment.label, assessed.sentiment.emotion), (SentimentLabel::Negative, Emotion::Angry));
    let taken = escalated(&entries);
    assert_eq!((taken.queue.as_str(), taken.alerts.as_slice()), ("retention", &["success_manager".to_owned()][..]));
    let Some(Event::PolicyDecided(decided)) = events(&entries, "policy_decided").next() else { panic!() };
    assert_eq!(decided.policies, ["negative_sentiment", "angry_key_account"]);
    // A small account is in the same hands, and raises no alarm.
    let entries = world.run_bundle(writes(ANGRY, Some(10_000))).await;
    assert_eq!(escalated(&entries).alerts, Vec::<String>::new());
}

#[tokio::test]
async fn who_is_confused_is_answered_simply_once_and_then_by_a_person() {
    let long =
        format!("You map the columns name and site. {}", "A CSV file needs the columns name and site. ".repeat(40));
    let cite = "import-assets-csv#33-270";
    let answer = |text: &str| call("reply", &serde_json::json!({ "text": text, "cite": [cite] }).to_string());
    let search = || call("kb_search", r#"{"query":"import assets from a CSV file columns required"}"#);
    let short = "1. Put the columns name and site into your CSV file.";
    let model = Arc::new(Scripted::replies([search(), answer(&long), answer(short)]));
    let world = crate::world::with_model(model);
    let asks = "I am confused and do not understand how the import works. Which columns does a CSV file need?";
    let entries = world.run_bundle(writes(asks, None)).await;
    let Some(Event::Assessed(assessed)) = events(&entries, "assessed").next() else { panic!() };
    assert_eq!(assessed.sentiment.emotion, Emotion::Confused);
    let denied = events(&entries, "policy_decided").any(|event| {
        matches!(event, Event::PolicyDecided(decided) if decided.policies.contains(&"simpler_for_confused".to_owned()))
    });
    assert!(denied, "{:?}", shape(&entries));
    assert_eq!(ended(&entries).outcome, Outcome::Resolved, "{:?}", ended(&entries));
    assert!(ended(&entries).reply.as_ref().unwrap().starts_with(short));
    // Still confused: nobody is sent round again.
    let entries = world
        .run_bundle(writes("Could you explain once more how that works? I do not quite understand what I see.", None))
        .await;
    let taken = escalated(&entries);
    assert_eq!((taken.queue.as_str(), taken.reason_code.as_str()), ("support", "still_confused"));
    assert!(ended(&entries).reply.as_ref().unwrap().contains("go through it with you"));
}

#[tokio::test]
async fn whoever_asks_for_a_person_gets_one_in_any_spelling_and_language() {
    let world = crate::world::offline();
    for text in [
        "I want a HUMAN.",
        "h u m a n please",
        "get me a hum4n, not a b0t",
        "i want to talk to a r\u{200b}eal pers\u{43e}n",
        "Ich m\u{f6}chte mit einem Menschen sprechen",
        "quiero hablar con una persona",
        "转人工客服",
    ] {
        let entries = world.run_bundle(writes(text, None)).await;
        let Some(Event::PolicyDecided(decided)) = events(&entries, "policy_decided").next() else { panic!() };
        assert!(decided.policies.contains(&"human_requested".to_owned()), "{text}: {:?}", decided.policies);
        assert_eq!(ended(&entries).outcome, Outcome::Escalated, "{text}");
        assert_eq!(events(&entries, "model_called").count(), 0, "{text}");
    }
}

#[tokio::test]
async fn one_clarification_and_then_a_person() {
    let ask = |question: &str| call("ask_customer", &serde_json::json!({ "text": question, "cite": [] }).to_string());
    let model = Arc::new(Scripted::replies([
        ask("Do you mean the import of assets or of sites?"),
        ask("Which file format do you have?"),
    ]));
    let world = crate::world::with_model(model);
    let entries = world.run_bundle(writes("How do I import them?", None)).await;
    let end = ended(&entries);
    assert_eq!((end.outcome, end.reason_code.as_deref()), (Outcome::Resolved, Some("clarification")));
    assert!(end.reply.as_ref().unwrap().contains("assets or of sites?"));
    assert_eq!(events(&entries, "message_sent").count(), 1);
    let entries = world.run_bundle(writes("The ones in the list.", None)).await;
    let taken = escalated(&entries);
    assert_eq!((taken.queue.as_str(), taken.reason_code.as_str()), ("support", "clarified_before"));
    let said = ended(&entries).reply.as_ref().unwrap();
    assert!(said.contains("asked you once already") && !said.contains("format"), "{said}");
}

#[tokio::test]
async fn nobody_is_asked_the_same_twice() {
    let mut asked = (*writes("How do I import them?", None)).clone();
    let mut fact = asked.identity[0].clone();
    (fact.key, fact.value) = ("asked.format".to_owned(), "Which file format do you have?".into());
    asked.contextual.push(fact);
    let again = || call("ask_customer", r#"{"text":"Could you tell us which format your file has?","cite":[]}"#);
    let other = call("ask_customer", r#"{"text":"Is it about assets or sites?","cite":[]}"#);
    for (replies, outcome) in [(vec![again(), other], Outcome::Resolved), (vec![again(), again()], Outcome::Escalated)]
    {
        let world = crate::world::with_model(Arc::new(Scripted::replies(replies)));
        let entries = world.run_bundle(Arc::new(asked.clone())).await;
        let denied = events(&entries, "policy_decided")
            .filter(|event| matches!(event, Event::PolicyDecided(d) if d.policies == ["same_question"]))
            .count();
        assert!(denied >= 1, "{:?}", shape(&entries));
        assert_eq!(ended(&entries).outcome, outcome, "{:?}", shape(&entries));
    }
}

#[tokio::test]
async fn queue_and_words_by_reason_are_settings() {
    let data = tempfile::tempdir().unwrap();
    let playbook = attache::planner::Playbooks::shipped()["support.toml"]
        .replace("[when]", "[queues]\nno_answer = \"docs\"\n\n[when]");
    let attache = builder(data.path())
        .playbook("support.toml", playbook)
        .prompt(
            "customer/handover/no_answer.tera",
            "{% extends \"customer/handover.tera\" %}{% block why %}Our authors look into it.{% endblock why %}",
        )
        .prompt("staff/next_step/no_answer.tera", "Write the article first.")
        .model(Arc::new(Scripted::replies([call("escalate_to_human", r#"{"reason":"no answer","next_step":""}"#)])))
        .build()
        .unwrap();
    let world = World { attache, data };
    let entries = world.run("tier1-question.json").await;
    let taken = escalated(&entries);
    assert_eq!((taken.queue.as_str(), taken.reason_code.as_str()), ("docs", "no_answer"));
    assert_eq!(taken.package.to_value()["next_step"], "Write the article first.");
    let said = ended(&entries).reply.as_ref().unwrap();
    assert!(said.contains("Our authors look into it.") && said.contains("by an AI assistant"), "{said}");
    // A reason that a model made up is no path, and has the words for all others.
    let made_up = call("escalate_to_human", r#"{"reason":"../../playbooks/support","next_step":""}"#);
    let world = crate::world::with_model(Arc::new(Scripted::replies([made_up])));
    let entries = world.run("tier1-question.json").await;
    assert_eq!(escalated(&entries).reason_code, "______playbooks_support");
    assert!(ended(&entries).reply.as_ref().unwrap().contains("A colleague takes over"));
}

/// A model of a company's own that knows what the built-in one does not.
struct Larger;

impl SentimentDetector for Larger {
    fn assess(&self, text: &str) -> Sentiment {
        if text.contains("columns") {
            return Sentiment { label: SentimentLabel::Negative, score: -0.75, emotion: Emotion::Disappointed };
        }
        CustomerSentiment.assess(text)
    }
}

#[tokio::test]
async fn a_larger_model_is_plugged_in_and_routes_and_is_on_record() {
    let data = tempfile::tempdir().unwrap();
    let attache = builder(data.path()).sentiment(Arc::new(Larger)).build().unwrap();
    let world = World { attache, data };
    let entries = world.run_bundle(writes("Which columns does the file need?", None)).await;
    let Some(Event::Assessed(assessed)) = events(&entries, "assessed").next() else { panic!() };
    assert_eq!((assessed.sentiment.score, assessed.sentiment.emotion), (-0.75, Emotion::Disappointed));
    assert_eq!(escalated(&entries).queue, "retention");
}

#[tokio::test]
async fn how_a_customer_sounded_over_time_is_on_record_and_fades() {
    let world = crate::world::offline();
    let trend = async |days: &[(i64, f64)]| {
        let mut bundle = (*writes("Which columns does an import file need?", None)).clone();
        bundle.sentiment.clear();
        for (number, (ago, score)) in days.iter().enumerate() {
            let mut fact = bundle.contextual[0].clone();
            (fact.key, fact.value) = (format!("message.{number}.sentiment"), serde_json::json!(score));
            fact.observed_at = jiff::Timestamp::now() - jiff::SignedDuration::from_hours(24 * ago);
            bundle.sentiment.push(fact);
        }
        let entries = world.run_bundle(Arc::new(bundle)).await;
        let Some(Event::Assessed(assessed)) = events(&entries, "assessed").next() else { panic!() };
        (assessed.sentiment.score, assessed.trend.unwrap())
    };
    let (score, alone) = trend(&[]).await;
    assert_eq!(alone, score);
    // Half as much for every two weeks: weights 1, 1/2 and 1/4.
    let (_, faded) = trend(&[(14, -0.8), (28, 0.4)]).await;
    let expected = (score - 0.8 * 0.5 + 0.4 * 0.25) / 1.75;
    assert!((faded - expected).abs() < 1e-3, "{faded} for {expected}");
}
