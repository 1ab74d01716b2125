//! What is configured of a mailbox.

use crate::smtp::Encryption;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// The mailbox that customers write to. It is the agent's own: what somebody else
/// has marked as seen is not taken in.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ImapConfig {
    /// The server's name, which its certificate must have.
    pub host: String,
    /// Its port; 993 for `tls`, 143 for `starttls` and `none` if not set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// How the connection is kept from others.
    #[serde(default = "encryption")]
    pub encryption: Encryption,
    /// A file (PEM) with one more certificate that may vouch for the server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca: Option<PathBuf>,
    /// Who we are at the server.
    pub username: String,
    /// The variable of the environment that holds the password.
    #[serde(default = "password_env")]
    pub password_env: String,
    /// The mailbox.
    #[serde(default = "mailbox")]
    pub mailbox: String,
    /// Where a message is moved once its run is durable; it stays, marked as seen, if
    /// not set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub move_to: Option<String>,
    /// Messages that came earlier than so many days ago are left to people: what lay
    /// there before the agent did is not answered.
    #[serde(default = "days")]
    #[schemars(range(min = 1, max = 365))]
    pub days: u16,
    /// After so many seconds the mailbox is looked at again, whether or not the server
    /// told of anything new.
    #[serde(default = "poll_seconds")]
    #[schemars(range(min = 1, max = 1_500))]
    pub poll_seconds: u16,
    /// How long one step of the conversation may take.
    #[serde(default = "timeout_seconds")]
    #[schemars(range(min = 1, max = 600))]
    pub timeout_seconds: u16,
}

fn encryption() -> Encryption {
    Encryption::Tls
}

fn password_env() -> String {
    "ATTACHE_IMAP_PASSWORD".to_owned()
}

fn mailbox() -> String {
    "INBOX".to_owned()
}

fn days() -> u16 {
    3
}

fn poll_seconds() -> u16 {
    120
}

fn timeout_seconds() -> u16 {
    60
}
