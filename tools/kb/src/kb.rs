//! The knowledge base as its users see it.

mod adding;
mod port;

use self::adding::Adding;
pub(crate) use self::port::Recent;
use crate::analysis;
use crate::article::Markup;
use crate::cohort;
use crate::dense::Dense;
use crate::error::KbError;
use crate::fit::{CANDIDATES, Signs};
use crate::index::{self, Change, Entry, Fields, META, stored_about, stored_number, stored_text};
use crate::passages;
use crate::search::{Near, Search};
use crate::sentences::Written;
use crate::shelf::Shelf;
use crate::sources::{self, Document, Skipped};
use crate::synonyms::Synonyms;
use crate::vectors::{self, Embedder, Spoken, Vectors};
use attache_tools::{About, Ask, Passage};
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::time::SystemTime;
use tantivy::directory::MmapDirectory;
use tantivy::{Index, IndexReader, ReloadPolicy, TantivyError};

/// A knowledge base: in a folder, or in memory. Clones share it.
#[derive(Clone)]
pub struct Kb {
    inner: Arc<Inner>,
    embedder: Option<Arc<dyn Embedder>>,
    synonyms: Arc<Synonyms>,
}

/// Which retrievers find what is ranked: passages by how likely they answer, documents as they were found.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Retrieval {
    /// Words and the vectors of a sentence model together; as `Lexical` where there are none.
    Fused,
    /// Words, and what texts are about, which needs no sentence model.
    Lexical,
    /// Vectors alone.
    Dense,
}

struct Inner {
    /// The folder; none in memory.
    dir: Option<PathBuf>,
    opened: RwLock<Option<Arc<Opened>>>,
    /// The vectors of one in memory.
    vectors: RwLock<Vectors>,
}

/// An index that is open.
struct Opened {
    index: Index,
    reader: IndexReader,
    fields: Fields,
    stamp: Option<Stamp>,
    /// The vectors of its passages by model, once they were asked for.
    dense: OnceLock<(String, Arc<Dense>)>,
    shelf: Arc<Shelf>,
}

/// Tells one state of an index and its vectors from the next.
type Stamp = [Option<(SystemTime, u64)>; 2];

/// What [`Kb::add`] did.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Report {
    /// How many documents are new.
    pub added: usize,
    /// How many documents have changed.
    pub updated: usize,
    /// How many documents are as they were.
    pub unchanged: usize,
    /// How many documents are gone with their files.
    pub removed: usize,
    /// What was not added, in the order of the files.
    pub skipped: Vec<Skipped>,
}

/// How far [`Kb::add`] is.
#[derive(Clone, Copy, Debug)]
pub struct Progress<'a> {
    /// How many files are done.
    pub done: usize,
    /// How many files there are.
    pub files: usize,
    /// The file that is next.
    pub path: &'a Path,
}

/// A document in a list.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Listed {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// The file it is from; empty for one given in memory.
    pub source: String,
    /// How many passages it has.
    pub passages: usize,
    /// What is known of it besides.
    pub about: About,
}

/// What is known of a document before files are added.
struct Known {
    source: String,
    digest: String,
}

impl Kb {
    /// The knowledge base in the folder `dir`. A folder that is not there yet
    /// is an empty one; it is made by the first [`add`](Self::add).
    ///
    /// # Errors
    /// If there is an index that cannot be read. One of another version can be
    /// opened, and not searched until [`add`](Self::add) has made it anew.
    pub fn open(dir: &Path) -> Result<Self, KbError> {
        let kb = Self::with(Inner { dir: Some(dir.to_owned()), opened: RwLock::default(), vectors: RwLock::default() });
        match kb.opened() {
            Ok(_) | Err(KbError::Version { .. }) => Ok(kb),
            Err(error) => Err(error),
        }
    }

