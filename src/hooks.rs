//! The ways in that a project has set up.

mod mail;

pub(crate) use mail::FromMailbox;

use async_trait::async_trait;
use attache::channels::{ChatMessage, Chatwoot, ChatwootHeaders, ChatwootHook, Conversation, FromChatwoot, Rejected};
use attache::context::{Bundle, Consent, Customer, CustomerId};
use attache::server::{Headers, Hook, HookFault, Received, Wrote};
use jiff::Timestamp;

/// What Chatwoot tells its agent bot.
pub(crate) struct FromBot {
    pub(crate) hook: ChatwootHook,
    pub(crate) bot: Chatwoot,
    /// Whether whoever writes there agreed to be answered by a machine.
    pub(crate) ai_interaction: bool,
}

#[async_trait]
impl Hook for FromBot {
    fn name(&self) -> &str {
        "chatwoot"
    }

    async fn receive(&self, headers: Headers<'_>, body: &[u8], now: Timestamp) -> Result<Received, HookFault> {
        let said = ChatwootHeaders {
            signature: headers.get("x-chatwoot-signature"),
            timestamp: headers.get("x-chatwoot-timestamp"),
            delivery: headers.get("x-chatwoot-delivery"),
        };
        let message = match self.hook.receive(said, body, now).map_err(fault)? {
            FromChatwoot::Ignored(why) => return Ok(Received::Nothing(why)),
            FromChatwoot::Message(message) => *message,
        };
        let customer = customer(&message)?;
        let (bot, id, conversation) = (self.bot.clone(), customer.id.clone(), message.conversation);
        // Before anything can be answered, it is known where to.
        let noted = tokio::task::spawn_blocking(move || bot.remember(&id, conversation)).await;
        noted.map_err(unavailable)?.map_err(unavailable)?;
        let bundle = Bundle {
            version: 1,
            customer,
            trigger: message.trigger(),
            consent: Consent { ai_interaction: self.ai_interaction, ..Consent::default() },
            identity: Vec::new(),
            zero_party: Vec::new(),
            intent: Vec::new(),
            contextual: Vec::new(),
            sentiment: Vec::new(),
        };
        // A name that no bundle takes is no name.
        let bundle = serde_json::to_vec(&bundle).map_err(malformed)?;
        let bundle = Bundle::parse(&bundle).map_err(malformed)?;
        let Conversation { account, id } = conversation;
        Ok(Received::Wrote(Box::new(Wrote {
            delivery: message.delivery,
            conversation: format!("{account}:{id}"),
            answers: None,
            bundle,
        })))
    }
}

/// Who wrote. Only whom the company's own site vouches for is a customer that it
/// knows by its own id; anybody can have typed a name and an address.
fn customer(message: &ChatMessage) -> Result<Customer, HookFault> {
    let contact = &message.contact;
    let known = contact.identifier.as_deref().filter(|_| contact.verified).and_then(|id| CustomerId::new(id).ok());
    let id = match known {
        Some(id) => id,
        None => {
            CustomerId::new(format!("chatwoot_{}_{}", message.conversation.account, contact.id)).map_err(malformed)?
        }
    };
    let emails = contact.email.iter().filter(|_| contact.verified).cloned().collect();
    Ok(Customer { id, name: contact.name.clone(), emails, phones: Vec::new(), locale: None, timezone: None })
}

fn fault(rejected: Rejected) -> HookFault {
    match rejected {
        Rejected::Forged | Rejected::Stale => HookFault::Forged(rejected.to_string()),
        Rejected::Malformed(what) => HookFault::Malformed(what.to_owned()),
    }
}

fn malformed(error: impl std::fmt::Display) -> HookFault {
    HookFault::Malformed(error.to_string())
}

fn unavailable(error: impl std::fmt::Display) -> HookFault {
    HookFault::Unavailable(format!("the conversation could not be noted: {error}"))
}
