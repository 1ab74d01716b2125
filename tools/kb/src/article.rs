//! From the bytes of a file to an article: its text, its title, and what it
//! says of itself.

mod front;
mod html;
mod include;

use crate::sources::{self, Document};
use attache_tools::{About, Readers};
use jiff::{Timestamp, civil, tz::TimeZone};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

pub(crate) use include::is_fragments;

/// What an article is written in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Format {
    Html,
    Markdown,
    Plain,
}

/// How a stored text is marked up.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Markup {
    /// Headings, lists, tables.
    Markdown,
    /// Paragraphs between empty lines.
    Plain,
}

/// An article as it stands in its file: what it takes to see whether it changed is
/// known, and what takes longer waits until it did.
#[derive(Debug)]
pub(crate) struct Written {
    pub(crate) id: String,
    /// Tells one content from another.
    pub(crate) digest: String,
    /// What of it was left out, and why.
    pub(crate) notes: Vec<String>,
    content: Content,
}

#[derive(Debug)]
enum Content {
    Document(Document),
    Html(String),
    Markdown(Fields, String),
    Plain(String),
}

/// An article that was read.
#[derive(Debug)]
pub(crate) struct Article {
    pub(crate) document: Document,
    pub(crate) markup: Markup,
}

/// How articles are read, as a number: what was read in another way changed.
const READING: &str = "3";

impl Written {
    /// The text of a file. `within` is the folder that includes may read, if they
    /// may read anything.
    pub(crate) fn file(id: &str, text: String, format: Format, file: &Path, within: Option<&Path>) -> Self {
        let (content, notes) = match format {
            Format::Html => (Content::Html(text), Vec::new()),
            Format::Markdown => {
                let fields = front::fields(&text);
                let (text, notes) =
                    if fields.is_draft() { (text, Vec::new()) } else { include::expand(text, file, within) };
                (Content::Markdown(fields, text), notes)
            }
            Format::Plain => (Content::Plain(text), Vec::new()),
        };
        Self { id: id.to_owned(), digest: content.digest(), notes, content }
    }

    /// A document of a file with many.
    pub(crate) fn line(document: Document) -> Self {
        let (id, content) = (document.id.clone(), Content::Document(document));
        Self { id, digest: content.digest(), notes: Vec::new(), content }
    }

    /// Reads it.
    pub(crate) fn read(self) -> Result<Article, String> {
        let id = self.id;
        let (document, markup) = match self.content {
            Content::Document(document) => (document, Markup::Markdown),
            Content::Html(text) => {
                // A page is hostile until shown otherwise, and its parser is not ours.
                let page = catch_unwind(AssertUnwindSafe(|| html::read(&text)));
                let page = page.unwrap_or_else(|_| Err("the page cannot be read".to_owned()))?;
                let (title, text, about) = (page.title, page.text, page.fields.about());
                (Document { id, title, text, about }, Markup::Markdown)
            }
            Content::Markdown(fields, _) if fields.is_draft() => return Err("marked as a draft".to_owned()),
            Content::Markdown(fields, text) => {
                let (title, about) = (fields.title().unwrap_or_default(), fields.about());
                (Document { id, title, text, about }, Markup::Markdown)
            }
            Content::Plain(text) => (Document { id, text, ..Document::default() }, Markup::Plain),
        };
        sources::check(&document).map(|()| Article { document, markup })
    }
}

impl Content {
    fn digest(&self) -> String {
        let about;
        let parts: &[&str] = match self {
            Self::Document(document) => {
                about = serde_json::to_string(&document.about).unwrap_or_default();
                &["document", &document.title, &document.text, &about]
            }
            Self::Html(text) => &["html", text],
            Self::Markdown(_, text) => &["markdown", text],
            Self::Plain(text) => &["plain", text],
        };
        let mut hash = Sha256::new_with_prefix(READING);
        for part in parts {
            hash.update(part.len().to_le_bytes());
            hash.update(part);
        }
        hex::encode(hash.finalize())
    }
}

/// What an article says of itself, by name in lower case with `_`. A value
/// that is no single text is empty.
#[derive(Debug, Default)]
pub(crate) struct Fields(Vec<(String, String)>);

impl Fields {
    /// The fields of a JSON object that are not its text.
    pub(crate) fn of_json(object: &Map<String, Value>) -> Self {
        let mut fields = Self::default();
        for (name, value) in object {
            match value {
                Value::String(text) => fields.add(name, text),
                Value::Bool(_) | Value::Number(_) => fields.add(name, &value.to_string()),
                Value::Null => {}
                Value::Array(_) | Value::Object(_) => fields.add(name, ""),
            }
        }
        fields
    }

    fn add(&mut self, name: &str, value: &str) {
        const LONGEST: usize = 300;
        let name = name.trim().to_lowercase().replace(['-', ' '], "_");
        self.0.push((name, value.trim().chars().take(LONGEST).collect()));
    }

    fn get(&self, names: &[&str]) -> Option<&str> {
        names.iter().find_map(|name| {
            self.0.iter().find(|(own, value)| own == name && !value.is_empty()).map(|(_, value)| value.as_str())
        })
    }

    fn title(&self) -> Option<String> {
        self.get(&["title"]).map(str::to_owned)
    }

    fn is_draft(&self) -> bool {
        self.get(&["draft"]) == Some("true") || self.get(&["published"]) == Some("false")
    }

    pub(crate) fn about(&self) -> About {
        let text = |names: &[&str]| self.get(names).map(str::to_owned);
        let updated = self
            .get(&["updated_at", "updated", "last_updated", "last_modified", "last_modified_at", "lastmod", "modified"])
            .or(self.get(&["ms.date", "date"]));
        About {
            audience: self.audience(),
            product: text(&["product", "ms.service", "ms.prod"]),
            language: text(&["language", "lang", "locale"]),
            updated_at: updated.and_then(time),
            version: text(&["version", "product_version"]),
            anchor: None,
        }
    }

    /// Whoever says for whom they write, in words that are not known here, is
    /// taken to mean colleagues.
    fn audience(&self) -> Readers {
        const PUBLIC: [&str; 8] = ["public", "customer", "customers", "everyone", "all", "external", "user", "users"];
        const YES: [&str; 3] = ["true", "yes", "1"];
        const NO: [&str; 3] = ["false", "no", "0"];
        let public = |(name, value): &(String, String)| {
            let value = value.to_lowercase();
            match name.as_str() {
                "audience" | "visibility" => PUBLIC.contains(&value.as_str()),
                "internal" | "private" | "confidential" => NO.contains(&value.as_str()),
                "public" => YES.contains(&value.as_str()),
                _ => true,
            }
        };
        if self.0.iter().all(public) { Readers::Public } else { Readers::Internal }
    }
}

/// A time in one of the ways that articles write it; a day begins at midnight
/// UTC.
fn time(text: &str) -> Option<Timestamp> {
    let utc = |date: civil::DateTime| TimeZone::UTC.to_timestamp(date).ok();
    text.parse::<Timestamp>()
        .ok()
        .or_else(|| utc(text.parse::<civil::DateTime>().ok()?))
        .or_else(|| utc(text.parse::<civil::Date>().ok()?.to_datetime(civil::Time::midnight())))
        .or_else(|| utc(civil::Date::strptime("%m/%d/%Y", text).ok()?.to_datetime(civil::Time::midnight())))
}

#[cfg(test)]
mod tests;
