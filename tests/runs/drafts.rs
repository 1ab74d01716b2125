//! The draft check: what of a text is found, what policy makes of it, and that
//! the model has exactly one chance to write it anew.

use crate::world::{World, builder, bundle, call, events, shape};
use async_trait::async_trait;
use attache::Bundle;
use attache::context::CustomerId;
use attache::engine::{Review, ReviewError};
use attache::journal::{
    Decision, DraftCreated, Entry, Event, Evidence, Finding, Outcome, Permission, PolicyDecided, Reply, RunEnded,
    Verdict,
};
use attache::models::Scripted;
use attache::tools::{Crm, CrmRecord, PortError};
use serde_json::json;
use std::sync::Arc;

fn ended(entries: &[Entry]) -> &RunEnded {
    match events(entries, "run_ended").last() {
        Some(Event::RunEnded(ended)) => ended,
        _ => panic!("{:?}", shape(entries)),
    }
}

fn decided<'a>(entries: &'a [Entry], action: &str) -> Vec<&'a PolicyDecided> {
    let decided = events(entries, "policy_decided").filter_map(|event| match event {
        Event::PolicyDecided(decided) if decided.action == action => Some(decided),
        _ => None,
    });
    decided.collect()
}

fn mail(body: &str) -> Reply {
    call("draft_email", &json!({ "subject": "Your inspections", "body": body, "cite": [] }).to_string())
}

fn answer(text: &str) -> Reply {
    call("reply", &json!({ "text": text, "cite": ["import-assets-csv#33-270"] }).to_string())
}

