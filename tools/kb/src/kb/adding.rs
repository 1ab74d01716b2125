//! What adding files changes.

use super::{Known, Report};
use crate::article::{Article, Markup};
use crate::index::{Change, Entry};
use crate::passages;
use crate::sources::{Document, Item, Listing, Source};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use tantivy::TantivyError;

/// An [`Kb::add`](super::Kb::add) under way.
pub(super) struct Adding {
    pub(super) change: Change,
    pub(super) known: BTreeMap<String, Known>,
    pub(super) report: Report,
    /// Places that were not read in full: what is known from there stays.
    pub(super) unread: Vec<PathBuf>,
    /// The ids of this change with their files.
    pub(super) seen: BTreeMap<String, PathBuf>,
}

impl Adding {
    pub(super) fn item(&mut self, source: &Source, item: Item, listing: &Listing) -> Result<(), TantivyError> {
        let Article { document, markup, notes } = match item {
            Ok(read) => read,
            Err(fault) => {
                self.unread.push(source.key.clone());
                self.report.skipped.push(fault);
                return Ok(());
            }
        };
        self.report.skipped.extend(notes.into_iter().map(|note| source.fault(None, note)));
        let key = source.key.to_string_lossy();
        let known = self.known.get(&document.id);
        // A file of the same name somewhere else must not take the place of an
        // article unseen. If that file is gone, the folder has moved.
        let elsewhere = known.map(|known| PathBuf::from(&known.source)).filter(|other| {
            *other != source.key && !other.as_os_str().is_empty() && !under(other, &listing.roots) && other.exists()
        });
        if let Some(taken) = self.seen.get(&document.id).cloned().or(elsewhere) {
            let reason = format!("the id `{}` is taken by {}", document.id, taken.display());
            self.report.skipped.push(source.fault(None, reason));
            return Ok(());
        }
        let digest = digest(&document, markup);
        self.seen.insert(document.id.clone(), source.shown.clone());
        match known {
            Some(known) if known.digest == digest && known.source == key => {
                self.report.unchanged += 1;
                return Ok(());
            }
            Some(_) => self.report.updated += 1,
            None => self.report.added += 1,
        }
        let cut = passages::cut(&document.text, markup);
        self.change.put(&Entry { document: &document, source: &key, digest: &digest, cut: &cut })
    }

    pub(super) fn remove_gone(&mut self, listing: &Listing) {
        for (id, known) in &self.known {
            let source = Path::new(&known.source);
            if under(source, &listing.roots) && !self.seen.contains_key(id) && !under(source, &self.unread) {
                self.change.remove(id);
                self.report.removed += 1;
            }
        }
    }
}

fn under(path: &Path, places: &[PathBuf]) -> bool {
    places.iter().any(|place| path.starts_with(place))
}

/// Tells one content from another.
pub(super) fn digest(document: &Document, markup: Markup) -> String {
    let mut hash = Sha256::new();
    let about = serde_json::to_string(&document.about).unwrap_or_default();
    for part in [format!("{markup:?}").as_str(), &document.title, &document.text, &about] {
        hash.update(part.len().to_le_bytes());
        hash.update(part);
    }
    hex::encode(hash.finalize())
}
