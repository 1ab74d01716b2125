//! What only a driver can hold: approvals, unknown outcomes, faults, budgets.

use crate::world::{call, events, shape};
use attache::engine::{Review, ReviewError, RunError};
use attache::journal::{
    Actor, Decision, Digest, DraftCreated, Event, Fault, MemoryStore, Outcome, Reply, Retry, RunFilter, Usage,
};
use attache::models::{FunctionModel, Scripted};
use attache::planner::{INVALID_REPLY, ModelError};
use attache::tools::{Delivered, Nothing, Outbox, Outgoing, PortError, Unavailable};
use attache::{Attache, CallCx, Read, Tool, Write};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

fn draft(entries: &[attache::journal::Entry]) -> DraftCreated {
    match events(entries, "draft_created").next() {
        Some(Event::DraftCreated(draft)) => draft.clone(),
        _ => panic!("no draft in {:?}", shape(entries)),
    }
}

fn review(decision: Decision, digest: &Digest) -> Review {
    let digest = digest.clone();
    Review { by: "dana".into(), decision, digest, reason: None, subject: None, body: None }
}

#[tokio::test]
async fn an_approval_sends_exactly_what_was_shown_once() {
    let world = crate::world::offline();
    let shown = draft(&world.run("usage-gap.json").await);
    let engine = world.attache.engine();
    let report = engine.review(&shown.draft, review(Decision::Approve, &shown.digest)).await.unwrap();
    assert_eq!(report.ended.outcome, Outcome::Resolved);
    let outbox = world.outbox();
    assert_eq!(outbox.len(), 1);
    let mail = std::fs::read_to_string(world.data.path().join("outbox").join(&outbox[0])).unwrap();
    assert!(mail.contains(&format!("Subject: {}", shown.subject)), "{mail}");
    assert!(mail.contains(&shown.to), "{mail}");
    let again = engine.review(&shown.draft, review(Decision::Approve, &shown.digest)).await;
    assert!(matches!(again, Err(ReviewError::Decided(_))), "{again:?}");
    assert_eq!(world.outbox().len(), 1);
}

#[tokio::test]
async fn an_approval_of_something_else_is_refused() {
    let world = crate::world::offline();
    let shown = draft(&world.run("usage-gap.json").await);
    let other = Digest::of(&[b"another text"]);
    let refused = world.attache.engine().review(&shown.draft, review(Decision::Approve, &other)).await;
    assert!(matches!(refused, Err(ReviewError::Stale { .. })), "{refused:?}");
    assert!(world.outbox().is_empty());
}

#[tokio::test]
async fn an_edit_sends_the_new_text_and_a_rejection_nothing() {
    let world = crate::world::offline();
    let shown = draft(&world.run("usage-gap.json").await);
    let edited = Review { subject: Some("Another subject".into()), ..review(Decision::Edit, &shown.digest) };
    let report = world.attache.engine().review(&shown.draft, edited).await.unwrap();
    assert_eq!(report.ended.outcome, Outcome::Resolved);
    let mail = std::fs::read_to_string(world.data.path().join("outbox").join(&world.outbox()[0])).unwrap();
    assert!(mail.contains("Subject: Another subject"), "{mail}");

    let shown = draft(&world.run("pricing-three-times.json").await);
    let report = world.attache.engine().review(&shown.draft, review(Decision::Reject, &shown.digest)).await.unwrap();
    assert_eq!(report.ended.outcome, Outcome::Suppressed);
    assert_eq!(world.outbox().len(), 1);
}

#[tokio::test]
async fn of_two_reviewers_at_once_one_wins() {
    let world = crate::world::offline();
    let shown = draft(&world.run("usage-gap.json").await);
    let engine = world.attache.engine();
    let approve = || engine.review(&shown.draft, review(Decision::Approve, &shown.digest));
    let (a, b) = tokio::join!(approve(), approve());
    assert_eq!([&a, &b].iter().filter(|r| r.is_ok()).count(), 1, "{a:?} {b:?}");
    assert_eq!(world.outbox().len(), 1);
}

