//! Finding and ranking.

use crate::analysis::{self, MAX_TERMS};
use crate::dense::{Dense, Direction, Likeness, Own};
use crate::fit::{Asked, CANDIDATES, Candidate, Nearness, Signs, Word, parts, read_together};
use crate::fusion::{BESIDE_GIST, BESIDE_MODEL, DEPTH, fuse};
use crate::gist::{self, Gists};
use crate::index::{DOCUMENT, Fields, INTERNAL, PASSAGE, Ranked, content, stored_about, stored_number, stored_text};
use crate::rows::{Row, nearest, nearest_of_each};
use crate::shelf::{Known, Shelf};
use crate::skim;
use crate::synonyms::Synonyms;
use crate::tokens;
use crate::vectors::{Embedder, Spoken, spoken};
use attache_tools::{Ask, Passage, Readers, Scope};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::hash::Hash;
use std::ops::Bound;
use std::sync::Arc;
use tantivy::collector::TopDocs;
use tantivy::columnar::StrColumn;
use tantivy::query::{
    Bm25StatisticsProvider, BooleanQuery, BoostQuery, ConstScoreQuery, EmptyQuery, Occur, Query, RangeQuery, TermQuery,
};
use tantivy::schema::{Field, IndexRecordOption};
use tantivy::{DocAddress, DocId, Score, Searcher, SegmentReader, TantivyDocument, TantivyError, Term};

/// How much a word in the title adds to what it counts as a word of the text.
/// Found on the development part of Cranfield; anything from 0.5 to 1.5 does.
const TITLE: Score = 1.0;

/// How much a word in a heading adds.
const HEADINGS: Score = 0.5;

/// How much a word adds that stands in a question which the passage is known to answer.
const ASKED: Score = 0.5;

/// How like a question what shares no words with it must be, by what both are about, to be found:
/// five of six passages that answer are, and every tenth of all.
const RELATED: f32 = 0.3;

/// What a word counts that means the same as one of the question.
const ALIKE: Score = 0.5;

/// How many passages are skimmed. With all candidates nothing is answered better, and it takes four times as long.
const SKIMMED: usize = 6;

/// How many passages are read together with the question: that takes longer than all else.
const READ: usize = 3;

/// One state of the index, to search in.
pub(crate) struct Search {
    searcher: Searcher,
    fields: Fields,
    synonyms: Arc<Synonyms>,
    near: Option<Near>,
    shelf: Arc<Shelf>,
    /// Whether any article says what customers ask.
    asked: bool,
}

/// The second retriever, with the direction of the question.
pub(crate) struct Near {
    pub(crate) dense: Arc<Dense>,
    pub(crate) query: Direction,
    /// What made it, which may read too.
    pub(crate) embedder: Arc<dyn Embedder>,
    /// Whether words count too.
    pub(crate) fused: bool,
}

impl Near {
    /// How like everything within `scope` is to the question.
    fn likeness(&self, scope: &Scope) -> Likeness<'_> {
        self.dense.likeness(&self.query, scope)
    }

    /// The log odds that each of these passages answers; nothing if that cannot be read.
    fn read<'a>(&self, query: &str, passages: impl Iterator<Item = &'a Passage>) -> Vec<f32> {
        let passages: Vec<String> = passages.map(|it| format!("{}: {}", it.title, it.passage)).collect();
        let passages: Vec<&str> = passages.iter().map(String::as_str).collect();
        let read = self.embedder.read(query, &passages).unwrap_or_else(|error| {
            tracing::warn!(%error, "passages were not read");
            None
        });
        read.unwrap_or_default()
    }

    /// How near a passage is.
    fn of(&self, place: DocAddress, known: &Known, likeness: &Likeness<'_>) -> Option<Nearness> {
        let Own { text, matter, doc } = self.dense.likeness_of(&self.query, place)?;
        let sentences = known.sentences().iter();
        let sentences = sentences.filter_map(|it| self.dense.sentences.likeness(*it, &self.query.exact));
        let Likeness { matters, asked, foreign, .. } = likeness;
        Some(Nearness {
            own: text,
            sentence: sentences.reduce(f32::max).unwrap_or(text),
            matter,
            article: matters.of(doc),
            other: matters.beside(doc),
            asked: asked.of(doc),
            asked_other: asked.beside(doc),
            foreign: *foreign,
        })
    }
}

