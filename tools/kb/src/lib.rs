//! The embedded knowledge base: articles split into passages, searched with BM25.
