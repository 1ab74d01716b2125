//! `cargo xtask bench` and `cargo xtask peers`.

use std::path::Path;

use serde_json::Value;

use crate::Outcome;
use crate::house::House;

/// Runs every benchmark of the workspace.
pub(crate) fn run(house: &House, args: &[String]) -> Outcome {
    let metadata = house.metadata()?;
    let list = |value: &Value, key: &str| value.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
    let mut command = house.cargo(["bench", "--workspace", "--locked"]);
    let mut count = 0;
    for target in list(&metadata, "packages").iter().flat_map(|package| list(package, "targets")) {
        let is_bench = list(&target, "kind").iter().any(|kind| kind == "bench");
        // By name: the unit tests, which cargo would start too, do not know a benchmark's options.
        if let (true, Some(name)) = (is_bench, target.get("name").and_then(Value::as_str)) {
            command.args(["--bench", name]);
            count += 1;
        }
    }
    if count == 0 {
        return Err("the workspace has no benchmark".to_owned());
    }
    if !args.is_empty() {
        command.arg("--").args(args);
    }
    house.run(&mut command)
}

/// Builds `examples/load.rs` and prints how to run the outside harness with it.
pub(crate) fn peers(house: &House, dir: &Path) -> Outcome {
    if !house.path("examples/load.rs").exists() && !house.path("examples/load/main.rs").exists() {
        return Err("examples/load.rs does not exist: there is nothing to measure".to_owned());
    }
    house.run(&mut house.cargo(["build", "--release", "--locked", "-p", "attache", "--example", "load"]))?;
    let binary = house.path("target/release/examples/load");
    let harness = dir.join("run.py");
    if !harness.exists() {
        println!(
            "built {}; {} does not exist, so it is not measured beside its peers",
            binary.display(),
            harness.display()
        );
        return Ok(());
    }
    println!("run it beside its peers (installs them at the first time, some minutes):");
    println!("  {} bench --extra attache='{}'", harness.display(), binary.display());
    Ok(())
}
