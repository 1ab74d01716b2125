//! Whatever policy denies of a text: the model is told why once, its better text
//! goes, and a second bad one is a person's.

use crate::world::{World, builder, bundle, call, events, shape};
use attache::Bundle;
use attache::context::{CustomerId, Fact, Trigger};
use attache::journal::{CallRequest, Entry, Event, Finding, Outcome, PolicyDecided, Reply, RunEnded, Verdict};
use attache::kb::{Document, Kb};
use attache::models::FunctionModel;
use attache::tools::{About, Readers};
use serde_json::json;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

/// What is wrong with a text: the words, the rule that denies them, the guard
/// that points, and what it calls what it points at.
const BAD: [(&str, &str, &str, &str); 14] = [
    ("Your score of 8,123 is high.", "unsayable_fact", "unsayable", "lead.score"),
    ("It takes 4,417 rows.", "unfounded_specific", "unfounded", "number"),
    ("The import costs 349 euros.", "unfounded_specific", "unfounded", "price"),
    ("It comes on 4 March 2031.", "unfounded_specific", "unfounded", "date"),
    ("See https://elsewhere.example/limits for that.", "unfounded_specific", "unfounded", "url"),
    ("Write to jane.malory@rival.example for that.", "unfounded_specific", "unfounded", "email"),
    ("Call +1 415 555 2671 for that.", "unfounded_specific", "unfounded", "identifier"),
    ("My colleague James Caldwell has it.", "unfounded_specific", "unfounded", "name"),
    ("We will refund you.", "unfounded_specific", "unfounded", "promise"),
    ("Ask <person_9> for that.", "invented_placeholder", "unfounded", "placeholder"),
    ("Write to jane.malory@rival.example for that.", "others_data", "foreign", "email"),
    ("Call +1 415 555 2671 for that.", "others_data", "foreign", "identifier"),
    ("My colleague James Caldwell has it.", "others_data", "foreign", "name"),
    ("We told cus_1001 the same.", "others_data", "foreign", "customer"),
];

const ANSWER: &str = "A CSV file needs the columns name and site.";
const MAIL: &str = "Hello,\n\nshall we look at this together?";

/// A tool that writes to the customer, and how a good text by it ends.
struct Way {
    tool: &'static str,
    bundle: &'static str,
    subject: &'static str,
    good: &'static str,
    cite: &'static [&'static str],
    ends: Outcome,
}

const REPLY: Way = Way {
    tool: "reply",
    bundle: "tier1-question.json",
    subject: "Re: your message",
    good: ANSWER,
    cite: &["import-assets-csv#33-270"],
    ends: Outcome::Resolved,
};

const EMAIL: Way = Way {
    tool: "draft_email",
    bundle: "usage-gap.json",
    subject: "Your account",
    good: MAIL,
    cite: &[],
    ends: Outcome::Drafted,
};

impl Way {
    fn says(&self, text: &str) -> Reply {
        self.cites(text, self.cite)
    }

    fn cites(&self, text: &str, cite: &[&str]) -> Reply {
        let input = match self.tool {
            "reply" => json!({ "text": text, "cite": cite }),
            _ => json!({ "subject": self.subject, "body": text, "cite": cite }),
        };
        call(self.tool, &input.to_string())
    }
}

/// A company whose model says what is planned for it.
struct Planned {
    world: World,
    plan: Arc<Mutex<VecDeque<Reply>>>,
    runs: AtomicUsize,
}

fn planned(with: impl FnOnce(attache::Builder) -> attache::Builder) -> Planned {
    let plan: Arc<Mutex<VecDeque<Reply>>> = Arc::default();
    let says = plan.clone();
    let model = FunctionModel::new("planned", move |_| Ok(says.lock().unwrap().pop_front().unwrap()));
    let data = tempfile::tempdir().unwrap();
    let attache = with(builder(data.path())).model(Arc::new(model)).build().unwrap();
    Planned { world: World { attache, data }, plan, runs: AtomicUsize::new(0) }
}

impl Planned {
    /// The journal of a run in which the model says this, and how much of it was left unsaid.
    /// Each is somebody else's: nobody's history is in the way.
    async fn run(&self, bundle: &Bundle, says: Vec<Reply>) -> (Vec<Entry>, usize) {
        *self.plan.lock().unwrap() = says.into();
        let mut bundle = bundle.clone();
        let number = self.runs.fetch_add(1, Ordering::SeqCst);
        bundle.customer.id = CustomerId::new(format!("cus_{}", 9_000 + number)).unwrap();
        let entries = self.world.run_bundle(Arc::new(bundle)).await;
        (entries, self.plan.lock().unwrap().len())
    }

