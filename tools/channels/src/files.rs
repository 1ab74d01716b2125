//! Files that are there whole or not at all, and stay.

use std::fs;
use std::io::{self, Read as _, Write as _};
use std::path::Path;

/// Writes a file in place of the one of that name, durably. The folder is made
/// if it is not there.
pub(crate) fn write(folder: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let part = folder.join(format!("{name}.part"));
    let mut file = fs::File::create(&part)?;
    file.write_all(bytes)?;
    file.sync_data()?;
    fs::rename(&part, folder.join(name))?;
    sync(folder)
}

/// Gives a file another name, durably.
pub(crate) fn rename(folder: &Path, from: &str, to: &str) -> io::Result<()> {
    fs::rename(folder.join(from), folder.join(to))?;
    sync(folder)
}

/// Overwrites what is in a file and empties it: a name that is gone does not
/// take what it named with it. `false` if there is none.
pub(crate) fn wipe(path: &Path) -> io::Result<bool> {
    let mut file = match fs::OpenOptions::new().write(true).open(path) {
        Ok(file) => file,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(e) => return Err(e),
    };
    io::copy(&mut io::repeat(0).take(file.metadata()?.len()), &mut file)?;
    file.sync_data()?;
    file.set_len(0)?;
    Ok(true)
}

/// Removes a file and what is in it. `false` if there is none.
pub(crate) fn erase(folder: &Path, name: &str) -> io::Result<bool> {
    let path = folder.join(name);
    if !wipe(&path)? {
        return Ok(false);
    }
    fs::remove_file(&path)?;
    sync(folder)?;
    Ok(true)
}

fn sync(folder: &Path) -> io::Result<()> {
    fs::File::open(folder)?.sync_all()
}
