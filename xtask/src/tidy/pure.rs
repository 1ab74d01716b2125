//! Pure crates have no IO, clock, randomness or global.

use super::files::is_test_file;
use super::lex;
use super::rooms::ROOMS;
use super::{Fault, Tree};

/// Crates that a pure crate may not know.
const IMPURE: [&str; 10] =
    ["async-openai", "fastrand", "getrandom", "rand", "rand_core", "reqwest", "sled", "tempfile", "tokio", "uuid"];

/// Crates that the tools may not know: how a tool waits is its driver's matter.
const NOT_FOR_TOOLS: [&str; 2] = ["reqwest", "tokio"];

/// Paths that pure code may not name, whole or as the middle of a longer one.
const EFFECTS: [&[&str]; 8] = [
    &["Instant", "now"],
    &["SystemTime", "now"],
    &["Timestamp", "now"],
    &["Zoned", "now"],
    &["std", "env"],
    &["std", "fs"],
    &["std", "net"],
    &["thread_rng"],
];

/// Types of `std::net` that only read and write addresses.
const ADDRESSES: [&str; 4] = ["AddrParseError", "IpAddr", "Ipv4Addr", "Ipv6Addr"];

/// Checks the dependencies and the sources of the pure crates.
pub(super) fn check(tree: &Tree, faults: &mut Vec<Fault>) {
    for package in &tree.packages {
        let pure = ROOMS.iter().any(|room| room.name == package.name && room.pure);
        let refused: &[&str] = match package.name.as_str() {
            _ if pure => &IMPURE,
            "attache-tools" => &NOT_FOR_TOOLS,
            _ => continue,
        };
        for dependency in package.dependencies.iter().filter(|dependency| !dependency.dev) {
            if refused.contains(&dependency.name.as_str()) {
                let what = format!("depends on {}, which this crate must stay free of", dependency.name);
                faults.push(Fault::new(package.inside("Cargo.toml"), what));
            }
        }
        let src = package.src();
        for file in tree.files.iter().filter(|file| pure && file.is_rust() && file.path.starts_with(&src)) {
            if !is_test_file(&file.path) {
                scan(&file.path, &file.text, faults);
            }
        }
    }
}

fn scan(path: &str, text: &str, faults: &mut Vec<Fault>) {
    let tokens = lex::without_tests(lex::split(text).0);
    for (segments, line) in lex::paths(&tokens) {
        if matches!(segments.as_slice(), ["std", "net", name, ..] if ADDRESSES.contains(name)) {
            continue;
        }
        for effect in EFFECTS {
            if segments.windows(effect.len()).any(|window| window == effect) {
                faults.push(Fault::at(path, line, format!("`{}` in a pure crate", effect.join("::"))));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<String> {
        let mut faults = Vec::new();
        scan("x.rs", text, &mut faults);
        faults.into_iter().map(|fault| fault.place).collect()
    }

    #[test]
    fn effects_are_found_where_they_are_used() {
        let text = "use std::{\n    fmt,\n    fs,\n};\nfn a() { let _ = std::time::Instant::now(); }\n";
        assert_eq!(lines(text), ["x.rs:3", "x.rs:5"]);
        assert_eq!(lines("use std::net::{IpAddr, TcpStream};"), ["x.rs:1"]);
        assert_eq!(lines("use std::net::{IpAddr, Ipv4Addr};"), Vec::<String>::new());
    }

    #[test]
    fn effects_in_tests_and_comments_are_none() {
        let text =
            "// std::fs\n/// `Timestamp::now`\nfn a() { b(\"std::net\"); }\n#[cfg(test)]\nmod tests { use std::fs; }\n";
        assert_eq!(lines(text), Vec::<String>::new());
    }
}
