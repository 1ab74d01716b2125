//! Has the crate rebuilt when a file that is embedded changes.

fn main() {
    println!("cargo::rerun-if-changed=examples");
}
