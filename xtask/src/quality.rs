//! Figures of the guards, into `docs/quality.md`.

mod privacy;

use std::fs;
use std::path::Path;

use crate::Outcome;
use crate::house::House;

/// Measures, and writes each section between its marks.
pub(crate) fn run(house: &House, data: &Path) -> Outcome {
    let path = house.path("docs/quality.md");
    let mut page = fs::read_to_string(&path).unwrap_or_else(|_| "# Quality\n".to_owned());
    put(&mut page, "privacy", &privacy::section(house, data)?);
    fs::write(&path, page).map_err(|e| format!("{}: {e}", path.display()))
}

/// Puts a section in the place of the one before.
fn put(page: &mut String, name: &str, section: &str) {
    let (open, close) = (format!("<!-- {name} -->"), format!("<!-- /{name} -->"));
    let whole = format!("{open}\n{section}\n{close}");
    match (page.find(&open), page.find(&close)) {
        (Some(start), Some(end)) if start < end => page.replace_range(start..end + close.len(), &whole),
        _ => page.push_str(&format!("\n{whole}\n")),
    }
}