    /// Holds that a bad text of this way is denied by `rule`, told once, and then a
    /// person's; gives the findings of the first denial.
    async fn redrafts_once(
        &self,
        way: &Way,
        bundle: &Bundle,
        rule: &str,
        before: &[Reply],
        bad: [Reply; 2],
    ) -> Vec<Finding> {
        let [first, second] = bad;
        let good = way.says(way.good);
        let says = |texts: Vec<Reply>| before.iter().cloned().chain(texts).collect::<Vec<_>>();

        let (entries, left) = self.run(bundle, says(vec![first.clone(), good.clone()])).await;
        let verdicts = decided(&entries, way.tool);
        let (sent, told) = (verdicts.iter().map(|decided| decided.verdict).collect::<Vec<_>>(), told(&entries));
        assert!(matches!(sent[..], [Verdict::Deny, Verdict::Allow | Verdict::Review]), "{rule}: {verdicts:?}");
        assert!(verdicts[0].policies.iter().any(|fired| fired == rule), "{rule}: {:?}", verdicts[0]);
        assert_eq!(told, [verdicts[0].reasons.join("; ")], "{rule}");
        assert_eq!((ended(&entries).outcome, left), (way.ends, 0), "{rule}: {:?}", shape(&entries));
        let findings = verdicts[0].findings.clone();

        let (entries, left) = self.run(bundle, says(vec![first, second, good])).await;
        let verdicts = decided(&entries, way.tool);
        assert_eq!(verdicts.iter().map(|v| v.verdict).collect::<Vec<_>>(), [Verdict::Deny; 2], "{rule}: {verdicts:?}");
        assert!(verdicts[1].policies.iter().any(|fired| fired == rule), "{rule}: {:?}", verdicts[1]);
        // Told once, asked once more, and not again.
        assert_eq!((self::told(&entries).len(), left), (1, 1), "{rule}: {:?}", shape(&entries));
        assert_eq!(events(&entries, "model_called").count(), before.len() + 2, "{rule}");
        assert_eq!(ended(&entries).outcome, Outcome::Escalated, "{rule}: {:?}", shape(&entries));
        assert_eq!(events(&entries, "escalated").count(), 1, "{rule}");
        // Nothing of it was done.
        let did = events(&entries, "tool_called").any(|e| matches!(e, Event::ToolCalled(c) if c.tool == way.tool));
        assert!(!did && events(&entries, "draft_created").count() == 0, "{rule}: {:?}", shape(&entries));
        findings
    }
}

fn decided<'a>(entries: &'a [Entry], action: &str) -> Vec<&'a PolicyDecided> {
    let decided = events(entries, "policy_decided").filter_map(|event| match event {
        Event::PolicyDecided(decided) if decided.action == action => Some(decided),
        _ => None,
    });
    decided.collect()
}

/// The reasons that the model was told, by what it was sent.
fn told(entries: &[Entry]) -> Vec<String> {
    let sent = events(entries, "model_called").filter_map(|event| match event {
        Event::ModelCalled(called) => Some(&called.request),
        _ => None,
    });
    let texts = sent.flatten().map(|message| serde_json::to_value(message).unwrap());
    let denied = texts.filter_map(|message| {
        let content: serde_json::Value = serde_json::from_str(message["content"].as_str()?).ok()?;
        let reason = content["message"].as_str()?.strip_prefix("policy does not allow this: ")?;
        Some(reason.to_owned())
    });
    denied.collect()
}

fn ended(entries: &[Entry]) -> &RunEnded {
    match events(entries, "run_ended").last() {
        Some(Event::RunEnded(ended)) => ended,
        _ => panic!("{:?}", shape(entries)),
    }
}