/// An entry with its score.
type Scored = (Score, DocAddress);

impl Search {
    pub(crate) fn new(searcher: Searcher, fields: Fields, synonyms: Arc<Synonyms>, shelf: Arc<Shelf>) -> Self {
        let asked = searcher.segment_readers().iter().any(|reader| {
            // Whoever reads a field that cannot be read will say what is wrong.
            reader.inverted_index(fields.passages.asked).map_or(true, |index| index.terms().num_terms() > 0)
        });
        Self { searcher, fields, synonyms, near: None, shelf, asked }
    }

    /// With the second retriever.
    pub(crate) fn near(self, near: Option<Near>) -> Self {
        Self { near, ..self }
    }

    /// The passages that answer likeliest, the likeliest first, each with how likely it does.
    pub(crate) fn passages(&self, ask: &Ask<'_>) -> Result<Vec<Passage>, TantivyError> {
        let candidates = if ask.top == 0 { 0 } else { ask.top.max(CANDIDATES) };
        let seen = self.seen(ask, candidates)?.into_iter();
        let hits = seen.map(|(hit, signs)| (signs.map_or(0.0, |signs| signs.fit()), hit));
        let mut hits: Vec<(f32, Passage)> = hits.collect();
        hits.sort_by(|(one, _), (other, _)| other.total_cmp(one));
        Ok(hits.into_iter().take(ask.top).map(|(fit, hit)| Passage { fit: Some(fit), ..hit }).collect())
    }

    /// The best passages, each with what is seen of it; nothing if nothing is
    /// asked.
    pub(crate) fn seen(&self, ask: &Ask<'_>, most: usize) -> Result<Vec<(Passage, Option<Signs>)>, TantivyError> {
        let counted = self.counted(PASSAGE)?;
        let query = self.query(ask.query, self.fields.passages)?;
        let (depth, terms) = (most.max(DEPTH), analysis::query_terms(ask.query).len());
        let lexical = self.best(&*self.within(query, &ask.scope), depth, &counted)?;
        let by_words: HashMap<DocAddress, Score> = lexical.iter().map(|(score, place)| (*place, *score)).collect();
        let asked = Asked::read(ask.query, |term| self.word(term))?;
        let tokens = asked.asks().then(|| tokens::of_question(ask.query)).flatten();
        let mut near = self.near.as_ref().map(|near| (near, near.likeness(&ask.scope)));
        let found = match (&mut near, tokens.as_deref().and_then(gist::of_question)) {
            (Some((near, likeness)), _) => {
                let near_first = addressed(nearest(std::mem::take(&mut likeness.passages), depth));
                fused(&near_first, if near.fused { &lexical } else { &[] }, terms, BESIDE_MODEL)
            }
            (None, Some(question)) => {
                let gists = self.gists()?;
                let passages = gists.likeness(&question, &ask.scope);
                let near = addressed(nearest(passages.clone(), depth));
                let likeness =
                    |place| Some(passages.get(passages.binary_search_by_key(&place, |(_, row)| row.address).ok()?)?.0);
                fused_by_gist(near, likeness, &lexical, terms)
            }
            (None, None) => lexical,
        };
        let hits = self.read(found, most)?;
        let candidates = hits.iter().map(|(_, place, known)| Candidate {
            passage: &known.passage,
            read: known.read(),
            score: by_words.get(place).copied().unwrap_or_default(),
            near: near.as_ref().and_then(|(near, likeness)| near.of(*place, known, likeness)),
            skimmed: None,
            odds: None,
        });
        let mut candidates: Vec<_> = candidates.collect();
        let mut signs = asked.signs(&candidates, idf(counted.entries, 0));
        if let Some(question) = tokens.and_then(skim::question) {
            let likely = likeliest(&signs, SKIMMED);
            let skimmed = likely.iter().map(|at| {
                let (_, place, known) = hits.get(*at)?;
                let passage = self.shelf.skimmed((self.state(), *place), known);
                skim::odds(&question, passage.as_ref().as_ref()?)
            });
            // All or none: beside what was skimmed, what could not be would look bad.
            let skimmed: Option<Vec<f32>> = skimmed.collect();
            for (at, odds) in likely.into_iter().zip(skimmed.unwrap_or_default()) {
                candidates.get_mut(at).into_iter().for_each(|candidate| candidate.skimmed = Some(odds));
            }
            read_together(&candidates, &mut signs);
        }
        if let Some((near, _)) = near.as_ref().filter(|_| asked.asks()) {
            let likely = likeliest(&signs, READ);
            let odds = near.read(ask.query, likely.iter().filter_map(|at| Some(&hits.get(*at)?.2.passage)));
            for (at, odds) in likely.into_iter().zip(odds) {
                candidates.get_mut(at).into_iter().for_each(|candidate| candidate.odds = Some(odds));
            }
            read_together(&candidates, &mut signs);
        }
        let signs = signs.into_iter().map(|signs| asked.asks().then_some(signs)).collect::<Vec<_>>();
        Ok(hits.iter().map(|(score, _, known)| known.scored(*score)).zip(signs).collect())
    }

