//! Public sets, as they are kept.

use std::path::Path;

/// The lines of a compressed file.
pub(crate) fn lines(path: &Path) -> Vec<String> {
    let output = std::process::Command::new("gzip").arg("-dc").arg(path).output().unwrap();
    assert!(output.status.success(), "{}: {}", path.display(), String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}
