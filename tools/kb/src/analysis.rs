//! From text to the terms that are indexed and asked for.
//!
//! Documents and questions go through the same analysis: words of letters and
//! digits, lower case, accents folded, words without content dropped, English
//! stems.

use std::collections::BTreeSet;
use std::sync::LazyLock;
use tantivy::tokenizer::{
    AsciiFoldingFilter, Language, LowerCaser, RemoveLongFilter, SimpleTokenizer, Stemmer, StopWordFilter, TextAnalyzer,
};

/// How many different terms of a question are searched for. Of a longer
/// question the rarest terms are taken.
pub const MAX_TERMS: usize = 64;

/// How many characters of a question are read. A letter to support is seldom
/// longer, and a pasted log file says nothing more after this.
const MAX_QUERY: usize = 20_000;

/// Longer words are no words; they are not indexed.
const MAX_WORD: usize = 64;

/// Words that carry no content in articles or in questions, before stemming.
///
/// It goes beyond the usual list of a search library: in a small knowledge
/// base "how", "can" and "please" are rare, and rare words weigh most. The
/// letters are what is left of contractions: "don't" is read as "don" and "t".
const STOP_WORDS: &str = "\
    a about above after again against all also am an and any are aren as at be because been before being below \
    between both but by can cannot could couldn d did didn do does doesn doing don down dont during each few for from \
    further had hadn has hasn have haven having he hello her here hers herself hi him himself his how i if im in into \
    is isn it its itself ive just ll m may me might more most must my myself no nor not of off on once only or other \
    ought our ours ourselves out over own please re s same shall she should shouldn so some such t thank thanks than \
    that the their theirs them themselves then there these they this those through to too under until up us ve very \
    was wasn we were weren what when where which while who whom whose why will with won would wouldn you your yours \
    yourself yourselves";

/// Words of questions that say nothing of what is asked about. They are searched
/// for, since an article may use them, and not weighed.
const FILLER: &str = "\
    able across ago almost always another anybody anyone anything around ask away back best better came come day done \
    either else enough ever every everybody everyone everything explain find first get gets getting give go goes going \
    good got great happen happens help however instead keep keeping kind know last least less let like little long look \
    lot made make makes making many maybe mean means mine much need needs neither never new nobody none nothing now \
    often one onto others per perhaps possible put quite rather really receive say see seem show since somebody someone \
    something soon still sure take tell thing things think though today together toward tried try trying two understand \
    upon use used using want wants way well whatever whether whole wish within without wonder work works write yes yet";

static FILLERS: LazyLock<BTreeSet<String>> = LazyLock::new(|| terms(FILLER));

/// Whether a term is one of [`FILLER`].
pub(crate) fn is_filler(term: &str) -> bool {
    FILLERS.contains(term)
}

static ANALYZER: LazyLock<TextAnalyzer> = LazyLock::new(|| {
    TextAnalyzer::builder(SimpleTokenizer::default())
        .filter(RemoveLongFilter::limit(MAX_WORD))
        .filter(LowerCaser)
        .filter(AsciiFoldingFilter)
        .filter(StopWordFilter::remove(STOP_WORDS.split_whitespace().map(str::to_owned)))
        .filter(Stemmer::new(Language::English))
        .build()
});

/// The analysis, for the index.
pub(crate) fn analyzer() -> TextAnalyzer {
    ANALYZER.clone()
}

/// The different terms of `text`.
pub(crate) fn terms(text: &str) -> BTreeSet<String> {
    sequence(text).into_iter().collect()
}

/// The terms of `text` in order.
pub(crate) fn sequence(text: &str) -> Vec<String> {
    placed(text).into_iter().map(|(_, term)| term).collect()
}

/// The terms of `text` in order, each with the byte at which it starts.
pub(crate) fn placed(text: &str) -> Vec<(usize, String)> {
    let mut analyzer = analyzer();
    let mut stream = analyzer.token_stream(text);
    let mut terms = Vec::new();
    while let Some(token) = stream.next() {
        if !token.text.is_empty() {
            terms.push((token.offset_from, token.text.clone()));
        }
    }
    terms
}

/// The different terms of a question.
pub(crate) fn query_terms(query: &str) -> BTreeSet<String> {
    terms(of_query(query))
}

/// What is read of a question.
pub(crate) fn of_query(query: &str) -> &str {
    first_chars(query, MAX_QUERY)
}

/// So many characters of a text.
pub(crate) fn first_chars(text: &str, most: usize) -> &str {
    let end = text.char_indices().nth(most).map_or(text.len(), |(at, _)| at);
    text.get(..end).unwrap_or_default()
}

#[cfg(test)]
mod tests;
