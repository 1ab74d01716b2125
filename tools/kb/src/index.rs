//! What the tantivy index holds, and how it is changed.
//!
//! One entry is a document or a passage of one. The two kinds have fields of
//! their own, so that the statistics of one do not skew the ranking of the
//! other, and one commit changes both.

use crate::analysis;
use crate::gist;
use crate::passages::Cut;
use crate::sources::Document;
use attache_tools::{About, Readers};
use sha2::{Digest as _, Sha256};
use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::Path;
use tantivy::directory::{META_LOCK, MmapDirectory};
use tantivy::error::DataCorruption;
use tantivy::merge_policy::NoMergePolicy;
use tantivy::schema::{
    FAST, Field, INDEXED, IndexRecordOption, STORED, STRING, Schema, SchemaBuilder, TextFieldIndexing, TextOptions,
    Value,
};
use tantivy::{Directory as _, Index, IndexWriter, TantivyDocument, TantivyError, Term};

/// The file that says which segments an index has. It is replaced in one step
/// at every commit.
pub(crate) const META: &str = "meta.json";

/// The file in which tantivy notes what it wrote.
const MANAGED: &str = ".managed.json";

/// The name of the analysis in the index. It is in the schema: a change of the
/// analysis needs another name, and so makes old indexes ask to be made anew.
const ANALYSIS: &str = "attache-3";

/// What a writer may keep in memory before it writes a segment.
const MEMORY: usize = 64 << 20;

/// The kind of an entry that is a document.
pub(crate) const DOCUMENT: &str = "d";

/// The kind of an entry that is a passage.
pub(crate) const PASSAGE: &str = "p";

/// Marks entries that are for colleagues alone.
pub(crate) const INTERNAL: &str = "internal";

/// The fields of the index.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fields {
    /// [`DOCUMENT`] or [`PASSAGE`].
    pub(crate) kind: Field,
    /// The document's id.
    pub(crate) doc: Field,
    /// The file it is from.
    pub(crate) source: Field,
    /// The hash of its content.
    pub(crate) digest: Field,
    /// The title to show.
    pub(crate) title: Field,
    /// The text of the document or the passage.
    pub(crate) text: Field,
    /// Where the passage starts; how many passages a document has.
    pub(crate) start: Field,
    /// Where the passage ends.
    pub(crate) end: Field,
    /// What is known of the article, as JSON.
    pub(crate) about: Field,
    /// [`INTERNAL`] where the article is for colleagues alone.
    pub(crate) readers: Field,
    /// When the article was updated, in seconds since 1970; absent if it does
    /// not say.
    pub(crate) updated: Field,
    /// What a passage says, as a number: the key of its vector.
    pub(crate) content: Field,
    /// What customers ask that the passage answers, a line each.
    pub(crate) asked: Field,
    /// The keys of the vectors of these lines.
    pub(crate) asked_contents: Field,
    /// What a passage is about: see `gist.rs`.
    pub(crate) gist: Field,
    /// What these lines are about, one behind the other.
    pub(crate) asked_gists: Field,
    /// What a document is found by.
    pub(crate) documents: Ranked,
    /// What a passage is found by.
    pub(crate) passages: Ranked,
}

/// The fields that a kind of entry is ranked by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ranked {
    /// The title.
    pub(crate) title: Field,
    /// The headings.
    pub(crate) headings: Field,
    /// All words, those of title and headings too.
    pub(crate) body: Field,
    /// What customers ask that it answers.
    pub(crate) asked: Field,
}

/// The schema with its fields.
pub(crate) fn schema() -> (Schema, Fields) {
    let mut builder = Schema::builder();
    let ranked = TextOptions::default().set_indexing_options(
        TextFieldIndexing::default().set_tokenizer(ANALYSIS).set_index_option(IndexRecordOption::WithFreqs),
    );
    let ranks = |builder: &mut SchemaBuilder, of: &str| Ranked {
        title: builder.add_text_field(&format!("{of}_title"), ranked.clone()),
        headings: builder.add_text_field(&format!("{of}_headings"), ranked.clone()),
        body: builder.add_text_field(&format!("{of}_body"), ranked.clone()),
        asked: builder.add_text_field(&format!("{of}_asked"), ranked.clone()),
    };
    let fields = Fields {
        kind: builder.add_text_field("kind", STRING),
        doc: builder.add_text_field("doc", STRING | STORED | FAST),
        source: builder.add_text_field("source", STORED),
        digest: builder.add_text_field("digest", STORED),
        title: builder.add_text_field("title", STORED),
        text: builder.add_text_field("text", STORED),
        start: builder.add_u64_field("start", STORED),
        end: builder.add_u64_field("end", STORED),
        about: builder.add_text_field("about", STORED),
        readers: builder.add_text_field("readers", STRING),
        updated: builder.add_i64_field("updated", INDEXED | FAST),
        content: builder.add_u64_field("content", FAST),
        asked: builder.add_text_field("asked", STORED),
        asked_contents: builder.add_u64_field("asked_contents", FAST),
        gist: builder.add_u64_field(gist::FIELD, FAST),
        asked_gists: builder.add_u64_field(gist::ASKED_FIELD, FAST),
        documents: ranks(&mut builder, "documents"),
        passages: ranks(&mut builder, "passages"),
    };
    (builder.build(), fields)
}

