//! The arrows between rooms, and what each room's manifest and the map of the house must say.

use std::collections::BTreeSet;

use super::{Fault, Tree};
use crate::tidy::tree::Package;

/// A room of the house: a crate, and the crates that it may know.
pub(super) struct Room {
    pub(super) name: &'static str,
    knows: &'static [&'static str],
    /// No IO, clock, randomness or global.
    pub(super) pure: bool,
}

/// From the bottom up: a room is listed after those that it knows.
pub(super) const ROOMS: [Room; 17] = [
    Room { name: "attache-context", knows: &[], pure: true },
    Room { name: "attache-journal", knows: &["context"], pure: true },
    Room { name: "attache-prompts", knows: &["context"], pure: true },
    Room { name: "attache-guards", knows: &["context", "journal"], pure: true },
    Room { name: "attache-policies", knows: &["context", "journal"], pure: true },
    Room { name: "attache-tools", knows: &["context", "journal"], pure: false },
    // `journal` for the retry class of a tool's fault, which is part of what is journaled.
    Room { name: "attache-kb", knows: &["context", "journal", "tools"], pure: false },
    Room { name: "attache-embed", knows: &["kb"], pure: false },
    Room { name: "attache-crm", knows: &["context", "journal", "tools"], pure: false },
    Room { name: "attache-channels", knows: &["context", "journal", "tools"], pure: false },
    Room { name: "attache-log", knows: &["context", "journal"], pure: false },
    Room {
        name: "attache-planner",
        knows: &["context", "guards", "journal", "policies", "prompts", "tools"],
        pure: true,
    },
    Room { name: "attache-models", knows: &["context", "journal", "planner", "prompts", "tools"], pure: false },
    Room {
        name: "attache-engine",
        knows: &["context", "guards", "journal", "models", "planner", "policies", "prompts", "tools"],
        pure: false,
    },
    Room {
        name: "attache-server",
        knows: &["context", "engine", "journal", "kb", "planner", "policies", "tools"],
        pure: false,
    },
    Room {
        name: "attache-testkit",
        knows: &["context", "engine", "guards", "journal", "models", "planner", "policies", "prompts", "tools"],
        pure: false,
    },
    Room { name: "xtask", knows: &[], pure: false },
];

/// The crate on top, which may know everybody.
const TOP: &str = "attache";
const TESTKIT: &str = "attache-testkit";

impl Room {
    fn may_know(&self, name: &str) -> bool {
        name.strip_prefix("attache-").is_some_and(|short| self.knows.contains(&short))
    }
}

/// Checks every direct dependency between crates of the workspace.
pub(super) fn arrows(tree: &Tree, faults: &mut Vec<Fault>) {
    let inside: BTreeSet<&str> = tree.packages.iter().map(|package| package.name.as_str()).collect();
    for package in &tree.packages {
        if package.name == TOP {
            continue;
        }
        let Some(height) = ROOMS.iter().position(|room| room.name == package.name) else {
            faults.push(Fault::new(
                package.inside("Cargo.toml"),
                "this crate is no room that xtask/src/tidy/rooms.rs knows",
            ));
            continue;
        };
        for dependency in package.dependencies.iter().filter(|dependency| dependency.inside) {
            let room = ROOMS.get(height);
            let direct = room.is_some_and(|room| room.may_know(&dependency.name));
            let lower = ROOMS.iter().take(height).any(|room| room.name == dependency.name);
            let trial = dependency.dev && package.name != "xtask" && (dependency.name == TESTKIT || lower);
            if inside.contains(dependency.name.as_str()) && !direct && !trial {
                let kind = if dependency.dev { "a dev-dependency on" } else { "a dependency on" };
                let what = format!("{kind} {}: the design has no such arrow", dependency.name);
                faults.push(Fault::new(package.inside("Cargo.toml"), what));
            }
        }
    }
}

