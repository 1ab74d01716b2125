//! WHAT CAN be done, out and in.
//!
//! What leaves goes through a [`Spool`]: a message is kept until the other side
//! has it, leaves once for each idempotency key, and where nobody can tell
//! whether it left a person decides. What comes in is verified, read once, and
//! turned into what a run begins with.

mod announce;
mod carry;
mod chatwoot;
mod compose;
mod config;
mod files;
mod folder;
mod http;
mod imap;
mod inbound;
mod routes;
mod seen;
mod signature;
mod slack;
mod smtp;
mod spool;
mod suppression;
mod webhook;

pub use announce::Announcer;
pub use chatwoot::{
    ChatMessage, Chatwoot, ChatwootConfig, ChatwootHeaders, ChatwootHook, Contact, Conversation, FromChatwoot,
};
pub use config::{ChannelFault, Env};
pub use folder::FolderOutbox;
pub use imap::{ImapConfig, ImapFault, ImapInbox, ImapMail, ImapTaker, Reached, Taken};
pub use inbound::{Bounce, Bounced, FromMail, InboundConfig, IncomingMail, MOST_MAIL, MailFault, MailReader};
pub use routes::Routes;
pub use seen::{Claim, Seen};
pub use signature::{Rejected, Signed, WINDOW, WebhookKeys};
pub use slack::{Escalation, SlackAlerts, SlackConfig};
pub use smtp::{DkimConfig, Encryption, SmtpConfig, SmtpOutbox};
pub use spool::{Failed, How, Letter, Listed, Spool, State};
pub use suppression::{Suppression, Suppressions};
pub use webhook::{CloudEvent, EndpointConfig, WebhookConfig, WebhookSender};
