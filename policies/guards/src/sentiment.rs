//! How a text sounds.

mod lexicon;
mod words;

use crate::flat::{Flat, Phrases};
use attache_journal::{Emotion, Sentiment, SentimentLabel};
use lexicon::FEELINGS;
use std::sync::LazyLock;
use vader_sentimental::SentimentIntensityAnalyzer;
use words::{BOOSTERS, NEGATORS, SILENT};

/// Says how a text sounds. The same text always sounds the same.
pub trait SentimentDetector: Send + Sync {
    /// The sentiment of `text`; `unknown` with a score of 0 where it cannot be told.
    fn assess(&self, text: &str) -> Sentiment;
}

/// Sentiment by word lists: VADER (Hutto and Gilbert, 2014) for general
/// English, under a layer of the phrases in which customers complain and thank.
///
/// - Words that carry feeling in tweets and none in a ticket (`please`, `help`,
///   `error`, `problem`, `cancel`) are silent; phrases of the own layer replace
///   what VADER would say of their words. A `not` within three words before a
///   phrase turns it round at half strength.
/// - Sentences are scored apart and added up, the last one with three times the
///   weight of the first. VADER reads the last 800 bytes that can carry a
///   feeling, the own layer reads everything. Lines that quote (`> `) are not read.
/// - `negative` is a score of at most -0.2, `positive` of at least 0.2.
/// - A confused text is not negative unless anger, frustration or
///   disappointment is put in words as well.
///
/// Limits: English only (other Latin text comes out `neutral` where no word is
/// known), no irony beyond a few set phrases, no idea of who is blamed.
#[derive(Clone, Copy, Debug, Default)]
pub struct LexiconSentiment;

/// Scores from here outwards carry a label.
const LABEL_FROM: f64 = 0.2;
/// VADER's α: the sum of valences at which the score is about 0.7.
const ALPHA: f64 = 15.0;
/// What VADER reads at most, in bytes of words that can carry a feeling.
const VADER_BYTES: usize = 800;
/// The longest piece that VADER reads at once: it looks at all words of a piece
/// for each word that it knows.
const PIECE_BYTES: usize = 240;

static VADER: LazyLock<SentimentIntensityAnalyzer<'static>> = LazyLock::new(SentimentIntensityAnalyzer::new);

/// The phrases with a feeling, then the silent words.
static PHRASES: LazyLock<Phrases> =
    LazyLock::new(|| Phrases::new(FEELINGS.iter().map(|(phrase, ..)| *phrase).chain(SILENT.iter().copied())));

impl SentimentDetector for LexiconSentiment {
    fn assess(&self, text: &str) -> Sentiment {
        let own = without_quotes(text);
        let flat = Flat::new(own.as_deref().unwrap_or(text));
        // A product name in a Japanese sentence does not make it readable.
        if flat.latin < 2 || flat.latin < flat.other {
            return Sentiment { label: SentimentLabel::Unknown, score: 0.0, emotion: Emotion::None };
        }
        Reading::new(&flat).verdict(&flat)
    }
}

/// The text without lines that begin with `>`, if there are any.
fn without_quotes(text: &str) -> Option<String> {
    (text.starts_with('>') || text.contains("\n>"))
        .then(|| text.lines().filter(|line| !line.starts_with('>')).collect::<Vec<_>>().join("\n"))
}

/// One sentence, or a piece of a long one.
#[derive(Default)]
struct Piece {
    /// Where its words for VADER stand in the buffer.
    start: usize,
    end: usize,
    /// The sum of the valences that the own layer found.
    own: f64,
    /// Exclamation marks.
    bangs: u8,
    /// The emotions that the own layer found, each with its strength.
    feelings: [f64; EMOTIONS.len()],
}

/// Emotions in the order in which a tie is decided.
const EMOTIONS: [Emotion; 5] =
    [Emotion::Angry, Emotion::Frustrated, Emotion::Disappointed, Emotion::Confused, Emotion::Thankful];

/// A text taken apart.
#[derive(Default)]
struct Reading {
    pieces: Vec<Piece>,
    /// The words left for VADER, all pieces one after the other.
    words: String,
    piece: Piece,
}

impl Reading {
    fn new(flat: &Flat) -> Self {
        let mut reading = Self { words: String::with_capacity(flat.text.len()), ..Self::default() };
        let mut read = 0;
        for (index, start, end) in PHRASES.find(flat) {
            reading.leave(flat.text.get(read..start).unwrap_or_default());
            read = end;
            if let Some((phrase, valence, emotion)) = FEELINGS.get(index) {
                reading.feel(flat, start, phrase, *valence, *emotion);
            }
        }
        reading.leave(flat.text.get(read..).unwrap_or_default());
        reading.close();
        reading
    }

    /// Leaves words to VADER, and ends a piece at each mark.
    fn leave(&mut self, words: &str) {
        for word in words.split(' ').filter(|word| !word.is_empty()) {
            match word {
                "!" => {
                    self.piece.bangs = self.piece.bangs.saturating_add(1);
                    self.close();
                }
                "." | "?" => self.close(),
                "," => {}
                word => {
                    if self.words.len() + word.len() - self.piece.start > PIECE_BYTES {
                        self.close();
                    }
                    self.words.push_str(word);
                    self.words.push(' ');
                }
            }
        }
    }

