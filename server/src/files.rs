//! Files that are whole or not there, for their owner alone.

use attache_journal::StoreError;
use std::fs;
use std::io::{self, Write};
use std::path::Path;

/// Writes a file whole or not at all, durably, for its owner alone.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    whole(path, bytes).map_err(|e| fault(path, &e))
}

fn whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder)?;
    let part = path.with_extension("part");
    let mut options = fs::OpenOptions::new();
    options.create(true).truncate(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&part)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&part, path)?;
    fs::File::open(folder)?.sync_all()
}

pub(crate) fn fault(path: &Path, error: &io::Error) -> StoreError {
    StoreError::Io { place: path.display().to_string(), what: error.to_string() }
}
