//! Whose data an entry is, and the key under which it can be read.

use crate::{RunId, SubjectId};
use attache_context::CustomerId;
use chacha20poly1305::aead::{Aead as _, AeadInOut as _, KeyInit as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac as _};
use sha2::{Digest as _, Sha256};
use std::fmt;
use std::sync::Arc;

type Keyed = Hmac<Sha256>;

/// A customer as the journal knows them: an id that says nothing, and the key
/// of their entries.
///
/// Whoever has the key can read the entries; when the last copy of it is gone,
/// nobody can. A customer who comes back afterwards is another subject.
#[derive(Clone)]
pub struct Subject(Arc<Inner>);

struct Inner {
    id: SubjectId,
    salts: Keyed,
    cipher: XChaCha20Poly1305,
}

impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Never the key.
        f.debug_tuple("Subject").field(&self.0.id.as_str()).finish()
    }
}

impl Subject {
    /// The subject of that id whose key is derived from `secret`, 32 random
    /// bytes that a store keeps and can forget.
    #[must_use]
    pub fn new(id: SubjectId, secret: &[u8; 32]) -> Self {
        let derive = |purpose: &[u8]| -> [u8; 32] {
            // As in HKDF's expansion (RFC 5869): one block for each purpose.
            keyed(secret).chain_update(purpose).chain_update([1]).finalize().into_bytes().into()
        };
        let cipher = XChaCha20Poly1305::new(&derive(b"attache-event-v1").into());
        Self(Arc::new(Inner { id, salts: keyed(&derive(b"attache-salt-v1")), cipher }))
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> &SubjectId {
        &self.0.id
    }

    /// The salt of an entry's commitment: without it, nobody can check a guess
    /// of what the entry said.
    pub(crate) fn salt(&self, run: &RunId, seq: u64) -> [u8; 32] {
        let run = run.as_str().as_bytes();
        self.0.salts.clone().chain_update(run).chain_update(seq.to_be_bytes()).finalize().into_bytes().into()
    }

    /// Encrypts `text`, which `commitment` stands for, where it is.
    pub(crate) fn encrypt(&self, commitment: &[u8; 32], mut text: Vec<u8>) -> Option<Vec<u8>> {
        self.0.cipher.encrypt_in_place(&nonce(commitment), commitment, &mut text).ok().map(|()| text)
    }

    pub(crate) fn decrypt(&self, commitment: &[u8; 32], body: &[u8]) -> Option<Vec<u8>> {
        self.0.cipher.decrypt(&nonce(commitment), Payload { msg: body, aad: commitment }).ok()
    }

    /// The customer's id under the subject's key, for a store's index.
    #[must_use]
    pub fn seal_name(&self, customer: &CustomerId) -> Vec<u8> {
        let name = customer.as_str().as_bytes();
        let tag: [u8; 32] =
            self.0.salts.clone().chain_update(b"name").chain_update(name).finalize().into_bytes().into();
        let mut sealed = tag.to_vec();
        sealed.extend(self.encrypt(&tag, name.to_vec()).unwrap_or_default());
        sealed
    }

    /// The customer's id out of what [`seal_name`](Self::seal_name) made;
    /// nothing if it is not that.
    #[must_use]
    pub fn open_name(&self, sealed: &[u8]) -> Option<CustomerId> {
        let (tag, body) = sealed.split_first_chunk::<32>()?;
        let name = String::from_utf8(self.decrypt(tag, body)?).ok()?;
        CustomerId::new(name).ok()
    }
}

/// What a store has of a subject.
#[derive(Clone, Debug)]
pub enum Key {
    /// Their key: their entries can be read.
    Of(Subject),
    /// Nothing any more: they were erased.
    Destroyed,
    /// Nothing, and it should have.
    Missing,
}

/// What an entry says of its text instead of the text.
pub(crate) fn commit(salt: Option<&[u8; 32]>, text: &[u8]) -> [u8; 32] {
    let hasher = Sha256::new();
    let hasher = match salt {
        Some(salt) => hasher.chain_update(salt),
        None => hasher,
    };
    hasher.chain_update(text).finalize().into()
}

// A commitment is never used twice with two texts, whatever becomes of the
// entry after a crash: no counter and no randomness has to be trusted.
fn nonce(commitment: &[u8; 32]) -> XNonce {
    let mut nonce = XNonce::default();
    nonce.iter_mut().zip(commitment).for_each(|(to, from)| *to = *from);
    nonce
}

fn keyed(key: &[u8; 32]) -> Keyed {
    let mut block = hmac::digest::Key::<Keyed>::default();
    block.iter_mut().zip(key).for_each(|(to, from)| *to = *from);
    Keyed::new(&block)
}

#[cfg(test)]
mod tests;