    /// A knowledge base of these Markdown documents, in memory. Of two with the
    /// same id the later one counts.
    ///
    /// # Errors
    /// If a document has no text, or an id that none can have.
    pub fn in_memory(documents: impl IntoIterator<Item = Document>) -> Result<Self, KbError> {
        let documents: BTreeMap<_, _> = documents.into_iter().map(|doc| (doc.id.clone(), doc)).collect();
        for document in documents.values() {
            let fault = |reason| KbError::Path {
                path: PathBuf::from(&document.id),
                source: io::Error::new(io::ErrorKind::InvalidData, reason),
            };
            sources::check(document).map_err(fault)?;
        }
        let build = || {
            let (schema, fields) = index::schema();
            let empty = Index::create_in_ram(schema.clone());
            index::prepare(&empty);
            let builder = Index::builder().schema(schema).tokenizers(empty.tokenizers().clone());
            let directory = tantivy::directory::RamDirectory::create();
            let mut writer = builder.single_segment_index_writer(directory, 64 << 20)?;
            for document in documents.values() {
                let cut = passages::cut(&document.text, Markup::Markdown);
                let entry = Entry { document, source: "", digest: "", cut: &cut };
                for entry in fields.entries(&entry) {
                    writer.add_document(entry)?;
                }
            }
            Opened::new(writer.finalize()?, fields, None)
        };
        let opened = build().map_err(|error| KbError::index(Path::new("memory"), error))?;
        let opened = RwLock::new(Some(Arc::new(opened)));
        Ok(Self::with(Inner { dir: None, opened, vectors: RwLock::default() }))
    }

    fn with(inner: Inner) -> Self {
        Self { inner: Arc::new(inner), embedder: None, synonyms: Arc::default() }
    }

    /// The same knowledge base with a second retriever. It finds what
    /// [`embed`](Self::embed) made vectors of.
    #[must_use]
    pub fn embedder(self, embedder: Arc<dyn Embedder>) -> Self {
        Self { embedder: Some(embedder), ..self }
    }

    /// The same knowledge base that takes these words for the same.
    #[must_use]
    pub fn synonyms(self, synonyms: Synonyms) -> Self {
        Self { synonyms: Arc::new(synonyms), ..self }
    }

    /// Makes vectors of what has none yet: passages, their sentences, and the
    /// questions that they are known to answer. Tells of how many texts. What
    /// customers of other companies ask gets vectors too, once, which are not counted.
    /// A kill costs the work since the last minute or so.
    ///
    /// # Errors
    /// If there is no embedder or it fails, or the index cannot be read or the
    /// vectors written.
    pub fn embed(&self, progress: &mut dyn FnMut(usize, usize)) -> Result<usize, KbError> {
        const BATCH: usize = 64;
        const SAVED: usize = 32 * BATCH;
        let Some(embedder) = &self.embedder else { return Ok(0) };
        let Some(passages) = self.spoken()? else { return Ok(0) };
        let mut vectors = self.all_vectors(&**embedder)?;
        let own = || passages.iter().flatten();
        // Where nothing is answered nobody need be told apart.
        let others: Vec<Spoken> = if passages.is_empty() { Vec::new() } else { cohort::lines().collect() };
        vectors.keep(own().chain(&others));
        let lacking = vectors.lacking(own());
        let made = lacking.len();
        // The cohort first: without it too much would be answered.
        let texts: Vec<&Spoken> = vectors.lacking(others.iter()).into_iter().chain(lacking).collect();
        let mut done = 0;
        for batch in texts.chunks(BATCH) {
            progress(done, texts.len());
            let said: Vec<&str> = batch.iter().map(|spoken| spoken.text.as_str()).collect();
            for (spoken, vector) in batch.iter().zip(embedder.embed(&said).map_err(KbError::Embed)?) {
                vectors.put(spoken, vector).map_err(KbError::Embed)?;
            }
            done += batch.len();
            if done % SAVED == 0 {
                self.keep_vectors(&vectors)?;
            }
        }
        progress(done, texts.len());
        vectors.learn(&passages);
        self.keep_vectors(&vectors)?;
        Ok(made)
    }

    /// How many texts [`embed`](Self::embed) would make vectors of; nothing if there is
    /// no embedder.
    ///
    /// # Errors
    /// If the index or the vectors cannot be read.
    pub fn lacking(&self) -> Result<Option<usize>, KbError> {
        let Some(embedder) = &self.embedder else { return Ok(None) };
        let passages = self.spoken()?.unwrap_or_default();
        Ok(Some(self.all_vectors(&**embedder)?.lacking(passages.iter().flatten()).len()))
    }

    /// What every passage says; nothing if there is no index.
    fn spoken(&self) -> Result<Option<Vec<Vec<Spoken>>>, KbError> {
        let Some(opened) = self.opened()? else { return Ok(None) };
        self.guarded(|| opened.search(&self.synonyms).spoken()).map(Some)
    }

    /// All vectors that there are, those of sentences as well.
    fn all_vectors(&self, embedder: &dyn Embedder) -> Result<Vectors, KbError> {
        let mut vectors = self.vectors(embedder)?;
        if let Some(dir) = &self.inner.dir {
            vectors.sentences = Written::open(dir, embedder.name())?.all();
        }
        Ok(vectors)
    }