/// Teaches `index` the analysis.
pub(crate) fn prepare(index: &Index) {
    index.tokenizers().register(ANALYSIS, analysis::analyzer());
}

/// The index in `dir` with its fields, if each file of its segments is what was written:
/// tantivy trusts them, and would find something else, or panic, where a disk changed a byte. All
/// of them are read, which takes milliseconds for tens of thousands of articles. Nothing if the
/// index is of another version.
pub(crate) fn open(dir: &Path) -> Result<Option<(Index, Fields)>, TantivyError> {
    let directory = MmapDirectory::open(dir)?;
    // While it is held, no other process takes files away that it merged.
    let _lock = directory.acquire_lock(&META_LOCK)?;
    let index = Index::open(directory)?;
    let (schema, fields) = schema();
    if index.schema() != schema {
        return Ok(None);
    }
    if let Some(file) = index.validate_checksum()?.into_iter().min() {
        let changed = "it is not what was written".to_owned();
        return Err(TantivyError::DataCorruption(DataCorruption::new(file, changed)));
    }
    prepare(&index);
    Ok(Some((index, fields)))
}

/// A document with where it is from.
#[derive(Clone, Debug)]
pub(crate) struct Entry<'a> {
    pub(crate) document: &'a Document,
    pub(crate) source: &'a str,
    pub(crate) digest: &'a str,
    pub(crate) cut: &'a Cut,
}

impl Fields {
    /// The term that every entry of the document `id` has.
    pub(crate) fn doc_term(&self, id: &str) -> Term {
        Term::from_field_text(self.doc, id)
    }

    /// The term that every entry of this kind has.
    pub(crate) fn kind_term(&self, kind: &str) -> Term {
        Term::from_field_text(self.kind, kind)
    }

    /// The entries of one document: itself, then its passages.
    pub(crate) fn entries(&self, entry: &Entry<'_>) -> Vec<TantivyDocument> {
        let Document { id, title, text, about } = entry.document;
        let Cut { title: own, headings, words, pieces } = entry.cut;
        let title = Some(title).filter(|title| !title.trim().is_empty()).or(own.as_ref()).unwrap_or(id);

        let mut document = self.entry(DOCUMENT, id, title, text, pieces.len(), 0);
        self.tell(&mut document, about);
        document.add_text(self.source, entry.source);
        document.add_text(self.digest, entry.digest);
        rank(&mut document, self.documents, title, headings, words);
        let asked: BTreeSet<&String> = pieces.iter().flat_map(|piece| &*piece.asked).collect();
        asked.iter().for_each(|question| document.add_text(self.documents.asked, question));
        let mut entries = vec![document];
        for piece in pieces {
            let mut shown = vec![title.as_str()];
            shown.extend(piece.trail.iter().map(String::as_str).filter(|heading| heading != title));
            let shown = shown.join(" > ");
            let mut passage = self.entry(PASSAGE, id, &shown, &piece.text, piece.start, piece.end);
            self.tell(&mut passage, &About { anchor: piece.anchor.clone(), ..about.clone() });
            passage.add_u64(self.content, content(&shown, &piece.words));
            gist::of_passage(&shown, &piece.text).into_iter().for_each(|part| passage.add_u64(self.gist, part));
            rank(&mut passage, self.passages, title, &piece.trail, &piece.words);
            for question in &*piece.asked {
                passage.add_text(self.passages.asked, question);
                passage.add_u64(self.asked_contents, content("", question));
                gist::of_asked(question).into_iter().for_each(|part| passage.add_u64(self.asked_gists, part));
            }
            if !piece.asked.is_empty() {
                passage.add_text(self.asked, piece.asked.join("\n"));
            }
            entries.push(passage);
        }
        entries
    }

    fn tell(&self, entry: &mut TantivyDocument, about: &About) {
        if !about.is_plain() {
            entry.add_text(self.about, serde_json::to_string(about).unwrap_or_default());
        }
        if about.audience == Readers::Internal {
            entry.add_text(self.readers, INTERNAL);
        }
        if let Some(at) = about.updated_at {
            entry.add_i64(self.updated, at.as_second());
        }
    }

