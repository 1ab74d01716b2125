//! Finding and ranking.

use crate::analysis::{self, MAX_TERMS};
use crate::dense::{Dense, Row, spoken};
use crate::fit::{Asked, CANDIDATES, Candidate, Word};
use crate::fusion::{DEPTH, fuse};
use crate::index::{DOCUMENT, Fields, INTERNAL, PASSAGE, Ranked, stored_about, stored_number, stored_text};
use crate::synonyms::Synonyms;
use attache_tools::{Ask, Passage, Readers, Scope};
use std::collections::{BTreeSet, HashMap};
use std::ops::Bound;
use std::sync::Arc;
use tantivy::collector::TopDocs;
use tantivy::query::{
    Bm25StatisticsProvider, BooleanQuery, BoostQuery, ConstScoreQuery, EmptyQuery, Occur, Query, RangeQuery, TermQuery,
};
use tantivy::schema::{Field, IndexRecordOption};
use tantivy::{DocAddress, DocId, Score, Searcher, TantivyDocument, TantivyError, Term};

/// How much a word in the title adds to what it counts as a word of the text.
/// Found on the development part of Cranfield; anything from 0.5 to 1.5 does.
const TITLE: Score = 1.0;

/// How much a word in a heading adds.
const HEADINGS: Score = 0.5;

/// What a word counts that means the same as one of the question.
const ALIKE: Score = 0.5;

/// One state of the index, to search in.
pub(crate) struct Search {
    searcher: Searcher,
    fields: Fields,
    synonyms: Arc<Synonyms>,
    near: Option<Near>,
}

/// The second retriever, with the direction of the question.
pub(crate) struct Near {
    pub(crate) dense: Arc<Dense>,
    pub(crate) query: Vec<f32>,
    /// Whether words count too.
    pub(crate) fused: bool,
}

/// An entry with its score.
type Scored = (Score, DocAddress);

impl Search {
    pub(crate) fn new(searcher: Searcher, fields: Fields, synonyms: Arc<Synonyms>) -> Self {
        Self { searcher, fields, synonyms, near: None }
    }

    /// With the second retriever.
    pub(crate) fn near(self, near: Option<Near>) -> Self {
        Self { near, ..self }
    }

    /// The best passages, each with how likely it answers.
    pub(crate) fn passages(&self, ask: &Ask<'_>) -> Result<Vec<Passage>, TantivyError> {
        let counted = self.counted(PASSAGE)?;
        let query = self.query(ask.query, self.fields.passages)?;
        let candidates = if ask.top == 0 { 0 } else { ask.top.max(CANDIDATES) };
        let depth = self.depth(candidates);
        let lexical = self.best(&*self.within(query, &ask.scope), depth, &counted)?;
        let by_words: HashMap<String, Score> = lexical.iter().map(|hit| (hit.id.clone(), hit.score)).collect();
        let mut hits = match &self.near {
            None => lexical,
            Some(near) => self.fused(near, ask, lexical, candidates)?,
        };
        let asked = Asked::read(ask.query, |term| self.word(term))?;
        let scored = |passage| Candidate { passage, score: by_words.get(&passage.id).copied().unwrap_or_default() };
        let fit = asked.fit(&hits.iter().map(scored).collect::<Vec<_>>(), idf(counted.entries, 0));
        for (hit, fit) in hits.iter_mut().zip(fit) {
            hit.fit = Some(fit);
        }
        hits.truncate(ask.top);
        Ok(hits)
    }

    /// What the words found and what is near, as one ranking.
    fn fused(
        &self,
        near: &Near,
        ask: &Ask<'_>,
        lexical: Vec<Passage>,
        most: usize,
    ) -> Result<Vec<Passage>, TantivyError> {
        let mut passages: HashMap<String, Passage> = HashMap::new();
        let mut dense = Vec::new();
        for (score, row) in nearest(near.dense.likeness(&near.query, &ask.scope), self.depth(most)) {
            let hit = self.hit(score, &self.searcher.doc(row.address)?);
            dense.push((score, hit.id.clone()));
            passages.insert(hit.id.clone(), hit);
        }
        let words: Vec<_> = lexical.iter().filter(|_| near.fused).map(|hit| (hit.score, hit.id.clone())).collect();
        for hit in lexical {
            passages.entry(hit.id.clone()).or_insert(hit);
        }
        let found = ranked(fuse(&words, &dense, analysis::query_terms(ask.query).len()), most).into_iter();
        Ok(found.filter_map(|(score, id)| Some(Passage { score, ..passages.remove(&id)? })).collect())
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
        Ok(Word { term, alike, weight: idf(all, having) })
    }

    /// How many candidates are looked at for so many hits.
    fn depth(&self, top: usize) -> usize {
        if self.near.is_some() { top.max(DEPTH) } else { top }
    }

