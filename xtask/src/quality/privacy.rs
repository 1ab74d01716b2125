//! Personal data: what leaks, what is found for nothing, how fast.

mod forms;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::Path;
use std::process::Stdio;

use serde_json::Value;

use crate::Outcome;
use crate::house::House;

/// The labels whose values have a shape or stand beside a word that names them.
const STRUCTURED: &[&str] = &[
    "AGE",
    "BIC",
    "CA_POSTCODE",
    "CREDIT_CARD",
    "CRYPTO",
    "CUSTOMER_ID",
    "CVV",
    "DATE",
    "DATE_TIME",
    "DEVICE_ID",
    "DE_POSTCODE",
    "DOMAIN_NAME",
    "EMAIL_ADDRESS",
    "EMPLOYEE_ID",
    "EXPIRY",
    "GEO",
    "IBAN_CODE",
    "IMEI",
    "IP_ADDRESS",
    "MAC",
    "MEDICAL_RECORD",
    "MEMBER_ID",
    "NATIONAL_ID",
    "NL_POSTCODE",
    "PASSWORD",
    "PHONE_NUMBER",
    "PLATE",
    "POLICY_NUMBER",
    "ROUTING_NUMBER",
    "SORT_CODE",
    "TAX_ID",
    "TIME",
    "UK_POSTCODE",
    "URL",
    "USERNAME",
    "US_BANK_NUMBER",
    "US_DRIVER_LICENSE",
    "US_PASSPORT",
    "US_SSN",
    "US_ZIP",
    "UUID",
    "VIN",
    "ZIP_CODE",
];

/// The section as Markdown. Data that is not there is said so.
pub(crate) fn section(house: &House, data: Option<&Path>) -> Outcome<String> {
    let data = data.unwrap_or(Path::new("no data was given"));
    house.run(&mut house.cargo(["build", "--release", "--locked", "-p", "attache-guards", "--example", "scan"]))?;
    let mut lines = vec![
        "With what `attache scan` runs. A leak is a character of a labelled span that no find covers; titles are not counted.".to_owned(),
        String::new(),
        "| set | records | structured kinds leak | all kinds leak | finds without any label |".to_owned(),
        "|---|---|---|---|---|".to_owned(),
    ];
    for name in ["pii/synth_v1_dev.jsonl", "pii/synth_v2_dev.jsonl"] {
        lines.push(match records(house, &data.join(name))? {
            Some(records) => leaks(house, name, &records)?,
            None => format!("| {name} | not there | | | |"),
        });
    }
    lines.push(leaks(house, "`eval/personal.txt`, written apart", &own(house)?)?);
    lines.push(leaks(
        house,
        "`eval/forms.txt`, published forms filled by a seed",
        &forms::records(house, "forms.txt")?,
    )?);
    let others = forms::records(house, "others.txt")?;
    lines.push(leaks(house, "`eval/others.txt`, other forms and sentences, filled by a seed", &others)?);
    let third = forms::records(house, "third.txt")?;
    lines.push(leaks(house, "`eval/third.txt`, by somebody who had not read the rules", &third)?);
    lines.extend([
        String::new(),
        "| questions that name nobody | records | finds | for 3,000 |".to_owned(),
        "|---|---|---|---|".to_owned(),
    ]);
    for name in ["intents/banking77_train.jsonl.gz", "intents/bitext_train.jsonl.gz", "intents/bitext_dev.jsonl.gz"] {
        lines.push(match records(house, &data.join(name))? {
            Some(records) => harmless(house, name, &records)?,
            None => format!("| {name} | not there | | |"),
        });
    }
    let messages = match records(house, &data.join("intents/bitext_train.jsonl.gz"))? {
        Some(records) => records,
        None => own(house)?,
    };
    lines.extend([String::new(), run(house, &messages, &["speed"])?.trim().to_owned()]);
    let [planted, spellings] = said(house, ["planted", "spellings"])?;
    lines.extend([
        String::new(),
        format!("Drafts put together by `policies/guards/src/grounding/tests/planted.rs`: {planted}."),
        String::new(),
        format!(
            "Names, addresses, numbers and accounts on record, written in other spellings by \
             `policies/guards/src/pseudonyms/tests/spellings.rs`, without any detector: {spellings}."
        ),
    ]);
    Ok(lines.join("\n"))
}