fn search() -> Reply {
    call("kb_search", r#"{"query":"import assets from a CSV file columns required"}"#)
}

/// An example with one more fact that may steer and not be said.
fn scored(name: &str) -> Bundle {
    let mut bundle = (*bundle(name)).clone();
    let score = Fact { key: "lead.score".into(), value: 8_123.into(), ..bundle.intent[0].clone() };
    bundle.intent.push(score);
    bundle
}

#[tokio::test]
async fn whatever_a_guard_finds_is_written_anew_once_and_then_a_persons() {
    let planned = planned(|builder| builder);
    for way in [REPLY, EMAIL] {
        let bundle = scored(way.bundle);
        let before = if way.tool == "reply" { vec![search()] } else { Vec::new() };
        for (bad, rule, guard, what) in BAD {
            let texts = [format!("{}\n{bad}", way.good), format!("{}\nIndeed. {bad}", way.good)];
            let says = texts.each_ref().map(|text| way.says(text));
            let findings = planned.redrafts_once(&way, &bundle, rule, &before, says).await;
            let read: Vec<char> = format!("{}\n{}", way.subject, texts[0]).chars().collect();
            let found = |finding: &Finding| {
                let words: String = read[finding.start..finding.end].iter().collect();
                finding.guard == guard && finding.what == what && bad.contains(&words)
            };
            assert!(findings.iter().any(found), "{} {bad}: {findings:?}", way.tool);
        }
    }
}

#[tokio::test]
async fn an_answer_without_its_sources_is_written_anew_once_and_then_a_persons() {
    let planned = planned(|builder| builder);
    let (good, known) = (REPLY.good, scored(REPLY.bundle));
    let pigeon = "Spreadsheets from accounting travel by courier pigeon.";
    let long = |times: usize| format!("{good}\n").repeat(times);
    let asked = {
        let mut bundle = known.clone();
        let question = "Which columns does your file have?";
        let fact = Fact { key: "asked.columns".into(), value: question.into(), ..bundle.contextual[0].clone() };
        bundle.contextual.push(fact);
        bundle
    };
    let confused = {
        let mut bundle = known.clone();
        if let Trigger::Message { text, .. } = &mut bundle.trigger {
            "I am confused and do not understand how the import works. Which columns does a CSV file need?"
                .clone_into(text);
        }
        bundle
    };
    let again = |more: &str| REPLY.says(&format!("{good} {more}Which columns has your file?"));
    let rows = [
        (
            "reply_stands_in_sources",
            &known,
            [pigeon, "Indeed."].map(|more| REPLY.says(&format!("{good} {pigeon} {more}"))),
        ),
        ("reply_needs_source", &known, [good, "Use a CSV file."].map(|text| REPLY.cites(text, &[]))),
        ("cites_unread", &known, ["a#1-2", "b#1-2"].map(|id| REPLY.cites(good, &[REPLY.cite[0], id]))),
        ("same_question", &asked, ["", "Hello. "].map(again)),
        ("simpler_for_confused", &confused, [30, 31].map(|times| REPLY.says(&long(times)))),
    ];
    for (rule, bundle, says) in rows {
        planned.redrafts_once(&REPLY, bundle, rule, &[search()], says).await;
    }
}

#[tokio::test]
async fn two_bad_texts_of_one_reply_are_one_try() {
    let planned = planned(|builder| builder);
    let [refund, mail] = ["We will refund you.", "Write to jane.malory@rival.example for that."]
        .map(|bad| REPLY.says(&format!("{ANSWER}\n{bad}")));
    let mut both = refund;
    both.calls.extend(mail.calls.into_iter().map(|call| CallRequest { id: "second".into(), ..call }));
    let says = vec![search(), both.clone(), REPLY.says(ANSWER)];
    let (entries, left) = planned.run(&scored(REPLY.bundle), says).await;
    let verdicts: Vec<_> = decided(&entries, "reply").iter().map(|decided| decided.verdict).collect();
    assert_eq!(verdicts, [Verdict::Deny, Verdict::Deny, Verdict::Allow], "{:?}", shape(&entries));
    assert_eq!((told(&entries).len(), ended(&entries).outcome, left), (2, Outcome::Resolved, 0));
    // And no more than one.
    let (entries, _) = planned.run(&scored(REPLY.bundle), vec![search(), both.clone(), both]).await;
    assert_eq!(ended(&entries).outcome, Outcome::Escalated, "{:?}", shape(&entries));
}

#[tokio::test]
async fn a_first_text_without_disclosure_is_written_anew_once_and_then_a_persons() {
    // A company whose words for it say nothing: those of the model must.
    let planned = planned(|builder| builder.prompt("customer/disclosure.tera", "Kind regards."));
    for way in [REPLY, EMAIL] {
        let mut first = scored(way.bundle);
        first.contextual.retain(|fact| fact.key != "contact.last_at");
        let good = format!("{} An AI assistant wrote this.", way.good).leak();
        let before = if way.tool == "reply" { vec![search()] } else { Vec::new() };
        let bad = ["", " Indeed."].map(|more| way.says(&format!("{}{more}", way.good)));
        planned.redrafts_once(&Way { good, ..way }, &first, "ai_disclosure", &before, bad).await;
    }
}

#[tokio::test]
async fn what_is_written_after_reading_a_runbook_is_a_persons_after_two_tries() {
    let about = About { audience: Readers::Internal, ..About::default() };
    let text = "# Import assets\n\nA CSV file needs the columns name and site.\n".to_owned();
    let runbook = Kb::in_memory([Document { id: "runbook".into(), text, about, ..Document::default() }]).unwrap();
    let playbook = include_str!("../../agents/playbooks/purchase_handoff.toml")
        .replace("\"kb_search\"", "\"kb_search_internal\", \"draft_email\"");
    let planned =
        planned(|builder| builder.knowledge_base(Arc::new(runbook)).playbook("purchase_handoff.toml", playbook));
    let read = call("kb_search_internal", r#"{"query":"import assets CSV columns"}"#);
    let handoff = bundle("closed-won-handoff.json");
    let bad = ["", "Indeed, "].map(|more| EMAIL.says(&format!("{more}{MAIL}")));
    // Whatever it writes: what it has read stays read.
    let (entries, left) = planned.run(&handoff, vec![read, bad[0].clone(), bad[1].clone(), EMAIL.says(MAIL)]).await;
    let fired: Vec<_> = decided(&entries, "draft_email").iter().map(|decided| decided.policies.clone()).collect();
    assert!(fired.iter().all(|fired| fired.contains(&"internal_unsaid".to_owned())), "{fired:?}");
    assert_eq!((fired.len(), told(&entries).len(), left), (2, 1, 1), "{:?}", shape(&entries));
    assert_eq!(ended(&entries).outcome, Outcome::Escalated);
}
