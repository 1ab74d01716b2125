//! `cargo xtask tidy`: the shape of the tree, checked.

mod files;
mod lex;
mod pure;
mod rooms;
mod tree;

pub(crate) use files::is_test_file;
pub(crate) use tree::Tree;

use crate::Outcome;
use crate::house::House;

/// One fault: where it is and what is wrong.
#[derive(Debug, PartialEq, Eq)]
struct Fault {
    place: String,
    what: String,
}

impl Fault {
    fn new(place: impl Into<String>, what: impl Into<String>) -> Self {
        Self { place: place.into(), what: what.into() }
    }

    fn at(path: &str, line: usize, what: impl Into<String>) -> Self {
        Self::new(format!("{path}:{line}"), what)
    }
}

/// Prints every fault; fails when there is one.
pub(crate) fn run(house: &House) -> Outcome {
    let tree = Tree::read(house.root(), &house.metadata()?)?;
    let mut faults = Vec::new();
    rooms::arrows(&tree, &mut faults);
    rooms::manifests(&tree, &mut faults);
    rooms::map(&tree, &mut faults);
    pure::check(&tree, &mut faults);
    files::check(&tree, &mut faults);
    for fault in &faults {
        eprintln!("{}: {}", fault.place, fault.what);
    }
    println!("tidy: {} crates, {} files, faults: {}", tree.packages.len(), tree.files.len(), faults.len());
    if faults.is_empty() { Ok(()) } else { Err(format!("faults of tidy: {} (above)", faults.len())) }
}
