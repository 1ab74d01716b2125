//! `cargo xtask fuzz`: the property tests of all parsers, in rounds with a new seed each.

use std::collections::BTreeMap;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::Outcome;
use crate::house::{House, Tally};
use crate::tidy::{self, Tree};

/// Parts of the names by which such tests are found.
const NAMES: [&str; 2] = ["fuzz_", "panics"];
/// A function that takes what comes from outside has one of these names, more or less.
const PARSERS: [&str; 7] =
    ["fn parse", "fn from_json", "fn from_slice", "fn from_str", "fn decode", "fn read_", "fn load"];
const FIRST_CASES: u64 = 2_000;

/// Runs rounds until the time is over, then says which parsers have no such test.
pub(crate) fn run(house: &House, seconds: u64, seed: Option<u64>, packages: &[String]) -> Outcome {
    let mut build = command(house, packages);
    house.run(build.arg("--no-run"))?;
    let since = SystemTime::now().duration_since(UNIX_EPOCH).map_err(|e| e.to_string())?;
    let mut seed = seed.unwrap_or(since.as_secs());
    let mut cases = FIRST_CASES;
    let begin = Instant::now();
    let limit = Duration::from_secs(seconds);
    let mut round = 1;
    while begin.elapsed() < limit {
        println!("\n== round {round}: seed {seed}, {cases} cases a test, {} of {seconds} s", begin.elapsed().as_secs());
        let mut tests = command(house, packages);
        tests.env("PROPTEST_CASES", cases.to_string()).env("PROPTEST_RNG_SEED", seed.to_string());
        tests.arg("--").arg("--quiet").args(NAMES);
        let start = Instant::now();
        let mut tally = Tally::default();
        house.run_tests(&mut tests, &mut tally)?;
        if tally == Tally::default() {
            return Err(format!("no test is named {}", NAMES.join(" or ")));
        }
        println!("round {round}: {} tests passed", tally.passed);
        // A round ends by itself, so the next one is made to fit what is left of the time.
        let left = limit.saturating_sub(begin.elapsed()).as_secs_f64().min(60.0);
        let factor = (left / start.elapsed().as_secs_f64().max(0.1)).clamp(0.1, 10.0);
        cases = scaled(cases, factor);
        seed += 1;
        round += 1;
    }
    say_where_to_add(house)
}

/// Optimised, but with its checks on and without the slow link of a release.
fn command(house: &House, packages: &[String]) -> std::process::Command {
    let mut command = house.cargo(["test", "--locked", "--release", "--lib", "--bins", "--tests"]);
    if packages.is_empty() {
        command.arg("--workspace");
    }
    command.args(packages.iter().map(|package| format!("--package={package}")));
    command.env("CARGO_PROFILE_RELEASE_LTO", "off").env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16");
    command.env("CARGO_PROFILE_RELEASE_DEBUG_ASSERTIONS", "true");
    command
}

fn scaled(cases: u64, factor: f64) -> u64 {
    // Thousandths, in whole numbers: a count of cases has no use for more.
    let thousandths = Duration::from_secs_f64(factor).as_millis();
    u64::try_from(u128::from(cases) * thousandths / 1_000).unwrap_or(u64::MAX).clamp(100, 1_000_000)
}

/// Lists the files that look like parsers and whose module has no such test.
fn say_where_to_add(house: &House) -> Outcome {
    let tree = Tree::read(house.root(), &house.metadata()?)?;
    let mut tested: BTreeMap<&str, u64> = BTreeMap::new();
    let mut bare = Vec::new();
    for file in tree.files.iter().filter(|file| file.is_rust()) {
        let module = module(&file.path);
        let count = file.text.lines().filter(|line| is_test(line)).count();
        *tested.entry(module).or_default() += u64::try_from(count).unwrap_or(0);
    }
    for file in tree.files.iter().filter(|file| file.is_rust() && !tidy::is_test_file(&file.path)) {
        let parses = file.text.lines().find(|line| PARSERS.iter().any(|name| line.contains(name)));
        if let (Some(line), Some(0)) = (parses, tested.get(module(&file.path))) {
            bare.push(format!("  {}: {}", file.path, line.trim().trim_end_matches(['{', ' '])));
        }
    }
    println!(
        "\n{} property tests of parsers in {} modules",
        tested.values().sum::<u64>(),
        tested.values().filter(|n| **n > 0).count()
    );
    if !bare.is_empty() {
        println!("where to add more (a parser by its name, no test named {} beside it):", NAMES.join(" or "));
        println!("{}", bare.join("\n"));
    }
    println!("a new case: proptest! {{ #[test] fn no_input_panics(text in \".*\") {{ let _ = parse(&text); }} }}");
    Ok(())
}

fn is_test(line: &str) -> bool {
    let name = line.trim_start().strip_prefix("fn ").and_then(|rest| rest.split(['(', '<']).next());
    name.is_some_and(|name| NAMES.iter().any(|part| name.contains(part)))
}

/// The module that a file belongs to: its tests and submodules count for it.
fn module(path: &str) -> &str {
    let module = path.strip_suffix(".rs").unwrap_or(path);
    module.split_once("/tests").map_or(module, |(module, _)| module)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_beside_a_file_are_its_own() {
        assert_eq!(module("context/src/bundle/tests.rs"), "context/src/bundle");
        assert_eq!(module("context/src/bundle/tests/more.rs"), "context/src/bundle");
        assert_eq!(module("context/src/bundle.rs"), "context/src/bundle");
    }

    #[test]
    fn the_names_of_property_tests_are_known() {
        assert!(is_test("        fn no_bundle_panics(text in \".*\") {"));
        assert!(is_test("    fn fuzz_cursor(bytes: Vec<u8>) {"));
        assert!(!is_test("    fn a_bundle_is_read() {"));
    }

    #[test]
    fn cases_are_scaled_within_bounds() {
        assert_eq!(scaled(2_000, 2.5), 5_000);
        assert_eq!(scaled(200, 0.1), 100);
    }
}