fn search() -> Reply {
    call("kb_search", r#"{"query":"import assets from a CSV file columns required"}"#)
}

/// The words that a finding points at.
fn pointed(text: &str, finding: &Finding) -> String {
    text.chars().skip(finding.start).take(finding.end - finding.start).collect()
}

#[tokio::test]
async fn a_draft_that_claims_without_a_source_shows_the_reviewer_where() {
    let body = "Hello Bruno,\n\ninspections travel by courier pigeon every morning. Our plan has inspections.";
    let world = crate::world::with_model(Arc::new(Scripted::replies([mail(body)])));
    let entries = world.run("usage-gap.json").await;
    assert_eq!(ended(&entries).outcome, Outcome::Drafted, "{:?}", shape(&entries));
    let verdicts = decided(&entries, "draft_email");
    assert!(verdicts[0].policies.contains(&"claim_without_source".to_owned()), "{:?}", verdicts[0]);
    let draft = draft(&entries);
    let text = format!("{}\n{}", draft.subject, draft.body);
    let places: Vec<_> = verdicts[0].findings.iter().map(|finding| pointed(&text, finding)).collect();
    assert!(places.iter().any(|place| place.contains("pigeon")), "{places:?}");
    // Each sentence says what it rests on; this one on nothing.
    let pigeon = draft.support.iter().find(|support| {
        let sentence: String = text.chars().skip(support.start).take(support.end - support.start).collect();
        sentence.contains("pigeon")
    });
    assert_eq!(pigeon.unwrap().evidence, []);
}

fn draft(entries: &[Entry]) -> DraftCreated {
    match events(entries, "draft_created").next() {
        Some(Event::DraftCreated(draft)) => draft.clone(),
        _ => panic!("no draft in {:?}", shape(entries)),
    }
}

#[tokio::test]
async fn a_first_text_without_its_disclosure_does_not_leave() {
    // A company whose words for it say nothing.
    let mut first = (*bundle("tier1-question.json")).clone();
    first.contextual.retain(|fact| fact.key != "contact.last_at");
    let data = tempfile::tempdir().unwrap();
    let attache = builder(data.path())
        .prompt("customer/disclosure.tera", "Kind regards.")
        .model(Arc::new(Scripted::replies([search(), answer("A CSV file needs the columns name and site.")])))
        .build()
        .unwrap();
    let world = World { attache, data };
    let entries = world.run_bundle(Arc::new(first)).await;
    let verdicts = decided(&entries, "reply");
    assert_eq!(
        (verdicts[0].verdict, verdicts[0].policies.as_slice()),
        (Verdict::Deny, &["ai_disclosure".to_owned()][..])
    );

    // A reviewer who takes it out of a mail.
    let mut first = (*bundle("usage-gap.json")).clone();
    first.contextual.retain(|fact| fact.key != "contact.last_at");
    let world = crate::world::offline();
    let shown = draft(&world.run_bundle(Arc::new(first)).await);
    assert!(shown.body.contains("AI assistant"), "{}", shown.body);
    let review = |body: &str| Review {
        by: "dana".into(),
        decision: Decision::Edit,
        digest: shown.digest.clone(),
        reason: None,
        subject: None,
        body: Some(body.to_owned()),
    };
    let engine = world.attache.engine();
    let refused = engine.review(&shown.draft, review("Hello Bruno, shall we talk?")).await;
    assert!(matches!(&refused, Err(ReviewError::Denied(why)) if why.contains("an AI wrote it")), "{refused:?}");
    assert!(world.outbox().is_empty());
    engine.review(&shown.draft, review("Hello Bruno, shall we talk? An AI wrote this.")).await.unwrap();
    assert_eq!(world.outbox().len(), 1);
}

/// A CRM that knows more than any bundle, and is careless with whose it is.
struct Knowing;

#[async_trait]
impl Crm for Knowing {
    async fn record(&self, customer: &CustomerId) -> Result<Option<CrmRecord>, PortError> {
        let record = json!({
            "customer": {
                "id": customer, "name": "Xiadani Qulqi", "emails": ["private-box@qulqi.example"],
                "phones": ["+49 171 7654321"], "owner": "Zebedee Umbrasol", "health_remark": "broken ankle since June"
            },
            "company": { "id": "com_9", "name": "Yelmo Grotz", "plan": "plant", "internal_tier": "walrus ninety" },
            "deals": [],
            "tickets": [
                { "id": "t1", "customer": customer, "subject": "Call with Xiadani Qulqi", "status": "open",
                  "sentiment": "livid and leaving", "created_at": "2026-11-01T09:00:00Z" },
                { "id": "t2", "customer": "cus_1001", "subject": "strangers matter", "status": "open",
                  "created_at": "2026-11-01T09:00:00Z" }
            ]
        });
        Ok(serde_json::from_value(record).ok())
    }
}

fn knowing(replies: impl IntoIterator<Item = Reply>) -> (World, Arc<Scripted>) {
    let data = tempfile::tempdir().unwrap();
    let model = Arc::new(Scripted::replies(replies));
    let attache = builder(data.path()).crm(Arc::new(Knowing)).model(model.clone()).build().unwrap();
    (World { attache, data }, model)
}

/// The bytes of the last request, which has all the others in it.
fn read(model: &Scripted) -> String {
    serde_json::to_string(&model.seen().last().unwrap().transcript).unwrap()
}

fn lookup() -> Reply {
    call("crm_lookup", r#"{"deals":true,"tickets":true}"#)
}

#[tokio::test]
async fn what_only_the_crm_knows_of_a_person_leaves_as_a_placeholder_and_comes_back() {
    let text = r#"{"text":"<person_2> <person_3>: A CSV file needs the columns name and site.","cite":["import-assets-csv#33-270"]}"#;
    let (world, model) = knowing([lookup(), search(), call("reply", text)]);
    let entries = world.run("tier1-question.json").await;
    let bytes = read(&model);
    for value in ["Xiadani", "Qulqi", "qulqi.example", "7654321", "Zebedee", "Umbrasol", "Yelmo Grotz"] {
        assert!(!bytes.contains(value), "{value} was sent: {bytes}");
    }
    assert!(bytes.contains("Call with <person_"), "the same person in another text is the same: {bytes}");
    let Some(Event::PolicyDecided(reply)) =
        events(&entries, "policy_decided").find(|e| matches!(e, Event::PolicyDecided(d) if d.action == "reply"))
    else {
        panic!("{:?}", shape(&entries))
    };
    // Restored here: it is the text of the run, not the placeholders, that is decided on and leaves.
    assert_eq!(reply.verdict, Verdict::Allow, "{reply:?}");
    let said = ended(&entries).reply.clone().unwrap();
    assert!(said.contains("Xiadani Qulqi") && !said.contains('<'), "{said}");
}

#[tokio::test]
async fn what_only_the_crm_knows_and_nobody_may_say_is_neither_sent_nor_said() {
    let (world, model) =
        knowing([lookup(), mail("Hello, your tier walrus-ninety is great."), mail("You are livid and leaving!")]);
    let entries = world.run("usage-gap.json").await;
    let bytes = read(&model);
    // Undeclared columns reach no model, and another customer's rows nobody.
    for hidden in ["broken ankle", "health_remark", "internal_tier\":\"walrus", "strangers matter"] {
        assert!(!bytes.replace("\\", "").contains(hidden), "{hidden} was sent");
    }
    assert!(!serde_json::to_string(&entries).unwrap().contains("strangers matter"));
    let verdicts = decided(&entries, "draft_email");
    let keys: Vec<&str> = verdicts
        .iter()
        .flat_map(|verdict| verdict.findings.iter().filter(|f| f.guard == "unsayable").map(|f| f.what.as_str()))
        .collect();
    assert_eq!(keys, ["crm_lookup.company.internal_tier", "crm_lookup.tickets.sentiment"], "{verdicts:?}");
    assert_eq!(ended(&entries).outcome, Outcome::Escalated);
    assert_eq!(events(&entries, "draft_created").count(), 0);
    // The journal says what may be done with each value.
    let Some(Event::ToolReturned(returned)) = events(&entries, "tool_returned").next() else { panic!() };
    let permission = |key: &str| returned.facts.iter().find(|fact| fact.key == key).map(|fact| fact.permission);
    assert_eq!(permission("crm_lookup.customer.health_remark"), Some(Permission::Hidden));
    assert_eq!(permission("crm_lookup.tickets.sentiment"), Some(Permission::Usable));
    assert_eq!(permission("crm_lookup.company.plan"), Some(Permission::Mentionable));
}

#[tokio::test]
async fn a_company_says_by_rule_what_a_column_is_for_and_a_sentence_rests_on_it() {
    let rule = r#"
@id("tier_is_known") @reason("the customer chose their tier")
permit (principal, action == Attache::Action::"see", resource)
when { resource.key == "crm_lookup.company.internal_tier" };
"#;
    let data = tempfile::tempdir().unwrap();
    let model = Arc::new(Scripted::replies([lookup(), mail("Your internal tier is walrus ninety.")]));
    let attache =
        builder(data.path()).crm(Arc::new(Knowing)).policy("tier.dw", rule).model(model.clone()).build().unwrap();
    let world = World { attache, data };
    let entries = world.run("usage-gap.json").await;
    assert!(read(&model).contains("walrus ninety"));
    let draft = draft(&entries);
    let tier = Evidence::Fact { key: "crm_lookup.company.internal_tier".into(), permission: Permission::Mentionable };
    assert!(draft.evidence.contains(&tier), "{:?}", draft.evidence);
    assert!(draft.support.iter().any(|support| support.evidence.contains(&tier)), "{:?}", draft.support);
}

#[tokio::test]
async fn a_run_that_learned_replays_to_the_same_decisions_and_another_rule_is_a_difference() {
    let (world, _) = knowing([lookup(), mail("Hello, your tier walrus-ninety is great."), mail("You are livid!")]);
    let entries = world.run("usage-gap.json").await;
    let engine = world.attache.engine();
    let again = |policy: &attache::policies::PolicySet| {
        let program = engine.program_of(&entries).unwrap();
        let mut run = attache::planner::Run::new(entries[0].run.clone(), program);
        attache::planner::what_if(&mut run, policy, &entries).flips.len()
    };
    assert_eq!(again(world.attache.policy()), 0);
    let mut files = attache::policies::PolicySet::shipped();
    files.push(attache::policies::PolicyFile::new(
        "tier.dw",
        "@id(\"tier\") permit (principal, action == Attache::Action::\"see\", resource) \
         when { resource.key == \"crm_lookup.company.internal_tier\" };",
    ));
    let actions = attache::planner::actions(world.attache.registry());
    assert!(again(&attache::policies::PolicySet::load(&files, &actions).unwrap()) > 0);
}

#[tokio::test]
async fn a_consent_taken_back_marks_every_draft_that_used_it() {
    let world = crate::world::offline();
    let mut used = Vec::new();
    for _ in 0..2 {
        used.push(draft(&world.run("usage-gap.json").await));
    }
    let other = draft(&world.run("pricing-three-times.json").await);
    let engine = world.attache.engine();
    for shown in &used {
        assert_eq!(engine.obstacles(&shown.draft).await.unwrap(), Vec::<String>::new());
    }
    let mut back: Bundle = (*bundle("usage-gap.json")).clone();
    back.consent.profiling = false;
    world.run_bundle(Arc::new(back)).await;
    for shown in &used {
        let reasons = engine.obstacles(&shown.draft).await.unwrap();
        assert!(reasons.iter().any(|reason| reason.contains("did not agree")), "{reasons:?}");
        let review = Review {
            by: "dana".into(),
            decision: Decision::Approve,
            digest: shown.digest.clone(),
            reason: None,
            subject: None,
            body: None,
        };
        assert_eq!(engine.review(&shown.draft, review).await.unwrap().ended.outcome, Outcome::Suppressed);
    }
    // Somebody else's consent is their own.
    assert_eq!(engine.obstacles(&other.draft).await.unwrap(), Vec::<String>::new());
    assert!(world.outbox().is_empty());
}
