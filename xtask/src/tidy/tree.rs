//! What tidy looks at: the files of the tree and the crates of the workspace.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::Outcome;

/// The files and crates of the workspace.
#[derive(Default)]
pub(crate) struct Tree {
    pub(crate) files: Vec<File>,
    pub(crate) packages: Vec<Package>,
}

/// A text file; files that are not text are left out.
pub(crate) struct File {
    /// From the root, with `/`.
    pub(crate) path: String,
    pub(crate) text: String,
}

/// A crate of the workspace.
pub(crate) struct Package {
    pub(crate) name: String,
    /// Its folder from the root, empty for the root crate.
    pub(crate) dir: String,
    pub(crate) description: String,
    pub(crate) dependencies: Vec<Dependency>,
}

/// A direct dependency.
pub(crate) struct Dependency {
    pub(crate) name: String,
    pub(crate) dev: bool,
    /// Another crate of the workspace.
    pub(crate) inside: bool,
}

impl File {
    pub(crate) fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }
}

impl Package {
    /// The folder of its sources, with a `/` at the end.
    pub(crate) fn src(&self) -> String {
        self.inside("src/")
    }

    /// A path inside its folder, from the root.
    pub(crate) fn inside(&self, path: &str) -> String {
        if self.dir.is_empty() { path.to_owned() } else { format!("{}/{path}", self.dir) }
    }
}

impl Tree {
    /// Reads the tree, without what `.gitignore` names by its path.
    pub(crate) fn read(root: &Path, metadata: &Value) -> Outcome<Self> {
        let ignored = fs::read_to_string(root.join(".gitignore")).unwrap_or_default();
        let mut skip: Vec<String> =
            ignored.lines().filter_map(|line| line.strip_prefix('/')).map(str::to_owned).collect();
        skip.push(".git".to_owned());
        let mut tree = Self::default();
        walk(root, "", &skip, &mut tree.files)?;
        tree.files.sort_by(|a, b| a.path.cmp(&b.path));
        for package in metadata.get("packages").and_then(Value::as_array).into_iter().flatten() {
            tree.packages.push(read_package(root, package));
        }
        if tree.packages.is_empty() {
            return Err("cargo metadata names no crate".to_owned());
        }
        Ok(tree)
    }

    pub(crate) fn file(&self, path: &str) -> Option<&File> {
        self.files.iter().find(|file| file.path == path)
    }
}

fn walk(root: &Path, relative: &str, skip: &[String], files: &mut Vec<File>) -> Outcome {
    let folder = root.join(relative);
    let told = |e: std::io::Error| format!("{}: {e}", folder.display());
    for entry in fs::read_dir(&folder).map_err(told)? {
        let entry = entry.map_err(told)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if relative.is_empty() { name } else { format!("{relative}/{name}") };
        if skip.contains(&path) {
            continue;
        }
        let kind = entry.file_type().map_err(told)?;
        if kind.is_dir() {
            walk(root, &path, skip, files)?;
        } else if kind.is_file() {
            // What is not UTF-8 is a picture or the like, and a file may go while we look.
            if let Ok(text) = fs::read_to_string(entry.path()) {
                files.push(File { path, text });
            }
        }
    }
    Ok(())
}

fn read_package(root: &Path, package: &Value) -> Package {
    let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let manifest = text(package, "manifest_path");
    let dir = Path::new(&manifest).parent().and_then(|dir| dir.strip_prefix(root).ok());
    let dependencies = package.get("dependencies").and_then(Value::as_array).into_iter().flatten();
    Package {
        name: text(package, "name"),
        dir: dir.map(|dir| dir.to_string_lossy().replace('\\', "/")).unwrap_or_default(),
        description: text(package, "description"),
        dependencies: dependencies
            .map(|dependency| Dependency {
                name: text(dependency, "name"),
                dev: text(dependency, "kind") == "dev",
                inside: dependency.get("path").is_some_and(Value::is_string),
            })
            .collect(),
    }
}
