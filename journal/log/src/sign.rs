//! Signed heads: what somebody else keeps, so that a cut end is noticed.

use crate::fs::fault;
use crate::options::LogOptions;
use crate::segment::Position;
use attache_journal::{Digest, StoreError};
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::io::{ErrorKind, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;

/// The version of a signed head.
///
/// 1: [`SignedHead`] as it stands here.
const VERSION: u32 = 1;

/// How far a journal had come at a moment, signed.
///
/// Kept elsewhere, it proves later that nothing before it was changed and that
/// no record was cut off: see [`verify_folder`](crate::verify_folder).
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct SignedHead {
    /// The version of this shape: 1.
    pub v: u32,
    /// When it was signed.
    pub at: Timestamp,
    /// The segment in which the journal ended.
    pub segment: u64,
    /// The byte of the segment at which it ended.
    pub offset: u64,
    /// The chain of the log there.
    pub chain: Digest,
    /// The Ed25519 public key, 64 hexadecimal digits.
    pub key: String,
    /// The Ed25519 signature of [`Digest::of`] the words `attache-head`, and
    /// `v`, `at`, `segment`, `offset` and `chain` as text: of the digest's 64
    /// digits. 128 hexadecimal digits.
    pub signature: String,
}

impl SignedHead {
    /// Whether the signature is that of its key over its content.
    #[must_use]
    pub fn is_authentic(&self) -> bool {
        self.v == VERSION && verify(&self.key, &self.signature, &self.message())
    }

    pub(crate) fn position(&self) -> (u64, u64) {
        (self.segment, self.offset)
    }

    fn message(&self) -> Digest {
        let (at, segment, offset) = (self.at.to_string(), self.segment.to_string(), self.offset.to_string());
        let v = self.v.to_string();
        let parts = ["attache-head", &v, &at, &segment, &offset, self.chain.as_str()];
        Digest::of(&parts.map(str::as_bytes))
    }
}

/// Who signs for a store.
pub(crate) struct Signer(SigningKey);

impl Signer {
    /// The key of the options, or that in the folder of the keys, which is made
    /// at the first use.
    pub(crate) fn open(dir: &Path, options: &LogOptions) -> Result<Self, StoreError> {
        if let Some(secret) = &options.signing_key {
            return Ok(Self(SigningKey::from_bytes(secret)));
        }
        let path = options.keys(dir).join("signing");
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(e) if e.kind() == ErrorKind::NotFound => make(&path)?,
            Err(e) => return Err(fault(&path, &e)),
        };
        let secret = secret_key(&text).ok_or_else(|| StoreError::Corrupt {
            place: path.display().to_string(),
            what: "a signing key is 64 hexadecimal digits".to_owned(),
        })?;
        Ok(Self(SigningKey::from_bytes(&secret)))
    }

    /// The public key, 64 hexadecimal digits.
    pub(crate) fn public(&self) -> String {
        hex::encode(self.0.verifying_key().to_bytes())
    }

    pub(crate) fn sign(&self, message: &Digest) -> String {
        hex::encode(self.0.sign(message.as_str().as_bytes()).to_bytes())
    }

    pub(crate) fn head(&self, at: Timestamp, end: &Position) -> SignedHead {
        let chain = Digest::new(hex::encode(end.chain));
        let (segment, offset, key) = (end.number, end.offset, self.public());
        let mut head = SignedHead { v: VERSION, at, segment, offset, chain, key, signature: String::new() };
        head.signature = self.sign(&head.message());
        head
    }
}

/// The 32 bytes of a secret key that is written as 64 hexadecimal digits.
#[must_use]
pub fn secret_key(text: &str) -> Option<[u8; 32]> {
    let mut secret = [0; 32];
    hex::decode_to_slice(text.trim(), &mut secret).ok().map(|()| secret)
}

/// Whether `signature` is that of `key` over `message`.
pub(crate) fn verify(key: &str, signature: &str, message: &Digest) -> bool {
    let (mut public, mut bytes) = ([0; 32], [0; 64]);
    hex::decode_to_slice(key, &mut public).is_ok()
        && hex::decode_to_slice(signature, &mut bytes).is_ok()
        && VerifyingKey::from_bytes(&public)
            .is_ok_and(|key| key.verify_strict(message.as_str().as_bytes(), &Signature::from_bytes(&bytes)).is_ok())
}

fn make(path: &Path) -> Result<String, StoreError> {
    let failed = |e: &std::io::Error| fault(path, e);
    let mut secret = [0; 32];
    getrandom::fill(&mut secret).map_err(|e| failed(&std::io::Error::other(e.to_string())))?;
    let text = hex::encode(secret);
    if let Some(dir) = path.parent() {
        std::fs::create_dir_all(dir).map_err(|e| failed(&e))?;
    }
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path).map_err(|e| failed(&e))?;
    writeln!(file, "{text}").and_then(|()| file.sync_all()).map_err(|e| failed(&e))?;
    Ok(text)
}

/// The heads in a file of lines.
///
/// # Errors
/// [`StoreError::Corrupt`] for a line that is none, [`StoreError::Io`] if the
/// file cannot be read.
pub fn read_heads(path: &Path) -> Result<Vec<SignedHead>, StoreError> {
    let text = std::fs::read_to_string(path).map_err(|e| fault(path, &e))?;
    let heads = (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty()).map(|(number, line)| {
        let corrupt = |what: String| StoreError::Corrupt { place: format!("{}:{number}", path.display()), what };
        let head: SignedHead = serde_json::from_str(line).map_err(|e| corrupt(format!("not a signed head: {e}")))?;
        if head.is_authentic() { Ok(head) } else { Err(corrupt("the signature is not that of its key".to_owned())) }
    });
    heads.collect()
}

/// Adds a head to a list. What a crash left of a line is cut.
pub(crate) fn keep(path: &Path, head: &SignedHead) -> Result<(), StoreError> {
    let failed = |e: &std::io::Error| fault(path, e);
    let mut line = serde_json::to_vec(head).map_err(|e| failed(&e.into()))?;
    line.push(b'\n');
    let write = || {
        let mut file = std::fs::OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        let len = file.seek(SeekFrom::End(0))?;
        let mut tail = Vec::new();
        file.seek(SeekFrom::Start(len.saturating_sub(4096)))?;
        file.read_to_end(&mut tail)?;
        let torn = tail.iter().rev().take_while(|byte| **byte != b'\n').count();
        file.set_len(len - torn as u64)?;
        file.seek(SeekFrom::End(0))?;
        file.write_all(&line)
    };
    write().map_err(|e| failed(&e))
}

#[cfg(test)]
mod tests;
