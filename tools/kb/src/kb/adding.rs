//! What adding files changes.

use super::{Known, Report};
use crate::article::Article;
use crate::index::{Change, Entry};
use crate::passages;
use crate::sources::{Item, Listing, Skipped, Source};
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
        let written = match item {
            Ok(written) => written,
            Err(fault) => {
                self.unread(source, fault);
                return Ok(());
            }
        };
        self.report.skipped.extend(written.notes.iter().map(|note| source.fault(None, note.clone())));
        let key = source.key.to_string_lossy();
        let known = self.known.get(&written.id);
        // A file of the same name somewhere else must not take the place of an
        // article unseen. If that file is gone, the folder has moved.
        let elsewhere = known.map(|known| PathBuf::from(&known.source)).filter(|other| {
            *other != source.key && !other.as_os_str().is_empty() && !under(other, &listing.roots) && other.exists()
        });
        if let Some(taken) = self.seen.get(&written.id).cloned().or(elsewhere) {
            let reason = format!("the id `{}` is taken by {}", written.id, taken.display());
            self.report.skipped.push(source.fault(None, reason));
            return Ok(());
        }
        let new = known.is_none();
        if known.is_some_and(|known| known.digest == written.digest && known.source == key) {
            self.seen.insert(written.id, source.shown.clone());
            self.report.unchanged += 1;
            return Ok(());
        }
        let digest = written.digest.clone();
        let Article { document, markup } = match written.read() {
            Ok(article) => article,
            Err(reason) => {
                self.unread(source, source.fault(None, reason));
                return Ok(());
            }
        };
        self.seen.insert(document.id.clone(), source.shown.clone());
        *if new { &mut self.report.added } else { &mut self.report.updated } += 1;
        let cut = passages::cut(&document.text, markup);
        self.change.put(&Entry { document: &document, source: &key, digest: &digest, cut: &cut })
    }

    /// Notes a fault: what is known from this file stays.
    fn unread(&mut self, source: &Source, fault: Skipped) {
        self.unread.push(source.key.clone());
        self.report.skipped.push(fault);
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
