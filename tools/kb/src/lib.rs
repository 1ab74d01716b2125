//! The embedded knowledge base: articles split into passages, searched with BM25 and by what they are about.
//!
//! A [`Kb`] keeps documents (Markdown or plain text) and their passages in one
//! tantivy index. What is found for a question is skimmed with it. An agent asks for passages ([`Kb::search`]), a person for
//! documents ([`Kb::search_documents`]); both answers name exact places in the
//! document's text, in Unicode scalar values.
//!
//! ```
//! use attache_kb::{Document, Kb};
//! use attache_tools::Ask;
//!
//! let kb = Kb::in_memory([Document {
//!     id: "refunds".into(),
//!     title: "Refunds".into(),
//!     text: "# Refunds\n\nYou get your money back within 14 days.\n".into(),
//!     ..Document::default()
//! }])?;
//! let hits = kb.search(&Ask::new("how do I get my money back?", 3))?;
//! assert_eq!(hits[0].passage, "You get your money back within 14 days.");
//! assert_eq!(hits[0].id, "refunds#11-50");
//! # Ok::<(), attache_kb::KbError>(())
//! ```

mod analysis;
mod article;
mod cohort;
mod dense;
mod error;
mod fit;
mod fusion;
mod gaps;
mod gist;
mod index;
mod kb;
mod metric;
mod passages;
mod rows;
mod search;
mod sentences;
mod shelf;
mod skim;
mod sources;
mod synonyms;
mod tokens;
mod trained;
mod vectors;

pub use analysis::MAX_TERMS;
pub use error::KbError;
pub use fit::{SIGNS, Signs, WEIGHTS};
pub use gaps::{Gap, MAX_QUESTIONS, asked, gaps};
pub use kb::{Kb, Listed, Progress, Report, Retrieval};
pub use passages::MAX_PASSAGE;
pub use sources::{Document, MAX_DOCUMENT, Skipped};
pub use synonyms::Synonyms;
pub use vectors::{EmbedFault, Embedder};
