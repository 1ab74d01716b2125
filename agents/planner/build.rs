//! Has the crate rebuilt when a file that is embedded changes.
#![expect(clippy::print_stdout, reason = "cargo reads instructions from standard output")]

fn main() {
    println!("cargo::rerun-if-changed=../playbooks");
}
