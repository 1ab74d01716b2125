//! How signing in at a provider is set.

use crate::staff::is_name;
use attache_journal::Role;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// The claim that counts only where the provider says that it was verified.
pub(super) const EMAIL: &str = "email";

/// A provider of OpenID Connect that vouches for the people who work here. Its
/// redirect address is `/sign-in/openid/done` below `server.public_url`.
#[derive(Clone, Debug, Deserialize, JsonSchema, Serialize)]
#[serde(deny_unknown_fields)]
pub struct OidcConfig {
    /// The provider, exactly as its tokens name it: `https://id.example`.
    pub issuer: String,
    /// Who we are to the provider.
    pub client_id: String,
    /// The variable of the environment that holds the client's secret.
    #[serde(default = "client_secret_env")]
    pub client_secret_env: String,
    /// A file that holds the client's secret, relative to this file; it goes
    /// before the variable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_secret_file: Option<PathBuf>,
    /// What we ask the provider for, beside `openid`.
    #[serde(default = "scopes")]
    pub scopes: Vec<String>,
    /// The claim that says whose account it is: `email`, which must be verified,
    /// `sub`, or another that people cannot change themselves.
    #[serde(default = "claim")]
    pub claim: String,
    /// With it, `dana@DOMAIN` is the account `dana`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domain: Option<String>,
    /// The accounts of single people, by what the claim says of them; they go before
    /// `domain`. Whoever is neither here nor of the domain is the account that the
    /// claim names, where it can name one.
    #[serde(default)]
    pub accounts: BTreeMap<String, String>,
    /// The claim with the groups of whoever signs in.
    #[serde(default = "groups_claim")]
    pub groups_claim: String,
    /// What the members of a group are: `desk-reviewers = ["reviewer"]`. If any is
    /// here, groups alone say who comes in and what for, and accounts are made as
    /// people come; if none is, only whoever has an account already comes in.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, Vec<String>>")]
    pub roles: BTreeMap<String, Vec<Role>>,
    /// What the button on the sign-in page says.
    #[serde(default = "label")]
    pub label: String,
}

/// The settings of a provider cannot be.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{0}")]
pub struct OidcConfigFault(pub(super) String);

fn client_secret_env() -> String {
    "ATTACHE_OIDC_SECRET".to_owned()
}

fn scopes() -> Vec<String> {
    vec!["email".to_owned()]
}

fn claim() -> String {
    EMAIL.to_owned()
}

fn groups_claim() -> String {
    "groups".to_owned()
}

fn label() -> String {
    "Sign in with single sign-on".to_owned()
}

impl OidcConfig {
    pub(super) fn check(&self) -> Result<(), OidcConfigFault> {
        let refused = |what: String| Err(OidcConfigFault(what));
        if self.client_id.is_empty() {
            return refused("client_id: expected who we are to the provider".to_owned());
        }
        if self.claim.is_empty() {
            return refused("claim: expected `email`, `sub` or another claim".to_owned());
        }
        if self.domain.as_ref().is_some_and(|domain| domain.is_empty() || domain.contains('@')) {
            return refused("domain: expected what stands behind the `@` of an address".to_owned());
        }
        if self.claim == EMAIL && self.domain.is_none() && self.accounts.is_empty() {
            return refused("nobody could sign in: with the claim `email`, set `domain` or `accounts`".to_owned());
        }
        match self.accounts.values().find(|name| !is_name(name)) {
            Some(name) => refused(format!("accounts: `{name}` is no name of an account")),
            None => Ok(()),
        }
    }

    /// The name of the account that the claim stands for.
    pub(super) fn account(&self, claimed: &str) -> Option<String> {
        // Addresses differ by no case that matters, and providers give them as they please.
        let same = |one: &str| if self.claim == EMAIL { one.eq_ignore_ascii_case(claimed) } else { one == claimed };
        let single = self.accounts.iter().find(|(one, _)| same(one)).map(|(_, name)| name.clone());
        single.or_else(|| match (&self.domain, claimed.rsplit_once('@')) {
            (Some(domain), Some((name, of))) if of.eq_ignore_ascii_case(domain) => Some(name.to_ascii_lowercase()),
            (Some(_), _) | (None, Some(_)) => None,
            (None, None) => Some(claimed.to_owned()),
        })
    }

    /// What the members of these groups are; `None` if the provider has no say in it.
    pub(super) fn roles<'a>(&self, groups: impl Iterator<Item = &'a str>) -> Option<BTreeSet<Role>> {
        let granted = || groups.filter_map(|group| self.roles.get(group)).flatten().copied().collect();
        (!self.roles.is_empty()).then(granted)
    }
}

#[cfg(test)]
mod tests;