    fn entry(&self, kind: &str, id: &str, title: &str, text: &str, start: usize, end: usize) -> TantivyDocument {
        let mut entry = TantivyDocument::new();
        entry.add_text(self.kind, kind);
        entry.add_text(self.doc, id);
        entry.add_text(self.title, title);
        entry.add_text(self.text, text);
        entry.add_u64(self.start, start.try_into().unwrap_or(u64::MAX));
        entry.add_u64(self.end, end.try_into().unwrap_or(u64::MAX));
        entry
    }
}

/// Adds what an entry is found by.
fn rank(entry: &mut TantivyDocument, by: Ranked, title: &str, headings: &[String], words: &str) {
    entry.add_text(by.title, title);
    entry.add_text(by.body, title);
    for heading in headings.iter().filter(|heading| *heading != title) {
        entry.add_text(by.headings, heading);
        entry.add_text(by.body, heading);
    }
    entry.add_text(by.body, words);
}

/// A stored text; empty if there is none.
pub(crate) fn stored_text(entry: &TantivyDocument, field: Field) -> String {
    entry.get_first(field).and_then(|value| value.as_str()).unwrap_or_default().to_owned()
}

/// The number of what a passage says: equal where title and words are.
pub(crate) fn content(title: &str, words: &str) -> u64 {
    let hash = Sha256::new().chain_update(title).chain_update([0]).chain_update(words).finalize();
    hash.iter().take(8).fold(0, |number, byte| (number << 8) | u64::from(*byte))
}

/// A stored number; 0 if there is none.
pub(crate) fn stored_number(entry: &TantivyDocument, field: Field) -> usize {
    entry.get_first(field).and_then(|value| value.as_u64()).and_then(|n| n.try_into().ok()).unwrap_or(0)
}

/// What is known of the article that an entry is of. What cannot be read is
/// for colleagues alone.
pub(crate) fn stored_about(entry: &TantivyDocument, fields: Fields) -> About {
    let text = stored_text(entry, fields.about);
    if text.is_empty() {
        return About::default();
    }
    serde_json::from_str(&text).unwrap_or(About { audience: Readers::Internal, ..About::default() })
}

/// One change of the index: all of it, or nothing.
pub(crate) struct Change {
    writer: IndexWriter,
    fields: Fields,
    changed: bool,
}

impl Change {
    /// Begins a change; no other process can until it ends.
    pub(crate) fn begin(index: &Index, fields: Fields) -> Result<Self, TantivyError> {
        let writer: IndexWriter = index.writer_with_num_threads(1, MEMORY)?;
        writer.set_merge_policy(Box::new(NoMergePolicy));
        Ok(Self { writer, fields, changed: false })
    }

    /// Puts a document in the place of the one with this id, if there is one.
    pub(crate) fn put(&mut self, entry: &Entry<'_>) -> Result<(), TantivyError> {
        self.remove(&entry.document.id);
        for entry in self.fields.entries(entry) {
            self.writer.add_document(entry)?;
        }
        Ok(())
    }

    /// Removes a document.
    pub(crate) fn remove(&mut self, id: &str) {
        self.changed = true;
        self.writer.delete_term(self.fields.doc_term(id));
    }

    /// Makes the change durable, if there is one.
    pub(crate) fn commit(mut self, index: &Index) -> Result<(), TantivyError> {
        if !self.changed {
            return Ok(());
        }
        self.writer.commit()?;
        // One segment without deleted entries: the scores then depend on the
        // documents alone, not on the order in which they came, and a search
        // reads one file. The change is durable already: a fault here costs
        // nothing but speed, and the next change tries again.
        if let Ok(segments) = index.searchable_segment_metas() {
            let ids: Vec<_> = segments.iter().map(|segment| segment.id()).collect();
            let deleted = segments.iter().any(|segment| segment.num_deleted_docs() > 0);
            if (ids.len() > 1 || deleted) && self.writer.merge(&ids).wait().is_ok() {
                let _unused_files = self.writer.garbage_collect_files().wait();
            }
        }
        self.writer.wait_merging_threads()
    }
}

/// Removes the files of an index from `dir`, its list of segments first: what a
/// kill leaves is no index. Vectors stay, they are found by what they are of.
pub(crate) fn discard(dir: &Path) -> io::Result<()> {
    fs::remove_file(dir.join(META))?;
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        let segment = stem.len() == 32 && stem.bytes().all(|byte| byte.is_ascii_hexdigit());
        if segment || path.file_name().is_some_and(|name| name == MANAGED) {
            fs::remove_file(&path)?;
        }
    }
    Ok(())
}
