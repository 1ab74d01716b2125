//! From paths to documents: which files there are, and what is in them.

use crate::article::{self, Fields, Format, Written};
use crate::error::KbError;
use attache_tools::About;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

/// How large a document may be, in bytes: an article file, or a line of JSONL.
pub const MAX_DOCUMENT: usize = 5 * 1024 * 1024;

/// How long a document's id may be, in characters.
const MAX_ID: usize = 256;

/// A document to add.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Document {
    /// Its id.
    pub id: String,
    /// Its title; empty if the text says it.
    pub title: String,
    /// Its text, Markdown or plain.
    pub text: String,
    /// What is known of it besides.
    pub about: About,
}

/// A file, or a line of one, that was not added.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Skipped {
    /// The file.
    pub path: PathBuf,
    /// The line, from 1, if it is about one line.
    pub line: Option<usize>,
    /// Why.
    pub reason: String,
}

impl fmt::Display for Skipped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.path.display())?;
        if let Some(line) = self.line {
            write!(f, "{line}:")?;
        }
        write!(f, " {}", self.reason)
    }
}

/// What the given paths hold.
#[derive(Debug, Default)]
pub(crate) struct Listing {
    pub(crate) files: Vec<Source>,
    pub(crate) skipped: Vec<Skipped>,
    /// The given paths, resolved.
    pub(crate) roots: Vec<PathBuf>,
    /// Places that could not be read, resolved: what is known from there stays.
    pub(crate) unread: Vec<PathBuf>,
}

/// A file with documents.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    /// As the user would name it.
    pub(crate) shown: PathBuf,
    /// Resolved: the same file has the same key whatever folder was given.
    pub(crate) key: PathBuf,
    form: Form,
}

#[derive(Clone, Debug)]
enum Form {
    /// `within` is the folder that was given, if one was.
    Article {
        id: String,
        format: Format,
        within: Option<PathBuf>,
    },
    Lines,
}

/// A document that was found, or a fault.
pub(crate) type Item = Result<Written, Skipped>;

/// Lists the files under `paths`: folders with all they hold, sorted, without
/// hidden entries, symbolic links and folders of fragments.
pub(crate) fn list(paths: &[PathBuf]) -> Result<Listing, KbError> {
    let mut listing = Listing::default();
    let mut known = BTreeSet::new();
    for path in paths {
        let fault = |source| KbError::Path { path: path.clone(), source };
        let root = fs::canonicalize(path).map_err(fault)?;
        let mut found = Vec::new();
        if fs::metadata(&root).map_err(fault)?.is_dir() {
            walk(path, &root, &mut found, &mut listing)?;
        } else {
            found.push(PathBuf::new());
        }
        for source in identified(path, &root, &found, &mut listing) {
            if known.insert(source.key.clone()) {
                listing.files.push(source);
            }
        }
        listing.roots.push(root);
    }
    Ok(listing)
}

/// The files under the folder `root`, relative to it.
fn walk(shown: &Path, root: &Path, found: &mut Vec<PathBuf>, listing: &mut Listing) -> Result<(), KbError> {
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        let entries = fs::read_dir(root.join(&folder)).and_then(Iterator::collect::<Result<Vec<_>, _>>);
        let entries = match entries {
            Ok(entries) => entries,
            Err(source) if folder.as_os_str().is_empty() => {
                return Err(KbError::Path { path: shown.to_owned(), source });
            }
            Err(error) => {
                listing.unread.push(root.join(&folder));
                listing.skip(shown.join(&folder), error.to_string());
                continue;
            }
        };
        for entry in entries {
            let (name, kind) = (entry.file_name(), entry.file_type());
            if name.as_encoded_bytes().starts_with(b".") {
                continue;
            }
            let entry = folder.join(&name);
            match kind {
                Ok(kind) if kind.is_dir() && name.to_str().is_some_and(article::is_fragments) => {
                    listing.skip(shown.join(&entry), "parts of articles, read where they are included".to_owned());
                }
                Ok(kind) if kind.is_dir() => folders.push(entry),
                Ok(kind) if kind.is_file() => found.push(entry),
                // It may lead out of the folder, or in a circle.
                Ok(kind) if kind.is_symlink() => {
                    listing.skip(shown.join(&entry), "a symbolic link, not followed".to_owned());
                }
                Ok(_) => listing.skip(shown.join(&entry), "no ordinary file".to_owned()),
                Err(error) => {
                    listing.unread.push(root.join(&entry));
                    listing.skip(shown.join(&entry), error.to_string());
                }
            }
        }
    }
    found.sort();
    Ok(())
}

