//! Which sentence model the knowledge base is searched with.
//!
//! The choice is kept beside the index: what was embedded with one model is
//! searched with that model, by every command, until another is chosen.

use crate::cli::Global;
use crate::failure::Failure;
use attache::embed::{Bert, Endpoint, EndpointConfig, MODEL, download, in_cache};
use attache::kb::{Embedder, Kb};
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// What was asked for.
pub(crate) enum Choice {
    /// Fetch the known model.
    Download,
    /// A server.
    Endpoint { url: String, model: String },
    /// A folder; if none is named the one that was downloaded, or that other
    /// programs keep.
    Folder(Option<PathBuf>),
    /// No sentence model.
    Off,
}

/// What is kept.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Kept {
    Endpoint { url: String, model: String },
    Folder(PathBuf),
}

/// What to do about a choice that holds no longer.
const AGAIN: &str = "choose again with `attache kb embed --model DIR`, or `attache kb embed --off` to search by words";

fn place(data: &Path) -> PathBuf {
    data.join("kb").join("embed.json")
}

/// The knowledge base with the second retriever that was chosen for it.
pub(crate) fn with_vectors(kb: Kb, data: &Path) -> Result<Kb, Failure> {
    let path = place(data);
    let kept = match fs::read(&path) {
        Ok(text) => {
            serde_json::from_slice(&text).map_err(|e| Failure::refused(format!("{}: {e}; {AGAIN}", path.display())))?
        }
        // A model that the environment names needs no choice.
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => match folder("ATTACHE_EMBED_MODEL") {
            Some(folder) => Kept::Folder(folder),
            None => return Ok(kb),
        },
        Err(e) => return Err(Failure::unavailable(format!("{}: {e}", path.display()))),
    };
    let failed = |failure: Failure| Failure::unavailable(format!("no sentence model: {}; {AGAIN}", failure.message));
    Ok(kb.embedder(opened(&kept).map_err(failed)?))
}

fn folder(variable: &str) -> Option<PathBuf> {
    std::env::var_os(variable).filter(|value| !value.is_empty()).map(PathBuf::from)
}

fn opened(kept: &Kept) -> Result<Arc<dyn Embedder>, Failure> {
    let failed = |e: attache::kb::EmbedFault| Failure::unavailable(e.to_string());
    Ok(match kept {
        Kept::Folder(dir) => Arc::new(Bert::open(dir).map_err(failed)?),
        Kept::Endpoint { url, model } => {
            let api_key = std::env::var("OPENAI_API_KEY").ok().filter(|key| !key.is_empty()).map(Into::into);
            let (base_url, model, timeout) = (url.clone(), model.clone(), Duration::from_secs(30));
            Arc::new(Endpoint::new(EndpointConfig { base_url, model, api_key, timeout }).map_err(failed)?)
        }
    })
}

/// Makes a choice and tells how many vectors `embed` made by it; nothing if it is words
/// alone. It is kept once all were made: a server that does not answer is no choice.
pub(crate) fn choose(
    global: &Global,
    choice: &Choice,
    embed: impl FnOnce(&Kb) -> Result<usize, Failure>,
) -> Result<Option<usize>, Failure> {
    let path = place(&global.data);
    let failed = |e: std::io::Error| Failure::unavailable(format!("{}: {e}", path.display()));
    let kept = match choice {
        Choice::Off => {
            return match fs::remove_file(&path) {
                Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(failed(e)),
                _ => Ok(None),
            };
        }
        Choice::Endpoint { url, model } => Kept::Endpoint { url: url.clone(), model: model.clone() },
        Choice::Folder(Some(dir)) => {
            Kept::Folder(fs::canonicalize(dir).map_err(|e| Failure::refused(format!("{}: {e}", dir.display())))?)
        }
        Choice::Folder(None) => Kept::Folder(present(&global.data)?),
        Choice::Download => {
            let dir = downloaded(&global.data);
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(failed)?;
            let mut tell = |file: &str| tracing::info!(file, "fetching");
            runtime.block_on(download(&dir, &mut tell)).map_err(|e| Failure::unavailable(e.to_string()))?;
            Kept::Folder(fs::canonicalize(&dir).map_err(failed)?)
        }
    };
    let embedder = opened(&kept)?;
    let kb = Kb::open(&global.data.join("kb")).map_err(|e| Failure::unavailable(e.to_string()))?;
    let made = embed(&kb.embedder(embedder))?;
    fs::create_dir_all(global.data.join("kb")).map_err(failed)?;
    fs::write(&path, serde_json::to_vec(&kept).unwrap_or_default()).map_err(failed)?;
    Ok(Some(made))
}

fn downloaded(data: &Path) -> PathBuf {
    data.join("models").join(MODEL)
}

/// A model that is on this machine already.
fn present(data: &Path) -> Result<PathBuf, Failure> {
    let own = Some(downloaded(data)).filter(|dir| dir.join("model.safetensors").exists());
    let cache = folder("HF_HOME").or_else(|| Some(folder("HOME")?.join(".cache").join("huggingface")));
    let dir = own.or_else(|| in_cache(&cache?)).ok_or_else(|| {
        Failure::refused(
            "there is no model here; name its folder with --model, or fetch one with --download".to_owned(),
        )
    })?;
    fs::canonicalize(&dir).map_err(|e| Failure::refused(format!("{}: {e}", dir.display())))
}
