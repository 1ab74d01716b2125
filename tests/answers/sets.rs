//! Questions over articles.

use super::Document;
use std::path::{Path, PathBuf};

/// Questions over articles.
pub(crate) struct Set {
    pub(crate) name: String,
    pub(crate) articles: Vec<Document>,
    pub(crate) questions: Vec<Question>,
}

/// A question and the articles that answer it, any of them; none if none does.
pub(crate) struct Question {
    pub(crate) answers: Vec<String>,
    pub(crate) text: String,
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

fn read(path: &str) -> String {
    std::fs::read_to_string(repository().join(path)).unwrap()
}

/// The example company with the questions of two files beside this one.
pub(crate) fn company(answerable: &str, unanswerable: &str, what: &str) -> Set {
    let known = read(&format!("tests/answers/{answerable}"));
    let known = known.lines().map(|line| {
        let (docs, text) = line.split_once('\t').unwrap();
        Question { answers: docs.split('|').map(str::to_owned).collect(), text: text.to_owned() }
    });
    let unknown = read(&format!("tests/answers/{unanswerable}"));
    let unknown = unknown.lines().map(|text| Question { answers: Vec::new(), text: text.to_owned() });
    Set {
        name: format!("the example company, {what}"),
        articles: articles(),
        questions: known.chain(unknown).collect(),
    }
}

fn articles() -> Vec<Document> {
    let files = std::fs::read_dir(repository().join("examples/company/kb")).unwrap();
    let article = |path: PathBuf| Document {
        id: path.file_stem().unwrap().to_str().unwrap().to_owned(),
        text: std::fs::read_to_string(path).unwrap(),
        ..Document::default()
    };
    files.map(|file| article(file.unwrap().path())).collect()
}