/// Gives each file its form and its id.
fn identified(shown: &Path, root: &Path, found: &[PathBuf], listing: &mut Listing) -> Vec<Source> {
    let single = found.iter().any(|file| file.as_os_str().is_empty());
    let mut sources = Vec::new();
    let mut articles = Vec::new();
    for file in found {
        let (shown, key) =
            if single { (shown.to_owned(), root.to_owned()) } else { (shown.join(file), root.join(file)) };
        let extension = key.extension().and_then(|e| e.to_str()).unwrap_or_default().to_ascii_lowercase();
        let format = match extension.as_str() {
            "md" | "markdown" => Format::Markdown,
            "html" | "htm" => Format::Html,
            "txt" => Format::Plain,
            "jsonl" => {
                sources.push(Source { shown, key, form: Form::Lines });
                continue;
            }
            _ if single => {
                listing.skip(shown, "not an article: expected .md, .markdown, .html, .htm, .txt or .jsonl".to_owned());
                continue;
            }
            // Pictures and the like lie beside articles.
            _ => continue,
        };
        let relative = if single { root.file_name().map(PathBuf::from).unwrap_or_default() } else { file.clone() };
        let (Some(stem), Some(long), Some(full)) = (
            text(relative.file_stem().map(Path::new)),
            text(Some(&relative.with_extension(""))),
            text(Some(&relative)),
        ) else {
            listing.unread.push(key);
            listing.skip(shown, "the file name is not UTF-8".to_owned());
            continue;
        };
        articles.push((shown, key, format, [stem, long, full]));
    }
    // The shortest name that no other file has.
    let mut counts = BTreeMap::<&str, usize>::new();
    for (.., names) in &articles {
        for name in names.iter().collect::<BTreeSet<_>>() {
            *counts.entry(name).or_default() += 1;
        }
    }
    let ids: Vec<_> = articles
        .iter()
        .map(|(.., [stem, long, full])| {
            let free = |name: &&String| counts.get(name.as_str()) == Some(&1);
            [stem, long].into_iter().find(free).unwrap_or(full).clone()
        })
        .collect();
    let within = (!single).then(|| root.to_owned());
    sources.extend(articles.into_iter().zip(ids).map(|((shown, key, format, _), id)| Source {
        shown,
        key,
        form: Form::Article { id, format, within: within.clone() },
    }));
    sources.sort_by(|one, other| one.key.cmp(&other.key));
    sources
}

/// A relative path with `/` between its parts, on every system.
fn text(path: Option<&Path>) -> Option<String> {
    let parts: Option<Vec<_>> = path?.components().map(|part| part.as_os_str().to_str()).collect();
    Some(parts?.join("/"))
}

impl Listing {
    fn skip(&mut self, path: PathBuf, reason: String) {
        self.skipped.push(Skipped { path, line: None, reason });
    }
}

impl Source {
    /// Reads the file and gives each document, or each fault, to `each`.
    pub(crate) fn read(&self, each: &mut dyn FnMut(Item) -> Result<(), KbError>) -> Result<(), KbError> {
        let file = match File::open(&self.key) {
            Ok(file) => file,
            Err(error) => return each(Err(self.fault(None, error.to_string()))),
        };
        match &self.form {
            Form::Article { id, format, within } => each(self.article(file, id, *format, within.as_deref())),
            Form::Lines => self.lines(BufReader::new(file), each),
        }
    }