#[tokio::test]
async fn policy_decides_anew_before_an_approved_text_leaves() {
    // The fourth outreach of a week is one too many, although a person approved it.
    let world = crate::world::offline();
    let mut drafts = Vec::new();
    for _ in 0..4 {
        drafts.push(draft(&world.run("usage-gap.json").await));
    }
    let mut outcomes = Vec::new();
    for shown in drafts {
        let report =
            world.attache.engine().review(&shown.draft, review(Decision::Approve, &shown.digest)).await.unwrap();
        outcomes.push(report.ended.outcome);
    }
    assert_eq!(outcomes[..3], [Outcome::Resolved; 3]);
    assert_eq!(outcomes[3], Outcome::Suppressed);
    assert_eq!(world.outbox().len(), 3);
}

/// Books a visit; the other side does not honour keys.
struct BookVisit {
    calls: Arc<AtomicU32>,
}

#[derive(Deserialize, JsonSchema, Serialize)]
struct Visit {
    day: String,
}

impl Tool for BookVisit {
    const NAME: &'static str = "book_visit";
    type Effect = Write;
    type Input = Visit;
    type Output = String;
    type Error = Unavailable;

    fn description(&self) -> std::borrow::Cow<'static, str> {
        "Books a visit.".into()
    }

    async fn call(&self, input: Visit, _: CallCx<'_, Write>) -> Result<String, Unavailable> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        Ok(format!("booked for {}", input.day))
    }
}

const PERMIT_VISITS: &str = r#"
@id("visits") @reason("visits may be booked")
permit (principal, action == Attache::Action::"book_visit", resource);
"#;

fn playbook_with(tool: &str) -> String {
    attache::planner::Playbooks::shipped()["support.toml"].replace("\"reply\",", &format!("\"reply\", \"{tool}\","))
}

