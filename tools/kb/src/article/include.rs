//! Includes: an article that names another file to stand in its place.
//!
//! The ways of mdBook (`{{#include a.md}}`), Microsoft Learn
//! (`[!INCLUDE [a](a.md)]`), Jekyll (`{% include a.md %}`) and PyMdown
//! (`--8<-- "a.md"`). Whole files only.

use super::front;
use crate::sources::MAX_DOCUMENT;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// Includes within includes go this deep.
const MAX_DEPTH: usize = 8;

/// So many includes one article may have, those of its includes counted.
const MAX_INCLUDES: usize = 200;

/// How an include begins and ends.
const MARKS: [(&str, &str); 4] =
    [("{{#include ", "}}"), ("[!INCLUDE", ")]"), ("{% include ", "%}"), ("--8<-- \"", "\"")];

/// Whether a folder of this name holds parts of articles and no articles.
pub(crate) fn is_fragments(folder: &str) -> bool {
    matches!(folder, "_includes" | "includes" | "_partials" | "snippets" | "_snippets")
}

/// `text` with its includes in place, and what was left out.
pub(super) fn expand(text: String, file: &Path, within: Option<&Path>) -> (String, Vec<String>) {
    if !MARKS.iter().any(|(mark, _)| text.contains(mark)) {
        return (text, Vec::new());
    }
    let mut expanding =
        Expanding { within, open: vec![file.to_owned()], count: 0, out: String::new(), notes: Vec::new() };
    expanding.text(&text, file);
    (expanding.out, expanding.notes)
}

struct Expanding<'a> {
    within: Option<&'a Path>,
    /// The files that are being read, outermost first.
    open: Vec<PathBuf>,
    count: usize,
    out: String,
    notes: Vec<String>,
}

impl Expanding<'_> {
    fn text(&mut self, text: &str, file: &Path) {
        let mut rest = text;
        while let Some((before, path, after)) = next(rest) {
            self.out.push_str(before);
            rest = after;
            if let Err(why) = self.include(path, file) {
                const MAX_NOTES: usize = 20;
                if self.notes.len() < MAX_NOTES {
                    let path: String = path.chars().take(200).collect();
                    self.notes.push(format!("the include `{path}` is left out: {why}"));
                }
            }
        }
        self.out.push_str(rest);
    }

    fn include(&mut self, path: &str, file: &Path) -> Result<(), String> {
        let within = self.within.ok_or("only a folder that is added can include")?;
        self.count += 1;
        if self.count > MAX_INCLUDES {
            return Err(format!("the article has more than {MAX_INCLUDES}"));
        }
        if self.open.len() > MAX_DEPTH {
            return Err(format!("more than {MAX_DEPTH} deep"));
        }
        // Relative to the file, or to the folder that was given. Whatever the
        // path says and links lead to: what counts is where it ends.
        let folder = file.parent().unwrap_or(within);
        let found = [folder, within].into_iter().find_map(|base| std::fs::canonicalize(base.join(path)).ok());
        let found = found.ok_or("there is no such file")?;
        if !found.starts_with(within) {
            return Err("it lies outside the folder that is added".to_owned());
        }
        if self.open.contains(&found) {
            return Err("it includes itself".to_owned());
        }
        let room = MAX_DOCUMENT.saturating_sub(self.out.len());
        let mut bytes = Vec::new();
        // A pipe would wait for ever.
        let opened = File::open(&found).map_err(|error| error.to_string())?;
        if !opened.metadata().is_ok_and(|meta| meta.is_file()) {
            return Err("it is no file".to_owned());
        }
        let limit = u64::try_from(room).unwrap_or(u64::MAX).saturating_add(1);
        opened.take(limit).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
        if bytes.len() > room {
            return Err("the article would be larger than 5 MiB".to_owned());
        }
        let text = String::from_utf8(bytes).map_err(|_| "it is not UTF-8")?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        let body = text.get(front::end(text)..).unwrap_or_default();
        self.open.push(found.clone());
        self.text(body.trim_end_matches('\n'), &found);
        self.open.pop();
        Ok(())
    }
}

/// The next include on one line: what is before it, its path, what follows.
fn next(text: &str) -> Option<(&str, &str, &str)> {
    let mut from = 0;
    loop {
        let rest = text.get(from..)?;
        let (at, start, end) = MARKS.iter().filter_map(|(s, e)| rest.find(s).map(|at| (at, *s, *e))).min()?;
        let inside = rest.get(at + start.len()..)?;
        let line = inside.lines().next().unwrap_or_default();
        let Some((path, _)) = line.split_once(end) else {
            from += at + start.len();
            continue;
        };
        let after = inside.get(path.len() + end.len()..)?;
        let path = if start == "[!INCLUDE" { path.rsplit_once("](").map_or(path, |(_, path)| path) } else { path };
        return Some((text.get(..from + at)?, path.trim().trim_matches('"'), after));
    }
}
