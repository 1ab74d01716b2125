//! A model that does what chance says: mostly what a playbook is for, often
//! not, and sometimes nothing.

use crate::outside::PASSAGES;
use crate::world::World;
use async_trait::async_trait;
use attache::journal::{CallRequest, Fault, Message, Reply, Retry, Usage};
use attache::planner::{ChatModel, INVALID_REPLY, ModelError, ModelReply, ModelRequest};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;

pub(crate) struct Whim(pub(crate) Arc<World>);

impl Whim {
    fn wish(&self, request: &ModelRequest<'_>) -> CallRequest {
        let world = &*self.0;
        let offered: Vec<&str> = request.tools.specs.iter().map(|spec| spec.name.as_str()).collect();
        let found = request.transcript.iter().any(|message| matches!(**message, Message::Tool { .. }));
        let name = match world.below(100) {
            // What most do: look something up, then answer.
            0..30 if !found => "kb_search".to_owned(),
            0..30 if offered.contains(&"reply") => "reply".to_owned(),
            0..85 => (*world.pick(&offered)).to_owned(),
            85..95 => (*world.pick(&["send_email", "notify_customer", "publish_headline", "book_visit"])).to_owned(),
            _ => "no_such_tool".to_owned(),
        };
        let cite = || (0..world.below(3)).map(|_| *world.pick(&PASSAGES)).collect::<Vec<_>>();
        let word = world.below(1_000_000);
        let arguments = match name.as_str() {
            _ if world.chance(50) => json!({ "nothing": word }),
            "kb_search" => json!({ "query": format!("how to do {word}") }),
            "crm_lookup" => json!({ "deals": world.chance(500), "tickets": true }),
            "reply" => json!({ "text": format!("Open Settings. Case {word}."), "cite": cite() }),
            "book_visit" | "note_order" => json!({ "what": format!("case {word}") }),
            "escalate_to_human" => json!({ "reason": "unsure", "next_step": "" }),
            "notify_customer" => json!({ "text": "You are next." }),
            "send_email" | "publish_headline" => json!({ "subject": "Hello", "body": format!("Case {word}.") }),
            _ => {
                json!({ "subject": "Your start", "body": format!("Hello, here is case {word}."), "cite": cite() })
            }
        };
        CallRequest { id: format!("m{word}"), name, arguments: arguments.to_string() }
    }

    fn fault(&self, code: &str, retry: Retry) -> ModelError {
        let fault = Fault { code: code.into(), retry, feedback: "nothing came".into() };
        ModelError { model: "whim".into(), fault, message: "nothing came".into(), usage: Usage::default() }
    }
}

#[async_trait]
impl ChatModel for Whim {
    fn name(&self) -> &str {
        "whim"
    }

    async fn complete(&self, request: &ModelRequest<'_>) -> Result<ModelReply, ModelError> {
        let world = &*self.0;
        world.step().await;
        if world.chance(world.odds().absent) {
            return Err(match world.below(6) {
                0 => self.fault(INVALID_REPLY, Retry::Never),
                1 => self.fault("content_filter", Retry::Never),
                _ => self.fault("unavailable", Retry::Safe),
            });
        }
        let calls = match world.below(100) {
            0..4 => 0,
            4..90 => 1,
            90..98 => 2,
            _ => 9,
        };
        let calls: Vec<_> = (0..calls).map(|_| self.wish(request)).collect();
        let text = (calls.is_empty() || world.chance(100)).then(|| "Let me see.".to_owned());
        if world.chance(world.odds().lost) {
            tokio::time::sleep(Duration::from_secs(3_600)).await;
        }
        world.step().await;
        let usage = Usage { input_tokens: 300, output_tokens: 30, micro_usd: 20, millis: 0, attempts: 1 };
        Ok(ModelReply { model: "whim".into(), reply: Reply { text, calls }, usage })
    }
}
