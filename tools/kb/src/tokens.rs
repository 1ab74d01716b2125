//! The tokens of a text: words, and the pieces of words that are not among them, as the
//! sentence models of the BERT family have them.

use crate::analysis::first_chars;
use crate::fit::ratio;
use lru::LruCache;
use std::num::NonZeroUsize;
use std::sync::{LazyLock, Mutex, PoisonError};
use tokenizers::Tokenizer;
use tokenizers::models::bpe::Vocab;
use tokenizers::models::wordpiece::WordPiece;
use tokenizers::normalizers::BertNormalizer;
use tokenizers::pre_tokenizers::bert::BertPreTokenizer;

/// All of them, one a line.
const VOCABULARY: &str = include_str!("tokens/vocabulary.txt");

/// The token of a word that has no pieces either, and what a piece that begins no word begins with.
const UNKNOWN: &str = "[UNK]";
const PIECE: &str = "##";

/// The end of a question is read, since a message comes to its point there, and the
/// beginning of a passage: so many tokens, looked for in so many characters.
const OF_QUESTION: usize = 96;
const OF_PASSAGE: usize = 240;
const CHARACTERS: usize = 1_500;

/// What stands above a passage and what customers ask leave room for what it says.
const OF_ASKED: usize = 120;

/// A text is taken for another language if more than this share of its tokens with letters are
/// pieces of words: of 13,425 English passages one of a thousand had more than 0.32 and the worst
/// 0.42, sentences of ten other languages 0.43 to 0.82.
const PIECES: f32 = 0.4;

/// Of fewer tokens nobody can tell.
const TELLING: usize = 8;

/// Longer words are hardly met again.
const WORD: usize = 32;

static TOKENS: LazyLock<Option<Tokens>> = LazyLock::new(Tokens::new);

/// The tokens of a question, or nothing if there are none or it is not English.
pub(crate) fn of_question(text: &str) -> Option<Vec<u32>> {
    let tokens = TOKENS.as_ref()?;
    let mut ids = tokens.ids(last_chars(text))?;
    ids.drain(..ids.len().saturating_sub(OF_QUESTION));
    tokens.english(ids)
}

/// The tokens of a passage with what stands above it and what customers ask that it answers, or
/// nothing if it is not English.
pub(crate) fn of_passage(title: &str, asked: &str, text: &str) -> Option<Vec<u32>> {
    let tokens = TOKENS.as_ref()?;
    let above = if title.is_empty() { asked.to_owned() } else { format!("{title}: {asked}") };
    let mut ids = tokens.ids_by_word(first_chars(&above, CHARACTERS))?;
    ids.truncate(OF_ASKED);
    ids.extend(tokens.ids_by_word(first_chars(text, CHARACTERS))?);
    ids.truncate(OF_PASSAGE);
    tokens.english(ids)
}

struct Tokens {
    tokenizer: Tokenizer,
    all: Vec<&'static str>,
    /// Those of the words of articles: the same ones come again and again.
    known: Mutex<LruCache<Box<str>, Box<[u32]>>>,
}

impl Tokens {
    /// What is part of the program; nothing if that were not as it is expected, which a test
    /// would see.
    fn new() -> Option<Self> {
        // Some hundred bytes each.
        const KNOWN: NonZeroUsize = NonZeroUsize::MIN.saturating_add(16_383);
        let vocabulary: Vocab = VOCABULARY.lines().map(str::to_owned).zip(0..).collect();
        let pieces = WordPiece::builder().vocab(vocabulary).unk_token(UNKNOWN.to_owned()).build().ok()?;
        let mut tokenizer = Tokenizer::new(pieces);
        tokenizer.with_normalizer(Some(BertNormalizer::default())).ok()?;
        tokenizer.with_pre_tokenizer(Some(BertPreTokenizer));
        Some(Self { tokenizer, all: VOCABULARY.lines().collect(), known: Mutex::new(LruCache::new(KNOWN)) })
    }

    fn ids(&self, text: &str) -> Option<Vec<u32>> {
        Some(self.tokenizer.encode_fast(text, false).ok()?.get_ids().to_vec())
    }

    /// The same, and many times as fast where words were met before: a token never goes beyond
    /// a space. What customers write is not kept, so this is for articles.
    fn ids_by_word(&self, text: &str) -> Option<Vec<u32>> {
        // Nothing under this lock panics half-way through a change.
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let mut all = Vec::new();
        for word in text.split([' ', '\n', '\t', '\r']).filter(|word| !word.is_empty()) {
            if let Some(ids) = known.get(word) {
                all.extend_from_slice(ids);
                continue;
            }
            let ids = self.ids(word)?;
            all.extend_from_slice(&ids);
            if word.len() <= WORD {
                known.put(word.into(), ids.into());
            }
        }
        Some(all)
    }

    /// What is not in another language, and is something.
    fn english(&self, ids: Vec<u32>) -> Option<Vec<u32>> {
        (!ids.is_empty() && !self.is_foreign(&ids)).then_some(ids)
    }

    /// Whether a text is in another language than the tokens: then its words fall to pieces, or
    /// have other letters. Words with digits and unknown signs do so in any language.
    fn is_foreign(&self, ids: &[u32]) -> bool {
        let tokens: Vec<&str> = ids.iter().filter_map(|id| self.all.get(usize::try_from(*id).ok()?)).copied().collect();
        let words = tokens.chunk_by(|_, next| next.starts_with(PIECE));
        let is_lettered =
            |word: &&[&str]| word.iter().all(|token| token.trim_start_matches(PIECE).chars().all(char::is_alphabetic));
        let (mut pieces, mut all) = (0, 0);
        for word in words.filter(is_lettered) {
            let other = word.iter().any(|token| !token.is_ascii());
            pieces += if other { word.len() } else { word.len() - 1 };
            all += word.len();
        }
        all >= TELLING && ratio(pieces, all) > PIECES
    }
}

fn last_chars(text: &str) -> &str {
    text.char_indices().rev().nth(CHARACTERS - 1).and_then(|(from, _)| text.get(from..)).unwrap_or(text)
}

#[cfg(test)]
mod tests;
