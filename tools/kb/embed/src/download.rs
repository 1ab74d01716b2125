//! Fetching the model, when a person says so.

use sha2::{Digest as _, Sha256};
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// The model that is fetched.
pub const MODEL: &str = "all-MiniLM-L6-v2";

const HOST: &str = "https://huggingface.co";
const REPOSITORY: &str = "sentence-transformers/all-MiniLM-L6-v2";

/// The files of the model, and the digest of the one that is large and binary.
const FILES: [(&str, Option<&str>); 4] = [
    ("config.json", None),
    ("sentence_bert_config.json", None),
    ("tokenizer.json", None),
    ("model.safetensors", Some("53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db")),
];

/// No file of the model is larger.
const MAX_FILE: usize = 200 << 20;

/// The model could not be fetched.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct DownloadError(String);

/// Fetches the model into `dir`. A file is there whole or not at all; what is
/// there already is not fetched again.
///
/// # Errors
/// If the host cannot be reached, the folder cannot be written, or the weights
/// are not the ones that are known.
pub async fn download(dir: &Path, tell: &mut dyn FnMut(&str)) -> Result<(), DownloadError> {
    from(HOST, dir, tell).await
}

async fn from(host: &str, dir: &Path, tell: &mut dyn FnMut(&str)) -> Result<(), DownloadError> {
    let written = |path: &Path, error: std::io::Error| DownloadError(format!("{}: {error}", path.display()));
    fs::create_dir_all(dir).map_err(|error| written(dir, error))?;
    for (name, digest) in FILES {
        let path = dir.join(name);
        if path.exists() {
            continue;
        }
        tell(name);
        let url = format!("{host}/{REPOSITORY}/resolve/main/{name}");
        let fault = |what: String| DownloadError(format!("{url}: {what}"));
        let mut response = reqwest::get(&url).await.map_err(|error| fault(error.without_url().to_string()))?;
        if !response.status().is_success() {
            return Err(fault(format!("answered {}", response.status())));
        }
        let part = dir.join(format!("{name}.part"));
        let mut file = fs::File::create(&part).map_err(|error| written(&part, error))?;
        let (mut hash, mut length) = (Sha256::new(), 0);
        while let Some(bytes) = response.chunk().await.map_err(|error| fault(error.without_url().to_string()))? {
            hash.update(&bytes);
            length += bytes.len();
            if length > MAX_FILE {
                return Err(fault("larger than expected".to_owned()));
            }
            file.write_all(&bytes).map_err(|error| written(&part, error))?;
        }
        let found = hex::encode(hash.finalize());
        if digest.is_some_and(|digest| digest != found) {
            return Err(fault("not the file that is known by this name".to_owned()));
        }
        file.sync_all().and_then(|()| fs::rename(&part, &path)).map_err(|error| written(&path, error))?;
    }
    Ok(())
}

/// The folder of the model in the cache that other programs share, if it is
/// there.
#[must_use]
pub fn in_cache(home: &Path) -> Option<PathBuf> {
    let snapshots = home.join("hub").join(format!("models--{}", REPOSITORY.replace('/', "--"))).join("snapshots");
    let mut found: Vec<PathBuf> = fs::read_dir(snapshots).ok()?.filter_map(|entry| Some(entry.ok()?.path())).collect();
    found.sort();
    found
        .into_iter()
        .find(|dir| FILES.iter().all(|(name, _)| *name == "sentence_bert_config.json" || dir.join(name).exists()))
}

#[cfg(test)]
mod tests;
