//! Questions over articles.

#[path = "gzip.rs"]
mod gzip;

use super::Document;
use std::path::{Path, PathBuf};

/// Questions over articles.
#[derive(Clone)]
pub(crate) struct Set {
    pub(crate) name: String,
    pub(crate) articles: Vec<Document>,
    pub(crate) questions: Vec<Question>,
}

/// A question and the articles that answer it, any of them; none if none does.
#[derive(Clone)]
pub(crate) struct Question {
    pub(crate) answers: Vec<String>,
    pub(crate) text: String,
}

/// Other companies, each with its own articles and the questions to them: those of a
/// folder beside `tools/kb/embed/training/reader.py`. Their articles say what customers
/// ask.
pub(crate) fn companies(folder: &str, name: &str) -> Vec<Set> {
    let files = std::fs::read_dir(repository().join("tools/kb/embed/training").join(folder)).unwrap();
    let mut files: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
    files.sort();
    let company = |path: &PathBuf| {
        let rows = std::fs::read_to_string(path).unwrap();
        let rows: Vec<serde_json::Value> = rows.lines().map(|row| serde_json::from_str(row).unwrap()).collect();
        let of_kind = |kind: &'static str| rows.iter().filter(move |row| row["kind"] == kind);
        let text = |row: &serde_json::Value, field: &str| row[field].as_str().unwrap_or_default().to_owned();
        let article = |row: &serde_json::Value| Document {
            id: text(row, "id"),
            text: format!("# {}\n\n{}", text(row, "title"), sections(row, of_kind("asked"))),
            ..Document::default()
        };
        let question = |row: &serde_json::Value| Question {
            answers: row["answer"].as_str().map(str::to_owned).into_iter().collect(),
            text: text(row, "text"),
        };
        Set {
            name: name.to_owned(),
            articles: of_kind("article").map(article).collect(),
            questions: of_kind("question").map(question).collect(),
        }
    };
    files.iter().map(company).collect()
}

/// The text of an article, with what customers ask of each section below it.
fn sections<'a>(article: &serde_json::Value, asked: impl Iterator<Item = &'a serde_json::Value>) -> String {
    let asked: Vec<_> = asked.filter(|row| row["article"] == article["id"]).collect();
    let below = |section: &str| {
        let lines = asked.iter().find(|row| row["section"] == section).and_then(|row| row["lines"].as_array());
        let lines = lines.into_iter().flatten().map(|line| format!("{}\n", line.as_str().unwrap()));
        let lines = lines.collect::<String>();
        if lines.is_empty() { lines } else { format!("\n<!-- asked:\n{lines}-->\n\n") }
    };
    let (mut text, mut section) = (String::new(), "");
    for line in article["text"].as_str().unwrap().lines() {
        if line.starts_with('#') {
            text.push_str(&below(section));
            section = line.trim_start_matches('#').trim();
        }
        text.push_str(line);
        text.push('\n');
    }
    text.push_str(&below(section));
    text
}

/// The same questions to articles that keep, of what customers ask, the lines with
/// these numbers.
pub(crate) fn keeping(set: &Set, keep: impl Fn(usize) -> bool) -> Set {
    let articles = set.articles.iter().map(|article| {
        let kept = numbered(&article.text).into_iter().filter_map(|(line, asked)| match asked {
            Some(number) => keep(number).then_some(line),
            None => Some(line),
        });
        Document { text: kept.collect::<Vec<_>>().join("\n"), ..article.clone() }
    });
    Set { articles: articles.collect(), ..set.clone() }
}

/// The lines of an article, with the number of each that is what customers ask.
pub(crate) fn numbered(text: &str) -> Vec<(&str, Option<usize>)> {
    let (mut inside, mut number) = (false, 0);
    let lines = text.lines().map(|line| {
        inside &= line != "-->";
        let asked = inside.then_some(number);
        number += usize::from(inside);
        inside |= line == "<!-- asked:";
        (line, asked)
    });
    lines.collect()
}

/// The folder that this is in, from whichever of its crates.
fn repository() -> PathBuf {
    let mut folders = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    folders.find(|folder| folder.join("tests/answers").is_dir()).unwrap().to_owned()
}

fn read(path: &str) -> String {
    std::fs::read_to_string(repository().join(path)).unwrap()
}

/// The example company with the questions of files beside this one: what its articles
/// answer, and what they do not.
pub(crate) fn company(answerable: &str, unanswerable: &[&str], name: &str) -> Set {
    let known = read(&format!("tests/answers/{answerable}"));
    let known = known.lines().map(|line| {
        let (docs, text) = line.split_once('\t').unwrap();
        Question { answers: docs.split('|').map(str::to_owned).collect(), text: text.to_owned() }
    });
    let unknown: String = unanswerable.iter().map(|file| read(&format!("tests/answers/{file}"))).collect();
    let unknown = unknown.lines().map(|text| Question { answers: Vec::new(), text: text.to_owned() });
    Set { name: name.to_owned(), articles: articles(), questions: known.chain(unknown).collect() }
}

/// The example company with whole messages of a file beside this one, a line of JSON
/// each.
pub(crate) fn letters(file: &str, name: &str) -> Set {
    let letter = |line: &str| {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        let answers = line["answers"].as_array().unwrap().iter().map(|doc| doc.as_str().unwrap().to_owned());
        Question { answers: answers.collect(), text: line["text"].as_str().unwrap().to_owned() }
    };
    let questions = read(&format!("tests/answers/{file}")).lines().map(letter).collect();
    Set { name: name.to_owned(), articles: articles(), questions }
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

/// Questions of customers of other companies, put to the example company: some
/// intents its articles answer, most they do not. Intents that are neither, such as
/// changing an account, are left out. Every `nth` of a file's is taken, from `first` on.
pub(crate) fn public(data: &Path, name: &str, file: &str, (first, nth): (usize, usize)) -> Set {
    const ANSWERED: [(&str, &[&str]); 11] = [
        ("check_cancellation_fee", &["cancel-subscription"]),
        ("check_invoice", &["invoices-and-payment-methods"]),
        ("check_payment_methods", &["invoices-and-payment-methods"]),
        ("check_refund_policy", &["refunds"]),
        ("contact_customer_service", &["service-levels-and-support-hours"]),
        ("create_account", &["getting-started"]),
        ("delete_account", &["cancel-subscription", "delete-account-and-data"]),
        ("get_invoice", &["invoices-and-payment-methods"]),
        ("get_refund", &["refunds"]),
        ("payment_issue", &["failed-payment", "invoices-and-payment-methods"]),
        ("recover_password", &["reset-password"]),
    ];
    const UNCLEAR: [&str; 11] = [
        "contact_human_agent",
        "edit_account",
        "edit_personal_details",
        "lost_or_stolen_phone",
        "passcode_forgotten",
        "Refund_not_showing_up",
        "registration_problems",
        "request_refund",
        "switch_account",
        "terminate_account",
        "track_refund",
    ];
    let rows = gzip::lines(&data.join("intents").join(file)).into_iter().skip(first).step_by(nth);
    let questions = rows.filter_map(|row| {
        let row: serde_json::Value = serde_json::from_str(&row).unwrap();
        let intent = row["intent"].as_str().unwrap();
        let docs = ANSWERED.iter().find(|(known, _)| *known == intent).map_or(&[][..], |(_, docs)| docs);
        let answers = docs.iter().map(|doc| (*doc).to_owned()).collect();
        let text = row["text"].as_str().unwrap().to_owned();
        (!UNCLEAR.contains(&intent)).then_some(Question { answers, text })
    });
    Set { name: name.to_owned(), articles: articles(), questions: questions.collect() }
}