    /// A word of a question with what stands for it. One that no article has
    /// weighs what the commonest of those weighs, and if they have none of them
    /// either, most.
    fn word(&self, term: String) -> Result<Word, TantivyError> {
        let all = self.counted(PASSAGE)?.entries;
        let mut alike = self.synonyms.alike(&term);
        alike.remove(&term);
        let mut having = self.frequency(&term, self.fields.passages)?;
        if having == 0 {
            for other in &alike {
                having = having.max(self.frequency(other, self.fields.passages)?);
            }
        }
        Ok(Word { term, alike, weight: idf(all, having), unknown: having == 0 })
    }

    /// The best documents, each with its best passage.
    pub(crate) fn documents(&self, ask: &Ask<'_>) -> Result<Vec<Passage>, TantivyError> {
        let counted = self.counted(DOCUMENT)?;
        let words = self.query(ask.query, self.fields.documents)?;
        let (depth, terms) = (ask.top.max(DEPTH), analysis::query_terms(ask.query).len());
        let lexical = self.best(&*self.within(words, &ask.scope), depth, &counted)?;
        let gists: Arc<Gists>;
        let (docs, passages) = match &self.near {
            Some(near) => (&near.dense.rows.docs, near.likeness(&ask.scope).passages),
            None => {
                gists = self.gists()?;
                let question = (terms > 0).then(|| tokens::of_question(ask.query)).flatten();
                let question = question.and_then(|tokens| gist::of_question(&tokens));
                (gists.docs(), question.map_or_else(Vec::new, |question| gists.likeness(&question, &ask.scope)))
            }
        };
        let ids = Ids::open(&self.searcher)?;
        // The places of those without vectors come behind those of the others.
        let mut others = Vec::new();
        let mut places = Vec::new();
        for (score, entry) in lexical {
            let place = match docs.place(entry, &ids) {
                Some(place) => place,
                None => {
                    others.push(ids.of(entry)?);
                    docs.ids.len() + others.len() - 1
                }
            };
            places.push((score, place));
        }
        let name = |place: usize| docs.ids.get(place).or_else(|| others.get(place.checked_sub(docs.ids.len())?));
        // A document is as near as its nearest passage.
        let each = nearest_of_each(&passages, docs);
        let rows = nearest(each.iter().copied().flatten().collect(), depth);
        let least = if self.near.is_some() { -1.0 } else { RELATED };
        let shown = rows.iter().filter(|(likeness, _)| *likeness >= least);
        let shown: HashMap<usize, &Row> = shown.map(|(_, row)| (row.doc, *row)).collect();
        let near: Vec<(f32, usize)> = rows.iter().map(|(likeness, row)| (*likeness, row.doc)).collect();
        let found = match &self.near {
            Some(model) => fused(&near, if model.fused { &places } else { &[] }, terms, BESIDE_MODEL),
            None => fused_by_gist(near, |place| Some(each.get(place)?.as_ref()?.0), &places, terms),
        };
        let found = found.into_iter().filter_map(|(score, place)| Some((score, (name(place)?, place))));
        let in_passages = self.query(ask.query, self.fields.passages)?;
        let counted_passages = self.counted(PASSAGE)?;
        let mut hits = Vec::new();
        for (score, (doc, place)) in ranked(found.collect(), ask.top) {
            let best = match shown.get(&place) {
                Some(row) => vec![(score, row.address)],
                None => self.best(&self.inside(doc, &*in_passages), 1, &counted_passages)?,
            };
            hits.extend(self.read(best, 1)?.into_iter().map(|(.., known)| known.scored(score)));
        }
        Ok(hits)
    }