    fn article(&self, file: File, id: &str, format: Format, within: Option<&Path>) -> Item {
        let mut bytes = Vec::new();
        let limit = u64::try_from(MAX_DOCUMENT).unwrap_or(u64::MAX);
        file.take(limit + 1).read_to_end(&mut bytes).map_err(|error| self.fault(None, error.to_string()))?;
        if bytes.len() > MAX_DOCUMENT {
            return Err(self.fault(None, "larger than 5 MiB".to_owned()));
        }
        let text = String::from_utf8(bytes).map_err(|error| {
            let what = if error.as_bytes().contains(&0) { "binary content, no text" } else { "not UTF-8" };
            self.fault(None, format!("{what} (byte {})", error.utf8_error().valid_up_to()))
        })?;
        let text = text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text);
        if text.contains('\0') {
            return Err(self.fault(None, "binary content, no text".to_owned()));
        }
        Ok(Written::file(id, text, format, &self.key, within))
    }

    fn lines(
        &self,
        mut reader: impl BufRead,
        each: &mut dyn FnMut(Item) -> Result<(), KbError>,
    ) -> Result<(), KbError> {
        let limit = u64::try_from(MAX_DOCUMENT).unwrap_or(u64::MAX);
        let mut bytes = Vec::new();
        for number in 1.. {
            bytes.clear();
            match reader.by_ref().take(limit + 1).read_until(b'\n', &mut bytes) {
                Ok(0) => break,
                Ok(_) => {}
                Err(error) => {
                    each(Err(self.fault(Some(number), error.to_string())))?;
                    break;
                }
            }
            if bytes.len() > MAX_DOCUMENT {
                each(Err(self.fault(Some(number), "the line is longer than 5 MiB".to_owned())))?;
                if !bytes.ends_with(b"\n") && reader.skip_until(b'\n').is_err() {
                    break;
                }
                continue;
            }
            let line = if number == 1 { bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes) } else { &bytes };
            if line.trim_ascii().is_empty() {
                continue;
            }
            let document = record(line).and_then(|document| check(&document).map(|()| document));
            each(document.map(Written::line).map_err(|reason| self.fault(Some(number), reason)))?;
        }
        Ok(())
    }

    pub(crate) fn fault(&self, line: Option<usize>, reason: String) -> Skipped {
        Skipped { path: self.shown.clone(), line, reason }
    }
}

/// A line of JSONL: `{id,title,text}` with what else an article says of itself.
fn record(line: &[u8]) -> Result<Document, String> {
    const EXPECTED: &str = "expected {\"id\",\"title\",\"text\"}";
    let mut object: Map<String, Value> = serde_json::from_slice(line).map_err(|error| {
        let text = error.to_string();
        let text = text.rsplit_once(" at line ").map_or(text.as_str(), |(what, _)| what);
        format!("column {}: {text}; {EXPECTED}", error.column())
    })?;
    let mut text = |name: &str| match object.remove(name) {
        Some(Value::String(text)) => Ok(Some(text)),
        Some(Value::Null) | None => Ok(None),
        Some(_) => Err(format!("`{name}` is no text; {EXPECTED}")),
    };
    let missing = |name: &str| format!("`{name}` is missing; {EXPECTED}");
    let id = text("id")?.ok_or_else(|| missing("id"))?;
    let title = text("title")?.unwrap_or_default();
    let body = text("text")?.ok_or_else(|| missing("text"))?;
    Ok(Document { id, title, text: body, about: Fields::of_json(&object).about() })
}

/// Whether a document can be kept.
pub(crate) fn check(document: &Document) -> Result<(), String> {
    let id = &document.id;
    if id.is_empty() || id.chars().count() > MAX_ID {
        return Err(format!("the id has {} characters, expected 1 to {MAX_ID}", id.chars().count()));
    }
    if id.trim() != id || id.chars().any(char::is_control) {
        return Err("an id has no control characters and no white space at its ends".to_owned());
    }
    if document.text.contains('\0') {
        return Err("binary content, no text".to_owned());
    }
    if document.text.len() > MAX_DOCUMENT {
        return Err("larger than 5 MiB".to_owned());
    }
    if document.text.trim().is_empty() {
        return Err("there is no text".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests;
