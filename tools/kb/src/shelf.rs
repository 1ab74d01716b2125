//! What was read of an index, for the next search: reading passages is most of what one costs.

use crate::fit::{Read, parts};
use crate::gist::Gists;
use crate::index::content;
use crate::skim;
use crate::tokens;
use attache_tools::Passage;
use lru::LruCache;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use tantivy::{DocAddress, Score, TantivyError};

/// Passages that were found before, by where they stand, and what all of them are about.
pub(crate) struct Shelf {
    known: Mutex<LruCache<Place, Arc<Known>>>,
    /// What they are skimmed by, if they can be.
    skimmed: Mutex<LruCache<Place, Arc<Option<skim::Passage>>>>,
    /// Of one state of the index.
    gists: Mutex<Option<(u64, Arc<Gists>)>>,
}

/// Where a passage stands in which state of the index.
pub(crate) type Place = (u64, DocAddress);

impl Default for Shelf {
    fn default() -> Self {
        // Some ten kilobytes each, and at most 140.
        const KNOWN: NonZeroUsize = NonZeroUsize::MIN.saturating_add(1_023);
        const SKIMMED: NonZeroUsize = NonZeroUsize::MIN.saturating_add(255);
        Self {
            known: Mutex::new(LruCache::new(KNOWN)),
            skimmed: Mutex::new(LruCache::new(SKIMMED)),
            gists: Mutex::default(),
        }
    }
}

impl Shelf {
    /// The passage at a place, which is read if it is not known.
    pub(crate) fn known(
        &self,
        place: Place,
        read: impl FnOnce() -> Result<Known, TantivyError>,
    ) -> Result<Arc<Known>, TantivyError> {
        // Nothing under this lock, or the next, panics half-way through a change.
        let shelf = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = shelf().get(&place) {
            return Ok(Arc::clone(known));
        }
        let known = Arc::new(read()?);
        shelf().put(place, Arc::clone(&known));
        Ok(known)
    }

    /// What a passage is skimmed by, if it can be.
    pub(crate) fn skimmed(&self, place: Place, known: &Known) -> Arc<Option<skim::Passage>> {
        let shelf = || self.skimmed.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(skimmed) = shelf().get(&place) {
            return Arc::clone(skimmed);
        }
        let Passage { title, passage, .. } = &known.passage;
        let tokens = tokens::of_passage(title, &known.asked, passage);
        let skimmed = Arc::new(tokens.and_then(skim::passage));
        shelf().put(place, Arc::clone(&skimmed));
        skimmed
    }

    /// What all passages of this state of the index are about.
    pub(crate) fn gists(
        &self,
        state: u64,
        read: impl FnOnce() -> Result<Gists, TantivyError>,
    ) -> Result<Arc<Gists>, TantivyError> {
        let mut last = self.gists.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, gists)) = last.as_ref().filter(|(of, _)| *of == state) {
            return Ok(Arc::clone(gists));
        }
        let gists = Arc::new(read()?);
        *last = Some((state, Arc::clone(&gists)));
        Ok(gists)
    }
}

/// A passage without a score, the questions that it is known to answer, and what was
/// read of both.
pub(crate) struct Known {
    pub(crate) passage: Passage,
    asked: String,
    read: OnceLock<Read>,
    /// The numbers of its sentences, once vectors are compared.
    sentences: OnceLock<Vec<u64>>,
}

impl Known {
    /// `asked` is what the passage is known to answer, a line each.
    pub(crate) fn new(passage: Passage, asked: String) -> Self {
        Self { passage, asked, read: OnceLock::new(), sentences: OnceLock::new() }
    }

    pub(crate) fn read(&self) -> &Read {
        self.read.get_or_init(|| Read::new(&self.passage, &self.asked))
    }

    pub(crate) fn sentences(&self) -> &[u64] {
        let all = || parts(&self.passage.title, &self.passage.passage);
        self.sentences.get_or_init(|| all().map(|(heading, part)| content(heading, part)).collect())
    }

    pub(crate) fn scored(&self, score: Score) -> Passage {
        Passage { score, ..self.passage.clone() }
    }
}