    /// What every passage says, with each of its sentences and what customers ask
    /// that it answers.
    pub(crate) fn spoken(&self) -> Result<Vec<Vec<Spoken>>, TantivyError> {
        let mut found = Vec::new();
        for (segment, reader) in (0..).zip(self.searcher.segment_readers()) {
            let contents = reader.fast_fields().u64("content")?;
            for id in reader.doc_ids_alive() {
                let Some(whole) = contents.first(id) else { continue };
                let entry: TantivyDocument = self.searcher.doc(DocAddress::new(segment, id))?;
                let text = |field| stored_text(&entry, field);
                let (title, passage, asked) =
                    (text(self.fields.title), text(self.fields.text), text(self.fields.asked));
                let own = Spoken { content: whole, sentence: false, text: spoken(&title, &passage) };
                let asked = asked.lines().map(|question| Spoken {
                    content: content("", question),
                    sentence: false,
                    text: question.to_owned(),
                });
                let sentences = parts(&title, &passage).map(|(heading, part)| Spoken {
                    content: content(heading, part),
                    sentence: true,
                    text: spoken(heading, part),
                });
                found.push(std::iter::once(own).chain(asked).chain(sentences).collect());
            }
        }
        Ok(found)
    }

    /// Every document as it is stored.
    pub(crate) fn stored(&self) -> Result<Vec<TantivyDocument>, TantivyError> {
        self.having(self.fields.kind_term(DOCUMENT))
    }

    /// The document `id` as it is stored.
    pub(crate) fn find(&self, id: &str) -> Result<Option<TantivyDocument>, TantivyError> {
        let query =
            BooleanQuery::intersection(vec![has(self.fields.doc_term(id)), has(self.fields.kind_term(DOCUMENT))]);
        let found = self.searcher.search(&query, &TopDocs::with_limit(1).order_by_score())?;
        found.first().map(|(_, address)| self.searcher.doc(*address)).transpose()
    }

    fn having(&self, term: Term) -> Result<Vec<TantivyDocument>, TantivyError> {
        let found = self.searcher.search(&*has(term), &tantivy::collector::DocSetCollector)?;
        let found: BTreeSet<DocAddress> = found.into_iter().collect();
        found.into_iter().map(|address| self.searcher.doc(address)).collect()
    }

    /// The terms to search for: of more than [`MAX_TERMS`] the rarest, since
    /// they say most. Terms that no entry has are left out.
    fn rarest(&self, asked: &BTreeSet<String>, by: Ranked) -> Result<Vec<String>, TantivyError> {
        let mut terms = Vec::new();
        for term in asked {
            let having = self.frequency(term, by)?;
            if having > 0 {
                terms.push((having, term.clone()));
            }
        }
        terms.sort();
        terms.truncate(MAX_TERMS);
        Ok(terms.into_iter().map(|(_, term)| term).collect())
    }

