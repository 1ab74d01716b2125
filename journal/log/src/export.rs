//! Runs as a file that anybody can check.

use crate::live::Head;
use crate::sign::{Signer, verify as verify_signature};
use crate::store::{LogStore, Read};
use crate::verify::who;
use attache_journal::{Digest, Entry, EntryFault, RunId, StoreError, verify};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io::{BufRead, Write};

/// The version of the last line of an export.
///
/// 1: [`Exported`] as it stands here.
const VERSION: u32 = 1;

/// The last line of an export: what the lines before it must add up to.
///
/// In the file it is `{"head":{…}}`. A file without it was cut. Its signature
/// says who made the file, to whom knows the key.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Exported {
    /// The version of this shape: 1.
    pub v: u32,
    /// How many entries the file has.
    pub entries: u64,
    /// How many runs they belong to.
    pub runs: u64,
    /// [`Digest::of`] these parts, for each run in the order of the ids' bytes:
    /// its id, how many entries it has (8 bytes, big-endian), the hash of the
    /// last one (32 bytes).
    pub digest: Digest,
    /// The Ed25519 public key, 64 hexadecimal digits.
    pub key: String,
    /// The Ed25519 signature of [`Digest::of`] the words `attache-export`, and
    /// `v`, `entries`, `runs` and `digest` as text: of the digest's 64 digits.
    /// 128 hexadecimal digits.
    pub signature: String,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct HeadLine {
    head: Exported,
}

impl Exported {
    fn of(runs: &BTreeMap<RunId, Head>) -> Self {
        let counts: Vec<_> = runs.values().map(|head| head.next.to_be_bytes()).collect();
        let parts: Vec<&[u8]> = runs
            .iter()
            .zip(&counts)
            .flat_map(|((run, head), count)| [run.as_str().as_bytes(), count.as_slice(), head.hash.as_slice()])
            .collect();
        Self {
            v: VERSION,
            entries: runs.values().map(|head| head.next).sum(),
            runs: runs.len() as u64,
            digest: Digest::of(&parts),
            key: String::new(),
            signature: String::new(),
        }
    }

    fn message(&self) -> Digest {
        let [v, entries, runs] = [u64::from(self.v), self.entries, self.runs].map(|number| number.to_string());
        Digest::of(&["attache-export", &v, &entries, &runs, self.digest.as_str()].map(str::as_bytes))
    }
}

/// Why an export is not what was exported.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ExportFault {
    /// The file ends without its last line.
    #[error("line {line}: the file was cut here, its end is missing")]
    Cut {
        /// The line after the last one, from 1.
        line: u64,
    },
    /// A line is not the entry that was sealed, or not in its place.
    #[error("line {line}{}: {fault}", place(.entry.as_ref()))]
    Entry {
        /// The line, from 1.
        line: u64,
        /// The run and the place of the entry, if the line still says so.
        entry: Option<(RunId, u64)>,
        /// What is wrong.
        fault: EntryFault,
    },
    /// The last line does not describe the lines before it.
    #[error("line {line}: the last line says something else than the lines before it: entries were removed or added")]
    Head {
        /// The line, from 1.
        line: u64,
    },
    /// The signature is not that of the key.
    #[error("line {line}: the signature is not that of the key it names")]
    Signature {
        /// The line, from 1.
        line: u64,
    },
    /// The file cannot be read.
    #[error("line {line}: {what}")]
    Io {
        /// The line, from 1.
        line: u64,
        /// What the system said.
        what: String,
    },
    /// Something follows the last line.
    #[error("line {line}: something follows the last line of the export")]
    Trailing {
        /// The line, from 1.
        line: u64,
    },
    /// The last line has a version that this program does not know.
    #[error("line {line}: version {v} of the export is not known here")]
    Version {
        /// The line, from 1.
        line: u64,
        /// The version.
        v: u32,
    },
}

fn place(entry: Option<&(RunId, u64)>) -> String {
    entry.map(|(run, seq)| format!(", run {run}, entry {seq}")).unwrap_or_default()
}