    fn vectors(&self, embedder: &dyn Embedder) -> Result<Vectors, KbError> {
        match &self.inner.dir {
            Some(dir) => Vectors::read(dir, embedder.name()),
            None => {
                let kept = self.inner.vectors.read().unwrap_or_else(PoisonError::into_inner).clone();
                Ok(if kept.is_of(embedder.name()) { kept } else { Vectors::of(embedder.name()) })
            }
        }
    }

    fn keep_vectors(&self, vectors: &Vectors) -> Result<(), KbError> {
        match &self.inner.dir {
            Some(dir) => vectors.write(dir),
            None => {
                *self.inner.vectors.write().unwrap_or_else(PoisonError::into_inner) = vectors.clone();
                // What was joined with the old ones is joined anew.
                let mut opened = self.inner.opened.write().unwrap_or_else(PoisonError::into_inner);
                if let Some(last) = opened.take() {
                    let Opened { index, reader, fields, stamp, .. } = &*last;
                    let (index, reader) = (index.clone(), reader.clone());
                    *opened = Some(Arc::new(Opened {
                        index,
                        reader,
                        fields: *fields,
                        stamp: *stamp,
                        dense: OnceLock::new(),
                        shelf: Arc::default(),
                    }));
                }
                Ok(())
            }
        }
    }

    /// The vectors of the index, as they are compared.
    fn dense(&self, opened: &Opened, embedder: &dyn Embedder) -> Result<Arc<Dense>, KbError> {
        if let Some((_, dense)) = opened.dense.get().filter(|(model, _)| model == embedder.name()) {
            return Ok(Arc::clone(dense));
        }
        let vectors = self.vectors(embedder)?;
        let sentences = match &self.inner.dir {
            Some(dir) => Written::open(dir, embedder.name())?,
            None => vectors.of_sentences(),
        };
        let searcher = opened.reader.searcher();
        let dense = Arc::new(self.guarded(|| Dense::new(&searcher, opened.fields, &vectors, sentences))?);
        let _ = opened.dense.set((embedder.name().to_owned(), Arc::clone(&dense)));
        Ok(dense)
    }

    /// The second retriever for a question, if there is one.
    fn near(&self, opened: &Opened, query: &str, retrieval: Retrieval) -> Result<Option<Near>, KbError> {
        let Some(embedder) = self.embedder.as_ref().filter(|_| retrieval != Retrieval::Lexical) else {
            return Ok(None);
        };
        let dense = self.dense(opened, &**embedder)?;
        if dense.rows.is_empty() {
            return Ok(None);
        }
        let query = analysis::of_query(query);
        let vector = embedder.embed(&[query]).map_err(KbError::Embed)?.into_iter().next().and_then(vectors::unit);
        // A server may have another model under the same name.
        let vector = vector.filter(|vector| vector.len() == dense.rows.dimensions);
        let (embedder, fused) = (Arc::clone(embedder), retrieval == Retrieval::Fused);
        Ok(vector.map(|vector| Near { query: dense.direction(&vector), dense, embedder, fused }))
    }

