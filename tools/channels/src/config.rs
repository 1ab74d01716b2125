//! What all channels have in common when they are configured.

use std::net::IpAddr;

/// A setting cannot work: which, and why.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{key}: {message}")]
pub struct ChannelFault {
    /// The key of `attache.toml`.
    pub key: &'static str,
    /// What is wrong.
    pub message: String,
}

impl ChannelFault {
    pub(crate) fn new(key: &'static str, message: impl std::fmt::Display) -> Self {
        Self { key, message: message.to_string() }
    }
}

/// Where secrets are found by name: they stand in no file of settings.
pub struct Env<'a>(&'a dyn Fn(&str) -> Option<String>);

impl std::fmt::Debug for Env<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Env(…)")
    }
}

impl<'a> Env<'a> {
    /// Asks `get`, which gives `None` for what is not set or empty.
    #[must_use]
    pub fn new(get: &'a dyn Fn(&str) -> Option<String>) -> Self {
        Self(get)
    }

    /// The value of a variable that must be there; `key` is the setting that names it.
    pub(crate) fn need(&self, key: &'static str, name: &str) -> Result<String, ChannelFault> {
        (self.0)(name).ok_or_else(|| ChannelFault::new(key, format!("the environment has no `{name}`")))
    }
}

/// Whether a host is this machine.
pub(crate) fn is_loopback(host: &str) -> bool {
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    host == "localhost" || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}