impl LogStore {
    /// Writes these runs to `out` as lines of JSON: the entries exactly as they
    /// were sealed, run by run, then an [`Exported`]. A run that does not exist
    /// is left out; one that is named twice is written once.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if an entry is not what was written,
    /// [`StoreError::Full`] or [`StoreError::Io`] if `out` fails.
    pub fn export<'a>(
        &self,
        runs: impl IntoIterator<Item = &'a RunId>,
        out: &mut dyn Write,
    ) -> Result<Exported, StoreError> {
        let failed = |e: std::io::Error| crate::fs::fault(std::path::Path::new("the export"), &e);
        let mut heads = BTreeMap::new();
        for run in runs {
            if heads.contains_key(run) {
                continue;
            }
            let Some(Read { lines, entries }) = self.read(run)? else {
                continue;
            };
            for line in &lines {
                out.write_all(line).and_then(|()| out.write_all(b"\n")).map_err(failed)?;
            }
            let last = entries.last().and_then(hash_of);
            let head = last.map(|hash| Head { next: entries.len() as u64, hash });
            heads.extend(head.map(|head| (run.clone(), head)));
        }
        let mut head = Exported::of(&heads);
        let signer = Signer::open(&self.shared.dir, &self.shared.options)?;
        (head.key, head.signature) = (signer.public(), signer.sign(&head.message()));
        let line = serde_json::to_string(&HeadLine { head: head.clone() });
        let line = line.map_err(|e| failed(e.into()))?;
        out.write_all(line.as_bytes()).and_then(|()| out.write_all(b"\n")).map_err(failed)?;
        out.flush().map_err(failed)?;
        Ok(head)
    }
}

/// Checks an export: that every entry is the one that was sealed, that each run
/// is unbroken from its first entry on, and that the last line fits the rest.
/// The entries of different runs may stand in any order to each other.
///
/// # Errors
/// [`ExportFault`] for the first line that is wrong.
pub fn verify_export(mut reader: impl BufRead) -> Result<Exported, ExportFault> {
    let mut runs: BTreeMap<RunId, Head> = BTreeMap::new();
    let mut head = None;
    let mut bytes = Vec::new();
    for line in 1.. {
        bytes.clear();
        let read = reader.read_until(b'\n', &mut bytes);
        if read.map_err(|e| ExportFault::Io { line, what: e.to_string() })? == 0 {
            return head.ok_or(ExportFault::Cut { line });
        }
        if head.is_some() {
            return Err(ExportFault::Trailing { line });
        }
        let whole = bytes.ends_with(b"\n");
        let text = bytes.strip_suffix(b"\n").unwrap_or(&bytes);
        if text.starts_with(b"{\"head\":") {
            head = Some(check_head(line, text, whole, &runs)?);
        } else {
            check_entry(text, &mut runs).map_err(|fault| {
                // Half a line at the end of the file is a cut, not a forgery.
                if whole { ExportFault::Entry { line, entry: who(text), fault } } else { ExportFault::Cut { line } }
            })?;
        }
    }
    Err(ExportFault::Cut { line: u64::MAX })
}

fn check_head(line: u64, text: &[u8], whole: bool, runs: &BTreeMap<RunId, Head>) -> Result<Exported, ExportFault> {
    let parsed = serde_json::from_slice::<HeadLine>(text);
    let HeadLine { head } =
        parsed.map_err(|_| if whole { ExportFault::Head { line } } else { ExportFault::Cut { line } })?;
    if head.v != VERSION {
        return Err(ExportFault::Version { line, v: head.v });
    }
    let (key, signature) = (head.key.clone(), head.signature.clone());
    if head != (Exported { key, signature, ..Exported::of(runs) }) {
        return Err(ExportFault::Head { line });
    }
    if verify_signature(&head.key, &head.signature, &head.message()) {
        Ok(head)
    } else {
        Err(ExportFault::Signature { line })
    }
}

fn check_entry(text: &[u8], runs: &mut BTreeMap<RunId, Head>) -> Result<(), EntryFault> {
    let entry = verify(text)?;
    let head = runs.entry(entry.run.clone()).or_default();
    if entry.seq != head.next {
        return Err(EntryFault::Order { seq: entry.seq, expected: head.next });
    }
    if entry.prev != hex::encode(head.hash) {
        return Err(EntryFault::Chain { seq: entry.seq });
    }
    let hash = hash_of(&entry).ok_or(EntryFault::Hash { seq: entry.seq })?;
    *head = Head { next: head.next + 1, hash };
    Ok(())
}

fn hash_of(entry: &Entry) -> Option<[u8; 32]> {
    let mut hash = [0; 32];
    hex::decode_to_slice(&entry.hash, &mut hash).ok().map(|()| hash)
}

#[cfg(test)]
mod tests;