    /// Adds the articles in these files and folders, and removes those whose
    /// files are gone from these folders. Unchanged files are left as they are.
    ///
    /// A document's id is its file's name without extension; if two files in a
    /// folder share it, their paths in the folder. In JSONL it is the `id`.
    /// The change is one commit: a search sees all of it or nothing, and so
    /// does the next start after a kill.
    ///
    /// # Errors
    /// If a path is not there, or the index cannot be written. Faults of single
    /// files are in the report.
    pub fn add(&self, paths: &[PathBuf], progress: &mut dyn FnMut(Progress<'_>)) -> Result<Report, KbError> {
        let listing = sources::list(paths)?;
        let opened = self.opened_or_new()?;
        let mut adding = Adding {
            change: self.said(Change::begin(&opened.index, opened.fields))?,
            // Read under the lock: what another process did until now counts.
            known: self.known()?,
            report: Report { skipped: listing.skipped.clone(), ..Report::default() },
            unread: listing.unread.clone(),
            seen: BTreeMap::new(),
        };
        let files = listing.files.len();
        for (done, source) in listing.files.iter().enumerate() {
            progress(Progress { done, files, path: &source.shown });
            source.read(&mut |item| self.said(adding.item(source, item, &listing)))?;
        }
        adding.remove_gone(&listing);
        let Adding { change, report, .. } = adding;
        self.guarded(|| change.commit(&opened.index))?;
        self.refresh(&opened)?;
        Ok(report)
    }

    /// Removes a document; tells whether there was one.
    ///
    /// # Errors
    /// If the index cannot be written.
    pub fn remove(&self, id: &str) -> Result<bool, KbError> {
        let Some(opened) = self.opened()? else { return Ok(false) };
        let mut change = self.said(Change::begin(&opened.index, opened.fields))?;
        if self.document(id)?.is_none() {
            return Ok(false);
        }
        change.remove(id);
        self.guarded(|| change.commit(&opened.index))?;
        self.refresh(&opened)?;
        Ok(true)
    }

    /// The passages that answer likeliest, the likeliest first, as [`Ask`] says. At most
    /// [`MAX_TERMS`](crate::MAX_TERMS) terms of a question are searched for.
    ///
    /// # Errors
    /// If the index cannot be read.
    pub fn search(&self, ask: &Ask<'_>) -> Result<Vec<Passage>, KbError> {
        self.search_by(ask, Retrieval::Fused)
    }

    /// The documents that fit best, each with its best passage and the
    /// document's score; best first, at most `ask.top`.
    ///
    /// # Errors
    /// If the index cannot be read.
    pub fn search_documents(&self, ask: &Ask<'_>) -> Result<Vec<Passage>, KbError> {
        self.search_documents_by(ask, Retrieval::Fused)
    }

    /// As [`search`](Self::search), by these retrievers.
    ///
    /// # Errors
    /// If the index cannot be read, or [`Retrieval::Dense`] is asked for and
    /// the question gets no vector.
    pub fn search_by(&self, ask: &Ask<'_>, retrieval: Retrieval) -> Result<Vec<Passage>, KbError> {
        self.retrieved(ask, retrieval, |search| search.passages(ask))
    }

    /// As [`search_documents`](Self::search_documents), by these retrievers.
    ///
    /// # Errors
    /// As [`search_by`](Self::search_by).
    pub fn search_documents_by(&self, ask: &Ask<'_>, retrieval: Retrieval) -> Result<Vec<Passage>, KbError> {
        self.retrieved(ask, retrieval, |search| search.documents(ask))
    }

    /// What is seen of all candidates, 24 or `ask.top`, in the order that they were found in,
    /// from which [`Passage::fit`] comes: for fitting what it weighs.
    ///
    /// # Errors
    /// As [`search`](Self::search).
    pub fn signs(&self, ask: &Ask<'_>) -> Result<Vec<(Passage, Option<Signs>)>, KbError> {
        self.retrieved(ask, Retrieval::Fused, |search| search.seen(ask, ask.top.max(CANDIDATES)))
    }

    fn retrieved<T: Default>(
        &self,
        ask: &Ask<'_>,
        retrieval: Retrieval,
        what: impl FnOnce(&Search) -> Result<T, TantivyError>,
    ) -> Result<T, KbError> {
        let Some(opened) = self.opened()? else { return Ok(T::default()) };
        let near = match self.near(&opened, ask.query, retrieval) {
            // Words find without vectors.
            Err(error @ KbError::Embed(_)) if retrieval == Retrieval::Fused => {
                tracing::warn!(%error, "searched without the sentence model");
                None
            }
            near => near?,
        };
        self.guarded(|| what(&opened.search(&self.synonyms).near(near)))
    }

    /// Every document, by id.
    ///
    /// # Errors
    /// If the index cannot be read.
    pub fn list(&self) -> Result<Vec<Listed>, KbError> {
        let mut list = Vec::new();
        if let Some((stored, fields)) = self.stored()? {
            list.extend(stored.iter().map(|entry| Listed {
                id: stored_text(entry, fields.doc),
                title: stored_text(entry, fields.title),
                source: stored_text(entry, fields.source),
                passages: stored_number(entry, fields.start),
                about: stored_about(entry, fields),
            }));
        }
        list.sort_by(|one, other| one.id.cmp(&other.id));
        Ok(list)
    }

    /// The text of a document: what offsets count in.
    ///
    /// # Errors
    /// If the index cannot be read.
    pub fn document(&self, id: &str) -> Result<Option<String>, KbError> {
        let Some(opened) = self.opened()? else { return Ok(None) };
        let found = self.guarded(|| opened.search(&self.synonyms).find(id))?;
        Ok(found.map(|entry| stored_text(&entry, opened.fields.text)))
    }

    fn known(&self) -> Result<BTreeMap<String, Known>, KbError> {
        let Some((stored, fields)) = self.stored()? else { return Ok(BTreeMap::new()) };
        let known = stored.iter().map(|entry| {
            let source = stored_text(entry, fields.source);
            (stored_text(entry, fields.doc), Known { source, digest: stored_text(entry, fields.digest) })
        });
        Ok(known.collect())
    }

    fn stored(&self) -> Result<Option<(Vec<tantivy::TantivyDocument>, Fields)>, KbError> {
        let Some(opened) = self.opened()? else { return Ok(None) };
        Ok(Some((self.guarded(|| opened.search(&self.synonyms).stored())?, opened.fields)))
    }

    /// The index in its newest state; none if there is none yet. Another
    /// process may have changed it: asking the file system takes microseconds.
    fn opened(&self) -> Result<Option<Arc<Opened>>, KbError> {
        let last = self.inner.opened.read().unwrap_or_else(PoisonError::into_inner).clone();
        let Some(dir) = &self.inner.dir else { return Ok(last) };
        let stamp = |file: &str| fs::metadata(dir.join(file)).and_then(|meta| Ok((meta.modified()?, meta.len())));
        let stamp = match stamp(META) {
            // The vectors are a help, and may be absent.
            Ok(found) => [Some(found), self.embedder.as_ref().and_then(|_| stamp(vectors::FILE).ok())],
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(KbError::Unavailable { dir: dir.clone(), what: error.to_string() }),
        };
        if let Some(last) = last.filter(|last| last.stamp == Some(stamp)) {
            return Ok(Some(last));
        }
        let Some((index, fields)) = self.guarded(|| index::open(dir))? else {
            return Err(KbError::Version { dir: dir.clone() });
        };
        let opened = self.guarded(|| Opened::new(index, fields, Some(stamp)))?;
        Ok(Some(self.keep(opened)))
    }

    fn opened_or_new(&self) -> Result<Arc<Opened>, KbError> {
        match self.opened() {
            Ok(Some(opened)) => return Ok(opened),
            Ok(None) => {}
            // It holds nothing that its articles do not: it is made anew.
            Err(KbError::Version { dir }) => {
                index::discard(&dir).map_err(|error| KbError::Unavailable { dir, what: error.to_string() })?
            }
            Err(error) => return Err(error),
        }
        let dir = self.inner.dir.clone().unwrap_or_default();
        fs::create_dir_all(&dir).map_err(|error| KbError::Unavailable { dir: dir.clone(), what: error.to_string() })?;
        let create = || {
            let (schema, fields) = index::schema();
            let index = Index::open_or_create(MmapDirectory::open(&dir)?, schema)?;
            index::prepare(&index);
            Opened::new(index, fields, None)
        };
        Ok(self.keep(self.guarded(create)?))
    }

    fn keep(&self, opened: Opened) -> Arc<Opened> {
        let opened = Arc::new(opened);
        *self.inner.opened.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&opened));
        opened
    }

    /// Lets searches see a change of our own.
    fn refresh(&self, changed: &Opened) -> Result<(), KbError> {
        // An index in a folder is opened anew by the next search: its stamp is
        // another.
        if self.inner.dir.is_none() { self.said(changed.reader.reload()) } else { Ok(()) }
    }

    /// tantivy trusts its files and panics where one is shorter than it should
    /// be. To the user that is a damaged index, not a fault of ours.
    fn guarded<T>(&self, what: impl FnOnce() -> Result<T, TantivyError>) -> Result<T, KbError> {
        let panicked = |_| Err(TantivyError::InternalError("its files do not fit each other".to_owned()));
        self.said(catch_unwind(AssertUnwindSafe(what)).unwrap_or_else(panicked))
    }

    fn said<T>(&self, result: Result<T, TantivyError>) -> Result<T, KbError> {
        let dir = self.inner.dir.as_deref().unwrap_or(Path::new("memory"));
        result.map_err(|error| KbError::index(dir, error))
    }
}

impl Opened {
    fn new(index: Index, fields: Fields, stamp: Option<Stamp>) -> Result<Self, TantivyError> {
        // By hand: the other policy starts a thread that looks at the folder.
        let reader = index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into()?;
        Ok(Self { index, reader, fields, stamp, dense: OnceLock::new(), shelf: Arc::default() })
    }

    fn search(&self, synonyms: &Arc<Synonyms>) -> Search {
        Search::new(self.reader.searcher(), self.fields, Arc::clone(synonyms), Arc::clone(&self.shelf))
    }
}

#[cfg(test)]
mod tests;