    /// How many entries have the term: in the body, which has every word of an entry,
    /// or in the questions that it answers.
    fn frequency(&self, term: &str, by: Ranked) -> Result<u64, TantivyError> {
        let having = |field| self.searcher.doc_freq(&Term::from_field_text(field, term));
        let asked = if self.asked { having(by.asked)? } else { 0 };
        Ok(having(by.body)?.max(asked))
    }

    /// Whether an article has the term; so if that cannot be told.
    fn knows(&self, term: &str) -> bool {
        self.frequency(term, self.fields.passages).map_or(true, |having| having > 0)
    }

    /// Any of the words of a question, or what means the same, anywhere.
    fn query(&self, query: &str, by: Ranked) -> Result<Box<dyn Query>, TantivyError> {
        let asked = analysis::query_terms(query);
        let alike = self.synonyms.of(&asked, |term| self.knows(term));
        let asked = self.rarest(&asked, by)?.into_iter().map(|term| (term, 1.0));
        let terms: Vec<(String, Score)> = asked.chain(alike.into_iter().map(|term| (term, ALIKE))).collect();
        let mut clauses: Vec<Box<dyn Query>> = Vec::new();
        let fields = [(by.title, TITLE), (by.headings, HEADINGS), (by.asked, ASKED), (by.body, 1.0)];
        for (field, boost) in fields.into_iter().filter(|(field, _)| self.asked || *field != by.asked) {
            for (term, weight) in &terms {
                let term = Term::from_field_text(field, term);
                let query = TermQuery::new(term, IndexRecordOption::WithFreqs);
                clauses.push(Box::new(BoostQuery::new(Box::new(query), boost * weight)));
            }
        }
        Ok(if clauses.is_empty() { Box::new(EmptyQuery) } else { Box::new(BooleanQuery::union(clauses)) })
    }

    /// `query` among the articles of `scope`.
    fn within(&self, query: Box<dyn Query>, scope: &Scope) -> Box<dyn Query> {
        let mut clauses = Vec::new();
        if scope.readers == Readers::Public {
            clauses.push((Occur::MustNot, has(Term::from_field_text(self.fields.readers, INTERNAL))));
        }
        if let Some(since) = scope.since {
            let from = Bound::Included(Term::from_field_i64(self.fields.updated, since.as_second()));
            let fresh = Box::new(RangeQuery::new(from, Bound::Unbounded));
            clauses.push((Occur::Must, Box::new(ConstScoreQuery::new(fresh, 0.0))));
        }
        clauses.push((Occur::Must, query));
        Box::new(BooleanQuery::new(clauses))
    }

    /// The passages of one document. Those that fit come first; a document
    /// found by the heading of an empty section still shows its first passage.
    fn inside(&self, doc: &str, query: &dyn Query) -> BooleanQuery {
        let must = |term| (Occur::Must, Box::new(ConstScoreQuery::new(has(term), 0.0)) as Box<dyn Query>);
        BooleanQuery::new(vec![
            must(self.fields.doc_term(doc)),
            must(self.fields.kind_term(PASSAGE)),
            (Occur::Should, query.box_clone()),
        ])
    }

    /// The `top` best entries, best first, with all that are as good as the last
    /// of them.
    fn best(&self, query: &dyn Query, top: usize, counted: &Counted<'_>) -> Result<Vec<Scored>, TantivyError> {
        let all = usize::try_from(self.searcher.num_docs()).unwrap_or(usize::MAX);
        let top = top.min(all);
        if top == 0 {
            return Ok(Vec::new());
        }
        // tantivy breaks ties by when an entry was written. So entries are
        // fetched until the ties with the last of them are complete.
        let mut limit = top.saturating_add(8).min(all);
        loop {
            let mut found = self.fetch(query, limit, counted)?;
            let complete = found.len() < limit || limit == all;
            if let (Some((worst, _)), Some((last, _))) = (found.get(top - 1).copied(), found.last()) {
                if !complete && *last == worst {
                    limit = limit.saturating_mul(2).min(all);
                    continue;
                }
                found.retain(|(score, _)| *score >= worst);
            }
            return Ok(found);
        }
    }

