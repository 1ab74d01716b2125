//! The detectors alone, as `attache scan` runs them: lines of `{"id","text"}` in,
//! a line of findings for each out. `cargo xtask quality` measures through it.
#![expect(clippy::print_stdout, reason = "what a command prints is what it is for")]

use attache_guards::scan;
use serde_json::{Value, json};
use std::io::BufRead;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    for line in std::io::stdin().lock().lines() {
        let record: Value = serde_json::from_str(&line?)?;
        let found = scan(record.get("text").and_then(Value::as_str).unwrap_or_default());
        println!("{}", json!({ "id": record.get("id"), "sentiment": found.sentiment, "pii": found.pii }));
    }
    Ok(())
}
