//! The detectors alone, as `attache scan` runs them: lines of `{"id","text"}` in,
//! a line of findings for each out. With `speed`, what they cost instead.
//! `cargo xtask quality` measures through it.
#![expect(clippy::print_stdout, reason = "what a command prints is what it is for")]

use attache_guards::scan;
use serde_json::{Value, json};
use std::hint::black_box;
use std::io::BufRead;
use std::time::{Duration, Instant};

type Outcome<T = ()> = Result<T, Box<dyn std::error::Error>>;

fn main() -> Outcome {
    let lines = std::io::stdin().lock().lines();
    let records = lines.map(|line| -> Outcome<Value> { Ok(serde_json::from_str(&line?)?) });
    if std::env::args().nth(1).is_some_and(|arg| arg == "speed") {
        let texts: Vec<String> = records.map(|record| Ok(text(&record?).to_owned())).collect::<Outcome<_>>()?;
        return speed(&texts);
    }
    for record in records {
        let record = record?;
        let found = scan(text(&record));
        println!("{}", json!({ "id": record.get("id"), "sentiment": found.sentiment, "pii": found.pii }));
    }
    Ok(())
}

fn text(record: &Value) -> &str {
    record.get("text").and_then(Value::as_str).unwrap_or_default()
}

/// What long texts of one kind are made of: whatever a detector starts at or looks back from.
const WORST: &[&str] = &[
    "a",
    "1",
    "@",
    ":",
    ".",
    " ",
    "é",
    "a@",
    "1 ",
    "1-",
    "(1",
    "a.a@a.a",
    "www.",
    "a.b-",
    "DE8",
    "0:",
    "12:",
    "9/3 ",
    "key: ",
    "password ",
    "license no ",
    "no-no-",
    "Mon, 1 May 2024 ",
    "the 13th ",
    "00:1b:",
    "40.7128, ",
    "my name is ",
    "\u{200b}",
    "::1",
    "\\n",
    "good bad ",
    "Anna, ",
    "1 Road ",
    "Xyzzy\r",
    "--\n",
    "SW1A 1AA ",
    "policy AB-1 ",
];

/// Messages a second, and how the time for the worst long texts grows with their length.
fn speed(texts: &[String]) -> Outcome {
    let round = || texts.iter().for_each(|text| drop(black_box(scan(text))));
    round();
    let (begin, mut rounds, mut spent) = (Instant::now(), 0, Duration::ZERO);
    while begin.elapsed() < Duration::from_secs(2) {
        spent += cost(round);
        rounds += texts.len();
    }
    let length = texts.iter().map(String::len).sum::<usize>() / texts.len().max(1);
    let (mut longest, mut steepest) = ((Duration::ZERO, ""), (0.0, ""));
    for part in WORST {
        let [half, whole] = [1 << 19, 1 << 20].map(|bytes: usize| part.repeat(bytes / part.len()));
        let of = |text: &str| cost(|| drop(black_box(scan(text))));
        // One after the other, so that what else the machine does falls on both.
        let pairs: [(Duration, Duration); PAIRS] = std::array::from_fn(|_| (of(&half), of(&whole)));
        let whole = median(pairs.map(|(_, whole)| whole.as_secs_f64()));
        let ratio = median(pairs.map(|(half, whole)| whole.as_secs_f64() / half.as_secs_f64().max(1e-6)));
        longest = longest.max((Duration::from_secs_f64(whole), part));
        // What takes no time has no ratio.
        if whole > 0.02 && ratio > steepest.0 {
            steepest = (ratio, part);
        }
    }
    println!(
        "Speed of `scan`, processor time of one core: {:.0},000 messages of {length} bytes a second. Of {} kinds of text of \
         1 MiB the slowest (`{}`) takes {:.0} ms. From 512 KiB to 1 MiB, which is 2.00 where time grows as the length does, \
         the steepest (`{}`) takes {:.2} times as long; medians of {PAIRS} pairs.",
        (rounds as f64 / spent.as_secs_f64() / 1e3).floor(),
        WORST.len(),
        longest.1.escape_debug(),
        longest.0.as_secs_f64() * 1e3,
        steepest.1.escape_debug(),
        steepest.0,
    );
    Ok(())
}

/// How often each kind of text is read at either length.
const PAIRS: usize = 7;

fn median(mut figures: [f64; PAIRS]) -> f64 {
    figures.sort_by(f64::total_cmp);
    let [_, _, _, middle, ..] = figures;
    middle
}

/// The processor time that `work` takes, where the system tells it; else the time that passes.
fn cost(work: impl FnOnce()) -> Duration {
    let spent = || -> Option<Duration> {
        let told = std::fs::read_to_string("/proc/self/schedstat").ok()?;
        told.split(' ').next()?.parse().ok().map(Duration::from_nanos)
    };
    let (before, begin) = (spent(), Instant::now());
    work();
    match (before, spent()) {
        (Some(before), Some(after)) => after.saturating_sub(before),
        _ => begin.elapsed(),
    }
}
