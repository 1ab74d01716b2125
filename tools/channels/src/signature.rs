//! Signatures of webhooks, as Standard Webhooks has them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret as _, SecretSlice};
use sha2::Sha256;

/// How far the clock of whoever signed may be from ours: what is older was
/// perhaps recorded and sent again.
pub const WINDOW: SignedDuration = SignedDuration::from_mins(5);

/// The keys of one counterpart: the first one signs, each of them is accepted,
/// so that a key can be changed without a gap.
#[derive(Clone, Debug)]
pub struct WebhookKeys(Vec<SecretSlice<u8>>);

/// What a webhook says of itself, in its headers.
#[derive(Clone, Copy, Debug)]
pub struct Signed<'a> {
    /// `webhook-id`.
    pub id: &'a str,
    /// `webhook-timestamp`, in seconds.
    pub timestamp: &'a str,
    /// `webhook-signature`: one or more of `v1,BASE64`, with a space between.
    pub signature: &'a str,
}

/// A message from outside is not taken.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Rejected {
    /// No key of ours made the signature.
    #[error("the signature is not that of the body")]
    Forged,
    /// A header or the body is not what it must be.
    #[error("{0}")]
    Malformed(&'static str),
    /// It was signed too long ago, or in the future.
    #[error("it was not signed within the last five minutes")]
    Stale,
}

impl WebhookKeys {
    /// Reads keys as they are handed out: `whsec_` and base64 of 16 to 64
    /// bytes; several with spaces between, the newest first.
    ///
    /// # Errors
    /// What is expected, if a key is none.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let expected = "expected `whsec_` and 16 to 64 bytes in base64";
        let mut keys = Vec::new();
        for word in text.split_whitespace() {
            let key = STANDARD.decode(word.strip_prefix("whsec_").ok_or(expected)?).map_err(|_| expected)?;
            if !(16..=64).contains(&key.len()) {
                return Err(expected);
            }
            keys.push(key.into());
        }
        if keys.is_empty() { Err(expected) } else { Ok(Self(keys)) }
    }

    /// The value of `webhook-signature` for this message.
    #[must_use]
    pub fn sign(&self, id: &str, at: Timestamp, body: &[u8]) -> String {
        let timestamp = at.as_second().to_string();
        let made =
            self.0.first().and_then(|key| mac(key.expose_secret(), &[id.as_bytes(), timestamp.as_bytes(), body]));
        made.map(|mac| format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))).unwrap_or_default()
    }

    /// Checks that one of the keys signed `body`, exactly as it came, and that
    /// it is fresh. Whether it came before is for [`Seen`](crate::Seen) to say.
    ///
    /// # Errors
    /// [`Rejected`].
    pub fn verify(&self, signed: &Signed<'_>, body: &[u8], now: Timestamp) -> Result<(), Rejected> {
        // With a full stop in the id, one text could be cut in two ways.
        let plain = !signed.id.is_empty() && signed.id.len() <= 256 && !signed.id.contains('.');
        if !plain || !signed.id.chars().all(|c| c.is_ascii_graphic()) {
            return Err(Rejected::Malformed("`webhook-id` is not an id"));
        }
        fresh(signed.timestamp, now)?;
        let parts = [signed.id.as_bytes(), signed.timestamp.as_bytes(), body];
        // More than anybody rotates keys through.
        for given in signed.signature.split(' ').filter_map(|given| given.strip_prefix("v1,")).take(16) {
            let Ok(given) = STANDARD.decode(given) else { continue };
            for key in &self.0 {
                // The comparison takes as long for a near miss as for any other.
                if mac(key.expose_secret(), &parts).is_some_and(|mac| mac.verify_slice(&given).is_ok()) {
                    return Ok(());
                }
            }
        }
        Err(Rejected::Forged)
    }
}

/// Whether seconds since 1970 lie within the window around now.
pub(crate) fn fresh(timestamp: &str, now: Timestamp) -> Result<(), Rejected> {
    let digits = !timestamp.is_empty() && timestamp.chars().all(|c| c.is_ascii_digit());
    let seconds: i64 = timestamp.parse().ok().filter(|_| digits).ok_or(Rejected::Malformed("the timestamp is none"))?;
    if now.as_second().abs_diff(seconds) > WINDOW.as_secs().unsigned_abs() {
        return Err(Rejected::Stale);
    }
    Ok(())
}

/// HMAC-SHA256 over the parts with full stops between.
pub(crate) fn mac(key: &[u8], parts: &[&[u8]]) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
    for (at, part) in parts.iter().enumerate() {
        if at > 0 {
            mac.update(b".");
        }
        mac.update(part);
    }
    Some(mac)
}

#[cfg(test)]
mod tests;