/// The lines of figures that tests of the guards print; the name of each and its line begin with the same word.
fn said<const N: usize>(house: &House, words: [&str; N]) -> Outcome<[String; N]> {
    let mut test = house.cargo(["test", "--release", "--locked", "-p", "attache-guards", "--lib", "--"]);
    let output = test.args(words).arg("--nocapture").stderr(Stdio::inherit()).output();
    let output = output.map_err(|e| format!("cargo test: {e}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    // A test that goes on printing stands on the line of its name.
    let line = |word: &str| text.lines().find_map(|line| line.get(line.find(&format!("{word} "))?..));
    match words.map(line) {
        lines if output.status.success() && lines.iter().all(Option::is_some) => {
            Ok(lines.map(|line| line.unwrap_or_default().to_owned()))
        }
        _ => Err(format!("the tests of {}: {}", words.join(" and "), output.status)),
    }
}

/// Our own texts, in which `[KIND value]` marks personal data.
fn own(house: &House) -> Outcome<Vec<Value>> {
    let path = house.path("policies/guards/eval/personal.txt");
    let text = std::fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
    Ok(text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).map(marked).collect())
}

/// A line without its marks, and where they were.
fn marked(line: &str) -> Value {
    let (mut text, mut spans) = (String::new(), Vec::new());
    let mut rest = line;
    while let Some((before, (mark, after))) =
        rest.split_once('[').and_then(|(before, after)| Some((before, after.split_once(']')?)))
    {
        text.push_str(before);
        let (kind, value) = mark.split_once(' ').unwrap_or((mark, ""));
        let start = text.chars().count();
        text.push_str(value);
        spans.push(serde_json::json!({ "type": kind, "start": start, "end": text.chars().count() }));
        rest = after;
    }
    text.push_str(rest);
    serde_json::json!({ "text": text, "spans": spans })
}

fn records(house: &House, path: &Path) -> Outcome<Option<Vec<Value>>> {
    if !path.exists() {
        return Ok(None);
    }
    let mut command = house.command(if path.extension().is_some_and(|end| end == "gz") { "gzip" } else { "cat" });
    if path.extension().is_some_and(|end| end == "gz") {
        command.arg("-dc");
    }
    let output = command.arg(path).output().map_err(|e| format!("{}: {e}", path.display()))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let records: Result<_, _> = text.lines().filter(|line| !line.is_empty()).map(serde_json::from_str).collect();
    records.map(Some).map_err(|e| format!("{}: {e}", path.display()))
}

/// What `attache scan` finds in each record.
fn scan(house: &House, records: &[Value]) -> Outcome<Vec<Vec<Value>>> {
    let found: Vec<Vec<Value>> = run(house, records, &[])?
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .map(|record| record.get("pii").and_then(Value::as_array).cloned().unwrap_or_default())
        .collect();
    if found.len() == records.len() { Ok(found) } else { Err("the scan did not answer every record".into()) }
}

/// What the example `scan` prints for the records.
fn run(house: &House, records: &[Value], args: &[&str]) -> Outcome<String> {
    let feed: String = records
        .iter()
        .enumerate()
        .map(|(id, record)| format!("{}\n", serde_json::json!({ "id": id.to_string(), "text": record["text"] })))
        .collect();
    let mut child = super::example_of(house, "attache-guards", "scan")
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|e| format!("scan: {e}"))?;
    let mut stdin = child.stdin.take().ok_or("the scan takes no input")?;
    let writer = std::thread::spawn(move || stdin.write_all(feed.as_bytes()));
    let output = child.wait_with_output().map_err(|e| format!("scan: {e}"))?;
    let _ = writer.join();
    if !output.status.success() {
        return Err(format!("scan: {}", output.status));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn range(span: &Value) -> std::ops::Range<u64> {
    span["start"].as_u64().unwrap_or(0)..span["end"].as_u64().unwrap_or(0)
}

fn leaks(house: &House, name: &str, records: &[Value]) -> Outcome<String> {
    let found = scan(house, records)?;
    let mut chars: BTreeMap<bool, (usize, usize)> = BTreeMap::new();
    let mut idle = 0;
    for (record, found) in records.iter().zip(&found) {
        let covered: BTreeSet<u64> = found.iter().flat_map(range).collect();
        let mut labelled = BTreeSet::new();
        for span in record["spans"].as_array().into_iter().flatten().filter(|span| span["type"] != "TITLE") {
            let structured = span["type"].as_str().is_some_and(|kind| STRUCTURED.contains(&kind));
            let (missed, all) = chars.entry(structured).or_default();
            *all += range(span).count();
            *missed += range(span).filter(|at| !covered.contains(at)).count();
            labelled.extend(range(span));
        }
        idle += found.iter().filter(|span| range(span).all(|at| !labelled.contains(&at))).count();
    }
    let (missed, all) = chars.get(&true).copied().unwrap_or_default();
    let (more_missed, more) = chars.get(&false).copied().unwrap_or_default();
    let (structured, every) = (share(missed, all), share(missed + more_missed, all + more));
    Ok(format!("| {name} | {} | {structured} | {every} | {idle} |", records.len()))
}

#[expect(clippy::cast_precision_loss, reason = "counts of characters")]
fn share(part: usize, all: usize) -> String {
    format!("{:.2} %", 100.0 * part as f64 / all.max(1) as f64)
}

#[expect(clippy::cast_precision_loss, reason = "counts of records")]
fn harmless(house: &House, name: &str, records: &[Value]) -> Outcome<String> {
    let found = scan(house, records)?;
    let mut finds = 0;
    for (record, found) in records.iter().zip(&found) {
        // A name or a town that the set itself labels is no false find.
        let entity = &record["entity"];
        let real = matches!(entity["type"].as_str(), Some("person_name" | "delivery_city" | "delivery_country"));
        let own = range(entity);
        finds += found.iter().filter(|span| !(real && range(span).any(|at| own.contains(&at)))).count();
    }
    let rate = 3_000.0 * finds as f64 / records.len().max(1) as f64;
    Ok(format!("| {name} | {} | {finds} | {rate:.1} |", records.len()))
}
