//! How people narrow the queue, and which of these views they keep under a name.

use crate::files::{fault, write};
use attache_journal::StoreError;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// The version of the file.
const VERSION: u32 = 1;
/// A person keeps at most so many.
const MOST: usize = 20;
/// A name has at most so many characters.
const LONGEST: usize = 40;

/// What of the queue is looked at. It names no customer: nothing here has to be forgotten.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(default)]
pub(crate) struct View {
    /// Which list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tab: Option<String>,
    /// Only what those people should decide.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) queue: Option<String>,
    /// Only what is somebody's: `mine`, or `nobody` for what nobody has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) whose: Option<String>,
}

/// A view that somebody keeps.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Named {
    pub(crate) label: String,
    #[serde(flatten)]
    pub(crate) view: View,
}

#[derive(Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    version: u32,
    people: BTreeMap<String, Vec<Named>>,
}

/// The views that people keep, in one file.
pub(crate) struct Views {
    path: PathBuf,
    kept: Mutex<BTreeMap<String, Vec<Named>>>,
}

impl View {
    /// The view without what a form sends for nothing.
    pub(crate) fn trimmed(self) -> Self {
        let said = |text: Option<String>| text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        Self { tab: said(self.tab), queue: said(self.queue), whose: said(self.whose) }
    }

    /// Whether it leaves anything of a list out.
    pub(crate) fn narrows(&self) -> bool {
        self.queue.is_some() || self.whose.is_some()
    }

    /// Where it is.
    pub(crate) fn address(&self) -> String {
        format!("/?{}", serde_urlencoded::to_string(self).unwrap_or_default())
    }
}

impl Views {
    pub(crate) fn open(folder: &Path) -> Result<Self, StoreError> {
        let path = folder.join("views.json");
        let kept = match fs::read(&path) {
            Ok(bytes) => serde_json::from_slice::<Kept>(&bytes)
                .map_err(io::Error::other)
                .and_then(|kept| match kept.version {
                    VERSION => Ok(kept.people),
                    other => Err(io::Error::other(format!("version {other} is not known, only {VERSION}"))),
                })
                .map_err(|e| fault(&path, &e))?,
            Err(e) if e.kind() == io::ErrorKind::NotFound => BTreeMap::new(),
            Err(e) => return Err(fault(&path, &e)),
        };
        Ok(Self { path, kept: Mutex::new(kept) })
    }

    /// What somebody keeps, as they kept it.
    pub(crate) fn of(&self, name: &str) -> Vec<Named> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned().unwrap_or_default()
    }

    /// Keeps a view under a name, in the place of the one that had it.
    ///
    /// # Errors
    /// What is wrong with it, in words for whoever asked; or the file cannot be written.
    pub(crate) fn keep(&self, name: &str, label: &str, view: View) -> Result<Result<(), String>, StoreError> {
        let label = label.trim();
        if label.is_empty() || label.chars().count() > LONGEST || label.chars().any(char::is_control) {
            return Ok(Err(format!("a view is named by 1 to {LONGEST} characters")));
        }
        self.change(name, |own| {
            own.retain(|kept| kept.label != label);
            if own.len() >= MOST {
                return Err(format!("there are {MOST} views; drop one first"));
            }
            own.push(Named { label: label.to_owned(), view });
            Ok(())
        })
    }

    /// Forgets a view.
    pub(crate) fn drop_view(&self, name: &str, label: &str) -> Result<(), StoreError> {
        self.change(name, |own| {
            own.retain(|kept| kept.label != label);
            Ok(())
        })
        .map(drop)
    }

    fn change(
        &self,
        name: &str,
        change: impl FnOnce(&mut Vec<Named>) -> Result<(), String>,
    ) -> Result<Result<(), String>, StoreError> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let mut people = kept.clone();
        if let Err(wrong) = change(people.entry(name.to_owned()).or_default()) {
            return Ok(Err(wrong));
        }
        let file = serde_json::to_vec(&Kept { version: VERSION, people: people.clone() });
        write(&self.path, &file.map_err(|e| fault(&self.path, &io::Error::other(e)))?)?;
        *kept = people;
        Ok(Ok(()))
    }
}

#[cfg(test)]
mod tests;
