//! What is configured of mail that comes in.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How mail that customers send is taken in.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct InboundConfig {
    /// Whether who writes to us was told that a machine may answer, and agreed.
    pub ai_interaction: bool,
    /// How our mail server names itself in `Authentication-Results`. Only whom it
    /// vouches for (`dmarc=pass`) is a customer that the CRM knows by this address;
    /// what it says is forged (`dmarc=fail`) goes to nobody. Without it everybody who
    /// writes is somebody known by their mail alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authenticated_by: Option<String>,
    /// The variable of the environment that holds the keys of who posts mail to
    /// `/hooks/mail` (`whsec_…`, several with spaces between). Without it nothing
    /// is taken there.
    pub secret_env: String,
}

impl Default for InboundConfig {
    fn default() -> Self {
        Self { ai_interaction: false, authenticated_by: None, secret_env: "ATTACHE_MAIL_SECRET".to_owned() }
    }
}
