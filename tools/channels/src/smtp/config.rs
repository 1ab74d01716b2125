//! What is configured of a mail server.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// The server that takes our mail.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
pub struct SmtpConfig {
    /// Its name, which its certificate must have.
    pub host: String,
    /// Its port; 587 for `starttls`, 465 for `tls`, 25 for `none` if not set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// How the connection is kept from others.
    #[serde(default)]
    pub encryption: Encryption,
    /// A file (PEM) with one more certificate that may vouch for the server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca: Option<PathBuf>,
    /// Who we are at the server, if it asks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// The variable of the environment that holds the password.
    #[serde(default = "password_env")]
    pub password_env: String,
    /// How long one step of the conversation may take.
    #[serde(default = "timeout_seconds")]
    #[schemars(range(min = 1, max = 600))]
    pub timeout_seconds: u16,
    /// Where who is written to first says that they want no more: an https
    /// address that takes a POST (RFC 8058), in which `{message}` stands for the
    /// id of the message. They can answer with the subject `unsubscribe` anyway.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unsubscribe: Option<String>,
    /// How mail is signed; not at all if not set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dkim: Option<DkimConfig>,
}

fn password_env() -> String {
    "ATTACHE_SMTP_PASSWORD".to_owned()
}

fn timeout_seconds() -> u16 {
    30
}

/// How a connection is kept from others.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Encryption {
    /// Not at all: only to a server on this machine.
    None,
    /// It begins in the open and goes on encrypted, or not at all.
    #[default]
    Starttls,
    /// From the first byte.
    Tls,
}

/// How mail is signed (RFC 6376).
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
pub struct DkimConfig {
    /// The domain that vouches for the mail.
    pub domain: String,
    /// Under which name the public key is found in the domain.
    pub selector: String,
    /// The variable of the environment that holds the private key: RSA in PEM
    /// (PKCS #1), or the 32 bytes of an Ed25519 key in base64.
    #[serde(default = "key_env")]
    pub key_env: String,
}

fn key_env() -> String {
    "ATTACHE_DKIM_KEY".to_owned()
}
