//! The templates and their loader.

use crate::family::{Family, families};
use include_dir::{Dir, include_dir};
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::error::Error;
use tera::{Context, Tera};

static TEMPLATES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/templates");

/// The templates of a process. A project's are compiled when they are loaded, so that what is wrong with them is found
/// then; shipped ones when the first of their family is asked for.
///
/// A template may not extend, include or import itself, whatever lies between.
#[derive(Clone, Debug)]
pub struct Prompts {
    families: Vec<Family>,
    digest: String,
}

/// A template is wrong, or does not fit what it was given.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("prompts/{template}: {message}")]
pub struct PromptFault {
    /// The template's name.
    pub template: String,
    /// What is wrong with it, in one line.
    pub message: String,
}

impl PromptFault {
    /// What tera says of a template, with its causes, on one line.
    pub(crate) fn of(template: &str, error: &dyn Error) -> Self {
        let mut message = error.to_string();
        let mut cause = error.source();
        while let Some(e) = cause {
            message = format!("{message}: {e}");
            cause = e.source();
        }
        let message = message.split_whitespace().collect::<Vec<_>>().join(" ");
        Self { template: template.to_owned(), message }
    }
}

impl Prompts {
    /// The shipped templates.
    ///
    /// # Errors
    /// None: a test compiles every one of them.
    pub fn embedded() -> Result<Self, PromptFault> {
        Self::with_overrides(BTreeMap::new())
    }

    /// The shipped templates, with those in `own` (name to text) in their place
    /// or beside them.
    ///
    /// # Errors
    /// [`PromptFault`] names the first template that does not compile, of the project's and of those that rest on them.
    pub fn with_overrides(own: BTreeMap<String, String>) -> Result<Self, PromptFault> {
        let mut texts = Self::shipped();
        // A project is begun with copies of the shipped ones, which a test has compiled.
        let owned: Vec<String> =
            own.iter().filter(|(name, text)| texts.get(*name) != Some(text)).map(|(name, _)| name.clone()).collect();
        texts.extend(own);
        let mut hasher = Sha256::new();
        for (name, text) in &texts {
            for part in [name, text] {
                hasher.update((part.len() as u64).to_be_bytes());
                hasher.update(part);
            }
        }
        let families = families(&texts);
        for family in &families {
            if owned.iter().any(|name| family.texts.contains_key(name)) {
                family.compile()?;
            }
        }
        Ok(Self { families, digest: hex::encode(hasher.finalize()) })
    }

    /// The shipped templates by name.
    #[must_use]
    pub fn shipped() -> BTreeMap<String, String> {
        let mut found = BTreeMap::new();
        let mut folders = vec![&TEMPLATES];
        while let Some(folder) = folders.pop() {
            folders.extend(folder.dirs());
            for file in folder.files() {
                if let (Some(name), Some(text)) = (file.path().to_str(), file.contents_utf8()) {
                    found.insert(name.to_owned(), text.to_owned());
                }
            }
        }
        found
    }

    /// SHA-256 over all names and texts, in hexadecimal.
    #[must_use]
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// Whether there is such a template.
    #[must_use]
    pub fn has(&self, template: &str) -> bool {
        self.family(template).is_some()
    }

    fn family(&self, template: &str) -> Option<&Family> {
        self.families.iter().find(|family| family.texts.contains_key(template))
    }

    /// Renders `template` with the fields of `data` as variables, and trims the
    /// white space at its ends.
    ///
    /// # Errors
    /// [`PromptFault`] if there is no such template or a variable is missing.
    pub fn render(&self, template: &str, data: &impl Serialize) -> Result<String, PromptFault> {
        let fault = |e: tera::Error| PromptFault::of(template, &e);
        let context = Context::from_serialize(data).map_err(fault)?;
        let missing = || PromptFault { template: template.to_owned(), message: "there is no such template".to_owned() };
        let compiled = self.family(template).ok_or_else(missing)?.compile()?;
        let text = compiled.render(template, &context).map_err(fault)?;
        Ok(text.trim().to_owned())
    }

    /// Renders the template for a reason: `base/CODE.tera`, or `base.tera` where
    /// there is none for this code. Both are looked up among the names that were
    /// loaded, so a code is never a path.
    ///
    /// # Errors
    /// As [`render`](Self::render).
    pub fn render_for(&self, base: &str, code: &str, data: &impl Serialize) -> Result<String, PromptFault> {
        let own = format!("{base}/{code}.tera");
        if self.has(&own) { self.render(&own, data) } else { self.render(&format!("{base}.tera"), data) }
    }

    /// Renders `text`, a template of ours that stands in a file of another room
    /// under `name`, as [`render`](Self::render) does. It cannot include or
    /// extend others.
    ///
    /// # Errors
    /// [`PromptFault`] if it does not parse or a variable is missing.
    pub fn render_inline(&self, name: &str, text: &str, data: &impl Serialize) -> Result<String, PromptFault> {
        let fault = |e: tera::Error| PromptFault::of(name, &e);
        let context = Context::from_serialize(data).map_err(fault)?;
        let text = Tera::one_off(text, &context, false).map_err(fault)?;
        Ok(text.trim().to_owned())
    }
}

#[cfg(test)]
mod tests;