    /// The best documents, each with its best passage.
    pub(crate) fn documents(&self, ask: &Ask<'_>) -> Result<Vec<Passage>, TantivyError> {
        let counted = self.counted(DOCUMENT)?;
        let words = self.query(ask.query, self.fields.documents)?;
        let lexical = self.best(&*self.within(words, &ask.scope), self.depth(ask.top), &counted)?;
        let mut shown: HashMap<String, Row> = HashMap::new();
        let found = match &self.near {
            None => lexical.into_iter().map(|hit| (hit.score, hit.doc)).collect(),
            Some(near) => {
                // A document is as near as its nearest passage.
                let mut dense: Vec<(f32, String)> = Vec::new();
                let mut best: HashMap<usize, (f32, Row)> = HashMap::new();
                for (score, row) in near.dense.likeness(&near.query, &ask.scope) {
                    let best = best.entry(row.doc).or_insert((score, row));
                    if score > best.0 {
                        *best = (score, row);
                    }
                }
                for (score, row) in nearest(best.into_values().collect(), self.depth(ask.top)) {
                    let Some(doc) = near.dense.docs.get(row.doc) else { continue };
                    dense.push((score, doc.clone()));
                    shown.insert(doc.clone(), row);
                }
                let words = lexical.into_iter().filter(|_| near.fused).map(|hit| (hit.score, hit.doc));
                ranked(fuse(&words.collect::<Vec<_>>(), &dense, analysis::query_terms(ask.query).len()), ask.top)
            }
        };
        let in_passages = self.query(ask.query, self.fields.passages)?;
        let counted_passages = self.counted(PASSAGE)?;
        let mut hits = Vec::new();
        for (score, doc) in found {
            let passage = match shown.get(&doc) {
                Some(row) => Some(self.hit(score, &self.searcher.doc(row.address)?)),
                None => self.best(&self.inside(&doc, &*in_passages), 1, &counted_passages)?.into_iter().next(),
            };
            hits.extend(passage.map(|passage| Passage { score, ..passage }));
        }
        Ok(hits)
    }

    /// What every passage says, with its number.
    pub(crate) fn passages_to_embed(&self) -> Result<Vec<(u64, String)>, TantivyError> {
        let mut found = Vec::new();
        for (segment, reader) in (0..).zip(self.searcher.segment_readers()) {
            let contents = reader.fast_fields().u64("content")?;
            for id in reader.doc_ids_alive() {
                let Some(content) = contents.first(id) else { continue };
                let entry: TantivyDocument = self.searcher.doc(DocAddress::new(segment, id))?;
                let text = |field| stored_text(&entry, field);
                found.push((content, spoken(&text(self.fields.title), &text(self.fields.text))));
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

    /// How many entries have the term. The body has every word of an entry.
    fn frequency(&self, term: &str, by: Ranked) -> Result<u64, TantivyError> {
        self.searcher.doc_freq(&Term::from_field_text(by.body, term))
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
        for (field, boost) in [(by.title, TITLE), (by.headings, HEADINGS), (by.body, 1.0)] {
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

    /// The best entries in a fixed order: by score, then by place.
    fn best(&self, query: &dyn Query, top: usize, counted: &Counted<'_>) -> Result<Vec<Passage>, TantivyError> {
        let all = usize::try_from(self.searcher.num_docs()).unwrap_or(usize::MAX);
        let top = top.min(all);
        if top == 0 {
            return Ok(Vec::new());
        }
        // tantivy breaks ties by when an entry was written. So entries are
        // fetched until the ties with the last of them are complete.
        let mut limit = top.saturating_add(8).min(all);
        let (found, complete) = loop {
            let found = self.fetch(query, limit, counted)?;
            let worst = found.get(top.saturating_sub(1)).map(|(score, _)| *score);
            let complete = found.len() < limit || found.last().map(|(score, _)| *score) != worst;
            if complete || limit == all {
                break (found, worst);
            }
            limit = limit.saturating_mul(2).min(all);
        };
        let kept = found.into_iter().filter(|(score, _)| complete.is_none_or(|worst| *score >= worst));
        let mut hits = Vec::new();
        for (score, address) in kept {
            hits.push(self.hit(score, &self.searcher.doc(address)?));
        }
        hits.sort_by(|one, other| {
            let place = |hit: &Passage| (hit.start, hit.end);
            other.score.total_cmp(&one.score).then_with(|| (&one.doc, place(one)).cmp(&(&other.doc, place(other))))
        });
        hits.truncate(top);
        Ok(hits)
    }

    fn fetch(&self, query: &dyn Query, limit: usize, counted: &Counted<'_>) -> Result<Vec<Scored>, TantivyError> {
        // The score as it is, but by a function: tantivy then scores every
        // entry. Its short cut goes by statistics over both kinds of entries
        // and may miss one.
        let collector =
            TopDocs::with_limit(limit).tweak_score(|_: &tantivy::SegmentReader| |_: DocId, score: Score| score);
        self.searcher.search_with_statistics_provider(query, &collector, counted)
    }

    fn hit(&self, score: Score, entry: &TantivyDocument) -> Passage {
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
            score,
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
        Searcher::doc_freq(self.searcher, term)
    }
}

/// The `most` nearest, the nearest first, in a fixed order.
fn nearest(mut rows: Vec<(f32, Row)>, most: usize) -> Vec<(f32, Row)> {
    let order = |one: &(f32, Row), other: &(f32, Row)| {
        other.0.total_cmp(&one.0).then_with(|| one.1.address.cmp(&other.1.address))
    };
    if most == 0 {
        return Vec::new();
    }
    if rows.len() > most {
        rows.select_nth_unstable_by(most - 1, order);
        rows.truncate(most);
    }
    rows.sort_by(order);
    rows
}

/// The `top` best, the best first, in a fixed order.
fn ranked(scores: HashMap<String, f32>, top: usize) -> Vec<(f32, String)> {
    let mut ranking: Vec<_> = scores.into_iter().map(|(key, score)| (score, key)).collect();
    ranking.sort_by(|one, other| other.0.total_cmp(&one.0).then_with(|| one.1.cmp(&other.1)));
    ranking.truncate(top);
    ranking
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