/// Checks that every crate takes the workspace's lints and says what it is.
pub(super) fn manifests(tree: &Tree, faults: &mut Vec<Fault>) {
    for package in &tree.packages {
        let path = package.inside("Cargo.toml");
        if package.description.trim().is_empty() {
            faults.push(Fault::new(&path, "has no description"));
        }
        let table = tree.file(&path).and_then(|file| file.text.parse::<toml::Table>().ok());
        let lints = table.as_ref().and_then(|table| table.get("lints")).and_then(|lints| lints.get("workspace"));
        if lints.and_then(toml::Value::as_bool) != Some(true) {
            faults.push(Fault::new(&path, "does not say `[lints] workspace = true`"));
        }
    }
}

/// Checks that the map names every room, by its folder or by its crate.
pub(super) fn map(tree: &Tree, faults: &mut Vec<Fault>) {
    const MAP: &str = "ARCHITECTURE.md";
    let Some(file) = tree.file(MAP) else {
        faults.push(Fault::new(MAP, "does not exist"));
        return;
    };
    let named = |package: &Package| file.text.contains(&package.dir) || file.text.contains(&package.name);
    for package in tree.packages.iter().filter(|package| !named(package)) {
        faults.push(Fault::new(MAP, format!("does not name `{}` ({})", package.dir, package.name)));
    }
    let folders: BTreeSet<&str> = tree.files.iter().filter_map(|file| Some(file.path.split_once('/')?.0)).collect();
    for folder in folders.into_iter().filter(|folder| !folder.starts_with('.')) {
        if !file.text.contains(&format!("{folder}/")) {
            faults.push(Fault::new(MAP, format!("does not name the folder `{folder}/`")));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::tree::{Dependency, File};

    fn package(name: &str, dependencies: &[(&str, bool)]) -> Package {
        let dependencies =
            dependencies.iter().map(|(name, dev)| Dependency { name: (*name).to_owned(), dev: *dev, inside: true });
        Package {
            name: name.to_owned(),
            dir: name.to_owned(),
            description: "x".to_owned(),
            dependencies: dependencies.collect(),
        }
    }

    fn faults_of(name: &str, dependencies: &[(&str, bool)]) -> usize {
        let mut tree = Tree { packages: vec![package(name, dependencies)], ..Tree::default() };
        for (name, _) in dependencies {
            tree.packages.push(package(name, &[]));
        }
        let mut faults = Vec::new();
        arrows(&tree, &mut faults);
        faults.len()
    }

    #[test]
    fn every_room_knows_only_rooms_below_it() {
        for (height, room) in ROOMS.iter().enumerate() {
            for known in room.knows {
                let name = format!("attache-{known}");
                assert!(ROOMS[..height].iter().any(|lower| lower.name == name), "{} knows {known}", room.name);
            }
        }
    }

    #[test]
    fn arrows_that_point_up_are_faults() {
        assert_eq!(faults_of("attache-journal", &[("attache-context", false)]), 0);
        assert_eq!(faults_of("attache-context", &[("attache-journal", false)]), 1);
        assert_eq!(faults_of("attache-guards", &[("attache-policies", false)]), 1);
        assert_eq!(faults_of("attache", &[("attache-engine", false), ("attache-log", false)]), 0);
        assert_eq!(faults_of("attache-cellar", &[]), 1);
    }

    #[test]
    fn trials_may_use_the_testkit_and_lower_rooms() {
        assert_eq!(faults_of("attache-log", &[("attache-testkit", true)]), 0);
        assert_eq!(faults_of("attache-models", &[("attache-kb", true)]), 0);
        assert_eq!(faults_of("attache-models", &[("attache-kb", false)]), 1);
        assert_eq!(faults_of("attache-context", &[("attache-journal", true)]), 1);
        assert_eq!(faults_of("xtask", &[("attache-context", true)]), 1);
    }

    #[test]
    fn a_manifest_without_lints_is_a_fault() {
        let mut tree = Tree { packages: vec![package("attache-context", &[])], ..Tree::default() };
        let mut faults = Vec::new();
        manifests(&tree, &mut faults);
        assert_eq!(faults.len(), 1);
        let text = "[lints]\nworkspace = true\n".to_owned();
        tree.files.push(File { path: "attache-context/Cargo.toml".to_owned(), text });
        faults.clear();
        manifests(&tree, &mut faults);
        assert_eq!(faults, []);
    }
}
