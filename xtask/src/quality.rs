//! `cargo xtask quality`, `train-sentiment`, `train-fit`, `train-reader`, `train-skim` and `train-gist`.
//!
//! `docs/quality.md` has a section for each part that is measured, between
//! `<!-- NAME -->` and `<!-- /NAME -->`.

mod privacy;

use std::ffi::OsStr;
use std::path::Path;
use std::process::Stdio;

use crate::Outcome;
use crate::house::House;

type Measure = fn(&House, Option<&Path>) -> Outcome<String>;

/// The sections, and what measures them.
const PARTS: [(&str, Measure); 5] = [
    ("answers", answers),
    ("authority", authority),
    ("gaps", gaps),
    ("privacy", privacy::section),
    ("sentiment", sentiment),
];

const PAGE: &str = "docs/quality.md";

/// Rewrites the sections of `docs/quality.md`; `only` names one of them.
pub(crate) fn run(house: &House, data: Option<&Path>, only: Option<&str>) -> Outcome {
    let path = house.path(PAGE);
    let mut page = std::fs::read_to_string(&path).map_err(|e| format!("{PAGE}: {e}"))?;
    if data.is_none() {
        println!("without --data, only the project's own sets are measured");
    }
    if let Some(data) = data.filter(|data| !data.is_dir()) {
        return Err(format!("{}: there is no such folder", data.display()));
    }
    // Tests run in the folder of their package.
    let data = data.map(|data| data.canonicalize().map_err(|e| format!("{}: {e}", data.display()))).transpose()?;
    let data = data.as_deref();
    for (name, measure) in PARTS.into_iter().filter(|part| only.is_none_or(|only| only == part.0)) {
        let by = format!("By `cargo xtask quality --data DIR --only {name}`.\n\n{}", measure(house, data)?);
        page = section(&page, name, &by)?;
    }
    std::fs::write(&path, page).map_err(|e| format!("{PAGE}: {e}"))?;
    println!("{PAGE} is written");
    Ok(())
}

/// What the offline model makes of questions, by the test that asserts it.
fn answers(house: &House, data: Option<&Path>) -> Outcome<String> {
    let mut rows = rows_of(house, "answers", data, ("ATTACHE_QUALITY", "1".as_ref()))?;
    // The tests run side by side.
    rows.sort_by_key(|row| (!row.contains("| words |"), !row.contains("the example company")));
    Ok(format!(
        "| questions of customers of | found by | answered from the right article | refused, where none answers | \
         asked back | sentences that stand in what is cited |\n|---|---|--:|--:|--:|--:|\n{}",
        rows.join("\n")
    ))
}

