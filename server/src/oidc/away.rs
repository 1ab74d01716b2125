//! What binds a sign-in elsewhere to the browser that began it.

use crate::secrets::{fingerprint, random};
use attache_journal::StoreError;
use openidconnect::{CsrfToken, Nonce, PkceCodeVerifier};

/// A browser whose person is at the provider. All that must come back follows from
/// the one secret that it holds, so nothing is remembered here: there is nothing to
/// fill up, and a restart loses nobody who is away.
pub(super) struct Away(String);

impl Away {
    /// For a browser that goes there now.
    pub(super) fn begin() -> Result<Self, StoreError> {
        Ok(Self(random()?))
    }

    /// The browser that holds `secret`, if it is the one that `state` went out with.
    pub(super) fn back(secret: &str, state: &str) -> Option<Self> {
        let away = Self(secret.to_owned());
        // Compared as hashes: how long it takes says nothing of what is right.
        (fingerprint(&away.of("state")) == fingerprint(state)).then_some(away)
    }

    /// What the browser is to hold.
    pub(super) fn secret(&self) -> String {
        self.0.clone()
    }

    /// What must come back in the address.
    pub(super) fn state(&self) -> CsrfToken {
        CsrfToken::new(self.of("state"))
    }

    /// What the token must carry.
    pub(super) fn nonce(&self) -> Nonce {
        Nonce::new(self.of("nonce"))
    }

    /// What proves that it was we who asked for the code.
    pub(super) fn verifier(&self) -> PkceCodeVerifier {
        PkceCodeVerifier::new(self.of("verifier"))
    }

    /// None of these tells another, nor the secret.
    fn of(&self, what: &str) -> String {
        fingerprint(&format!("{what} {}", self.0))
    }
}

#[cfg(test)]
mod tests;
