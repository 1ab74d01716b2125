//! Webhooks, Slack and Chatwoot over real HTTP: what arrives, and how often.
#![expect(clippy::unwrap_used, reason = "a test stops where something is wrong")]

mod chatwoot;
mod server;
mod slack;
mod webhook;

use attache_channels::Env;

/// Secrets by name.
fn env(name: &str) -> Option<String> {
    match name {
        "ATTACHE_WEBHOOK_SECRET" => Some("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw".to_owned()),
        "ATTACHE_CHATWOOT_TOKEN" => Some("token".to_owned()),
        _ => name.strip_prefix("URL:").map(str::to_owned),
    }
}

fn secrets() -> Env<'static> {
    Env::new(&env)
}
