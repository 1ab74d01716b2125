//! Sentence vectors for the knowledge base.
//!
//! [`Bert`] runs a sentence model in the process, on the CPU, from files in the
//! usual Hugging Face layout. [`Endpoint`] asks an OpenAI-compatible server.
//! [`download()`] fetches the one model that is known to be good; nothing else in
//! here reaches for the network unasked.

mod bert;
mod download;
mod endpoint;

pub use bert::Bert;
pub use download::{DownloadError, MODEL, download, in_cache};
pub use endpoint::{Endpoint, EndpointConfig};
