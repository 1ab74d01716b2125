//! The durable journal: segment files as the truth, sled as an index that can
//! be rebuilt.
//!
//! A [`LogStore`] keeps its folder like this:
//!
//! ```text
//! lock                  held by the process that has the store open
//! log/00000001.seg      the journal: appended to, never rewritten
//! log/00000002.seg
//! keys/ring             the customers' keys: each can be destroyed
//! keys/signing          the key that signs heads
//! heads.jsonl           signed heads: how far the journal had come, and when
//! index/                sled: which run has its records where
//! index.damaged         present if the index must be rebuilt
//! ```
//!
//! # The log, version 1
//!
//! All numbers are little-endian. A segment starts with a header of 56 bytes:
//! `attache-log`, the version (1 byte), the segment's number (8), the chain
//! hash carried in from the segment before (32, zeroes for the first), and the
//! CRC-32C of all that (4). Then records follow. A record is one appended batch
//! of one run:
//!
//! | bytes | what |
//! |---|---|
//! | 4 | length of the payload; the highest bit marks the footer |
//! | 4 | CRC-32C of payload, length and chain, in this order |
//! | 4 | how far before the record the write began that it came with |
//! | 32 | chain: SHA-256 of the chain before and the payload's SHA-256 |
//! | 4 | CRC-32C of the 44 bytes before, so that the length can be trusted |
//! | … | payload: for each entry the lengths of head and body (4 each), the head, the body |
//!
//! Head and body are those of [`attache_journal::Sealed`]: what is in clear, and
//! the event under its customer's key. A segment that has reached its size is
//! sealed by a footer: a record whose payload is the number of records (8 bytes)
//! and whose chain is the final one. Only the last segment has no footer.
//!
//! # Torn tails
//!
//! A process or machine that stops while it writes leaves an unfinished write
//! at the end of the last segment. Nobody was told that it is durable, and
//! [`LogStore::open`] cuts it off with a warning. A record that is not whole
//! counts as torn only if
//!
//! - the file ends before it does, or
//! - one of its 512-byte sectors is zeroes, as file systems leave what they
//!   made room for and did not write, in whatever order they wrote the rest,
//!   and no whole record of a later write stands behind it: a write begins only
//!   when the one before is synced.
//!
//! Everything else is [`StoreError::Corrupt`]: a record of full length with a
//! wrong checksum too, even as the very last one. What was synced does not
//! change by itself, so that is a broken disk or a forger, and neither is
//! repaired by forgetting. The length has a checksum of its own because of
//! this rule: a damaged length must not make records after it look torn.
//!
//! What no file alone can tell is whether whole records were cut off its end.
//! A [`SignedHead`] that somebody else keeps does.
//!
//! # Erasure
//!
//! A durable [`Erased`](attache_journal::Erased) entry orders that a customer be
//! forgotten. Before anybody hears that it is durable, their key is overwritten
//! in the ring and synced; an opening that finds an order that was not carried
//! out does it first. Segments stay as they are and verify as before. Nothing
//! else holds anything of a customer in clear: the index names them under their
//! own key.
//!
//! [`StoreError::Corrupt`]: attache_journal::StoreError::Corrupt

mod backup;
mod export;
mod fs;
mod index;
mod live;
mod options;
mod queue;
mod recover;
mod ring;
mod segment;
mod sign;
mod store;
mod verify;
mod writer;

pub use backup::backup_folder;
pub use export::{ExportFault, Exported, verify_export};
pub use options::LogOptions;
pub use sign::{SignedHead, read_heads, secret_key};
pub use store::LogStore;
pub use verify::{Against, VerifyReport, verify_folder};
