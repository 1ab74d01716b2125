//! What asking a model costs.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a model call cost.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct Usage {
    /// Tokens read.
    pub input_tokens: u64,
    /// Tokens written.
    pub output_tokens: u64,
    /// Money in millionths of a US dollar, from the configured prices.
    pub micro_usd: u64,
    /// Time from request to reply.
    pub millis: u64,
    /// Tries, the good one included.
    pub attempts: u32,
}

impl Usage {
    /// Adds the cost of another call.
    pub fn add(&mut self, other: Self) {
        self.input_tokens = self.input_tokens.saturating_add(other.input_tokens);
        self.output_tokens = self.output_tokens.saturating_add(other.output_tokens);
        self.micro_usd = self.micro_usd.saturating_add(other.micro_usd);
        self.millis = self.millis.saturating_add(other.millis);
        self.attempts = self.attempts.saturating_add(other.attempts);
    }
}
