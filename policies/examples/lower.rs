//! Writes what the shipped rules are lowered to into a folder: `cargo xtask lower-rules` does it for `lowered/`.

use std::path::PathBuf;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = PathBuf::from(std::env::args().nth(1).ok_or("which folder?")?);
    for (name, text) in attache_policies::lower_shipped()? {
        std::fs::write(folder.join(name), text)?;
    }
    Ok(())
}
