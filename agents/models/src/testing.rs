//! What the tests of this room share.

use attache_context::{Channel, FactKind, Stage};
use attache_journal::{CallRequest, Message, Reply, RunId};
use attache_planner::{Memo, ModelRequest, Playbook, Playbooks, ToolSet};
use attache_prompts::{Brief, BriefCustomer, BriefFact, BriefTrigger};
use attache_tools::{About, Nothing, Outbox, Passage, Registry};
use serde_json::{Value, json};
use std::sync::Arc;

/// Everything that a request borrows.
pub(crate) struct World {
    pub(crate) run: RunId,
    pub(crate) transcript: Vec<Arc<Message>>,
    pub(crate) tools: ToolSet,
    pub(crate) brief: Brief,
    pub(crate) playbook: Playbook,
    pub(crate) deadline_ms: u64,
    pub(crate) memo: Memo,
}

impl World {
    pub(crate) fn new(playbook: &str) -> Self {
        let playbooks = Playbooks::load(company("playbooks", "")).unwrap();
        let playbook = playbooks.get(playbook).unwrap().clone();
        let outbox: Arc<dyn Outbox> = Arc::new(Nothing);
        let registry = Registry::builtin(Arc::new(Nothing), Arc::new(Nothing), &outbox).unwrap();
        let specs = playbook.tools.iter().map(|name| registry.get(name).unwrap().spec().clone());
        Self {
            run: RunId::new("run_1"),
            transcript: vec![system("Be kind."), user("{\"goal\":\"help\"}")],
            tools: ToolSet::new(specs.collect()),
            brief: brief(&playbook),
            playbook,
            deadline_ms: 10_000,
            memo: Memo::default(),
        }
    }

    pub(crate) fn request(&self) -> ModelRequest<'_> {
        ModelRequest {
            run: &self.run,
            transcript: &self.transcript,
            tools: &self.tools,
            brief: &self.brief,
            playbook: &self.playbook,
            max_output_tokens: 256,
            deadline_ms: self.deadline_ms,
            memo: &self.memo,
        }
    }

    pub(crate) fn asks(mut self, text: &str) -> Self {
        self.brief.trigger =
            BriefTrigger { kind: "message".into(), text: Some(text.into()), ..BriefTrigger::default() };
        self
    }

    pub(crate) fn knows(mut self, may_say: bool, key: &str, value: Value) -> Self {
        self.brief.facts.push(BriefFact { kind: FactKind::ZeroParty, key: key.into(), value, may_say });
        self
    }

    /// A call that was made, and what came of it.
    pub(crate) fn did(&mut self, id: &str, name: &str, arguments: &str, content: &Value) {
        self.transcript.push(assistant(id, name, arguments));
        self.transcript.push(Arc::new(Message::Tool {
            call: id.into(),
            name: name.into(),
            content: content.to_string(),
        }));
    }
}

fn brief(playbook: &Playbook) -> Brief {
    Brief {
        playbook: playbook.name.clone(),
        stage: Stage::Support,
        goal: playbook.goal.clone(),
        channel: Channel::Email,
        first_contact: false,
        customer: BriefCustomer { first_name: Some("Dana".into()), name: Some("Dana Reyes".into()), locale: None },
        trigger: BriefTrigger { kind: "signal".into(), ..BriefTrigger::default() },
        sentiment: "neutral".into(),
        facts: Vec::new(),
        instructions: Vec::new(),
    }
}

pub(crate) fn system(text: &str) -> Arc<Message> {
    Arc::new(Message::System { text: text.into() })
}

pub(crate) fn user(text: &str) -> Arc<Message> {
    Arc::new(Message::User { text: text.into() })
}

pub(crate) fn assistant(id: &str, name: &str, arguments: &str) -> Arc<Message> {
    Arc::new(Message::Assistant(reply(id, name, arguments)))
}

pub(crate) fn reply(id: &str, name: &str, arguments: &str) -> Reply {
    Reply { text: None, calls: vec![CallRequest { id: id.into(), name: name.into(), arguments: arguments.into() }] }
}

/// The passages of a document as a knowledge base cuts it: one for each
/// heading.
pub(crate) fn passages(doc: &str, text: &str) -> Vec<Passage> {
    let mut title = String::new();
    let mut found: Vec<Passage> = Vec::new();
    let mut heading = String::new();
    let mut at = 0;
    for section in text.split("\n#") {
        let (first, body) = section.split_once('\n').unwrap_or((section, ""));
        let first = first.trim_matches(['#', ' ']);
        if title.is_empty() {
            title = first.into()
        } else {
            heading = format!(" > {first}")
        }
        let start = at;
        at += section.chars().count() + 2;
        let body = body.trim();
        if !body.is_empty() {
            found.push(Passage {
                id: format!("{doc}#{start}-{at}"),
                doc: doc.into(),
                title: format!("{title}{heading}"),
                passage: body.into(),
                start,
                end: at,
                score: 1.0,
                fit: None,
                about: About::default(),
            });
        }
    }
    found
}

pub(crate) fn hits(passages: &[Passage]) -> Value {
    json!({ "hits": passages })
}

/// The files of a folder of the example company, by name below `prefix`.
pub(crate) fn company(folder: &str, prefix: &str) -> std::collections::BTreeMap<String, String> {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/company");
    std::fs::read_dir(format!("{root}/{folder}"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| {
            let name = format!("{prefix}{}", path.file_name().unwrap().to_str().unwrap());
            (name, std::fs::read_to_string(path).unwrap())
        })
        .collect()
}
