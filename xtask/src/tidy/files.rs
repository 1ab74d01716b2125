//! What no file of the tree may hold: too many lines, leftovers, the paths of one machine.

use super::lex::{self, Token};
use super::tree::File;
use super::{Fault, Tree};

/// Lines that a source file may have.
const LINES: usize = 600;
/// Files that may have more, each with its reason.
const LONG: &[(&str, &str)] = &[];

/// Words that mark what was left undone. Taken apart, so that this file does not hold them.
const LEFTOVERS: [&str; 3] = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("X", "XX")];

/// Folders of one machine.
const MACHINE: [&str; 3] = [concat!("/wo", "rk/"), concat!("/ro", "ot/"), concat!("/ho", "me/")];

/// Hosts of package registries: a mirror or another source must do as well.
const HOSTS: [&str; 7] = [
    concat!("//crates", ".io"),
    concat!("index.crates", ".io"),
    concat!("static.crates", ".io"),
    concat!("pypi", ".org"),
    concat!("pythonhosted", ".org"),
    concat!("registry.npmjs", ".org"),
    concat!("deb.debian", ".org"),
];

/// Checks every file.
pub(super) fn check(tree: &Tree, faults: &mut Vec<Fault>) {
    for file in &tree.files {
        if file.is_rust() {
            length(file, faults);
            rust(file, faults);
        } else {
            text(file, faults);
        }
        machine(file, faults);
    }
}

/// A file of tests or benchmarks, by its name or its folder.
pub(crate) fn is_test_file(path: &str) -> bool {
    let mut parts = path.rsplit('/');
    let name = parts.next().unwrap_or_default();
    name == "tests.rs" || name.ends_with("_tests.rs") || parts.any(|part| part == "tests" || part == "benches")
}

fn length(file: &File, faults: &mut Vec<Fault>) {
    let in_src = file.path.starts_with("src/") || file.path.contains("/src/");
    let allowed = LONG.iter().any(|(path, _)| *path == file.path);
    let count = file.text.lines().count();
    if in_src && !allowed && !is_test_file(&file.path) && count > LINES {
        faults.push(Fault::new(&file.path, format!("{count} lines, more than {LINES}: does it hold two ideas?")));
    }
}

fn rust(file: &File, faults: &mut Vec<Fault>) {
    let (tokens, comments) = lex::split(&file.text);
    for line in ignored(&tokens) {
        faults.push(Fault::at(&file.path, line, "an ignored test"));
    }
    for comment in comments {
        for (offset, line) in comment.text.lines().enumerate() {
            if let Some(word) = LEFTOVERS.iter().find(|word| has_word(line, word)) {
                faults.push(Fault::at(&file.path, comment.line + offset, format!("{word} is left")));
            }
        }
    }
}

/// In a text that is not Rust, three X may stand for digits; the other words say what they mean.
fn text(file: &File, faults: &mut Vec<Fault>) {
    for (index, line) in file.text.lines().enumerate() {
        if let Some(word) = LEFTOVERS.iter().take(2).find(|word| has_word(line, word)) {
            faults.push(Fault::at(&file.path, index + 1, format!("{word} is left")));
        }
    }
}

fn machine(file: &File, faults: &mut Vec<Fault>) {
    for (index, line) in file.text.lines().enumerate() {
        if let Some(folder) = MACHINE.iter().find(|folder| has_path(line, folder)) {
            faults.push(Fault::at(&file.path, index + 1, format!("{folder} is a folder of one machine")));
        }
        if let Some(host) = HOSTS.iter().find(|host| line.contains(*host)) {
            faults.push(Fault::at(&file.path, index + 1, format!("{host} is the host of a registry")));
        }
    }
}

/// The lines of `#[ignore …]` and `#[cfg_attr(…, ignore …)]`.
fn ignored(tokens: &[Token<'_>]) -> Vec<usize> {
    let mut lines = Vec::new();
    let mut rest = tokens;
    while let Some((token, after)) = rest.split_first() {
        rest = after;
        if let (true, [open, name, inside @ ..]) = (token.text == "#", after)
            && open.text == "["
        {
            let listed = inside.iter().take_while(|token| token.text != "]").any(|token| token.text == "ignore");
            if name.text == "ignore" || name.text == "cfg_attr" && listed {
                lines.push(token.line);
            }
        }
    }
    lines
}

fn has_word(line: &str, word: &str) -> bool {
    let edge = |c: Option<char>| !c.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '-');
    line.match_indices(word).any(|(at, _)| {
        let (before, rest) = line.split_at_checked(at).unwrap_or_default();
        edge(before.chars().next_back()) && edge(rest.chars().nth(word.len()))
    })
}

/// Whether a path begins here: after `see ` it does, after `example.com` or `.` it does not.
fn has_path(line: &str, folder: &str) -> bool {
    line.match_indices(folder).any(|(at, _)| {
        let before = line.split_at_checked(at).and_then(|(before, _)| before.chars().next_back());
        !before.is_some_and(|c| c.is_alphanumeric() || "._-}>)]".contains(c))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(path: &str, text: &str) -> Vec<String> {
        let tree = Tree { files: vec![File { path: path.to_owned(), text: text.to_owned() }], packages: Vec::new() };
        let mut faults = Vec::new();
        check(&tree, &mut faults);
        faults.into_iter().map(|fault| fault.place).collect()
    }

    #[test]
    fn long_files_are_faults_and_long_tests_are_none() {
        let long = "fn a() {}\n".repeat(LINES + 1);
        assert_eq!(faults("x/src/a.rs", &long), ["x/src/a.rs"]);
        assert_eq!(faults("x/src/a/tests.rs", &long), Vec::<String>::new());
        assert_eq!(faults("x/tests/a.rs", &long), Vec::<String>::new());
    }

    #[test]
    fn leftovers_are_found_in_comments_and_texts() {
        let [first, _, third] = LEFTOVERS;
        assert_eq!(faults("a.rs", &format!("fn a() {{}}\n// {first}: b\n")), ["a.rs:2"]);
        assert_eq!(faults("a.rs", &format!("fn a() {{ b(\"{third}-12\"); }}\n")), Vec::<String>::new());
        assert_eq!(faults("a.md", &format!("one\n{first} two\n")), ["a.md:2"]);
    }

    #[test]
    fn ignored_tests_are_found() {
        assert_eq!(faults("a.rs", "#[test]\n#[ignore = \"slow\"]\nfn a() {}\n"), ["a.rs:2"]);
        assert_eq!(faults("a.rs", "#[cfg_attr(unix, ignore)]\nfn a() {}\n"), ["a.rs:1"]);
        assert_eq!(faults("a.rs", "// #[ignore]\nfn ignore() {}\n"), Vec::<String>::new());
    }

    #[test]
    fn paths_of_a_machine_and_hosts_of_registries_are_found() {
        let [_, _, home] = MACHINE;
        assert_eq!(faults("a.md", &format!("see {home}dana/x\n")), ["a.md:1"]);
        assert_eq!(faults("a.md", &format!("see example.com{home}x\n")), Vec::<String>::new());
        let [_, _, _, host, ..] = HOSTS;
        assert_eq!(faults("a.md", &format!("from {host}\n")), ["a.md:1"]);
    }
}