/// What planners that mean harm get done, by the tests that assert it.
fn authority(house: &House, _: Option<&Path>) -> Outcome<String> {
    let test = ["test", "--workspace", "--locked", "--test", "runs", "beyond", "--", "--nocapture"];
    let output = house.cargo(test).stderr(Stdio::inherit()).output().map_err(|e| format!("cargo test: {e}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let rows: Vec<String> = text
        .lines()
        .filter_map(|line| {
            // After the name of the test, on the same line.
            let (_, figures) = line.split_once("authority ")?;
            let [planner, runs, _, effects, _, outside, ..] = *figures.split(' ').collect::<Vec<_>>() else {
                return None;
            };
            Some(format!("| {planner} | {runs} | {outside} of {effects} |"))
        })
        .collect();
    if rows.is_empty() || !output.status.success() {
        return Err(format!("the figures of authority: {}", output.status));
    }
    Ok(format!("| planner | runs | side effects outside the run's authority |\n|---|--:|--:|\n{}", rows.join("\n")))
}

/// How well unanswered questions are put together, by the test that asserts it.
fn gaps(house: &House, data: Option<&Path>) -> Outcome<String> {
    let model = crate::tools::sentence_model(house)?;
    let mut rows = rows_of(house, "real_gaps", data, ("ATTACHE_REAL_SENTENCE_MODEL", model.as_os_str()))?;
    // The tests run side by side.
    rows.sort_by_key(|row| !row.contains(" gaps, "));
    Ok(format!(
        "| questions | how many | compared by | gaps | B-cubed precision | recall |\n|---|--:|---|--:|--:|--:|\n{}",
        rows.join("\n")
    ))
}

/// The rows that a test prints, each on a line of its own, of the sets in `data` too.
fn rows_of(house: &House, test: &str, data: Option<&Path>, set: (&str, &OsStr)) -> Outcome<Vec<String>> {
    // A sentence model that is not optimised takes hours.
    let args = ["test", "--release", "--locked", "--workspace", "--test", test, "--", "--nocapture"];
    let mut command = house.cargo(args);
    command.stderr(Stdio::inherit()).envs([set]).envs(data.map(|data| ("ATTACHE_QUALITY_DATA", data)));
    let output = command.output().map_err(|e| format!("cargo test: {e}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let rows: Vec<String> = text.lines().filter(|line| line.starts_with("| ")).map(str::to_owned).collect();
    if rows.is_empty() || !output.status.success() {
        return Err(format!("the figures of {test}: {}\n{text}", output.status));
    }
    Ok(rows)
}

fn sentiment(house: &House, data: Option<&Path>) -> Outcome<String> {
    let mut command = example_of(house, "attache-guards", "sentiment");
    command.arg("quality").args(data).stdout(Stdio::piped()).stderr(Stdio::inherit());
    let output = command.output().map_err(|e| format!("sentiment: {e}"))?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(format!("the figures of sentiment: {}", output.status))
    }
}

/// Trains the sentiment model from a folder of data.
pub(crate) fn train_sentiment(house: &House, data: &Path) -> Outcome {
    if !data.join("sentiment").is_dir() {
        return Err(format!("{} has no folder `sentiment`: see policies/guards/model/CARD.md", data.display()));
    }
    house.run(example_of(house, "attache-guards", "sentiment").arg("train").arg(data))
}

/// Fits the weights of what the knowledge base sees of an answer.
pub(crate) fn train_fit(house: &House, data: &Path, model: &Path) -> Outcome {
    if !data.join("intents").is_dir() {
        return Err(format!("{} has no folder `intents`: see tools/kb/src/fit/CARD.md", data.display()));
    }
    house.run(example_of(house, "attache-embed", "fit").arg(data).arg(model))
}

/// Trains what reads over a sentence model.
pub(crate) fn train_reader(house: &House, model: &Path) -> Outcome {
    train(house, "reader.py", "tools/kb/embed/src/bert/reader/weights.safetensors", model)
}

/// Trains what skims without one.
pub(crate) fn train_skim(house: &House, model: &Path) -> Outcome {
    train(house, "skim.py", "tools/kb/src/skim/weights.safetensors", model)
}

/// Trains what finds passages by what they are about, without one.
pub(crate) fn train_gist(house: &House, model: &Path) -> Outcome {
    train(house, "gist.py", "tools/kb/src/gist/weights.safetensors", model)
}

fn train(house: &House, script: &str, weights: &str, model: &Path) -> Outcome {
    let python = crate::tools::training_python(house)?;
    let script = house.path("tools/kb/embed/training").join(script);
    house.run(house.command(python).arg(script).arg(model).arg(house.path(weights)))
}

fn example_of(house: &House, package: &str, example: &str) -> std::process::Command {
    house.cargo(["run", "--release", "--quiet", "--locked", "-p", package, "--example", example, "--"])
}

/// The page with another text in a section.
fn section(page: &str, name: &str, text: &str) -> Outcome<String> {
    let (open, close) = (format!("<!-- {name} -->"), format!("<!-- /{name} -->"));
    let (before, rest) = page.split_once(&open).ok_or_else(|| format!("{PAGE} has no `{open}`"))?;
    let (_, after) = rest.split_once(&close).ok_or_else(|| format!("{PAGE} has no `{close}`"))?;
    Ok(format!("{before}{open}\n\n{}\n\n{close}{after}", text.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_is_replaced_and_nothing_else() {
        let page = "a\n<!-- x -->\nold\n<!-- /x -->\nb\n<!-- y --><!-- /y -->\n";
        let done = section(page, "x", "new\n").unwrap();
        assert_eq!(done, "a\n<!-- x -->\n\nnew\n\n<!-- /x -->\nb\n<!-- y --><!-- /y -->\n");
        assert_eq!(section(&done, "x", "new").unwrap(), done);
        assert!(section(page, "z", "").is_err());
    }
}
