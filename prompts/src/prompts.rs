//! The templates and their loader.

use include_dir::{Dir, include_dir};
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::sync::OnceLock;
use tera::{Context, Tera};

static TEMPLATES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/templates");

/// The templates of a process, each compiled once: a project's when they are loaded, so that what is wrong with
/// them is found then, a shipped one when it is first asked for.
#[derive(Clone, Debug)]
pub struct Prompts {
    families: Vec<Family>,
    digest: String,
}

/// Templates that include or extend each other, by name.
#[derive(Clone, Debug)]
struct Family {
    texts: BTreeMap<String, String>,
    compiled: OnceLock<Result<Tera, PromptFault>>,
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
        let owned: Vec<String> = own.keys().cloned().collect();
        texts.extend(own);
        let mut hasher = Sha256::new();
        for (name, text) in &texts {
            for part in [name, text] {
                hasher.update((part.len() as u64).to_be_bytes());
                hasher.update(part);
            }
        }
        let families = families(texts);
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
        let fault = |e: tera::Error| PromptFault { template: template.to_owned(), message: chain(&e) };
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
        let fault = |e: tera::Error| PromptFault { template: name.to_owned(), message: chain(&e) };
        let context = Context::from_serialize(data).map_err(fault)?;
        let text = Tera::one_off(text, &context, false).map_err(fault)?;
        Ok(text.trim().to_owned())
    }
}

impl Family {
    fn compile(&self) -> Result<&Tera, PromptFault> {
        let compiled = self.compiled.get_or_init(|| {
            if let Some(circle) = circle(&self.texts) {
                return Err(circle);
            }
            let mut tera = Tera::default();
            // Plain text, never HTML; the desk escapes what it shows.
            tera.autoescape_on(Vec::new());
            // Together, since templates include each other.
            tera.add_raw_templates(&self.texts).map_err(|e| fault_of_set(&self.texts, &e))?;
            Ok(tera)
        });
        compiled.as_ref().map_err(Clone::clone)
    }
}

/// Templates together that name each other.
fn families(mut texts: BTreeMap<String, String>) -> Vec<Family> {
    let mut families = Vec::new();
    while let Some((name, text)) = texts.pop_first() {
        let (mut family, mut new) = (BTreeMap::new(), vec![(name, text)]);
        while let Some((name, text)) = new.pop() {
            let related = |other: &String, its: &mut String| {
                named(&text).any(|named| named == *other) || named(its).any(|named| named == name)
            };
            new.extend(texts.extract_if(.., related));
            family.insert(name, text);
        }
        families.push(Family { texts: family, compiled: OnceLock::new() });
    }
    families
}

/// The templates that one extends, includes or imports.
fn named(text: &str) -> impl Iterator<Item = &str> {
    let tags = text.split("{%").skip(1).filter_map(|rest| rest.split_once("%}"));
    let tags = tags.map(|(tag, _)| tag.trim_start_matches('-').trim_start());
    let tags = tags.filter(|tag| ["extends", "include", "import"].iter().any(|word| tag.starts_with(word)));
    tags.flat_map(|mut rest| {
        std::iter::from_fn(move || {
            let (_, from) = rest.split_at_checked(rest.find(['"', '\'', '`'])?)?;
            let mut chars = from.chars();
            let (name, after) = chars.next().and_then(|quote| chars.as_str().split_once(quote))?;
            rest = after;
            Some(name)
        })
    })
}

/// tera follows a circle for ever.
fn circle(texts: &BTreeMap<String, String>) -> Option<PromptFault> {
    let mut open: BTreeMap<&str, Vec<&str>> =
        texts.iter().map(|(name, text)| (name.as_str(), named(text).collect())).collect();
    loop {
        // Whoever names nobody that is open is on no circle.
        let before = open.len();
        let names: BTreeSet<&str> = open.keys().copied().collect();
        open.retain(|_, named| named.iter().any(|name| names.contains(name)));
        if open.len() == before {
            break;
        }
    }
    let mut way = Vec::new();
    let mut next = *open.keys().next()?;
    while !way.contains(&next) {
        way.push(next);
        next = *open.get(next)?.iter().find(|name| open.contains_key(*name))?;
    }
    let circle: Vec<&str> = way.into_iter().skip_while(|name| *name != next).chain([next]).collect();
    let message = format!("it extends, includes or imports itself: {}", circle.join(", "));
    Some(PromptFault { template: next.to_owned(), message })
}

/// tera reports a set as one; the first template that fails alone is the one.
fn fault_of_set(texts: &BTreeMap<String, String>, all: &tera::Error) -> PromptFault {
    for (name, text) in texts {
        let mut alone = Tera::default();
        if let Err(e) = alone.add_raw_template(name, text)
            && matches!(e.kind, tera::ErrorKind::Msg(_))
            && !chain(&e).contains("isn't present")
        {
            return PromptFault { template: name.clone(), message: chain(&e) };
        }
    }
    PromptFault { template: String::new(), message: chain(all) }
}

/// An error with its causes on one line.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(e) = cause {
        text = format!("{text}: {e}");
        cause = e.source();
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests;