    /// The `top` best of these entries in a fixed order: by score, then by what
    /// they are of. No more are read than it takes: that is what costs.
    fn read(&self, mut found: Vec<Scored>, top: usize) -> Result<Vec<(Score, DocAddress, Arc<Known>)>, TantivyError> {
        found.sort_by(|one, other| other.0.total_cmp(&one.0));
        if let Some((worst, _)) = top.checked_sub(1).and_then(|last| found.get(last)).copied() {
            found.retain(|(score, _)| *score >= worst);
        }
        let mut hits = Vec::new();
        for (score, place) in found.into_iter().filter(|_| top > 0) {
            hits.push((score, place, self.known(place)?));
        }
        hits.sort_by(|(score, _, one), (beside, _, other)| {
            let place = |known: &Known| (known.passage.start, known.passage.end);
            let order = || (&one.passage.doc, place(one)).cmp(&(&other.passage.doc, place(other)));
            beside.total_cmp(score).then_with(order)
        });
        hits.truncate(top);
        Ok(hits)
    }

    fn known(&self, place: DocAddress) -> Result<Arc<Known>, TantivyError> {
        self.shelf.known((self.state(), place), || {
            let entry = self.searcher.doc(place)?;
            Ok(Known::new(self.passage(&entry), stored_text(&entry, self.fields.asked)))
        })
    }

    fn fetch(&self, query: &dyn Query, limit: usize, counted: &Counted<'_>) -> Result<Vec<Scored>, TantivyError> {
        // The score as it is, but by a function: tantivy then scores every
        // entry. Its short cut goes by statistics over both kinds of entries
        // and may miss one.
        let collector = TopDocs::with_limit(limit).tweak_score(|_: &SegmentReader| |_: DocId, score: Score| score);
        self.searcher.search_with_statistics_provider(query, &collector, counted)
    }

    /// What all passages are about.
    fn gists(&self) -> Result<Arc<Gists>, TantivyError> {
        self.shelf.gists(self.state(), || Gists::new(&self.searcher, self.fields))
    }

    /// Tells one state of an index in memory from the next.
    fn state(&self) -> u64 {
        self.searcher.generation().generation_id()
    }

    fn passage(&self, entry: &TantivyDocument) -> Passage {
        let doc = stored_text(entry, self.fields.doc);
        let start = stored_number(entry, self.fields.start);
        let end = stored_number(entry, self.fields.end);
        Passage {
            id: format!("{doc}#{start}-{end}"),
            doc,
            title: stored_text(entry, self.fields.title),
            passage: stored_text(entry, self.fields.text),
            start,
            end,
            score: 0.0,
            fit: None,
            about: stored_about(entry, self.fields),
        }
    }

    fn counted(&self, kind: &str) -> Result<Counted<'_>, TantivyError> {
        let entries = self.searcher.doc_freq(&self.fields.kind_term(kind))?;
        Ok(Counted { searcher: &self.searcher, entries })
    }
}

/// The statistics of one kind of entry: the fields are its own, but tantivy
/// would count the entries of both kinds.
struct Counted<'a> {
    searcher: &'a Searcher,
    entries: u64,
}

impl Bm25StatisticsProvider for Counted<'_> {
    fn total_num_tokens(&self, field: Field) -> tantivy::Result<u64> {
        self.searcher.total_num_tokens(field)
    }

    fn total_num_docs(&self) -> tantivy::Result<u64> {
        Ok(self.entries)
    }

    fn doc_freq(&self, term: &Term) -> tantivy::Result<u64> {
        // A term of both kinds, such as who may read, can be in more entries than there are of one.
        Ok(Searcher::doc_freq(self.searcher, term)?.min(self.entries))
    }
}

/// The ids of documents, without a look at what is stored of them.
pub(crate) struct Ids(Vec<StrColumn>);