    /// Takes a phrase of the own layer.
    fn feel(&mut self, flat: &Flat, start: usize, phrase: &str, valence: f64, emotion: Emotion) {
        let mut words = flat.before(start);
        let nearest = words.next();
        let own_negation = phrase.split(' ').any(|word| NEGATORS.contains(&word));
        let negated = !own_negation && nearest.into_iter().chain(words.take(2)).any(|word| NEGATORS.contains(&word));
        if negated {
            self.piece.own -= valence / 2.0;
            return;
        }
        let boost = if nearest.is_some_and(|word| BOOSTERS.contains(&word)) { 1.25 } else { 1.0 };
        self.piece.own += valence * boost;
        if let Some(strength) =
            EMOTIONS.iter().position(|known| *known == emotion).and_then(|index| self.piece.feelings.get_mut(index))
        {
            // Confusion weighs little in the score and must show all the same.
            let weight = if emotion == Emotion::Confused { 1.5 } else { valence.abs() };
            *strength += weight * boost;
        }
    }

    /// Ends the piece.
    fn close(&mut self) {
        self.piece.end = self.words.len();
        let next = Piece { start: self.words.len(), ..Piece::default() };
        let piece = std::mem::replace(&mut self.piece, next);
        if piece.end > piece.start || piece.own != 0.0 || piece.feelings.iter().any(|f| *f > 0.0) {
            self.pieces.push(piece);
        } else if piece.bangs > 0
            && let Some(last) = self.pieces.last_mut()
        {
            // `!!!` is three marks after one sentence.
            last.bangs = last.bangs.saturating_add(piece.bangs);
        }
    }

    /// Adds up the pieces.
    fn verdict(&self, flat: &Flat) -> Sentiment {
        let shouting = flat.capitals >= 12 && flat.capitals * 10 >= flat.latin * 6;
        let steps = (self.pieces.len().max(2) - 1) as f64;
        let from = self.words.len().saturating_sub(VADER_BYTES);
        let (mut sum, mut weights, mut bangs) = (0.0, 0.0, 0u32);
        let mut feelings = [0.0; EMOTIONS.len()];
        for (index, piece) in self.pieces.iter().enumerate() {
            let weight = if self.pieces.len() == 1 { 1.0 } else { 0.5 + index as f64 / steps };
            let words = if piece.start >= from { self.words.get(piece.start..piece.end) } else { None };
            let mut valence = piece.own + words.map_or(0.0, vader);
            valence += valence.signum() * 0.292 * f64::from(piece.bangs.min(4));
            if piece.own == 0.0 && valence.abs() < 0.3 {
                valence = 0.0;
            }
            bangs += u32::from(piece.bangs);
            sum += weight * valence;
            weights += if valence == 0.0 { 0.0 } else { weight };
            // One strong word says more of a feeling than several mild ones.
            for (total, strength) in feelings.iter_mut().zip(piece.feelings) {
                let strength = strength * (1.0 + weight) / 2.0;
                *total = f64::max(*total, strength) + 0.2 * f64::min(*total, strength);
            }
        }
        // The root keeps a long complaint stronger than a short one, not without bound.
        let mut sum: f64 = sum / f64::max(weights, 1.0).sqrt();
        if shouting {
            sum *= 1.3;
        }
        let [angry, frustrated, disappointed, confused, thankful] = &mut feelings;
        // Anger sets the tone wherever it stands.
        *angry *= 1.5;
        if sum < 0.0 && (shouting || bangs >= 3) && *angry + *frustrated + *disappointed > 0.0 {
            *angry += 1.5;
        }
        let upset = *angry + *frustrated + *disappointed;
        if *confused > 0.0 && upset == 0.0 {
            sum = sum.max(0.0);
        }
        let score = sum / (sum * sum + ALPHA).sqrt();
        if score < LABEL_FROM {
            *thankful = 0.0;
        }
        if score >= LABEL_FROM {
            (*angry, *frustrated, *disappointed) = (0.0, 0.0, 0.0);
        }
        let label = if score <= -LABEL_FROM {
            SentimentLabel::Negative
        } else if score >= LABEL_FROM {
            SentimentLabel::Positive
        } else {
            SentimentLabel::Neutral
        };
        let strongest = EMOTIONS
            .into_iter()
            .zip(feelings)
            .fold((Emotion::None, 0.0), |best, next| if next.1 > best.1 { next } else { best });
        // Three digits are more than the method can tell, and read well.
        Sentiment { label, score: (score * 1_000.0).round() / 1_000.0 + 0.0, emotion: strongest.0 }
    }
}

/// VADER's sum of valences for a piece, got back from its compound score.
fn vader(words: &str) -> f64 {
    if words.is_empty() {
        return 0.0;
    }
    let compound = VADER.polarity_scores(words).compound.clamp(-0.999, 0.999);
    if compound.is_finite() { compound * (ALPHA / (1.0 - compound * compound)).sqrt() } else { 0.0 }
}

#[cfg(test)]
mod tests;
