//! Copying a store while it is in use.

use crate::fs::{RealFs, fault};
use crate::options::LogOptions;
use crate::recover::segments;
use crate::segment;
use crate::store::LogStore;
use crate::verify::{Against, VerifyReport, verify_folder};
use attache_journal::StoreError;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::Path;

/// How often a copy is brought up to date before it is given up: a store that
/// makes new keys all the time between two looks at it.
const TRIES: u32 = 5;

impl LogStore {
    /// Copies the store as it is now into `to`: see [`backup_folder`].
    ///
    /// # Errors
    /// As [`backup_folder`].
    pub fn backup(&self, to: &Path, progress: impl FnMut(u64, u64)) -> Result<VerifyReport, StoreError> {
        backup_folder(&self.shared.dir, &self.shared.options, to, progress)
    }
}

/// Copies the store in `dir` into the folder `to`, which must be new or empty,
/// without its lock, so that another process may be writing to it; then checks
/// the copy. The index is not copied: it is rebuilt at the first opening.
///
/// The copy holds the keys of everybody who was not erased until now, so that it
/// can be read: whoever keeps older copies keeps what they held.
///
/// # Errors
/// [`StoreError::Io`] if `to` has something in it or the system refuses,
/// [`StoreError::Corrupt`] if what was copied is not a good store.
pub fn backup_folder(
    dir: &Path,
    options: &LogOptions,
    to: &Path,
    mut progress: impl FnMut(u64, u64),
) -> Result<VerifyReport, StoreError> {
    if fs::read_dir(to).is_ok_and(|mut entries| entries.next().is_some()) {
        let what = "the folder is not empty; a backup goes into a new one".to_owned();
        return Err(StoreError::Io { place: to.display().to_string(), what });
    }
    let keys = to.join("keys");
    for folder in [&to.join("log"), &keys] {
        fs::create_dir_all(folder).map_err(|e| fault(folder, &e))?;
    }
    let mut tries = 0;
    loop {
        tries += 1;
        // The order matters. A head is of a log that was there before it. A key
        // is destroyed after the order to do so is in the log: whatever is gone
        // from the ring is ordered in what is copied afterwards.
        replace(&dir.join("heads.jsonl"), &to.join("heads.jsonl"))?;
        for name in ["ring", "signing"] {
            replace(&options.keys(dir).join(name), &keys.join(name))?;
        }
        copy_log(dir, to, &mut progress)?;
        match verify_folder(to, &LogOptions::default(), &Against::default(), |_, _| {}) {
            Ok(report) => {
                sync(to, report.segments)?;
                return Ok(report);
            }
            // A customer came in between whose key was made just then.
            Err(_) if tries < TRIES => {}
            Err(error) => return Err(error),
        }
    }
}

/// Copies what of the segments is not in `to` yet.
fn copy_log(dir: &Path, to: &Path, progress: &mut impl FnMut(u64, u64)) -> Result<(), StoreError> {
    let (from, to) = (dir.join("log"), to.join("log"));
    let count = segments(&RealFs, &from)?;
    let mut files = Vec::new();
    for number in 1..=count {
        let path = from.join(segment::name(number));
        let file = File::open(&path).map_err(|e| fault(&path, &e))?;
        let len = file.metadata().map_err(|e| fault(&path, &e))?.len();
        files.push((path, file, len, to.join(segment::name(number))));
    }
    let (mut done, total) = (0, files.iter().map(|(_, _, len, _)| len).sum());
    for (path, mut file, len, target) in files {
        let mut copy = || -> io::Result<u64> {
            let mut target = OpenOptions::new().create(true).append(true).open(&target)?;
            let there = target.seek(SeekFrom::End(0))?;
            file.seek(SeekFrom::Start(there))?;
            io::copy(&mut (&mut file).take(len.saturating_sub(there)), &mut target)
        };
        copy().map_err(|e| fault(&path, &e))?;
        done += len;
        progress(done, total);
    }
    Ok(())
}

/// Copies a file with its permissions, if it is there.
fn replace(from: &Path, to: &Path) -> Result<(), StoreError> {
    match fs::copy(from, to) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(fault(from, &e)),
        Ok(_) | Err(_) => Ok(()),
    }
}

fn sync(to: &Path, count: u64) -> Result<(), StoreError> {
    let mut paths = vec![to.join("heads.jsonl"), to.join("keys/ring"), to.join("keys/signing"), to.join("keys")];
    paths.extend((1..=count).map(|number| to.join("log").join(segment::name(number))));
    paths.extend([to.join("log"), to.to_owned()]);
    for path in paths {
        match File::open(&path).and_then(|file| file.sync_all()) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(fault(&path, &e)),
            Ok(()) | Err(_) => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