impl Ids {
    pub(crate) fn open(searcher: &Searcher) -> Result<Self, TantivyError> {
        let column = |reader: &SegmentReader| match reader.fast_fields().str("doc")? {
            Some(column) => Ok(column),
            None => Err(TantivyError::FieldNotFound("doc".to_owned())),
        };
        searcher.segment_readers().iter().map(column).collect::<Result<_, _>>().map(Self)
    }

    /// The id of the document that an entry is of.
    pub(crate) fn of(&self, place: DocAddress) -> Result<String, TantivyError> {
        let mut id = String::new();
        if let (Some(column), Some(number)) = (self.column(place), self.number(place)) {
            column.ord_to_str(number, &mut id)?;
        }
        Ok(id)
    }

    /// The number of that id in its segment.
    pub(crate) fn number(&self, place: DocAddress) -> Option<u64> {
        self.column(place)?.ords().first(place.doc_id)
    }

    fn column(&self, place: DocAddress) -> Option<&StrColumn> {
        self.0.get(usize::try_from(place.segment_ord).ok()?)
    }
}

fn addressed(rows: Vec<(f32, &Row)>) -> Vec<Scored> {
    rows.into_iter().map(|(likeness, row)| (likeness, row.address)).collect()
}

/// What is near, the nearest first, and what the words found, as one ranking.
fn fused<K: Copy + Eq + Hash>(near: &[(f32, K)], lexical: &[(Score, K)], terms: usize, worth: f32) -> Vec<(Score, K)> {
    let scores = fuse(lexical, near, terms, worth);
    scores.into_iter().map(|(key, score)| (score, key)).collect()
}

/// The same by gist. What the words found has its likeness too, though others are nearer, or that of the last of
/// these if it has none; what they did not find must be related.
fn fused_by_gist<K: Copy + Eq + Hash>(
    mut near: Vec<(f32, K)>,
    likeness: impl Fn(K) -> Option<f32>,
    lexical: &[(Score, K)],
    terms: usize,
) -> Vec<(Score, K)> {
    let last = near.last().map_or(0.0, |(likeness, _)| *likeness);
    let known: HashSet<K> = near.iter().map(|(_, key)| *key).collect();
    let by_words: HashSet<K> = lexical.iter().map(|(_, key)| *key).collect();
    let others = lexical.iter().map(|(_, key)| *key).filter(|key| !known.contains(key));
    near.extend(others.map(|key| (likeness(key).unwrap_or(last), key)));
    let found = fused(&near, lexical, terms, BESIDE_GIST);
    // Without words its likeness is its score.
    found.into_iter().filter(|(score, key)| *score >= RELATED || by_words.contains(key)).collect()
}

/// The places of the candidates that answer likeliest, the likeliest first.
fn likeliest(signs: &[Signs], most: usize) -> Vec<usize> {
    let mut likely: Vec<(f32, usize)> = signs.iter().map(Signs::fit).zip(0..).collect();
    likely.sort_by(|(one, _), (other, _)| other.total_cmp(one));
    likely.into_iter().take(most).map(|(_, at)| at).collect()
}

/// The `top` best, the best first, in a fixed order.
fn ranked<K: Ord>(mut found: Vec<(f32, K)>, top: usize) -> Vec<(f32, K)> {
    found.sort_by(|one, other| other.0.total_cmp(&one.0).then_with(|| one.1.cmp(&other.1)));
    found.truncate(top);
    found
}

fn has(term: Term) -> Box<dyn Query> {
    Box::new(TermQuery::new(term, IndexRecordOption::Basic))
}

/// The weight of a term that `having` of `all` entries have, as BM25 has it.
#[expect(clippy::cast_precision_loss, reason = "a weight; counts of passages are far below 2^24")]
fn idf(all: u64, having: u64) -> f32 {
    let (all, having) = (all.max(having) as f32, having as f32);
    (1.0 + (all - having + 0.5) / (having + 0.5)).ln()
}

#[cfg(test)]
mod tests;