#[tokio::test]
async fn a_write_that_rules_do_not_know_waits_for_a_person() {
    let calls = Arc::new(AtomicU32::new(0));
    let data = tempfile::tempdir().unwrap();
    let attache = crate::world::builder(data.path())
        .tool(BookVisit { calls: calls.clone() })
        .policy("visits.dw", PERMIT_VISITS)
        .playbook("support.toml", playbook_with("book_visit"))
        .model(Arc::new(Scripted::replies([call("book_visit", r#"{"day":"Monday"}"#)])))
        .build()
        .unwrap();
    let report = attache.run(crate::world::bundle("tier1-question.json"), None).await.unwrap();
    assert_eq!(report.ended.outcome, Outcome::Drafted);
    assert_eq!(calls.load(Ordering::SeqCst), 0);
    let shown = draft(&attache.entries(&report.run).await.unwrap());
    let report = attache.engine().review(&shown.draft, review(Decision::Approve, &shown.digest)).await.unwrap();
    assert_eq!(report.ended.outcome, Outcome::Resolved);
    assert_eq!(calls.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn an_unknown_outcome_goes_to_a_person() {
    // The process stops between the intent and the result of a write: the
    // journal is cut there, and another engine resumes from it.
    let calls = Arc::new(AtomicU32::new(0));
    let make = |store: Arc<MemoryStore>| {
        Attache::builder()
            .store(store)
            .tool(BookVisit { calls: calls.clone() })
            .policy("visits.dw", PERMIT_VISITS)
            .playbook("support.toml", playbook_with("book_visit"))
            .model(Arc::new(Scripted::replies([call("book_visit", r#"{"day":"Monday"}"#)])))
            .build()
            .unwrap()
    };
    let first = make(Arc::new(MemoryStore::new()));
    let report = first.run(crate::world::bundle("tier1-question.json"), None).await.unwrap();
    let shown = draft(&first.entries(&report.run).await.unwrap());
    first.engine().review(&shown.draft, review(Decision::Approve, &shown.digest)).await.unwrap();
    let entries = first.entries(&report.run).await.unwrap();
    let intent = entries.iter().position(|entry| matches!(entry.event, Some(Event::ToolCalled(_)))).unwrap();

    let cut = Arc::new(MemoryStore::new());
    crate::world::copy(&entries[..=intent], &*cut).await;
    let second = make(cut);
    let resumed = second.engine().resume(&report.run).await.unwrap();
    assert_eq!(resumed.ended.outcome, Outcome::Escalated);
    assert_eq!(resumed.ended.reason_code.as_deref(), Some("unknown_outcome"));
    assert_eq!(calls.load(Ordering::SeqCst), 1, "not called again");
}

/// Answers at the third try.
struct Flaky {
    tries: AtomicU32,
}

impl Tool for Flaky {
    const NAME: &'static str = "flaky";
    type Effect = Read;
    type Input = Visit;
    type Output = String;
    type Error = Unavailable;

    fn description(&self) -> std::borrow::Cow<'static, str> {
        "Answers at the third try.".into()
    }

    async fn call(&self, _: Visit, _: CallCx<'_, Read>) -> Result<String, Unavailable> {
        if self.tries.fetch_add(1, Ordering::SeqCst) < 2 {
            return Err(Unavailable { what: "the line", retry: Retry::Safe, source: "busy".into() });
        }
        Ok("there".into())
    }
}

#[tokio::test]
async fn a_transient_fault_is_tried_again_and_recorded_once() {
    let data = tempfile::tempdir().unwrap();
    let attache = crate::world::builder(data.path())
        .tool(Flaky { tries: AtomicU32::new(0) })
        .playbook("support.toml", playbook_with("flaky"))
        .model(Arc::new(Scripted::replies([
            call("flaky", r#"{"day":"Monday"}"#),
            call("escalate_to_human", r#"{"reason":"done","next_step":""}"#),
        ])))
        .build()
        .unwrap();
    let report = attache.run(crate::world::bundle("tier1-question.json"), None).await.unwrap();
    let entries = attache.entries(&report.run).await.unwrap();
    let Some(Event::ToolReturned(returned)) = events(&entries, "tool_returned").next() else { panic!() };
    assert_eq!((returned.attempts, returned.fault.as_ref()), (3, None));
}

/// Breaks down.
struct Broken;

impl Tool for Broken {
    const NAME: &'static str = "broken";
    type Effect = Read;
    type Input = Visit;
    type Output = String;
    type Error = Unavailable;

    fn description(&self) -> std::borrow::Cow<'static, str> {
        "Breaks down.".into()
    }

    async fn call(&self, _: Visit, _: CallCx<'_, Read>) -> Result<String, Unavailable> {
        panic!("as it must")
    }
}

#[tokio::test]
async fn a_tool_that_panics_is_a_fault_and_the_run_goes_on() {
    let data = tempfile::tempdir().unwrap();
    let attache = crate::world::builder(data.path())
        .tool(Broken)
        .playbook("support.toml", playbook_with("broken"))
        .model(Arc::new(Scripted::replies([
            call("broken", r#"{"day":"Monday"}"#),
            call("escalate_to_human", r#"{"reason":"tool_broken","next_step":""}"#),
        ])))
        .build()
        .unwrap();
    let report = attache.run(crate::world::bundle("tier1-question.json"), None).await.unwrap();
    assert_eq!(report.ended.outcome, Outcome::Escalated);
    assert_eq!(report.ended.reason_code.as_deref(), Some("tool_broken"));
}

fn no_reply(code: &str, retry: Retry) -> ModelError {
    ModelError {
        model: "scripted".into(),
        fault: Fault { code: code.into(), retry, feedback: "nothing came".into() },
        message: "nothing came".into(),
        usage: Usage::default(),
    }
}

#[tokio::test]
async fn a_model_that_is_not_there_leaves_a_run_that_resumes() {
    let world = crate::world::with_model(Arc::new(Scripted::new([
        Err(no_reply("unavailable", Retry::Safe)),
        Ok(call("escalate_to_human", r#"{"reason":"no_answer","next_step":""}"#)),
    ])));
    let stopped = world.attache.run(crate::world::bundle("tier1-question.json"), None).await;
    let Err(RunError::Unavailable { run, .. }) = stopped else { panic!("{stopped:?}") };
    let unfinished = RunFilter { unfinished: true, ..RunFilter::default() };
    assert_eq!(world.attache.store().runs(&unfinished).await.unwrap().len(), 1);
    let report = world.attache.engine().resume(&run).await.unwrap();
    assert_eq!(report.ended.outcome, Outcome::Escalated);
    assert!(world.attache.store().runs(&unfinished).await.unwrap().is_empty());
}

#[tokio::test]
async fn what_is_no_answer_is_fed_back_twice_and_then_a_person_takes_over() {
    let text = || Reply { text: Some("I would say yes.".into()), calls: Vec::new() };
    let faults: [(&str, Vec<Result<Reply, ModelError>>); 5] = [
        ("no call", vec![Ok(text()), Ok(text()), Ok(text())]),
        ("no tool", (0..3).map(|i| Ok(call(&format!("tool_{i}"), "{}"))).collect()),
        ("off schema", (0..3).map(|i| Ok(call("kb_search", &format!(r#"{{"query":{i}}}"#)))).collect()),
        (
            "too many",
            (0..3)
                .map(|_| Ok(Reply { text: None, calls: vec![call("kb_search", "{}").calls[0].clone(); 10_000] }))
                .collect(),
        ),
        ("garbage", (0..3).map(|_| Err(no_reply(INVALID_REPLY, Retry::Never))).collect()),
    ];
    for (name, replies) in faults {
        let model = Arc::new(Scripted::new(replies));
        let world = crate::world::with_model(model.clone());
        let entries = world.run("tier1-question.json").await;
        let Some(Some(Event::RunEnded(ended))) = entries.last().map(|entry| &entry.event) else { panic!("{name}") };
        assert_eq!(ended.outcome, Outcome::Escalated, "{name}");
        assert_eq!(ended.reason_code.as_deref(), Some("model_faults"), "{name}");
        assert_eq!(model.left(), 0, "{name}: all three replies were asked for");
        assert!(ended.reply.is_some(), "{name}: the customer is told");
    }
}

#[tokio::test]
async fn the_actor_of_each_entry_is_named() {
    let world = crate::world::offline();
    let shown = draft(&world.run("usage-gap.json").await);
    let report = world.attache.engine().review(&shown.draft, review(Decision::Approve, &shown.digest)).await.unwrap();
    let entries = world.attache.entries(&report.run).await.unwrap();
    let by =
        |kind: &str| entries.iter().find(|entry| entry.event.as_ref().unwrap().kind() == kind).unwrap().actor.clone();
    assert_eq!(by("review_decided"), Actor::Human("dana".into()));
    assert_eq!(by("model_called"), Actor::Agent("onboarding".into()));
    assert_eq!(by("policy_decided"), Actor::System);
}

#[tokio::test]
async fn a_run_that_goes_in_circles_is_stopped() {
    let model = FunctionModel::new("circle", {
        let turn = AtomicU32::new(0);
        move |_: &attache::planner::ModelRequest<'_>| {
            let i = turn.fetch_add(1, Ordering::SeqCst);
            Ok(call("kb_search", &format!(r#"{{"query":"page {i}"}}"#)))
        }
    });
    let world = crate::world::with_model(Arc::new(model));
    let entries = world.run("tier1-question.json").await;
    let Some(Some(Event::RunEnded(ended))) = entries.last().map(|entry| &entry.event) else { panic!() };
    assert_eq!(ended.reason_code.as_deref(), Some("budget_exhausted"));
}

#[tokio::test]
async fn a_run_that_is_cut_at_any_entry_resumes_to_the_same_end() {
    for name in ["angry-ticket.json", "tier1-question.json", "usage-gap.json", "first-visit-headline.json"] {
        let whole = crate::world::offline();
        let entries = whole.run(name).await;
        let Some(Some(Event::RunEnded(expected))) = entries.last().map(|entry| entry.event.clone()) else {
            panic!("{name}")
        };
        for kept in 1..entries.len() {
            let data = tempfile::tempdir().unwrap();
            let run = entries[0].run.clone();
            let store = Arc::new(MemoryStore::new());
            crate::world::copy(&entries[..kept], &*store).await;
            let attache = crate::world::builder(data.path()).store(store).build().unwrap();
            let report = attache.engine().resume(&run).await.unwrap();
            let came = (report.ended.outcome, report.ended.reason_code.clone(), report.ended.reply.clone());
            let told = (expected.outcome, expected.reason_code.clone(), expected.reply.clone());
            assert_eq!(came, told, "{name} cut after entry {}", kept - 1);
            let sent = attache.entries(&run).await.unwrap();
            assert_eq!(
                events(&sent, "message_sent").count(),
                events(&entries, "message_sent").count(),
                "{name} {kept}"
            );
        }
    }
}

#[tokio::test]
async fn what_a_redact_rule_names_is_taken_out_and_decided_on_again() {
    const NO_ADDRESSES: &str = r#"
@id("no_addresses") @verdict("redact") @reason("no other addresses in answers")
forbid (principal, action == Attache::Action::"reply", resource)
when { context.text.pii.contains("email") };
"#;
    let data = tempfile::tempdir().unwrap();
    // An address that stands in evidence: an invented one is denied before anything is taken out.
    let answer = r#"{"text":"Write to owen@grindlebeck.example. The columns are name and site.","cite":["import-assets-csv#33-270"]}"#;
    let attache = crate::world::builder(data.path())
        .policy("mine.dw", NO_ADDRESSES)
        .model(Arc::new(Scripted::replies([
            call("kb_search", r#"{"query":"import assets from a CSV file columns required"}"#),
            call("reply", answer),
        ])))
        .build()
        .unwrap();
    let report = attache.run(crate::world::bundle("tier1-question.json"), None).await.unwrap();
    assert_eq!(report.ended.outcome, Outcome::Resolved);
    let reply = report.ended.reply.unwrap();
    assert!(!reply.contains("grindlebeck.example") && reply.contains("[email removed]"), "{reply}");
    let entries = attache.entries(&report.run).await.unwrap();
    let verdicts: Vec<_> = events(&entries, "policy_decided")
        .filter_map(|event| match event {
            Event::PolicyDecided(decided) if decided.action == "reply" => Some(decided.verdict),
            _ => None,
        })
        .collect();
    assert_eq!(verdicts, [attache::Verdict::Redact, attache::Verdict::Allow]);
}

#[tokio::test]
async fn an_edit_that_cannot_be_made_or_sent_leaves_the_draft_as_it_was() {
    let world = crate::world::offline();
    let shown = draft(&world.run("usage-gap.json").await);
    let engine = world.attache.engine();
    let card = Review { body: Some("Your card 4111 1111 1111 1111.".into()), ..review(Decision::Edit, &shown.digest) };
    let refused = engine.review(&shown.draft, card).await;
    assert!(matches!(refused, Err(ReviewError::Denied(_))), "{refused:?}");
    let nobody = Review { by: " ".into(), ..review(Decision::Approve, &shown.digest) };
    assert!(matches!(engine.review(&shown.draft, nobody).await, Err(ReviewError::Name)));
    engine.review(&shown.draft, review(Decision::Approve, &shown.digest)).await.unwrap();
    assert_eq!(world.outbox().len(), 1, "the draft was still there to approve");
}

#[tokio::test]
async fn a_draft_of_a_plain_write_cannot_be_edited_past_its_input() {
    let data = tempfile::tempdir().unwrap();
    let attache = crate::world::builder(data.path())
        .tool(BookVisit { calls: Arc::default() })
        .policy("visits.dw", PERMIT_VISITS)
        .playbook("support.toml", playbook_with("book_visit"))
        .model(Arc::new(Scripted::replies([call("book_visit", r#"{"day":"Monday"}"#)])))
        .build()
        .unwrap();
    let report = attache.run(crate::world::bundle("tier1-question.json"), None).await.unwrap();
    let shown = draft(&attache.entries(&report.run).await.unwrap());
    let edit = Review { body: Some(r#"{"day":"Friday"}"#.into()), ..review(Decision::Edit, &shown.digest) };
    let refused = attache.engine().review(&shown.draft, edit).await;
    assert!(matches!(refused, Err(ReviewError::Fixed("body"))), "{refused:?}");
}

/// Sends, and its answer does not come back the first three times.
#[derive(Default)]
struct Mumbling {
    tries: AtomicU32,
    sent: std::sync::Mutex<std::collections::BTreeSet<Digest>>,
}

#[async_trait::async_trait]
impl Outbox for Mumbling {
    async fn deliver(&self, message: &Outgoing, key: &Digest) -> Result<Delivered, PortError> {
        self.sent.lock().unwrap().insert(key.clone());
        if self.tries.fetch_add(1, Ordering::SeqCst) < 3 {
            return Err(PortError { message: "the line broke".into(), retry: Retry::Safe });
        }
        Nothing.deliver(message, key).await
    }

    async fn forget(&self, key: &Digest) -> Result<bool, PortError> {
        Ok(self.sent.lock().unwrap().remove(key))
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_may_have_left_is_not_written_anew() {
    let outbox = Arc::new(Mumbling::default());
    let answer = |text: &str| call("reply", &format!(r#"{{"text":"{text}","cite":["import-assets-csv#33-270"]}}"#));
    let model = Arc::new(Scripted::replies([
        call("kb_search", r#"{"query":"import assets from a CSV file columns required"}"#),
        answer("The columns are name and site."),
        answer("Name and site are the columns."),
    ]));
    let data = tempfile::tempdir().unwrap();
    let attache = crate::world::builder(data.path()).outbox(outbox.clone()).model(model.clone()).build().unwrap();
    let stopped = attache.run(crate::world::bundle("tier1-question.json"), None).await;
    let Err(RunError::Unavailable { run, .. }) = stopped else { panic!("{stopped:?}") };
    let report = attache.engine().resume(&run).await.unwrap();
    assert_eq!(report.ended.outcome, Outcome::Resolved);
    assert_eq!(outbox.sent.lock().unwrap().len(), 1, "one key, so one message");
    assert_eq!(model.left(), 1, "the model was not asked for another text");
}

#[tokio::test]
async fn an_approved_text_waits_for_an_outbox_that_is_not_there() {
    let world = crate::world::offline();
    let shown = draft(&world.run("usage-gap.json").await);
    // A file where the folder should be.
    let outbox = world.data.path().join("outbox");
    std::fs::write(&outbox, b"").unwrap();
    let stopped = world.attache.engine().review(&shown.draft, review(Decision::Approve, &shown.digest)).await;
    let Err(ReviewError::Run(RunError::Unavailable { run, .. })) = stopped else { panic!("{stopped:?}") };
    std::fs::remove_file(&outbox).unwrap();
    let report = world.attache.engine().resume(&run).await.unwrap();
    assert_eq!(report.ended.outcome, Outcome::Resolved);
    assert_eq!(world.outbox().len(), 1);
}

#[tokio::test]
async fn a_consent_that_was_taken_back_marks_and_stops_what_waits() {
    let world = crate::world::offline();
    let engine = world.attache.engine();
    let asked = crate::world::bundle("usage-gap.json");
    let shown = draft(&world.run_bundle(asked.clone()).await);
    assert_eq!(engine.obstacles(&shown.draft).await.unwrap(), Vec::<String>::new());

    // The next thing that is heard of this customer says no.
    let mut since = (*asked).clone();
    since.consent.profiling = false;
    world.run_bundle(Arc::new(since)).await;
    let obstacles = engine.obstacles(&shown.draft).await.unwrap();
    assert!(obstacles.iter().any(|reason| reason.contains("did not agree")), "{obstacles:?}");

    let report = engine.review(&shown.draft, review(Decision::Approve, &shown.digest)).await.unwrap();
    assert_eq!(report.ended.outcome, Outcome::Suppressed);
    assert_eq!(report.ended.reason_code.as_deref(), Some("profiling_consent"));
    assert!(world.outbox().is_empty());
    // The record says by itself why: it replays to the same end.
    let entries = world.attache.entries(&report.run).await.unwrap();
    let decided = entries.iter().find_map(|entry| match &entry.event {
        Some(Event::ReviewDecided(decided)) => decided.consent,
        _ => None,
    });
    assert_eq!(decided.map(|consent| consent.profiling), Some(false));
}
